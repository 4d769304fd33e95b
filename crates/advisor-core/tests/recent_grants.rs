//! What a managed policy has granted for less than the needed days is uncovered, not unused.
#![allow(clippy::panic, clippy::unwrap_used)]

use advisor_core::{
    AccountData, Activity, Advisor, DaySet, EventCategory, Granularity, State, Tracking, time,
};
use serde_json::{Value, json};
use service_catalog::Catalog;

const ROLE: &str = "arn:aws:iam::111122223333:role/build";
const POLICY: &str = "arn:aws:iam::111122223333:policy/p";

fn allow(actions: &[&str]) -> Value {
    json!({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]})
}

fn deny(actions: &[&str], allowed: &[&str]) -> Value {
    json!({"Statement": [
        {"Effect": "Deny", "Action": actions, "Resource": "*"},
        {"Effect": "Allow", "Action": allowed, "Resource": "*"},
    ]})
}

fn version(id: &str, created: &str, document: &Value) -> Value {
    json!({"VersionId": id, "CreateDate": created, "Document": document, "IsDefaultVersion": false})
}

/// The states and reasons of the rows of `config` on a role with an inline policy and a managed one of these versions, of which the
/// last is the default. The trail was read on 200 days, and shows nothing.
fn config_rows(inline: &Value, versions: &[Value]) -> Vec<(String, State, String)> {
    let mut versions = versions.to_vec();
    versions.last_mut().unwrap()["IsDefaultVersion"] = json!(true);
    let export = json!({
        "RoleDetailList": [{
            "RoleName": "build", "RoleId": "AROABUILD", "Path": "/", "Arn": ROLE, "CreateDate": "2020-01-01T00:00:00Z",
            "RolePolicyList": [{"PolicyName": "inline", "PolicyDocument": inline}],
            "AttachedManagedPolicies": [{"PolicyName": "p", "PolicyArn": POLICY}],
        }],
        "Policies": [{
            "PolicyName": "p", "PolicyId": "ANPAP", "Path": "/", "Arn": POLICY, "CreateDate": "2020-01-01T00:00:00Z",
            "PolicyVersionList": versions,
        }],
    });
    let account = AccountData::from_export("export.json", &export.to_string()).unwrap();
    let now = time::parse("2026-11-01T00:00:00Z").unwrap();
    let last = DaySet::day_of(now.timestamp_millis());
    let mut activity = Activity::new();
    for day in last - 200..=last {
        for kind in [
            EventCategory::ManagementRead,
            EventCategory::ManagementWrite,
        ] {
            let coverage = activity.coverage_mut();
            coverage.see_record("111122223333", "us-east-1", kind, day);
        }
    }
    let tracking = Tracking::full();
    let advisor = Advisor::new(account, &activity, Catalog::shared(), tracking, now).unwrap();
    let report = advisor.report(ROLE, Granularity::Action).unwrap();
    let service = report
        .services()
        .find(|row| row.service_namespace == "config")
        .unwrap();
    let of_service = ("config", service.state, service.state_reason);
    let actions = service.tracked_actions_last_accessed.iter();
    let of_actions = actions.map(|it| (it.action_name, it.state, it.state_reason));
    let rows = std::iter::once(of_service).chain(of_actions);
    let rows = rows.map(|(name, state, reason)| {
        (
            name.to_owned(),
            state.unwrap(),
            reason.map(ToString::to_string).unwrap_or_default(),
        )
    });
    rows.collect()
}

fn states(inline: &Value, versions: &[Value]) -> Vec<(String, State)> {
    let rows = config_rows(inline, versions).into_iter();
    rows.map(|(name, state, _)| (name, state)).collect()
}

const RULES: &str = "config:DescribeConfigRules";
const RECORDERS: &str = "config:DescribeConfigurationRecorders";

fn of(service: State, recorders: State, rules: State) -> Vec<(String, State)> {
    vec![
        ("config".to_owned(), service),
        ("DescribeConfigRules".to_owned(), rules),
        ("DescribeConfigurationRecorders".to_owned(), recorders),
    ]
}

#[test]
fn what_a_new_version_adds_is_uncovered() {
    let versions = [
        version("v1", "2021-01-01T00:00:00Z", &allow(&[RULES])),
        version("v2", "2026-10-31T00:00:00Z", &allow(&[RULES, RECORDERS])),
    ];
    let rows = config_rows(&allow(&["sqs:ListQueues"]), &versions);
    let reasons: Vec<_> = rows
        .iter()
        .map(|(name, state, reason)| (&**name, *state, &**reason))
        .collect();
    let reason = "granted since 2026-10-31T00:00:00+00:00, by the policy p; 90 days needed";
    assert_eq!(reasons[0].1, State::Uncovered);
    assert_eq!(reasons[1].1, State::Unused);
    assert_eq!(
        reasons[2],
        ("DescribeConfigurationRecorders", State::Uncovered, reason)
    );
}

#[test]
fn what_another_policy_or_version_granted_before_is_unused() {
    let new = version("v2", "2026-10-31T00:00:00Z", &allow(&[RECORDERS]));
    let old = |created: &str| version("v1", created, &allow(&[RECORDERS]));
    let none = allow(&["sqs:ListQueues"]);
    let by_inline = allow(&[RULES, RECORDERS]);
    let both = |recorders, rules| of(recorders, recorders, rules);
    assert_eq!(
        states(&by_inline, std::slice::from_ref(&new)),
        both(State::Unused, State::Unused)
    );
    let only = |state| {
        vec![
            ("config".to_owned(), state),
            ("DescribeConfigurationRecorders".to_owned(), state),
        ]
    };
    assert_eq!(
        states(&none, &[old("2021-01-01T00:00:00Z"), new.clone()]),
        only(State::Unused)
    );
    // An older version that is itself too young, or has no date, tells nothing.
    assert_eq!(
        states(&none, &[old("2026-10-01T00:00:00Z"), new.clone()]),
        only(State::Uncovered)
    );
    let mut undated = old("");
    undated["CreateDate"].take();
    assert_eq!(states(&none, &[undated, new]), only(State::Uncovered));
}

#[test]
fn what_a_new_version_no_longer_denies_is_uncovered() {
    let versions = [
        version(
            "v1",
            "2021-01-01T00:00:00Z",
            &deny(&[RECORDERS], &["config:Describe*"]),
        ),
        version("v2", "2026-10-31T00:00:00Z", &allow(&[RULES, RECORDERS])),
    ];
    let none = allow(&["sqs:ListQueues"]);
    assert_eq!(
        states(&none, &versions),
        of(State::Uncovered, State::Uncovered, State::Unused)
    );
}

#[test]
fn a_default_version_without_a_date_has_that_of_the_policy() {
    let mut only = version("v1", "", &allow(&[RULES, RECORDERS]));
    only["CreateDate"].take();
    let none = allow(&["sqs:ListQueues"]);
    assert_eq!(
        states(&none, &[only]),
        of(State::Unused, State::Unused, State::Unused)
    );
}
