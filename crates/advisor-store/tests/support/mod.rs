//! Shared by the tests: trail objects to import, and the store's tables as another program reads them.
#![allow(dead_code, reason = "each test binary uses a part of it")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use advisor_core::{Activity, ActivityRow, Coverage, CreditedAction, Evidence, Principal, time};
use advisor_store::{ImportedTrail, Store, TrailImportError};
use chrono::{DateTime, Utc};
use cloudtrail_reader::{ReadOptions, TrailReader};
use flate2::Compression;
use flate2::write::GzEncoder;
use rusqlite::Connection;
use serde_json::{Value, json};
use service_catalog::Catalog;

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    time::parse(text).unwrap()
}

/// A call of a user, by its unique id.
pub(crate) fn call(user_id: &str, source: &str, event: &str, when: &str, event_id: &str) -> Value {
    json!({
        "userIdentity": {
            "type": "IAMUser",
            "principalId": user_id,
            "arn": format!("arn:aws:iam::123456789012:user/of/{user_id}"),
            "accountId": "123456789012",
        },
        "eventTime": when,
        "eventSource": format!("{source}.amazonaws.com"),
        "eventName": event,
        "awsRegion": "eu-west-1",
        "eventID": event_id,
        "eventType": "AwsApiCall",
    })
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// Writes an object as CloudTrail delivers it. `name` is the unique part of its name.
pub(crate) fn write_object(folder: &Path, name: &str, records: &[Value]) -> PathBuf {
    fs::create_dir_all(folder).unwrap();
    let file = folder.join(format!(
        "123456789012_CloudTrail_eu-west-1_20261012T0905Z_{name}.json.gz"
    ));
    fs::write(
        &file,
        gzip(json!({"Records": records}).to_string().as_bytes()),
    )
    .unwrap();
    file
}

pub(crate) fn reader() -> TrailReader {
    TrailReader::new(Catalog::shared(), ReadOptions::default())
}

pub(crate) fn import<P: AsRef<Path>>(store: &Store, paths: &[P]) -> ImportedTrail {
    try_import(store, paths).unwrap()
}

pub(crate) fn try_import<P: AsRef<Path>>(
    store: &Store,
    paths: &[P],
) -> Result<ImportedTrail, TrailImportError> {
    store.import_trail(&reader(), paths, &|_| ())
}

/// The activity table, read with plain SQL.
pub(crate) fn activity(store: &Path) -> Activity {
    let connection = Connection::open(store).unwrap();
    let mut statement = connection
        .prepare(
            "SELECT p.key, p.has_unique_id, p.arn, p.arn_seen, p.account,
                    (SELECT text FROM names WHERE id = service),
                    (SELECT text FROM names WHERE id = operation), is_action,
                    (SELECT text FROM names WHERE id = region),
                    last, last_event_id, first, attempts, denied, days, days_complete
             FROM activity JOIN principals p ON p.id = principal",
        )
        .unwrap();
    let mut rows = statement.query([]).unwrap();
    let mut activity = Activity::new();
    while let Some(row) = rows.next().unwrap() {
        let text = |index: usize| row.get_ref(index).unwrap().as_str().unwrap();
        let optional = |index: usize| row.get_ref(index).unwrap().as_str_or_null().unwrap();
        let kinds = [
            Evidence::UnresolvedEvent,
            Evidence::Event,
            Evidence::Record,
            Evidence::Implied,
        ];
        let evidence = kinds[row.get::<_, usize>(7).unwrap()];
        let has_unique_id: bool = row.get(1).unwrap();
        assert!(activity.add_row(&ActivityRow {
            principal: Principal {
                unique_id: has_unique_id.then_some(text(0)),
                arn: optional(2),
                account: optional(4),
            },
            arn_seen_millis: row.get(3).unwrap(),
            service: text(5),
            action: CreditedAction::new(evidence, text(6)),
            region: text(8),
            last_millis: row.get(9).unwrap(),
            last_event_id: text(10),
            first_millis: row.get(11).unwrap(),
            attempts: row.get(12).unwrap(),
            denied: row.get(13).unwrap(),
            days: &serde_json::from_str(text(14)).unwrap(),
            days_complete: row.get(15).unwrap(),
        }));
    }
    let mut statement = connection.prepare("SELECT coverage FROM coverage").unwrap();
    let mut rows = statement.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let part = row.get_ref(0).unwrap().as_str().unwrap();
        let part: Coverage = serde_json::from_str(part).unwrap();
        activity.coverage_mut().merge(&part);
    }
    activity
}

/// The number of attempts in the store.
pub(crate) fn attempts(store: &Path) -> u64 {
    activity(store).rows().map(|row| row.attempts).sum()
}

pub(crate) fn count(store: &Path, table: &str) -> u64 {
    let query = format!("SELECT count(*) FROM {table}");
    let connection = Connection::open(store).unwrap();
    connection.query_row(&query, [], |row| row.get(0)).unwrap()
}

/// Whether the file passes SQLite's integrity check.
pub(crate) fn is_sound(store: &Path) -> bool {
    let connection = Connection::open(store).unwrap();
    let integrity: String = connection
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    let mut statement = connection.prepare("PRAGMA foreign_key_check").unwrap();
    integrity == "ok" && !statement.exists([]).unwrap()
}

/// A folder, and the path of a store in it that does not exist yet.
pub(crate) fn place() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    (folder, path)
}

/// Writes this many objects with two calls each to a folder of this name.
pub(crate) fn objects(folder: &Path, prefix: &str, number: usize) -> PathBuf {
    let folder = folder.join(prefix);
    for index in 0..number {
        let name = format!("{prefix}{index}");
        let when = format!("2026-10-01T00:{:02}:{:02}Z", index / 60, index % 60);
        let user = format!("AIDA{:017}", index % 7);
        let records: Vec<Value> = ["ListBuckets", "GetBucketAcl"]
            .map(|event| call(&user, "s3", event, &when, &format!("{name}{event}")))
            .into();
        write_object(&folder, &name, &records);
    }
    folder
}
