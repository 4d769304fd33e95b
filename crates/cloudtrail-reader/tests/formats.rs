//! Every shape that a trail comes in, told by content: the same records always make the same table.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::collections::BTreeMap;

use cloudtrail_reader::SkippedObject;
use serde_json::{Value, json};

use support::{
    actions, calls, faults, gzip, insight, lines, lookup, object, read, record, set_aside, take,
    write,
};

/// An event as EventBridge sends it to targets.
fn event(detail_type: &str, detail: &Value) -> Value {
    json!({
        "version": "0",
        "id": "00000000-0000-4000-8000-0000000000ee",
        "detail-type": detail_type,
        "source": "aws.s3",
        "account": "111122223333",
        "time": "2026-10-01T12:00:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": detail,
    })
}

/// A message as a subscription of `CloudWatch` Logs gets it.
fn log_data(records: &[Value]) -> Value {
    let events = records.iter().enumerate().map(|(number, record)| {
        json!({
            "id": number.to_string(),
            "timestamp": 1_790_856_000_000_u64,
            "message": record.to_string(),
        })
    });
    json!({
        "messageType": "DATA_MESSAGE",
        "owner": "111122223333",
        "logGroup": "trail",
        "logStream": "111122223333_CloudTrail_eu-central-1",
        "subscriptionFilters": ["all"],
        "logEvents": events.collect::<Vec<_>>(),
    })
}

/// The three calls as services on the way of a trail hand them on.
fn wrapped() -> Vec<(&'static str, Vec<u8>)> {
    let calls = calls();
    let pretty = |value: &Value| serde_json::to_vec_pretty(value).unwrap();
    let events = calls
        .each_ref()
        .map(|call| event("AWS API Call via CloudTrail", call));
    let logs = calls
        .each_ref()
        .map(|call| log_data(std::slice::from_ref(call)));
    let in_a_row = |values: &[Value]| values.iter().map(Value::to_string).collect::<String>();
    let mut found = log_data(&calls);
    let search = json!({"events": found["logEvents"].take(), "searchedLogStreams": []});
    let exported = calls
        .iter()
        .map(|call| format!("2026-10-01T12:00:00.000Z {call}\n"));
    vec![
        ("EventBridge, lines", lines(&events)),
        ("EventBridge, in a row", in_a_row(&events).into_bytes()),
        ("EventBridge, a list", pretty(&json!(events))),
        (
            "EventBridge, pretty",
            events.iter().flat_map(pretty).collect(),
        ),
        (
            "EventBridge, another detail-type",
            lines(&calls.each_ref().map(|call| event("mine", call))),
        ),
        ("CloudWatch Logs", gzip(&pretty(&log_data(&calls)))),
        ("CloudWatch Logs, in a row", in_a_row(&logs).into_bytes()),
        ("filter-log-events", pretty(&search)),
        (
            "an export of CloudWatch Logs",
            gzip(exported.collect::<String>().as_bytes()),
        ),
    ]
}

/// A line of a log as log shippers wrap it, each with what it is called.
fn shipped(line: &str) -> Vec<(&'static str, Value)> {
    let time = "2026-10-01T12:00:00.000Z";
    vec![
        (
            "Logstash",
            json!({"@timestamp": time, "@version": "1", "message": line, "host": {"name": "h"}, "type": "s3"}),
        ),
        (
            "Filebeat",
            json!({
                "@timestamp": time,
                "message": line,
                "log": {"offset": 0, "file": {"path": "https://bucket.s3.eu-central-1.amazonaws.com/x.json.gz"}},
                "event": {"dataset": "generic"},
                "input": {"type": "aws-s3"},
            }),
        ),
        (
            "Fluent Bit",
            json!({"log": format!("{line}\n"), "stream": "stdout", "time": time}),
        ),
        (
            "logcli",
            json!({"labels": {"__aws_log_type": "s3_cloudtrail"}, "line": line, "timestamp": time}),
        ),
        (
            "Grafana",
            json!({
                "line": line,
                "timestamp": "1790856000000000000",
                "date": time,
                "fields": {"__aws_log_type": "s3_cloudtrail"},
            }),
        ),
        (
            "CloudWatch Logs Insights",
            json!({"@timestamp": time, "@message": line}),
        ),
        (
            "an integration of Elastic",
            json!({
                "@timestamp": time,
                "aws": {"cloudtrail": {"event_version": "1.08"}},
                "event": {"action": "GetObject", "original": line, "module": "aws"},
                "log": {"level": "info"},
                "message": "a sentence about the event",
            }),
        ),
        (
            "an integration of Elastic, keys with dots",
            json!({"event.action": "GetObject", "event.original": line}),
        ),
        (
            "an event of CloudWatch Logs",
            json!({"id": "0", "timestamp": 0, "message": line}),
        ),
    ]
}

/// A document as a search in Elasticsearch finds it.
fn hit(document: &Value) -> Value {
    json!({"_index": "cloudtrail", "_id": "1", "_score": null, "_source": document, "sort": [1]})
}

/// A page of the result of a search in Elasticsearch.
fn search_result(documents: &[Value]) -> Value {
    let hits: Vec<_> = documents.iter().map(hit).collect();
    let total = json!({"value": hits.len(), "relation": "eq"});
    let shards = json!({"total": 1, "successful": 1, "skipped": 0, "failed": 0});
    json!({
        "took": 1,
        "timed_out": false,
        "_shards": shards,
        "hits": {"total": total, "max_score": null, "hits": hits},
    })
}

/// The three calls, each in the same wrapper, in all the ways in which these stand in a file.
fn in_files(shape: &str, documents: &[Value]) -> Vec<(String, Vec<u8>)> {
    let pretty = |value: &Value| serde_json::to_vec_pretty(value).unwrap();
    let hits: Vec<_> = documents.iter().map(hit).collect();
    let pages = documents
        .iter()
        .map(|document| search_result(std::slice::from_ref(document)));
    let pages: Vec<_> = pages.collect();
    [
        ("lines", lines(documents)),
        ("a list", pretty(&json!(documents))),
        (
            "pretty, in a row",
            documents.iter().flat_map(pretty).collect(),
        ),
        ("lines of hits", lines(&hits)),
        ("a list of hits", pretty(&json!(hits))),
        (
            "a search",
            search_result(documents).to_string().into_bytes(),
        ),
        ("a search, pretty", pretty(&search_result(documents))),
        ("searches, a page a line", lines(&pages)),
    ]
    .map(|(file, bytes)| (format!("{shape}: {file}"), bytes))
    .to_vec()
}

/// The calls as log shippers and Elasticsearch write them.
fn in_log_shippers() -> Vec<(String, Vec<u8>)> {
    let calls = calls();
    let of_each = |make: &dyn Fn(&Value) -> Vec<(&'static str, Value)>| {
        let made = calls.each_ref().map(make);
        let shapes = made[0].iter().map(|(shape, _)| *shape).enumerate();
        let files = shapes.flat_map(|(at, shape)| {
            let documents: Vec<_> = made.iter().map(|call| call[at].1.clone()).collect();
            in_files(shape, &documents)
        });
        files.collect::<Vec<_>>()
    };
    let record = |call: &Value| shipped(&call.to_string());
    let object = |call: &Value| shipped(&json!({"Records": [call]}).to_string());
    let event = |call: &Value| shipped(&event("AWS API Call via CloudTrail", call).to_string());
    let bare = |call: &Value| {
        let mut with_time = call.clone();
        with_time["@timestamp"] = "2026-10-01T12:00:00.000Z".into();
        let detail = json!({"source": "aws.s3", "detail-type": "mine", "detail": call});
        vec![
            ("a record", call.clone()),
            ("a record with a time", with_time),
            ("an event", detail),
            ("parsed, in message", json!({"message": call})),
            ("parsed, in @message", json!({"@message": call})),
            ("parsed, in log", json!({"log": call, "stream": "stdout"})),
        ]
    };
    let whole = json!({"message": json!({"Records": calls}).to_string()});
    let mut files = [
        of_each(&record),
        of_each(&object),
        of_each(&event),
        of_each(&bare),
    ]
    .concat();
    files.push(("an object in one line".into(), lines(&[whole])));
    files
}

/// The three calls, in all shapes, each with what it is called.
fn shapes() -> Vec<(String, Vec<u8>)> {
    let named = |(shape, bytes): (&str, Vec<u8>)| (shape.to_owned(), bytes);
    let of_aws = [plain(), wrapped()].concat().into_iter().map(named);
    of_aws.chain(in_log_shippers()).collect()
}

fn plain() -> Vec<(&'static str, Vec<u8>)> {
    let calls = calls();
    let [one, two, three] = [0, 1, 2].map(|at| object(&calls[at..=at]));
    let pretty = |value: &Value| serde_json::to_vec_pretty(value).unwrap();
    let list: Vec<_> = calls.iter().map(Value::to_string).collect();
    let list = format!("[{}]", list.join(",")).into_bytes();
    let events = lookup(&calls);
    let bare_events = Value::Array(events["Events"].as_array().unwrap().clone());
    let event_lines: String = events["Events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| format!("{event}\n"))
        .collect();
    let crlf = String::from_utf8(lines(&calls))
        .unwrap()
        .replace('\n', "\r\n");
    let each_line = |before: &str, after: &str| {
        let lines = calls.iter().map(|call| format!("{before}{call}{after}\n"));
        lines.collect::<String>().into_bytes()
    };
    let strings: Vec<_> = calls
        .iter()
        .map(|call| Value::String(call.to_string()))
        .collect();
    let string_lines: String = strings.iter().map(|text| format!("{text}\n")).collect();
    let utf16 = |text: &[u8], unit: fn(u16) -> [u8; 2], mark: &[u8]| {
        let text = std::str::from_utf8(text).unwrap();
        let units = text.encode_utf16().flat_map(unit);
        [mark, &units.collect::<Vec<u8>>()].concat()
    };
    vec![
        (
            "the records of lookup-events, as strings",
            Value::Array(strings.clone()).to_string().into_bytes(),
        ),
        ("the same, pretty", pretty(&Value::Array(strings.clone()))),
        ("the same, a line each", string_lines.into_bytes()),
        (
            "the same, joined",
            strings
                .iter()
                .map(Value::to_string)
                .collect::<String>()
                .into_bytes(),
        ),
        (
            "UTF-16 with a mark",
            utf16(&object(&calls), u16::to_le_bytes, b"\xff\xfe"),
        ),
        (
            "big-endian UTF-16 with a mark",
            utf16(&object(&calls), u16::to_be_bytes, b"\xfe\xff"),
        ),
        (
            "UTF-16 without a mark",
            utf16(&object(&calls), u16::to_le_bytes, b""),
        ),
        (
            "lines in big-endian UTF-16 without a mark",
            utf16(&lines(&calls), u16::to_be_bytes, b""),
        ),
        (
            "what PowerShell writes of lookup-events",
            utf16(&pretty(&events), u16::to_le_bytes, b"\xff\xfe"),
        ),
        ("an object", object(&calls)),
        (
            "an object with a line break",
            [object(&calls), b"\n".into()].concat(),
        ),
        ("an object, pretty", pretty(&json!({"Records": calls}))),
        (
            "an object with other fields",
            json!({"a": {"Records": []}, "Records": calls, "Z": 1})
                .to_string()
                .into_bytes(),
        ),
        ("gzip", gzip(&object(&calls))),
        (
            "gzip of several members",
            [gzip(&one), gzip(&two), gzip(&three)].concat(),
        ),
        (
            "gzip cut into members",
            object(&calls).chunks(100).flat_map(gzip).collect(),
        ),
        (
            "a byte order mark",
            [b"\xef\xbb\xbf".to_vec(), object(&calls)].concat(),
        ),
        (
            "gzip of a byte order mark",
            gzip(&[b"\xef\xbb\xbf".to_vec(), object(&calls)].concat()),
        ),
        ("lines of records", lines(&calls)),
        (
            "lines of records without a last line break",
            lines(&calls).trim_ascii_end().to_vec(),
        ),
        ("lines of records, CR LF", crlf.clone().into_bytes()),
        (
            "lines of records, blank lines between",
            crlf.replace("\r\n", "\n \n\n").into_bytes(),
        ),
        ("gzip of lines", gzip(&lines(&calls))),
        (
            "lines of objects",
            [one.as_slice(), &two, &three].join(b"\n".as_slice()),
        ),
        (
            "lines, one with two objects",
            [one.as_slice(), b"\n", &two, &three, b"\n"].concat(),
        ),
        ("objects in a row", [one.as_slice(), &two, &three].concat()),
        (
            "a list of objects, as jq -s writes it",
            [
                b"[",
                [one.as_slice(), &two, &three].join(&b","[..]).as_slice(),
                b"]",
            ]
            .concat(),
        ),
        (
            "a list under a key in lower case",
            json!({ "records": calls }).to_string().into_bytes(),
        ),
        ("a JSON text sequence, RFC 7464", each_line("\u{1e}", "")),
        ("lines with commas", each_line("", ",")),
        (
            "lines of Kubernetes",
            each_line("2026-10-01T12:00:00.123456789Z stdout F ", ""),
        ),
        (
            "pretty objects in a row",
            calls
                .iter()
                .flat_map(|call| pretty(&json!({"Records": [call]})))
                .collect(),
        ),
        (
            "pretty records in a row",
            calls.iter().flat_map(pretty).collect(),
        ),
        ("a list", list),
        ("a list, pretty", pretty(&json!(calls))),
        (
            "a list a line",
            calls
                .iter()
                .flat_map(|call| format!("{}\n", json!([call])).into_bytes())
                .collect(),
        ),
        ("lookup-events", events.to_string().into_bytes()),
        ("lookup-events, pretty", pretty(&events)),
        (
            "lookup-events, pages in a row",
            [0, 1, 2]
                .iter()
                .flat_map(|at| pretty(&lookup(&calls[*at..=*at])))
                .collect(),
        ),
        ("lookup-events, a list of events", pretty(&bare_events)),
        ("lookup-events, an event a line", event_lines.into_bytes()),
    ]
}

#[test]
fn every_shape_makes_the_same_table() {
    let expected = take(&[object(&calls())]);
    assert_eq!(
        actions(&expected.activity),
        ["s3:GetObject", "s3:PutObject"]
    );
    for (shape, bytes) in shapes() {
        let taken = take(&[&bytes]);
        assert_eq!(faults(&taken), [""; 0], "{shape}");
        assert_eq!(taken.activity, expected.activity, "{shape}");
        assert_eq!(taken.reconciliation.records_read, 3, "{shape}");
        assert_eq!(taken.reconciliation.records_attributed, 3, "{shape}");
        assert_eq!(
            taken.reconciliation.bytes,
            u64::try_from(bytes.len()).unwrap(),
            "{shape}"
        );
    }
}

#[test]
fn names_do_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    let expected = take(&[object(&calls())]);
    for name in [
        "x.json.gz",
        "x.json",
        "x.txt",
        "x",
        "CloudTrail-Digest/x.json.gz",
    ] {
        for (shape, bytes) in shapes() {
            write(folder.path(), name, &bytes);
            let taken = read(&[folder.path().join(name)]);
            assert_eq!(taken.activity, expected.activity, "{shape} as {name}");
            assert_eq!(taken.reconciliation.objects_read, 1, "{shape} as {name}");
        }
    }
}

#[test]
fn a_wrapped_line_that_is_no_record_loses_no_other() {
    let [one, two, three] = calls().map(|call| call.to_string());
    let documents = [
        json!({"message": one}),
        json!({"log": two[..40]}),
        json!({"message": "starting"}),
        json!({"message": r#"{"level": "info"}"#}),
        json!({"message": r#"{"level": "info"}"#, "event": {"original": three}}),
    ];
    let taken = take(&[lines(&documents)]);
    assert_eq!(taken.reconciliation.records_attributed, 2);
    let expected = [
        "object: record 2: malformed: userIdentity.?: EOF while parsing a string at line 1 column 40",
        "object: record 3: malformed: not CloudTrail: no Records, no Events, and not a record itself",
        "object: record 4: malformed: no userIdentity",
    ];
    assert_eq!(faults(&taken), expected);

    for bytes in [json!(documents), search_result(&documents)] {
        let taken = take(&[bytes.to_string()]);
        assert_eq!(taken.reconciliation.records_read, 5);
        assert_eq!(taken.reconciliation.records_attributed, 2);
    }
}

#[test]
fn a_search_without_hits_has_no_records() {
    let taken = take(&[search_result(&[]).to_string()]);
    assert_eq!(faults(&taken), [""; 0]);
    assert_eq!(taken.reconciliation.objects_read, 1);
    assert_eq!(taken.reconciliation.records_read, 0);
}

#[test]
fn wrappers_are_removed_up_to_a_depth() {
    let wrap = |times: usize| {
        let call = calls()[0].to_string();
        let inner = (0..times).fold(call, |inner, _| json!({"_source": inner}).to_string());
        take(&[inner]).reconciliation
    };
    assert_eq!(wrap(4).records_attributed, 1);
    assert_eq!(wrap(5).records_attributed, 0);

    let deep = [
        r#"{"_source":"#.repeat(100_000),
        "1".into(),
        "}".repeat(100_000),
    ]
    .concat();
    assert_eq!(take(&[deep]).reconciliation.records_attributed, 0);
}

#[test]
fn a_broken_line_loses_no_other() {
    let calls = calls();
    let half = &calls[1].to_string()[..40];
    let text = format!(
        "{}\n{half}\n7\n{{\"level\":\"info\"}}\n{}\n",
        calls[0], calls[2]
    );
    let taken = take(&[text]);
    assert_eq!(taken.reconciliation.records_attributed, 2);
    assert_eq!(
        faults(&taken),
        [
            "object: record 2: malformed: not JSON: EOF while parsing a string at line 1 column 40",
            "object: record 3: malformed: not CloudTrail: neither a JSON object nor a list",
            "object: record 4: malformed: not CloudTrail: no Records, no Events, and not a record itself",
        ]
    );
}

#[test]
fn a_broken_first_line_loses_no_other() {
    let calls = calls();
    // As a file begins that was cut out of a longer one.
    let half = &calls[0].to_string()[40..];
    let taken = take(&[format!("{half}\n{}\n{}\n", calls[1], calls[2])]);
    assert_eq!(taken.reconciliation.records_attributed, 2);
    assert_eq!(faults(&taken).len(), 1);
    assert!(
        faults(&taken)[0].starts_with("object: record 1: malformed: not JSON: "),
        "{:?}",
        faults(&taken)
    );
}

#[test]
fn events_of_others_are_no_api_calls() {
    let events = [
        event("AWS API Call via CloudTrail", &calls()[0]),
        event(
            "EC2 Instance State-change Notification",
            &json!({"state": "running"}),
        ),
        event("AWS Insight via CloudTrail", &insight()),
        event(
            "AWS Console Sign In via CloudTrail",
            &json!({"eventType": "AwsConsoleSignIn"}),
        ),
        event("AWS API Call via CloudTrail", &json!("nothing")),
        event(&"long".repeat(100), &json!({})),
    ];
    for bytes in [lines(&events), json!(events).to_string().into_bytes()] {
        let taken = take(&[bytes]);
        assert_eq!(taken.reconciliation.records_attributed, 1);
        assert_eq!(
            set_aside(&taken),
            [
                "1 not an API call: AwsCloudTrailInsight",
                "1 not an API call: AwsConsoleSignIn",
                "1 not an API call: EC2 Instance State-change Notification",
                "1 malformed: a text is too long",
                "1 malformed: not the JSON of a record",
            ]
        );
        assert_eq!(
            faults(&taken),
            [
                "object: record 5: malformed: not an object",
                "object: record 6: malformed: the detail-type is too long",
            ]
        );
    }
}

#[test]
fn a_record_may_have_any_other_field() {
    let odd = record(&json!({"detail-type": 7, "detail": [], "messageType": {}, "events": 1}));
    for bytes in [
        lines(std::slice::from_ref(&odd)),
        json!([odd]).to_string().into_bytes(),
    ] {
        let taken = take(&[bytes]);
        assert_eq!(faults(&taken), [""; 0]);
        assert_eq!(taken.reconciliation.records_attributed, 1);
    }
}

#[test]
fn other_log_messages() {
    let control = json!({
        "messageType": "CONTROL_MESSAGE",
        "logEvents": [{"message": "CWL CONTROL MESSAGE: Checking health of destination Firehose."}],
    });
    let mut other = log_data(&calls()[..1]);
    other["logEvents"][0]["message"] = json!("started");
    let taken = take(&[format!("{control}\n{other}\n{}\n", log_data(&calls()))]);
    assert_eq!(taken.reconciliation.records_attributed, 3);
    assert_eq!(
        faults(&taken),
        ["object: record 1: malformed: not an object"]
    );
}

#[test]
fn what_only_looks_like_a_shape_is_not_cloudtrail() {
    for (value, reason) in [
        (
            json!({"events": [{"message": "x"}]}),
            "no Records, no Events, and not a record itself",
        ),
        (
            json!({"detail": {}}),
            "no Records, no Events, and not a record itself",
        ),
        (
            json!({"QueryResultRows": {}}),
            "the records are not in a list",
        ),
        (
            json!({"class_uid": 6003, "category_uid": 6, "api": {}}),
            "OCSF: only API activity in Parquet is read",
        ),
    ] {
        let taken = take(&[value.to_string()]);
        assert_eq!(
            faults(&taken),
            [format!("object: not CloudTrail: {reason}")]
        );
    }
}

#[test]
fn the_signature_of_saved_results_is_skipped() {
    let signature = json!({
        "version": "1.0",
        "region": "eu-central-1",
        "files": [{"fileHashValue": "00", "fileName": "result_1.csv.gz"}],
        "hashAlgorithm": "SHA-256",
        "signatureAlgorithm": "SHA256withRSA",
        "queryCompleteTime": "2026-10-01T12:00:00Z",
        "hashSignature": "00",
        "publicKeyFingerprint": "00",
    });
    let taken = take(&[signature.to_string()]);
    assert_eq!(
        taken.reconciliation.objects_skipped,
        BTreeMap::from([(SkippedObject::QueryResultSignature, 1)])
    );
}

#[test]
fn an_object_without_records_is_read() {
    let taken = take(&[r#"{"Records":[]}"#, r#"{"Events":[]}"#, "[]", "\n[]\n"]);
    assert_eq!(faults(&taken), [""; 0]);
    assert_eq!(taken.reconciliation.objects_read, 4);
    assert_eq!(taken.reconciliation.records_read, 0);
}
