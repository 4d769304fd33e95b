//! What AWS remembers of roles and credentials, compared with what the trail shows.
#![allow(clippy::panic, clippy::unwrap_used)]

use advisor_core::{
    AccountData, Activity, Advisor, Attempt, CredentialReport, CreditedAction, EntityId,
    EventCategory, Principal, Tracking, UnseenUse, UserCredential, time,
};
use service_catalog::Catalog;

const ACCOUNT: &str = "111122223333";
const ROLE: &str = "AROAEXAMPLE0000000001";
const USER: &str = "AIDAEXAMPLE0000000001";
const USER_ARN: &str = "arn:aws:iam::111122223333:user/ann";
const NOW: &str = "2026-11-01T00:00:00Z";
const FIRST_KEY: UserCredential<'_> = UserCredential::AccessKey("AKIAEXAMPLE000000001");
const SECOND_KEY: UserCredential<'_> = UserCredential::AccessKey("AKIAEXAMPLE000000002");

fn millis(text: &str) -> i64 {
    time::parse(text).unwrap().timestamp_millis()
}

fn account(role_last_used: &str) -> AccountData {
    let export = format!(
        r#"{{"UserDetailList": [{{"UserName": "ann", "UserId": "{USER}", "Path": "/", "Arn": "{USER_ARN}",
            "GroupList": [], "CreateDate": "2020-01-01T00:00:00Z"}}],
        "RoleDetailList": [{{"RoleName": "build", "RoleId": "{ROLE}", "Path": "/",
            "Arn": "arn:aws:iam::{ACCOUNT}:role/build", "CreateDate": "2020-01-01T00:00:00Z",
            "RoleLastUsed": {role_last_used}}}]}}"#
    );
    AccountData::from_export("export.json", &export).unwrap()
}

fn attempt(unique_id: &'static str, at: &str) -> Attempt<'static> {
    Attempt {
        principal: Principal {
            unique_id: Some(unique_id),
            arn: None,
            account: Some(ACCOUNT),
        },
        service: "s3",
        action: CreditedAction::Action("ListAllMyBuckets"),
        region: "eu-west-1",
        time_millis: millis(at),
        event_id: "e",
        denied: false,
    }
}

fn advisor(role_last_used: &str, activity: &Activity) -> Advisor {
    let account = account(role_last_used);
    let (catalog, now) = (Catalog::shared(), time::parse(NOW).unwrap());
    Advisor::new(account, activity, catalog, Tracking::aws(), now).unwrap()
}

fn shown(advisor: &Advisor) -> Vec<String> {
    let shown = |unseen: &UnseenUse| {
        let name = unseen.arn.rsplit('/').next().unwrap();
        let region = unseen.region.as_deref().unwrap_or("-");
        let service = unseen.service.as_deref().unwrap_or("-");
        let seen = unseen.seen.map(|seen| seen.format("%m-%d").to_string());
        format!(
            "{name} {} {} {region} {service} seen {} read {}",
            unseen.source,
            unseen.used.format("%m-%dT%H:%M"),
            seen.unwrap_or_default(),
            unseen.day_was_read
        )
    };
    advisor.coverage().unseen_uses.iter().map(shown).collect()
}

#[test]
fn a_role_that_was_used_later_than_the_trail_shows() {
    let mut activity = Activity::new();
    activity.record(&attempt(ROLE, "2026-10-01T12:00:00Z"));
    let day = |day: &str| advisor_core::DaySet::parse(day).unwrap();
    let write = EventCategory::ManagementWrite;
    let coverage = activity.coverage_mut();
    coverage.see_record(ACCOUNT, "eu-west-1", write, day("2026-10-05"));
    let of = |role_last_used: &str| shown(&advisor(role_last_used, &activity));
    let none: [&str; 0] = [];
    // AWS's time is right to within an hour.
    for seen in [
        r#"{"LastUsedDate": "2026-10-01T12:59:00+00:00", "Region": "eu-west-1"}"#,
        r#"{"LastUsedDate": "2026-09-01T00:00:00+00:00", "Region": "eu-west-1"}"#,
        // Before the window, and after the instant of the reports.
        r#"{"LastUsedDate": "2020-10-01T12:00:00+00:00", "Region": "eu-west-1"}"#,
        r#"{"LastUsedDate": "2026-11-01T00:00:01+00:00", "Region": "eu-west-1"}"#,
        "{}",
        "null",
        r#"{"LastUsedDate": 7}"#,
    ] {
        assert_eq!(of(seen), none, "{seen}");
    }
    assert_eq!(
        of(r#"{"LastUsedDate": "2026-10-05T12:00:00+00:00", "Region": "eu-west-1"}"#),
        ["build RoleLastUsed 10-05T12:00 eu-west-1 - seen 10-01 read true"]
    );
    assert_eq!(
        of(r#"{"LastUsedDate": "2026-10-05T12:00:00+00:00", "Region": "us-east-1"}"#),
        ["build RoleLastUsed 10-05T12:00 us-east-1 - seen 10-01 read false"]
    );
    assert_eq!(
        of(r#"{"LastUsedDate": "2026-10-06T12:00:00+00:00"}"#),
        ["build RoleLastUsed 10-06T12:00 - - seen 10-01 read false"]
    );
}

/// The credential report of the user: the last uses of the password and of two access keys.
fn report(uses: [&str; 3]) -> CredentialReport {
    let [password, first, second] = uses;
    let key = |number: u8| {
        [
            "active",
            "last_rotated",
            "last_used_date",
            "last_used_region",
            "last_used_service",
        ]
        .map(|column| format!("access_key_{number}_{column}"))
        .join(",")
    };
    let text = format!(
        "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,mfa_active,{},{}\n\
         ann,{USER_ARN},2020-01-01T00:00:00Z,TRUE,{password},N/A,FALSE,TRUE,2020-01-02T00:00:00Z,{first},eu-west-1,s3,TRUE,\
         2026-10-10T00:00:00Z,{second},us-east-1,iam\n",
        key(1),
        key(2)
    );
    let mut report = CredentialReport::new();
    report.add("report.csv", &text).unwrap();
    report
}

/// Uses of the keys, and a sign-in.
fn used() -> Activity {
    let mut activity = Activity::new();
    for (credential, at) in [
        (FIRST_KEY, "2026-09-01T12:10:00Z"),
        (FIRST_KEY, "2026-10-02T12:10:00Z"),
        (SECOND_KEY, "2026-10-20T12:10:00Z"),
        (UserCredential::Password, "2026-10-03T08:04:00Z"),
    ] {
        let attempt = attempt(USER, at);
        activity.record(&attempt);
        activity.record_credential(credential, &attempt);
    }
    activity
}

#[test]
fn credentials_that_were_used_later_than_the_trail_shows() {
    let of = |activity: &Activity, uses| {
        let advisor = advisor("{}", activity).with_credential_report(report(uses));
        shown(&advisor)
    };
    // Of several uses within minutes, AWS remembers the first.
    let remembered = [
        "2026-10-03T08:00:00Z",
        "2026-10-02T12:00:00Z",
        "2026-10-20T12:00:00Z",
    ];
    let none: [&str; 0] = [];
    assert_eq!(of(&used(), remembered), none);
    assert_eq!(of(&used(), ["no_information", "N/A", "N/A"]), none);
    let later = [
        "2026-10-04T08:00:00Z",
        "2026-10-21T12:00:00Z",
        "2026-10-20T12:00:00Z",
    ];
    assert_eq!(
        of(&used(), later),
        [
            "ann password_last_used 10-04T08:00 - - seen 10-03 read false",
            "ann access_key_1_last_used_date 10-21T12:00 eu-west-1 s3 seen 10-20 read false",
        ]
    );
    // Another key was used since, but on that day none.
    let [password, _, second] = remembered;
    assert_eq!(
        of(&used(), [password, "2026-10-15T12:00:00Z", second]),
        ["ann access_key_1_last_used_date 10-15T12:00 eu-west-1 s3 seen 10-20 read false"]
    );
    // Activity that does not say which credentials were used shows attempts of the user.
    let mut unread = Activity::new();
    unread.record(&attempt(USER, "2026-10-20T12:10:00Z"));
    unread.coverage_mut().see_unread_credentials();
    assert_eq!(of(&unread, remembered), none);
    assert_eq!(of(&unread, later).len(), 1);
}

fn user(advisor: &Advisor) -> EntityId {
    advisor.account().resolve(USER_ARN).unwrap()
}

#[test]
fn access_keys_of_the_trail_are_those_of_the_report() {
    let keys = |advisor: &Advisor| -> Vec<(Option<u8>, Option<String>)> {
        let keys = advisor.access_keys_of(user(advisor)).into_iter();
        let ids = keys.map(|key| {
            let id = key.uses.and_then(|uses| uses.access_key_id);
            let number = key.reported.map(|reported| reported.number);
            (number, id.map(|id| id.to_string()))
        });
        ids.collect()
    };
    let (first, second) = (FIRST_KEY.access_key_id(), SECOND_KEY.access_key_id());
    let [first, second] = [first, second].map(|id| id.map(str::to_owned));
    let without = advisor("{}", &used());
    assert_eq!(
        keys(&without),
        [(None, first.clone()), (None, second.clone())]
    );
    let with = |uses: [&str; 3]| without.with_credential_report(report(uses));
    let day = |day| format!("2026-10-{day}T12:00:00Z");
    let both = with(["N/A", &day("02"), &day("20")]);
    assert_eq!(
        keys(&both),
        [(Some(1), first.clone()), (Some(2), second.clone())]
    );
    assert_eq!(
        both.reported_user(user(&both)).unwrap().access_keys.len(),
        2
    );
    // The second key of the report was made after the first one of the trail was used.
    let made_later = with(["N/A", "N/A", &day("02")]);
    assert_eq!(
        keys(&made_later),
        [
            (Some(1), None),
            (Some(2), None),
            (None, first.clone()),
            (None, second.clone())
        ]
    );
    // Both keys of the report were used on the day.
    let same_day = with(["N/A", &day("20"), &day("20")]);
    assert_eq!(
        keys(&same_day),
        [
            (Some(1), None),
            (Some(2), None),
            (None, first),
            (None, second)
        ]
    );
}

#[test]
fn uses_after_the_instant_of_the_reports_are_not_there() {
    let later = advisor("{}", &used());
    let earlier = later.at(time::parse("2026-10-02T00:00:00Z").unwrap());
    let last = |advisor: &Advisor| {
        let [first, ..] = &*advisor.access_keys_of(user(advisor)) else {
            panic!("no key");
        };
        first.uses.as_ref().unwrap().last_millis
    };
    assert_eq!(last(&later), millis("2026-10-02T12:10:00Z"));
    assert_eq!(last(&earlier), millis("2026-10-02T00:00:00Z"));
    assert_eq!(earlier.access_keys_of(user(&earlier)).len(), 1);
    assert_eq!(earlier.password_uses_of(user(&earlier)), None);
    let sign_ins = later.password_uses_of(user(&later)).unwrap();
    assert_eq!(sign_ins.last_millis, millis("2026-10-03T08:04:00Z"));
}
