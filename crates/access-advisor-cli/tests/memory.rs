//! The memory of reports on many identities does not grow with the reports.
#![cfg(target_os = "linux")]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

const IDENTITIES: usize = 10_000;
/// The reports are some 400 MB of JSON. Reading the account and the catalog takes 100 MiB.
const MOST_MIB: u64 = 200;

/// Peak memory in MiB of a command, and what it wrote in bytes.
fn measured(command: &mut Command) -> u64 {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0;
    loop {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(kib.unwrap_or(0));
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success(), "{status}");
            return peak / 1_024;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn reports_on_many_identities_take_little_memory() {
    let folder = tempfile::tempdir().unwrap();
    let policy = "arn:aws:iam::111122223333:policy/p";
    let roles = (0..IDENTITIES).map(|number| {
        json!({
            "Path": "/", "RoleName": format!("r{number}"), "RoleId": format!("AROA{number:017}"),
            "Arn": format!("arn:aws:iam::111122223333:role/r{number}"), "CreateDate": "2020-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": {}, "InstanceProfileList": [], "RolePolicyList": [],
            "AttachedManagedPolicies": [{"PolicyName": "p", "PolicyArn": policy}],
        })
    });
    let roles: Vec<Value> = roles.collect();
    let document = json!({"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Action": ["s3:*", "sqs:*", "ec2:*", "sns:*", "kms:*", "iam:*"], "Resource": "*"}]});
    let account = json!({"UserDetailList": [], "GroupDetailList": [], "RoleDetailList": roles, "Policies": [{
        "PolicyName": "p", "PolicyId": "ANPA00000000000000001", "Arn": policy, "Path": "/", "DefaultVersionId": "v1",
        "PolicyVersionList": [{"VersionId": "v1", "IsDefaultVersion": true, "Document": document}],
    }]});
    fs::write(folder.path().join("account.json"), account.to_string()).unwrap();
    let record = json!({
        "eventVersion": "1.11", "eventTime": "2026-10-01T10:00:00Z", "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets", "awsRegion": "eu-west-1", "eventType": "AwsApiCall",
        "eventID": "00000000-0000-4000-8000-000000000000", "recipientAccountId": "111122223333",
        "userIdentity": {"type": "AssumedRole", "principalId": "AROA00000000000000001:s",
            "arn": "arn:aws:sts::111122223333:assumed-role/r1/s", "accountId": "111122223333"},
    });
    fs::write(
        folder.path().join("trail.json"),
        json!({"Records": [record]}).to_string(),
    )
    .unwrap();
    for format in ["table", "jsonl", "csv"] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_access-advisor"));
        command.current_dir(folder.path()).args([
            "report",
            "--account",
            "account.json",
            "--trail",
            "trail.json",
            "--now",
            "2026-11-01T00:00:00Z",
            "--format",
            format,
        ]);
        let mib = measured(&mut command);
        println!("{format}: {mib} MiB");
        assert!(mib < MOST_MIB, "{format}: {mib} MiB");
    }
}
