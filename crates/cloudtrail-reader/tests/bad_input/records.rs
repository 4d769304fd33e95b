//! Records that are not what CloudTrail writes.

use super::*;

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
                "record 2: malformed: the eventTime {time:?} is not possible"
            )]
        );
    }
    let long = "2".repeat(1_000);
    let broken = record(&json!({ "eventTime": long })).to_string();
    assert_eq!(
        between(&[&broken]),
        [format!(
            "record 2: malformed: the eventTime {:?} is not possible",
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
    let reason = read.reconciliation.objects_failed[0].reason().to_owned();
    assert!(reason.contains("duplicate field `Records`"), "{reason}");
    assert_fails(&read, &reason);
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
fn the_first_faults_are_named_and_all_are_counted() {
    let records = vec!["7"; 1_000];
    let read = take(&[object_of(&records)]);
    assert_eq!(read.reconciliation.records_malformed(), 1_000);
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
            ["record 2: malformed: the awsRegion is not a Region"],
            "{region}"
        );
    }
    for field in ["eventSource", "eventName"] {
        for name in ["\n", "Get\u{0}Object", "Get\u{1b}[2J", "x\u{7f}", "x\u{9b}"] {
            let broken = record(&json!({ field: name })).to_string();
            assert_eq!(
                between(&[&broken]),
                [format!(
                    "record 2: malformed: the {field} has a control or format character"
                )],
            );
        }
        let sound = record(&json!({ field: "Größe 'x'" })).to_string();
        assert_eq!(between(&[&sound]), [""; 0]);
    }
}
