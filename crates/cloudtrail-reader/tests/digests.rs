//! Digest objects and insights: objects that are not log files.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use cloudtrail_reader::{ReadOptions, SkippedObject, TrailReader};
use serde_json::{Value, json};
use service_catalog::Catalog;

use support::{calls, digest, faults, gzip, insight, object, read, take, write};

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
    let taken = support::read(&[path]);
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
        "object: damaged digest: digestEndTime is not a time"
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
