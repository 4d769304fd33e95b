//! Stores of earlier versions.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::{Arc, Barrier};
use std::thread;

use advisor_core::{
    Activity, ActivityRow, Caller, DaySet, Granularity, JobId, PageRequest, Tracking,
};
use advisor_store::{Store, StoreError, StoredAdvisor};
use flate2::read::ZlibDecoder;
use rusqlite::Connection;
use serde_json::json;
use service_catalog::Catalog;

use support::{activity, at, call, count, import, is_sound, objects, place, reader, write_object};

const ANN: &str = "arn:aws:iam::123456789012:user/ann";

/// As version 3 made it: without checksums, and with reports that are not compressed.
fn make_version_3(path: &Path) {
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "CREATE TABLE job_services (
                 job       TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
                 position  INTEGER NOT NULL,
                 namespace TEXT NOT NULL,
                 row       TEXT NOT NULL,
                 PRIMARY KEY (job, position)
             ) STRICT, WITHOUT ROWID;
             ALTER TABLE jobs ADD COLUMN entities TEXT;
             ALTER TABLE jobs DROP COLUMN bytes",
        )
        .unwrap();
    let mut reports = connection
        .prepare("SELECT job, services, entities FROM reports")
        .unwrap();
    let mut rows = reports.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let text = |index: usize| {
            let mut text = String::new();
            let bytes: Vec<u8> = row.get(index).unwrap();
            ZlibDecoder::new(&*bytes).read_to_string(&mut text).unwrap();
            text
        };
        let job: String = row.get(0).unwrap();
        for (position, line) in text(1).lines().enumerate() {
            let (namespace, row) = line.split_once(' ').unwrap();
            let insert = "INSERT INTO job_services VALUES (?1, ?2, ?3, ?4)";
            connection
                .execute(insert, (&job, position, namespace, row))
                .unwrap();
        }
        let update = "UPDATE jobs SET entities = ?2 WHERE id = ?1";
        connection.execute(update, (&job, text(2))).unwrap();
    }
    drop(rows);
    drop(reports);
    connection
        .execute_batch("DROP TABLE reports; DELETE FROM meta WHERE name LIKE 'checksums of %'")
        .unwrap();
    for table in [
        "meta",
        "exports",
        "pictures",
        "principals",
        "names",
        "activity",
        "activity_before",
        "coverage",
        "trail_objects",
        "jobs",
    ] {
        let alter = format!("ALTER TABLE {table} DROP COLUMN row_checksum");
        connection.execute_batch(&alter).unwrap();
    }
    connection.pragma_update(None, "user_version", 3).unwrap();
}

fn advisor(path: &Path) -> StoredAdvisor {
    let store = Arc::new(Store::open(path).unwrap());
    StoredAdvisor::new(store, Catalog::shared(), Tracking::aws()).allow_empty_activity(true)
}

#[test]
fn a_store_of_version_3_gives_the_same_answers() {
    let (folder, path) = place();
    let document = json!({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": ["s3:*", "sqs:*"], "Resource": "*"}]});
    let export = json!({"UserDetailList": [{
        "Path": "/", "UserName": "ann", "UserId": "AIDAANNUSER0000000001", "Arn": ANN, "GroupList": [],
        "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}],
        "AttachedManagedPolicies": [],
    }]});
    let (now, caller) = (at("2026-11-01T00:00:00Z"), Caller::local());
    let store = Store::open_or_create(&path).unwrap();
    let export = [("export.json".to_owned(), export.to_string())];
    store.import_accounts(&export, now).unwrap();
    import(&store, &[objects(folder.path(), "trail", 5)]);
    drop(store);
    let before = advisor(&path);
    let job = before
        .generate_completed(&caller, ANN, Granularity::Action, now, || now)
        .unwrap();
    // Another that is in progress while the activity and the account change.
    let pending = before
        .generate(&caller, ANN, Granularity::Action, now)
        .unwrap();
    before.store().import_accounts(&export, now).unwrap();
    import(before.store(), &[objects(folder.path(), "later", 5)]);
    let answers = |advisor: &StoredAdvisor, job: &JobId| {
        let page = PageRequest::default();
        let services = advisor.services(&caller, job.as_str(), page).unwrap();
        let entities = advisor.entities(&caller, job.as_str(), "s3", page).unwrap();
        json!([services, entities])
    };
    let expected = (
        answers(&before, &job),
        activity(&path),
        before.store().jobs().unwrap(),
    );
    drop(before);
    make_version_3(&path);
    let after = advisor(&path);
    assert!(is_sound(&path));
    let found = (
        answers(&after, &job),
        activity(&path),
        after.store().jobs().unwrap(),
    );
    assert_eq!(found, expected);
    after.run_job(&pending, now).unwrap();
    let made = answers(&after, &pending);
    assert_eq!(
        made[0]["ServicesLastAccessed"],
        expected.0[0]["ServicesLastAccessed"]
    );
    assert_eq!(count(&path, "activity_before"), 0);
}

#[test]
fn an_upgrade_gives_no_checksums_to_damage() {
    let (folder, path) = place();
    let trail = objects(folder.path(), "trail", 5);
    import(&Store::open_or_create(&path).unwrap(), &[&trail]);
    make_version_3(&path);
    let connection = Connection::open(&path).unwrap();
    let root: usize = connection
        .query_row(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'activity'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    let size: usize = connection
        .query_row("PRAGMA page_size", [], |row| row.get(0))
        .unwrap();
    drop(connection);
    let mut bytes = fs::read(&path).unwrap();
    // One row fewer on the page.
    bytes[(root - 1) * size + 4] -= 1;
    fs::write(&path, &bytes).unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
}

/// As version 2 made it.
fn make_version_2(path: &Path) {
    make_version_3(path);
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "BEGIN;
             DROP TABLE coverage;
             ALTER TABLE activity DROP COLUMN days;
             ALTER TABLE activity DROP COLUMN days_complete;
             ALTER TABLE activity_before DROP COLUMN days;
             ALTER TABLE activity_before DROP COLUMN days_complete;
             PRAGMA user_version = 2;
             COMMIT",
        )
        .unwrap();
}

/// As version 1 made it.
fn make_version_1(path: &Path) {
    make_version_2(path);
    let connection = Connection::open(path).unwrap();
    connection
        .execute_batch(
            "BEGIN;
             CREATE TABLE older (name TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT, WITHOUT ROWID;
             INSERT INTO older
             SELECT iif(is_gzip AND instr(name, '/') = 0, name || '.gz', name), size
             FROM trail_objects;
             DROP TABLE trail_objects;
             ALTER TABLE older RENAME TO trail_objects;
             PRAGMA user_version = 1;
             COMMIT",
        )
        .unwrap();
}

/// The activity as a store knows it that did not keep days.
fn without_days(activity: &Activity) -> Activity {
    let mut older = Activity::new();
    for row in activity.rows() {
        older.add_row(&ActivityRow {
            days: &DaySet::new(),
            days_complete: false,
            ..row
        });
    }
    older.coverage_mut().see_unknown_source();
    older.coverage_mut().see_unread_credentials();
    older.coverage_mut().see_undecided_uses();
    older
}

#[test]
fn a_store_of_version_2_does_not_know_its_days() {
    let (folder, path) = place();
    let trail = objects(folder.path(), "trail", 5);
    let store = Store::open_or_create(&path).unwrap();
    import(&store, &[&trail]);
    let mut expected = without_days(&activity(&path));
    drop(store);
    make_version_2(&path);
    let store = Store::open(&path).unwrap();
    assert!(is_sound(&path));
    assert_eq!(activity(&path), expected);
    // Later imports merge, and the days before stay unknown.
    let later = objects(folder.path(), "later", 5);
    import(&store, &[&later]);
    expected.merge(&reader().read(&[&later], &|_| ()).unwrap().activity);
    assert_eq!(activity(&path), expected);
}

#[test]
fn a_store_of_version_1_is_upgraded() {
    let (folder, path) = place();
    let trail = objects(folder.path(), "trail", 5);
    let other = folder.path().join("events.jsonl.gz");
    let line = call(
        "AIDAX000000000000000",
        "s3",
        "ListBuckets",
        "2026-10-01T00:00:00Z",
        "x",
    );
    fs::write(&other, support::gzip(line.to_string().as_bytes())).unwrap();
    let store = Store::open_or_create(&path).unwrap();
    import(&store, &[&trail, &other]);
    let before = without_days(&activity(&path));
    drop(store);
    make_version_1(&path);
    // Imported compressed and uncompressed: one object.
    let taken = "INSERT INTO trail_objects SELECT replace(name, '.gz', ''), 7 FROM trail_objects
                 WHERE name LIKE '%trail3%'";
    let connection = Connection::open(&path).unwrap();
    assert_eq!(connection.execute(taken, []).unwrap(), 1);
    drop(connection);
    assert_eq!(count(&path, "trail_objects"), 7);

    // Several at once: one of them upgrades the file.
    let start = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                start.wait();
                Store::open(&path).unwrap();
            });
        }
    });
    assert_eq!(count(&path, "trail_objects"), 6);
    assert!(is_sound(&path));
    let store = Store::open(&path).unwrap();
    let again = import(&store, &[&trail, &other]);
    assert_eq!((again.known, again.changed), (6, vec![]));
    assert_eq!(activity(&path), before);
    // Of these objects, version 1 stored only the size.
    write_object(&trail, "trail1", &[line.clone(), line]);
    assert_eq!(import(&store, &[&trail]).changed.len(), 1);
}

#[test]
fn a_failed_upgrade_changes_nothing() {
    let (folder, path) = place();
    let trail = objects(folder.path(), "trail", 2);
    import(&Store::open_or_create(&path).unwrap(), &[&trail]);
    make_version_1(&path);
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE trail_objects_1 (x)")
        .unwrap();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Database { .. }), "{error}");
    let version: i64 = connection
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!((version, count(&path, "trail_objects")), (1, 2));
}
