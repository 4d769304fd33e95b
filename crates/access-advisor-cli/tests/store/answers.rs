//! What a store answers, and what it must have to do so.

use std::fs;

use crate::{ACCOUNT, BRUNO, ERIN, NOW, Store, TRAIL, run, stderr, stdout};

#[test]
fn policies_of_a_store_are_those_of_the_export() {
    let store = Store::filled();
    let arguments = ["policies", BRUNO, "s3", "sqs", "braket"];
    let from_store = store.run(&arguments);
    let from_export = run(&[&arguments[..], &["--account", ACCOUNT]].concat());
    assert_eq!(stdout(&from_store), stdout(&from_export));
    assert_eq!(from_store.status.code(), Some(0));
}

#[test]
fn a_store_that_another_catalog_credited_is_refused() {
    let store = Store::filled();
    let other = store.folder.path().join("catalog.txt");
    let other = other.to_str().unwrap();
    let reference = store.folder.path().join("reference");
    fs::create_dir(&reference).unwrap();
    let services = r#"{"Name": "s3", "Actions": [{"Name": "GetObject", "Resources": []}], "Resources": [],
        "Operations": []}"#;
    fs::write(reference.join("s3.json"), services).unwrap();
    let reference = reference.to_str().unwrap();
    let built = run(&[
        "catalog",
        "build",
        "--service-reference-date",
        "2026-08-22",
        "--service-reference",
        reference,
        "--output",
        other,
    ]);
    assert_eq!(built.status.code(), Some(0), "{}", stderr(&built));
    let job = store.generate(ERIN, &[]);
    let exported = store.folder.path().join("activity.parquet");
    let export = ["activity", "export", "--output", exported.to_str().unwrap()];
    for arguments in [
        &["coverage"][..],
        &export,
        &["get", &job],
        &["import", "trail", TRAIL],
    ] {
        assert_eq!(store.run(arguments).status.code(), Some(0), "{arguments:?}");
        let said = store.failure(&[arguments, &["--catalog", other]].concat());
        assert!(said.contains("was credited by the catalog"), "{said}");
    }
}

/// Commands that answer from files answer the same from a store.
#[test]
fn a_store_answers_as_the_files_that_were_imported() {
    let store = Store::filled();
    let commands: [&[&str]; 5] = [
        &["report", "--granularity", "action", "--tracking", "full"],
        &["findings", "--min-coverage", "10", "--format", "json"],
        &["rightsize", "--all", "--min-coverage", "10"],
        &["explain", BRUNO, "s3:GetObject", "--min-coverage", "10"],
        &["explain", BRUNO, "kms", "--format", "json"],
    ];
    for command in commands {
        let command = [command, &["--now", NOW]].concat();
        let files = run(&[&command[..], &["--account", ACCOUNT, "--trail", TRAIL]].concat());
        let stored = store.run(&command);
        assert_eq!(
            stored.status.code(),
            Some(0),
            "{command:?}: {}",
            stderr(&stored)
        );
        assert_eq!(stdout(&stored), stdout(&files), "{command:?}");
    }
}

#[test]
fn what_a_store_must_have_to_answer() {
    let only_accounts = Store::new();
    only_accounts.run(&["import", "account", ACCOUNT]);
    let report = only_accounts.run(&["report"]);
    assert_eq!(report.status.code(), Some(1));
    assert!(stderr(&report).contains("this store has no activity"));
    let rightsized = only_accounts.run(&["rightsize", "--all"]);
    assert_eq!(rightsized.status.code(), Some(1));
    assert!(stderr(&rightsized).contains("no trail was given"));
    // The policies alone have findings, and can be explained.
    let findings = only_accounts.run(&["findings"]);
    assert_eq!(findings.status.code(), Some(0));
    assert!(stderr(&findings).contains("no trail was given"));
    assert!(stdout(&findings).contains("UnattachedPolicy"));
    let explained = only_accounts.run(&["explain", BRUNO, "s3:GetObject"]);
    assert_eq!(explained.status.code(), Some(0));
    assert!(stdout(&explained).contains("no trail was given"));

    let only_trail = Store::new();
    only_trail.run(&["import", "trail", TRAIL]);
    let findings = only_trail.run(&["findings"]);
    assert_eq!(findings.status.code(), Some(1));
    assert!(stderr(&findings).contains("this store has no account"));

    // A store and files at once would be two answers.
    let both = only_trail.run(&["findings", "--account", ACCOUNT, "--trail", TRAIL]);
    assert_eq!(both.status.code(), Some(2));
    let neither = run(&["findings"]);
    assert_eq!(neither.status.code(), Some(2));

    // Results are not written over the store.
    let over = Store::filled();
    let written = over.run(&["findings", "--now", NOW, "--output", &over.path]);
    assert_eq!(written.status.code(), Some(1));
    assert_eq!(over.run(&["explain", BRUNO, "s3"]).status.code(), Some(0));
}
