//! What a job freezes and what stays live, whose it is, its pages, and the words of refusals: the
//! answers of IAM as they were recorded, from a store.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../../advisor-core/tests/support/iam_simulator.rs"]
mod iam_simulator;
mod support;

use std::path::PathBuf;
use std::sync::Arc;

use advisor_core::PageRequest;
use advisor_core::{AccountId, Caller, Granularity, JobId, MaxItems, Tracking};
use advisor_store::{OperationError, Store, StoredAdvisor};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use service_catalog::Catalog;
use tempfile::TempDir;

use iam_simulator::IamSimulator;
use support::{at, call, count, import, is_sound, write_object};

const ACCOUNT: &str = "123456789012";
const TARGET: &str = "arn:aws:iam::123456789012:user/t/target";
const TEAM: &str = "arn:aws:iam::123456789012:group/team";

/// A store with an account that changes.
struct World {
    folder: TempDir,
    iam: IamSimulator,
    operations: StoredAdvisor,
    now: DateTime<Utc>,
    objects: usize,
}

impl World {
    /// User target with inline s3:*, group team with inline sqs:* and nobody in it.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(&folder.path().join("store.db")).unwrap();
        let mut world = Self {
            operations: operations(store),
            folder,
            iam: IamSimulator::new(ACCOUNT),
            now: at("2026-11-01T00:00:00.250Z"),
            objects: 0,
        };
        world.change("CreateUser", &json!({"UserName": "target", "Path": "/t/"}));
        world.allow("target", &["s3:*"]);
        world.change("CreateGroup", &json!({"GroupName": "team"}));
        let document = document(&["sqs:*"]);
        world.change(
            "PutGroupPolicy",
            &json!({"GroupName": "team", "PolicyName": "p", "PolicyDocument": document}),
        );
        world.import();
        world
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    fn change(&mut self, operation: &str, parameters: &Value) {
        self.iam.apply(operation, parameters).unwrap();
    }

    fn allow(&mut self, user: &str, actions: &[&str]) {
        let document = document(actions);
        self.change(
            "PutUserPolicy",
            &json!({"UserName": user, "PolicyName": "p", "PolicyDocument": document}),
        );
    }

    fn join_team(&mut self, user: &str) {
        self.change(
            "AddUserToGroup",
            &json!({"GroupName": "team", "UserName": user}),
        );
    }

    /// Takes the account as it is now into the store.
    fn import(&self) {
        let export = vec![("export.json".to_owned(), self.iam.export().to_string())];
        let imported = self.operations.store().import_accounts(&export, self.now);
        assert_eq!(imported.unwrap().accounts, [AccountId::from(ACCOUNT)]);
    }

    fn unique_id(&self, user: &str) -> String {
        let export = self.iam.export();
        let users = export["UserDetailList"].as_array().unwrap();
        let user = users.iter().find(|detail| detail["UserName"] == user);
        user.unwrap()["UserId"].as_str().unwrap().to_owned()
    }

    /// The user calls a service, and the trail is imported.
    fn attempt(&mut self, user: &str, source: &str, event: &str, when: &str) {
        self.objects += 1;
        let name = format!("object{}", self.objects);
        let record = call(&self.unique_id(user), source, event, when, &name);
        let file = write_object(&self.folder.path().join("trail"), &name, &[record]);
        let imported = import(self.operations.store(), &[file]);
        assert_eq!(imported.reconciliation.records_attributed, 1);
    }

    fn generate(&self, arn: &str) -> JobId {
        self.operations
            .generate(&Caller::local(), arn, Granularity::Service, self.now)
            .unwrap()
    }

    fn run(&self, job: &JobId) {
        let later = self.now + TimeDelta::milliseconds(750);
        self.operations.run_job(job, later).unwrap();
    }

    fn completed(&self, arn: &str) -> JobId {
        let job = self.generate(arn);
        self.run(&job);
        job
    }

    fn get(&self, job: &JobId) -> Value {
        let answer =
            self.operations
                .services(&Caller::local(), job.as_str(), PageRequest::default());
        json(&answer.unwrap())
    }

    fn entities(&self, job: &JobId, namespace: &str) -> Vec<Value> {
        let request = PageRequest::default();
        let answer = self
            .operations
            .entities(&Caller::local(), job.as_str(), namespace, request);
        let answer = json(&answer.unwrap());
        assert_eq!(answer["JobStatus"], "COMPLETED");
        answer["EntityDetailsList"].as_array().unwrap().clone()
    }

    fn entity_names(&self, job: &JobId, namespace: &str) -> Vec<String> {
        let entities = self.entities(job, namespace);
        let name = |entity: &Value| entity["EntityInfo"]["Name"].as_str().unwrap().to_owned();
        entities.iter().map(name).collect()
    }
}

fn operations(store: Store) -> StoredAdvisor {
    StoredAdvisor::new(Arc::new(store), Catalog::shared(), Tracking::aws())
}

fn document(actions: &[&str]) -> Value {
    json!({"Version": "2012-10-17",
           "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

fn json(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

/// Namespace and time of last use of every row.
fn rows(answer: &Value) -> Vec<(String, Option<String>)> {
    assert_eq!(answer["JobStatus"], "COMPLETED", "{answer}");
    let rows = answer["ServicesLastAccessed"].as_array().unwrap();
    rows.iter()
        .map(|row| {
            let text = |name: &str| row[name].as_str().map(str::to_owned);
            (text("ServiceNamespace").unwrap(), text("LastAuthenticated"))
        })
        .collect()
}

fn namespaces(answer: &Value) -> Vec<String> {
    rows(answer).into_iter().map(|(name, _)| name).collect()
}

fn refused<T: std::fmt::Debug>(answer: Result<T, OperationError>) -> String {
    match answer.unwrap_err() {
        OperationError::Request(error) => {
            format!("{} {}: {error}", error.code(), error.http_status())
        }
        OperationError::Store(error) => panic!("{error}"),
    }
}

#[test]
fn permissions_are_those_at_the_time_of_generate() {
    let mut world = World::new();
    let job = world.generate(TARGET);
    world.allow("target", &["dynamodb:*"]);
    world.import();
    assert_eq!(world.get(&job)["JobStatus"], "IN_PROGRESS");
    let later = world.generate(TARGET);
    world.allow("target", &["sns:*"]);
    world.import();
    world.run(&later);
    world.run(&job);
    assert_eq!(namespaces(&world.get(&job)), ["s3"]);
    assert_eq!(namespaces(&world.get(&later)), ["dynamodb"]);
    assert_eq!(namespaces(&world.get(&world.completed(TARGET))), ["sns"]);
    // A second run changes nothing.
    let before = world.get(&job);
    world.run(&job);
    assert_eq!(world.get(&job), before);
    // What was kept for the jobs is gone.
    assert_eq!(count(&world.path(), "pictures"), 1);
    assert_eq!(count(&world.path(), "exports"), 1);
}

#[test]
fn members_are_those_at_the_time_of_generate() {
    let mut world = World::new();
    world.join_team("target");
    world.import();
    let job = world.generate(TEAM);
    world.change("CreateUser", &json!({"UserName": "later"}));
    world.join_team("later");
    world.import();
    world.attempt("target", "sqs", "ListQueues", "2026-10-01T00:00:00Z");
    world.attempt("later", "sqs", "ListQueues", "2026-10-02T00:00:00Z");
    world.run(&job);
    assert_eq!(world.entity_names(&job, "sqs"), ["target"]);
    assert_eq!(rows(&world.get(&job)), [("sqs".into(), None)]);

    let job = world.completed(TEAM);
    assert_eq!(world.entity_names(&job, "sqs"), ["later", "target"]);
    let row = &world.get(&job)["ServicesLastAccessed"][0];
    assert_eq!(row["TotalAuthenticatedEntities"], 2);
    // Leaving the group, too, is later.
    world.change(
        "RemoveUserFromGroup",
        &json!({"GroupName": "team", "UserName": "target"}),
    );
    world.import();
    assert_eq!(world.entity_names(&job, "sqs"), ["later", "target"]);
}

#[test]
fn activity_is_that_at_the_time_of_generate() {
    let mut world = World::new();
    world.allow("target", &["s3:*", "sqs:*"]);
    world.import();
    let used = |s3: Option<&str>, sqs: Option<&str>| {
        [("s3", s3), ("sqs", sqs)].map(|(name, last)| (name.to_owned(), last.map(str::to_owned)))
    };
    // Each import is of attempts before all jobs: that they are missing is the job's age alone.
    let jobs = [
        (world.generate(TARGET), used(None, None)),
        {
            world.attempt("target", "s3", "ListBuckets", "2026-10-02T00:00:00Z");
            let known = used(Some("2026-10-02T00:00:00+00:00"), None);
            (world.generate(TARGET), known)
        },
        {
            // An older attempt, which moves the first one only.
            world.attempt("target", "s3", "ListBuckets", "2026-10-01T00:00:00Z");
            world.attempt("target", "sqs", "ListQueues", "2026-10-03T00:00:00Z");
            let known = used(
                Some("2026-10-02T00:00:00+00:00"),
                Some("2026-10-03T00:00:00+00:00"),
            );
            (world.generate(TARGET), known)
        },
    ];
    world.attempt("target", "s3", "ListBuckets", "2026-10-09T00:00:00Z");
    world.attempt("target", "sqs", "ListQueues", "2026-10-09T00:00:00Z");
    world.attempt("target", "s3", "ListBuckets", "2026-10-10T00:00:00Z");
    for (job, expected) in &jobs {
        world.run(job);
        assert_eq!(rows(&world.get(job)), *expected, "{job}");
        let s3 = &world.entities(job, "s3")[0];
        let last = s3["LastAuthenticated"].as_str().map(str::to_owned);
        assert_eq!(last, expected[0].1, "{job}");
    }
    assert_eq!(
        rows(&world.get(&world.completed(TARGET))),
        used(
            Some("2026-10-10T00:00:00+00:00"),
            Some("2026-10-09T00:00:00+00:00")
        )
    );
    assert_eq!(count(&world.path(), "activity_before"), 0);
}

#[test]
fn jobs_left_by_a_stopped_process_are_made_as_of_their_time() {
    let mut world = World::new();
    world.attempt("target", "s3", "ListBuckets", "2026-10-01T00:00:00Z");
    let jobs = [world.generate(TARGET), world.generate(TARGET)];
    world.attempt("target", "s3", "ListBuckets", "2026-10-05T00:00:00Z");
    world.allow("target", &["sns:*"]);
    world.import();

    // Another process knows only what is in the file.
    world.operations = operations(Store::open(&world.path()).unwrap());
    assert_eq!(world.operations.run_left_jobs(world.now).unwrap(), 2);
    assert_eq!(world.operations.run_left_jobs(world.now).unwrap(), 0);
    for job in &jobs {
        let expected = ("s3".into(), Some("2026-10-01T00:00:00+00:00".into()));
        assert_eq!(rows(&world.get(job)), [expected]);
    }
    for (table, rows) in [("pictures", 1), ("exports", 1), ("activity_before", 0)] {
        assert_eq!(count(&world.path(), table), rows, "{table}");
    }
    assert!(is_sound(&world.path()));
}

#[test]
fn what_waits_for_a_job_is_kept_once_and_goes_with_it() {
    let mut world = World::new();
    world.attempt("target", "s3", "ListBuckets", "2026-10-01T00:00:00Z");
    let job = world.generate(TARGET);
    for day in 2..8 {
        let when = format!("2026-10-0{day}T00:00:00Z");
        world.attempt("target", "s3", "ListBuckets", &when);
        world.import();
    }
    assert_eq!(count(&world.path(), "activity_before"), 1);
    assert_eq!(count(&world.path(), "pictures"), 2);
    assert!(world.operations.store().delete_job(&job).unwrap());
    assert!(!world.operations.store().delete_job(&job).unwrap());
    assert_eq!(count(&world.path(), "activity_before"), 0);
    assert_eq!(count(&world.path(), "pictures"), 1);
    // Nobody waits: nothing is kept.
    world.attempt("target", "s3", "ListBuckets", "2026-10-09T00:00:00Z");
    assert_eq!(count(&world.path(), "activity_before"), 0);
    // The report of a job that is gone meanwhile is nobody's.
    world.run(&job);
    assert_eq!(count(&world.path(), "job_services"), 0);
}

#[test]
fn renames_show_in_old_jobs() {
    let mut world = World::new();
    world.join_team("target");
    world.import();
    world.attempt("target", "sqs", "ListQueues", "2026-10-01T00:00:00Z");
    let job = world.completed(TEAM);
    let before = world.entities(&job, "sqs");
    world.change(
        "UpdateUser",
        &json!({"UserName": "target", "NewUserName": "renamed", "NewPath": "/moved/"}),
    );
    world.import();
    let after = world.entities(&job, "sqs");
    assert_eq!(
        after[0],
        json!({
            "EntityInfo": {
                "Arn": "arn:aws:iam::123456789012:user/moved/renamed",
                "Name": "renamed",
                "Type": "USER",
                "Id": before[0]["EntityInfo"]["Id"],
                "Path": "/moved/",
            },
            "LastAuthenticated": "2026-10-01T00:00:00+00:00",
        })
    );
    assert_eq!(after.len(), 1);
}

#[test]
fn the_deleted_vanish_from_old_jobs_and_their_reports_answer() {
    let mut world = World::new();
    world.change("CreateUser", &json!({"UserName": "other"}));
    world.join_team("target");
    world.join_team("other");
    world.import();
    let (own, team) = (world.completed(TARGET), world.completed(TEAM));
    let in_progress = world.generate(TARGET);
    let report = world.get(&own);
    world.change("DeleteUser", &json!({"UserName": "target"}));
    world.import();
    let no_such = "NoSuchEntity 404: ARN arn:aws:iam::123456789012:user/t/target does not exist.";
    let generated =
        world
            .operations
            .generate(&Caller::local(), TARGET, Granularity::Service, world.now);
    assert_eq!(refused(generated), no_such);
    assert_eq!(world.get(&own), report);
    assert_eq!(world.entities(&own, "s3"), [] as [Value; 0]);
    assert_eq!(world.entity_names(&team, "sqs"), ["other"]);
    // Asked for when there was a user: its report answers, and nobody is in it.
    world.run(&in_progress);
    assert_eq!(rows(&world.get(&in_progress)), rows(&report));
    assert_eq!(world.entities(&in_progress, "s3"), [] as [Value; 0]);

    // Another user of the same name is another user.
    world.change("CreateUser", &json!({"UserName": "target", "Path": "/t/"}));
    world.join_team("target");
    world.import();
    assert_eq!(world.entities(&own, "s3"), [] as [Value; 0]);
    assert_eq!(world.entity_names(&team, "sqs"), ["other"]);
    assert_eq!(namespaces(&world.get(&world.completed(TARGET))), ["sqs"]);
}

#[test]
fn a_job_is_its_callers() {
    let mut world = World::new();
    world.change("CreateUser", &json!({"UserName": "other"}));
    world.import();
    let caller = |arn: &str, key: &str| Caller::from_arn(arn, key).unwrap();
    let session = "arn:aws:sts::123456789012:assumed-role/role/one";
    let owners = [
        caller(TARGET, "AKIA1"),
        caller(session, "ASIA1"),
        Caller::local(),
    ];
    let others = [
        caller("arn:aws:iam::123456789012:user/other", "AKIA1"),
        // The same session name with another key is another session.
        caller(session, "ASIA2"),
        caller("arn:aws:sts::123456789012:assumed-role/role/two", "ASIA1"),
        caller("arn:aws:iam::999999999999:user/t/target", "AKIA1"),
    ];
    let request = PageRequest::default();
    for owner in &owners {
        let job = world
            .operations
            .generate(owner, TARGET, Granularity::Service, world.now)
            .unwrap();
        world.run(&job);
        let strangers = owners.iter().filter(|other| *other != owner);
        for other in strangers.chain(&others) {
            let not_found = format!("NoSuchEntity 404: Job {job} does not exist.");
            let services = world.operations.services(other, job.as_str(), request);
            assert_eq!(refused(services), not_found, "{owner:?} {other:?}");
            let entities = world
                .operations
                .entities(other, job.as_str(), "s3", request);
            assert_eq!(refused(entities), not_found, "{owner:?} {other:?}");
        }
        world
            .operations
            .services(owner, job.as_str(), request)
            .unwrap();
    }
    // Another access key of the same user is the same caller.
    let job = world
        .operations
        .generate(&owners[0], TARGET, Granularity::Service, world.now)
        .unwrap();
    let other_key = caller(TARGET, "AKIA2");
    let answer = world.operations.services(&other_key, job.as_str(), request);
    assert_eq!(json(&answer.unwrap())["JobStatus"], "IN_PROGRESS");
}

#[test]
fn the_fields_of_each_state() {
    let mut world = World::new();
    world.attempt("target", "s3", "ListBuckets", "2026-10-01T00:00:00Z");
    let caller = Caller::local();
    let job = world
        .operations
        .generate(&caller, TARGET, Granularity::Action, world.now)
        .unwrap();
    let in_progress = json!({
        "JobStatus": "IN_PROGRESS",
        "JobCreationDate": "2026-11-01T00:00:00.250000+00:00",
        "IsTruncated": false,
    });
    assert_eq!(world.get(&job), in_progress);
    let request = PageRequest::default();
    let entities = world
        .operations
        .entities(&caller, job.as_str(), "s3", request);
    assert_eq!(json(&entities.unwrap()), in_progress);

    world.run(&job);
    let mut answer = world.get(&job);
    let rows = answer
        .as_object_mut()
        .unwrap()
        .remove("ServicesLastAccessed")
        .unwrap();
    assert_eq!(
        answer,
        json!({
            "JobStatus": "COMPLETED",
            "JobType": "ACTION_LEVEL",
            "JobCreationDate": "2026-11-01T00:00:00.250000+00:00",
            "JobCompletionDate": "2026-11-01T00:00:01+00:00",
            "IsTruncated": false,
        })
    );
    let used = json!({
        "ActionName": "ListAllMyBuckets",
        "LastAccessedEntity": TARGET,
        "LastAccessedTime": "2026-10-01T00:00:00+00:00",
        "LastAccessedRegion": "eu-west-1",
    });
    let actions = rows[0]["TrackedActionsLastAccessed"].as_array().unwrap();
    assert!(actions.contains(&used), "{actions:?}");
    let entities = world
        .operations
        .entities(&caller, job.as_str(), "s3", request);
    let entities = json(&entities.unwrap());
    assert_eq!(entities.get("JobType"), None);
    assert_eq!(entities["EntityDetailsList"].as_array().unwrap().len(), 1);
    // A service that exists and is not in the report.
    assert_eq!(world.entities(&job, "ec2"), [] as [Value; 0]);
}

#[test]
fn a_failed_job_says_why() {
    let world = World::new();
    let job = world.generate(TARGET);
    // No import does this: somebody else changed the file.
    let connection = rusqlite::Connection::open(world.path()).unwrap();
    connection
        .execute("UPDATE jobs SET generation = 99", [])
        .unwrap();
    world.run(&job);
    assert_eq!(
        world.get(&job),
        json!({
            "JobStatus": "FAILED",
            "JobCreationDate": "2026-11-01T00:00:00.250000+00:00",
            "JobCompletionDate": "2026-11-01T00:00:01+00:00",
            "IsTruncated": false,
            "Error": {
                "Message": "The account data that the report was to be made from is gone.",
                "Code": "ServiceFailure",
            },
        })
    );
    assert_eq!(world.operations.run_left_jobs(world.now).unwrap(), 0);
}

#[test]
fn generate_completed_keeps_the_job_with_its_report() {
    let mut world = World::new();
    world.attempt("target", "s3", "ListBuckets", "2026-10-01T00:00:00Z");
    let (caller, level) = (Caller::local(), Granularity::Service);
    let clock = || world.now + TimeDelta::milliseconds(750);
    let job = world
        .operations
        .generate_completed(&caller, TARGET, level, world.now, clock)
        .unwrap();
    assert_eq!(world.get(&job), world.get(&world.completed(TARGET)));
    assert_eq!(world.entities(&job, "s3").len(), 1);
    let missing = "arn:aws:iam::123456789012:user/nobody";
    let jobs = count(&world.path(), "jobs");
    let answer = world
        .operations
        .generate_completed(&caller, missing, level, world.now, clock);
    assert_eq!(
        refused(answer),
        format!("NoSuchEntity 404: ARN {missing} does not exist.")
    );
    assert_eq!(count(&world.path(), "jobs"), jobs);
}

#[test]
fn pages_of_services_may_change_their_size() {
    let mut world = World::new();
    world.allow("target", &["*"]);
    world.import();
    let job = world.completed(TARGET);
    let page = |max_items: Option<i64>, marker: Option<&str>| {
        let max_items = max_items.map(|number| MaxItems::new(number).unwrap());
        let request = PageRequest { max_items, marker };
        let answer = world
            .operations
            .services(&Caller::local(), job.as_str(), request);
        json(&answer.unwrap())
    };
    let whole = page(Some(1000), None);
    assert_eq!(whole["IsTruncated"], false);
    assert_eq!(whole.get("Marker"), None);
    let all = namespaces(&whole);
    assert!(all.is_sorted() && all.len() > 400);

    let sizes = [Some(1), None, Some(7), None, Some(1000)];
    let (mut seen, mut marker) = (Vec::new(), None);
    for size in sizes {
        let answer = page(size, marker.as_deref());
        for field in [
            "JobStatus",
            "JobType",
            "JobCreationDate",
            "JobCompletionDate",
        ] {
            assert_eq!(
                answer[field], whole[field],
                "every page repeats the job's fields"
            );
        }
        let names = namespaces(&answer);
        marker = answer["Marker"].as_str().map(str::to_owned);
        assert_eq!(answer["IsTruncated"], marker.is_some());
        if marker.is_some() {
            assert_eq!(names.len(), size.unwrap_or(200) as usize);
        }
        seen.extend(names);
    }
    assert_eq!(marker, None);
    assert_eq!(seen, all);
    // A page that ends with the list is the last one.
    let length = i64::try_from(all.len()).unwrap();
    assert_eq!(page(Some(length), None)["IsTruncated"], false);
    assert_eq!(page(Some(length - 1), None)["IsTruncated"], true);
}

#[test]
fn an_entities_marker_goes_on_in_another_namespace() {
    let mut world = World::new();
    let document = document(&["s3:*", "sqs:*"]);
    world.change(
        "PutGroupPolicy",
        &json!({"GroupName": "team", "PolicyName": "p", "PolicyDocument": document}),
    );
    for name in ["a", "b", "c", "d"] {
        world.change("CreateUser", &json!({"UserName": name}));
        world.join_team(name);
    }
    world.import();
    world.attempt("d", "sqs", "ListQueues", "2026-10-01T00:00:00Z");
    let job = world.completed(TEAM);
    assert_eq!(world.entity_names(&job, "s3"), ["a", "b", "c", "d"]);
    assert_eq!(world.entity_names(&job, "sqs"), ["d", "a", "b", "c"]);
    let page = |namespace: &str, max_items: i64, marker: Option<&str>| {
        let max_items = Some(MaxItems::new(max_items).unwrap());
        let request = PageRequest { max_items, marker };
        let caller = Caller::local();
        let answer = world
            .operations
            .entities(&caller, job.as_str(), namespace, request);
        let answer = json(&answer.unwrap());
        let entities = answer["EntityDetailsList"].as_array().unwrap();
        let names: Vec<String> = entities
            .iter()
            .map(|entity| entity["EntityInfo"]["Name"].as_str().unwrap().to_owned())
            .collect();
        let marker = answer["Marker"].as_str().map(str::to_owned);
        assert_eq!(answer["IsTruncated"], marker.is_some());
        (names, marker)
    };
    let (names, marker) = page("s3", 1, None);
    assert_eq!(names, ["a"]);
    let (names, marker) = page("sqs", 2, marker.as_deref());
    assert_eq!(names, ["a", "b"]);
    // Of a service that is not in the report there is nothing at that position.
    assert_eq!(page("ec2", 2, marker.as_deref()), (vec![], None));
    assert_eq!(
        page("s3", 1000, marker.as_deref()),
        (vec!["d".into()], None)
    );
}

#[test]
fn markers_of_others_are_refused() {
    let mut world = World::new();
    world.allow("target", &["*"]);
    world.join_team("target");
    world.change("CreateUser", &json!({"UserName": "other"}));
    world.join_team("other");
    world.import();
    let [job, other, team] = [TARGET, TARGET, TEAM].map(|arn| world.completed(arn));
    let caller = Caller::local();
    let one = Some(MaxItems::new(1).unwrap());
    let services = |job: &JobId, marker: Option<&str>| {
        let max_items = one;
        let request = PageRequest { max_items, marker };
        world.operations.services(&caller, job.as_str(), request)
    };
    let entities = |job: &JobId, marker: Option<&str>| {
        let max_items = one;
        let request = PageRequest { max_items, marker };
        world
            .operations
            .entities(&caller, job.as_str(), "sqs", request)
    };
    let marker = |answer: Value| answer["Marker"].as_str().unwrap().to_owned();
    let of_services = marker(json(&services(&job, None).unwrap()));
    let of_entities = marker(json(&entities(&team, None).unwrap()));
    let of_another = "InvalidInput 400: The marker passed in the request was invalid.";
    assert_eq!(refused(services(&other, Some(&of_services))), of_another);
    assert_eq!(refused(entities(&job, Some(&of_services))), of_another);
    assert_eq!(refused(services(&team, Some(&of_entities))), of_another);
    assert_eq!(refused(entities(&job, Some(&of_entities))), of_another);
    let empty = "ValidationError 400: The specified value for marker is invalid. It must contain \
                 only printable ASCII characters.";
    assert_eq!(refused(services(&job, Some(""))), empty);
    let invalid = "ValidationError 400: Invalid Marker.";
    assert_eq!(refused(services(&job, Some("invalid"))), invalid);
    assert_eq!(refused(entities(&job, Some("invalid"))), invalid);
    // Of another store: its markers are sealed with another key.
    let elsewhere = World::new();
    let key = elsewhere.operations.store().marker_key();
    let forged = key.seal(advisor_core::PagedOperation::Services, &job, 1);
    assert_eq!(refused(services(&job, Some(&forged))), invalid);
    // Another process of the same store opens it, and a job in progress checks it, too.
    let again = operations(Store::open(&world.path()).unwrap());
    let request = PageRequest {
        max_items: one,
        marker: Some(&of_services),
    };
    let second = json(&again.services(&caller, job.as_str(), request).unwrap());
    assert_eq!(second, json(&services(&job, Some(&of_services)).unwrap()));
    let in_progress = world.generate(TARGET);
    assert_eq!(
        refused(services(&in_progress, Some(&of_services))),
        of_another
    );
}

#[test]
fn refusals_in_the_words_of_iam() {
    let world = World::new();
    let job = world.completed(TARGET);
    let caller = Caller::from_arn(TARGET, "AKIA1").unwrap();
    let generate = |arn: &str| {
        let level = Granularity::Service;
        refused(world.operations.generate(&caller, arn, level, world.now))
    };
    let constraint = |parameter: &str, must: &str| {
        format!(
            "ValidationError 400: 1 validation error detected: Value at '{parameter}' failed to \
             satisfy constraint: Member must {must}"
        )
    };
    let elsewhere = "arn:aws:iam::999999999999:user/x";
    let denied = format!(
        "AccessDenied 403: User: {TARGET} is not authorized to perform the operation on {elsewhere}"
    );
    let cases = [
        (elsewhere, denied.clone()),
        (
            "arn:aws:iam::123456789012:user/nobody",
            "NoSuchEntity 404: ARN arn:aws:iam::123456789012:user/nobody does not exist.".into(),
        ),
        (
            "arn:aws:s3:::a-bucket-of-ours",
            "ValidationError 400: Invalid service in ARN".into(),
        ),
        // Not an ARN of IAM: whose it is does not matter.
        (
            "arn:aws:sqs:eu-west-1:999999999999:queue",
            "ValidationError 400: Invalid service in ARN".into(),
        ),
        (
            "arn:aws-cn:iam::999999999999:user/x",
            "ValidationError 400: Invalid ARN partition".into(),
        ),
        (
            "arn:aws:iam::1:u/x",
            constraint("arn", "have length greater than or equal to 20"),
        ),
        (
            "arn:aws:iam::123456789012:root",
            "InvalidInput 400: Invalid Entity Arn: arn:aws:iam::123456789012:root is not \
             supported."
                .into(),
        ),
    ];
    for (arn, expected) in &cases {
        assert_eq!(generate(arn), *expected, "{arn}");
    }
    // The name decides, not the path.
    let other_path = "arn:aws:iam::123456789012:user/elsewhere/target";
    let level = Granularity::Service;
    let generated = world
        .operations
        .generate(&caller, other_path, level, world.now);
    generated.unwrap();

    let policies = |arn: &str, namespaces: &[&str]| {
        let namespaces: Vec<String> = namespaces.iter().map(ToString::to_string).collect();
        refused(world.operations.policies(&caller, arn, &namespaces))
    };
    assert_eq!(policies(elsewhere, &["s3"]), denied);
    assert_eq!(
        policies(elsewhere, &[]),
        constraint("serviceNamespaces", "not be null")
    );
    assert_eq!(
        policies(TARGET, &["s3", "S3", "IAM"]),
        "InvalidInput 400: Invalid service namespace: [S3, IAM]"
    );
    assert_eq!(
        policies("arn:aws:iam::123456789012:root", &["s3"]),
        "InvalidInput 400: Could not extract entity from ARN : arn:aws:iam::123456789012:root"
    );

    let caller = Caller::local();
    let request = PageRequest::default();
    let services = |id: &str| refused(world.operations.services(&caller, id, request));
    let unknown = "x".repeat(36);
    let no_job = format!("NoSuchEntity 404: Job {unknown} does not exist.");
    let short = constraint("jobId", "have length greater than or equal to 36");
    assert_eq!(services(&unknown), no_job);
    assert_eq!(services("short"), short);
    assert_eq!(services(""), short);
    let entities = |id: &str, namespace: &str| {
        refused(world.operations.entities(&caller, id, namespace, request))
    };
    assert_eq!(entities("short", "!"), short);
    assert_eq!(
        entities(&unknown, "!"),
        constraint(
            "serviceNamespace",
            "satisfy regular expression pattern: [\\w-]*"
        )
    );
    assert_eq!(entities(&unknown, "S3"), no_job);
    assert_eq!(
        entities(job.as_str(), "S3"),
        "InvalidInput 400: Service namepace S3 is either invalid or unsupported."
    );
    let long = "a".repeat(65);
    assert_eq!(
        entities(job.as_str(), &long),
        constraint("serviceNamespace", "have length less than or equal to 64")
    );
    assert_eq!(
        entities(job.as_str(), ""),
        constraint("serviceNamespace", "have length greater than or equal to 1")
    );
}

/// Two accounts with the same AWS-managed policy, which is one node of the graph when both are in it.
mod two_accounts {
    use super::*;

    const ANN: &str = "arn:aws:iam::111111111111:user/ann";
    const BOB: &str = "arn:aws:iam::222222222222:user/bob";
    const READ: &str = "arn:aws:iam::aws:policy/Read";

    fn user(arn: &str) -> Value {
        let name = arn.rsplit('/').next().unwrap();
        json!({
            "Path": "/", "UserName": name, "UserId": format!("AIDA{name}"), "Arn": arn,
            "GroupList": [],
            "AttachedManagedPolicies": [{"PolicyName": "Read", "PolicyArn": READ}],
        })
    }

    fn read_policy(actions: &[&str], version: u32) -> Value {
        let version = format!("v{version}");
        json!({
            "PolicyName": "Read", "PolicyId": "ANPAREAD", "Arn": READ, "Path": "/",
            "DefaultVersionId": version,
            "PolicyVersionList": [
                {"Document": document(actions), "VersionId": version, "IsDefaultVersion": true},
            ],
        })
    }

    fn export(users: &[&str], actions: &[&str], version: u32) -> Value {
        let users: Vec<Value> = users.iter().map(|arn| user(arn)).collect();
        json!({"UserDetailList": users, "Policies": [read_policy(actions, version)]})
    }

    fn take(operations: &StoredAdvisor, exports: &[String]) -> Vec<AccountId> {
        let named = exports.iter().enumerate();
        let named: Vec<_> = named
            .map(|(index, text)| (format!("{index}.json"), text.clone()))
            .collect();
        let now = at("2026-11-01T00:00:00Z");
        let imported = operations.store().import_accounts(&named, now).unwrap();
        assert_eq!(imported.issues, []);
        imported.accounts
    }

    /// Who is in the report on the shared policy, and its services, as the caller sees them.
    fn seen_by(operations: &StoredAdvisor, caller: &str) -> (Vec<String>, Vec<String>) {
        let caller = Caller::from_arn(caller, "AKIA1").unwrap();
        let now = at("2026-11-01T00:00:00Z");
        let job = operations
            .generate(&caller, READ, Granularity::Service, now)
            .unwrap();
        operations.run_job(&job, now).unwrap();
        let request = PageRequest::default();
        let answer = json(&operations.services(&caller, job.as_str(), request).unwrap());
        let services = namespaces(&answer);
        let entities = operations.entities(&caller, job.as_str(), &services[0], request);
        let entities = json(&entities.unwrap());
        let entities = entities["EntityDetailsList"].as_array().unwrap();
        let arn = |entity: &Value| entity["EntityInfo"]["Arn"].as_str().unwrap().to_owned();
        (entities.iter().map(arn).collect(), services)
    }

    fn seen(entities: &[&str], services: &[&str]) -> (Vec<String>, Vec<String>) {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        (owned(entities), owned(services))
    }

    fn check(exports: &[String]) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let operations = operations(Store::open_or_create(&path).unwrap());
        assert_eq!(
            take(&operations, exports),
            ["111111111111", "222222222222"].map(AccountId::from)
        );
        assert_eq!(seen_by(&operations, ANN), seen(&[ANN], &["s3"]));
        assert_eq!(seen_by(&operations, BOB), seen(&[BOB], &["s3"]));
        for (own, other) in [(ANN, BOB), (BOB, ANN)] {
            let id = AccountId::from(own.split(':').nth(4).unwrap());
            let picture = operations.store().picture(&id).unwrap().unwrap();
            assert!(picture.account.resolve(own).is_ok());
            assert!(picture.account.resolve(other).is_err());
            for (_, text) in &picture.exports {
                assert!(!text.contains(other), "{text}");
            }
        }
        // A newer export of one of them changes nothing for the other, whether it names it or not.
        let newer = export(&[BOB], &["sqs:*"], 2).to_string();
        assert_eq!(
            take(&operations, &[newer]),
            [AccountId::from("222222222222")]
        );
        assert_eq!(seen_by(&operations, ANN), seen(&[ANN], &["s3"]));
        assert_eq!(seen_by(&operations, BOB), seen(&[BOB], &["sqs"]));
        let again = operations_of(&path);
        assert_eq!(seen_by(&again, ANN), seen(&[ANN], &["s3"]));
        assert_eq!(again.store().accounts().unwrap().len(), 2);
        assert!(is_sound(&path));
    }

    fn operations_of(path: &std::path::Path) -> StoredAdvisor {
        operations(Store::open(path).unwrap())
    }

    #[test]
    fn in_one_document() {
        check(&[export(&[ANN, BOB], &["s3:*"], 1).to_string()]);
    }

    #[test]
    fn in_pages_of_one_file() {
        let (ann, bob) = (user(ANN), user(BOB));
        let policy = read_policy(&["s3:*"], 1);
        let pages = [
            json!({"UserDetailList": [ann], "IsTruncated": true, "Marker": "m"}),
            json!({"UserDetailList": [bob], "GroupDetailList": null, "IsTruncated": true}),
            json!({"Policies": [policy], "IsTruncated": false}),
        ];
        check(&[json!(pages).to_string()]);
        let lines: Vec<String> = pages.iter().map(ToString::to_string).collect();
        check(&[format!("\u{feff}{}", lines.join("\n"))]);
    }

    #[test]
    fn in_a_file_each_and_in_files_that_share_the_policies() {
        let each = |arn: &str| export(&[arn], &["s3:*"], 1).to_string();
        check(&[each(ANN), each(BOB)]);
        let users = |arn: &str| json!({"UserDetailList": [user(arn)]}).to_string();
        let policies = json!({"Policies": [read_policy(&["s3:*"], 1)]}).to_string();
        check(&[users(ANN), policies, users(BOB)]);
    }

    #[test]
    fn one_accounts_exports_stay_as_they_came() {
        let folder = tempfile::tempdir().unwrap();
        let operations =
            operations(Store::open_or_create(&folder.path().join("store.db")).unwrap());
        let exports = [
            format!("\u{feff}  {}\n", export(&[ANN], &["s3:*"], 1)),
            json!({"Policies": [], "Unknown": "is kept"}).to_string(),
        ];
        take(&operations, &exports);
        let id = AccountId::from("111111111111");
        let picture = operations.store().picture(&id).unwrap().unwrap();
        let texts: Vec<&str> = picture.exports.iter().map(|(_, text)| &**text).collect();
        assert_eq!(texts, exports);
        assert_eq!(picture.exports[1].0, "1.json");
        assert_eq!(picture.generation, 1);
    }

    #[test]
    fn a_local_caller_asks_about_any_account() {
        let folder = tempfile::tempdir().unwrap();
        let operations =
            operations(Store::open_or_create(&folder.path().join("store.db")).unwrap());
        take(
            &operations,
            &[export(&[ANN, BOB], &["s3:*"], 1).to_string()],
        );
        let (caller, now) = (Caller::local(), at("2026-11-01T00:00:00Z"));
        for arn in [ANN, BOB] {
            let job = operations.generate(&caller, arn, Granularity::Service, now);
            operations.run_job(&job.unwrap(), now).unwrap();
        }
        // Whose entities could be meant?
        let answer = operations.generate(&caller, READ, Granularity::Service, now);
        assert_eq!(
            refused(answer),
            format!("NoSuchEntity 404: ARN {READ} does not exist.")
        );
    }
}

#[test]
fn an_export_of_nobody_and_a_broken_one_change_nothing() {
    let world = World::new();
    let take = |text: &str| {
        let export = [("export.json".to_owned(), text.to_owned())];
        let imported = world.operations.store().import_accounts(&export, world.now);
        imported.map(drop).unwrap_err().to_string()
    };
    assert_eq!(
        take(r#"{"UserDetailList": []}"#),
        "there is no user, group, role or policy in the account data: whose is it?"
    );
    assert!(take("{").starts_with("export.json: "));
    assert!(take("").contains("no page"));
    assert_eq!(count(&world.path(), "pictures"), 1);
    assert_eq!(namespaces(&world.get(&world.completed(TARGET))), ["s3"]);
}
