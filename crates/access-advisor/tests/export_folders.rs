//! Folders of account exports.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use access_advisor::account::{LoadError, load_account_data, read_exports};

/// An export with one role in an account.
fn export(account: &str) -> String {
    format!(
        r#"{{"RoleDetailList": [{{"Arn": "arn:aws:iam::{account}:role/r", "RoleName": "r", "RoleId": "AROA{account}"}}]}}"#
    )
}

#[test]
fn a_folder_stands_for_the_exports_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    fs::create_dir(file("b")).unwrap();
    fs::write(file("b/222222222222.json"), export("222222222222")).unwrap();
    fs::write(file("111111111111.json"), export("111111111111")).unwrap();
    fs::write(file("notes.txt"), "not an export").unwrap();

    let exports = read_exports(&[folder.path()]).unwrap();
    let expected = [
        ("111111111111.json", export("111111111111")),
        ("b/222222222222.json", export("222222222222")),
    ]
    .map(|(name, text)| (file(name).display().to_string(), text));
    assert_eq!(exports, expected);

    let account = load_account_data(&[folder.path()]).unwrap();
    let accounts = account.accounts();
    let ids: Vec<&str> = accounts
        .iter()
        .map(access_advisor::account::AccountId::as_str)
        .collect();
    assert_eq!(ids, ["111111111111", "222222222222"]);
}

#[test]
fn a_folder_without_exports_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "not an export").unwrap();
    let is_named = |path: &Path| path == folder.path();
    match read_exports(&[folder.path()]) {
        Err(LoadError::NoExports { path }) => assert!(is_named(&path), "{path:?}"),
        other => panic!("{other:?}"),
    }
}
