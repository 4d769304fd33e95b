//! `access-advisor explain`: what it prints of the test account, and which questions it refuses.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::path::Path;

use assert_cmd::Command;
use serde_json::{Value, json};

const ACCOUNT: &str = "testdata/account.json";
const IAM: &str = "arn:aws:iam::111122223333:";

/// The exit status, stdout and stderr.
fn run(entity: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_access-advisor"))
        .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
        .args(["explain", entity])
        .args(arguments)
        .args(["--account", ACCOUNT])
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

fn explain(entity: &str, arguments: &[&str]) -> String {
    let (status, stdout, stderr) = run(&format!("{IAM}{entity}"), arguments);
    assert_eq!(status, Some(0), "{stderr}");
    stdout
}

const TRAIL: [&str; 4] = ["--trail", "testdata/trail", "--now", "2026-11-01T00:00:00Z"];

#[test]
fn granted_and_narrowed() {
    let with_trail = |action| [&[action][..], &TRAIL].concat();
    let bruno = "user/engineering/bruno";
    insta::assert_snapshot!("by_groups", explain(bruno, &with_trail("s3:GetObject")));
    insta::assert_snapshot!("service", explain(bruno, &with_trail("kms")));
    insta::assert_snapshot!("narrowed", explain("user/ada", &with_trail("s3:PutObject")));
    insta::assert_snapshot!("variables", explain("user/erin", &["s3:GetObject"]));
    insta::assert_snapshot!(
        "policy",
        explain(
            "policy/engineering/DeveloperAccess",
            &with_trail("s3:PutObject")
        )
    );
}

#[test]
fn not_granted() {
    let deployer = "user/automation/ci-deployer";
    insta::assert_snapshot!("other_kind", explain(deployer, &["s3:GetObject"]));
    let bruno = "user/engineering/bruno";
    insta::assert_snapshot!("denied", explain(bruno, &["kms:Decrypt"]));
    let objects = ["--resource", "arn:aws:s3:::larkfield-payroll/2026.csv"];
    let payroll = explain("user/ada", &[&["s3:GetObject"][..], &objects].concat());
    insta::assert_snapshot!("denied_object", payroll);
    let nothing = explain("user/flora", &["s3"]);
    assert!(
        nothing.contains("s3 is NOT granted: no statement allows it"),
        "{nothing}"
    );
    let bucket = ["s3:GetObject", "--resource", "arn:aws:s3:::larkfield-dev"];
    let bucket = explain(bruno, &bucket);
    assert!(
        bucket.contains("the action cannot apply to this resource"),
        "{bucket}"
    );
}

#[test]
fn denied_uses_are_said() {
    let arguments = [&["s3:PutBucketPolicy"][..], &TRAIL].concat();
    let text = explain("user/engineering/bruno", &arguments);
    assert!(text.contains(". All attempts were denied\n"), "{text}");
    assert!(text.contains("yes (1 of 1 attempt)"), "{text}");
    let arguments = [&arguments[..], &["--format", "json"]].concat();
    let explanation = explain("user/engineering/bruno", &arguments);
    let explanation: Value = serde_json::from_str(&explanation).unwrap();
    let last = &explanation["LastUses"][0];
    assert_eq!(
        (&last["Attempts"], &last["DeniedAttempts"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(last["LastAttemptDenied"], true);
}

#[test]
fn policy_variables_stand_for_what_the_account_data_tells() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.json");
    let document = |resource: &str| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
            {"Effect": "Deny", "Action": "s3:*", "Resource": resource},
        ]})
    };
    let user = |name: &str, resource: &str| {
        json!({
            "UserName": name, "UserId": "AIDABOB", "Path": "/", "Arn": format!("{IAM}user/{name}"), "GroupList": [],
            "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document(resource)}],
        })
    };
    let export = json!({"UserDetailList": [
        user("bob", "arn:aws:s3:::b/${aws:username}/*"),
        user("eve", "arn:aws:s3:::b/${aws:PrincipalTag/team}/*"),
    ]});
    std::fs::write(&file, export.to_string()).unwrap();
    let explained = |user: &str, key: &str| {
        let output = Command::new(env!("CARGO_BIN_EXE_access-advisor"))
            .args(["explain", &format!("{IAM}user/{user}"), "s3:GetObject"])
            .args(["--resource", &format!("arn:aws:s3:::b/{key}"), "--account"])
            .arg(&file)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let own = explained("bob", "bob/x");
    assert!(
        own.contains(
            "is NOT granted: denies take away all that is allowed\n  with aws:username: bob\n"
        ),
        "{own}"
    );
    let other = explained("bob", "eve/x");
    assert!(other.contains(" is granted\n"), "{other}");
    // What is not known may be anything.
    let unknown = explained("eve", "eve/x");
    assert!(
        unknown.contains("is granted, but some requests may be denied\n"),
        "{unknown}"
    );
    assert!(
        unknown.contains("=> may deny it: its policy variables"),
        "{unknown}"
    );
}

#[test]
fn a_boundary_is_named_and_conditional_denies_are_cut() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("account.json");
    let arn = format!("{IAM}user/bob");
    let boundary = format!("{IAM}policy/limit");
    let export = json!({"UserDetailList": [{
        "UserName": "bob", "UserId": "AIDABOB", "Path": "/", "Arn": arn, "GroupList": [],
        "CreateDate": "2020-01-01T00:00:00Z",
        "PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": boundary},
        "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Statement": [
            {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
            {"Effect": "Deny", "Action": "s3:Put*", "Resource": "*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}},
        ]}}],
    }]});
    std::fs::write(&file, export.to_string()).unwrap();
    let explain = |asked, format| {
        let output = Command::new(env!("CARGO_BIN_EXE_access-advisor"))
            .args(["explain", &arn, asked, "--format", format])
            .arg("--account")
            .arg(&file)
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let line = format!("boundary is set and not evaluated: it may deny this ({boundary})");
    let text = explain("s3:GetObject", "text");
    assert!(text.contains(&line), "{text}");
    let explanation: Value = serde_json::from_str(&explain("s3:GetObject", "json")).unwrap();
    assert_eq!(explanation["PermissionsBoundary"], boundary);
    let service = explain("s3", "text");
    let (_, denies) = service.split_once("Denies that take nothing away").unwrap();
    assert!(
        denies.contains(" more (--format json lists all)"),
        "{denies}"
    );
}

#[test]
fn json() {
    let arguments = [&["s3:PutObject", "--format", "json"][..], &TRAIL].concat();
    let explanation = explain("role/data/pipeline-runner", &arguments);
    let explanation: Value = serde_json::from_str(&explanation).unwrap();
    let keys: Vec<&String> = explanation.as_object().unwrap().keys().collect();
    for key in [
        "Arn", "Service", "Action", "Granted", "Allows", "Denies", "LastUses", "State",
    ] {
        assert!(keys.iter().any(|known| *known == key), "{key}: {keys:?}");
    }
    assert_eq!(
        explanation["Arn"],
        format!("{IAM}role/data/pipeline-runner")
    );
    let resource = "arn:aws:s3:::larkfield-payroll/2026.csv";
    let arguments = ["s3:GetObject", "--format", "json", "--resource", resource];
    let explanation = explain("user/ada", &arguments);
    let explanation: Value = serde_json::from_str(&explanation).unwrap();
    assert_eq!(explanation["Granted"], false);
    assert_eq!(explanation["NotGranted"], "denied");
    assert_eq!(explanation["Resource"], resource);
    assert_eq!(
        explanation["Allows"][0]["Resources"],
        json!([{"Resource": "*", "Outcome": "denied"}])
    );
    assert_eq!(explanation["Denies"][0]["Effect"], "removes-all");
    let statement = &explanation["Denies"][0]["Statement"];
    assert_eq!(
        statement,
        &json!({"Path": [format!("{IAM}user/ada")], "PolicyName": "limits", "Index": 1})
    );
}

#[test]
fn what_cannot_be_explained_is_an_error() {
    let long = format!("arn:aws:s3:::{}", "a".repeat(2_048));
    for (entity, arguments, message) in [
        ("user/nobody", &["s3"][..], "does not exist. (NoSuchEntity)"),
        (
            "user/ada",
            &["nosuch"],
            "\"nosuch\" is not a service of the catalog",
        ),
        ("user/ada", &[""], "\"\" is not a service of the catalog"),
        (
            "user/ada",
            &["s3:NoSuch\u{1b}[2J"],
            r#"s3 has no action "NoSuch\u{1b}[2J" in the catalog"#,
        ),
        (
            "user/ada",
            &["s3:ListBuckets"],
            "The API operation of this name is authorized as s3:ListAllMyBuckets",
        ),
        ("user/ada", &["s3:Get*"], "name one action"),
        (
            "user/ada",
            &["s3:GetObject", "--resource", "bucket/key"],
            "resource \"bucket/key\": an ARN starts with arn:",
        ),
        (
            "user/ada",
            &["s3:GetObject", "--resource", "arn:aws:s3"],
            "an ARN has six parts",
        ),
        (
            "user/ada",
            &["s3:GetObject", "--resource", &long],
            "the resource has 2061 characters",
        ),
        // Refused before the trail is read.
        (
            "user/ada",
            &["s3:NoSuch", "--trail", "no/such/trail"],
            "s3 has no action",
        ),
    ] {
        let (status, stdout, stderr) = run(&format!("{IAM}{entity}"), arguments);
        assert_eq!(
            (status, stdout.as_str()),
            (Some(1), ""),
            "{arguments:?}: {stderr}"
        );
        assert!(stderr.contains(message), "{arguments:?}: {stderr}");
    }
    for arn in [
        "ada",
        "arn:aws:s3:::bucket-of-twenty",
        "arn:aws:iam::111122223333:root",
    ] {
        let (status, _, stderr) = run(arn, &["s3"]);
        assert_eq!(status, Some(1), "{arn}: {stderr}");
    }
}
