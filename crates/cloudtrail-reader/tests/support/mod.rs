//! Records to test with, and short texts for what became of them.
#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod lenient;

use std::fs;
use std::io::Write;
use std::path::Path;

use advisor_core::{Activity, CreditedAction};
use cloudtrail_reader::{ReadOptions, TrailRead, TrailReader};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use service_catalog::Catalog;

/// The user of [`record`].
pub(crate) const MARIA: &str = "AIDAMARIAEXAMPLE00001";

/// Maria reads an object: a record with all fields that count. The changes are merged into it; a
/// null takes the field away.
pub(crate) fn record(changes: &Value) -> Value {
    let mut record = json!({
        "eventVersion": "1.11",
        "userIdentity": {
            "type": "IAMUser",
            "principalId": MARIA,
            "arn": "arn:aws:iam::111122223333:user/staff/maria",
            "accountId": "111122223333",
            "accessKeyId": "AKIAEXAMPLE000000001",
            "userName": "maria",
        },
        "eventTime": "2026-10-01T12:00:00Z",
        "eventSource": "s3.amazonaws.com",
        "eventName": "GetObject",
        "awsRegion": "eu-central-1",
        "sourceIPAddress": "192.0.2.7",
        "userAgent": "aws-cli/2.31",
        "requestParameters": {"bucketName": "reports", "key": "2026/10.csv"},
        "responseElements": null,
        "eventID": "00000000-0000-4000-8000-000000000001",
        "readOnly": true,
        "eventType": "AwsApiCall",
        "eventCategory": "Data",
    });
    merge(&mut record, changes);
    record
}

/// A record of Maria's with this event name and number, this many seconds after noon.
pub(crate) fn call(event_name: &str, number: u32) -> Value {
    record(&json!({
        "eventName": event_name,
        "eventTime": format!("2026-10-01T12:{:02}:{:02}Z", number / 60 % 60, number % 60),
        "eventID": format!("00000000-0000-4000-8000-{number:012}"),
    }))
}

fn merge(into: &mut Value, changes: &Value) {
    let (Some(fields), Some(changes)) = (into.as_object_mut(), changes.as_object()) else {
        return;
    };
    for (name, change) in changes {
        match change {
            Value::Null => {
                fields.remove(name);
            }
            Value::Object(_) if fields.get(name).is_some_and(Value::is_object) => {
                merge(&mut fields[name], change);
            }
            other => {
                fields.insert(name.clone(), other.clone());
            }
        }
    }
}

/// Three calls of Maria.
pub(crate) fn calls() -> [Value; 3] {
    [
        call("GetObject", 1),
        call("PutObject", 2),
        call("GetObject", 3),
    ]
}

/// Reads files and folders.
pub(crate) fn read<P: AsRef<Path>>(paths: &[P]) -> TrailRead {
    let read = reader().read(paths, &|_| ()).unwrap();
    assert!(read.reconciliation.adds_up());
    read
}

/// Writes a file, and the folders that it is in.
pub(crate) fn write(folder: &Path, name: &str, bytes: &[u8]) {
    let path = folder.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
}

/// An object as CloudTrail delivers it, before gzip.
pub(crate) fn object(records: &[Value]) -> Vec<u8> {
    json!({ "Records": records }).to_string().into_bytes()
}

/// An object whose records are given as JSON, well-formed or not.
pub(crate) fn object_of(records: &[&str]) -> Vec<u8> {
    format!("{{\"Records\":[{}]}}", records.join(",")).into_bytes()
}

pub(crate) fn lines(records: &[Value]) -> Vec<u8> {
    let lines = records.iter().map(|record| format!("{record}\n"));
    lines.collect::<String>().into_bytes()
}

/// What `aws cloudtrail lookup-events` prints.
pub(crate) fn lookup(records: &[Value]) -> Value {
    let events = records.iter().map(|record| {
        json!({
            "EventId": record["eventID"],
            "EventName": record["eventName"],
            "EventSource": record["eventSource"],
            "Username": record["userIdentity"]["userName"],
            "Resources": [],
            "CloudTrailEvent": record.to_string(),
        })
    });
    json!({ "Events": events.collect::<Vec<_>>() })
}

/// A digest as CloudTrail delivers it.
pub(crate) fn digest() -> Vec<u8> {
    json!({
        "awsAccountId": "111122223333",
        "digestStartTime": "2026-10-01T11:00:00Z",
        "digestEndTime": "2026-10-01T12:00:00Z",
        "digestS3Bucket": "trail",
        "digestS3Object": "AWSLogs/111122223333/CloudTrail-Digest/eu-central-1/2026/10/01/\
            111122223333_CloudTrail-Digest_eu-central-1_trail_eu-central-1_20261001T120000Z.json.gz",
        "logFiles": [{"s3Object": "AWSLogs/x.json.gz", "hashValue": "00"}],
    })
    .to_string()
    .into_bytes()
}

/// An insight as CloudTrail delivers it.
pub(crate) fn insight() -> Value {
    json!({
        "eventVersion": "1.07",
        "eventTime": "2026-10-01T12:00:00Z",
        "awsRegion": "eu-central-1",
        "eventID": "00000000-0000-4000-8000-00000000aaaa",
        "eventType": "AwsCloudTrailInsight",
        "recipientAccountId": "111122223333",
        "insightDetails": {"state": "Start", "eventName": "GetObject"},
        "eventCategory": "Insight",
    })
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn reader() -> TrailReader {
    let options = ReadOptions::new().assume_complete(true);
    TrailReader::new(Catalog::shared(), options)
}

/// Reads objects from memory, each under the name `object`.
pub(crate) fn take<B: AsRef<[u8]>>(objects: &[B]) -> TrailRead {
    take_with(&reader(), objects)
}

pub(crate) fn take_with<B: AsRef<[u8]>>(reader: &TrailReader, objects: &[B]) -> TrailRead {
    let mut read = TrailRead::default();
    for object in objects {
        let part = reader.read_bytes("object", object.as_ref(), &mut read.activity);
        assert!(part.adds_up(), "{part:?}");
        read.reconciliation.merge(part);
    }
    assert!(
        read.reconciliation.adds_up(),
        "does not add up: {:?}",
        read.reconciliation
    );
    read
}

/// The table, a line a row: who (unique id, ARN, account), what, where, how often, how often denied.
/// An action that the catalog does not have is in quotes.
pub(crate) fn rows(activity: &Activity) -> Vec<String> {
    let mut rows: Vec<_> = activity
        .rows()
        .map(|row| {
            let who = row.principal;
            let [id, arn, account] =
                [who.unique_id, who.arn, who.account].map(|part| part.unwrap_or("-"));
            let action = match row.action {
                CreditedAction::Action(name) => name.to_owned(),
                CreditedAction::Exercised(name) => format!("{name}!"),
                CreditedAction::Implied(name) => format!("{name}?"),
                CreditedAction::Event(name) => format!("'{name}'"),
            };
            let (service, region) = (row.service, row.region);
            let (attempts, denied) = (row.attempts, row.denied);
            format!("{id} {arn} {account} {service}:{action} {region} {attempts}/{denied}")
        })
        .collect();
    rows.sort();
    rows
}

/// The actions in the table, without who, where and how often.
pub(crate) fn actions(activity: &Activity) -> Vec<String> {
    let mut actions: Vec<_> = rows(activity)
        .iter()
        .map(|row| row.split(' ').nth(3).unwrap_or_default().to_owned())
        .collect();
    actions.sort();
    actions
}

/// What was wrong: failed objects, then malformed records, as people read them.
pub(crate) fn faults(read: &TrailRead) -> Vec<String> {
    let reconciliation = &read.reconciliation;
    let failed = reconciliation.objects_failed.iter();
    failed
        .map(ToString::to_string)
        .chain(reconciliation.examples.iter().map(ToString::to_string))
        .collect()
}

/// Why records were set aside, and how many.
pub(crate) fn set_aside(read: &TrailRead) -> Vec<String> {
    let reasons = read.reconciliation.set_aside_by_reason.iter();
    reasons
        .map(|(reason, count)| format!("{count} {reason}"))
        .collect()
}

/// The names of the objects that could not be read whole.
pub(crate) fn lost(read: &TrailRead) -> Vec<&str> {
    read.activity.coverage().missing_log_files()
}

/// The same activity as if nothing had been lost.
pub(crate) fn without_losses(activity: &Activity) -> Activity {
    let mut coverage = serde_json::to_value(activity.coverage()).unwrap();
    coverage["MissingLogFiles"] = json!([]);
    let mut whole = activity.clone();
    *whole.coverage_mut() = serde_json::from_str(&coverage.to_string()).unwrap();
    whole
}
