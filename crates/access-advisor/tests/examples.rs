//! Runs the programs of `examples/` on the test data, and compares what they print.
#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used)]

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use access_advisor::arrow::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

const ACCOUNT: &str = "testdata/account.json";
const TRAIL: &str = "testdata/trail";
const NOW: &str = "2026-11-01T00:00:00Z";

/// Cargo builds examples beside the folder of test programs.
fn program(name: &str) -> PathBuf {
    let this = std::env::current_exe().unwrap();
    let folder = this.parent().unwrap().parent().unwrap().join("examples");
    folder.join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

fn run(name: &str, arguments: &[&str], input: &str) -> String {
    let mut child = Command::new(program(name))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{name}: {error}; `cargo test --examples` builds it"));
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(input.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name}: {stderr}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn unused_services_by_role() {
    let printed = run("unused_services", &[ACCOUNT, TRAIL, NOW], "");
    insta::assert_snapshot!("unused_services", printed);
}

#[test]
fn an_organization_to_parquet() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("access.parquet");
    let arguments = [file.to_str().unwrap(), NOW, TRAIL, ACCOUNT];
    assert_eq!(
        run("organization_to_parquet", &arguments, ""),
        "30 reports written\n"
    );
    let table = ParquetRecordBatchReaderBuilder::try_new(File::open(&file).unwrap()).unwrap();
    assert!(table.schema().index_of("service_namespace").is_ok());
    let batches = table.build().unwrap();
    let rows: usize = batches.map(|batch| batch.unwrap().num_rows()).sum();
    assert!(rows > 30, "{rows}");
}

#[test]
fn events_of_an_own_source() {
    let role = "arn:aws:iam::111122223333:role/idle-worker";
    let lines = format!(
        "2026-10-29T12:00:00Z {role} sqs SendMessage eu-west-1\n\
         2026-10-30T12:00:00Z {role} sqs SendMessage eu-west-1\n\
         2026-10-30T13:00:00Z {role} s3 GetObject eu-west-1\n"
    );
    assert_eq!(
        run("own_events", &[ACCOUNT, NOW], &lines),
        format!("{role} s3 2026-10-30T13:00:00+00:00\n{role} sqs 2026-10-30T12:00:00+00:00\n")
    );
}

#[test]
fn jobs_in_a_store() {
    let folder = tempfile::tempdir().unwrap();
    let store = folder.path().join("advisor.db");
    let erin = "arn:aws:iam::111122223333:user/erin";
    let printed = run(
        "jobs_in_a_store",
        &[store.to_str().unwrap(), ACCOUNT, TRAIL, erin],
        "",
    );
    insta::assert_snapshot!("jobs_in_a_store", printed);
}

#[test]
fn policies_that_grant_what_is_used() {
    let bruno = "arn:aws:iam::111122223333:user/engineering/bruno";
    let printed = run("policies_granting", &[ACCOUNT, TRAIL, bruno], "");
    insta::assert_snapshot!("policies_granting", printed);
}
