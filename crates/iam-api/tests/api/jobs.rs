//! Jobs over HTTP: their fields, pages and owners.

use std::sync::Arc;
use std::time::Duration;

use advisor_core::{Caller, Granularity, JobId, Tracking};
use advisor_store::{Store, StoredAdvisor};
use iam_api::Api;
use service_catalog::Catalog;

use crate::fixture::{
    ADA, ADA_TWO, ADMINISTRATOR, BRUNO, ERIN, Fixture, ONE, ROOT, Signer, TWO, config, form, get,
    now,
};

const GET: &str = "GetServiceLastAccessedDetails";
const AUDITORS: &str = "arn:aws:iam::111122223333:group/auditors";
const ENTITIES: &str = "GetServiceLastAccessedDetailsWithEntities";
const GENERATE: &str = "GenerateServiceLastAccessedDetails";

#[tokio::test]
async fn the_fields_of_a_completed_job() {
    let fixture = Fixture::new();
    let id = fixture.job(ADA, BRUNO, "ACTION_LEVEL").await;
    assert_eq!(id.len(), 36);
    let answer = fixture.call(ADA, GET, &[("JobId", &id)]).await;
    let result = "GetServiceLastAccessedDetailsResult";
    assert_eq!(
        answer.members(result),
        [
            "IsTruncated",
            "JobCompletionDate",
            "JobCreationDate",
            "JobStatus",
            "JobType",
            "ServicesLastAccessed"
        ]
    );
    assert_eq!(answer.get("JobType").unwrap(), "ACTION_LEVEL");
    assert_eq!(
        answer.get("JobCreationDate").unwrap(),
        "2026-11-01T00:00:00.000Z"
    );
    let used = answer.all("LastAuthenticated");
    assert!(
        !used.is_empty() && used.iter().all(|time| time.ends_with(".000Z")),
        "{used:?}"
    );
    assert!(!answer.all("LastAccessedTime").is_empty());
    let answer = fixture
        .call(ADA, ENTITIES, &[("JobId", &id), ("ServiceNamespace", "s3")])
        .await;
    let result = "GetServiceLastAccessedDetailsWithEntitiesResult";
    assert_eq!(
        answer.members(result),
        [
            "EntityDetailsList",
            "IsTruncated",
            "JobCompletionDate",
            "JobCreationDate",
            "JobStatus"
        ]
    );
    assert_eq!(answer.all("Arn"), [BRUNO]);
    assert_eq!(
        answer.members("EntityInfo"),
        ["Arn", "Id", "Name", "Path", "Type"]
    );
}

#[tokio::test]
async fn what_was_not_evaluated_is_named() {
    let fixture = Fixture::new();
    let missing = "arn:aws:iam::aws:policy/SecurityAudit";
    let reason = "the export has no document of it";
    let id = fixture.job(ADA, AUDITORS, "SERVICE_LEVEL").await;
    for (action, more) in [(GET, None), (ENTITIES, Some(("ServiceNamespace", "s3")))] {
        let parameters: Vec<_> = [("JobId", id.as_str())].into_iter().chain(more).collect();
        let answer = fixture.call(ADA, action, &parameters).await;
        assert_eq!(answer.get("JobStatus").unwrap(), "COMPLETED");
        assert_eq!(answer.list("NotEvaluated", "Name"), [missing]);
        assert_eq!(answer.list("NotEvaluated", "Reason"), [reason]);
    }

    // A list that is empty would look like a policy that grants nothing.
    let id = fixture.call(ADA, GENERATE, &[("Arn", missing)]).await;
    let id = id.get("JobId").unwrap();
    let answer = loop {
        let answer = fixture.call(ADA, GET, &[("JobId", &id)]).await;
        if answer.get("JobStatus").unwrap() != "IN_PROGRESS" {
            break answer;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(answer.get("JobStatus").unwrap(), "FAILED");
    assert_eq!(answer.get("Code").unwrap(), "NotEvaluated");
    let message = format!("The policy was not evaluated: {missing}: {reason}");
    assert_eq!(answer.get("Message").unwrap(), message);
}

#[tokio::test]
async fn pages_together_are_the_whole_list() {
    let fixture = Fixture::new();
    let arn = "arn:aws:iam::111122223333:user/ada";
    let id = fixture.job(ADA, arn, "SERVICE_LEVEL").await;
    let all = fixture
        .call(ADA, GET, &[("JobId", &id), ("MaxItems", "1000")])
        .await
        .all("ServiceNamespace");
    assert!(all.len() > 200);
    let first = fixture.call(ADA, GET, &[("JobId", &id)]).await;
    assert_eq!(first.all("ServiceNamespace").len(), 200);
    let mut paged = Vec::new();
    let mut marker: Option<String> = None;
    for size in ["1", "7", "100", "1000"] {
        let mut parameters = vec![("JobId", id.as_str()), ("MaxItems", size)];
        parameters.extend(marker.as_deref().map(|marker| ("Marker", marker)));
        let answer = fixture.call(ADA, GET, &parameters).await;
        paged.extend(answer.all("ServiceNamespace"));
        assert_eq!(answer.get("JobStatus").unwrap(), "COMPLETED");
        marker = answer.get("Marker");
        assert_eq!(
            answer.get("IsTruncated").unwrap(),
            marker.is_some().to_string()
        );
    }
    assert_eq!((paged, marker), (all, None));
}

#[tokio::test]
async fn a_job_belongs_to_its_caller() {
    let fixture = Fixture::new();
    for (owner, same, others) in [
        (ADA, ADA_TWO, [ERIN, ONE, ROOT]),
        (ONE, ONE, [TWO, ADA, ADMINISTRATOR]),
    ] {
        let id = fixture.job(owner, BRUNO, "SERVICE_LEVEL").await;
        let job = [("JobId", id.as_str()), ("ServiceNamespace", "s3")];
        for action in [GET, ENTITIES] {
            assert_eq!(fixture.call(same, action, &job).await.status, 200);
            for other in others {
                let answer = fixture.call(other, action, &job).await;
                let message = format!("Job {id} does not exist.");
                assert_eq!(
                    answer.error(),
                    ("NoSuchEntity".into(), 404, message),
                    "{other:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn permissions_are_enforced_when_configured() {
    let fixture = Fixture::with(|config| config.enforce_permissions = true);
    // An administrator by a group, one by a role, and the account root.
    for key in [ADA, ADMINISTRATOR, ROOT] {
        assert_eq!(
            fixture.call(key, "ListUsers", &[]).await.status,
            200,
            "{key:?}"
        );
    }
    let answer = fixture.call(ONE, "ListUsers", &[]).await;
    let message = "User: arn:aws:sts::111122223333:assumed-role/idle-worker/one is not authorized \
                   to perform: iam:ListUsers on resource: * because no identity-based policy \
                   allows the iam:ListUsers action";
    assert_eq!(answer.error(), ("AccessDenied".into(), 403, message.into()));
    let answer = fixture.call(ONE, GENERATE, &[("Arn", BRUNO)]).await;
    assert_eq!(answer.error().0, "AccessDenied");
}

#[tokio::test]
async fn a_full_queue_answers_throttling() {
    let fixture = Fixture::with(|config| config.limits.waiting_jobs = 0);
    let answer = fixture.call(ADA, GENERATE, &[("Arn", BRUNO)]).await;
    let expected = ("Throttling".to_owned(), 400, "Rate exceeded".to_owned());
    assert_eq!(answer.error(), expected);
    // The rejected request left no job in the store.
    assert_eq!(fixture.operations.store().jobs_in_progress().unwrap(), []);
}

#[tokio::test]
async fn stopping_makes_waiting_jobs_and_accepts_no_more() {
    let fixture = Fixture::with(|config| config.limits.workers = 1);
    for _ in 0..8 {
        let answer = fixture.call(ADA, GENERATE, &[("Arn", BRUNO)]).await;
        assert_eq!(answer.status, 200);
    }
    let api = fixture.api.clone();
    let left = tokio::task::spawn_blocking(move || api.stop(Duration::from_secs(60)));
    assert_eq!(left.await.unwrap(), 0);
    assert_eq!(fixture.operations.store().jobs_in_progress().unwrap(), []);
    let request = Signer::new(ADA).post(&form(GENERATE, &[("Arn", BRUNO)]));
    assert_eq!(fixture.send(request).await.error().0, "Throttling");
}

#[tokio::test]
async fn jobs_left_in_progress_are_made_at_the_start() {
    let (_folder, config) = crate::fixture::config();
    let caller =
        advisor_core::Caller::from_arn("arn:aws:iam::111122223333:user/ada", "AKIAADA").unwrap();
    let now = crate::fixture::now();
    let level = advisor_core::Granularity::Service;
    let operations = config.advisor.clone();
    operations.generate(&caller, BRUNO, level, now).unwrap();
    let store = operations.store();
    assert_eq!(store.jobs_in_progress().unwrap().len(), 1);
    let api = iam_api::Api::start(config).unwrap();
    let made = async {
        while !store.jobs_in_progress().unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), made)
        .await
        .unwrap();
    drop(api);
    assert_eq!(
        store.jobs_by_status().unwrap(),
        [("COMPLETED".to_owned(), 1)]
    );
}

/// Stores a job of ada that no server knows of.
fn left_job(operations: &StoredAdvisor) -> JobId {
    let caller = Caller::from_arn("arn:aws:iam::111122223333:user/ada", "AKIAADA").unwrap();
    let level = Granularity::Service;
    operations.generate(&caller, BRUNO, level, now()).unwrap()
}

/// Waits until no job is in progress.
async fn all_done(store: &Store) {
    let done = async {
        while !store.jobs_in_progress().unwrap().is_empty() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), done)
        .await
        .unwrap();
}

#[tokio::test]
async fn jobs_that_another_server_leaves_are_made_while_running() {
    let fixture = Fixture::with(|config| config.limits.retry_time = Duration::from_millis(50));
    // The first search finds nothing.
    tokio::time::sleep(Duration::from_millis(200)).await;
    let (_folder, mut other) = config();
    let store = Arc::new(Store::open(&fixture.file()).unwrap());
    other.advisor = Arc::new(StoredAdvisor::new(
        store,
        Catalog::shared(),
        Tracking::aws(),
    ));
    other.limits.retry_time = Duration::from_secs(3600);
    let operations = other.advisor.clone();
    let other = Api::start(other).unwrap();
    let left = other.stop(Duration::from_secs(60));
    assert_eq!(left, 0);
    for _ in 0..3 {
        left_job(&operations);
    }
    let store = fixture.operations.store();
    all_done(store).await;
    assert_eq!(
        store.jobs_by_status().unwrap(),
        [("COMPLETED".to_owned(), 3)]
    );
}

#[tokio::test]
async fn a_servers_own_jobs_are_not_made_twice() {
    let fixture = Fixture::with(|config| {
        config.limits.retry_time = Duration::from_millis(20);
        // One worker, so that no search falls between the end of a job in the store and in the queue.
        config.limits.workers = 1;
    });
    for _ in 0..8 {
        let answer = fixture.call(ADA, GENERATE, &[("Arn", BRUNO)]).await;
        assert_eq!(answer.status, 200);
    }
    all_done(fixture.operations.store()).await;
    let finished = async || {
        let metrics = fixture.send(get("/metrics")).await.text;
        let line = (metrics.lines()).find_map(|it| it.strip_prefix("iam_api_jobs_finished_total "));
        line.unwrap().parse::<u32>().unwrap()
    };
    let all_counted = async { while finished().await < 8 {} };
    tokio::time::timeout(Duration::from_secs(60), all_counted)
        .await
        .unwrap();
    // Some more searches.
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(finished().await, 8);
}

#[tokio::test]
async fn the_search_for_left_jobs_survives_a_failure() {
    let (folder, mut config) = config();
    config.limits.retry_time = Duration::from_millis(50);
    left_job(&config.advisor);
    let operations = config.advisor.clone();
    let database = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
    database
        .execute_batch("ALTER TABLE jobs RENAME TO no_jobs")
        .unwrap();
    let api = Api::start(config).unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    database
        .execute_batch("ALTER TABLE no_jobs RENAME TO jobs")
        .unwrap();
    all_done(operations.store()).await;
    assert_eq!(
        operations.store().jobs_by_status().unwrap(),
        [("COMPLETED".to_owned(), 1)]
    );
    drop(api);
}

#[tokio::test]
async fn a_job_that_cannot_be_made_fails_with_the_reason() {
    let (folder, mut before) = config();
    let id = left_job(&before.advisor);
    let file = folder.path().join("store.db");
    let database = rusqlite::Connection::open(&file).unwrap();
    database
        .execute_batch("UPDATE exports SET deflated = x'00'")
        .unwrap();
    // A store that has not loaded the account yet.
    let store = Arc::new(Store::open(&file).unwrap());
    before.advisor = Arc::new(StoredAdvisor::new(
        store,
        Catalog::shared(),
        Tracking::aws(),
    ));
    let fixture = Fixture::on(folder, before);
    all_done(fixture.operations.store()).await;
    let answer = fixture.call(ADA, GET, &[("JobId", id.as_str())]).await;
    assert_eq!(answer.get("JobStatus").unwrap(), "FAILED", "{answer:?}");
    assert_eq!(answer.get("Code").unwrap(), "ServiceFailure");
    assert_eq!(
        answer.get("Message").unwrap(),
        "The report cannot be made: the store is damaged: the checksum of the row of table exports with id 1 does not match"
    );
}

#[tokio::test]
async fn blocked_writers_do_not_block_readers() {
    let fixture = Arc::new(Fixture::new());
    let id = fixture.job(ADA, BRUNO, "SERVICE_LEVEL").await;
    let database = rusqlite::Connection::open(fixture.file()).unwrap();
    database.execute_batch("BEGIN IMMEDIATE").unwrap();
    let writers: Vec<_> = (0..40)
        .map(|_| {
            let fixture = fixture.clone();
            tokio::spawn(async move { fixture.call(ADA, GENERATE, &[("Arn", BRUNO)]).await.status })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let reads = async {
        assert_eq!(fixture.send(get("/healthz")).await.status, 200);
        let metrics = fixture.send(get("/metrics")).await.text;
        assert!(metrics.contains("iam_api_jobs{status=\"COMPLETED\"} 1\n"));
        let answer = fixture.call(ADA, GET, &[("JobId", &id)]).await;
        assert_eq!(answer.get("JobStatus").unwrap(), "COMPLETED");
    };
    tokio::time::timeout(Duration::from_secs(10), reads)
        .await
        .unwrap();
    assert!(writers.iter().all(|writer| !writer.is_finished()));
    database.execute_batch("ROLLBACK").unwrap();
    for writer in writers {
        assert_eq!(writer.await.unwrap(), 200);
    }
}
