//! Findings on passwords and access keys, and what IAM remembers of users and roles.

use advisor_core::{CredentialReport, FindingKind, FindingSettings, UserCredential};
use serde_json::json;

use crate::covered;
use crate::world::{ACCOUNT, World, allow, line};

const HEADER: &str = "user,arn,user_creation_time,password_enabled,password_last_used,\
    password_last_changed,mfa_active,access_key_1_active,access_key_1_last_rotated,\
    access_key_1_last_used_date,access_key_1_last_used_region,access_key_1_last_used_service,\
    access_key_2_active,access_key_2_last_rotated,access_key_2_last_used_date,\
    access_key_2_last_used_region,access_key_2_last_used_service";

/// A line of a credential report on Ann: of the password and of two keys, when they were made and last used.
fn report(password: [&str; 2], keys: [[&str; 2]; 2]) -> CredentialReport {
    let time = |day: &str| match day {
        "" => "N/A".to_owned(),
        day => format!("{day}T00:00:00+00:00"),
    };
    let enabled = |made: &str| if made.is_empty() { "FALSE" } else { "TRUE" };
    let [made, used] = password;
    let mut ann = format!(
        "ann,arn:aws:iam::{ACCOUNT}:user/ann,2020-01-01T00:00:00+00:00,{},{},{},FALSE",
        enabled(made),
        time(used),
        time(made)
    );
    for [made, used] in keys {
        let region = if used.is_empty() { "N/A" } else { "eu-west-1" };
        ann += &format!(
            ",{},{},{},{region},{region}",
            enabled(made),
            time(made),
            time(used)
        );
    }
    // The latest date tells until when the report knows uses.
    let bob = format!(
        "bob,arn:aws:iam::{ACCOUNT}:user/bob,2020-01-01T00:00:00+00:00,TRUE,\
        2026-07-19T00:00:00+00:00,2020-01-01T00:00:00+00:00,FALSE{}",
        ",FALSE,N/A,N/A,N/A,N/A".repeat(2)
    );
    let mut report = CredentialReport::new();
    report
        .add("report.csv", &format!("{HEADER}\n{ann}\n{bob}\n"))
        .unwrap();
    report
}

fn world() -> World {
    let inline = json!([{"PolicyName": "own", "PolicyDocument": allow(&["iam:PutUserPolicy"])}]);
    covered().user("ann", &json!({"UserPolicyList": inline}))
}

fn found(report: CredentialReport) -> Vec<String> {
    found_in(&world(), report)
}

fn found_in(world: &World, report: CredentialReport) -> Vec<String> {
    let advisor = world.advisor().with_credential_report(report);
    let findings = advisor.findings(&FindingSettings::default());
    findings.findings.iter().map(line).collect()
}

#[test]
fn credentials_are_unused_when_they_are_old_and_were_not_used() {
    let password = "UnusedIAMUserPassword ann: critical";
    let first = "UnusedIAMUserAccessKey ann access_key_1: critical";
    let second = "UnusedIAMUserAccessKey ann access_key_2: critical";
    let user = "UnusedIAMUser ann: critical";
    let none = ["", ""];
    let old = ["2025-01-01", "2026-01-01"];
    // The report knows uses until 2026-07-19: the period begins 90 days before.
    for (report, expected) in [
        (report(none, [none, none]), vec![user]),
        (report(old, [none, none]), vec![user, password]),
        (
            report(["2025-01-01", ""], [none, none]),
            vec![user, password],
        ),
        // Somebody signed in: the user is not unused, though the trail has nothing of it.
        (report(["2025-01-01", "2026-07-01"], [none, none]), vec![]),
        // Too new.
        (report(["2026-07-01", ""], [none, none]), vec![user]),
        (report(none, [old, none]), vec![user, first]),
        (
            report(none, [old, ["2026-04-20", ""]]),
            vec![user, first, second],
        ),
        (report(none, [old, ["2026-04-21", ""]]), vec![user, first]),
        (
            report(none, [old, ["2025-01-01", "2026-04-20"]]),
            vec![user, first],
        ),
    ] {
        let found = found(report);
        assert_eq!(found, expected);
    }
}

/// Days since 2026-01-01: the report knows uses until day 199, and the last use that it remembers of the key is on day 50.
#[test]
fn uses_in_the_trail_count_too() {
    let key = UserCredential::AccessKey("AKIAEXAMPLE000000001");
    let both = || report(["2025-01-01", ""], [["2025-01-01", "2026-02-20"], ["", ""]]);
    let kinds = |world: World| {
        let found = found_in(&world, both());
        let of_credentials = found
            .into_iter()
            .filter(|line| line.contains("IAMUser") && !line.contains("IAMUser "));
        of_credentials.collect::<Vec<_>>()
    };
    let password = "UnusedIAMUserPassword ann: critical";
    let unused_key = "UnusedIAMUserAccessKey ann access_key_1: critical";
    assert_eq!(kinds(world()), [unused_key, password]);
    let signed_in = world().uses("ann", UserCredential::Password, 150);
    assert_eq!(kinds(signed_in), [unused_key]);
    // The trail shows which key it is.
    assert_eq!(kinds(world().uses("ann", key, 50)), [unused_key, password]);
    assert_eq!(
        kinds(world().uses("ann", key, 50).uses("ann", key, 150)),
        [password]
    );
    // It may be the one of the report.
    assert_eq!(kinds(world().uses("ann", key, 150)), [password]);
}

#[test]
fn without_a_report_no_credential_is_called_unused() {
    let key = UserCredential::AccessKey("AKIAEXAMPLE000000001");
    let world = world()
        .uses("ann", key, 50)
        .uses("ann", UserCredential::Password, 60);
    assert_eq!(world.kinds(), ["UnusedIAMUser ann: critical"]);
}

#[test]
fn an_old_report_says_nothing() {
    let mut text = String::new();
    for until in ["2026-04-21", "2026-04-20"] {
        let csv = format!(
            "{HEADER}\nann,arn:aws:iam::{ACCOUNT}:user/ann,2020-01-01T00:00:00+00:00,TRUE,N/A,2025-01-01T00:00:00+00:00,FALSE{}\n\
             bob,arn:aws:iam::{ACCOUNT}:user/bob,2020-01-01T00:00:00+00:00,TRUE,{until}T00:00:00+00:00,N/A,FALSE{}\n",
            ",FALSE,N/A,N/A,N/A,N/A".repeat(2),
            ",FALSE,N/A,N/A,N/A,N/A".repeat(2)
        );
        let mut report = CredentialReport::new();
        report.add("report.csv", &csv).unwrap();
        text = format!("{text}{} ", found(report).len());
    }
    assert_eq!(text, "2 1 ");
}

#[test]
fn keys_that_are_not_active_are_said() {
    let csv = format!(
        "{HEADER}\nann,arn:aws:iam::{ACCOUNT}:user/ann,2020-01-01T00:00:00+00:00,FALSE,N/A,N/A,FALSE,FALSE,\
         2025-01-01T00:00:00+00:00,N/A,N/A,N/A,FALSE,N/A,N/A,N/A,N/A\n\
         bob,arn:aws:iam::{ACCOUNT}:user/bob,2020-01-01T00:00:00+00:00,TRUE,2026-07-19T00:00:00+00:00,N/A,FALSE{}\n",
        ",FALSE,N/A,N/A,N/A,N/A".repeat(2)
    );
    let mut report = CredentialReport::new();
    report.add("report.csv", &csv).unwrap();
    let found = found(report);
    let key = "UnusedIAMUserAccessKey ann access_key_1: informational";
    assert_eq!(found, ["UnusedIAMUser ann: critical", key]);
}

#[test]
fn keys_have_ids_of_their_own() {
    let key = |made: &str| {
        let report = report(["", ""], [[made, "2026-01-01"], ["", ""]]);
        let advisor = world().advisor().with_credential_report(report);
        let findings = advisor.findings(&FindingSettings::default()).findings;
        let mut keys = findings.into_iter();
        keys.find(|one| one.kind == FindingKind::UnusedIamUserAccessKey)
            .unwrap()
    };
    let finding = key("2025-01-01");
    assert_eq!(finding.window.to_string(), "2026-04-20/2026-07-19");
    assert_eq!(
        finding.basis().unwrap(),
        "IAM's credential report, which knows uses until 2026-07-19 00:00"
    );
    let last = finding.last_use.as_ref().unwrap();
    assert_eq!(
        (&*last.region, last.event_id.as_deref()),
        ("eu-west-1", None)
    );
    let details = serde_json::to_value(&finding).unwrap();
    assert_eq!(
        details["findingDetails"][0]["unusedIamUserAccessKeyDetails"]["accessKeyId"],
        "access_key_1"
    );
    // Another key in the same place.
    assert_ne!(key("2025-01-02").id, finding.id);
}

#[test]
fn a_role_that_iam_saw_is_not_unused() {
    let inline = json!([{"PolicyName": "own", "PolicyDocument": allow(&["dlm:*"])}]);
    let role = |last: &str| {
        let used = json!({"LastUsedDate": last, "Region": "eu-west-1"});
        covered().role(
            "quiet",
            &json!({"RolePolicyList": inline, "RoleLastUsed": used}),
        )
    };
    assert_eq!(
        role("2026-04-20T00:00:00Z").kinds(),
        ["UnusedIAMRole quiet: medium"]
    );
    // The trail misses that use, so it may miss others.
    assert_eq!(role("2026-07-01T00:00:00Z").kinds(), [""; 0]);
}

#[test]
fn a_user_that_signed_in_is_active() {
    let unused = ["UnusedIAMUser ann: critical"];
    assert_eq!(world().kinds(), unused);
    assert_eq!(
        world().uses("ann", UserCredential::Password, 20).kinds(),
        unused
    );
    // What the user may do is unused all the same.
    let kinds = world().uses("ann", UserCredential::Password, 150).kinds();
    assert!(
        kinds.contains(&"UnusedPermission ann: medium".to_owned()),
        "{kinds:?}"
    );
    assert!(!kinds.contains(&unused[0].to_owned()));
}
