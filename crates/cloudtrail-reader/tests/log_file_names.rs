//! A log file covers the day, the account and the Region in its name, and nothing else.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use advisor_core::DaySet;
use cloudtrail_reader::{ObjectId, Parser, ReadOptions, TrailReader};
use serde_json::{Value, json};
use service_catalog::Catalog;

use support::{object, record};

const NAME: &str = "111122223333_CloudTrail_eu-central-1_20261001T0005Z_aB3.json.gz";

/// The places and days that the records of one object cover, and how many attempts they are.
fn covered(name: &str, records: &[Value], parser: Parser) -> (Vec<String>, u64) {
    let options = ReadOptions::new().parser(parser);
    let reader = TrailReader::new(Catalog::shared(), options);
    let mut intake = reader.intake();
    intake.take_object(&ObjectId::from(name), &object(records));
    let read = intake.finish();
    assert!(read.reconciliation.adds_up());
    let of_record = read.activity.coverage().records().flat_map(|records| {
        let place = format!("{} {}", records.account, records.region);
        let dates = records.days.iter().map(|day| DaySet::date_of(day).unwrap());
        dates
            .map(|date| format!("{place} {date}"))
            .collect::<Vec<_>>()
    });
    let mut covered: Vec<String> = of_record.collect();
    covered.sort();
    (covered, read.reconciliation.records_attributed)
}

#[test]
fn a_late_event_covers_neither_its_own_day_nor_that_of_the_delivery() {
    let late = record(&json!({"eventTime": "2026-09-30T23:58:00Z"}));
    let same_day = record(&json!({"eventTime": "2026-10-01T00:01:00Z"}));
    let today = "111122223333 eu-central-1 2026-10-01".to_owned();
    for parser in [Parser::Projected, Parser::Reference] {
        let alone = covered(NAME, std::slice::from_ref(&late), parser);
        assert_eq!(alone, (vec![], 1));
        let both = covered(NAME, &[late.clone(), same_day.clone()], parser);
        assert_eq!(both, (vec![today.clone()], 2));
        // Where no name says what was delivered when, every day with an event counts.
        let unnamed = covered("trail.json", &[late.clone(), same_day.clone()], parser);
        assert_eq!(unnamed.0.len(), 2);
    }
}

#[test]
fn an_account_s_log_file_covers_no_other_account_or_region() {
    let in_region = |changes: Value| {
        let mut record = record(&json!({"eventTime": "2026-10-01T00:01:00Z"}));
        for (name, value) in changes.as_object().unwrap() {
            record[name] = value.clone();
        }
        record
    };
    let of_other = "444455556666_CloudTrail_eu-central-1_20261001T0005Z_aB3.json.gz";
    for parser in [Parser::Projected, Parser::Reference] {
        // Without recipientAccountId, the caller's account would be taken.
        let (days, attempts) = covered(of_other, &[in_region(json!({}))], parser);
        assert_eq!((days, attempts), (vec![], 1));
        let owner = json!({"recipientAccountId": "444455556666"});
        let (days, _) = covered(of_other, &[in_region(owner)], parser);
        assert_eq!(days, ["444455556666 eu-central-1 2026-10-01"]);
        let elsewhere = json!({"awsRegion": "us-east-1"});
        let (days, attempts) = covered(NAME, &[in_region(elsewhere)], parser);
        assert_eq!((days, attempts), (vec![], 1));
    }
}
