//! Strange text: long, deep, repeated, not UTF-8.

use super::*;

/// Every string that counts, very long: set aside, or left out of the table.
#[test]
fn long_strings_do_not_fill_the_table() {
    let long = "x".repeat(5 << 20);
    let arn = format!("arn:aws:iam::111122223333:user/{long}");
    for (changes, expected) in [
        (json!({"eventName": long}), "the eventName is too long"),
        (json!({"eventSource": long}), "the eventSource is too long"),
        (json!({"awsRegion": long}), "the awsRegion is not a Region"),
        (json!({"eventID": long}), "the eventID is too long"),
        (json!({"eventType": long}), "the eventType is too long"),
        (
            json!({"userIdentity": {"type": long, "principalId": null}}),
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
        "not CloudTrail: no Records, no Events, and not a record itself",
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
    let found = read.reconciliation.objects_failed[0].reason().to_owned();
    assert!(found.starts_with(reason), "{found}");
    assert_fails(&read, &found);
    let padded = [object(&[call("GetObject", 1)]), vec![0; 512]].concat();
    let read = take(&[&padded]);
    let found = read.reconciliation.objects_failed[0].reason().to_owned();
    assert!(
        found.starts_with("not JSON: expected value at line 1 column "),
        "{found}"
    );
    assert_fails(&read, &found);
}

/// What the input says reaches no terminal as it is.
#[test]
fn control_characters_are_shown_escaped() {
    let evil = "x\n\u{1b}[2J\u{202e}";
    let shown = r"x\n\u{1b}[2J\u{202e}";
    let records = [
        record(&json!({ "eventType": evil })),
        record(&json!({"userIdentity": {"type": evil, "principalId": null}})),
        record(&json!({ "eventTime": evil })),
    ];
    let mut activity = advisor_core::Activity::new();
    let mut taken = reader().read_bytes(evil, &object(&records), &mut activity);
    taken.merge(reader().read_bytes(evil, b"nonsense", &mut activity));
    let account = taken.to_string();
    assert!(account.contains(&format!("\n        1  not an API call: {shown}\n")));
    assert!(account.contains(&format!("\n        1  not an IAM identity: {shown}\n")));
    assert_eq!(
        taken.examples[0].to_string(),
        format!("{shown}: record 3: malformed: the eventTime \"{shown}\" is not possible")
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
