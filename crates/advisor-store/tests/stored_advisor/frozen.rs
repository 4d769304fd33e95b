//! What a job freezes when it is generated, and what its answers look up when they are read.

use advisor_core::{Caller, Granularity, JobId, PageRequest};
use serde_json::{Value, json};

use crate::support::count;
use crate::world::{TARGET, TEAM, World, namespaces, refused, rows};

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
    // The data that was kept for the jobs is deleted.
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
    // The user leaves the group after the job was generated.
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
    // All attempts are earlier than all jobs. What a job lacks was imported after it was generated.
    let jobs = [
        (world.generate(TARGET), used(None, None)),
        {
            world.attempt("target", "s3", "ListBuckets", "2026-10-02T00:00:00Z");
            let known = used(Some("2026-10-02T00:00:00+00:00"), None);
            (world.generate(TARGET), known)
        },
        {
            // An earlier attempt, which changes only the time of the first one.
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
fn old_jobs_show_new_names() {
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
fn deleted_entities_leave_old_jobs_but_their_reports_remain() {
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
    // The user existed when the job was generated: the report is there, without entities.
    world.run(&in_progress);
    assert_eq!(rows(&world.get(&in_progress)), rows(&report));
    assert_eq!(world.entities(&in_progress, "s3"), [] as [Value; 0]);

    // A new user of the same name is a different user.
    world.change("CreateUser", &json!({"UserName": "target", "Path": "/t/"}));
    world.join_team("target");
    world.import();
    assert_eq!(world.entities(&own, "s3"), [] as [Value; 0]);
    assert_eq!(world.entity_names(&team, "sqs"), ["other"]);
    assert_eq!(namespaces(&world.get(&world.completed(TARGET))), ["sqs"]);
}

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz";

/// Which lengths of Region, account and resource are denied encodes a formula that takes too long to decide.
#[test]
fn what_is_undecided_stays_known() {
    let mut world = World::new();
    let resources: Vec<String> = (0..60_usize)
        .map(|index| {
            let marks = |factor: usize| "?".repeat(index * factor % 11);
            format!("arn:*:*:{}*:{}:*{}x*", marks(3), marks(5), marks(7))
        })
        .collect();
    let mut statements: Vec<Value> = (0..12_usize)
        .map(|index| {
            let letters: Vec<&str> = (0..30)
                .map(|at| ALPHABET.split_at((at * (2 * index + 1) + index * 7) % 26).1)
                .map(|rest| rest.split_at(1).0)
                .collect();
            let but = [
                format!("*{}*", letters.join("*")),
                format!("*:{}*", "?".repeat(index)),
            ];
            json!({"Effect": "Deny", "Action": "*", "NotResource": but})
        })
        .collect();
    statements
        .push(json!({"Effect": "Allow", "Action": "*", "Resource": ["arn:*:*s*a*:*", "*:*"]}));
    statements.push(json!({"Effect": "Deny", "Action": "*", "Resource": resources}));
    let document = json!({"Version": "2012-10-17", "Statement": statements});
    world.change(
        "PutUserPolicy",
        &json!({"UserName": "target", "PolicyName": "p", "PolicyDocument": document}),
    );
    world.import();
    let store = world.operations.store();
    let undecided = |id: &JobId| {
        let listed = store.jobs().unwrap();
        let of = listed.iter().find(|summary| summary.job.id == *id).unwrap();
        let caller = Caller::local();
        let request = PageRequest::default();
        let answer = (world.operations).services(&caller, id.as_str(), request);
        let answer = answer.unwrap();
        assert_eq!(answer.undecided() as u64, of.undecided);
        answer.undecided()
    };
    let job = world.completed(TARGET);
    let number = undecided(&job);
    assert!(number > 0);
    let at_once = world.operations.generate_completed(
        &Caller::local(),
        TARGET,
        Granularity::Service,
        world.now,
        || world.now,
    );
    assert_eq!(undecided(&at_once.unwrap()), number);
    // Not in what AWS's clients read, and zero for other jobs.
    assert_eq!(world.get(&job).get("Undecided"), None);
    assert_eq!(undecided(&world.completed(TEAM)), 0);
}
