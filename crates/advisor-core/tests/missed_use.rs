//! Nothing is unused of an identity of which the trail misses a use that it should show.
#![allow(clippy::panic, clippy::unwrap_used)]

use advisor_core::{
    AccountData, Activity, Advisor, DaySet, EventCategory, Granularity, State, StateReason,
    Tracking, time,
};
use service_catalog::Catalog;

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "arn:aws:iam::111122223333:role/build";

/// The state and the reason of `config:DescribeConfigRules` in the report on a role that may perform these actions and that the
/// trail never shows. The trail was read on every day but 2026-10-20, in two Regions.
fn state(actions: &str, last_used: &str) -> (State, StateReason) {
    let export = format!(
        r#"{{"RoleDetailList": [{{"RoleName": "build", "RoleId": "AROABUILD", "Path": "/", "Arn": "{ROLE}",
            "CreateDate": "2020-01-01T00:00:00Z", "RoleLastUsed": {last_used},
            "RolePolicyList": [{{"PolicyName": "p", "PolicyDocument": {{"Statement": [
                {{"Effect": "Allow", "Action": {actions}, "Resource": "*"}}]}}}}]}}]}}"#
    );
    let account = AccountData::from_export("export.json", &export).unwrap();
    let now = time::parse("2026-11-01T00:00:00Z").unwrap();
    let last = DaySet::day_of(now.timestamp_millis());
    let not_read = DaySet::parse("2026-10-20").unwrap();
    let mut activity = Activity::new();
    for day in (last - 200..=last).filter(|day| *day != not_read) {
        for region in ["us-east-1", "eu-west-1"] {
            for kind in [
                EventCategory::ManagementRead,
                EventCategory::ManagementWrite,
            ] {
                let coverage = activity.coverage_mut();
                coverage.see_record(ACCOUNT, region, kind, day);
            }
        }
    }
    let tracking = Tracking::full();
    let advisor = Advisor::new(account, &activity, Catalog::shared(), tracking, now).unwrap();
    let report = advisor.report(ROLE, Granularity::Action).unwrap();
    let row = report
        .services()
        .find(|row| row.service_namespace == "config");
    let row = row.unwrap();
    let mut actions = row.tracked_actions_last_accessed.iter();
    let action = actions.find(|it| it.action_name == "DescribeConfigRules");
    let action = action.unwrap();
    let of_service = (row.state.unwrap(), row.state_reason.cloned().unwrap());
    let of_action = (action.state.unwrap(), action.state_reason.cloned().unwrap());
    assert_eq!(of_service, of_action);
    of_action
}

const TRACED: &str = r#"["config:DescribeConfigRules"]"#;
const UNTRACED_TOO: &str = r#"["config:DescribeConfigRules", "logs:PutLogEvents"]"#;
const DATA_EVENTS_TOO: &str = r#"["config:DescribeConfigRules", "s3:GetObject"]"#;
const EXCLUDED_TOO: &str = r#"["config:DescribeConfigRules", "kms:Decrypt"]"#;

#[test]
fn a_use_after_the_first_day_that_was_read_makes_it_uncovered() {
    let used = r#"{"LastUsedDate": "2026-10-21T09:00:00+00:00", "Region": "eu-west-1"}"#;
    let (state, reason) = state(TRACED, used);
    assert_eq!(state, State::Uncovered);
    assert_eq!(
        reason.to_string(),
        "RoleLastUsed of arn:aws:iam::111122223333:role/build is 2026-10-21T09:00:00+00:00, after the first day that was \
         read, and the trail does not show it"
    );
}

/// So that nothing is claimed because less was read.
#[test]
fn it_does_not_matter_whether_the_day_was_read() {
    let used = r#"{"LastUsedDate": "2026-10-20T09:00:00Z", "Region": "eu-west-1"}"#;
    assert_eq!(state(TRACED, used).0, State::Uncovered);
    let used = r#"{"LastUsedDate": "2026-10-21T09:00:00Z", "Region": "ap-south-1"}"#;
    assert_eq!(state(TRACED, used).0, State::Uncovered);
}

#[test]
fn uses_that_something_explains_leave_it_unused() {
    let on =
        |day: &str| format!(r#"{{"LastUsedDate": "{day}T09:00:00+00:00", "Region": "eu-west-1"}}"#);
    for (why, actions, used) in [
        ("there is none", TRACED, "{}".to_owned()),
        ("it is older than what was read", TRACED, on("2026-01-01")),
        (
            "an action that is never logged",
            UNTRACED_TOO,
            on("2026-10-21"),
        ),
        ("data events", DATA_EVENTS_TOO, on("2026-10-21")),
        ("events that trails exclude", EXCLUDED_TOO, on("2026-10-21")),
    ] {
        assert_eq!(state(actions, &used).0, State::Unused, "{why}");
    }
}
