//! Activity files among the objects of a trail: they stand for the objects that they were made of.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::fmt::Write;
use std::path::Path;

use advisor_arrow::write_activity;
use advisor_core::{Activity, Coverage, CreditedAction, DaySet, Evidence, time};
use chrono::{DateTime, Utc};
use cloudtrail_reader::{ReadOptions, SetAside, TrailRead, TrailReader};
use service_catalog::Catalog;

use support::{MARIA, call, faults, lost, object, reader, take, take_with, without_losses};

fn trail() -> Activity {
    let trail = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/trail");
    reader().read(&[trail], &|_| ()).unwrap().activity
}

fn parquet(activity: &Activity) -> Vec<u8> {
    let mut file = Vec::new();
    write_activity(&mut file, activity).unwrap();
    file
}

const HEADER: &str = "account_id,principal_id,principal_arn,principal_arn_seen,service_namespace,\
                      action_name,event_name,aws_region,last_accessed,last_event_id,attempts,\
                      denied_attempts,first_accessed\n";
const BY_EVENT: &str = "account_id,principal_id,principal_arn,principal_arn_seen,event_source,\
                        event_name,aws_region,last_accessed,last_event_id,attempts,\
                        denied_attempts,first_accessed\n";

fn csv(activity: &Activity, instant: impl Fn(DateTime<Utc>) -> String) -> String {
    let instant = |millis: i64| instant(DateTime::from_timestamp_millis(millis).unwrap());
    let mut text = HEADER.replace('\n', ",days,evidence\n");
    for row in activity.rows() {
        let (action, event) = match row.action {
            CreditedAction::Event(name) => ("", name),
            credited => (credited.name(), ""),
        };
        let who = row.principal;
        writeln!(
            text,
            "{},{},{},{},{},{action},{event},{},{},{},{},{},{},\"[{}]\",{}",
            who.account.unwrap_or_default(),
            who.unique_id.unwrap_or_default(),
            who.arn.unwrap_or_default(),
            row.arn_seen_millis.map(&instant).unwrap_or_default(),
            row.service,
            row.region,
            instant(row.last_millis),
            row.last_event_id,
            row.attempts,
            row.denied,
            instant(row.first_millis),
            dates(row.days).join(", "),
            evidence(row.action)
        )
        .unwrap();
    }
    text
}

fn dates(days: &DaySet) -> Vec<String> {
    let dates = days.iter().filter_map(DaySet::date_of);
    dates.map(|date| date.to_string()).collect()
}

fn evidence(action: CreditedAction<'_>) -> &'static str {
    match action.evidence() {
        Evidence::Record => "record",
        Evidence::Implied => "implied",
        _ => "event",
    }
}

fn asked(from: Option<&str>, to: Option<&str>) -> TrailReader {
    let options = ReadOptions::new()
        .since(from.map(|text| time::parse(text).unwrap()))
        .until(to.map(|text| time::parse(text).unwrap()));
    TrailReader::new(Catalog::shared(), options)
}

fn said(read: &TrailRead) -> String {
    read.reconciliation.to_string()
}

#[test]
fn files_of_every_kind_make_the_table_they_were_made_of() {
    let activity = trail();
    let attempts: u64 = activity.rows().map(|row| row.attempts).sum();
    for (kind, file) in [
        ("parquet", parquet(&activity)),
        ("csv", csv(&activity, time::format).into_bytes()),
        (
            "as Athena writes times",
            csv(&activity, |at| at.format("%F %T%.3f").to_string()).into_bytes(),
        ),
        (
            "as `activity show` names columns",
            csv(&activity, time::format)
                .replace("account_id", "AccountId")
                .replace("last_event_id", "LastEventId")
                .into_bytes(),
        ),
    ] {
        let read = take(&[&file]);
        let mut expected = activity.clone();
        if kind != "parquet" {
            *expected.coverage_mut() = Coverage::new();
            expected.coverage_mut().see_unknown_source();
            expected.coverage_mut().see_unread_credentials();
        }
        assert_eq!(read.activity, expected, "{kind}");
        let rows = &read.reconciliation.activity_rows;
        assert_eq!(rows.read, activity.len() as u64, "{kind}");
        assert_eq!((rows.taken, rows.attempts), (rows.read, attempts), "{kind}");
        assert!(read.reconciliation.adds_up() && !read.reconciliation.is_empty());
        assert_eq!(faults(&read), [""; 0], "{kind}");
    }
}

#[test]
fn files_and_objects_merge() {
    let [one, two] = [call("ListBuckets", 1), call("GetBucketAcl", 2)];
    let whole = take(&[object(&[one.clone(), two.clone()])]).activity;
    let part = parquet(&take(&[object(&[one])]).activity);
    let read = take(&[&part[..], &object(&[two])]);
    assert_eq!(read.activity, whole);
    assert_eq!(
        said(&read),
        "2 objects read\n1 record = 1 attributed + 0 set aside\n\
         1 activity row = 1 taken (1 attempt) + 0 set aside"
    );
}

#[test]
fn rows_by_event_are_resolved_by_the_readers_catalog() {
    let row = |source: &str, event: &str| {
        format!(
            "111122223333,{MARIA},arn:aws:iam::111122223333:user/maria,2026-10-01 00:00:00.000,\
             {source},{event},eu-west-1,2026-10-01 00:00:00.000,,3,1,2026-09-01 00:00:00.000\n"
        )
    };
    let text = [
        BY_EVENT,
        &row("s3.amazonaws.com", "ListBuckets"),
        &row("s3.amazonaws.com", "NoSuchCall"),
        &row("nosuch.amazonaws.com", "Call"),
    ]
    .concat();
    let read = take(&[text.as_bytes()]);
    let mut found: Vec<_> = read
        .activity
        .rows()
        .map(|row| (row.service, row.action, row.attempts, row.denied))
        .collect();
    found.sort();
    assert_eq!(
        found,
        [
            ("nosuch", CreditedAction::Event("Call"), 3, 1),
            ("s3", CreditedAction::Action("ListAllMyBuckets"), 3, 1),
            ("s3", CreditedAction::Event("NoSuchCall"), 3, 1),
        ]
    );
    let other = Catalog::parse(
        "service-reference\t2026-01-01\nservice-names\t2026-01-01\nbotocore\t1\n\
         service\ta\tA\nR-\tGetThing\n",
    )
    .unwrap();
    let other = TrailReader::new(other.into(), ReadOptions::default());
    let read = take_with(&other, &[text.as_bytes()]);
    let is_event = |action| matches!(action, CreditedAction::Event(_));
    assert!(read.activity.rows().all(|row| is_event(row.action)));
}

#[test]
fn broken_rows_are_named_and_lose_no_other() {
    let good = "111122223333,AIDAEXAMPLE0000000001,arn:aws:iam::111122223333:user/a,\
                2026-10-01T00:00:00Z,s3,ListBucket,,eu-west-1,2026-10-01T00:00:00Z,e,3,1,\
                2026-09-01T00:00:00Z";
    for (old, new, says) in [
        (",s3,", ",,", "column service_namespace: is empty"),
        (
            ",ListBucket,,",
            ",ListBucket,X,",
            "column event_name: either it or action_name must be empty",
        ),
        (
            ",ListBucket,,",
            ",,,",
            "column event_name: either it or action_name must be empty",
        ),
        (",eu-west-1,", ",Europe,", "the awsRegion is not a Region"),
        (
            "2026-10-01T00:00:00Z,e",
            "yesterday,e",
            "column last_accessed: is not a time",
        ),
        (
            "2026-10-01T00:00:00Z,e",
            "1970-10-01T00:00:00Z,e",
            "column first_accessed: is later than",
        ),
        (
            "2026-09-01",
            "1999-09-01",
            "column first_accessed: the time is not possible",
        ),
        (
            ",3,1,",
            ",3,4,",
            "column denied_attempts: 4 is more than attempts, 3",
        ),
        (",3,1,", ",-3,1,", "column attempts: is not a whole number"),
        (",3,1,", ",3.5,1,", "column attempts: is not a whole number"),
        (
            ",3,1,",
            ",18446744073709551615,1,",
            "column attempts: is not a whole number",
        ),
        (
            "AIDAEXAMPLE0000000001,arn:aws:iam::111122223333:user/a",
            ",",
            "is empty, and so is principal_id",
        ),
        ("arn:aws", "urn:aws", "column principal_arn: is not valid"),
        (
            "AIDAEXAMPLE",
            "AIDA EXAMPLE",
            "column principal_id: is not valid",
        ),
        (",e,3", ",3", "12 values where the header has 13 columns"),
    ] {
        let broken = good.replacen(old, new, 1);
        assert_ne!(broken, good);
        let text = format!("{HEADER}{good}\n{broken}\n{good}\n");
        is_named(&text, says);
    }
    let header = HEADER.replace('\n', ",days,days_complete,evidence\n");
    let days = "2026-09-01 2026-10-01";
    let good = format!("{good},{days},true,record");
    for (old, new, says) in [
        (
            "2026-10-01,",
            "2026-10-32,",
            "column days: has something that is not a date",
        ),
        (days, "2026-09-01", "column days: does not go from"),
        (
            days,
            "2026-09-01 2026-10-02",
            "column days: does not go from",
        ),
        (
            "true",
            "maybe",
            "column days_complete: is not true or false",
        ),
        ("record", "rumour", "column evidence: is not known"),
    ] {
        let broken = good.replacen(old, new, 1);
        is_named(&format!("{header}{good}\n{broken}\n{good}\n"), says);
    }

    fn is_named(text: &str, says: &str) {
        let read = take(&[text.as_bytes()]);
        let rows = &read.reconciliation.activity_rows;
        assert_eq!((rows.read, rows.taken, rows.attempts), (3, 2, 6), "{says}");
        assert!(read.reconciliation.adds_up() && read.reconciliation.has_faults());
        let example = &read.reconciliation.examples[0];
        assert_eq!(example.record, 2);
        assert!(example.reason().contains(says), "{example}");
        assert!(said(&read).ends_with(
            "3 activity rows = 2 taken (6 attempts) + 1 set aside\n        1  MALFORMED"
        ));
    }
}

#[test]
fn a_broken_row_of_a_parquet_file_is_named() {
    let mut activity = trail();
    let row = activity.rows().next().unwrap();
    let row = advisor_core::ActivityRow {
        region: "no Region",
        ..row
    };
    let sound = activity.clone();
    let row = {
        let mut odd = Activity::new();
        odd.add_row(&row);
        odd
    };
    activity.merge(&row);
    let read = take(&[parquet(&activity)]);
    assert_eq!(lost(&read), ["object"]);
    assert_eq!(texts(&read.activity), texts(&sound));
    assert_eq!(faults(&read).len(), 1);
    assert!(faults(&read)[0].contains("the awsRegion is not a Region"));
}

#[test]
fn a_parquet_file_has_a_limit() {
    let limited = |object_limit| {
        let options = ReadOptions::new().object_limit(object_limit);
        TrailReader::new(Catalog::shared(), options)
    };
    // Some 100 kB in a few bytes: a dictionary has the long name once.
    let mut activity = trail();
    let long = "x".repeat(100_000);
    let row = activity.rows().next().unwrap();
    let row = advisor_core::ActivityRow {
        last_event_id: &long,
        ..row
    };
    let mut odd = Activity::new();
    odd.add_row(&row);
    activity.merge(&odd);
    let bytes = parquet(&activity);
    assert!(bytes.len() < 50_000);
    let read = take_with(&limited(50_000), &[&bytes]);
    assert_eq!(
        faults(&read),
        ["object: more than 50000 bytes, the limit for one object"]
    );
    // More rows than this many bytes can hold.
    let bytes = parquet(&trail());
    let read = take_with(&limited(bytes.len()), &[&bytes]);
    assert_eq!(
        faults(&read).len(),
        usize::from(trail().len() * 16 > bytes.len())
    );
    assert_eq!(take_with(&limited(1 << 20), &[&bytes]).activity, trail());
}

/// The end of a number is not to be seen.
#[test]
fn a_csv_that_ends_in_a_value_loses_its_last_row() {
    let activity = trail();
    let text = csv(&activity, |instant| instant.timestamp_millis().to_string());
    for cut in [1, 2, 5] {
        let read = take(&[&text[..text.len() - cut]]);
        assert_eq!(read.activity.len(), activity.len() - 1);
        let [fault] = &*faults(&read) else {
            panic!("{:?}", faults(&read));
        };
        assert!(
            fault.ends_with("the last value may be cut short"),
            "{fault}"
        );
    }
}

#[test]
fn files_that_lack_columns_are_named() {
    for (header, says) in [
        (
            HEADER.replace("first_accessed", "first"),
            "column first_accessed is missing",
        ),
        (
            BY_EVENT.replace("event_name", "event"),
            "column event_name is missing",
        ),
        (
            HEADER.replace("account_id", "principal_id"),
            "two columns named principal_id",
        ),
    ] {
        let read = take(&[header.as_bytes()]);
        let failed = read.reconciliation.objects_failed[0].reason();
        assert_eq!(failed, format!("invalid activity file: {says}"));
    }
    let whole = parquet(&trail());
    let read = take(&[&whole[..whole.len() / 2]]);
    assert_eq!(lost(&read), ["object"]);
    assert_eq!(without_losses(&read.activity), Activity::new());
    assert_eq!(read.reconciliation.objects_failed.len(), 1);
}

#[test]
fn rows_are_not_cut_at_an_instant() {
    let row = |service: &str, first: &str, last: &str| {
        format!(
            "111122223333,{MARIA},arn:aws:iam::111122223333:user/maria,,{service},,E,eu-west-1,\
             {last}T00:00:00Z,e,2,0,{first}T00:00:00Z\n"
        )
    };
    let text = [
        HEADER,
        &row("old", "2026-01-01", "2026-01-31"),
        &row("begun", "2026-01-15", "2026-02-15"),
        &row("inside", "2026-02-02", "2026-02-20"),
        &row("reaching", "2026-02-15", "2026-03-15"),
        &row("new", "2026-03-02", "2026-03-15"),
    ]
    .concat();
    let asked = asked(Some("2026-02-01T00:00:00Z"), Some("2026-03-01T00:00:00Z"));
    let read = take_with(&asked, &[text.as_bytes()]);
    let mut services: Vec<_> = read.activity.rows().map(|row| row.service).collect();
    services.sort_unstable();
    assert_eq!(services, ["begun", "inside"]);
    let reasons = &read.reconciliation.activity_rows.set_aside_by_reason;
    assert_eq!(
        reasons.iter().collect::<Vec<_>>(),
        [
            (&SetAside::BeforeSince, &1),
            (&SetAside::AfterUntil, &1),
            (&SetAside::SpansUntil, &1)
        ]
    );
    assert!(!read.reconciliation.has_faults());
    assert!(said(&read).ends_with("1  spans until"));
    // Nobody knows whether the row has attempts before: nothing is unused.
    assert_eq!(lost(&read), ["object"]);
}

#[test]
fn rows_with_their_days_are_cut_to_the_day() {
    let at =
        |time: &str| serde_json::json!({"eventTime": time, "eventID": format!("{time:-<36.36}")});
    let mut records: Vec<_> = ["2026-08-30T08:00:00Z", "2026-10-20T09:00:00Z"]
        .map(|time| support::record(&at(time)))
        .into();
    records.push(support::record(&serde_json::json!({
        "eventTime": "2026-10-28T10:00:00Z", "errorCode": "AccessDenied",
    })));
    let whole = take(&[object(&records)]).activity;
    let until = |time: &str| {
        let read = take_with(&asked(None, Some(time)), &[parquet(&whole)]);
        assert_eq!(read.reconciliation.activity_rows.taken, 1, "{time}");
        let rows: Vec<_> = read.activity.rows().map(row_text).collect();
        (rows, read.activity.coverage().has_unknown_sources())
    };
    let row_of = |days: &str, last: &str, attempts: u64, denied: u64| {
        let first = "2026-08-30T08:00:00+00:00";
        (
            vec![format!(
                "{first} to {last} on {days}: {attempts}, {denied} denied"
            )],
            false,
        )
    };
    // Of the last day, only the day is known; of the counts, the least that they can be.
    let (august, october) = ("2026-08-30", "2026-08-30 2026-10-20");
    assert_eq!(
        until("2026-10-25T00:00:00Z"),
        row_of(october, "2026-10-20T00:00:00+00:00", 2, 0)
    );
    assert_eq!(
        until("2026-09-01T00:00:00Z"),
        row_of(august, "2026-08-30T08:00:00+00:00", 1, 0)
    );
    let all = "2026-08-30 2026-10-20 2026-10-28";
    assert_eq!(
        until("2026-10-30T00:00:00Z"),
        row_of(all, "2026-10-28T10:00:00+00:00", 3, 1)
    );
}

#[test]
fn rows_that_are_missing_take_the_coverage_away() {
    let mut activity = trail();
    let before = activity.coverage().clone();
    assert!(!before.has_unknown_sources());
    let row = activity.rows().next().unwrap();
    let mut odd = Activity::new();
    odd.add_row(&advisor_core::ActivityRow {
        region: "no Region",
        ..row
    });
    activity.merge(&odd);
    let read = take(&[parquet(&activity)]);
    let coverage = read.activity.coverage();
    assert!(coverage.has_unknown_sources());
    assert_eq!(coverage.records().count(), 0);
}

fn texts(activity: &Activity) -> Vec<String> {
    let mut texts: Vec<_> = activity.rows().map(row_text).collect();
    texts.sort_unstable();
    texts
}

fn row_text(row: advisor_core::ActivityRow<'_>) -> String {
    let time = |millis| time::format(time::from_millis(millis));
    let (first, last) = (time(row.first_millis), time(row.last_millis));
    let days = dates(row.days).join(" ");
    format!(
        "{first} to {last} on {days}: {}, {} denied",
        row.attempts, row.denied
    )
}
