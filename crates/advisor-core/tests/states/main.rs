//! The states of services and actions: what a trail proves, and what it does not.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod collected;
mod missed_use;
mod recent_grants;

use std::sync::Arc;

use advisor_core::{
    AccountData, Activity, Advisor, Attempt, CreditedAction, DaySet, Digest, EventCategory,
    Granularity, ListedLogFile, Principal, Report, State, TrackedRegions, Tracking, time,
};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use service_catalog::Catalog;

const ACCOUNT: &str = "111122223333";
const ANN: &str = "arn:aws:iam::111122223333:user/ann";
const BOB: &str = "arn:aws:iam::111122223333:user/bob";
const REGION: &str = "eu-west-1";
/// The Region of global services.
const HOME: &str = "us-east-1";
/// 2026-01-01.
const FIRST: i32 = 20_454;

fn user(arn: &str, actions: &[&str]) -> Value {
    let name = arn.rsplit('/').next().unwrap();
    let statement = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    json!({
        "UserName": name, "UserId": format!("AIDA{name}"), "Arn": arn,
        "GroupList": [], "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}],
    })
}

fn account(users: &[Value]) -> AccountData {
    let export = json!({"UserDetailList": users}).to_string();
    AccountData::from_export("inline", &export).unwrap()
}

const KINDS: [EventCategory<'static>; 2] = [
    EventCategory::ManagementRead,
    EventCategory::ManagementWrite,
];

/// Records events of these kinds on these days in a Region.
fn see_records(
    activity: &mut Activity,
    region: &str,
    kinds: &[EventCategory<'_>],
    days: impl IntoIterator<Item = i32>,
) {
    for day in days {
        for kind in kinds {
            (activity.coverage_mut()).see_record(ACCOUNT, region, *kind, FIRST + day);
        }
    }
}

/// Records a log file of the day after others: the last of them is whole.
fn see_next_day(activity: &mut Activity, region: &str, day: i32) {
    let coverage = activity.coverage_mut();
    coverage.see_log_file(ACCOUNT, region, FIRST + day, region, &[]);
}

/// A trail that holds both kinds of management event on all days of a range, in two Regions, and calls of KMS and IAM; and the first
/// log file of the next day.
fn covered(days: std::ops::Range<i32>) -> Activity {
    let mut activity = Activity::new();
    for region in [REGION, HOME] {
        see_records(&mut activity, region, &KINDS, days.clone());
        see_next_day(&mut activity, region, days.end);
    }
    let coverage = activity.coverage_mut();
    for (day, region) in days.flat_map(|day| [REGION, HOME].map(|region| (day, region))) {
        let call = ("kms", "Encrypt");
        coverage.see_call(ACCOUNT, region, KINDS[0], call, FIRST + day);
        let call = ("iam", "ListUsers");
        coverage.see_call(ACCOUNT, HOME, KINDS[0], call, FIRST + day);
    }
    activity
}

fn attempt(activity: &mut Activity, arn: &str, credit: (&str, CreditedAction<'_>), millis: i64) {
    activity.record(&Attempt {
        principal: Principal {
            unique_id: None,
            arn: Some(arn),
            account: Some(ACCOUNT),
        },
        service: credit.0,
        action: credit.1,
        region: REGION,
        time_millis: millis,
        event_id: "1234",
        denied: false,
    });
}

fn at(day: i32, hour: i64) -> i64 {
    DaySet::start_of(FIRST + day) + hour * 3_600_000
}

fn instant(day: i32, hour: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(at(day, hour)).unwrap()
}

/// `namespace:action state: reason` of every row; a service's own row has no action.
fn rows(report: &Report) -> Vec<String> {
    let mut rows = Vec::new();
    for service in report.services() {
        let claim = |state: Option<State>, reason: Option<&advisor_core::StateReason>| {
            let reason = reason.map_or_else(String::new, |reason| format!(": {reason}"));
            format!("{}{reason}", state.unwrap())
        };
        let namespace = service.service_namespace;
        let own = claim(service.state, service.state_reason);
        rows.push(format!("{namespace} {own}"));
        for action in &service.tracked_actions_last_accessed {
            let own = claim(action.state, action.state_reason);
            rows.push(format!("{namespace}:{} {own}", action.action_name));
        }
    }
    rows
}

fn report_on(arn: &str, users: &[Value], activity: &Activity, now: DateTime<Utc>) -> Report {
    report_with(Tracking::full(), arn, users, activity, now)
}

fn report_with(
    tracking: Tracking,
    arn: &str,
    users: &[Value],
    activity: &Activity,
    now: DateTime<Utc>,
) -> Report {
    report_in(account(users), tracking, arn, activity, now)
}

fn report_in(
    account: AccountData,
    tracking: Tracking,
    arn: &str,
    activity: &Activity,
    now: DateTime<Utc>,
) -> Report {
    let advisor = Advisor::new(account, activity, Catalog::shared(), tracking, now).unwrap();
    advisor.report(arn, Granularity::Action).unwrap()
}

#[test]
fn the_trail_decides_what_unused_means() {
    let ann = [user(
        ANN,
        &[
            "ec2:DescribeInstances",
            "kms:Decrypt",
            "s3:GetObject",
            "s3:ReplicateObject",
            "iam:PassRole",
            "kinesis:PutRecord",
        ],
    )];
    let now = instant(100, 0);
    let shown = rows(&report_on(ANN, &ann, &covered(0..100), now));
    assert_eq!(
        shown,
        [
            "ec2 unused: no attempt on any of the 100 days read of 100, 2026-01-01 to 2026-04-10, in eu-west-1, us-east-1",
            "ec2:DescribeInstances unused: no attempt on any of the 100 days read of 100, 2026-01-01 to 2026-04-10, in eu-west-1, us-east-1",
            "iam unobservable: 1 of 1 granted actions leave no trace, such as PassRole",
            "iam:PassRole unobservable: only calls of other actions exercise it; none was seen",
            "kinesis unobservable: 1 of 1 granted actions leave no trace, such as PutRecord",
            "kinesis:PutRecord unobservable: AWS does not say that it is logged, and no call that was read tells how",
            "kms unused: no attempt on any of the 100 days read of 100, 2026-01-01 to 2026-04-10, in eu-west-1, us-east-1",
            "kms:Decrypt unused: no attempt on any of the 100 days read of 100, 2026-01-01 to 2026-04-10, in eu-west-1, us-east-1",
            "s3 unobservable: 2 of 2 granted actions leave no trace, such as GetObject",
            "s3:GetObject unobservable: the trail holds no data events that read on AWS::S3::Object",
            "s3:ReplicateObject unobservable: no API operation is named after it",
        ]
    );

    // Too few days: nothing is unused.
    let shown = rows(&report_on(ANN, &ann, &covered(50..100), now));
    let reason = "uncovered: 50 days of the trail of account 111122223333 read; 90 needed";
    assert!(shown.iter().all(|row| row.ends_with(reason)), "{shown:#?}");
    let few = Tracking::full().min_coverage_days(50);
    let shown = rows(&report_with(few, ANN, &ann, &covered(50..100), now));
    assert!(shown[0].starts_with("ec2 unused: no attempt on any of the 50 days read of 50"));

    // No trail at all, and one that does not say what it covers.
    for (is_unknown, reason) in [
        (
            false,
            "uncovered: no whole day of the trail of account 111122223333 was read",
        ),
        (
            true,
            "uncovered: the activity does not say what it covers of account 111122223333",
        ),
    ] {
        let mut activity = Activity::new();
        if is_unknown {
            activity.coverage_mut().see_unknown_source();
        }
        let none = Tracking::full().min_coverage_days(0);
        let shown = rows(&report_with(none, ANN, &ann, &activity, now));
        assert!(shown.iter().all(|row| row.ends_with(reason)), "{shown:#?}");
    }
}

#[test]
fn data_events_must_have_been_logged_long_enough() {
    let ann = [user(ANN, &["s3:GetObject"])];
    let with_events = |days: std::ops::Range<i32>, types: &[&str]| {
        let mut activity = covered(0..100);
        let kinds: Vec<_> = types.iter().map(|it| EventCategory::DataRead(it)).collect();
        see_records(&mut activity, REGION, &kinds, days);
        rows(&report_on(ANN, &ann, &activity, instant(100, 0)))
    };
    let object = "AWS::S3::Object";
    assert_eq!(
        with_events(0..95, &[object])[1],
        "s3:GetObject unused: no attempt on any of the 95 days read of 95, 2026-01-01 to 2026-04-05, in eu-west-1, in logged data events on AWS::S3::Object"
    );
    assert_eq!(
        with_events(60..95, &[object]),
        [
            "s3 uncovered: 1 of 1 granted actions are uncovered, such as GetObject",
            "s3:GetObject uncovered: 35 days with data events that read on AWS::S3::Object in eu-west-1 read; 90 needed",
        ]
    );
    // Access points show only the calls through them.
    let reason =
        "s3:GetObject unobservable: the trail holds no data events that read on AWS::S3::Object";
    assert_eq!(with_events(0..95, &["AWS::S3::AccessPoint"])[1], reason);
}

#[test]
fn data_events_that_write_do_not_show_reads() {
    let users = [user(
        ANN,
        &["s3:GetObject", "s3:PutObject", "lambda:InvokeFunction"],
    )];
    let mut activity = covered(0..100);
    let kind = EventCategory::DataWrite("AWS::S3::Object");
    let invokes = EventCategory::DataWrite("AWS::Lambda::Function");
    see_records(&mut activity, REGION, &[kind, invokes], 0..100);
    let state = |activity: &Activity, name: &str| {
        let report = report_on(ANN, &users, activity, instant(100, 0));
        let row = rows(&report).into_iter().find(|row| row.starts_with(name));
        row.unwrap().split(' ').nth(1).unwrap().to_owned()
    };
    assert_eq!(state(&activity, "s3:PutObject "), "unused:");
    assert_eq!(state(&activity, "s3:GetObject "), "unobservable:");
    // Whether an invocation reads or writes, AWS's level and name do not say; a call tells.
    assert_eq!(state(&activity, "lambda:InvokeFunction "), "unobservable:");
    let call = ("lambda", "InvokeFunction");
    (activity.coverage_mut()).see_call(ACCOUNT, REGION, invokes, call, FIRST + 3);
    assert_eq!(state(&activity, "lambda:InvokeFunction "), "unused:");
}

#[test]
fn both_kinds_of_management_event_are_needed_where_the_catalog_does_not_tell() {
    let ann = [user(
        ANN,
        &["ec2:DescribeInstances", "ec2:CreateTags", "kms:Decrypt"],
    )];
    let mut activity = Activity::new();
    let kind = EventCategory::ManagementWrite;
    see_records(&mut activity, REGION, &[kind], 0..100);
    let shown = rows(&report_on(ANN, &ann, &activity, instant(100, 0)));
    let state = |name: &str| {
        let row = shown.iter().find(|row| row.starts_with(name)).unwrap();
        row.strip_prefix(name).unwrap().to_owned()
    };
    assert!(state("ec2:CreateTags ").starts_with("unused"));
    let reason = "unobservable: the trail holds no management events that read";
    assert_eq!(state("ec2:DescribeInstances "), reason);
    assert_eq!(state("kms:Decrypt "), reason);
}

#[test]
fn a_call_by_anybody_in_the_account_s_trail_shows_that_an_action_is_logged() {
    let users = [user(ANN, &["kinesis:PutRecord"]), user(BOB, &[])];
    let put = ("kinesis", CreditedAction::Action("PutRecord"));
    let kind = EventCategory::DataWrite("AWS::New::Stream");
    let state = |trail: Option<&str>, days: i32| {
        let mut activity = covered(0..100);
        attempt(&mut activity, BOB, put, at(50, 0));
        let coverage = activity.coverage_mut();
        for day in FIRST..FIRST + days {
            coverage.see_record(ACCOUNT, REGION, kind, day);
        }
        if let Some(trail) = trail {
            coverage.see_call(trail, REGION, kind, ("kinesis", "PutRecord"), FIRST + 50);
        }
        rows(&report_on(ANN, &users, &activity, instant(100, 0))).remove(1)
    };
    let shown = state(Some(ACCOUNT), 100);
    assert!(
        shown
            .starts_with("kinesis:PutRecord unused: no attempt on any of the 100 days read of 100"),
        "{shown}"
    );
    // The call shows which kind of event is needed.
    let shown = state(Some(ACCOUNT), 60);
    assert_eq!(
        shown,
        "kinesis:PutRecord uncovered: 60 days with data events that write on AWS::New::Stream in eu-west-1 read; 90 needed"
    );
    // A call of the account's user in another account's trail shows nothing of this one.
    for trail in [None, Some("444455556666")] {
        let shown = state(trail, 100);
        assert!(
            shown.starts_with("kinesis:PutRecord unobservable: AWS does not say"),
            "{shown}"
        );
    }
}

#[test]
fn calls_of_other_actions_count_as_far_as_they_tell() {
    let ann = [user(
        ANN,
        &[
            "ec2:RunInstances",
            "iam:PassRole",
            "kms:ReEncrypt*",
            "s3:GetObjectTagging",
        ],
    )];
    let mut activity = covered(0..100);
    let day = at(50, 12);
    let run = ("ec2", CreditedAction::Action("RunInstances"));
    attempt(&mut activity, ANN, run, day);
    let re_encrypt = ("kms", CreditedAction::Action("ReEncryptFrom"));
    attempt(&mut activity, ANN, re_encrypt, day);
    let report = |activity: &Activity| report_on(ANN, &ann, activity, instant(100, 0));
    let shown = rows(&report(&activity));
    // Whether a role was passed is decided by the record, which was read.
    assert!(
        shown.contains(
            &"iam:PassRole unobservable: only calls of other actions exercise it; none was seen"
                .to_owned()
        )
    );
    let reason = "implied by kms:ReEncryptFrom, 2026-02-20T12:00:00+00:00, event 1234";
    assert!(
        shown.contains(&format!("kms:ReEncryptTo implied: {reason}")),
        "{shown:#?}"
    );

    // The record did not have its parameters.
    let may_pass = ("iam", CreditedAction::Implied("PassRole"));
    attempt(&mut activity, ANN, may_pass, day);
    let shown = rows(&report(&activity));
    let reason = "implied by ec2:RunInstances, 2026-02-20T12:00:00+00:00, event 1234";
    assert!(
        shown.contains(&format!("iam implied: PassRole {reason}")),
        "{shown:#?}"
    );
    assert!(
        shown.contains(&format!("iam:PassRole implied: {reason}")),
        "{shown:#?}"
    );
    // It never is an access.
    let all = report(&activity);
    let iam = all.services().find(|row| row.service_namespace == "iam");
    assert_eq!(iam.unwrap().last_authenticated, None);

    // The record shows it. AWS would not count that.
    let passed = ("iam", CreditedAction::Exercised("PassRole"));
    attempt(&mut activity, ANN, passed, day + 1000);
    assert!(rows(&report(&activity)).contains(&"iam:PassRole used".to_owned()));
    let all = report(&activity);
    let iam = all.services().find(|row| row.service_namespace == "iam");
    assert_eq!(
        iam.unwrap().last_authenticated,
        time::parse("2026-02-20T12:00:01Z")
    );
    let aws = report_with(Tracking::aws(), ANN, &ann, &activity, instant(100, 0));
    let iam = aws.services().find(|row| row.service_namespace == "iam");
    let iam = iam.unwrap();
    assert_eq!((iam.last_authenticated, iam.state), (None, None));
    assert!(!serde_json::to_string(&aws).unwrap().contains("State"));
}

#[test]
fn what_no_policy_grants_is_told_from_what_nobody_knows() {
    let ann = [user(ANN, &["s3:GetObject"])];
    let mut activity = covered(0..100);
    for (service, action) in [
        ("s3", CreditedAction::Action("PutObject")),
        ("sqs", CreditedAction::Action("CreateQueue")),
        ("brand-new", CreditedAction::Event("DoIt")),
    ] {
        attempt(&mut activity, ANN, (service, action), at(50, 0));
    }
    let report = report_on(ANN, &ann, &activity, instant(100, 0));
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["UngrantedServicesUsed"][0]["ServiceNamespace"], "sqs");
    assert_eq!(
        json["UngrantedActionsUsed"],
        json!([{
            "ServiceNamespace": "s3", "ActionName": "PutObject", "LastAccessedEntity": ANN,
            "LastAccessedTime": "2026-02-20T00:00:00+00:00", "LastAccessedRegion": REGION,
            "State": "used",
        }])
    );
    let unknown = &json["UnknownEventSources"][0];
    assert_eq!(unknown["ServiceNamespace"], "brand-new");
    let reason = "event source brand-new is not in the catalog";
    assert_eq!(unknown["StateReason"], reason);
    assert_eq!(json["UnknownEventSources"].as_array().unwrap().len(), 1);
}

#[test]
fn earlier_instants_are_right_to_the_day() {
    let users = [user(ANN, &["ec2:DescribeInstances"])];
    let describe = ("ec2", CreditedAction::Action("DescribeInstances"));
    let mut activity = covered(0..100);
    for (day, hour) in [(10, 9), (20, 9), (90, 9)] {
        attempt(&mut activity, ANN, describe, at(day, hour));
    }
    let last = |activity: &Activity, tracking: Tracking, day, hour| {
        let report = report_with(tracking, ANN, &users, activity, instant(day, hour));
        let row = report.services().next().unwrap();
        row.last_authenticated.map(|time| time.timestamp_millis())
    };
    for tracking in [Tracking::full(), Tracking::aws()] {
        let last = |day, hour| last(&activity, tracking.clone(), day, hour);
        assert_eq!(last(95, 0), Some(at(90, 9)));
        // Of the 20th only the day is known, and on that day not even whether it was before or after noon.
        assert_eq!(last(60, 0), Some(at(20, 0)));
        assert_eq!(last(20, 1), Some(at(20, 0)));
        assert_eq!(last(15, 0), Some(at(10, 9)), "not before the first attempt");
        assert_eq!(last(10, 8), None);
    }
    // Used on the 20th, and not in the thirty days before the 60th.
    let month = Tracking::full().period_days(30);
    assert_eq!(last(&activity, month.clone(), 60, 0), None);
    assert_eq!(last(&activity, month, 50, 10), Some(at(20, 10)));

    // Where the days are not known, what may have been used counts.
    let mut older = Activity::new();
    for row in activity.rows() {
        let (days, days_complete) = (&DaySet::new(), false);
        older.add_row(&advisor_core::ActivityRow {
            days,
            days_complete,
            ..row
        });
    }
    assert_eq!(last(&older, Tracking::full(), 60, 0), Some(at(90, 9)));
}

#[test]
fn the_summary_names_gaps_and_what_was_held() {
    let mut activity = Activity::new();
    for region in [REGION, HOME] {
        see_records(&mut activity, region, &KINDS, 0..10);
    }
    let coverage = activity.coverage_mut();
    let other = EventCategory::DataRead("AWS::S3::Object");
    coverage.see_record(ACCOUNT, "us-east-1", other, FIRST + 20);
    let digest = Digest {
        account: ACCOUNT,
        region: REGION,
        trail: "main",
        start_millis: at(5, 0),
        end_millis: at(7, 1),
    };
    let listed = ListedLogFile {
        name: "logs/a.json.gz",
        delivered: FIRST + 6,
        first_day: FIRST + 6,
        last_day: FIRST + 6,
    };
    coverage.see_digest(digest, [listed]);
    let advisor = |tracking: Tracking| {
        let account = account(&[user(ANN, &[])]);
        Advisor::new(
            Arc::new(account),
            &activity,
            Catalog::shared(),
            tracking,
            instant(30, 0),
        )
        .unwrap()
    };
    let summary = serde_json::to_value(advisor(Tracking::full()).coverage()).unwrap();
    assert_eq!(summary["Window"], "2024-12-27/2026-01-30");
    let of_account = &summary["Accounts"][0];
    assert_eq!(
        of_account["Gaps"],
        json!([
            "2024-12-27/2025-12-31",
            "2026-01-07",
            "2026-01-11/2026-01-20",
            "2026-01-22/2026-01-30"
        ])
    );
    assert_eq!(of_account["DaysRead"], 10);
    assert_eq!(of_account["MissingLogFiles"]["Days"], json!(["2026-01-07"]));
    assert_eq!(
        of_account["Unverified"],
        json!([
            "2026-01-01/2026-01-06",
            "2026-01-08/2026-01-10",
            "2026-01-21"
        ])
    );
    let records = &of_account["Records"][4];
    assert_eq!(records["Region"], "us-east-1");
    assert_eq!(records["ResourceType"], "AWS::S3::Object");
    assert_eq!(
        records["Gaps"],
        json!(["2024-12-27/2026-01-20", "2026-01-22/2026-01-30"])
    );
    let regions = of_account["Regions"].as_array().unwrap();
    let of = |number: usize| (&regions[number]["Region"], &regions[number]["DaysRead"]);
    // Of the last day in eu-west-1, nobody knows how much was read.
    assert_eq!(of(0), (&json!("eu-west-1"), &json!(8)));
    assert_eq!(of(1), (&json!("us-east-1"), &json!(10)));
    // No digest of us-east-1 was read.
    assert_eq!(of_account["DaysWithDigests"], json!([]));
    assert_eq!(summary["MissingLogFiles"]["First"], json!(["a.json.gz"]));

    let month = advisor(Tracking::full().period_days(15)).coverage();
    assert_eq!((month.window_days, month.days_needed), (Some(15), 15));
    assert_eq!(month.accounts[0].days_read, 1);
}

#[test]
fn an_object_of_unknown_days_leaves_nothing_unused() {
    let users = [user(ANN, &["ec2:RunInstances"])];
    let mut activity = covered(0..100);
    let row =
        |activity: &Activity| rows(&report_on(ANN, &users, activity, instant(100, 0)))[1].clone();
    assert!(row(&activity).starts_with("ec2:RunInstances unused: "));
    let name = "logs/part-1.json";
    activity.coverage_mut().lose_object(name);
    let reason = "logs/part-1.json was not read whole, and may hold events of any day";
    assert_eq!(
        row(&activity),
        format!("ec2:RunInstances uncovered: {reason}")
    );
    activity.coverage_mut().recover_object(name);
    assert!(row(&activity).starts_with("ec2:RunInstances unused: "));
}

/// An event that the catalog does not know may have exercised any action of its service, and an event source that it does not know any
/// action of a service whose namespace begins its name.
#[test]
fn an_event_without_an_action_implies_what_it_may_have_exercised() {
    let users = [user(ANN, &["sqs:DeleteQueue", "ec2:DescribeInstances"])];
    for source in ["sqs", "sqs-streaming", "SQSwings"] {
        let mut activity = covered(0..100);
        let grown = (source, CreditedAction::Event("GrowWings"));
        attempt(&mut activity, ANN, grown, DaySet::start_of(FIRST + 50));
        let rows = rows(&report_on(ANN, &users, &activity, instant(100, 0)));
        let row = |name: &str| rows.iter().find(|row| row.starts_with(name)).unwrap();
        assert!(
            row("sqs:").starts_with("sqs:DeleteQueue implied: implied by a call"),
            "{rows:#?}"
        );
        assert!(row("ec2:").contains(" unused: "), "{rows:#?}");
    }
}
