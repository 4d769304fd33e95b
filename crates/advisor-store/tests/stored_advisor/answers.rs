//! The owner, the fields and the errors of jobs.

use std::sync::Arc;

use advisor_core::{AccountId, Caller, Granularity, JobError, PageRequest, Tracking};
use advisor_store::{NoActivityError, Store, StoredAdvisor};
use chrono::TimeDelta;
use serde_json::{Value, json};
use service_catalog::Catalog;

use crate::support::{call, import, write_object};
use crate::world::{ACCOUNT, TARGET, World, json, refused};

#[test]
fn a_job_belongs_to_its_caller() {
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
        // Sessions with the same name but another access key are different callers.
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
    // A service that exists but is not in the report.
    assert_eq!(world.entities(&job, "ec2"), [] as [Value; 0]);
}

#[test]
fn a_failed_job_has_the_reason() {
    let world = World::new();
    let job = world.generate(TARGET);
    let error = JobError::new("ServiceFailure", "The report cannot be made.");
    let later = world.now + TimeDelta::milliseconds(750);
    world.operations.fail_job(&job, &error, later).unwrap();
    assert_eq!(
        world.get(&job),
        json!({
            "JobStatus": "FAILED",
            "JobCreationDate": "2026-11-01T00:00:00.250000+00:00",
            "JobCompletionDate": "2026-11-01T00:00:01+00:00",
            "IsTruncated": false,
            "Error": {
                "Message": "The report cannot be made.",
                "Code": "ServiceFailure",
            },
        })
    );
    assert_eq!(world.operations.run_left_jobs(world.now).unwrap(), 0);
}

/// An account of which nothing was imported looks unused, so it has no report.
#[test]
fn jobs_on_accounts_without_activity_fail() {
    let mut world = World::new();
    let message = format!(
        "no CloudTrail activity was imported for account {ACCOUNT}: a report would show everything as unused"
    );
    for is_allowed in [true, false] {
        let store = Arc::new(Store::open(&world.path()).unwrap());
        world.operations = StoredAdvisor::new(store, Catalog::shared(), Tracking::aws())
            .allow_empty_activity(is_allowed);
        let job = world.completed(TARGET);
        let answer = world.get(&job);
        let without = world.operations.accounts_without_activity().unwrap();
        assert_eq!(without, [AccountId::from(ACCOUNT)]);
        let caller = Caller::local();
        let level = Granularity::Service;
        let completed =
            (world.operations).generate_completed(&caller, TARGET, level, world.now, || world.now);
        if is_allowed {
            assert_eq!(answer["JobStatus"], "COMPLETED");
            assert!(completed.is_ok());
        } else {
            let error = json!({"Code": NoActivityError::CODE, "Message": message});
            assert_eq!(answer["JobStatus"], "FAILED");
            assert_eq!(answer["Error"], error);
            assert_eq!(completed.unwrap_err().to_string(), message);
        }
    }
    // Attempts of another account change nothing.
    let record = call(
        "AIDA000000000000OTHER",
        "s3",
        "ListBuckets",
        "2026-10-01T00:00:00Z",
        "1",
    );
    let record = record.to_string().replace(ACCOUNT, "999900001111");
    let records = [serde_json::from_str(&record).unwrap()];
    let file = write_object(&world.folder.path().join("other"), "other", &records);
    import(world.operations.store(), &[file]);
    let job = world.completed(TARGET);
    assert_eq!(world.get(&job)["JobStatus"], "FAILED");

    world.attempt("target", "s3", "ListBuckets", "2026-10-01T00:00:00Z");
    assert_eq!(world.operations.accounts_without_activity().unwrap(), []);
    let job = world.completed(TARGET);
    assert_eq!(world.get(&job)["JobStatus"], "COMPLETED");
}

#[test]
fn errors_have_iams_messages() {
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
        // An ARN that is not IAM's is rejected before its account is compared.
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
    // IAM looks up entities by name, not by path.
    let other_path = "arn:aws:iam::123456789012:user/elsewhere/target";
    let level = Granularity::Service;
    let generated = world
        .operations
        .generate(&caller, other_path, level, world.now);
    generated.unwrap();

    let policies = |arn: &str, namespaces: &[&str]| {
        let namespaces: Vec<String> = namespaces.iter().map(ToString::to_string).collect();
        refused(world.operations.policies(&caller, arn, &namespaces, None))
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
