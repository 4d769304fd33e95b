//! Exclusions, archive rules and baselines.

use advisor_core::{Baseline, FindingSettings, FindingStatus};
use serde_json::json;

use crate::covered;
use crate::world::{World, allow, line};

fn two_roles() -> World {
    let inline = json!([{"PolicyName": "own", "PolicyDocument": allow(&["batch:*Job*s", "batch:*JobQueue", "dlm:*"])}]);
    covered()
        .role(
            "a",
            &json!({"RolePolicyList": inline, "Tags": [{"Key": "team", "Value": "x"}]}),
        )
        .role("b", &json!({"RolePolicyList": inline, "Path": "/batch/"}))
}

#[test]
fn exclusions_are_by_account_arn_path_and_tag() {
    for (rule, left) in [
        (r#"accounts = ["111122223333"]"#, &[][..]),
        (r#"accounts = ["444455556666"]"#, &["a", "b"]),
        (r#"arns = ["arn:aws:iam::*:role/a"]"#, &["b"]),
        (r#"paths = ["/batch/*"]"#, &["a"]),
        (r#"tags = { team = "" }"#, &["b"]),
        (r#"tags = { team = "x" }"#, &["b"]),
        (r#"tags = { team = "y" }"#, &["a", "b"]),
        (
            "paths = [\"/batch/*\"]\ntags = { team = \"x\" }",
            &["a", "b"],
        ),
    ] {
        let world = two_roles().settings(&format!("[[exclude]]\nreason = \"r\"\n{rule}"));
        let findings = world.findings();
        let names: Vec<_> = findings.findings.iter().map(line).collect();
        let expected: Vec<_> = left
            .iter()
            .map(|name| format!("UnusedIAMRole {name}: medium"))
            .collect();
        assert_eq!(names, expected, "{rule}");
        assert_eq!(findings.excluded, 2 - left.len());
    }
}

#[test]
fn archive_rules_expire() {
    let rule = |expires: &str| {
        let rule = "[[archive]]\nowner = \"o\"\nreason = \"r\"\nkinds = [\"UnusedIAMRole\"]";
        let world = two_roles().settings(&format!("{rule}\npaths = [\"/batch/*\"]\n{expires}"));
        let findings = world.findings();
        let statuses = findings.findings.iter();
        let shown: Vec<_> = statuses.map(|one| one.status.clone()).collect();
        (shown, findings.active().count())
    };
    let (shown, active) = rule("");
    assert!(
        matches!(
            &shown[..],
            [FindingStatus::Active, FindingStatus::Archived(_)]
        ),
        "{shown:?}"
    );
    assert_eq!(active, 1);
    // It is 2026-07-20.
    let (shown, _) = rule("expires = 2026-07-20");
    assert!(shown[1].is_archived());
    let (shown, active) = rule("expires = 2026-07-19");
    assert!(matches!(&shown[1], FindingStatus::Resurfaced(rule) if &*rule.owner == "o"));
    assert_eq!((active, shown[1].name()), (2, "ACTIVE"));
}

#[test]
fn a_baseline_leaves_what_is_new() {
    let before = two_roles()
        .call("a", "batch:CreateJobQueue", 150)
        .findings();
    let json = json!({"findings": before.findings}).to_string();
    let baseline = Baseline::parse(&json).unwrap();
    let new = |world: World| {
        let findings = world.new_findings(&baseline);
        let shown = findings.findings.iter().map(|finding| {
            let actions: usize = finding
                .permissions
                .iter()
                .map(|one| one.actions.len())
                .sum();
            format!("{} {actions}", line(finding))
        });
        shown.collect::<Vec<_>>()
    };
    assert_eq!(
        new(two_roles().call("a", "batch:CreateJobQueue", 150)),
        [""; 0]
    );
    // Now nothing of the role is used: a finding of another kind.
    assert_eq!(new(two_roles()), ["UnusedIAMRole a: medium 0"]);
    // Another action was used, so that this one is newly unused.
    let other = two_roles().call("a", "batch:DescribeJobs", 150);
    assert_eq!(new(other), ["UnusedPermission a: medium 1"]);
}

/// The findings of a world that another does not have, with their severity reasons and statements.
fn new_since(before: &World, now: &World) -> Vec<String> {
    let json = json!({"findings": before.findings().findings}).to_string();
    let findings = now.new_findings(&Baseline::parse(&json).unwrap());
    let shown = findings.findings.iter().map(|finding| {
        let granted_by = finding.granted_by.iter();
        let granted_by: Vec<_> = granted_by.map(|one| one.actions).collect();
        let line = line(finding);
        format!("{line}, {}, {granted_by:?}", finding.severity_reason)
    });
    shown.collect()
}

#[test]
fn new_denials_are_those_of_the_tracking_period() {
    let denied_before = || {
        let role = covered().role_with("r", &["sqs:ListQueues"]);
        let denied = |world: World, day| world.attempt("r", "sns:ListTopics", day, true);
        (151..157).fold(role.call("r", "sqs:ListQueues", 150), denied)
    };
    let (before, mut now) = (denied_before(), denied_before());
    for day in (1..6).chain(151..160) {
        now = now.attempt("r", "sns:ListSubscriptions", day, true);
    }
    let expected = ["RepeatedDenials r: low, 9 attempts were denied, []"];
    assert_eq!(new_since(&before, &now), expected);
}

#[test]
fn what_became_worse_is_new() {
    let with = |actions: &[&str], resource: &str| {
        let mut document = allow(actions);
        document["Statement"][0]["Resource"] = resource.into();
        let inline = json!([{"PolicyName": "own", "PolicyDocument": document}]);
        let role = json!({"RolePolicyList": inline});
        covered().role("r", &role).call("r", "iam:ListUsers", 150)
    };
    // The same action, on more resources.
    let one_role = "arn:aws:iam::111122223333:role/x";
    let few = with(&["iam:PutRolePolicy"], one_role);
    let all = with(&["iam:PutRolePolicy"], "*");
    assert_eq!(new_since(&few, &few), [""; 0]);
    let worse = "UnusedPrivilege r PermissionsManagement: critical, 1 action leads to all permissions: \
                 iam:PutRolePolicy, which writes a policy of a role of the caller, [1]";
    assert!(new_since(&few, &all).contains(&worse.to_owned()));
    assert_eq!(new_since(&all, &few), [""; 0]);

    // More actions of a service that was unused as a whole before.
    let one = with(&["batch:CreateJobQueue", "iam:ListUsers"], "*");
    let other = [
        "batch:CreateJobQueue",
        "batch:DeleteJobQueue",
        "iam:ListUsers",
    ];
    let two = with(&other, "*");
    assert_eq!(new_since(&one, &one), [""; 0]);
    assert_eq!(
        new_since(&one, &two),
        ["UnusedPermission r: medium, 2 actions write, such as batch:CreateJobQueue, [2]"]
    );

    // What is new has its own severity, and what grants it.
    let before = with(&["iam:PutRolePolicy", "iam:ListUsers"], "*");
    let more = with(
        &[
            "iam:PutRolePolicy",
            "iam:DeleteRolePermissionsBoundary",
            "iam:ListUsers",
        ],
        "*",
    );
    assert_eq!(
        new_since(&before, &more),
        [
            "UnusedPermission r: medium, 1 action writes: iam:DeleteRolePermissionsBoundary, [1]",
            "UnusedPrivilege r PermissionsManagement: medium, 1 action writes: \
             iam:DeleteRolePermissionsBoundary, [1]",
        ]
    );
}

#[test]
fn settings_that_cannot_be_meant_are_refused() {
    for (text, message) in [
        (
            "denials = 1\nunused_day = 3",
            "line 2, column 1: unknown field `unused_day`",
        ),
        ("unused_days = 0", "unused_days must be at least 1"),
        ("unused_days = 401", "unused_days must be at most 400"),
        (
            "[[exclude]]\nreason = \"r\"",
            "exclude[0]: names no accounts",
        ),
        (
            "[[archive]]\nowner = \"o\"\nreason = \"r\"",
            "archive[0]: names no accounts",
        ),
        (
            "[[archive]]\nreason = \"r\"\nup_to = \"low\"",
            "missing field `owner`",
        ),
        (
            "[[archive]]\nowner = \"o\"\nreason = \"r\"\nkinds = [\"Unused\"]",
            "\"Unused\" is none of UnusedIAMRole",
        ),
        (
            "[[archive]]\nowner = \"o\"\nreason = \"r\"\nup_to = \"low\"\nexpires = 2026-01-01T00:00:00Z",
            "write a date as 2027-03-31",
        ),
    ] {
        let error = FindingSettings::parse(text).unwrap_err().to_string();
        assert!(error.contains(message), "{text}: {error}");
    }
}
