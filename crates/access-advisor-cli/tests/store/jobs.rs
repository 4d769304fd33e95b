//! Jobs: made, read page by page, listed and deleted.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::{
    ACCOUNT, AUDITORS, BRUNO, DEVELOPERS, ERIN, NOW, Store, TRAIL, run, stderr, stdout,
    without_clock,
};

#[test]
fn a_job_from_generate_to_get() {
    let store = Store::filled();
    let job = store.generate(ERIN, &["--granularity", "action"]);
    let got = stdout(&store.run(&["get", &job]));
    insta::assert_snapshot!("store_get", without_clock(&got));
    let job = store.generate(DEVELOPERS, &[]);
    let entities = stdout(&store.run(&["entities", &job, "s3"]));
    insta::assert_snapshot!("store_entities", without_clock(&entities));
    assert_eq!(
        store.json(&["entities", &job, "braket"])["EntityDetailsList"],
        Value::Array(vec![])
    );
}

#[test]
fn get_says_what_report_says() {
    let store = Store::filled();
    for (tracking, level) in [("aws", "service"), ("full", "action")] {
        let more = ["--tracking", tracking, "--granularity", level];
        let files = [
            "report",
            "--account",
            ACCOUNT,
            "--trail",
            TRAIL,
            "--now",
            NOW,
        ];
        let report = run(&[&files[..], &["--format", "json"], &more].concat());
        let reports: Value = serde_json::from_slice(&report.stdout).unwrap();
        let (lacking, reports): (Vec<&Value>, Vec<&Value>) = reports["Reports"]
            .as_array()
            .unwrap()
            .iter()
            .partition(|report| report["Arn"] == "arn:aws:iam::aws:policy/SecurityAudit");
        // The export has no document of it: an empty list would look like a policy that grants nothing.
        let refused = store.run(&["generate", lacking[0]["Arn"].as_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(stderr(&refused).contains("was not evaluated"));
        let evaluated = |report: &&Value| report.get("NotEvaluated").is_none();
        for report in reports.into_iter().filter(evaluated).step_by(9) {
            let job = store.generate(report["Arn"].as_str().unwrap(), &more);
            let mut rows = Vec::new();
            let mut answer = store.json(&["get", &job, "--max-items", "150"]);
            loop {
                rows.extend(answer["ServicesLastAccessed"].as_array().unwrap().clone());
                let Some(marker) = answer["Marker"].as_str() else {
                    break;
                };
                answer = store.json(&["get", &job, "--max-items", "150", "--marker", marker]);
            }
            assert_eq!(rows, *report["ServicesLastAccessed"].as_array().unwrap());
            assert_eq!(answer["JobType"], report["JobType"]);
        }
    }
}

#[test]
fn what_was_not_evaluated_is_named() {
    let store = Store::filled();
    let missing = "arn:aws:iam::aws:policy/SecurityAudit";
    let warning = format!(
        "warning: services may be missing: not evaluated: {missing}: the export has no document of it\n"
    );
    let answer = |arguments: &[&str]| -> Value {
        let output = store.run(arguments);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(stderr(&output), warning);
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let job = answer(&["generate", AUDITORS, "--now", NOW]);
    let job = job["JobId"].as_str().unwrap();
    let reason = "the export has no document of it";
    let expected = serde_json::json!([{"Name": missing, "Reason": reason}]);
    assert_eq!(answer(&["get", job])["NotEvaluated"], expected);
    let entities = answer(&["entities", job, "s3"]);
    assert_eq!(entities["NotEvaluated"], expected);
    let listed = stdout(&store.run(&["jobs", "list"]));
    let row: Vec<&str> = listed.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((row[4], row[5]), ("5", "1"), "{listed}");
    let refused = store.failure(&["generate", missing]);
    assert_eq!(
        refused,
        format!("error: the policy was not evaluated: {missing}: {reason}\n")
    );
}

#[test]
fn pages_on_the_command_line() {
    let store = Store::filled();
    let job = store.generate(BRUNO, &[]);
    let all = store.json(&["get", &job]);
    let all = all["ServicesLastAccessed"].as_array().unwrap();
    let first = store.json(&["get", &job, "--max-items", "1"]);
    assert_eq!(first["IsTruncated"], true);
    let marker = first["Marker"].as_str().unwrap();
    let rest = store.json(&["get", &job, "--marker", marker, "--max-items", "1000"]);
    assert_eq!(rest["IsTruncated"], false);
    assert_eq!(first["ServicesLastAccessed"][0], all[0]);
    assert_eq!(rest["ServicesLastAccessed"].as_array().unwrap(), &all[1..]);

    let failure = |more: &[&str]| store.failure(&[&["get", &job], more].concat());
    let constraint = |must: &str| {
        format!(
            "error: 1 validation error detected: Value at 'maxItems' failed to satisfy constraint: \
             Member must have value {must} (ValidationError)\n"
        )
    };
    let low = constraint("greater than or equal to 1");
    assert_eq!(failure(&["--max-items", "0"]), low);
    assert_eq!(failure(&["--max-items", "-3"]), low);
    let high = constraint("less than or equal to 1000");
    assert_eq!(failure(&["--max-items", "1001"]), high);
    assert_eq!(
        failure(&["--marker", "mine"]),
        "error: Invalid Marker. (ValidationError)\n"
    );
    assert_eq!(
        store.failure(&["entities", &job, "s3", "--marker", marker]),
        "error: The marker passed in the request was invalid. (InvalidInput)\n"
    );
}

#[test]
fn a_newer_export_shows_in_new_jobs_and_in_old_jobs_entities() {
    let store = Store::filled();
    let old = store.generate(BRUNO, &[]);
    let before = store.json(&["get", &old]);
    let text = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(ACCOUNT),
    )
    .unwrap();
    let mut export: Value = serde_json::from_str(&text).unwrap();
    let users = export["UserDetailList"].as_array_mut().unwrap();
    let bruno = users.iter_mut().find(|user| user["Arn"] == BRUNO).unwrap();
    let renamed = "arn:aws:iam::111122223333:user/brunello";
    bruno["Arn"] = renamed.into();
    bruno["UserName"] = "brunello".into();
    bruno["Path"] = "/".into();
    let newer = store.folder.path().join("newer.json");
    fs::write(&newer, export.to_string()).unwrap();
    let imported = store.run(&["import", "account", newer.to_str().unwrap()]);
    assert_eq!(imported.status.code(), Some(0));

    assert_eq!(store.json(&["get", &old]), before);
    let entities = store.json(&["entities", &old, "s3"]);
    let info = &entities["EntityDetailsList"][0]["EntityInfo"];
    assert_eq!(info["Arn"], renamed);
    assert_eq!(
        store.failure(&["generate", BRUNO]),
        format!("error: ARN {BRUNO} does not exist. (NoSuchEntity)\n")
    );
    // The activity stays with the user, who has the same id.
    let job = store.generate(renamed, &[]);
    let after = store.json(&["get", &job]);
    let times = |answer: &Value| -> Vec<Value> {
        let rows = answer["ServicesLastAccessed"].as_array().unwrap();
        rows.iter()
            .map(|row| row["LastAuthenticated"].clone())
            .collect()
    };
    assert_eq!(times(&after), times(&before));
}

#[test]
fn jobs_are_listed_and_deleted() {
    let store = Store::filled();
    assert_eq!(
        stdout(&store.run(&["jobs", "list"])).lines().count(),
        1,
        "the header alone"
    );
    let later = ["generate", DEVELOPERS, "--now", "2026-11-02T00:00:00Z"];
    let jobs = [
        store.generate(BRUNO, &["--as", BRUNO, "--granularity", "action"]),
        store.generate(ERIN, &[]),
        store.json(&later)["JobId"].as_str().unwrap().to_owned(),
    ];
    let mut listed = stdout(&store.run(&["jobs", "list"]));
    // Of the same instant, by id.
    let mut lines: Vec<&str> = listed.lines().collect();
    lines[2..].sort_by_key(|line| line.contains("ACTION_LEVEL"));
    listed = lines.join("\n");
    for (number, job) in jobs.iter().enumerate() {
        listed = listed.replace(job, &format!("{:-<36}", format!("JOB-{number}")));
    }
    insta::assert_snapshot!("store_jobs", listed);

    let deleted = store.run(&["jobs", "delete", &jobs[0], &jobs[1]]);
    assert_eq!(deleted.status.code(), Some(0));
    assert_eq!((stdout(&deleted), stderr(&deleted)), Default::default());
    assert_eq!(stdout(&store.run(&["jobs", "list"])).lines().count(), 2);
    let not_found = format!("error: Job {} does not exist. (NoSuchEntity)\n", jobs[1]);
    assert_eq!(store.failure(&["jobs", "delete", &jobs[1]]), not_found);
    assert_eq!(store.failure(&["get", &jobs[1]]), not_found);
    store.json(&["get", &jobs[2]]);

    // By age, of all callers.
    store.generate(BRUNO, &["--as", BRUNO]);
    for (age, deleted) in [("1d", 0), ("0m", 2)] {
        let said = store.run(&["jobs", "delete", "--older-than", age]);
        assert_eq!(said.status.code(), Some(0));
        assert_eq!(stderr(&said), format!("deleted {deleted} jobs\n"));
    }
    for wrong in ["", "d", "-1d", "1y", "9999999999999999d"] {
        let said = store.run(&["jobs", "delete", "--older-than", wrong]);
        assert_eq!(said.status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn a_job_is_read_by_who_asked_for_it() {
    let store = Store::filled();
    let session = "arn:aws:sts::111122223333:assumed-role/pipeline-runner/build";
    let job = store.generate(ERIN, &["--as", session]);
    store.json(&["get", &job, "--as", session]);
    store.json(&["entities", &job, "s3", "--as", session]);
    let not_found = format!("error: Job {job} does not exist. (NoSuchEntity)\n");
    for other in [
        "arn:aws:sts::111122223333:assumed-role/pipeline-runner/other",
        ERIN,
    ] {
        assert_eq!(store.failure(&["get", &job, "--as", other]), not_found);
        assert_eq!(
            store.failure(&["entities", &job, "s3", "--as", other]),
            not_found
        );
    }
    assert_eq!(store.failure(&["get", &job]), not_found);
    let partner = "arn:aws:iam::444455556666:user/ines";
    assert_eq!(
        store.failure(&["generate", ERIN, "--as", partner]),
        format!(
            "error: User: {partner} is not authorized to perform the operation on {ERIN} \
             (AccessDenied)\n"
        )
    );
    let nobody = store.run(&["get", &job, "--as", DEVELOPERS]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(stderr(&nobody).contains("not the ARN of a user or of a role session"));
}

#[test]
fn failures_say_what_to_do() {
    let store = Store::new();
    let job = "x".repeat(36);
    let missing = "error: FOLDER/advisor.db: no such store; `access-advisor import` creates one\n";
    for arguments in [
        &["generate", ERIN][..],
        &["get", &job],
        &["entities", &job, "s3"],
        &["policies", ERIN, "s3"],
        &["jobs", "list"],
        &["jobs", "delete", &job],
    ] {
        assert_eq!(store.failure(arguments), missing, "{arguments:?}");
    }
    assert!(!Path::new(&store.path).exists());

    assert_eq!(
        store.failure(&["import", "account", "nowhere.json"]),
        "error: nowhere.json: No such file or directory (os error 2)\n"
    );
    assert!(
        store
            .failure(&["import", "trail", "nowhere"])
            .starts_with("error: nowhere: No such file or directory")
    );
    fs::write(&store.path, "hello").unwrap();
    assert_eq!(
        store.failure(&["import", "account", ACCOUNT]),
        "error: FOLDER/advisor.db: not a store of access-advisor\n"
    );
    let wrong = store.run(&["get"]);
    assert_eq!(wrong.status.code(), Some(2));
}
