//! What a managed policy has granted for less than the needed days is uncovered, not unused.

use super::*;

const ROLE: &str = "arn:aws:iam::111122223333:role/build";
const POLICY: &str = "arn:aws:iam::111122223333:policy/p";
const NOW: i32 = 200;
/// Days of the creation of versions, of which one is old enough.
const OLD: Option<i32> = Some(100);
const NEW: Option<i32> = Some(190);

const RULES: &str = "config:DescribeConfigRules";
const RECORDERS: &str = "config:DescribeConfigurationRecorders";

fn allow(actions: &[&str]) -> Value {
    json!({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

fn version(created: Option<i32>, document: &Value) -> Value {
    let created = created.map(|day| instant(day, 0).to_rfc3339());
    json!({"VersionId": "v", "CreateDate": created, "Document": document, "IsDefaultVersion": false})
}

/// The rows of `config` on a role with an inline policy and a managed one of these versions, of which the last is the default. The
/// trail was read on 200 days, and shows nothing.
fn rows_of_config(inline: &Value, versions: &[Value]) -> Vec<String> {
    let mut versions = versions.to_vec();
    versions.last_mut().unwrap()["IsDefaultVersion"] = json!(true);
    let export = json!({
        "RoleDetailList": [{
            "RoleName": "build", "RoleId": "AROABUILD", "Path": "/", "Arn": ROLE,
            "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": inline}],
            "AttachedManagedPolicies": [{"PolicyName": "p", "PolicyArn": POLICY}],
        }],
        "Policies": [{
            "PolicyName": "p", "PolicyId": "ANPAP", "Path": "/", "Arn": POLICY, "CreateDate": instant(0, 0).to_rfc3339(),
            "PolicyVersionList": versions,
        }],
    });
    let account = AccountData::from_export("inline", &export.to_string()).unwrap();
    let activity = covered(0..NOW);
    let report = report_in(account, Tracking::full(), ROLE, &activity, instant(NOW, 0));
    let rows = rows(&report).into_iter();
    rows.filter(|row| row.starts_with("config")).collect()
}

/// The states of the service, of [`RULES`] and of [`RECORDERS`], those that are granted.
fn states(inline: &Value, versions: &[Value]) -> Vec<String> {
    let rows = rows_of_config(inline, versions).into_iter();
    rows.map(|row| {
        row.split(' ')
            .nth(1)
            .unwrap()
            .trim_end_matches(':')
            .to_owned()
    })
    .collect()
}

#[test]
fn what_a_new_version_adds_is_uncovered() {
    let versions = [
        version(OLD, &allow(&[RULES])),
        version(NEW, &allow(&[RULES, RECORDERS])),
    ];
    let rows = rows_of_config(&allow(&["sqs:ListQueues"]), &versions);
    assert_eq!(
        rows[0],
        "config uncovered: 1 of 2 granted actions are uncovered, such as DescribeConfigurationRecorders"
    );
    assert!(
        rows[1].starts_with("config:DescribeConfigRules unused: "),
        "{}",
        rows[1]
    );
    assert_eq!(
        rows[2],
        "config:DescribeConfigurationRecorders uncovered: granted since 2026-07-10T00:00:00+00:00, by the policy p; 90 days needed"
    );
}

#[test]
fn what_another_policy_or_version_granted_before_is_unused() {
    let new = version(NEW, &allow(&[RECORDERS]));
    let none = allow(&["sqs:ListQueues"]);
    let with = |created| {
        states(
            &none,
            &[version(created, &allow(&[RECORDERS])), new.clone()],
        )
    };
    assert_eq!(
        states(&allow(&[RULES, RECORDERS]), std::slice::from_ref(&new)),
        ["unused"; 3]
    );
    assert_eq!(with(OLD), ["unused"; 2]);
    // An older version that is itself too young, or has no date, tells nothing.
    assert_eq!(with(Some(180)), ["uncovered"; 2]);
    assert_eq!(with(None), ["uncovered"; 2]);
}

#[test]
fn what_a_new_version_no_longer_denies_is_uncovered() {
    let mut before = allow(&["config:Describe*"]);
    let deny = json!({"Effect": "Deny", "Action": RECORDERS, "Resource": "*"});
    before["Statement"].as_array_mut().unwrap().push(deny);
    let versions = [
        version(OLD, &before),
        version(NEW, &allow(&[RULES, RECORDERS])),
    ];
    let none = allow(&["sqs:ListQueues"]);
    assert_eq!(
        states(&none, &versions),
        ["uncovered", "unused", "uncovered"]
    );
}

#[test]
fn a_default_version_without_a_date_has_that_of_the_policy() {
    let only = version(None, &allow(&[RULES, RECORDERS]));
    let none = allow(&["sqs:ListQueues"]);
    assert_eq!(states(&none, &[only]), ["unused"; 3]);
}
