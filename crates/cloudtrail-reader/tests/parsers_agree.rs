//! The projected parser and the reference parser give the same results for any text: table, counts, reasons and messages.
//!
//! One difference is allowed, see [`lenient`]: in values that do not count, the projected parser checks strings, UTF-8 and
//! brackets, but not the full grammar.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use cloudtrail_reader::{Parser, ReadOptions, TrailRead, TrailReader};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::FileFailurePersistence;
use service_catalog::Catalog;

use support::{gzip, lenient};

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

/// A JSON string, valid or not.
fn written_string() -> impl Strategy<Value = String> {
    select(vec![
        r#""""#,
        r#""a""#,
        r#""AwsApiCall""#,
        r#""s3.amazonaws.com""#,
        r#""s3\u002eamazonaws.com""#,
        r#""GetObject""#,
        r#""G\u0065tObject""#,
        r#""eventName""#,
        r#""\"eventName\":\"DeleteBucket\",""#,
        r#""{\n  \"Version\": \"2012-10-17\"}\\""#,
        r#""\ud83d\ude00""#,
        r#""\ud83d""#,
        r#""\udc00x""#,
        r#""\u12""#,
        r#""\x""#,
        r#""é漢字😀""#,
        "\"a\u{7f}b\u{2028}\"",
        "\"a\nb\"",
        "\"\u{1}\"",
        r#""0123456789012345678901234567890123456789012345678901234567890123456789""#,
        r#""012345678901234567890123456789012345678901234567890123456789\"{}[],:""#,
        r#""eu-central-1""#,
        r#""unterminated"#,
    ])
    .prop_map(str::to_owned)
}

/// A JSON value, valid or not.
fn written_value() -> impl Strategy<Value = String> {
    let scalar = select(vec![
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1.5e+10",
        "1E400",
        "123456789012345678901234567890123456789012345678901234567890",
        "01",
        "1.",
        "-",
        "+1",
        ".5",
        "1e",
        "nul",
        "True",
        "nan",
        "",
    ])
    .prop_map(str::to_owned);
    let leaf = prop_oneof![4 => written_string(), 3 => scalar];
    leaf.prop_recursive(4, 24, 5, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..4), space())
                .prop_map(|(values, space)| format!("[{}]", values.join(&format!("{space},")))),
            prop::collection::vec((key(), inner, space()), 0..4).prop_map(|fields| {
                let fields: Vec<_> = fields
                    .iter()
                    .map(|(key, value, space)| format!("{space}{key}:{space}{value}"))
                    .collect();
                format!("{{{}}}", fields.join(","))
            }),
        ]
    })
}

fn space() -> impl Strategy<Value = String> {
    select(vec!["", "", "", "", " ", "\n  ", "\t\r\n", "\u{a0}", "\0"]).prop_map(str::to_owned)
}

/// Keys of every level. A parser must not mistake a nested key for one of the record.
fn key() -> impl Strategy<Value = String> {
    select(vec![
        r#""eventVersion""#,
        r#""userIdentity""#,
        r#""eventTime""#,
        r#""eventSource""#,
        r#""eventName""#,
        r#""event\u004eame""#,
        r#""\ud800""#,
        r#""awsRegion""#,
        r#""eventID""#,
        r#""eventType""#,
        r#""eventCategory""#,
        r#""errorCode""#,
        r#""requestParameters""#,
        r#""type""#,
        r#""principalId""#,
        r#""arn""#,
        r#""sessionContext""#,
        r#""sessionIssuer""#,
        r#""Records""#,
        r#""a key that is longer than any that CloudTrail has, by far""#,
        r#""""#,
        "key",
    ])
    .prop_map(str::to_owned)
}

fn identity() -> impl Strategy<Value = String> {
    let sound = select(vec![
        r#"{"type":"IAMUser","principalId":"AIDAMARIAEXAMPLE00001","arn":"arn:aws:iam::111122223333:user/staff/maria","accountId":"111122223333","accessKeyId":"AKIAEXAMPLE000000001","userName":"maria"}"#,
        r#"{"type":"IAMUser","principalId":"AIDAMARIAEXAMPLE00001","arn":"arn:aws:iam::111122223333:user/moved/maria","accountId":"111122223333","accessKeyId":"AKIAEXAMPLE000000001","userName":"maria"}"#,
        r#"{"type":"AssumedRole","principalId":"AROAAUDITEXAMPLE00001:one","arn":"arn:aws:sts::111122223333:assumed-role/audit/one","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE000000001","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAAUDITEXAMPLE00001","arn":"arn:aws:iam::111122223333:role/audit","accountId":"111122223333","userName":"audit"},"webIdFederationData":{},"attributes":{"creationDate":"2026-10-01T11:00:00Z","mfaAuthenticated":"false"}}}"#,
        r#"{"type":"AssumedRole","principalId":"AROAAUDITEXAMPLE00001:one","arn":"arn:aws:sts::111122223333:assumed-role/audit/one","accountId":"111122223333","accessKeyId":"ASIAEXAMPLE000000001","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAAUDITEXAMPLE00001","arn":"arn:aws:iam::111122223333:role/audit","accountId":"111122223333","userName":"audit"},"webIdFederationData":{},"attributes":{"creationDate":"2026-10-01T12:00:00Z","mfaAuthenticated":"false"}}}"#,
        r#"{"type":"AssumedRole","principalId":"AROAAUDITEXAMPLE00001:é","arn":"arn:aws:sts::111122223333:assumed-role/audit/é"}"#,
        r#"{"type":"AssumedRole","principalId":"AROAAUDITEXAMPLE00001:a\"b"}"#,
        r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#,
        r#"{"invokedBy":"ec2.amazonaws.com"}"#,
        r#"{"type":"Root","principalId":"111122223333","arn":"arn:aws:iam::111122223333:root"}"#,
        r#"{"type":"AWSAccount","principalId":"AIDAMARIAEXAMPLE00001","accountId":"444455556666"}"#,
        r#"{"type":"FederatedUser","sessionContext":{"sessionIssuer":{"type":"IAMUser","principalId":"AIDAMARIAEXAMPLE00001","accountId":"1","userName":"maria"}}}"#,
        r#"{"type":"IAMUser","type":"Root"}"#,
        r#"{"type":"IAMUser","principalId":null,"arn":null}"#,
        r#"{"type":7}"#,
        "{}",
        "null",
        "[]",
        r#"["IAMUser","AIDAMARIAEXAMPLE00001"]"#,
    ])
    .prop_map(str::to_owned);
    prop_oneof![12 => sound, 1 => written_value()]
}

/// A record: fields in any order, some of them invalid, repeated or missing.
fn written_record() -> impl Strategy<Value = String> {
    let time = select(vec![
        "2026-10-01T12:00:00Z",
        "2026-10-01T12:00:01Z",
        "2026-10-01T23:59:59Z",
        "2026-10-01T23:59:60Z",
        "2026-10-01T24:00:00Z",
        "2026-10-01T12:60:00Z",
        "2026-10-01T1a:00:00Z",
        "2026-10-01t12:00:00z",
        "2026-10-01 12:00:00",
        "2026-10-01T12:00:00.5Z",
        "2026-10-01T12:00:00+02:00",
        "2026-13-01T12:00:00Z",
        "2013-10-31T23:59:59Z",
        "2013-11-01T00:00:00Z",
        "2099-12-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
    ]);
    let text = |key: &'static str, values: Vec<&'static str>| {
        prop_oneof![
            8 => select(values).prop_map(move |value| format!("\"{key}\":\"{value}\"")),
            1 => written_value().prop_map(move |value| format!("\"{key}\":{value}")),
            1 => Just(String::new()),
        ]
    };
    let other = (key(), written_value()).prop_map(|(key, value)| format!("{key}:{value}"));
    let sound_other = select(vec![
        r#""eventVersion":"1.11""#,
        r#""requestParameters":{"eventName":"Nested","eventSource":{"userIdentity":[{"arn":null}]},"n":[1,2.5e3,{}]}"#,
        r#""requestParameters":null"#,
        r#""responseElements":{"a":[],"b":{},"policy":"{\"Version\":\"2012-10-17\"}"}"#,
        r#""readOnly":true"#,
        r#""readOnly":false"#,
        r#""readOnly" : "False""#,
        r#""readOnly":null"#,
        r#""managementEvent":true"#,
        r#""managementEvent":false"#,
        r#""recipientAccountId":"444455556666""#,
        r#""recipientAccountId":"11112222\u0033333""#,
        r#""recipientAccountId":111122223333"#,
        r#""recipientAccountId":"""#,
        r#""resources":[{"type":"AWS::S3::Object","ARN":"arn:aws:s3:::b/k"},{"accountId":"1", "type": "AWS::S3::Bucket"}]"#,
        r#""resources":[{"type":"AWS::S3::Object"},{"type":"AWS::S3::AccessPoint"}]"#,
        r#""resources":[{"type":"AWS::New::Thing"}]"#,
        r#""userAgent":"aws-cli/2 é""#,
        r#""additionalEventData" : { "x" : [ true , false ] }"#,
    ])
    .prop_map(str::to_owned);
    (
        (
            prop_oneof![9 => identity().prop_map(|value| format!("\"userIdentity\":{value}")), 1 => Just(String::new())],
            prop_oneof![9 => time.prop_map(|value| format!("\"eventTime\":\"{value}\"")), 1 => Just(String::new())],
            text("eventSource", vec!["s3.amazonaws.com", "ec2.amazonaws.com", "unknown.amazonaws.com", "odd", ""]),
            text("eventName", vec!["GetObject", "HeadObject", "RunInstances", "GrowWings", "CreateFunction20150331", ""]),
            text("awsRegion", vec!["eu-central-1", "us-east-1", "EU", ""]),
            text("eventID", vec!["00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002", "short", ""]),
            text("eventType", vec!["AwsApiCall", "AwsApiCall", "AwsApiCall", "AwsConsoleAction", "AwsServiceEvent", "AwsConsoleSignIn", "AwsCloudTrailInsight"]),
            text("errorCode", vec!["AccessDenied", "Client.UnauthorizedOperation", "NoSuchKey"]),
            prop_oneof![
                20 => Just(String::new()),
                4 => Just(r#""eventCategory":"Management""#.to_owned()),
                4 => Just(r#""eventCategory":"Data""#.to_owned()),
                1 => Just(r#""eventCategory":"NetworkActivity""#.to_owned()),
                1 => Just(r#""eventCategory":"Later""#.to_owned()),
                1 => Just(r#""eventCategory":"Insight""#.to_owned()),
            ],
        ),
        prop::collection::vec(prop_oneof![6 => sound_other, 1 => other], 0..4),
        prop::collection::vec(any::<Index>(), 0..3),
        prop_oneof![6 => Just(String::new()), 1 => space()],
    )
        .prop_map(|(texts, others, swaps, space)| {
            let (a, b, c, d, e, f, g, h, i) = texts;
            let mut fields = vec![a, b, c, d, e, f, g, h, i];
            fields.extend(others);
            fields.retain(|field| !field.is_empty());
            for swap in swaps {
                let (at, last) = (swap.index(fields.len().max(1)), fields.len().saturating_sub(1));
                if !fields.is_empty() {
                    fields.swap(at, last);
                }
            }
            format!("{{{}}}", fields.join(&format!(",{space}")))
        })
}

fn written_object() -> impl Strategy<Value = String> {
    let record = prop_oneof![20 => written_record(), 1 => written_value()];
    let shape = select(vec![
        ("{\"Records\":[", "]}"),
        ("{\"Records\":[", "]}"),
        ("{\"Records\":[", "]}"),
        ("\u{feff} { \"Records\" : [ ", " ] } \n"),
        ("{\"Records\":[", "],\"more\":1}"),
        ("{\"Records\":[", "]}{\"Records\":[]}"),
        ("{\"Records\":[", "]"),
        ("{\"records\":[", "]}"),
        ("[", "]"),
        ("", ""),
    ]);
    let separator =
        prop_oneof![12 => Just(","), 1 => Just(",\n"), 1 => Just("\n"), 1 => Just(",,")];
    (prop::collection::vec(record, 0..6), shape, separator).prop_map(
        |(records, (before, after), separator)| {
            format!("{before}{}{after}", records.join(separator))
        },
    )
}

/// A record as CloudTrail writes it. There are few different ones, so that the caches of the projected parser are used.
fn usual_record() -> impl Strategy<Value = String> {
    let sessions = select(vec![
        r#"{"type":"IAMUser","principalId":"AIDAMARIAEXAMPLE00001","arn":"arn:aws:iam::111122223333:user/maria","accountId":"111122223333","userName":"maria"}"#,
        r#"{"type":"AssumedRole","principalId":"AROAAUDITEXAMPLE00001:one","arn":"arn:aws:sts::111122223333:assumed-role/audit/one","accountId":"111122223333","sessionContext":{"sessionIssuer":{"type":"Role","principalId":"AROAAUDITEXAMPLE00001","arn":"arn:aws:iam::111122223333:role/audit","accountId":"111122223333","userName":"audit"}}}"#,
        r#"{"type":"AWSService","invokedBy":"ec2.amazonaws.com"}"#,
    ]);
    let calls = select(vec![
        ("s3.amazonaws.com", "GetObject"),
        ("s3.amazonaws.com", "ListBuckets"),
        ("ec2.amazonaws.com", "RunInstances"),
        ("sts.amazonaws.com", "AssumeRole"),
        ("bedrock.amazonaws.com", "InvokeModel"),
        ("s3lifecycle.amazonaws.com", "Expire"),
        ("sts.aliyuncs.com", "AssumeRole"),
        ("dynamodb.amazonaws.com", "ExecuteStatement"),
    ]);
    let errors = select(vec![
        "",
        "",
        r#","errorCode":"AccessDenied","errorMessage":"no \"entry\" é""#,
        r#","errorCode":null"#,
        r#","errorCode":"AccessDenied","errorMessage":"not authorized to perform: s3:PutObject on resource: *""#,
        r#","errorCode":"AccessDenied","errorMessage":"not authorized to perform: iam:PassRole on \"x\"""#,
        r#","errorMessage":7"#,
        r#","errorCode":"AccessDenied","errorMessage":[1]"#,
    ]);
    let values = select(vec![
        "null",
        "true",
        "{}",
        "[]",
        "0",
        "43",
        "-1.5e3",
        r#""a""#,
        r#""a longer text that ends in another block of sixty-four bytes than it began in""#,
        r#"{"name":"a","count":7,"isDry":false}"#,
        r#"{"name":"b","tags":[{"key":"team","value":"x"},{"key":"eventName","value":"y"}],"n":[1,2,[3]]}"#,
        r#"{"eventName":"Nested","eventType":"AwsServiceEvent","deep":{"userIdentity":{"arn":null}}}"#,
        r#"{"a":"\"}","b":{"c":{}}}"#,
        r#"{"statement":"INSERT INTO \"t\" VALUE {}"}"#,
        r#"{"bucketName":"b","versionId":"v"}"#,
        r#"{"iamInstanceProfile":{"arn":"arn:aws:iam::111122223333:instance-profile/p"},"versionId":""}"#,
        r#"{"tags":[{"key":"a"}],"callWithBearerToken":true}"#,
        r#"{"errorCode":"AccessDenied","message":"no"}"#,
        r#"{"errorCode":"Throttled","errorMessage":"not authorized to perform: iam:PassRole"}"#,
    ]);
    let ends = select(vec![
        r#""eventType":"AwsApiCall","managementEvent":true,"eventCategory":"Management""#,
        r#""eventType":"AwsApiCall","managementEvent":true,"eventCategory":"Management","tlsDetails":{"tlsVersion":"TLSv1.3"}"#,
        r#""eventType":"AwsApiCall","eventCategory":"Insight""#,
        r#""eventType":"AwsApiCall","recipientAccountId":"444455556666","managementEvent":true,"eventCategory":"Management""#,
        r#""resources":[{"type":"AWS::S3::Object"}],"eventType":"AwsApiCall","recipientAccountId":"444455556666","eventCategory":"Data""#,
        r#""resources":[{"type":"AWS::DynamoDB::Table"}],"eventType":"AwsApiCall","recipientAccountId":"444455556666","eventCategory":"Data""#,
        r#""eventType":"AwsServiceEvent","managementEvent":true"#,
        r#""eventType":"AwsCloudTrailInsight","managementEvent":true"#,
        r#""eventType":null,"eventType":"AwsApiCall""#,
        r#""eventCategory":"Management","eventType":"AwsApiCall","eventCategory":"Insight""#,
        r#""eventCategory":"Management","eventType":"AwsApiCall","managementEvent":true,"eventCategory":"Management""#,
        r#""eventType":"AwsApiCall","errorCode":"AccessDenied""#,
        r#""eventType":"AwsApiCall","eventName":"ListBuckets""#,
        r#""eventType":"AwsApiCall","addendum":null"#,
        r#""eventType":"AwsApiCall","addendum":{"reason":"DELIVERY_DELAY"}"#,
        r#""eventType":"AwsApiCall","addendum":{"reason":"UPDATED_DATA","updatedFields":"responseElements"}"#,
    ]);
    // Mostly at its usual place, sometimes inside a value that is cached as a whole.
    let errors = (errors, 0..6_u8).prop_map(|(error, place)| match place {
        0 => ("", error),
        _ => (error, ""),
    });
    (
        sessions,
        calls,
        errors,
        prop::array::uniform3(values),
        0..4_u8,
        prop_oneof![5 => ends.clone().prop_map(|_| r#""eventType":"AwsApiCall","managementEvent":true,"eventCategory":"Management""#), 2 => ends],
    )
        .prop_map(|(identity, (source, name), (error, early), [asked, answered, other], second, end)| {
            format!(
                "{{\"eventVersion\":\"1.11\",\"userIdentity\":{identity},\"eventTime\":\"2026-10-01T12:00:0{second}Z\",\
                 \"eventSource\":\"{source}\"{early},\"eventName\":\"{name}\",\"awsRegion\":\"eu-central-1\",\"userAgent\":\"aws-cli/2\"\
                 {error},\"requestParameters\":{asked},\"responseElements\":{answered},\"additionalEventData\":{other},\
                 \"eventID\":\"00000000-0000-4000-8000-00000000000{second}\",\"readOnly\":true,{end}}}"
            )
        })
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
        record_of("null", ""),
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

/// The allowed difference: in values that do not count, only strings, UTF-8 and brackets are checked.
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
        "",
        "tru",
        "01",
        "1 2",
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
