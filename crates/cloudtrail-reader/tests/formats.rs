//! Every shape that a trail comes in, told by content: the same records always make the same table.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use cloudtrail_reader::{ReadOptions, Reconciliation, SkippedObject, TrailRead, TrailReader};
use serde_json::{Value, json};
use service_catalog::Catalog;

use support::{
    actions, call, digest, faults, gzip, insight, lines, lookup, object, reader, record, set_aside,
    take,
};

fn calls() -> [Value; 3] {
    [
        call("GetObject", 1),
        call("PutObject", 2),
        call("GetObject", 3),
    ]
}

/// Reads files and folders.
fn read<P: AsRef<Path>>(paths: &[P]) -> TrailRead {
    let read = reader().read(paths, &|_| ()).unwrap();
    assert!(read.reconciliation.adds_up());
    read
}

fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

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
            "OCSF, of which only API activity in Parquet is read",
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
        BTreeMap::from([(SkippedObject::Digest, 1)])
    );
}

#[test]
fn digests_are_read_and_insights_skipped_by_content() {
    let insights = object(&[insight(), insight()]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write(path, "CloudTrail/a.json.gz", &gzip(&digest()));
    write(path, "CloudTrail/b.json", &digest());
    write(path, "CloudTrail/c.json.gz", &gzip(&insights));
    write(path, "CloudTrail-Digest/d.json", &insights);
    write(path, "CloudTrail-Insight/e.json", &object(&calls()));
    // Of either mark one is enough.
    let mut by_type = insight();
    by_type.as_object_mut().unwrap().remove("eventCategory");
    write(path, "CloudTrail/f.json", &object(&[by_type]));
    let taken = read(&[path]);
    assert_eq!(
        taken.reconciliation.objects_skipped,
        BTreeMap::from([(SkippedObject::Insight, 3)])
    );
    assert_eq!(taken.reconciliation.digests_read, 2);
    assert_eq!(taken.reconciliation.objects_read, 1);
    assert_eq!(taken.reconciliation.records_read, 3);
    assert!(!taken.reconciliation.has_faults());
    let read = [object(&calls()), digest()];
    assert_eq!(taken.activity, take(&read).activity);
}

/// A log file that was delivered at this time of 2026-10-01.
fn log_file(time: &str) -> String {
    format!("111122223333_CloudTrail_eu-central-1_20261001T{time}Z_aB3.json.gz")
}

/// A digest of the hour before noon on 2026-10-01 that lists these.
fn digest_of(log_files: &[&str]) -> Value {
    let mut digest: Value = serde_json::from_slice(&digest()).unwrap();
    let log_files = log_files
        .iter()
        .map(|name| json!({"s3Object": format!("AWSLogs/{name}")}));
    digest["logFiles"] = log_files.collect();
    digest
}

#[test]
fn log_files_that_a_digest_lists_and_that_are_not_there_are_named() {
    const NOON: i64 = 1_790_856_000_000;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    let (read, gone, damaged) = (log_file("1105"), log_file("1110"), log_file("1115"));
    let digest = digest_of(&[&read, &gone, &damaged]);
    write(
        path,
        "CloudTrail-Digest/digest.json.gz",
        &gzip(digest.to_string().as_bytes()),
    );
    // Unpacked since it was delivered.
    write(path, read.trim_end_matches(".gz"), &object(&calls()));
    write(path, &damaged, b"\x1f\x8b\x08 cut");
    let taken = self::read(&[path]);
    let coverage = taken.activity.coverage();
    assert_eq!(coverage.missing_log_files(), [gone, damaged]);
    let places: Vec<_> = coverage.log_files().collect();
    assert_eq!(places.len(), 1);
    assert_eq!(
        (places[0].account, places[0].region),
        ("111122223333", "eu-central-1")
    );
    assert_eq!(places[0].days.iter().collect::<Vec<_>>(), [20_727]);
    assert_eq!(places[0].digests, [(NOON - 3_600_000, NOON)]);

    // Outside of the limits nothing is covered, and nothing missing.
    let options =
        ReadOptions::new().until("2026-09-30T12:00:00Z".parse::<DateTime<Utc>>().unwrap());
    let earlier = TrailReader::new(Catalog::shared(), options);
    let taken = earlier.read(&[path], &|_| ()).unwrap();
    assert!(taken.activity.coverage().is_empty());
    assert!(taken.activity.coverage().missing_log_files().is_empty());
}

#[test]
fn damaged_digests_fail() {
    let damaged = |key: &str, value: Value| {
        let mut digest = digest_of(&["a.json.gz"]);
        digest[key] = value;
        let taken = take(&[digest.to_string()]);
        assert!(taken.activity.coverage().is_empty());
        assert_eq!(taken.reconciliation.digests_read, 0);
        faults(&taken).join("\n")
    };
    assert_eq!(
        damaged("digestEndTime", json!("noon")),
        "object: damaged digest: digestEndTime is no time"
    );
    assert_eq!(
        damaged("digestS3Object", json!("x")),
        "object: damaged digest: neither digestS3Object nor the object's name has its Region"
    );
    for (key, value) in [
        ("awsAccountId", Value::Null),
        ("logFiles", json!([{"hashValue": "00"}])),
        ("logFiles", json!({})),
    ] {
        assert!(
            damaged(key, value).starts_with("object: damaged digest: "),
            "{key}"
        );
    }
}

#[test]
fn an_object_without_records_is_read() {
    let taken = take(&[r#"{"Records":[]}"#, r#"{"Events":[]}"#, "[]", "\n[]\n"]);
    assert_eq!(faults(&taken), [""; 0]);
    assert_eq!(taken.reconciliation.objects_read, 4);
    assert_eq!(taken.reconciliation.records_read, 0);
}

#[test]
fn folders_are_read_with_all_below_but_what_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, three] = calls().map(|call| object(&[call]));
    let path = folder.path();
    write(
        path,
        "AWSLogs/o-1/111122223333/CloudTrail/eu-central-1/2026/10/01/a.json.gz",
        &gzip(&one),
    );
    write(path, "AWSLogs/b.json", &two);
    write(path, "c.json", &three);
    for hidden in [
        ".DS_Store",
        "AWSLogs/.b.json.swp",
        ".git/d.json",
        "AWSLogs/.cache/deep/e.json",
    ] {
        write(path, hidden, b"no trail");
    }
    let taken = read(&[path]);
    assert_eq!(faults(&taken), [""; 0]);
    assert_eq!(taken.reconciliation.objects_read, 3);
    assert_eq!(taken.activity, take(&[object(&calls())]).activity);
    // What is named is read, hidden or not.
    write(path, ".git/d.json", &one);
    assert_eq!(read(&[path.join(".git")]).reconciliation.objects_read, 1);
    assert_eq!(
        read(&[path.join(".git/d.json")])
            .reconciliation
            .objects_read,
        1
    );
}

#[test]
fn paths_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (name, call) in ["x/a.json", "x/b.json", "c.json"].iter().zip(calls()) {
        write(path, name, &object(&[call]));
    }
    let whole = read(&[path]);
    assert_eq!(read(&[path.join("c.json"), path.join("x")]), whole);
    assert_eq!(
        read(&[
            path.join("x/b.json"),
            path.join("x/a.json"),
            path.join("c.json")
        ]),
        whole
    );
}

#[cfg(unix)]
#[test]
fn links_are_followed() {
    use std::os::unix::fs::symlink;

    let store = tempfile::tempdir().unwrap();
    let [one, two, three] = calls().map(|call| object(&[call]));
    write(store.path(), "below/a.json", &one);
    write(store.path(), "below/b.json", &two);
    write(store.path(), "c.json", &three);
    let folder = tempfile::tempdir().unwrap();
    symlink(store.path().join("below"), folder.path().join("linked")).unwrap();
    symlink(
        store.path().join("c.json"),
        folder.path().join("linked.json"),
    )
    .unwrap();
    let taken = read(&[folder.path()]);
    assert_eq!(taken.activity, take(&[object(&calls())]).activity);
    let elsewhere = store.path().join("link-to-folder");
    symlink(folder.path(), &elsewhere).unwrap();
    assert_eq!(read(&[elsewhere]).activity, taken.activity);
}

#[test]
fn progress_tells_of_every_object() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write(path, "a.json", &object(&calls()));
    write(path, "b.json", b"nonsense");
    write(path, "c.json", &digest());
    let [told, bytes, records] = [(); 3].map(|()| AtomicU64::new(0));
    let taken = reader()
        .read(&[path], &|object| {
            // Objects are listed while others are read.
            let listed = if object.is_all { 3..=3 } else { 1..=3 };
            assert!(listed.contains(&object.objects), "{object:?}");
            told.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(object.bytes, Ordering::Relaxed);
            records.fetch_add(object.records, Ordering::Relaxed);
        })
        .unwrap();
    assert_eq!(told.into_inner(), 3);
    assert_eq!(bytes.into_inner(), taken.reconciliation.bytes);
    assert_eq!(records.into_inner(), taken.reconciliation.records_read);
}

/// A trail of many objects with a bit of everything: calls, repeats, faults, what is skipped.
fn mixed_trail() -> Vec<(Vec<Value>, Vec<u8>)> {
    let names = ["GetObject", "PutObject", "ListBuckets", "GrowWings"];
    (0..40_u32)
        .map(|number| {
            let mut records: Vec<_> = (0..number % 7)
                .map(|at| call(names[((number + at) % 4) as usize], number * 5 % 23 + at))
                .collect();
            records.push(record(&json!({"userIdentity": {"type": "Root"}})));
            records.push(record(&json!({"eventName": null})));
            let bytes = match number % 5 {
                0 => object(&records),
                1 => gzip(&object(&records)),
                2 => lines(&records),
                3 => lookup(&records).to_string().into_bytes(),
                _ => serde_json::to_vec_pretty(&json!(records)).unwrap(),
            };
            (records, bytes)
        })
        .collect()
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (_, bytes)) in mixed_trail().iter().enumerate() {
        write(
            folder.path(),
            &format!("{:02}/{number:02}.json", number % 6),
            bytes,
        );
    }
    for number in 0..5 {
        write(folder.path(), &format!("bad/{number}.json"), b"nonsense");
        write(folder.path(), &format!("digest/{number}.json"), &digest());
    }
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| read(&[folder.path()]))
    };
    let one = with_threads(1);
    let Reconciliation {
        objects_read,
        objects_failed,
        examples,
        ..
    } = &one.reconciliation;
    assert_eq!((*objects_read, objects_failed.len()), (40, 5));
    // One of each object is malformed; the first ones by name are told.
    assert_eq!(one.reconciliation.malformed(), 40);
    assert_eq!(examples.len(), 20);
    assert!(objects_failed.is_sorted() && examples.is_sorted());
    assert!(
        examples[0].object.to_string().ends_with("00/00.json"),
        "{}",
        examples[0]
    );
    for threads in [2, 4, 2, 4, 1] {
        assert_eq!(with_threads(threads), one, "{threads} threads");
    }
}

#[test]
fn the_split_over_objects_does_not_matter() {
    let trail = mixed_trail();
    let in_many = take(&trail.iter().map(|(_, bytes)| bytes).collect::<Vec<_>>());
    let records: Vec<_> = trail.into_iter().flat_map(|(records, _)| records).collect();
    let in_one = take(&[object(&records)]);
    let one_each: Vec<_> = records
        .iter()
        .rev()
        .map(|record| object(std::slice::from_ref(record)))
        .collect();
    let one_each = take(&one_each);
    for other in [&in_many, &one_each] {
        assert_eq!(other.activity, in_one.activity);
        assert_eq!(set_aside(other), set_aside(&in_one));
        assert_eq!(
            other.reconciliation.records_read,
            in_one.reconciliation.records_read
        );
    }
}

#[test]
fn the_account_reads_well() {
    let records = [
        call("GetObject", 1),
        record(&json!({"eventTime": "never"})),
        record(&json!({"userIdentity": {"type": "Root"}})),
    ];
    let taken = take(&[object(&records), digest(), b"nonsense".to_vec()]);
    assert_eq!(
        taken.reconciliation.to_string(),
        "1 object read, 1 digest read, 1 FAILED\n\
         3 records = 1 attributed + 2 set aside\n        \
         1  by the account root\n        \
         1  MALFORMED"
    );
    assert_eq!(
        TrailRead::default().reconciliation.to_string(),
        "0 objects read\n0 records = 0 attributed + 0 set aside"
    );
}
