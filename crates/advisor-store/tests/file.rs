//! The file of a store: its path, its mode, and what happens when it is taken away.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]
#![cfg(unix)]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use advisor_core::{Caller, Granularity, JobError, Tracking};
use advisor_store::{OperationError, Store, StoreError, StorePathFault, StoredAdvisor};
use serde_json::json;
use service_catalog::Catalog;

use support::{at, call, place, try_import, write_object};

const ANN: &str = "arn:aws:iam::123456789012:user/ann";

/// A store with the user ann.
fn filled(path: &Path) -> StoredAdvisor {
    let export = json!({"UserDetailList": [{
        "Path": "/", "UserName": "ann", "UserId": "AIDAANNUSER0000000001", "Arn": ANN, "GroupList": [],
        "UserPolicyList": [], "AttachedManagedPolicies": [],
    }]});
    let store = Store::open_or_create(path).unwrap();
    store
        .import_accounts(
            &[("a".into(), export.to_string())],
            at("2026-11-01T00:00:00Z"),
        )
        .unwrap();
    StoredAdvisor::new(Arc::new(store), Catalog::shared(), Tracking::aws())
        .allow_empty_activity(true)
}

#[test]
fn paths_that_are_no_files_are_rejected() {
    let (folder, path) = place();
    let in_folder = |name: &str| folder.path().join(name);
    let slash = PathBuf::from(format!("{}/", path.display()));
    for (path, expected) in [
        (PathBuf::new(), StorePathFault::Empty),
        (":memory:".into(), StorePathFault::InMemory),
        (
            format!("file:{}", path.display()).into(),
            StorePathFault::Uri,
        ),
        ("file:store.db?mode=memory".into(), StorePathFault::Uri),
        (
            format!("sqlite://{}", path.display()).into(),
            StorePathFault::Uri,
        ),
        (slash, StorePathFault::Folder),
        (folder.path().to_owned(), StorePathFault::Folder),
        ("/dev/null".into(), StorePathFault::NotAFile),
        (in_folder("missing/store.db"), StorePathFault::NoFolder),
    ] {
        for result in [Store::open(&path), Store::open_or_create(&path)] {
            let error = result.unwrap_err();
            assert!(
                matches!(&error, StoreError::Path { path: named, fault, .. } if *fault == expected && *named == path),
                "{path:?}: {error}"
            );
        }
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn names_that_mean_something_to_sqlite_are_files_in_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    for name in [":memory:", "file:x?mode=memory", "a%20b", "with space.db"] {
        let path = folder.path().join(name);
        drop(Store::open_or_create(&path).unwrap());
        assert!(path.metadata().unwrap().len() > 0, "{name}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 4);
}

#[test]
fn a_removed_or_replaced_file_is_noticed_at_once() {
    let now = at("2026-11-01T00:00:00Z");
    type Take = fn(&Path);
    let takes: [(&str, Take); 6] = [
        ("removed", |path| fs::remove_file(path).unwrap()),
        ("renamed", |path| {
            fs::rename(path, path.with_extension("old")).unwrap();
        }),
        ("replaced by a copy", |path| {
            let copy = path.with_extension("copy");
            fs::copy(path, &copy).unwrap();
            fs::rename(&copy, path).unwrap();
        }),
        ("replaced by a store", |path| {
            fs::remove_file(path).unwrap();
            for suffix in ["-wal", "-shm"] {
                fs::remove_file(format!("{}{suffix}", path.display())).unwrap();
            }
            drop(filled(path));
        }),
        ("log renamed", |path| {
            let log = format!("{}-wal", path.display());
            fs::rename(&log, path.with_extension("log")).unwrap();
        }),
        ("shared memory removed", |path| {
            fs::remove_file(format!("{}-shm", path.display())).unwrap();
        }),
    ];
    for (what, take) in takes {
        let (folder, path) = place();
        let advisor = filled(&path);
        let caller = Caller::local();
        let level = Granularity::Service;
        let job = advisor.generate(&caller, ANN, level, now).unwrap();
        let store = advisor.store();
        store.check_file().unwrap();
        take(&path);
        let is_replaced =
            |error: &StoreError| matches!(error, StoreError::Replaced(named) if *named == path);
        assert!(is_replaced(&store.check_file().unwrap_err()), "{what}");
        assert!(is_replaced(&store.accounts().unwrap_err()), "{what}");
        assert!(
            is_replaced(&advisor.run_job(&job, now).unwrap_err()),
            "{what}"
        );
        let error = JobError::new("code", "message");
        assert!(
            is_replaced(&advisor.fail_job(&job, &error, now).unwrap_err()),
            "{what}"
        );
        match advisor.generate(&caller, ANN, level, now).unwrap_err() {
            OperationError::Store(error) => assert!(is_replaced(&error), "{what}"),
            other => panic!("{what}: {other}"),
        }
        let record = call(
            "AIDAANNUSER0000000001",
            "s3",
            "ListBuckets",
            "2026-10-01T00:00:00Z",
            "x",
        );
        let object = write_object(&folder.path().join("trail"), "one", &[record]);
        let error = try_import(store, &[object]).unwrap_err().to_string();
        assert!(error.contains("was removed or replaced"), "{what}: {error}");
    }
}

#[test]
fn a_file_that_is_put_back_is_used_again() {
    let (_folder, path) = place();
    let advisor = filled(&path);
    let elsewhere = path.with_extension("elsewhere");
    fs::rename(&path, &elsewhere).unwrap();
    advisor.store().accounts().unwrap_err();
    fs::rename(&elsewhere, &path).unwrap();
    assert_eq!(advisor.store().accounts().unwrap().len(), 1);
}

#[test]
fn a_symbolic_link_that_leads_elsewhere_is_noticed() {
    let (folder, path) = place();
    let link = folder.path().join("link.db");
    symlink(&path, &link).unwrap();
    drop(filled(&path));
    let store = Store::open(&link).unwrap();
    store.accounts().unwrap();
    let other = folder.path().join("other.db");
    drop(filled(&other));
    fs::remove_file(&link).unwrap();
    symlink(&other, &link).unwrap();
    assert!(matches!(
        store.accounts().unwrap_err(),
        StoreError::Replaced(_)
    ));
}

#[test]
fn an_empty_store_is_removed_and_another_process_notices() {
    let (folder, path) = place();
    let store = Store::open_or_create(&path).unwrap();
    let other = Store::open(&path).unwrap();
    assert!(store.remove_if_empty().unwrap());
    assert!(matches!(
        other.accounts().unwrap_err(),
        StoreError::Replaced(_)
    ));
    drop(other);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(filled(&path));
    assert!(!Store::open(&path).unwrap().remove_if_empty().unwrap());
    assert!(path.exists());
}

/// `cp backup.db store.db`, while the store is open.
#[test]
fn a_file_that_is_overwritten_in_place_is_noticed_and_left_alone() {
    let now = at("2026-11-01T00:00:00Z");
    let generate = |advisor: &StoredAdvisor| {
        let caller = Caller::local();
        let job = advisor.generate_completed(&caller, ANN, Granularity::Service, now, || now);
        job.unwrap()
    };
    for is_other_store in [false, true] {
        let (folder, path) = place();
        let backup = folder.path().join("backup.db");
        drop(filled(if is_other_store { &backup } else { &path }));
        if !is_other_store {
            fs::copy(&path, &backup).unwrap();
        }
        // Written to the file itself when it is closed.
        let advisor = filled(&path);
        generate(&advisor);
        drop(advisor);
        let advisor = filled(&path);
        let kept = generate(&advisor);
        let store = advisor.store();
        store.check_file().unwrap();
        fs::copy(&backup, &path).unwrap();
        let is_replaced = |error: &StoreError| matches!(error, StoreError::Replaced(_));
        assert!(is_replaced(&store.check_file().unwrap_err()));
        assert!(is_replaced(&store.check().unwrap_err()));
        assert!(is_replaced(&store.jobs().unwrap_err()));
        match advisor.generate(&Caller::local(), ANN, Granularity::Service, now) {
            Err(OperationError::Store(error)) => assert!(is_replaced(&error)),
            other => panic!("{other:?}"),
        }
        // As if this process were killed: it has not closed the file.
        let left = tempfile::tempdir().unwrap();
        for name in ["store.db", "store.db-wal", "store.db-shm"] {
            let _ = fs::copy(path.with_file_name(name), left.path().join(name));
        }
        let copy = Store::open(&left.path().join("store.db")).unwrap();
        assert!(!copy.jobs().unwrap().iter().any(|job| job.job.id == kept));
        drop(advisor);
        // The copy is whole, without what came after it.
        assert_eq!(fs::read(&path).unwrap(), fs::read(&backup).unwrap());
        let copy = Store::open(&path).unwrap();
        copy.check().unwrap();
        assert!(!copy.jobs().unwrap().iter().any(|job| job.job.id == kept));
    }
}

#[test]
fn checkpoints_and_the_same_content_are_no_replacement() {
    let (folder, path) = place();
    let advisor = filled(&path);
    let other = filled(&path);
    let now = at("2026-11-01T00:00:00Z");
    for round in 0..400 {
        let by = if round % 2 == 0 { &advisor } else { &other };
        by.generate(&Caller::local(), ANN, Granularity::Service, now)
            .unwrap();
        advisor.store().check_file().unwrap();
    }
    let backup = folder.path().join("backup.db");
    drop(other);
    fs::copy(&path, &backup).unwrap();
    fs::copy(&backup, &path).unwrap();
    advisor.store().check().unwrap();
    assert_eq!(advisor.store().jobs().unwrap().len(), 400);
}
