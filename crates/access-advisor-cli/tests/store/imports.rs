//! Imports of accounts and trails.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::{ACCOUNT, ERIN, Store, TRAIL, stderr, stdout};

#[test]
fn imports_say_what_they_took() {
    let store = Store::new();
    let mut said = String::new();
    for arguments in [
        ["import", "account", ACCOUNT],
        ["import", "trail", TRAIL],
        // Once more: a new snapshot of the account, and nothing new of the trail.
        ["import", "account", ACCOUNT],
        ["import", "trail", TRAIL],
    ] {
        let output = store.run(&arguments);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(stdout(&output), "");
        said.push_str(&format!("$ {}\n{}", arguments.join(" "), stderr(&output)));
    }
    insta::assert_snapshot!("store_imports", said);
}

#[test]
fn a_folder_of_exports_is_imported() {
    let store = Store::new();
    let exports = store.folder.path().join("exports");
    fs::create_dir(&exports).unwrap();
    let export = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(ACCOUNT);
    fs::copy(export, exports.join("111122223333.json")).unwrap();
    let taken = store.run(&["import", "account", exports.to_str().unwrap()]);
    assert_eq!(taken.status.code(), Some(0));
    assert!(stderr(&taken).ends_with("imported account 111122223333\n"));
}

#[test]
fn a_first_import_that_fails_leaves_no_store_behind() {
    let store = Store::new();
    let write = |name: &str, text: &str| {
        let file = store.folder.path().join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let bad = write("bad.json", r#"{"UserDetailList": ["#);
    let nobody = write("nobody.json", r#"{"UserDetailList": []}"#);
    let malformed = write("malformed.json", r#"{"Records": [{"eventTime": 1}]}"#);
    let cut = write("cut.json", r#"{"Records": [{"eventTime": "2026"#);
    let empty = store.folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    for (arguments, says) in [
        (["import", "account", &bad], "bad.json: "),
        (
            ["import", "account", &nobody],
            "no user, group, role or policy of an account",
        ),
        (["import", "account", "/nope"], "/nope: No such file"),
        (["import", "trail", "/nope"], "/nope: No such file"),
        (["import", "trail", empty.to_str().unwrap()], "empty: "),
        (
            ["import", "trail", &malformed],
            "none of its records can be used",
        ),
        (["import", "trail", &cut], "none of the trail could be read"),
    ] {
        let said = store.failure(&arguments);
        assert!(said.contains(says), "{said}");
        for suffix in ["", "-wal", "-shm"] {
            let file = format!("{}{suffix}", store.path);
            assert!(!Path::new(&file).exists(), "{arguments:?}: {file}");
        }
    }
    // And one that is there stays as it is.
    let taken = store.run(&["import", "account", ACCOUNT]);
    assert_eq!(taken.status.code(), Some(0));
    store.failure(&["import", "account", &bad]);
    store.generate(ERIN, &["--allow-empty-activity"]);
}

/// The names of records from the future are never forgotten, so whoever imports is told the way out, each time.
#[test]
fn records_from_the_future_need_a_new_store() {
    let store = Store::new();
    let record = |time: &str| {
        json!({
            "eventTime": time, "eventSource": "ec2.amazonaws.com", "eventName": "RunInstances",
            "awsRegion": "eu-west-1", "eventType": "AwsApiCall",
            "userIdentity": {"type": "IAMUser", "principalId": "AIDAEXAMPLE0000000001"},
        })
    };
    let records = ["2026-10-01T10:00:00Z", "2999-01-01T00:00:00Z"].map(record);
    let file = store.folder.path().join("trail.json");
    fs::write(&file, json!({ "Records": records }).to_string()).unwrap();
    for _ in 0..2 {
        let said = store.run(&["import", "trail", file.to_str().unwrap()]);
        assert_eq!(said.status.code(), Some(3));
        let warning = "trail.json. Import them whole, from the same place. One with records from the future is not read again: when \
                       their time has come, import the trail into a new store\n";
        assert!(stderr(&said).contains(warning), "{}", stderr(&said));
    }
}

#[test]
fn what_is_missing_is_said_and_strict_fails() {
    let store = Store::new();
    assert_eq!(
        store.run(&["import", "trail", TRAIL]).status.code(),
        Some(0)
    );
    let file = store.folder.path().join("events.jsonl");
    let path = file.to_str().unwrap();
    fs::write(&file, r#"{"Records": [{"eventTime": 1}]}"#).unwrap();
    // Not remembered as imported.
    for _ in 0..2 {
        let said = store.failure(&["import", "trail", path]);
        assert!(said.contains("MALFORMED"), "{said}");
    }
    fs::write(
        &file,
        r#"{"Records": [{"eventType": "AwsServiceEvent"}, {"eventTime": 1}]}"#,
    )
    .unwrap();
    let said = store.run(&["import", "trail", path]);
    assert_eq!(said.status.code(), Some(3));
    assert!(stderr(&said).contains("MALFORMED"), "{}", stderr(&said));
    fs::write(&file, "{}\n{}\n").unwrap();
    let said = store.run(&["import", "trail", path]);
    assert_eq!(said.status.code(), Some(3));
    let warning = "was imported before with other content, which is counted already and cannot be taken out; it was \
                   not read again. To count what it holds now, import everything into a new store";
    assert!(stderr(&said).contains(warning), "{}", stderr(&said));
    let strict = store.failure(&["import", "trail", "--strict", path]);
    let changed = "error: --strict: 1 imported objects have changed and were not read again, 2 log files or other objects were not read whole; \
                   the rest is imported\n";
    assert!(strict.ends_with(changed), "{strict}");
    // Whoever asks the store later must know.
    let said = store.run(&["coverage", "--format", "json"]);
    assert_eq!(said.status.code(), Some(3));
    assert!(stderr(&said).contains("2 log files or other objects were not read whole"));
}
