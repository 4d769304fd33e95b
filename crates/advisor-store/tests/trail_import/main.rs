//! Imports of trails.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../support/mod.rs"]
mod support;

mod batches;
mod properties;
mod same_objects;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use advisor_core::DaySet;
use advisor_store::Store;
use cloudtrail_reader::{ReadOptions, TrailReader};
use serde_json::{Value, json};
use service_catalog::Catalog;

use support::{
    activity, at, attempts, call, count, gzip, import, is_sound, reader, try_import, write_object,
};

struct TrailAndStore {
    folder: tempfile::TempDir,
    store: Store,
}

impl TrailAndStore {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(&folder.path().join("store.db")).unwrap();
        Self { folder, store }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("store.db")
    }

    fn trail(&self) -> PathBuf {
        self.folder.path().join("trail")
    }

    /// Writes an object with one call of Ann.
    fn object(&self, name: &str) -> PathBuf {
        write_object(&self.trail(), name, &[ann(name)])
    }
}

fn ann(event_id: &str) -> Value {
    call(
        "AIDAANNUSER0000000001",
        "s3",
        "ListBuckets",
        "2026-10-01T00:00:00Z",
        event_id,
    )
}

/// The table of reading everything at once.
fn in_memory<P: AsRef<Path>>(paths: &[P]) -> advisor_core::Activity {
    reader().read(paths, &|_| ()).unwrap().activity
}

#[test]
fn the_test_trail_at_once_and_object_by_object() {
    let trail = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/trail");
    let expected = in_memory(&[&trail]);
    let at_once = TrailAndStore::new();
    let imported = import(&at_once.store, &[&trail]);
    assert_eq!(imported.reconciliation.records_read, 385);
    assert_eq!(imported.reconciliation.records_attributed, 322);
    assert!(imported.reconciliation.adds_up());
    assert_eq!(activity(&at_once.path()), expected);

    let one_by_one = TrailAndStore::new();
    let listed = reader().list(&[&trail]).unwrap();
    let mut files: Vec<_> = listed.map(|object| object.unwrap().to_string()).collect();
    files.reverse();
    for file in &files {
        import(&one_by_one.store, &[file]);
    }
    assert_eq!(activity(&one_by_one.path()), expected);
    assert_eq!(
        count(&one_by_one.path(), "trail_objects"),
        files.len() as u64
    );
    assert!(is_sound(&one_by_one.path()));
}

#[test]
fn a_second_import_reads_nothing() {
    let place = TrailAndStore::new();
    place.object("one");
    place.object("two");
    let first = import(&place.store, &[place.trail()]);
    assert_eq!((first.reconciliation.objects_read, first.known), (2, 0));

    let progress = Mutex::new(0);
    let second = place
        .store
        .import_trail(&reader(), &[place.trail()], &|_| {
            *progress.lock().unwrap() += 1;
        })
        .unwrap();
    assert_eq!(*progress.lock().unwrap(), 0);
    assert_eq!(second.reconciliation, Default::default());
    assert_eq!((second.known, second.changed), (2, vec![]));

    place.object("three");
    let third = import(&place.store, &[place.trail()]);
    assert_eq!((third.reconciliation.objects_read, third.known), (1, 2));
    assert_eq!(attempts(&place.path()), 3);
    // Another handle, as in another process, finds them imported too.
    let again = import(&Store::open(&place.path()).unwrap(), &[place.trail()]);
    assert_eq!(again.known, 3);
}

#[test]
fn a_broken_object_is_imported_when_it_is_repaired() {
    let place = TrailAndStore::new();
    let (good, broken) = (place.object("good"), place.object("broken"));
    let whole = fs::read(&broken).unwrap();
    fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
    let first = import(&place.store, &[place.trail()]);
    assert_eq!(first.reconciliation.objects_read, 1);
    assert_eq!(first.reconciliation.objects_failed.len(), 1);
    assert_eq!(count(&place.path(), "trail_objects"), 1);
    // Still broken: reported again.
    let second = import(&place.store, &[place.trail()]);
    assert_eq!(second.reconciliation.objects_failed.len(), 1);
    assert_eq!(second.known, 1);

    fs::write(&broken, whole).unwrap();
    let third = import(&place.store, &[place.trail()]);
    assert_eq!(third.reconciliation.objects_read, 1);
    assert_eq!((third.known, third.changed), (1, vec![]));
    assert_eq!(activity(&place.path()), in_memory(&[good, broken]));
}

#[test]
fn activity_files_are_imported() {
    let place = TrailAndStore::new();
    let object = place.object("one");
    let whole = in_memory(&[&object]);
    let file = place.folder.path().join("activity.parquet");
    let mut bytes = Vec::new();
    advisor_arrow::write_activity(&mut bytes, &whole).unwrap();
    fs::write(&file, bytes).unwrap();
    let imported = import(&place.store, &[&file]);
    assert_eq!(imported.reconciliation.activity_rows.attempts, 1);
    assert_eq!(activity(&place.path()), whole);
    assert_eq!(import(&place.store, &[&file]).known, 1);
    // Counts that SQLite's integers cannot hold are limited to the greatest one.
    let many = in_memory(&[&file]);
    let mut huge = advisor_core::Activity::new();
    for row in many.rows() {
        let attempts = i64::MAX as u64;
        huge.add_row(&advisor_core::ActivityRow { attempts, ..row });
    }
    for name in ["a", "b"] {
        let file = place.folder.path().join(name);
        let mut bytes = Vec::new();
        advisor_arrow::write_activity(&mut bytes, &huge).unwrap();
        fs::write(&file, bytes).unwrap();
        import(&place.store, &[&file]);
    }
    assert_eq!(attempts(&place.path()), i64::MAX as u64);
}

#[test]
fn objects_without_attempts_are_not_read_again() {
    let place = TrailAndStore::new();
    place.object("one");
    let nobody = json!({"Records": [{"userIdentity": {"type": "AWSService"}}]});
    let file = place
        .trail()
        .join("123456789012_CloudTrail_eu-west-1_20261012T0905Z_nobody.json.gz");
    fs::write(file, gzip(nobody.to_string().as_bytes())).unwrap();
    let first = import(&place.store, &[place.trail()]);
    assert_eq!(first.reconciliation.records_read, 2);
    assert_eq!(import(&place.store, &[place.trail()]).known, 2);
}

#[test]
fn a_missing_path_fails_and_nothing_is_imported() {
    let place = TrailAndStore::new();
    let file = place.object("one");
    let missing = place.folder.path().join("missing");
    let error = try_import(&place.store, &[file, missing.clone()]).unwrap_err();
    assert!(error.to_string().starts_with(missing.to_str().unwrap()));
    assert_eq!(count(&place.path(), "trail_objects"), 0);
    fs::create_dir(&missing).unwrap();
    let error = try_import(&place.store, &[missing]).unwrap_err();
    assert!(error.to_string().contains("there is no file"));
}

/// Objects are read whole, as they are imported once; but other objects of a day that the limits cut are not read.
#[test]
fn a_day_that_the_limits_of_an_import_cut_is_not_covered() {
    let place = TrailAndStore::new();
    let write = |day: u32, hour: u32| {
        let when = format!("2026-10-{day:02}T{hour:02}:30:00Z");
        let id = format!("{day}-{hour}");
        let mut call = call("AIDAANNUSER0000000001", "s3", "ListBuckets", &when, &id);
        call["readOnly"] = true.into();
        call["eventCategory"] = "Management".into();
        let name =
            format!("123456789012_CloudTrail_eu-west-1_202610{day:02}T{hour:02}35Z_{id}.json.gz");
        let trail = place.trail();
        fs::create_dir_all(&trail).unwrap();
        let text = json!({"Records": [call]}).to_string();
        fs::write(trail.join(name), gzip(text.as_bytes())).unwrap();
    };
    for day in 1..=9 {
        write(day, 6);
        write(day, 18);
    }
    let options = ReadOptions::new()
        .since(at("2026-10-03T12:00:00Z"))
        .until(at("2026-10-06T12:00:00Z"));
    let limited = TrailReader::new(Catalog::shared(), options);
    let imported = place
        .store
        .import_trail(&limited, &[place.trail()], &|_| ())
        .unwrap();
    assert!(imported.outside > 0);
    let covered = |store: &Store| -> Vec<String> {
        let coverage = store.coverage().unwrap();
        let days = coverage.covered_days("123456789012");
        let dates = days.iter().map(|day| DaySet::date_of(day).unwrap());
        dates.map(|date| date.to_string()).collect()
    };
    assert_eq!(covered(&place.store), ["2026-10-04", "2026-10-05"]);
    // The objects that were left out show that the rest of the days was read too. Those of the 6th were not: an object may hold
    // older events, so that `--until` leaves out later days only.
    import(&place.store, &[place.trail()]);
    let all = [1, 2, 3, 4, 5, 7, 8, 9].map(|day| format!("2026-10-{day:02}"));
    assert_eq!(covered(&place.store), all);
}
