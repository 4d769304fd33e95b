//! Which files are stores, and several processes that use one.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use advisor_core::{AccountId, Caller, Granularity, PageRequest, Tracking};
use advisor_store::{OperationError, Store, StoreError, StoredAdvisor, TrailImportError};
use cloudtrail_reader::{ReadOptions, TrailReader};
use rusqlite::Connection;
use serde_json::json;
use service_catalog::Catalog;

use support::{activity, at, count, import, is_sound, objects, place, reader};

const ANN: &str = "arn:aws:iam::123456789012:user/ann";

fn export(actions: &[&str]) -> [(String, String); 1] {
    let document = json!({"Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
    let export = json!({"UserDetailList": [{
        "Path": "/", "UserName": "ann", "UserId": "AIDAANNUSER0000000001", "Arn": ANN, "GroupList": [],
        "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}],
        "AttachedManagedPolicies": [],
    }]});
    [("export.json".into(), export.to_string())]
}

fn operations(path: &Path) -> StoredAdvisor {
    let store = Arc::new(Store::open(path).unwrap());
    StoredAdvisor::new(store, Catalog::shared(), Tracking::aws()).allow_empty_activity(true)
}

#[test]
fn a_store_is_created_and_opened_again() {
    let (folder, path) = place();
    let key = {
        let store = Store::open_or_create(&path).unwrap();
        assert_eq!(store.accounts().unwrap(), []);
        let job = advisor_core::JobId::from("x");
        store
            .marker_key()
            .seal(advisor_core::PagedOperation::Services, &job, 1)
    };
    let store = Store::open(&path).unwrap();
    let job = advisor_core::JobId::from("x");
    let again = store
        .marker_key()
        .seal(advisor_core::PagedOperation::Services, &job, 1);
    assert_eq!(key, again, "markers outlive the process");
    drop(store);
    // While no process uses it, the store is one file.
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(names.len(), 1);
    let header = fs::read(&path).unwrap();
    assert_eq!(&header[68..72], b"IAAA");
}

#[test]
fn opening_does_not_create_a_missing_store() {
    let (_folder, path) = place();
    let error = Store::open(&path).unwrap_err();
    assert!(matches!(error, StoreError::Missing(_)));
    assert_eq!(
        error.to_string(),
        format!(
            "{}: no such store; `access-advisor import` creates one",
            path.display()
        )
    );
    assert!(!path.exists());
    let nowhere = path.join("below/store.db");
    let error = Store::open_or_create(&nowhere).unwrap_err();
    assert!(error.to_string().starts_with(nowhere.to_str().unwrap()));
}

#[test]
fn files_that_are_not_databases_are_rejected_and_unchanged() {
    let (_folder, path) = place();
    for text in ["hello".to_owned(), "x".repeat(600), "x".repeat(10_000)] {
        fs::write(&path, &text).unwrap();
        let error = Store::open_or_create(&path).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("{}: not a store of access-advisor", path.display())
        );
        assert_eq!(fs::read_to_string(&path).unwrap(), text);
    }
}

#[test]
fn databases_of_other_applications_are_rejected_and_unchanged() {
    let (folder, path) = place();
    for setup in [
        "CREATE TABLE theirs (x)",
        "PRAGMA application_id = 7",
        "PRAGMA user_version = 1; CREATE TABLE jobs (x)",
    ] {
        let _ = fs::remove_file(&path);
        let connection = Connection::open(&path).unwrap();
        connection.execute_batch(setup).unwrap();
        drop(connection);
        let before = fs::read(&path).unwrap();
        let error = Store::open_or_create(&path).unwrap_err();
        assert!(
            matches!(error, StoreError::NotAStore(_)),
            "{setup}: {error}"
        );
        assert!(fs::read(&path).unwrap() == before, "{setup}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "{setup}");
    }
}

#[test]
fn an_empty_file_becomes_a_store() {
    let (_folder, path) = place();
    fs::write(&path, "").unwrap();
    let store = Store::open_or_create(&path).unwrap();
    store
        .import_accounts(&export(&["s3:*"]), at("2026-11-01T00:00:00Z"))
        .unwrap();
    assert!(is_sound(&path));
}

#[test]
fn a_newer_schema_is_rejected_with_its_number() {
    let (_folder, path) = place();
    drop(Store::open_or_create(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    connection.pragma_update(None, "user_version", 99).unwrap();
    drop(connection);
    let before = fs::read(&path).unwrap();
    for answer in [Store::open(&path), Store::open_or_create(&path)] {
        assert_eq!(
            answer.unwrap_err().to_string(),
            format!(
                "{}: made by a newer version (schema 99; this one knows up to 4)",
                path.display()
            )
        );
    }
    assert!(fs::read(&path).unwrap() == before);
}

#[test]
fn a_damaged_row_is_an_error_that_names_its_table_and_key() {
    let (_folder, path) = place();
    let store = Store::open_or_create(&path).unwrap();
    let now = at("2026-11-01T00:00:00Z");
    store.import_accounts(&export(&["s3:*"]), now).unwrap();
    drop(store);
    let sound = fs::read(&path).unwrap();
    for (damage, place) in [
        (
            "UPDATE exports SET deflated = x'00'",
            "table exports with id 1",
        ),
        (
            "UPDATE exports SET length = 1 << 50",
            "table exports with id 1",
        ),
        ("DELETE FROM exports", "the export 1 is missing"),
        (
            "UPDATE pictures SET imported = 7",
            "table pictures with account \"123456789012\",generation 1,position 0",
        ),
        ("DELETE FROM pictures", "table pictures: rows are missing"),
        (
            "UPDATE meta SET value = x'00' WHERE name = 'marker_key'",
            "table meta with name \"marker_key\"",
        ),
        (
            "DELETE FROM meta WHERE name = 'marker_key'",
            "table meta has no row with name \"marker_key\"",
        ),
    ] {
        fs::write(&path, &sound).unwrap();
        let connection = Connection::open(&path).unwrap();
        connection
            .pragma_update(None, "foreign_keys", false)
            .unwrap();
        connection.execute(damage, []).unwrap();
        drop(connection);
        let answer = Store::open(&path).map_err(Into::into).and_then(|store| {
            let store = Arc::new(store);
            StoredAdvisor::new(store, Catalog::shared(), Tracking::aws()).policies(
                &Caller::local(),
                ANN,
                &["s3".into()],
                None,
            )
        });
        let error = answer.unwrap_err();
        assert!(
            matches!(&error, OperationError::Store(StoreError::Damaged { what, .. }) if what.contains(place)),
            "{damage}: {error}"
        );
    }
}

#[test]
fn many_processes_create_one_store_at_once() {
    for _ in 0..10 {
        let (_folder, path) = place();
        let start = Barrier::new(8);
        let seals: Vec<String> = thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        start.wait();
                        let store = Store::open_or_create(&path).unwrap();
                        let job = advisor_core::JobId::from("x");
                        let services = advisor_core::PagedOperation::Services;
                        store.marker_key().seal(services, &job, 1)
                    })
                })
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(seals.iter().all(|seal| *seal == seals[0]));
    }
}

#[test]
fn opening_a_store_does_not_wait_for_writers() {
    let (_folder, path) = place();
    let store = Store::open_or_create(&path).unwrap();
    store
        .import_accounts(&export(&["s3:*"]), at("2026-11-01T00:00:00Z"))
        .unwrap();
    let writer = Connection::open(&path).unwrap();
    writer
        .execute_batch("BEGIN IMMEDIATE; INSERT INTO names (text, row_checksum) VALUES ('x', 0)")
        .unwrap();
    // It would fail after a minute.
    let answer = operations(&path).policies(&Caller::local(), ANN, &["s3".into()], None);
    assert_eq!(
        answer.unwrap().policies_granting_service_access[0]
            .policies
            .len(),
        1
    );
    writer.execute_batch("ROLLBACK").unwrap();
}

#[test]
fn two_imports_of_the_same_objects_at_once_count_each_once() {
    let (folder, path) = place();
    drop(Store::open_or_create(&path).unwrap());
    let trail = objects(folder.path(), "same", 300);
    let start = Barrier::new(2);
    let imported: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..2)
            .map(|_| {
                scope.spawn(|| {
                    let store = Store::open(&path).unwrap();
                    start.wait();
                    import(&store, &[&trail])
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    // An object that one import did not read was imported by the other.
    let read = |index: usize| imported[index].reconciliation.objects_read;
    assert_eq!(read(0) + read(1), 300);
    for import in &imported {
        assert_eq!(import.reconciliation.objects_read + import.known, 300);
        assert!(import.reconciliation.adds_up());
        assert_eq!(import.changed, [] as [String; 0]);
    }
    let expected = reader().read(&[&trail], &|_| ()).unwrap().activity;
    assert_eq!(activity(&path), expected);
    assert_eq!(count(&path, "trail_objects"), 300);
}

#[test]
fn imports_of_different_and_shared_objects_at_once_lose_nothing() {
    let (folder, path) = place();
    drop(Store::open_or_create(&path).unwrap());
    let shared = objects(folder.path(), "shared", 40);
    let own: Vec<PathBuf> = (0..4)
        .map(|index| objects(folder.path(), &format!("own{index}"), 40))
        .collect();
    let start = Barrier::new(4);
    thread::scope(|scope| {
        let (path, start, shared) = (&path, &start, &shared);
        for own in &own {
            scope.spawn(move || {
                let store = Store::open(path).unwrap();
                start.wait();
                let imported = import(&store, &[own, shared]);
                assert_eq!(imported.reconciliation.objects_read + imported.known, 80);
            });
        }
    });
    let all: Vec<&PathBuf> = own.iter().chain([&shared]).collect();
    let expected = reader().read(&all, &|_| ()).unwrap().activity;
    assert_eq!(activity(&path), expected);
    assert!(is_sound(&path));
}

/// Both imports see a store without a catalog when they begin.
#[test]
fn of_two_imports_of_different_catalogs_at_once_one_names_the_mismatch() {
    let (folder, path) = place();
    drop(Store::open_or_create(&path).unwrap());
    let own = [0, 1].map(|index| objects(folder.path(), &format!("own{index}"), 3));
    let catalogs = [Catalog::shared(), Arc::new(Catalog::default())];
    assert_ne!(catalogs[0].fingerprint(), catalogs[1].fingerprint());
    let start = Barrier::new(2);
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = own
            .iter()
            .zip(&catalogs)
            .map(|(own, catalog)| {
                let (path, start) = (&path, &start);
                scope.spawn(move || {
                    let store = Store::open(path).unwrap();
                    let reader = TrailReader::new(catalog.clone(), ReadOptions::default());
                    start.wait();
                    store.import_trail(&reader, &[own], &|_| ())
                })
            })
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .collect()
    });
    let errors: Vec<_> = results.into_iter().filter_map(Result::err).collect();
    assert_eq!(errors.len(), 1);
    assert!(
        matches!(
            &errors[0],
            TrailImportError::Store(StoreError::Catalog { .. })
        ),
        "{}",
        errors[0]
    );
}

/// How many answers each reader checks.
const ANSWERS: usize = 12;

/// A running reader. It counts as done also when it fails.
struct Reader<'a>(&'a AtomicUsize);

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// While snapshots and activity keep changing, every answer is consistent: an account that exists is
/// always found.
#[test]
fn readers_and_jobs_while_others_import() {
    let (folder, path) = place();
    let store = Store::open_or_create(&path).unwrap();
    let now = at("2026-11-01T00:00:00Z");
    store.import_accounts(&export(&["s3:*"]), now).unwrap();
    let trail = objects(folder.path(), "trail", 60);
    let readers = AtomicUsize::new(3);
    let rounds = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let other = Store::open(&path).unwrap();
            let listed = reader().list(&[&trail]).unwrap();
            let files: Vec<_> = listed.map(|object| object.unwrap().to_string()).collect();
            let mut round = 0;
            // Until all readers are done and all objects are imported.
            while readers.load(Ordering::SeqCst) > 0 || round < files.len() {
                let actions = [["s3:*"], ["sqs:*"]][round % 2];
                other.import_accounts(&export(&actions), now).unwrap();
                if let Some(file) = files.get(round) {
                    import(&other, &[file]);
                }
                round += 1;
            }
            round
        });
        for _ in 0..3 {
            scope.spawn(|| {
                let _at_work = Reader(&readers);
                // Another handle makes the report: it shares only the file.
                let [operations, other] = [operations(&path), operations(&path)];
                let caller = Caller::local();
                for _ in 0..ANSWERS {
                    let level = Granularity::Service;
                    let job = operations.generate(&caller, ANN, level, now).unwrap();
                    other.run_job(&job, now).unwrap();
                    let request = PageRequest::default();
                    let answer = operations.services(&caller, job.as_str(), request).unwrap();
                    let answer = serde_json::to_value(answer).unwrap();
                    assert_eq!(answer["JobStatus"], "COMPLETED", "{answer}");
                    let rows = answer["ServicesLastAccessed"].as_array().unwrap();
                    let namespace = rows[0]["ServiceNamespace"].as_str().unwrap();
                    assert_eq!(rows.len(), 1);
                    let entities = operations
                        .entities(&caller, job.as_str(), namespace, request)
                        .unwrap();
                    let entities = serde_json::to_value(entities).unwrap();
                    assert_eq!(entities["EntityDetailsList"][0]["EntityInfo"]["Arn"], ANN);
                    let policies =
                        operations.policies(&caller, ANN, &["s3".into(), "sqs".into()], None);
                    let listed: usize = policies
                        .unwrap()
                        .policies_granting_service_access
                        .iter()
                        .map(|row| row.policies.len())
                        .sum();
                    assert_eq!(listed, 1);
                    assert!(operations.store().delete_job(&job.as_str().into()).unwrap());
                }
            });
        }
        writer.join().unwrap()
    });
    let id = AccountId::from("123456789012");
    let latest = store.snapshot(&id).unwrap().unwrap().generation;
    assert_eq!(usize::try_from(latest).unwrap(), 1 + rounds);
    for (table, rows) in [
        ("jobs", 0),
        ("pictures", 1),
        ("exports", 1),
        ("activity_before", 0),
    ] {
        assert_eq!(count(&path, table), rows, "{table}");
    }
    let expected = reader().read(&[&trail], &|_| ()).unwrap().activity;
    assert_eq!(activity(&path), expected);
    assert!(is_sound(&path));
}
