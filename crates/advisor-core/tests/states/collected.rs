//! What a trail demonstrably collected: Regions, kinds of event, days and log files.

use super::*;

#[test]
fn global_services_need_the_region_in_which_they_log() {
    let users = [user(
        ANN,
        &["ec2:DescribeInstances", "iam:CreateUser", "sts:AssumeRole"],
    )];
    let mut activity = Activity::new();
    let mut days = |region: &str, days: std::ops::Range<i32>| {
        let coverage = activity.coverage_mut();
        for (day, kind) in days.flat_map(|day| KINDS.map(|kind| (day, kind))) {
            coverage.see_record(ACCOUNT, region, kind, FIRST + day);
            let call = ("iam", "ListUsers");
            coverage.see_call(ACCOUNT, region, KINDS[0], call, FIRST + day);
        }
        rows(&report_on(ANN, &users, &activity, instant(100, 0)))
    };
    let all = days(REGION, 0..100);
    let row =
        |all: &[String], name: &str| all.iter().find(|it| it.starts_with(name)).unwrap().clone();
    assert_eq!(
        row(&all, "ec2:"),
        "ec2:DescribeInstances unused: no attempt on any of the 99 days read of 99, 2026-01-01 to 2026-04-09, in eu-west-1"
    );
    assert_eq!(
        row(&all, "iam:"),
        "iam:CreateUser unobservable: the trail holds no management events that write"
    );
    let all = days(HOME, 10..12);
    let reason = "uncovered: 1 day with management events that write in us-east-1 read; 90 needed";
    assert_eq!(row(&all, "iam:"), format!("iam:CreateUser {reason}"));
    assert!(
        row(&all, "sts:").starts_with("sts:AssumeRole uncovered: 1 day"),
        "{all:#?}"
    );
    let all = days(HOME, 5..100);
    assert_eq!(
        row(&all, "iam:"),
        "iam:CreateUser unused: no attempt on any of the 94 days read of 94, 2026-01-06 to 2026-04-09, in us-east-1"
    );
    for name in ["sts:", "ec2:"] {
        assert!(
            row(&all, name).ends_with("in eu-west-1, us-east-1"),
            "{all:#?}"
        );
    }
}

#[test]
fn days_without_management_events_do_not_count_for_them() {
    let users = [user(ANN, &["ec2:DescribeInstances"])];
    let mut activity = Activity::new();
    let objects = EventCategory::DataRead("AWS::S3::Object");
    see_records(&mut activity, REGION, &[objects], 0..100);
    see_records(&mut activity, REGION, &KINDS, [0, 99]);
    let shown = rows(&report_on(ANN, &users, &activity, instant(100, 0)));
    assert_eq!(
        shown[1],
        "ec2:DescribeInstances uncovered: 1 day with management events that read in eu-west-1 read; 90 needed"
    );
}

#[test]
fn services_that_a_trail_can_leave_out_must_be_in_it() {
    let users = [user(ANN, &["kms:Decrypt"])];
    let mut activity = Activity::new();
    see_records(&mut activity, REGION, &KINDS, 0..100);
    let shown =
        |activity: &Activity| rows(&report_on(ANN, &users, activity, instant(100, 0))).remove(1);
    assert_eq!(
        shown(&activity),
        "kms:Decrypt unobservable: the trail holds no events of kms, which a trail can leave out"
    );
    let mut call = |day: i32| {
        let call = ("kms", "GenerateDataKey");
        (activity.coverage_mut()).see_call(ACCOUNT, REGION, KINDS[0], call, FIRST + day);
        shown(&activity)
    };
    call(5);
    assert!(call(50).starts_with("kms:Decrypt uncovered: 46 days"));
    assert!(
        call(96).starts_with("kms:Decrypt unused: no attempt on any of the 92 days read of 92")
    );
}

#[test]
fn control_of_multi_region_access_points_is_logged_in_oregon() {
    let users = [user(
        ANN,
        &["s3:CreateMultiRegionAccessPoint", "s3:CreateBucket"],
    )];
    let mut activity = covered(0..100);
    let shown = |activity: &Activity| rows(&report_on(ANN, &users, activity, instant(100, 0)));
    let row = |rows: &[String]| {
        let mut rows = rows.iter();
        (rows.find(|row| row.starts_with("s3:CreateMultiRegionAccessPoint "))).cloned()
    };
    let before = shown(&activity);
    assert!(
        row(&before).unwrap().contains(" unobservable: "),
        "{before:#?}"
    );
    see_records(&mut activity, "us-west-2", &KINDS, 0..100);
    let after = shown(&activity);
    let after = row(&after).unwrap();
    assert!(
        after.contains(" unused: ") && after.ends_with("in us-west-2"),
        "{after}"
    );
}

#[test]
fn a_trail_can_leave_out_global_services() {
    let actions = [
        "ec2:DescribeInstances",
        "cloudfront:ListDistributions",
        "sts:AssumeRole",
    ];
    let users = [user(ANN, &actions)];
    let mut activity = Activity::new();
    for region in [REGION, HOME] {
        see_records(&mut activity, region, &KINDS, 0..100);
    }
    let shown = |activity: &Activity| {
        let mut rows = rows(&report_on(ANN, &users, activity, instant(100, 0)));
        rows.retain(|row| actions.iter().any(|action| row.starts_with(action)));
        rows
    };
    let missing = "the trail holds no events of global services, which a trail can leave out";
    assert_eq!(
        shown(&activity),
        [
            format!("cloudfront:ListDistributions unobservable: {missing}"),
            "ec2:DescribeInstances unused: no attempt on any of the 99 days read of 99, 2026-01-01 to 2026-04-09, in eu-west-1, us-east-1".into(),
            format!("sts:AssumeRole unobservable: {missing}"),
        ]
    );
    // Calls of STS do not show it, since it has an endpoint in each Region. Those of others do, in the home Region.
    let mut call = |region: &str, call: (&str, &str), day: i32| {
        (activity.coverage_mut()).see_call(ACCOUNT, region, KINDS[0], call, FIRST + day);
        shown(&activity).remove(0)
    };
    for (day, region) in [(0, REGION), (99, REGION), (0, HOME), (99, HOME)] {
        assert!(call(region, ("sts", "GetCallerIdentity"), day).ends_with(missing));
    }
    assert!(call(HOME, ("iam", "ListUsers"), 0).contains("uncovered: 1 day"));
    let route53 = call(HOME, ("route53", "ListHostedZones"), 94);
    assert!(route53.contains("unused: no attempt on any of the 95 days read of 95"));
}

#[test]
fn nothing_was_unused_before_it_was_created() {
    let of = |created: &str, actions: &[&str]| {
        let mut user = user(ANN, actions);
        user["CreateDate"] = created.into();
        [user]
    };
    let shown = |created: &str| {
        let users = of(created, &["ec2:DescribeInstances"]);
        rows(&report_on(ANN, &users, &covered(0..100), instant(100, 0))).remove(1)
    };
    assert!(
        shown("2025-01-01T00:00:00Z")
            .contains("unused: no attempt on any of the 100 days read of 100")
    );
    assert!(
        shown("2026-01-08T00:00:00Z")
            .contains("unused: no attempt on any of the 93 days read of 93, 2026-01-08")
    );
    assert_eq!(
        shown("2026-04-07T12:00:00Z"),
        "ec2:DescribeInstances uncovered: 4 days read since the creation on 2026-04-07; 90 needed"
    );
}

#[test]
fn old_trails_prove_nothing_of_today() {
    let users = [user(ANN, &["ec2:DescribeInstances"])];
    let shown = |day| rows(&report_on(ANN, &users, &covered(0..100), instant(day, 0))).remove(1);
    assert!(shown(409).contains("unused: no attempt on any of the 91 days read of 91, 2026-01-10"));
    assert!(
        shown(420).contains("uncovered: 81 days of the trail of account"),
        "{}",
        shown(420)
    );
    assert_eq!(
        shown(1000),
        "ec2:DescribeInstances uncovered: no whole day of the trail of account 111122223333 was read"
    );
}

#[test]
fn regions_that_are_not_tracked_are_not_claimed() {
    let users = [user(ANN, &["ec2:DescribeInstances"])];
    let mut activity = covered(0..100);
    see_records(&mut activity, "ca-west-1", &KINDS, 0..100);
    let tracking = Tracking::full().regions(TrackedRegions::Aws);
    let shown = rows(&report_with(
        tracking,
        ANN,
        &users,
        &activity,
        instant(100, 0),
    ));
    assert!(
        shown[1].ends_with(", in eu-west-1, us-east-1"),
        "{shown:#?}"
    );
}

#[test]
fn actions_with_data_events_need_both_kinds() {
    let users = [user(ANN, &["s3:GetBucketPolicy", "appsync:GraphQL"])];
    let mut activity = covered(0..100);
    let shown = rows(&report_on(ANN, &users, &activity, instant(100, 0)));
    assert!(
        shown[1].starts_with("appsync:GraphQL unobservable: AWS does not say"),
        "{shown:#?}"
    );
    let reason = "unobservable: the trail holds no data events that read on AWS::S3::AccessPoint";
    assert_eq!(shown[3], format!("s3:GetBucketPolicy {reason}"));
    let kind = EventCategory::DataRead("AWS::S3::AccessPoint");
    see_records(&mut activity, REGION, &[kind], 0..100);
    let shown = rows(&report_on(ANN, &users, &activity, instant(100, 0)));
    assert!(
        shown[3].starts_with("s3:GetBucketPolicy unused"),
        "{shown:#?}"
    );
}

#[test]
fn digests_prove_days_only_with_the_log_files_of_their_trail() {
    let users = [user(ANN, &["ec2:DescribeInstances"])];
    let report = |has_files: bool, read: &[i32]| {
        let mut activity = Activity::new();
        let coverage = activity.coverage_mut();
        let names: Vec<String> = (0..100).map(|day| format!("{day}.json.gz")).collect();
        for (day, name) in (0..100).zip(&names) {
            let digest = Digest {
                account: ACCOUNT,
                region: REGION,
                trail: "main",
                start_millis: at(day, 0),
                end_millis: at(day + 1, 1),
            };
            let listed = ListedLogFile {
                name,
                delivered: FIRST + day,
                first_day: FIRST + day,
                last_day: FIRST + day,
            };
            let is_listed = has_files || read.contains(&day);
            coverage.see_digest(digest, is_listed.then_some(listed));
            if read.contains(&day) {
                let held = KINDS.map(|kind| {
                    coverage.see_record(ACCOUNT, REGION, kind, FIRST + day);
                    coverage.intern(ACCOUNT, REGION, kind)
                });
                coverage.see_log_file(ACCOUNT, REGION, FIRST + day, name, &held);
            }
        }
        rows(&report_on(ANN, &users, &activity, instant(100, 0))).remove(1)
    };
    // Nothing was delivered between the first and the last day.
    assert!(
        report(false, &[0, 99]).starts_with(
            "ec2:DescribeInstances unused: no attempt on any of the 99 days read of 99"
        )
    );
    // Something was, and it is missing; or nothing was ever read.
    assert!(
        report(true, &[0, 99]).starts_with("ec2:DescribeInstances uncovered: 2 days of the trail")
    );
    assert!(
        report(false, &[]).starts_with("ec2:DescribeInstances unobservable: the trail holds no")
    );
}

#[test]
fn calls_of_one_kind_tell_nothing_of_other_events_types_and_directions() {
    // Both Regions have everything but what is asked about.
    let state = |service: &str, action: &str, seen: &[EventCategory<'static>]| {
        let mut activity = covered(0..100);
        let coverage = activity.coverage_mut();
        for (day, kind) in (0..100).flat_map(|day| seen.iter().map(move |kind| (day, *kind))) {
            coverage.see_record(ACCOUNT, REGION, kind, FIRST + day);
            coverage.see_call(ACCOUNT, REGION, kind, (service, action), FIRST + day);
        }
        let name = format!("{service}:{action}");
        let users = [user(ANN, &[name.as_str()])];
        let row = rows(&report_on(ANN, &users, &activity, instant(100, 0))).remove(1);
        row.split_once(' ').unwrap().1.to_owned()
    };
    let object = "AWS::S3Express::Object";
    let (reads, writes) = (
        EventCategory::DataRead(object),
        EventCategory::DataWrite(object),
    );
    // Reads and writes use it.
    let session = |seen: &[EventCategory<'static>]| state("s3express", "CreateSession", seen);
    let none = "unobservable: the trail holds no data events that read on AWS::S3Express::Object";
    assert_eq!(session(&[writes]), none);
    assert!(session(&[reads, writes]).starts_with("unused"));
    // An e-mail is a call on several types of resource.
    let [configuration, identity, template] = [
        EventCategory::DataWrite("AWS::SES::ConfigurationSet"),
        EventCategory::DataWrite("AWS::SES::EmailIdentity"),
        EventCategory::DataWrite("AWS::SES::Template"),
    ];
    let send = |seen: &[EventCategory<'static>]| state("ses", "SendEmail", seen);
    assert!(
        send(&[template]).starts_with("unobservable: the trail holds no data events that write")
    );
    assert!(send(&[template, identity, configuration]).starts_with("unused"));
    // Whether the event of a statement reads may not depend on its verb.
    let table = "AWS::DynamoDB::Table";
    let (reads, writes) = (
        EventCategory::DataRead(table),
        EventCategory::DataWrite(table),
    );
    for action in [
        "PartiQLSelect",
        "PartiQLInsert",
        "PartiQLUpdate",
        "PartiQLDelete",
    ] {
        let statement = |seen: &[EventCategory<'static>]| state("dynamodb", action, seen);
        let none = "unobservable: the trail holds no data events that";
        assert!(statement(&[writes]).starts_with(none));
        assert!(statement(&[reads]).starts_with(none));
        assert!(statement(&[reads, writes]).starts_with("unused"));
    }
    // Neither GetExemptions itself nor what else is credited to it is documented.
    let exemptions = state("tax", "GetExemptions", &[EventCategory::ManagementRead]);
    assert!(exemptions.starts_with("unobservable: AWS does not say that it is logged"));
}

#[test]
fn the_very_last_day_may_have_been_read_in_part() {
    let users = [user(ANN, &["ec2:DescribeInstances"])];
    let mut activity = Activity::new();
    see_records(&mut activity, REGION, &KINDS, 0..100);
    let shown =
        |activity: &Activity| rows(&report_on(ANN, &users, activity, instant(110, 0))).remove(1);
    assert!(shown(&activity).contains("99 days read of 99, 2026-01-01 to 2026-04-09"));
    // What was read of another Region does not tell.
    see_next_day(&mut activity, HOME, 100);
    assert!(shown(&activity).contains("99 days read of 99"));
    // Nor do days in between need the next one.
    see_records(&mut activity, REGION, &KINDS, [105, 107]);
    assert!(
        shown(&activity).contains("101 days read of 106"),
        "{}",
        shown(&activity)
    );
    see_next_day(&mut activity, REGION, 108);
    assert!(
        shown(&activity).contains("102 days read of 108"),
        "{}",
        shown(&activity)
    );
}

#[test]
fn a_period_needs_its_whole_days_and_not_the_running_one() {
    let users = [user(ANN, &["ec2:DescribeInstances"])];
    let shown = |trail: &Activity, period, needed, hour| {
        let tracking = Tracking::full().period_days(period);
        let tracking = tracking.min_coverage_days(needed);
        rows(&report_with(
            tracking,
            ANN,
            &users,
            trail,
            instant(100, hour),
        ))
        .remove(1)
    };
    // Exported on day 100, before noon.
    let trail = covered(0..100);
    let unused = "ec2:DescribeInstances unused: no attempt on";
    for needed in [None, Some(90)] {
        assert_eq!(
            shown(&trail, 90, needed, 12),
            format!(
                "{unused} any of the 89 days read of 89, 2026-01-12 to 2026-04-10, in eu-west-1, us-east-1"
            )
        );
        assert_eq!(
            shown(&trail, 90, needed, 0),
            format!(
                "{unused} any of the 90 days read of 90, 2026-01-11 to 2026-04-10, in eu-west-1, us-east-1"
            )
        );
    }
    let more = shown(&trail, 90, Some(91), 12);
    assert!(
        more.ends_with("uncovered: 89 days of the trail of account 111122223333 read; 91 needed"),
        "{more}"
    );
    let less = shown(&covered(12..100), 90, None, 12);
    assert!(
        less.ends_with("uncovered: 88 days of the trail of account 111122223333 read; 89 needed"),
        "{less}"
    );
    // The running day does not count either when more was read, and what was used on it was used.
    let mut later = covered(0..110);
    assert!(shown(&later, 90, None, 12).contains("89 days read of 89, 2026-01-12 to 2026-04-10"));
    let called = ("ec2", CreditedAction::Action("DescribeInstances"));
    attempt(&mut later, ANN, called, at(100, 6));
    assert!(shown(&later, 90, None, 12).starts_with("ec2:DescribeInstances used"));
    // Of a day that is not over, nothing is said.
    let today = shown(&covered(100..101), 90, None, 12);
    assert!(
        today.ends_with("no whole day of the trail of account 111122223333 was read"),
        "{today}"
    );
}
