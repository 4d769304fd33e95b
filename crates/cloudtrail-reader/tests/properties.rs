//! What holds for any input: no panic, everything accounted for, and one table whatever the split.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use advisor_core::{Activity, CreditedAction};
use chrono::DateTime;
use cloudtrail_reader::{ReadOptions, SetAside, TrailReader};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value, json};
use service_catalog::Catalog;

use support::{
    call, digest, gzip, insight, lines, lookup, object, reader, record, set_aside, take, take_with,
    without_losses,
};

/// Damage to an object's bytes.
#[derive(Clone, Debug)]
enum Damage {
    Flip(Index, u8),
    Set(Index, u8),
    Cut(Index),
    Drop(Index, Index),
    Insert(Index, Vec<u8>),
    Copy(Index, Index, Index),
}

impl Damage {
    fn apply(&self, bytes: &mut Vec<u8>) {
        let size = bytes.len();
        let at = |index: &Index| index.index(size + 1);
        let range = |one: &Index, other: &Index| {
            let (one, other) = (at(one), at(other));
            one.min(other)..one.max(other)
        };
        match self {
            Self::Flip(index, bits) if size > 0 => bytes[index.index(size)] ^= bits,
            Self::Set(index, byte) if size > 0 => bytes[index.index(size)] = *byte,
            Self::Flip(..) | Self::Set(..) => {}
            Self::Cut(index) => bytes.truncate(at(index)),
            Self::Drop(from, to) => drop(bytes.drain(range(from, to))),
            Self::Insert(index, new) => {
                let index = at(index);
                drop(bytes.splice(index..index, new.iter().copied()));
            }
            Self::Copy(from, to, into) => {
                let piece = bytes[range(from, to)].to_vec();
                let into = at(into);
                drop(bytes.splice(into..into, piece));
            }
        }
    }
}

fn damage() -> impl Strategy<Value = Damage> {
    let index = any::<Index>;
    let syntax = prop::sample::select(b"{}[]\",:\\/\n\0 0-e\xff\x1f\x8bntf".as_slice());
    prop_oneof![
        3 => (index(), 1..=255_u8).prop_map(|(at, bits)| Damage::Flip(at, bits)),
        5 => (index(), syntax).prop_map(|(at, byte)| Damage::Set(at, byte)),
        1 => index().prop_map(Damage::Cut),
        2 => (index(), index()).prop_map(|(from, to)| Damage::Drop(from, to)),
        1 => (index(), prop::collection::vec(any::<u8>(), 1..40)).prop_map(|(at, new)| Damage::Insert(at, new)),
        2 => (index(), index(), index()).prop_map(|(from, to, into)| Damage::Copy(from, to, into)),
    ]
}

/// Sound objects of all shapes.
fn sound_objects() -> Vec<Vec<u8>> {
    let records = [
        call("GetObject", 1),
        record(
            &json!({"userIdentity": {"type": "AssumedRole", "principalId": "AROAAUDITEXAMPLE00001:x",
            "arn": "arn:aws:sts::111122223333:assumed-role/audit/x", "sessionContext": {"sessionIssuer":
                {"type": "Role", "principalId": "AROAAUDITEXAMPLE00001", "arn": "arn:aws:iam::111122223333:role/audit"}}}}),
        ),
        record(&json!({"userIdentity": {"type": "Root"}})),
        insight(),
    ];
    vec![
        object(&records),
        gzip(&object(&records)),
        [gzip(&object(&records)), gzip(&object(&records))].concat(),
        lines(&records),
        lookup(&records).to_string().into_bytes(),
        serde_json::to_vec_pretty(&json!(records)).unwrap(),
        digest(),
        object(&[insight()]),
    ]
}

/// A record of a small world, so that rows and ties coincide.
fn small_record() -> impl Strategy<Value = Value> {
    let identity = prop::sample::select(vec![
        json!({"principalId": "AIDAMARIAEXAMPLE00001"}),
        json!({"principalId": "AIDAMARIAEXAMPLE00001", "arn": "arn:aws:iam::111122223333:user/moved/maria"}),
        json!({"principalId": "AIDAMARIAEXAMPLE00002"}),
        json!({"principalId": null}),
        json!({"type": "AWSAccount", "principalId": "AIDAMARIAEXAMPLE00001"}),
        json!({"type": "Root"}),
        json!({"type": 7}),
    ]);
    let name = prop::sample::select(vec![
        "GetObject",
        "HeadObject",
        "PutObject",
        "GrowWings",
        "",
    ]);
    let code = prop::sample::select(vec![Value::Null, json!("AccessDenied"), json!("NoSuchKey")]);
    (identity, name, code, 0..4_u32, 0..3_u32).prop_map(|(identity, name, code, second, id)| {
        record(&json!({
            "userIdentity": identity,
            "eventName": name,
            "errorCode": code,
            "eventTime": format!("2026-10-01T12:00:0{second}Z"),
            "eventID": format!("event-{id}"),
        }))
    })
}

fn in_shape(records: &[Value], shape: usize) -> Vec<u8> {
    match shape {
        0 => object(records),
        1 => gzip(&object(records)),
        2 => lines(records),
        3 => lookup(records).to_string().into_bytes(),
        _ => serde_json::to_vec_pretty(&json!(records)).unwrap(),
    }
}

/// The object an hour after noon on 2026-10-01, to see that damage to another does not reach it.
fn later_object() -> Vec<u8> {
    object(&[record(
        &json!({"awsRegion": "later-1", "eventTime": "2026-10-01T13:00:00Z"}),
    )])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn damage_is_accounted_for_and_stays_in_its_object(
        object in prop::sample::select(sound_objects()),
        damages in prop::collection::vec(damage(), 1..6),
    ) {
        let mut damaged = object;
        for damage in &damages {
            damage.apply(&mut damaged);
        }
        let mut activity = Activity::new();
        let part = reader().read_bytes("damaged", &damaged, &mut activity);
        prop_assert!(part.adds_up());
        let is_call = |action| matches!(action, CreditedAction::Action(_) | CreditedAction::Event(_));
        let calls = activity.rows().filter(|row| is_call(row.action));
        let attempts: u64 = calls.map(|row| row.attempts).sum();
        prop_assert_eq!(attempts, part.records_attributed);
        prop_assert_eq!(part.bytes, damaged.len() as u64);
        // An object is read, skipped or failed; only one that is read has records.
        let skipped: u64 = part.objects_skipped.values().sum();
        let failed = part.objects_failed.len() as u64;
        prop_assert_eq!(part.objects_read + part.digests_read + skipped + failed, 1);
        prop_assert!(part.objects_read == 1 || part.records_read == 0);
        prop_assert_eq!(part.examples.len() as u64, part.records_malformed().min(20));
        for example in &part.examples {
            prop_assert!((1..=part.records_read).contains(&example.record));
            prop_assert!(example.reason().chars().count() < 250, "{}", example);
        }

        let later = later_object();
        let read = take(&[&damaged, &later]);
        prop_assert!(read.activity.rows().any(|row| row.region == "later-1"));
        prop_assert_eq!(read.reconciliation.records_read, part.records_read + 1);
        prop_assert_eq!(read.reconciliation.records_attributed, part.records_attributed + 1);
    }

    #[test]
    fn any_bytes_are_accounted_for(bytes in prop::collection::vec(any::<u8>(), 0..300), gzipped in any::<bool>()) {
        let bytes = if gzipped { gzip(&bytes) } else { bytes };
        let read = take(&[&bytes]);
        prop_assert!(read.reconciliation.has_faults());
        prop_assert!(read.activity.is_empty());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn any_split_over_objects_makes_the_same_table(
        records in prop::collection::vec((small_record(), 0..5_usize), 0..30),
        shapes in prop::array::uniform5(0..5_usize),
        is_reversed in any::<bool>(),
    ) {
        let whole: Vec<_> = records.iter().map(|(record, _)| record.clone()).collect();
        let whole = take(&[object(&whole)]);
        let mut objects = Vec::new();
        for (number, shape) in shapes.into_iter().enumerate() {
            let mine = records.iter().filter(|(_, part)| *part == number);
            let mut mine: Vec<_> = mine.map(|(record, _)| record.clone()).collect();
            if is_reversed {
                mine.reverse();
            }
            if !mine.is_empty() {
                objects.push(in_shape(&mine, shape));
            }
        }
        let split = take(&objects);
        prop_assert_eq!(&split.activity, &whole.activity);
        prop_assert_eq!(set_aside(&split), set_aside(&whole));
        prop_assert_eq!(split.reconciliation.records_read, records.len() as u64);

        // Each object by itself, the tables and accounts merged afterwards.
        let mut merged = support::take::<&[u8]>(&[]);
        for object in objects.iter().rev() {
            let part = take(&[object]);
            merged.activity.merge(&part.activity);
            merged.reconciliation.merge(part.reconciliation);
        }
        prop_assert_eq!(merged.activity, whole.activity);
        prop_assert_eq!(merged.reconciliation.set_aside_by_reason, split.reconciliation.set_aside_by_reason);
    }

    #[test]
    fn later_records_are_not_seen(
        records in prop::collection::vec(small_record(), 0..30),
        second in -1..5_i64,
    ) {
        const NOON: i64 = 1_790_856_000;
        let limit = DateTime::from_timestamp(NOON + second, 0).unwrap();
        let options = ReadOptions::new().until(limit);
        let limited = take_with(&TrailReader::new(Catalog::shared(), options), &[object(&records)]);
        let (seen, unseen): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| {
            record["eventTime"].as_str().unwrap() <= &*limit.format("%Y-%m-%dT%H:%M:%SZ").to_string()
        });
        let mut expected = take(&[object(&seen)]);
        // Of the day of the limit, the rest was not read.
        expected.activity.coverage_mut().limit_to(i64::MIN, limit.timestamp_millis());
        // A later record may be malformed.
        prop_assert_eq!(without_losses(&limited.activity), without_losses(&expected.activity));
        prop_assert!(limited.activity.newest().is_none_or(|newest| newest <= limit));
        // Only what would have been an attempt is too new; other reasons come first.
        let too_new = limited.reconciliation.set_aside_by_reason.get(&SetAside::AfterUntil).copied().unwrap_or_default();
        prop_assert_eq!(too_new, take(&[object(&unseen)]).reconciliation.records_attributed);
    }
}

#[test]
fn until_is_inclusive_to_the_millisecond() {
    let limit = DateTime::parse_from_rfc3339("2026-10-01T12:00:00.500Z")
        .unwrap()
        .to_utc();
    let options = ReadOptions::new().until(limit);
    let limited = TrailReader::new(Catalog::shared(), options);
    for (time, expected) in [
        ("2026-10-01T12:00:00.499Z", 1),
        ("2026-10-01T12:00:00.500Z", 1),
        ("2026-10-01T14:00:00.500+02:00", 1),
        ("2026-10-01T12:00:00.501Z", 0),
        ("2026-10-01T12:00:01Z", 0),
    ] {
        let read = take_with(
            &limited,
            &[object(&[record(&json!({ "eventTime": time }))])],
        );
        assert_eq!(read.reconciliation.records_attributed, expected, "{time}");
        assert!(!read.reconciliation.has_faults());
        if expected == 0 {
            assert_eq!(set_aside(&read), ["1 later than until"]);
        }
    }
}
