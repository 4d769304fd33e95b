//! Batches: many objects, progress, and imports that are stopped.

use std::fs;
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use serde_json::json;

use crate::support::{activity, attempts, count, import, reader};
use crate::{TrailAndStore, ann, in_memory};

#[test]
fn progress_counts_to_the_number_of_new_objects() {
    let place = TrailAndStore::new();
    for index in 0..300 {
        place.object(&format!("object{index}"));
    }
    let seen = Mutex::new(Vec::new());
    place
        .store
        .import_trail(&reader(), &[place.trail()], &|object| {
            seen.lock()
                .unwrap()
                .push((object.objects_listed, object.is_all));
        })
        .unwrap();
    let seen = seen.into_inner().unwrap();
    assert_eq!(seen.len(), 300);
    for (done, (objects, is_all)) in seen.into_iter().enumerate() {
        assert!((done as u64 + 1..=300).contains(&objects));
        assert!(!is_all || objects == 300);
    }
    assert_eq!(attempts(&place.path()), 300);
    assert_eq!(activity(&place.path()), in_memory(&[place.trail()]));
}

/// More copies than may wait: the listing pauses until the object that they wait for is done.
#[test]
fn many_copies_in_one_import() {
    let place = TrailAndStore::new();
    let whole = place.object("one");
    let content = fs::read(&whole).unwrap();
    let broken = place.folder.path().join(whole.file_name().unwrap());
    fs::write(&broken, &content[..content.len() / 2]).unwrap();
    let mut paths = vec![&whole; 140_000];
    paths[0] = &broken;
    let last = place.object("two");
    paths.push(&last);
    let imported = import(&place.store, &paths);
    assert_eq!(imported.reconciliation.objects_failed.len(), 1);
    assert_eq!(imported.reconciliation.objects_read, 2);
    assert_eq!((imported.known, imported.changed), (139_998, vec![]));
    assert_eq!(activity(&place.path()), in_memory(&[place.trail()]));

    // The import is stopped while they wait.
    let stopped = TrailAndStore::new();
    let reader = reader();
    let flag = reader.stop_flag();
    let imported = (stopped.store)
        .import_trail(&reader, &paths, &|_| flag.store(true, Ordering::Relaxed))
        .unwrap();
    assert!(imported.is_stopped);
    assert_eq!(imported.reconciliation, Default::default());
    assert_eq!(count(&stopped.path(), "trail_objects"), 0);
}

/// More objects than one batch holds.
#[test]
fn batches_follow_each_other() {
    let place = TrailAndStore::new();
    fs::create_dir(place.trail()).unwrap();
    let records = (0..9_000).map(|number| json!({"Records": [ann(&number.to_string())]}));
    for (number, object) in records.enumerate() {
        let name = format!("123456789012_CloudTrail_eu-west-1_20261012T0905Z_{number:05}.json");
        fs::write(place.trail().join(name), object.to_string()).unwrap();
    }
    let imported = import(&place.store, &[place.trail()]);
    assert_eq!(imported.reconciliation.objects_read, 9_000);
    assert!(imported.reconciliation.adds_up() && !imported.is_stopped);
    let versions = "meta WHERE name = 'activity_version' AND value = 3";
    assert_eq!(count(&place.path(), versions), 1);
    assert_eq!(activity(&place.path()), in_memory(&[place.trail()]));

    // A stopped import keeps whole batches.
    let stopped = TrailAndStore::new();
    let reader = reader();
    let flag = reader.stop_flag();
    let read = std::sync::atomic::AtomicU64::new(0);
    let imported = (stopped.store)
        .import_trail(&reader, &[place.trail()], &|_| {
            if read.fetch_add(1, Ordering::Relaxed) == 6_000 {
                flag.store(true, Ordering::Relaxed);
            }
        })
        .unwrap();
    assert!(imported.is_stopped);
    assert_eq!(imported.reconciliation.objects_read, 4_096);
    assert_eq!(count(&stopped.path(), "trail_objects"), 4_096);
    assert_eq!(attempts(&stopped.path()), 4_096);
    let rest = import(&stopped.store, &[place.trail()]);
    assert_eq!(
        (rest.reconciliation.objects_read, rest.known),
        (9_000 - 4_096, 4_096)
    );
    assert_eq!(activity(&stopped.path()), in_memory(&[place.trail()]));
}
