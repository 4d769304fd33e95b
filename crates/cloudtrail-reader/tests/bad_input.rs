//! Input that is broken, odd or hostile: each is an error or a set-aside that names file, record and
//! reason, and nothing else is lost.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::fs;
use std::path::PathBuf;

use advisor_core::Activity;
use cloudtrail_reader::{
    FailedObject, FailureKind, ObjectId, Parser, ReadOptions, TrailRead, TrailReader,
};
use serde_json::json;
use service_catalog::Catalog;

use support::{
    MARIA, actions, call, digest, faults, gzip, lines, lookup, object, object_of, reader, record,
    rows, set_aside, take, take_with,
};

/// Reads an object that holds these records' JSON between two sound records, which must be taken.
/// Returns what was wrong, without the object's name.
#[track_caller]
fn between(records: &[&str]) -> Vec<String> {
    let [first, last] = [call("PutObject", 1), call("ListBuckets", 2)].map(|call| call.to_string());
    let all = [&[first.as_str()], records, &[last.as_str()]].concat();
    let read = take(&[object_of(&all)]);
    let found = actions(&read.activity);
    for expected in ["s3:PutObject", "s3:ListAllMyBuckets"] {
        assert!(found.iter().any(|action| action == expected), "{found:?}");
    }
    assert_eq!(read.reconciliation.records_read, all.len() as u64);
    let faults = faults(&read).into_iter();
    faults
        .map(|fault| fault.strip_prefix("object: ").unwrap().to_owned())
        .collect()
}

/// The sound record as JSON, with one piece of it replaced.
#[track_caller]
fn sound_but(piece: &str, replacement: &str) -> String {
    let sound = record(&json!({})).to_string();
    assert_eq!(sound.matches(piece).count(), 1, "{piece}");
    sound.replace(piece, replacement)
}

/// Only the object fails, by this reason, and nothing of it is taken.
#[track_caller]
fn assert_fails(read: &TrailRead, reason: &str) {
    let reconciliation = &read.reconciliation;
    let [failed] = &*reconciliation.objects_failed else {
        panic!("{reconciliation:?}");
    };
    assert_eq!(failed.to_string(), format!("object: {reason}"));
    assert_eq!(
        (reconciliation.objects_read, reconciliation.records_read),
        (0, 0)
    );
    assert!(reconciliation.has_faults());
    assert!(read.activity.is_empty());
}

#[test]
fn gzip_cut_anywhere_is_damaged() {
    let calls: Vec<_> = (0..30).map(|number| call("GetObject", number)).collect();
    let whole = gzip(&object(&calls));
    let two = [gzip(&object(&calls[..15])), gzip(&object(&calls[15..]))].concat();
    for length in 2..whole.len() {
        let read = take(&[&whole[..length]]);
        assert_fails(&read, "the gzip data is damaged or cut short");
    }
    let first = gzip(&object(&calls[..15])).len();
    for length in first + 1..two.len() {
        let read = take(&[&two[..length]]);
        assert_fails(&read, "the gzip data is damaged or cut short");
    }
    assert_fails(
        &take(&[&whole[..1]]),
        "not JSON: expected value at line 1 column 1",
    );
    assert_fails(
        &take(&[[whole.as_slice(), b"and more"].concat()]),
        "the gzip data is damaged or cut short",
    );
}

#[test]
fn json_cut_anywhere_sets_the_object_aside_and_no_other() {
    let other = object(&[call("PutObject", 7)]);
    let compact = object(&[call("GetObject", 1), call("GetObject", 2)]);
    let pretty = serde_json::to_vec_pretty(&json!({"Records": [call("GetObject", 1)]})).unwrap();
    let events = lookup(&[call("GetObject", 1)]).to_string().into_bytes();
    for whole in [compact, pretty, events] {
        for length in 0..whole.len() {
            let read = take(&[&whole[..length], &other]);
            assert_eq!(actions(&read.activity), ["s3:PutObject"], "{length}");
            let reconciliation = &read.reconciliation;
            assert_eq!(
                (reconciliation.objects_read, reconciliation.records_read),
                (1, 1)
            );
            let reason = reconciliation.objects_failed[0].message();
            match length {
                0 => assert_eq!(reason, "the file is empty"),
                _ => assert!(
                    reason.starts_with("not JSON: EOF while parsing"),
                    "{reason}"
                ),
            }
        }
        assert!(!take(&[whole]).reconciliation.has_faults());
    }
}

#[test]
fn lines_cut_anywhere_lose_the_cut_line_only() {
    let whole = lines(&[call("PutObject", 1), call("GetObject", 2)]);
    let first_end = whole.iter().position(|byte| *byte == b'\n').unwrap();
    for length in first_end + 2..whole.len() - 1 {
        let read = take(&[&whole[..length]]);
        assert_eq!(actions(&read.activity), ["s3:PutObject"], "{length}");
        let fault = &faults(&read)[0];
        assert!(
            fault.starts_with("object: record 2: malformed: not JSON: EOF while parsing"),
            "{fault}"
        );
    }
}

#[test]
fn records_that_are_no_objects() {
    let sound = record(&json!({})).to_string();
    for value in [
        "null", "7", "-1.5e3", "true", "\"x\"", "[]", "[[]]", "\"{}\"",
    ] {
        assert_eq!(
            between(&[value, &sound, value]),
            [
                "record 2: malformed: not an object",
                "record 4: malformed: not an object"
            ],
            "{value}"
        );
    }
    // A list with the fields' values in the order that they are declared in.
    let list = format!(
        r#"[{{"type":"IAMUser","principalId":"{MARIA}"}},"2026-10-01T12:00:00Z","s3.amazonaws.com","GetObject","us-east-1"]"#
    );
    assert_eq!(between(&[&list]), ["record 2: malformed: not an object"]);
}

#[test]
fn lists_and_texts_in_the_place_of_objects() {
    let list = format!(r#"["IAMUser","{MARIA}"]"#);
    for (piece, expected) in [
        (
            json!({"userIdentity": serde_json::from_str::<serde_json::Value>(&list).unwrap()}),
            "userIdentity: invalid type: sequence, expected an object",
        ),
        (
            json!({"userIdentity": "maria"}),
            "userIdentity: invalid type: string \"maria\", expected an object",
        ),
        (
            json!({"userIdentity": {"sessionContext": [{"type": "Role"}]}}),
            "userIdentity.sessionContext: invalid type: sequence, expected an object",
        ),
        (
            json!({"userIdentity": {"sessionContext": {"sessionIssuer": true}}}),
            "userIdentity.sessionContext.sessionIssuer: invalid type: boolean `true`, expected an object",
        ),
    ] {
        let faults = between(&[&record(&piece).to_string()]);
        assert_eq!(faults.len(), 1);
        let expected = format!("record 2: malformed: {expected} at line 1 column ");
        assert!(faults[0].starts_with(&expected), "{}", faults[0]);
    }
}

#[test]
fn missing_fields_are_named() {
    for field in [
        "userIdentity",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
    ] {
        let missing = record(&json!({ field: null })).to_string();
        let expected = format!("record 2: malformed: no {field}");
        assert_eq!(between(&[&missing]), [expected.as_str()]);
        let null = missing.replacen('{', &format!("{{\"{field}\":null,"), 1);
        assert_eq!(between(&[&null]), [expected.as_str()]);
    }
    for field in ["eventSource", "eventName", "awsRegion"] {
        let empty = record(&json!({ field: "" })).to_string();
        assert_eq!(
            between(&[&empty]),
            [format!("record 2: malformed: no {field}")]
        );
    }
    assert_eq!(between(&["{}"]), ["record 2: malformed: no userIdentity"]);
    // These can be done without.
    for field in [
        "eventID",
        "eventType",
        "eventCategory",
        "eventVersion",
        "requestParameters",
        "sourceIPAddress",
    ] {
        let missing = record(&json!({ field: null })).to_string();
        assert_eq!(between(&[&missing]), [""; 0], "{field}");
    }
}

#[test]
fn fields_of_another_type_are_named() {
    for (piece, replacement, expected) in [
        (
            r#""eventName":"GetObject""#,
            r#""eventName":7"#,
            "eventName: invalid type: integer `7`, expected a string",
        ),
        (
            r#""eventName":"GetObject""#,
            r#""eventName":{}"#,
            "eventName: invalid type: map, expected a string",
        ),
        (
            r#""eventTime":"2026-10-01T12:00:00Z""#,
            r#""eventTime":1790856000"#,
            "eventTime: invalid type: integer `1790856000`, expected a string",
        ),
        (
            r#""accountId":"111122223333""#,
            r#""accountId":111122223333"#,
            "userIdentity.accountId: invalid type: integer `111122223333`, expected a string",
        ),
        (
            r#""awsRegion":"eu-central-1""#,
            r#""awsRegion":["eu-central-1"]"#,
            "awsRegion: invalid type: sequence, expected a string",
        ),
    ] {
        let faults = between(&[&sound_but(piece, replacement)]);
        assert_eq!(faults.len(), 1);
        let expected = format!("record 2: malformed: {expected} at line 1 column ");
        assert!(faults[0].starts_with(&expected), "{}", faults[0]);
    }
}

#[test]
fn times_that_cannot_be() {
    for time in [
        "",
        "never",
        "0",
        "1790856000",
        "2026-10-01",
        "2026-02-30T00:00:00Z",
        "2026-10-01T24:00:00Z",
        "2026-10-01T12:00:00+99:00",
        "0000-00-00T00:00:00Z",
        "0001-01-01T00:00:00Z",
        "1970-01-01T00:00:00Z",
        "2013-10-31T23:59:59Z",
        "2100-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "+262142-12-31T23:59:59Z",
        "99999999999999999999-01-01T00:00:00Z",
        "2026-10-01T12:00:00.\u{0}Z",
    ] {
        let broken = record(&json!({ "eventTime": time })).to_string();
        assert_eq!(
            between(&[&broken]),
            [format!(
                "record 2: malformed: the eventTime {time:?} cannot be"
            )]
        );
    }
    let long = "2".repeat(1_000);
    let broken = record(&json!({ "eventTime": long })).to_string();
    assert_eq!(
        between(&[&broken]),
        [format!(
            "record 2: malformed: the eventTime {:?} cannot be",
            &long[..40]
        )]
    );
    for time in [
        "2013-11-01T00:00:00Z",
        "2099-12-31T23:59:59.999Z",
        "2016-12-31T23:59:60Z",
    ] {
        let sound = record(&json!({ "eventTime": time })).to_string();
        assert_eq!(between(&[&sound]), [""; 0], "{time}");
    }
}

/// Every string that counts, very long: set aside, or left out of the table.
#[test]
fn long_strings_do_not_fill_the_table() {
    let long = "x".repeat(5 << 20);
    let arn = format!("arn:aws:iam::111122223333:user/{long}");
    for (changes, expected) in [
        (json!({"eventName": long}), "the eventName is too long"),
        (json!({"eventSource": long}), "the eventSource is too long"),
        (json!({"awsRegion": long}), "the awsRegion is no Region"),
        (json!({"eventID": long}), "the eventID is too long"),
        (json!({"eventType": long}), "the eventType is too long"),
        (
            json!({"userIdentity": {"type": long}}),
            "the userIdentity.type is too long",
        ),
        (
            json!({"userIdentity": {"arn": arn, "principalId": null, "userName": long}}),
            "IAMUser with neither a unique id in userIdentity.principalId nor an ARN",
        ),
        (
            json!({"userIdentity": {"arn": null, "principalId": long, "accountId": long}}),
            "IAMUser with neither a unique id in userIdentity.principalId nor an ARN",
        ),
        (
            json!({"userIdentity": {"type": "AssumedRole", "principalId": null,
                "arn": format!("arn:aws:sts::111122223333:assumed-role/{long}/x")}}),
            "AssumedRole with neither a unique id in userIdentity.principalId nor an ARN",
        ),
    ] {
        let broken = record(&changes).to_string();
        assert_eq!(
            between(&[&broken]),
            [format!("record 2: malformed: {expected}")]
        );
    }
    for changes in [
        json!({"errorCode": long}),
        json!({"eventCategory": long}),
        json!({"userIdentity": {"userName": long, "invokedBy": long}}),
        json!({"userIdentity": {"arn": arn, "userName": long}}),
        json!({"userIdentity": {"accountId": long, "arn": null}}),
        json!({"requestParameters": {"content": long}}),
        json!({ "x": long }),
    ] {
        let read = take(&[object(&[record(&changes)])]);
        assert!(!read.reconciliation.has_faults());
        let rows = rows(&read.activity);
        assert_eq!(rows.len(), 1);
        assert!(rows[0].len() < 200, "{} bytes", rows[0].len());
    }
}

#[test]
fn a_reason_does_not_quote_all_of_the_input() {
    let long = "\u{e4}".repeat(5 << 20);
    let broken = record(&json!({ "userIdentity": long })).to_string();
    assert_eq!(
        between(&[&broken]),
        [format!(
            "record 2: malformed: userIdentity: invalid type: string \"{}...",
            "\u{e4}".repeat(200 - "userIdentity: invalid type: string \"".len())
        )]
    );
}

#[test]
fn a_string_of_100_mb() {
    let long = "x".repeat(100 << 20);
    let skipped = record(&json!({"requestParameters": {"content": long}}));
    let read = take(&[object(&[skipped, call("PutObject", 1)])]);
    assert_eq!(read.reconciliation.records_attributed, 2);
    let used = format!(
        r#"{{"eventName":"{long}","userIdentity":{{"type":"IAMUser","principalId":"{MARIA}"}},"eventSource":"s3.amazonaws.com"}}"#
    );
    assert_eq!(
        between(&[&used]),
        ["record 2: malformed: the eventName is too long"]
    );
}

#[test]
fn deep_nesting() {
    let depth = 100_000;
    let lists = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    let objects = format!("{}1{}", r#"{"a":"#.repeat(depth), "}".repeat(depth));
    let contexts = format!(
        "{}1{}",
        r#"{"sessionContext":"#.repeat(depth),
        "}".repeat(depth)
    );
    for deep in [&lists, &objects] {
        let skipped = sound_but(
            r#""responseElements":null"#,
            &format!(r#""responseElements":{deep}"#),
        );
        assert_eq!(between(&[&skipped]), [""; 0]);
        let skipped = sound_but(
            r#""userName":"maria""#,
            &format!(r#""sessionContext":{{"attributes":{deep}}}"#),
        );
        assert_eq!(between(&[&skipped]), [""; 0]);
        for (replaced, path) in [
            (
                format!(r#""sessionContext":{{"sessionIssuer":{{"arn":{deep}}}}}"#),
                "userIdentity.sessionContext.sessionIssuer.arn",
            ),
            (
                format!(r#""sessionContext":{{"sessionIssuer":[{deep}]}}"#),
                "userIdentity.sessionContext.sessionIssuer",
            ),
            (
                format!(r#""sessionContext":[{deep}]"#),
                "userIdentity.sessionContext",
            ),
        ] {
            let faults = between(&[&sound_but(r#""userName":"maria""#, &replaced)]);
            assert_eq!(faults.len(), 1);
            assert!(
                faults[0].starts_with(&format!("record 2: malformed: {path}: invalid type: ")),
                "{}",
                faults[0]
            );
        }
    }
    // Deep, but not where anything is looked for.
    let inside = sound_but(
        r#""userName":"maria""#,
        &format!(r#""sessionContext":{contexts}"#),
    );
    assert_eq!(between(&[&inside]), [""; 0]);
    assert_eq!(between(&[&lists]), ["record 2: malformed: not an object"]);
    assert_eq!(
        between(&[&objects]),
        ["record 2: malformed: no userIdentity"]
    );

    assert_fails(
        &take(&[&objects]),
        "not CloudTrail: no Records, no Events, and no record itself",
    );
    assert_fails(
        &take(&[&lists[..depth]]),
        &format!("not JSON: EOF while parsing a list at line 1 column {depth}"),
    );
    let listed = take(&[&lists]);
    assert_eq!(
        faults(&listed),
        ["object: record 1: malformed: not an object"]
    );
}

#[test]
fn keys_that_come_twice() {
    for (field, again) in [
        ("eventName", r#""eventName":"PutObject","#),
        ("userIdentity", r#""userIdentity":{},"#),
        ("eventTime", r#""eventTime":null,"#),
    ] {
        let twice = record(&json!({}))
            .to_string()
            .replacen('{', &format!("{{{again}"), 1);
        let faults = between(&[&twice]);
        assert_eq!(faults.len(), 1);
        let expected = format!("duplicate field `{field}` at line 1 column ");
        assert!(faults[0].contains(&expected), "{}", faults[0]);
        assert!(
            faults[0].starts_with("record 2: malformed: "),
            "{}",
            faults[0]
        );

        // The same in the other shapes.
        for shape in [
            format!(
                "{}\n{twice}\n{}\n",
                call("PutObject", 1),
                call("PutObject", 2)
            ),
            format!(
                "{:#} {twice} {:#}",
                call("PutObject", 1),
                call("PutObject", 2)
            ),
            format!(
                "[{},{twice},{}]",
                call("PutObject", 1),
                call("PutObject", 2)
            ),
        ] {
            let read = take(&[&shape]);
            assert_eq!(actions(&read.activity), ["s3:PutObject"]);
            assert_eq!(read.reconciliation.records_attributed, 2, "{shape}");
            let example = &read.reconciliation.examples[0];
            assert_eq!(example.record, 2);
            assert!(
                example
                    .reason()
                    .contains(&format!("duplicate field `{field}`")),
                "{example}"
            );
        }
    }
    let twice = sound_but(r#""type":"IAMUser""#, r#""type":"IAMUser","type":"Root""#);
    let faults = between(&[&twice]);
    assert!(
        faults[0].starts_with(
            "record 2: malformed: userIdentity: duplicate field `type` at line 1 column"
        ) || faults[0].starts_with(
            "record 2: malformed: userIdentity.type: duplicate field `type` at line 1 column"
        ),
        "{}",
        faults[0]
    );
    // Where nothing is looked for, JSON may be as it likes.
    let twice = sound_but(
        r#""bucketName":"reports""#,
        r#""bucketName":"a","bucketName":"b""#,
    );
    assert_eq!(between(&[&twice]), [""; 0]);
    let lists = format!(r#"{{"Records":[{}],"Records":[]}}"#, call("GetObject", 1));
    let read = take(&[&lists]);
    let reason = read.reconciliation.objects_failed[0].message().to_owned();
    assert!(reason.contains("duplicate field `Records`"), "{reason}");
    assert_fails(&read, &reason);
}

#[test]
fn bytes_that_are_no_utf8_spoil_their_record_only() {
    let sound = call("PutObject", 1).to_string();
    let with_replacement = sound_but("aws-cli/2.31", "aws \u{fffd}");
    let broken = sound_but("aws-cli/2.31", "aws @");
    let whole = object_of(&[&sound, &broken, &with_replacement]);
    for bad in [
        &b"\xff"[..],
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xf0\x9f\x98",
        b"\xc0\xaf",
    ] {
        let at = whole
            .windows(5)
            .position(|window| window == b"aws @")
            .unwrap()
            + 4;
        let bytes = [&whole[..at], bad, &whole[at + 1..]].concat();
        for bytes in [bytes.clone(), gzip(&bytes)] {
            let read = take(&[bytes]);
            assert_eq!(actions(&read.activity), ["s3:GetObject", "s3:PutObject"]);
            assert_eq!(faults(&read), ["object: record 2: malformed: not UTF-8"]);
            assert_eq!(set_aside(&read), ["1 malformed: not UTF-8"]);
        }
    }
    let outside = [b"{\"x\":\"\xff\",", &object_of(&[&sound])[1..]].concat();
    assert_eq!(faults(&take(&[outside])), [""; 0]);
    let line = [sound.as_bytes(), b"\n\xff\xfe\n", sound.as_bytes()].concat();
    let read = take(&[line]);
    assert_eq!(read.reconciliation.records_attributed, 2);
    assert_eq!(
        faults(&read),
        ["object: record 2: malformed: not JSON: expected value at line 1 column 1"]
    );
    let mut event = lookup(&[record(&json!({"userAgent": "@"})), call("PutObject", 1)])
        .to_string()
        .into_bytes();
    let at = event.iter().position(|byte| *byte == b'@').unwrap();
    event[at] = 0xff;
    let read = take(&[event]);
    assert_eq!(actions(&read.activity), ["s3:PutObject"]);
    assert_eq!(faults(&read), ["object: record 1: malformed: not UTF-8"]);
}

#[test]
fn look_alikes_further_in_are_no_fields() {
    let inner = json!({
        "Records": [{"eventName": "DeleteUser"}],
        "eventName": "DeleteUser", "eventSource": "iam.amazonaws.com", "eventTime": "2026-11-01T00:00:00Z",
        "awsRegion": "us-east-1", "errorCode": "AccessDenied", "eventType": "AwsServiceEvent",
        "userIdentity": {"type": "Root"}, "sessionContext": {"sessionIssuer": {"principalId": "AROA"}},
        "CloudTrailEvent": "{}", "digestStartTime": 1, "logFiles": [],
    });
    let text = inner.to_string();
    let looks_alike = record(&json!({
        "requestParameters": inner, "additionalEventData": [inner], "userAgent": text,
        "userIdentity": {"sessionContext": {"attributes": inner, "webIdFederationData": inner}, "userName": text},
        "EventName": "DeleteUser", "eventname": "DeleteUser", "event\u{2024}Name": "DeleteUser",
    }));
    let expected = take(&[object(&[record(&json!({}))])]);
    for bytes in [
        object(std::slice::from_ref(&looks_alike)),
        lines(std::slice::from_ref(&looks_alike)),
        lookup(std::slice::from_ref(&looks_alike))
            .to_string()
            .into_bytes(),
        json!([looks_alike]).to_string().into_bytes(),
    ] {
        let read = take(&[&bytes]);
        assert_eq!(read.activity, expected.activity);
        assert_eq!(read.reconciliation.records_attributed, 1);
    }
    // A key is the same however it is spelled.
    let escaped = sound_but(
        r#""eventName":"GetObject""#,
        r#""\u0065vent\u004eame":"Put\u004fbject""#,
    );
    assert_eq!(
        actions(&take(&[object_of(&[&escaped])]).activity),
        ["s3:PutObject"]
    );
}

#[test]
fn huge_numbers() {
    let digits = "9".repeat(100_000);
    for number in [
        digits.as_str(),
        "1e999999999",
        "-1E-999999999",
        "123456789012345678901234567890.5",
    ] {
        let skipped = sound_but(r#""readOnly":true"#, &format!(r#""readOnly":{number}"#));
        assert_eq!(between(&[&skipped]), [""; 0]);
        let used = sound_but(
            r#""eventName":"GetObject""#,
            &format!(r#""eventName":{number}"#),
        );
        let faults = between(&[&used]);
        assert_eq!(faults.len(), 1);
        assert!(
            faults[0].starts_with("record 2: malformed: eventName: "),
            "{}",
            faults[0]
        );
        assert!(faults[0].len() < 200, "{}", faults[0]);
    }
}

#[test]
fn lone_surrogates() {
    for lone in [r"\ud800", r"\udfff", r"\ud800x", r"\ud800\ud800"] {
        let skipped = sound_but("aws-cli/2.31", lone);
        assert_eq!(between(&[&skipped]), [""; 0], "{lone}");
        let used = sound_but(
            r#""eventName":"GetObject""#,
            &format!(r#""eventName":"Get{lone}""#),
        );
        let faults = between(&[&used]);
        assert_eq!(faults.len(), 1, "{lone}");
        assert!(
            faults[0].starts_with("record 2: malformed: eventName: "),
            "{}",
            faults[0]
        );
        assert!(
            faults[0].contains("hex escape at line 1 column "),
            "{}",
            faults[0]
        );
    }
    let pair = sound_but(
        r#""eventName":"GetObject""#,
        r#""eventName":"\ud83d\ude00""#,
    );
    let read = take(&[object_of(&[&pair])]);
    assert_eq!(actions(&read.activity), ["s3:'\u{1f600}'"]);
}

#[test]
fn nul_bytes() {
    // Escaped, they are characters like others.
    let escaped = sound_but("aws-cli/2.31", r"\u0000");
    assert_eq!(between(&[&escaped]), [""; 0]);
    // As they are, JSON has no place for them: neither in a string nor after the end.
    let raw = object_of(&[&sound_but("aws-cli/2.31", "\0")]);
    let reason = "not JSON: control character (\\u0000-\\u001F) found while parsing a string at line 1 column ";
    let read = take(&[&raw]);
    let found = read.reconciliation.objects_failed[0].message().to_owned();
    assert!(found.starts_with(reason), "{found}");
    assert_fails(&read, &found);
    let padded = [object(&[call("GetObject", 1)]), vec![0; 512]].concat();
    let read = take(&[&padded]);
    let found = read.reconciliation.objects_failed[0].message().to_owned();
    assert!(
        found.starts_with("not JSON: expected value at line 1 column "),
        "{found}"
    );
    assert_fails(&read, &found);
}

#[test]
fn what_is_not_cloudtrail() {
    for (bytes, reason) in [
        (&b""[..], "the file is empty"),
        (b" \n\t\r\n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (
            b"{}",
            "not CloudTrail: no Records, no Events, and no record itself",
        ),
        (
            br#"{"Version":"2012-10-17","Statement":[]}"#,
            "not CloudTrail: no Records, no Events, and no record itself",
        ),
        (
            br#"{"Records":null}"#,
            "not CloudTrail: no Records, no Events, and no record itself",
        ),
        (
            br#"{"Records":{}}"#,
            "not CloudTrail: the records are not in a list",
        ),
        (
            br#"{"Records":"x"}"#,
            "not CloudTrail: the records are not in a list",
        ),
        (
            br#"{"Events":7}"#,
            "not CloudTrail: the records are not in a list",
        ),
        (b"null", "not CloudTrail: neither an object nor a list"),
        (b"7", "not CloudTrail: neither an object nor a list"),
        (
            b"\"Records\"",
            "not CloudTrail: neither an object nor a list",
        ),
        (b"hello", "not JSON: expected value at line 1 column 1"),
        (
            b"{\"Records\":[],}",
            "not JSON: key must be a string at line 1 column 15",
        ),
        (
            b"version account-id interface-id\n2 111122223333 eni-1\n",
            "not JSON: expected value at line 1 column 1",
        ),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            "not JSON: expected value at line 1 column 1",
        ),
        (
            b"PK\x03\x04\x14\0\0\0\x08\0",
            "not JSON: expected value at line 1 column 1",
        ),
        (
            b"\xff\xfe{\0}\0",
            "not JSON: expected value at line 1 column 1",
        ),
        (b"\x1f\x8b", "the gzip data is damaged or cut short"),
    ] {
        let read = take(&[bytes]);
        assert_eq!(
            read.reconciliation.objects_failed[0].message(),
            reason,
            "{}",
            bytes.escape_ascii()
        );
        assert_fails(&read, reason);
        let read = take(&[gzip(bytes)]);
        assert!(read.reconciliation.has_faults());
    }
    let every_byte: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    assert!(take(&[every_byte]).reconciliation.has_faults());
    // A notification of S3 looks like an object of CloudTrail.
    let notification = json!({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-10-01T12:00:00Z", "eventName": "ObjectCreated:Put", "userIdentity": {"principalId": "AWS:AIDA"}}]});
    assert_eq!(
        faults(&take(&[notification.to_string()])),
        ["object: record 1: malformed: no userIdentity.type"]
    );
}

#[test]
fn lookup_events_without_their_record() {
    let events = json!({"Events": [
        {"EventId": "1", "EventName": "GetObject"},
        {"EventId": "2", "CloudTrailEvent": 7},
        {"EventId": "3", "CloudTrailEvent": "{\"eventName\":"},
        {"EventId": "4", "CloudTrailEvent": "[]"},
        {"EventId": "5", "CloudTrailEvent": ""},
        {"EventId": "6", "CloudTrailEvent": format!("{} x", record(&json!({})))},
        {"EventId": "7", "CloudTrailEvent": record(&json!({})).to_string()},
        8,
    ]});
    let read = take(&[events.to_string()]);
    assert_eq!(read.reconciliation.records_attributed, 1);
    let faults = faults(&read);
    let expected = [
        "object: record 1: malformed: no CloudTrailEvent",
        "object: record 2: malformed: CloudTrailEvent: invalid type: integer `7`, expected a string at line 1 column",
        "object: record 3: malformed: eventName: EOF while parsing a value at line 1 column 13",
        "object: record 4: malformed: not an object",
        "object: record 5: malformed: not an object",
        "object: record 6: malformed: not JSON",
        "object: record 8: malformed: not an object",
    ];
    assert_eq!(faults.len(), expected.len(), "{faults:#?}");
    for (fault, expected) in faults.iter().zip(expected) {
        assert!(fault.starts_with(expected), "{fault}");
    }
}

#[test]
fn objects_beyond_the_limit() {
    let limited = |object_limit| {
        let options = ReadOptions::new().object_limit(object_limit);
        TrailReader::new(Catalog::shared(), options)
    };
    let whole = object(&[call("GetObject", 1)]);
    let exact = limited(whole.len());
    let short = limited(whole.len() - 1);
    for bytes in [
        whole.clone(),
        gzip(&whole),
        [gzip(&whole[..50]), gzip(&whole[50..])].concat(),
    ] {
        assert!(!take_with(&exact, &[&bytes]).reconciliation.has_faults());
        assert_fails(
            &take_with(&short, &[&bytes]),
            &format!(
                "more than {} bytes, the limit for one object",
                whole.len() - 1
            ),
        );
    }
    // 64 MB of blanks in 64 kB; and the same with a size in the trailer that belittles it.
    let mut bomb = gzip(&vec![b' '; 64 << 20]);
    assert_fails(
        &take_with(&limited(1 << 20), &[&bomb]),
        "more than 1048576 bytes, the limit for one object",
    );
    let size = bomb.len() - 4;
    bomb[size..].copy_from_slice(&[1, 0, 0, 0]);
    assert_fails(
        &take_with(&limited(1 << 20), &[&bomb]),
        "more than 1048576 bytes, the limit for one object",
    );
    assert_fails(
        &take_with(&limited(0), &[&whole]),
        "more than 0 bytes, the limit for one object",
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.json");
    fs::write(&path, &whole).unwrap();
    let read = short.read(&[&path], &|_| ()).unwrap();
    assert_eq!(
        faults(&read),
        [format!(
            "{}: more than {} bytes, the limit for one object",
            path.display(),
            whole.len() - 1
        )]
    );
}

#[test]
fn paths_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let error = |path: &std::path::Path| {
        let sound = folder.path().join("sound.json");
        fs::write(&sound, digest()).unwrap();
        reader()
            .read(&[&sound, path], &|_| ())
            .unwrap_err()
            .to_string()
    };
    let missing = folder.path().join("missing");
    assert_eq!(
        error(&missing),
        format!(
            "{}: No such file or directory (os error 2)",
            missing.display()
        )
    );

    let empty = folder.path().join("empty");
    fs::create_dir_all(empty.join("below")).unwrap();
    fs::write(empty.join(".hidden"), "").unwrap();
    assert_eq!(
        error(&empty),
        format!("{}: there is no file in this folder", empty.display())
    );
    assert!(
        reader()
            .read::<&str>(&[], &|_| ())
            .unwrap()
            .activity
            .is_empty()
    );
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.json"), digest()).unwrap();
    let link = folder.path().join("z.json");
    symlink("nowhere", &link).unwrap();
    // What is hidden is left out, dead or not.
    symlink("nowhere", folder.path().join(".#lock")).unwrap();
    symlink("..", folder.path().join(".circle")).unwrap();
    let dead = format!("{}: No such file or directory (os error 2)", link.display());
    let faults_of = |path: &std::path::Path| {
        let read = reader().read(&[path], &|_| ()).unwrap();
        let digests = read.reconciliation.objects_skipped.values().sum::<u64>();
        assert!(read.reconciliation.has_faults());
        (digests, faults(&read))
    };
    assert_eq!(faults_of(folder.path()), (1, vec![dead.clone()]));
    let error = reader().read(&[&link], &|_| ()).unwrap_err();
    assert_eq!(error.to_string(), dead);

    // They stand among the files.
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("z.json"), digest()).unwrap();
    assert_eq!(
        reader()
            .list(&[folder.path(), other.path()])
            .unwrap()
            .map(|object| PathBuf::from(object.unwrap().to_string()))
            .collect::<Vec<_>>(),
        [
            folder.path().join("a.json"),
            link.clone(),
            other.path().join("z.json"),
        ]
    );

    fs::remove_file(&link).unwrap();
    let circle = folder.path().join("circle");
    symlink(".", &circle).unwrap();
    let itself = folder.path().join("itself");
    symlink("itself", &itself).unwrap();
    // A loop by way of a folder elsewhere.
    symlink(other.path(), folder.path().join("other")).unwrap();
    symlink(folder.path(), other.path().join("back")).unwrap();
    let looped = "a link loop: it leads back to a folder above it";
    assert_eq!(
        faults_of(folder.path()),
        (
            2,
            vec![
                format!("{}: {looped}", circle.display()),
                format!(
                    "{}: Too many levels of symbolic links (os error 40)",
                    itself.display()
                ),
                format!("{}/other/back: {looped}", folder.path().display()),
            ]
        )
    );

    // A folder with nothing but a dead link is not empty.
    let only = tempfile::tempdir().unwrap();
    symlink("nowhere", only.path().join("x.json")).unwrap();
    assert_eq!(faults_of(only.path()).1.len(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_loses_no_other() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("a.json"),
        object(&[call("GetObject", 1)]),
    )
    .unwrap();
    let closed = folder.path().join("b.json");
    fs::write(&closed, digest()).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&closed).is_ok() {
        println!("skipped: root reads everything");
        return;
    }
    let read = reader().read(&[folder.path()], &|_| ()).unwrap();
    assert_eq!(
        faults(&read),
        [format!(
            "{}: Permission denied (os error 13)",
            closed.display()
        )]
    );
    assert_eq!(actions(&read.activity), ["s3:GetObject"]);

    let below = folder.path().join("below");
    fs::create_dir(&below).unwrap();
    fs::set_permissions(&below, fs::Permissions::from_mode(0o000)).unwrap();
    let read = reader().read(&[folder.path()], &|_| ()).unwrap();
    let error = reader().read(&[&below], &|_| ()).unwrap_err();
    let denied =
        |path: &std::path::Path| format!("{}: Permission denied (os error 13)", path.display());
    assert_eq!(faults(&read), [denied(&closed), denied(&below)]);
    assert_eq!(actions(&read.activity), ["s3:GetObject"]);
    assert_eq!(error.to_string(), denied(&below));
    fs::set_permissions(&below, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn one_bad_object_never_loses_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("a.json"), object(&[call("GetObject", 1)])).unwrap();
    fs::write(
        path.join("b.json.gz"),
        &gzip(&object(&[call("GetObject", 2)]))[..60],
    )
    .unwrap();
    fs::write(
        path.join("c.json"),
        object_of(&["7", &call("PutObject", 3).to_string()]),
    )
    .unwrap();
    fs::write(path.join("d.json"), "{\"Records\":[").unwrap();
    let read = reader().read(&[path], &|_| ()).unwrap();
    let path = path.display();
    assert_eq!(
        faults(&read),
        [
            format!("{path}/b.json.gz: the gzip data is damaged or cut short"),
            format!("{path}/d.json: not JSON: EOF while parsing a list at line 1 column 12"),
            format!("{path}/c.json: record 1: malformed: not an object"),
        ]
    );
    assert_eq!(actions(&read.activity), ["s3:GetObject", "s3:PutObject"]);
    assert_eq!(read.reconciliation.malformed(), 1);
    assert!(read.reconciliation.adds_up() && read.reconciliation.has_faults());
}

#[test]
fn the_first_faults_are_named_and_all_are_counted() {
    let records = vec!["7"; 1_000];
    let read = take(&[object_of(&records)]);
    assert_eq!(read.reconciliation.malformed(), 1_000);
    let named: Vec<_> = read
        .reconciliation
        .examples
        .iter()
        .map(|example| example.record)
        .collect();
    assert_eq!(named, (1..=20).collect::<Vec<_>>());
    assert_eq!(
        set_aside(&read),
        ["1000 malformed: not the JSON of a record"]
    );
    assert_eq!(read.reconciliation.unnamed_malformed(), 980);
    for (count, unnamed) in [(0, 0), (1, 0), (20, 0), (21, 1)] {
        let read = take(&[object_of(&records[..count])]);
        assert_eq!(read.reconciliation.unnamed_malformed(), unnamed, "{count}");
    }
}

/// What the input says reaches no terminal as it is.
#[test]
fn control_characters_are_shown_escaped() {
    let evil = "x\n\u{1b}[2J\u{202e}";
    let shown = r"x\n\u{1b}[2J\u{202e}";
    let records = [
        record(&json!({ "eventType": evil })),
        record(&json!({"userIdentity": {"type": evil}})),
        record(&json!({ "eventTime": evil })),
    ];
    let mut activity = advisor_core::Activity::new();
    let mut taken = reader().take_object(evil, &object(&records), &mut activity);
    taken.merge(reader().take_object(evil, b"nonsense", &mut activity));
    let account = taken.to_string();
    assert!(account.contains(&format!("\n        1  not an API call: {shown}\n")));
    assert!(account.contains(&format!("\n        1  no IAM identity: {shown}\n")));
    assert_eq!(
        taken.examples[0].to_string(),
        format!("{shown}: record 3: malformed: the eventTime \"{shown}\" cannot be")
    );
    assert_eq!(
        taken.objects_failed[0].to_string(),
        format!("{shown}: not JSON: expected ident at line 1 column 2")
    );
    // The name itself is the path, by which a store knows it again.
    assert_eq!(*taken.objects_failed[0].object(), ObjectId::from(evil));
    let failed = FailedObject::new(
        "a".into(),
        FailureKind::Damaged,
        std::io::Error::other(evil),
    );
    assert_eq!(failed.to_string(), format!("a: {shown}"));
}

#[test]
fn names_that_cannot_be() {
    let long = "a".repeat(64);
    for region in ["global", "us-gov-west-1", "aws-global", "0", &long] {
        let sound = record(&json!({ "awsRegion": region })).to_string();
        assert_eq!(between(&[&sound]), [""; 0], "{region}");
    }
    let long = "a".repeat(65);
    for region in [
        "EU-central-1",
        "eu central",
        "eu_1",
        "é",
        "-\n",
        "\u{1b}",
        &long,
    ] {
        let broken = record(&json!({ "awsRegion": region })).to_string();
        assert_eq!(
            between(&[&broken]),
            ["record 2: malformed: the awsRegion is no Region"],
            "{region}"
        );
    }
    for field in ["eventSource", "eventName"] {
        for name in ["\n", "Get\u{0}Object", "Get\u{1b}[2J", "x\u{7f}", "x\u{9b}"] {
            let broken = record(&json!({ field: name })).to_string();
            assert_eq!(
                between(&[&broken]),
                [format!(
                    "record 2: malformed: the {field} has a control character"
                )],
            );
        }
        let sound = record(&json!({ field: "Größe 'x'" })).to_string();
        assert_eq!(between(&[&sound]), [""; 0]);
    }
}

/// A list of numbers takes one byte a member when it is inflated, and next to nothing when it is not.
#[test]
fn more_records_than_bytes_can_hold() {
    let zeros = format!("{{\"Records\":[0{}]}}", ",0".repeat(2_000_000));
    for parser in [Parser::Projected, Parser::Plain] {
        let options = ReadOptions::new().parser(parser);
        let reader = TrailReader::new(Catalog::shared(), options);
        let mut activity = Activity::new();
        let done = reader.take_object("zeros", &gzip(zeros.as_bytes()), &mut activity);
        assert!(activity.is_empty());
        let [failed] = &*done.objects_failed else {
            panic!("{done:?}");
        };
        assert!(failed.message().contains("more records"), "{failed}");
        assert_eq!(failed.kind(), FailureKind::NotCloudTrail);
    }
    let reader = TrailReader::new(Catalog::shared(), ReadOptions::default());
    // However they are written.
    for text in [
        "0\n".repeat(1_000_000),
        "0 ".repeat(1_000_000),
        "[0,0,0,0,0]\n".repeat(400_000),
    ] {
        let mut activity = Activity::new();
        let done = reader.take_object("zeros", text.as_bytes(), &mut activity);
        assert_eq!((done.objects_failed.len(), done.records_read), (1, 0));
    }
    // A few are named one by one.
    let done = reader.take_object("few", br#"{"Records":[0,0,0]}"#, &mut Activity::new());
    assert_eq!((done.objects_failed.len(), done.records_read), (0, 3));
}
