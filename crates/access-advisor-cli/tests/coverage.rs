//! `access-advisor coverage`: what it prints of a known coverage.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::fs::File;
use std::path::Path;

use access_advisor::activity::{
    Activity, Attempt, Coverage, CreditedAction, DaySet, Digest, EventCategory, ListedLogFile,
    Principal,
};
use access_advisor::parquet::write_activity;
use assert_cmd::Command;

const ACCOUNT: &str = "111122223333";

fn coverage() -> Coverage {
    let mut coverage = Coverage::new();
    let first = DaySet::parse("2025-11-20").unwrap();
    for day in first..first + 90 {
        // A gap of three weeks.
        if !(40..61).contains(&(day - first)) {
            coverage.see_record(ACCOUNT, "us-east-1", EventCategory::ManagementRead, day);
            let name = format!("111122223333_CloudTrail_us-east-1_{day}.json.gz");
            coverage.see_log_file(ACCOUNT, "us-east-1", day, &name, &[]);
        }
        if day % 7 < 5 {
            coverage.see_record(ACCOUNT, "us-east-1", EventCategory::ManagementWrite, day);
        }
        if day - first >= 60 {
            let objects = EventCategory::DataRead("AWS::S3::Object");
            coverage.see_record(ACCOUNT, "eu-central-1", objects, day);
        }
        if day % 13 == 0 {
            let vpc = EventCategory::NetworkActivity;
            coverage.see_record("444455556666", "ap-southeast-2", vpc, day);
        }
    }
    let [start, end] = [first + 30, first + 50].map(DaySet::start_of);
    let listed: Vec<String> = (0..12)
        .map(|number| format!("missing-{number:02}.json.gz"))
        .collect();
    let delivered = first + 35;
    let listed = listed.iter().map(|name| ListedLogFile {
        name,
        delivered,
        first_day: delivered,
        last_day: delivered,
    });
    let digest = Digest {
        account: ACCOUNT,
        region: "us-east-1",
        trail: "main_us-east-1",
        start_millis: start,
        end_millis: end,
    };
    coverage.see_digest(digest, listed);
    coverage.see_catalog("0123456789abcdef".parse().unwrap());
    coverage
}

fn write(path: &Path, coverage: &Coverage) {
    let mut activity = Activity::new();
    activity.record(&Attempt {
        principal: Principal {
            unique_id: Some("AIDAEXAMPLE0000000001"),
            arn: None,
            account: Some(ACCOUNT),
        },
        service: "s3",
        action: CreditedAction::Action("ListAllMyBuckets"),
        region: "us-east-1",
        time_millis: DaySet::start_of(DaySet::parse("2025-11-20").unwrap()),
        event_id: "e",
        denied: false,
    });
    activity.coverage_mut().merge(coverage);
    write_activity(File::create(path).unwrap(), &activity).unwrap();
}

fn run(path: &Path, columns: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_access-advisor"))
        .env("COLUMNS", columns)
        .arg("coverage")
        .arg(path)
        .args(arguments)
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn succeed(path: &Path, columns: &str, arguments: &[&str]) -> String {
    let (status, stdout, stderr) = run(path, columns, arguments);
    assert_eq!(status, Some(0), "{stderr}");
    stdout
}

/// What is printed of a coverage with missing log files.
fn incomplete(path: &Path, columns: &str, arguments: &[&str]) -> String {
    let (status, stdout, stderr) = run(path, columns, arguments);
    assert_eq!(status, Some(3), "{stderr}");
    stdout
}

#[test]
fn the_map_fits_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("activity.parquet");
    let mut known = coverage();
    // The file must not be of another catalog than the program's.
    known = serde_json::from_str(
        &serde_json::to_string(&known)
            .unwrap()
            .replace(r#""Catalogs":["0123456789abcdef"],"#, ""),
    )
    .unwrap();
    write(&file, &known);
    for columns in ["80", "120"] {
        let map = incomplete(&file, columns, &[]);
        let width = map.lines().map(|line| line.chars().count()).max().unwrap();
        assert!(width <= columns.parse().unwrap(), "{map}");
        insta::assert_snapshot!(format!("coverage_map_{columns}"), map);
    }
    insta::assert_snapshot!(
        "coverage_csv",
        incomplete(&file, "80", &["--format", "csv"])
    );
    insta::assert_snapshot!(
        "coverage_json",
        incomplete(&file, "80", &["--format", "json"])
    );

    known.see_unknown_source();
    write(&file, &known);
    let map = incomplete(&file, "80", &[]);
    assert!(map.ends_with("Its coverage is unknown.\n"), "{map}");
}

#[test]
fn a_store_covers_what_its_files_cover() {
    let folder = tempfile::tempdir().unwrap();
    let [file, store] = ["activity.parquet", "advisor.db"].map(|name| folder.path().join(name));
    let mut known = Coverage::new();
    let day = DaySet::parse("2026-02-01").unwrap();
    known.see_record(ACCOUNT, "us-east-1", EventCategory::ManagementRead, day);
    write(&file, &known);
    let program = || Command::new(env!("CARGO_BIN_EXE_access-advisor"));
    let imported = program()
        .args(["import", "trail"])
        .arg(&file)
        .arg("--store")
        .arg(&store)
        .output();
    assert!(imported.unwrap().status.success());
    let shown = program()
        .args(["coverage", "--format", "csv", "--store"])
        .arg(&store)
        .output()
        .unwrap();
    assert_eq!(
        String::from_utf8(shown.stdout).unwrap(),
        succeed(&file, "80", &["--format", "csv"])
    );
}

#[test]
fn a_file_of_another_catalog_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("activity.parquet");
    write(&file, &coverage());
    let (status, stdout, stderr) = run(&file, "80", &[]);
    assert_eq!((status, stdout.as_str()), (Some(1), ""), "{stderr}");
    let ours = access_advisor::catalog::Catalog::embedded()
        .fingerprint()
        .to_string();
    assert!(
        stderr.contains("0123456789abcdef") && stderr.contains(&ours),
        "{stderr}"
    );
}
