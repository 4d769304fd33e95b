//! The projected parser and the reference parser give the same results for any text: table, counts, reasons and messages.
//!
//! One difference is allowed, see [`lenient`]: in objects and lists that do not count, the projected parser checks strings, UTF-8
//! and brackets, but not the full grammar.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../support/mod.rs"]
mod support;
mod written;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use cloudtrail_reader::{Parser, ReadOptions, TrailRead, TrailReader};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::FileFailurePersistence;
use service_catalog::Catalog;

use support::{gzip, lenient};
use written::{usual_record, written_object};

/// Reads objects in order with one intake, so that its caches are shared by all of them.
fn read<B: AsRef<[u8]>>(parser: Parser, objects: &[B]) -> TrailRead {
    let options = ReadOptions::new()
        .parser(parser)
        .since("2013-11-02T00:00:00Z".parse::<DateTime<Utc>>().unwrap())
        .until("2026-11-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap());
    let reader = TrailReader::new(Catalog::shared(), options);
    let mut intake = reader.intake();
    for (number, object) in objects.iter().enumerate() {
        intake.take_object(&format!("object {number}").into(), object.as_ref());
    }
    let read = intake.finish();
    assert!(read.reconciliation.adds_up());
    read
}

/// The object for the reference parser: this one, or a copy with null in place of invalid values that do not count, when the
/// projected parser accepts them.
fn read_as<B: AsRef<[u8]>>(object: &B) -> Cow<'_, [u8]> {
    let object = object.as_ref();
    match lenient::replaced(object) {
        Some(replaced)
            if read(Parser::Projected, &[object]) != read(Parser::Reference, &[object]) =>
        {
            replaced.into()
        }
        _ => object.into(),
    }
}

fn agree<B: AsRef<[u8]>>(objects: &[B]) -> Result<(), TestCaseError> {
    let expected: Vec<_> = objects.iter().map(read_as).collect();
    let (projected, mut reference) = (
        read(Parser::Projected, objects),
        read(Parser::Reference, &expected),
    );
    reference.reconciliation.bytes = projected.reconciliation.bytes;
    prop_assert_eq!(&projected.reconciliation, &reference.reconciliation);
    prop_assert_eq!(&projected.activity, &reference.activity);
    Ok(())
}

fn damage(text: &[u8], damages: &[(Index, u8, u8)]) -> Vec<u8> {
    let mut damaged = text.to_vec();
    for (index, byte, kind) in damages {
        let at = index.index(damaged.len() + 1);
        match kind {
            0 => damaged.insert(at, *byte),
            1 => damaged.truncate(at),
            2 if at < damaged.len() => drop(damaged.remove(at)),
            _ => {
                if let Some(old) = damaged.get_mut(at) {
                    *old = *byte;
                }
            }
        }
    }
    damaged
}

/// A byte, more often one with a meaning in JSON.
fn damaging_byte() -> impl Strategy<Value = u8> {
    prop_oneof![
        2 => select(b"{}[]\":,0123456789-+.eE \\\n\0tfn".to_vec()),
        1 => any::<u8>(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn on_odd_records(objects in prop::collection::vec(written_object(), 1..4)) {
        agree(&objects)?;
    }

    #[test]
    fn on_damaged_bytes(
        object in written_object(),
        damages in prop::collection::vec((any::<Index>(), any::<u8>(), 0..4_u8), 1..4),
        gzipped in any::<bool>(),
    ) {
        let object = object.into_bytes();
        let damaged = damage(&object, &damages);
        let both = [object, damaged].map(|bytes| if gzipped { gzip(&bytes) } else { bytes });
        agree(&both)?;
    }

    /// Cached values equal parsed ones.
    #[test]
    fn on_damage_to_cached_values(
        records in prop::collection::vec(usual_record(), 1..6),
        damages in prop::collection::vec((any::<Index>(), damaging_byte(), 0..5_u8), 1..3),
    ) {
        let object = format!("{{\"Records\":[{}]}}", records.join(",")).into_bytes();
        let damaged = damage(&object, &damages);
        // Two objects fill the caches, the third uses them.
        agree(&[&object, &object, &object, &damaged, &object, &damaged])?;
    }
}

/// Text that is hard to index: escapes, brackets in strings, characters of several bytes.
fn hard_text() -> impl Strategy<Value = String> {
    let pieces = select(vec![
        "a", "abcdefg", r"\\", r#"\""#, r"\n", r"\u00e9", r"\/", "é", "漢", "😀", "{", "]", ":",
        ",", r#"\\\""#, " ",
    ]);
    prop::collection::vec(pieces, 0..60).prop_map(|pieces| pieces.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1_000, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    /// Strings, records and damage at the ends of blocks and windows.
    #[test]
    fn at_the_ends_of_blocks_and_windows(
        records in prop::collection::vec((usual_record(), hard_text()), 1..4),
        filler in prop_oneof![4 => 0..200_usize, 2 => 30_000..36_000_usize, 1 => 60_000..140_000_usize],
        damages in prop::collection::vec((any::<Index>(), damaging_byte(), 0..5_u8), 0..2),
        is_pretty in any::<bool>(),
    ) {
        let filler = "-".repeat(filler);
        let records: Vec<_> = records
            .iter()
            .map(|(record, text)| {
                let space = if is_pretty { " \n\t" } else { "" };
                let more = format!("{{{space}\"resources\":{space}[\"{text}\",{{\"a\":[]}}]{space},{space}\"userAgent\":{space}\"{filler}{text}\",");
                record.replacen('{', &more, 1)
            })
            .collect();
        let object = format!("{{\"Records\":[{}]}}", records.join(",")).into_bytes();
        let damaged = damage(&object, &damages);
        agree(&[object, damaged])?;
    }
}

/// A record with this `userIdentity` and more members at its end.
fn record_of(identity: &str, more: &str) -> String {
    format!(
        r#"{{"eventVersion":"1.11","userIdentity":{identity},"eventTime":"2026-10-01T12:00:00Z","eventSource":"s3.amazonaws.com","eventName":"GetObject","awsRegion":"eu-central-1","eventID":"00000000-0000-4000-8000-000000000001","eventType":"AwsApiCall"{more}}}"#
    )
}

const USER: &str = r#"{"type":"IAMUser","principalId":"AIDAMARIAEXAMPLE00001","arn":"arn:aws:iam::111122223333:user/maria","accountId":"111122223333","accessKeyId":"AKIAEXAMPLE000000001","userName":"maria"}"#;
const SESSION: &str = r#"{"type":"AssumedRole","principalId":"AROAAUDITEXAMPLE00001:one","arn":"arn:aws:sts::111122223333:assumed-role/audit/one","accountId":"111122223333","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAAUDITEXAMPLE00001","arn":"arn:aws:iam::111122223333:role/audit","accountId":"111122223333","userName":"audit"},"attributes":{"mfaAuthenticated":"false"}}}"#;

/// Cases chosen by hand.
#[test]
fn on_chosen_cases() {
    let user = |from: &str, to: &str| record_of(&USER.replacen(from, to, 1), "");
    let session = |from: &str, to: &str| record_of(&SESSION.replacen(from, to, 1), "");
    let deep = |depth: usize| {
        let value = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        record_of(USER, &format!(r#","requestParameters":{value}"#))
    };
    let deep_objects = format!("{}1{}", r#"{"a":"#.repeat(300), "}".repeat(300));
    let backslashes =
        |count: usize| record_of(USER, &format!(r#","userAgent":"{}""#, "\\".repeat(count)));
    let records = [
        record_of(USER, ""),
        record_of(SESSION, ""),
        user(r#""userName""#, r#""type":"Root","userName""#),
        user(r#""userName""#, r#""accountId":"1","userName""#),
        user(r#""userName":"maria""#, r#""userName":7"#),
        user(r#""userName":"maria""#, r#""userName":"\ud83d""#),
        user(
            r#""userName""#,
            r#""sessionContext":{"sessionIssuer":{}},"userName""#,
        ),
        user(
            r#""userName""#,
            r#""sessionContext":{"sessionIssuer":7},"userName""#,
        ),
        user(
            r#""userName""#,
            r#""sessionContext":{"sessionIssuer":{},"sessionIssuer":{}},"userName""#,
        ),
        user(r#""userName""#, r#""sessionContext":{},"userName""#),
        user(r#""userName""#, r#""sessionContext":[],"userName""#),
        user(r#""accountId""#, r#""\u0061ccountId""#),
        user(r#""accountId":"111122223333","#, ""),
        user(r#""arn":"arn:aws:iam::111122223333:user/maria","#, ""),
        user("AKIA", "ASIA"),
        user(r#""AKIAEXAMPLE000000001""#, "null"),
        user(r#""AKIAEXAMPLE000000001""#, "7"),
        user("AKIAEXAMPLE000000001", "AKIA"),
        user("AKIAEXAMPLE000000001", r"AKI\u0041EXAMPLE000000001"),
        user("AKIAEXAMPLE000000001", r"AKIA\u0045XAMPLE000000001"),
        user(
            r#""userName""#,
            r#""accessKeyId":"AKIAEXAMPLE000000002","userName""#,
        ),
        user("IAMUser", "AssumedRole"),
        user("IAMUser", "Root"),
        user("IAMUser", "SAMLUser"),
        session(
            r#""sessionContext""#,
            r#""type":"IAMUser","sessionContext""#,
        ),
        session(r#""attributes""#, r#""sessionIssuer":null,"attributes""#),
        session(
            r#""userName":"audit""#,
            r#""userName":"audit","arn":"arn:aws:iam::1:role/x""#,
        ),
        session(r#""type":"Role""#, r#""type":7"#),
        session("AROAAUDITEXAMPLE00001\",", "x\","),
        session(r#"{"type":"AssumedRole","#, r#"{"type" : "AssumedRole" ,"#),
        session(r#""sessionIssuer":"#, r#""sessionIssuer" : "#),
        record_of(USER, r#","eventName":"ListBuckets""#),
        record_of(USER, r#","event\u004eame":"ListBuckets""#),
        record_of(USER, r#","errorCode":"Access\u0044enied""#),
        record_of(USER, r#","errorCode":"AccessDenied""#),
        record_of(USER, r#","errorCode":null"#),
        record_of(USER, r#","errorCode":"NoSuchKey""#),
        record_of(
            USER,
            r#","errorCode":"AccessDenied","errorMessage":"authorized to perform: s3:PutObject""#,
        ),
        record_of(
            USER,
            r#","errorCode":"AccessDenied","errorMessage":"authorized to perform: s3:PutObject","errorMessage":"x""#,
        ),
        record_of(USER, r#","errorCode":"AccessDenied","errorMessage":null"#),
        record_of(USER, r#","errorCode":"AccessDenied","errorMessage":7"#),
        record_of(USER, r#","errorMessage":7"#),
        record_of(USER, r#","errorCode":["AccessDenied"]"#),
        record_of(USER, r#","a\"errorCode":"AccessDenied""#),
        record_of(USER, r#","requestParameters":{"a":[1,{"b":[]}]}"#),
        record_of(USER, r#","x":1"#).replace(r#""AwsApiCall""#, r#""AwsServiceEvent""#),
        record_of(USER, r#","x":1"#).replace(r#""AwsApiCall""#, r#""""#),
        record_of(USER, r#","x":1"#).replace(r#""AwsApiCall""#, "null"),
        record_of(USER, "").replace("2026-10-01T12:00:00Z", "yesterday"),
        // The texts before the quotes have the usual length of times.
        record_of(USER, "").replace("2026-10-01T12:00:00Z", r#"2026-10-01T12:00:00\""#),
        record_of(USER, "").replace("2026-10-01T12:00:00Z", r"2026-10-01T12:00:0\u005a"),
        record_of(USER, "").replace("\":", "\": "),
        record_of(SESSION, "").replace("\":", "\": "),
        record_of(USER, r#","userIdentity":{}"#),
        record_of("null", ""),
        record_of("[]", ""),
        record_of("{}", ""),
        record_of("7", ""),
        record_of(r#""x""#, ""),
        record_of(
            r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#,
            "",
        ),
        record_of(r#"{"accountId":"1","invokedBy":"ec2.amazonaws.com"}"#, ""),
        "{}".to_owned(),
        deep(63),
        deep(64),
        deep(65),
        deep(200),
        deep(100_000),
        record_of(USER, &format!(r#","requestParameters":{deep_objects}"#)),
        record_of(
            USER,
            &format!(r#","requestParameters":"{}""#, "x".repeat(200_000)),
        ),
        backslashes(29),
        backslashes(30),
        backslashes(31),
        backslashes(64),
        backslashes(65),
    ];
    let sound = record_of(USER, "");
    for record in &records {
        agree(&[format!(r#"{{"Records":[{sound},{record},{sound}]}}"#)]).unwrap();
        agree(&[format!(r#"{{"Records":[{record}]}}"#)]).unwrap();
    }
    for object in [
        r#"{"Records":[]}"#.to_owned(),
        " {\n\"Records\" : [ ] } ".to_owned(),
        r#"{"Records":[}]"#.to_owned(),
        format!("\u{feff}{{\"Records\":[{sound}]}}"),
        format!("{{\"Records\":[{sound}]}}x"),
        format!("{{\"Records\":[{sound}]}}\n\n"),
        format!("{{\"Records\":[{sound},]}}"),
        format!("{{\"Records\":[{sound}{sound}]}}"),
        format!("{{\"Records\":[{sound}],\"Records\":[]}}"),
        format!("{{\"Records\":[{sound},null,7,[]]}}"),
        format!("{{\"Records\":[{sound}{}]}}", ",{}".repeat(6_000)),
        format!("{{\"Records\":[{}]}}", &sound[..sound.len() - 1]),
        format!("{{\"Records\":[{sound}"),
        format!("{{\"Records\":[{}]}}", sound.replace('}', "]")),
        format!("{{\"Records\":[{}]}}", sound.replacen('{', "{,", 1)),
        format!("{{\"Records\":[{}]}}", sound.replacen(',', ",,", 1)),
        format!("{{\"Records\":[{}]}}", sound.replace("\"}", "\",}")),
        format!("{{\"Records\":[{}]}}", sound.replacen(":{", ":[}{", 1)),
    ] {
        agree(&[object]).unwrap();
    }
}

/// The allowed difference: in objects and lists that do not count, only strings, UTF-8 and brackets are checked.
#[test]
fn on_invalid_values_that_do_not_count() {
    let attributed = |parser, value: &str| {
        let record = record_of(
            USER,
            &format!(r#","requestParameters":{{}},"serviceEventDetails":{value},"readOnly":true"#),
        );
        let read = read(parser, &[format!(r#"{{"Records":[{record}]}}"#)]);
        read.reconciliation.records_attributed
    };
    for value in [
        r#"{"a" 1}"#,
        "[1,,2]",
        r#"{"a":}"#,
        "{1:2}",
        "[}",
        "{]",
        "[[}]",
        r#"{"a":[{]}}"#,
    ] {
        assert_eq!(attributed(Parser::Reference, value), 0, "{value}");
        assert_eq!(attributed(Parser::Projected, value), 1, "{value}");
    }
    for value in [
        "",
        "tru",
        "01",
        "1 2",
        "[[}",
        "{}]",
        "]",
        "{",
        r#""a"#,
        r#""\x""#,
        r#""\u12""#,
        "\"\n\"",
        "\\",
    ] {
        assert_eq!(attributed(Parser::Projected, value), 0, "{value}");
    }
}

/// More values than the caches hold: evicted ones are parsed again.
#[test]
fn on_more_values_than_the_caches_hold() {
    let record = |number: usize| {
        format!(
            r#"{{"eventVersion":"1.{number}","userIdentity":{{"type":"AssumedRole","principalId":"AROAEXAMPLE{number}:s","arn":"arn:aws:sts::111122223333:assumed-role/r{number}/s{number}","accountId":"111122223333","sessionContext":{{"sessionIssuer":{{"type":"Role","principalId":"AROAEXAMPLE{number}","arn":"arn:aws:iam::111122223333:role/r{number}","accountId":"111122223333","userName":"r{number}"}}}}}},"eventTime":"2026-10-01T12:00:00Z","eventSource":"s3.amazonaws.com","eventName":"Get{number}","awsRegion":"eu-central-1","requestParameters":{{"key-{number}":"value","n{number}":{number},"x":null}},"responseElements":null,"additionalEventData":{{"SignatureVersion":"SigV4","bytes{number}":[]}},"eventID":"id-{number}","eventType":"{kind}","managementEvent":true,"tag":"{number}","eventCategory":"Management"}}"#,
            kind = if number.is_multiple_of(7) {
                format!("Type{number}")
            } else {
                "AwsApiCall".to_owned()
            },
        )
    };
    let object = |numbers: Vec<usize>| {
        let records: Vec<_> = numbers.into_iter().map(record).collect();
        format!("{{\"Records\":[{}]}}", records.join(","))
    };
    // Each record twice in a row, then some of them again.
    let twice = (0..6_000).flat_map(|number| [number, number]).collect();
    let objects = [
        object(twice),
        object((0..6_000).rev().collect()),
        object((0..50).collect()),
    ];
    agree(&objects).unwrap();
}

/// The trail of the test account.
#[test]
fn on_a_valid_trail() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../testdata/trail");
    let [projected, reference] = [Parser::Projected, Parser::Reference].map(|parser| {
        let options = ReadOptions::new().parser(parser);
        let reader = TrailReader::new(Catalog::shared(), options);
        reader.read(&[root], &|_| ()).unwrap()
    });
    assert!(projected.activity.len() > 100);
    assert_eq!(projected, reference);
}
