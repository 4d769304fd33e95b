//! The command line as people use it: whole outputs, exit statuses, and what stderr says. Here: reports and policies.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod catalog;
mod help;
mod input;
#[cfg(unix)]
mod interruption;
mod output;

use std::path::Path;
use std::process::Output;

use access_advisor::catalog::Catalog;
use assert_cmd::Command;
use serde_json::Value;

const ACCOUNT: &str = "testdata/account.json";
const TRAIL: &str = "testdata/trail";
const NOW: &str = "2026-11-01T00:00:00Z";
const BRUNO: &str = "arn:aws:iam::111122223333:user/engineering/bruno";

fn run(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Command::new(env!("CARGO_BIN_EXE_access-advisor"))
        .current_dir(root)
        .args(arguments)
        .output()
        .unwrap()
}

/// A report on the test account.
const REPORT: [&str; 7] = [
    "report",
    "--account",
    ACCOUNT,
    "--trail",
    TRAIL,
    "--now",
    NOW,
];

fn report(more: &[&str]) -> Output {
    run(&[&REPORT[..], more].concat())
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_readmes_first_command() {
    let output = report(&[]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!("report_table", stdout(&output));
    insta::assert_snapshot!("report_stderr", stderr(&output));
}

#[test]
fn one_identity_with_its_actions() {
    let table = report(&["--arn", BRUNO, "--granularity", "action"]);
    insta::assert_snapshot!("bruno_actions_table", stdout(&table));
    let json = report(&[
        "--arn",
        BRUNO,
        "--granularity",
        "ACTION_LEVEL",
        "--format",
        "json",
    ]);
    let catalog = Catalog::embedded().fingerprint().to_string();
    let json = stdout(&json).replace(&catalog, "[fingerprint]");
    insta::assert_snapshot!("bruno_actions_json", json);
}

#[test]
fn all_formats_have_the_same_rows() {
    let json: Value = serde_json::from_str(&stdout(&report(&["--format", "json"]))).unwrap();
    let reports = json["Reports"].as_array().unwrap();
    assert_eq!(reports.len(), 30);

    let lines = stdout(&report(&["--format", "jsonl"]));
    let mut lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let last = lines.pop().unwrap();
    assert_eq!(&lines, reports);
    let expected = serde_json::json!({"Coverage": json["Coverage"], "Catalog": json["Catalog"]});
    assert_eq!(last, expected);

    let csv = stdout(&report(&["--format", "csv"]));
    let rows = |report: &Value, list: &str| report[list].as_array().map_or(0, Vec::len);
    let services: usize = reports
        .iter()
        .map(|r| {
            rows(r, "ServicesLastAccessed")
                + rows(r, "UngrantedServicesUsed")
                + rows(r, "UnknownEventSources")
        })
        .sum();
    assert_eq!(csv.lines().count(), 1 + reports.len() + services);

    let arns: Vec<&str> = reports
        .iter()
        .map(|report| report["Arn"].as_str().unwrap())
        .collect();
    assert!(arns.is_sorted());
    for report in reports {
        let namespaces: Vec<&str> = report["ServicesLastAccessed"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["ServiceNamespace"].as_str().unwrap())
            .collect();
        assert!(namespaces.is_sorted());
    }
}

#[test]
fn csv_of_one_identity() {
    let erin = "arn:aws:iam::111122223333:user/erin";
    insta::assert_snapshot!(
        "erin_csv",
        stdout(&report(&["--arn", erin, "--format", "csv"]))
    );
}

#[test]
fn several_arns_are_sorted_and_each_is_reported_once() {
    let output = report(&[
        "--arn",
        "arn:aws:iam::111122223333:user/flora",
        "--arn",
        BRUNO,
        "--arn",
        // IAM looks up entities by name, not by path.
        "arn:aws:iam::111122223333:user/bruno",
        "--format",
        "jsonl",
    ]);
    let arns: Vec<String> = stdout(&output)
        .lines()
        .filter_map(|line| {
            let report: Value = serde_json::from_str(line).unwrap();
            Some(report["Arn"].as_str()?.to_owned())
        })
        .collect();
    assert_eq!(arns, [BRUNO, "arn:aws:iam::111122223333:user/flora"]);
}

#[test]
fn policies_granting_access() {
    let arguments = [
        "policies",
        BRUNO,
        "s3",
        "sqs",
        "s3",
        "glue",
        "--account",
        ACCOUNT,
    ];
    insta::assert_snapshot!("policies_json", stdout(&run(&arguments)));

    for (arn, namespaces, message) in [
        (
            BRUNO,
            &["S3", "s3", "IAM"][..],
            "Invalid service namespace: [S3, IAM]",
        ),
        (
            "arn:aws:iam::111122223333:user/nobody",
            &["s3"],
            "ARN arn:aws:iam::111122223333:user/nobody does not exist.",
        ),
        (
            "arn:aws:iam::111122223333:policy/GuardRails",
            &["s3"],
            "Invalid Entity Arn: arn:aws:iam::111122223333:policy/GuardRails is not supported.",
        ),
        (
            "arn:aws:iam::111122223333:root",
            &["s3"],
            "Could not extract entity from ARN : arn:aws:iam::111122223333:root",
        ),
    ] {
        let mut arguments = vec!["policies", arn];
        arguments.extend(namespaces);
        arguments.extend(["--account", ACCOUNT]);
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(1), "{arn}");
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
}

/// A real export and a real trail, of two different accounts.
#[test]
fn real_account_and_trail() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !data.is_dir() {
        eprintln!("skipped: ../shared is not there");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let account = folder.path().join("account.json");
    let export = std::process::Command::new("xz")
        .args(["-dkc"])
        .arg(data.join("account-export-200611803367.json.xz"))
        .output()
        .unwrap();
    std::fs::write(&account, export.stdout).unwrap();
    let unpacked = std::process::Command::new("tar")
        .arg("-xf")
        .arg(data.join("cloudtrail-attack-simulation-2023-07.tar.xz"))
        .arg("-C")
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(unpacked.success());
    let output = run(&[
        "report",
        "--account",
        account.to_str().unwrap(),
        "--trail",
        folder.path().join("CloudTrail").to_str().unwrap(),
        "--now",
        "2023-07-11T00:00:00Z",
        "--granularity",
        "action",
        "--format",
        "jsonl",
    ]);
    // The export and the trail are of different accounts.
    assert_eq!(output.status.code(), Some(3), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("2900 records = 2821 attributed + 79 set aside"),
        "{said}"
    );
    assert!(
        said.contains("none of the 11 users and roles in the trail is in the account"),
        "{said}"
    );
    let reports: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|report| report.get("Coverage").is_none())
        .collect();
    assert_eq!(reports.len(), 187);
    assert!(reports.iter().all(|report| {
        let rows = report["ServicesLastAccessed"].as_array().unwrap();
        rows.iter()
            .all(|row| row["TotalAuthenticatedEntities"] == 0)
    }));
    // Two privilege escalation scenarios of the training account, by hand.
    let namespaces = |name: &str| -> Vec<&str> {
        let arn = format!("arn:aws:iam::200611803367:user/{name}");
        let report = reports.iter().find(|report| report["Arn"] == arn).unwrap();
        let rows = report["ServicesLastAccessed"].as_array().unwrap();
        rows.iter()
            .map(|row| row["ServiceNamespace"].as_str().unwrap())
            .collect()
    };
    assert_eq!(namespaces("fn1-privesc3-partial-user"), ["ec2", "iam"]);
}
