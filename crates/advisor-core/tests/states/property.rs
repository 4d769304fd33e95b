//! Taking away a part of a trail never makes a claim stronger, and what is missing is said.

use std::sync::{Arc, LazyLock};

use advisor_core::{
    Activity, Advisor, Attempt, CreditedAction, DaySet, EventCategory, Granularity, Principal,
    Report, ReportCoverage, State, Tracking,
};
use proptest::prelude::*;
use service_catalog::Catalog;

use super::{ACCOUNT, ANN, BOB, FIRST, account, at, instant, user};

const REGIONS: [&str; 2] = ["eu-west-1", "us-east-1"];
const OTHER_ACCOUNT: &str = "444455556666";
const DAYS: i32 = 9;

/// A catalog in which each kind of logging has an action.
static CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    let table = "service-reference\t2026-01-01\nservice-names\t2026-01-01\nbotocore\t1\n\
        condition\trole\trequestParameters.role\n\
        service\tec2\tEC2\nR+g\tDescribeInstances\nW+g\tRunInstances\nW+g\tUpdateIt\nimplies\tRunInstances\tiam:PassRole\trole\n\
        service\tiam\tIAM\nW-x\tPassRole\n\
        service\tkinesis\tKinesis\nW-o\tPutRecord\n\
        service\tkms\tKMS\nW-o\tReEncryptFrom\nW-x\tReEncryptTo\nevent\tReEncrypt\tReEncryptFrom\nimplies\tReEncrypt\tReEncryptTo\talways\nmanagement\tReEncrypt\n\
        service\ts3\tS3\nR-o\tGetObject\nW-x\tReplicateObject\ndata\tGetObject\tAWS::S3::Object\n";
    Arc::new(Catalog::parse(table).unwrap())
});

/// What calls are: service, credit, kind of event.
const CALLS: [(&str, CreditedAction<'static>, EventCategory<'static>); 8] = [
    (
        "ec2",
        CreditedAction::Action("DescribeInstances"),
        EventCategory::ManagementRead,
    ),
    (
        "ec2",
        CreditedAction::Action("UpdateIt"),
        EventCategory::ManagementWrite,
    ),
    (
        "ec2",
        CreditedAction::Action("RunInstances"),
        EventCategory::ManagementWrite,
    ),
    (
        "iam",
        CreditedAction::Exercised("PassRole"),
        EventCategory::ManagementWrite,
    ),
    (
        "iam",
        CreditedAction::Implied("PassRole"),
        EventCategory::ManagementWrite,
    ),
    (
        "kms",
        CreditedAction::Action("ReEncryptFrom"),
        EventCategory::ManagementRead,
    ),
    (
        "kinesis",
        CreditedAction::Action("PutRecord"),
        EventCategory::Data(""),
    ),
    (
        "s3",
        CreditedAction::Action("GetObject"),
        EventCategory::Data("AWS::S3::Object"),
    ),
];

/// A log file.
#[derive(Clone, Debug)]
struct Object {
    account: &'static str,
    region: &'static str,
    day: i32,
    /// The caller and the call.
    records: Vec<(&'static str, usize)>,
}

#[derive(Clone, Debug)]
enum Removed {
    Day(i32),
    Region(&'static str),
    Object(usize),
    Kind(EventCategory<'static>),
}

fn object() -> impl Strategy<Value = Object> {
    let account = prop::sample::select(vec![ACCOUNT, ACCOUNT, ACCOUNT, OTHER_ACCOUNT]);
    let record = (prop::sample::select(vec![ANN, BOB]), 0..CALLS.len());
    let records = prop::collection::vec(record, 0..4);
    let region = prop::sample::select(REGIONS.to_vec());
    (account, region, 0..DAYS, records).prop_map(|(account, region, day, records)| Object {
        account,
        region,
        day,
        records,
    })
}

fn removed() -> impl Strategy<Value = Removed> {
    prop_oneof![
        (0..DAYS).prop_map(Removed::Day),
        prop::sample::select(REGIONS.to_vec()).prop_map(Removed::Region),
        (0..16_usize).prop_map(Removed::Object),
        (0..CALLS.len()).prop_map(|call| Removed::Kind(CALLS[call].2)),
    ]
}

/// The activity of what is left of a trail.
fn activity(objects: &[Object], has_digests: bool, removed: Option<&Removed>) -> Activity {
    let mut activity = Activity::new();
    for (number, object) in objects.iter().enumerate() {
        let name = format!("{number}.json.gz");
        let start = at(object.day, 0);
        let is_gone = match removed {
            Some(Removed::Day(day)) => *day == object.day,
            Some(Removed::Region(region)) => *region == object.region,
            _ => false,
        };
        if is_gone {
            continue;
        }
        let coverage = activity.coverage_mut();
        if has_digests {
            let end = start + 86_400_000;
            coverage.see_digest(object.account, object.region, start, end, [&*name]);
        }
        if matches!(removed, Some(Removed::Object(index)) if *index == number) {
            continue;
        }
        coverage.see_log_file(object.account, object.region, FIRST + object.day, &name);
        for (index, (caller, call)) in object.records.iter().enumerate() {
            let (service, action, kind) = CALLS[*call];
            if matches!(removed, Some(Removed::Kind(gone)) if *gone == kind) {
                continue;
            }
            let coverage = activity.coverage_mut();
            coverage.see_record(object.account, object.region, kind, FIRST + object.day);
            activity.record(&Attempt {
                principal: Principal {
                    unique_id: None,
                    arn: Some(caller),
                    account: Some(ACCOUNT),
                },
                service,
                action,
                region: object.region,
                time_millis: start + index as i64,
                event_id: &name,
                denied: false,
            });
        }
    }
    activity
}

fn answer(activity: &Activity, tracking: &Tracking) -> (Report, ReportCoverage) {
    let users = [user(ANN, &["*"]), user(BOB, &["*"])];
    let advisor = Advisor::new(
        account(&users),
        activity,
        CATALOG.clone(),
        tracking.clone(),
        instant(DAYS, 0),
    );
    let report = advisor.report(ANN, Granularity::Action).unwrap();
    (report, advisor.coverage())
}

/// The states of all rows.
fn states(report: &Report) -> Vec<(String, State)> {
    let mut states = Vec::new();
    for row in report.services() {
        let namespace = row.service_namespace;
        states.push((namespace.to_owned(), row.state.unwrap()));
        for action in &row.tracked_actions_last_accessed {
            let name = format!("{namespace}:{}", action.action_name);
            states.push((name, action.state.unwrap()));
        }
    }
    states
}

/// Whether the summary says that this is missing.
fn is_stated(removed: &Removed, objects: &[Object], summary: &ReportCoverage) -> bool {
    let of_account = &summary.accounts[0];
    let is_gap = |day: i32| of_account.gaps.iter().any(|gap| gap.contains(FIRST + day));
    match removed {
        Removed::Day(day) => is_gap(*day),
        Removed::Region(region) => of_account.records.iter().all(|it| &*it.region != *region),
        Removed::Kind(kind) => of_account.records.iter().all(|it| {
            (it.category, it.resource_type.as_deref()) != (kind.name(), kind.resource_type())
        }),
        Removed::Object(number) => {
            let name = format!("{number}.json.gz");
            let day = objects[*number].day;
            let proved: &DaySet = &of_account.days_with_digests;
            let missing = &summary.missing_log_files.first;
            missing.iter().any(|file| **file == *name) || !proved.contains(FIRST + day)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 5_000, ..ProptestConfig::default() })]

    #[test]
    fn less_of_a_trail_never_claims_more(
        objects in prop::collection::vec(object(), 0..16),
        has_digests: bool,
        removed in removed(),
        days_needed in 1..8_u32,
        period in prop::option::of(3..12_u64),
    ) {
        let tracking = Tracking::full()
            .with_period_days(period)
            .with_min_coverage_days(Some(days_needed));
        let (whole, _) = answer(&activity(&objects, has_digests, None), &tracking);
        let (rest, summary) = answer(&activity(&objects, has_digests, Some(&removed)), &tracking);
        let (whole, rest) = (states(&whole), states(&rest));
        prop_assert_eq!(whole.len(), rest.len());
        for ((name, before), (_, after)) in whole.iter().zip(&rest) {
            if *after != State::Unused {
                continue;
            }
            prop_assert!(
                !matches!(before, State::Uncovered | State::Unobservable),
                "{}: {} became {}", name, before, after
            );
            if matches!(before, State::Used | State::Implied) {
                prop_assert!(is_stated(&removed, &objects, &summary), "{}: {:#?}", name, summary);
            }
        }
    }
}
