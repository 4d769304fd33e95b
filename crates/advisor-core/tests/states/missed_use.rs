//! Nothing is unused of an identity of which the trail misses a use that it should show.

use super::*;

const BUILD: &str = "arn:aws:iam::111122223333:role/build";
const NOW: i32 = 200;
const NOT_READ: i32 = 150;

/// The row of `config:DescribeConfigRules` in the report on a role that may perform this action and another one, that the trail never
/// shows, and that was last used on this day, at 09:00. The trail was read from day 20 on, on every day but [`NOT_READ`].
fn row(other_action: &str, last_used: Option<(i32, &str)>) -> String {
    let last_used = last_used.map_or_else(
        || json!({}),
        |(day, region)| json!({"LastUsedDate": instant(day, 9).to_rfc3339(), "Region": region}),
    );
    let actions = ["config:DescribeConfigRules", other_action];
    let document = json!({"Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    let export = json!({"RoleDetailList": [{
        "RoleName": "build", "RoleId": "AROABUILD", "Path": "/", "Arn": BUILD, "RoleLastUsed": last_used,
        "RolePolicyList": [{"PolicyName": "p", "PolicyDocument": document}],
    }]});
    let account = AccountData::from_export("inline", &export.to_string()).unwrap();
    let mut activity = covered(20..NOT_READ);
    activity.merge(&covered(NOT_READ + 1..NOW));
    let report = report_in(account, Tracking::full(), BUILD, &activity, instant(NOW, 0));
    let mut rows = rows(&report).into_iter();
    rows.find(|row| row.starts_with("config:")).unwrap()
}

const TRACED: &str = "config:DescribeConfigurationRecorders";

#[test]
fn a_use_after_the_first_day_that_was_read_makes_it_uncovered() {
    assert_eq!(
        row(TRACED, Some((160, REGION))),
        "config:DescribeConfigRules uncovered: RoleLastUsed of arn:aws:iam::111122223333:role/build is 2026-06-10T09:00:00+00:00, \
         after the first day that was read, and the trail does not show it"
    );
}

/// So that nothing is claimed because less was read.
#[test]
fn it_does_not_matter_whether_the_day_was_read() {
    for used in [(NOT_READ, REGION), (160, "ap-south-1")] {
        let row = row(TRACED, Some(used));
        assert!(row.contains(" uncovered: RoleLastUsed"), "{row}");
    }
}

#[test]
fn uses_that_something_explains_leave_it_unused() {
    let used = Some((160, REGION));
    for (why, other_action, used) in [
        ("there is none", TRACED, None),
        ("it is older than what was read", TRACED, Some((10, REGION))),
        ("an action that is never logged", "logs:PutLogEvents", used),
        ("data events", "s3:GetObject", used),
        ("events that trails exclude", "kms:Decrypt", used),
    ] {
        let row = row(other_action, used);
        assert!(row.contains(" unused: no attempt"), "{why}: {row}");
    }
}
