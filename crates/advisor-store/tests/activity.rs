//! Trails in the store: any split into imports gives the table that one reading gives, and no object
//! is counted twice.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::Ordering;

use advisor_store::Store;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value, json};

use support::{
    activity, attempts, call, count, gzip, import, is_sound, reader, try_import, write_object,
};

struct Place {
    folder: tempfile::TempDir,
    store: Store,
}

impl Place {
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

    /// An object with one call of Ann's.
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

/// What one reading of everything gives.
fn in_memory<P: AsRef<Path>>(paths: &[P]) -> advisor_core::Activity {
    reader().read(paths, &|_| ()).unwrap().activity
}

#[derive(Clone, Debug)]
struct Sample {
    id: Option<usize>,
    arn: usize,
    account: usize,
    event: usize,
    region: usize,
    second: u32,
    event_id: usize,
    denied: bool,
}

fn sample() -> impl Strategy<Value = Sample> {
    (
        prop::option::of(0..2_usize),
        0..3_usize,
        0..2_usize,
        0..4_usize,
        0..2_usize,
        0..4_u32,
        0..3_usize,
        any::<bool>(),
    )
        .prop_map(
            |(id, arn, account, event, region, second, event_id, denied)| Sample {
                id,
                arn,
                account,
                event,
                region,
                second,
                event_id,
                denied,
            },
        )
}

fn record(sample: &Sample) -> Value {
    let (source, event) = [
        ("s3", "ListBuckets"),
        ("s3", "NoSuchCall"),
        ("sqs", "ListQueues"),
        ("nosuchservice", "ListQueues"),
    ][sample.event];
    let account = ["123456789012", "999999999999"][sample.account];
    let name = ["a", "moved/a", "Ä"][sample.arn];
    let region = ["eu-west-1", "us-east-1"][sample.region];
    let event_id = ["e1", "e2", "é"][sample.event_id];
    let mut record = json!({
        "userIdentity": {
            "type": "IAMUser",
            "arn": format!("arn:aws:iam::{account}:user/{name}"),
            "accountId": account,
        },
        "eventTime": format!("2026-10-01T00:00:0{}Z", sample.second),
        "eventSource": format!("{source}.amazonaws.com"),
        "eventName": event,
        "awsRegion": region,
        "eventID": event_id,
        "eventType": "AwsApiCall",
    });
    if let Some(id) = sample.id {
        record["userIdentity"]["principalId"] =
            ["AIDAONEOFTHESEUSERS01", "AIDATWOOFTHESEUSERS02"][id].into();
    }
    if sample.denied {
        record["errorCode"] = "AccessDenied".into();
    }
    record
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_split_into_objects_and_imports_gives_the_same_table(
        objects in prop::collection::vec(prop::collection::vec(sample(), 0..5), 1..8),
        imports in prop::collection::vec(0..3_usize, 8),
    ) {
        let place = Place::new();
        let files: Vec<PathBuf> = objects
            .iter()
            .enumerate()
            .map(|(index, samples)| {
                let records: Vec<Value> = samples.iter().map(record).collect();
                write_object(&place.trail(), &index.to_string(), &records)
            })
            .collect();
        for import_number in 0..3 {
            let chosen: Vec<&PathBuf> = files
                .iter()
                .zip(&imports)
                .filter(|(_, number)| **number == import_number)
                .map(|(file, _)| file)
                .collect();
            import(&place.store, &chosen);
            // What is in the file so far is what these alone give.
            let so_far: Vec<&PathBuf> = files
                .iter()
                .zip(&imports)
                .filter(|(_, number)| **number <= import_number)
                .map(|(file, _)| file)
                .collect();
            prop_assert_eq!(activity(&place.path()), in_memory(&so_far));
        }
        // All of it once more, as a folder: nothing new.
        let again = import(&place.store, &[place.trail()]);
        prop_assert_eq!(again.known, files.len() as u64);
        prop_assert_eq!(again.reconciliation, Default::default());
        prop_assert_eq!(activity(&place.path()), in_memory(&files));
    }

    /// Of the objects of a name, the first that can be read is taken, however they are split into imports.
    #[test]
    fn every_object_is_accounted_for(
        imports in prop::collection::vec(prop::collection::vec((0..3_usize, 0..4_usize), 1..8), 1..3),
    ) {
        let place = Place::new();
        let (mut taken, mut number) = (HashMap::new(), 0);
        for objects in imports {
            let (mut read, mut failed, mut known) = (0, vec![], 0);
            let (mut changed, mut paths) = (vec![], vec![]);
            for (name, content) in objects {
                number += 1;
                let folder = place.folder.path().join(format!("{number:03}"));
                let path = write_object(&folder, &name.to_string(), &vec![ann("e"); content]);
                if content == 0 {
                    fs::write(&path, "{").unwrap();
                }
                let text = path.to_str().unwrap().to_owned();
                match taken.get(&name) {
                    None if content == 0 => failed.push(text),
                    None => {
                        taken.insert(name, content);
                        read += 1;
                    }
                    Some(taken) if *taken == content => known += 1,
                    Some(_) => changed.push(text),
                }
                paths.push(path);
            }
            let imported = import(&place.store, &paths);
            let names = imported.reconciliation.objects_failed.into_iter();
            prop_assert_eq!(names.map(|it| it.object().to_string()).collect::<Vec<_>>(), failed);
            prop_assert_eq!(imported.reconciliation.objects_read, read);
            prop_assert_eq!((imported.known, imported.changed), (known, changed));
            prop_assert_eq!(attempts(&place.path()), taken.values().sum::<usize>() as u64);
        }
    }
}

#[test]
fn the_small_account_in_one_import_and_object_by_object() {
    let trail = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/trail");
    let expected = in_memory(&[&trail]);
    let at_once = Place::new();
    let imported = import(&at_once.store, &[&trail]);
    assert_eq!(imported.reconciliation.records_read, 385);
    assert_eq!(imported.reconciliation.records_attributed, 321);
    assert!(imported.reconciliation.adds_up());
    assert_eq!(activity(&at_once.path()), expected);

    let one_by_one = Place::new();
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
    let place = Place::new();
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
    // Another handle, as another process has it, knows them too.
    let again = import(&Store::open(&place.path()).unwrap(), &[place.trail()]);
    assert_eq!(again.known, 3);
}

#[test]
fn progress_counts_to_the_number_of_new_objects() {
    let place = Place::new();
    for index in 0..300 {
        place.object(&format!("object{index}"));
    }
    let seen = Mutex::new(Vec::new());
    place
        .store
        .import_trail(&reader(), &[place.trail()], &|object| {
            seen.lock().unwrap().push((object.objects, object.is_all));
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

#[test]
fn a_broken_object_is_taken_when_it_is_repaired() {
    let place = Place::new();
    let (good, broken) = (place.object("good"), place.object("broken"));
    let whole = fs::read(&broken).unwrap();
    fs::write(&broken, &whole[..whole.len() / 2]).unwrap();
    let first = import(&place.store, &[place.trail()]);
    assert_eq!(first.reconciliation.objects_read, 1);
    assert_eq!(first.reconciliation.objects_failed.len(), 1);
    assert_eq!(count(&place.path(), "trail_objects"), 1);
    // Still broken: said again.
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
fn a_changed_object_is_named_and_not_counted_twice() {
    let place = Place::new();
    let file = place.object("one");
    import(&place.store, &[&file]);
    write_object(&place.trail(), "one", &[ann("one"), ann("added later")]);
    let second = import(&place.store, &[&file]);
    let name = file.to_str().unwrap();
    assert_eq!((second.known, second.changed), (0, vec![name.to_owned()]));
    assert_eq!(second.reconciliation, Default::default());
    assert_eq!(attempts(&place.path()), 1);
}

#[test]
fn the_same_object_at_another_path_is_not_counted_twice() {
    let place = Place::new();
    let first = place.object("one");
    import(&place.store, &[&first]);
    let copy = place.folder.path().join("copy");
    fs::create_dir(&copy).unwrap();
    fs::copy(&first, copy.join(first.file_name().unwrap())).unwrap();
    assert_eq!(import(&place.store, &[&copy]).known, 1);
    assert_eq!(attempts(&place.path()), 1);
    // Objects of an organization's trail, GovCloud, digests: CloudTrail names them all.
    for name in [
        "123456789012_CloudTrail_us-gov-east-1_20261012T0905Z_JbvNemAuhObvFmuY.json.gz",
        "123456789012_CloudTrail_eu-west-1_20261012T0905Z_with-dash.json",
    ] {
        for folder in ["a", "b"] {
            let folder = place.folder.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(
                folder.join(name),
                json!({"Records": [ann("e")]}).to_string(),
            )
            .unwrap();
        }
    }
    let [a, b] = ["a", "b"].map(|name| place.folder.path().join(name));
    assert_eq!(import(&place.store, &[&a]).reconciliation.objects_read, 2);
    assert_eq!(import(&place.store, &[&b]).known, 2);
    assert_eq!(attempts(&place.path()), 3);
}

#[test]
fn other_files_are_known_by_their_path() {
    let place = Place::new();
    let [a, b] = ["a", "b"].map(|name| {
        let folder = place.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        let file = folder.join("events.jsonl");
        fs::write(&file, format!("{}\n", ann(name))).unwrap();
        file
    });
    // The same name at another place is another file.
    assert_eq!(
        import(&place.store, &[&a, &b]).reconciliation.objects_read,
        2
    );
    // The same file by another spelling, and by a link, is the same file.
    let spelled = place.folder.path().join("a/../b/./events.jsonl");
    let link = place.folder.path().join("link.jsonl");
    std::os::unix::fs::symlink(&a, &link).unwrap();
    assert_eq!(import(&place.store, &[spelled, link]).known, 2);
    assert_eq!(attempts(&place.path()), 2);
}

#[test]
fn the_same_listing_twice_in_one_call() {
    let place = Place::new();
    let one = place.object("one");
    place.object("two");
    let folder = place.trail();
    let imported = import(&place.store, &[&folder, &one, &folder]);
    assert_eq!(imported.reconciliation.objects_read, 2);
    assert_eq!((imported.known, imported.changed), (3, vec![]));
    assert_eq!(attempts(&place.path()), 2);
}

/// Sets when a file was changed last.
fn touch(file: &Path, seconds: u64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    let file = fs::File::options().write(true).open(file).unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn other_content_of_the_same_size_is_noticed() {
    let place = Place::new();
    let whole = |name: &str, text: &str| {
        let file = place.folder.path().join(name);
        fs::write(&file, format!("{}\n", ann(text))).unwrap();
        file
    };
    let plain = whole("events.jsonl", "one");
    // Stored, so that the size is that of the text.
    let packed = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        std::io::Write::write_all(&mut encoder, ann(text).to_string().as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let gzip = place.folder.path().join("events.gz");
    fs::write(&gzip, packed("one")).unwrap();
    import(&place.store, &[&plain, &gzip]);
    // Touched and copied, but not changed.
    for (seconds, file) in [(1, &plain), (2, &gzip)] {
        touch(file, seconds);
        let again = import(&place.store, &[file]);
        assert_eq!((again.known, again.changed), (1, vec![]));
    }
    whole("events.jsonl", "two");
    fs::write(&gzip, packed("two")).unwrap();
    for (seconds, file) in [(3, &plain), (4, &gzip)] {
        touch(file, seconds);
        let again = import(&place.store, &[file]);
        assert_eq!(again.changed, [file.to_str().unwrap()]);
        assert_eq!((again.known, again.reconciliation), (0, Default::default()));
    }
    assert_eq!(attempts(&place.path()), 2);
}

#[test]
fn an_object_and_its_uncompressed_copy_are_one() {
    let place = Place::new();
    let packed = place.object("one");
    let plain = packed.with_extension("");
    fs::write(&plain, json!({"Records": [ann("one")]}).to_string()).unwrap();
    // In one import, and in two.
    let imported = import(&place.store, &[place.trail()]);
    assert_eq!(imported.reconciliation.objects_read, 1);
    assert_eq!((imported.known, imported.changed), (1, vec![]));
    for file in [&packed, &plain] {
        let again = import(&place.store, &[file]);
        assert_eq!((again.known, again.changed), (1, vec![]));
    }
    assert_eq!(attempts(&place.path()), 1);
}

#[test]
fn an_object_that_differs_from_one_in_the_same_import_is_named() {
    let place = Place::new();
    place.object("one");
    let other = place.folder.path().join("other");
    let differs = write_object(&other, "one", &[ann("x"), ann("y"), ann("z")]);
    let imported = import(&place.store, &[place.trail(), other]);
    assert_eq!(imported.changed, [differs.to_str().unwrap()]);
    assert_eq!(attempts(&place.path()), 1);
}

#[test]
fn an_object_is_taken_when_one_of_its_name_before_it_is_broken() {
    let place = Place::new();
    let whole = place.object("one");
    let content = fs::read(&whole).unwrap();
    let copy = |folder: &str, content: &[u8]| {
        let folder = place.folder.path().join(folder);
        fs::create_dir(&folder).unwrap();
        let file = folder.join(whole.file_name().unwrap());
        fs::write(&file, content).unwrap();
        touch(&file, 1);
        file
    };
    touch(&whole, 1);
    // As long as the whole one and as old; and not even as long.
    let damaged = copy("damaged", &vec![0; content.len()]);
    let cut = copy("cut", &content[..content.len() / 2]);
    let same = copy("same", &content);
    let other = copy("other", &gzip(b"{\"Records\": []}"));
    let seen = Mutex::new(Vec::new());
    let paths = [&damaged, &cut, &whole, &same, &other];
    let imported = (place.store)
        .import_trail(&reader(), &paths, &|object| {
            seen.lock().unwrap().push(object.objects);
        })
        .unwrap();
    let failed = imported.reconciliation.objects_failed.iter();
    let failed: Vec<_> = failed.map(|failed| failed.object().to_string()).collect();
    assert_eq!(failed, [cut.to_str().unwrap(), damaged.to_str().unwrap()]);
    assert_eq!(imported.reconciliation.objects_read, 1);
    assert_eq!(imported.known, 1);
    assert_eq!(imported.changed, [other.to_str().unwrap()]);
    assert_eq!(seen.into_inner().unwrap(), [1, 2, 3]);
    assert_eq!(activity(&place.path()), in_memory(&[&whole]));
    // Where none is whole, all are named, every time.
    let place = Place::new();
    for _ in 0..2 {
        let imported = import(&place.store, &[&damaged, &cut]);
        assert_eq!(imported.reconciliation.objects_failed.len(), 2);
        assert_eq!((imported.known, imported.changed), (0, vec![]));
    }
    assert_eq!(count(&place.path(), "trail_objects"), 0);
}

/// More copies than wait at a time: the listing goes on when it is known what became of them.
#[test]
fn many_copies_in_one_import() {
    let place = Place::new();
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

    // Stopped while they wait.
    let stopped = Place::new();
    let reader = reader();
    let flag = reader.stop_flag();
    let imported = (stopped.store)
        .import_trail(&reader, &paths, &|_| flag.store(true, Ordering::Relaxed))
        .unwrap();
    assert!(imported.is_stopped);
    assert_eq!(imported.reconciliation, Default::default());
    assert_eq!(count(&stopped.path(), "trail_objects"), 0);
}

#[test]
fn an_uncompressed_object_with_other_content_is_named() {
    for is_at_once in [true, false] {
        let place = Place::new();
        // In the order of the listing.
        let plain = place.object("one").with_extension("");
        fs::write(&plain, json!({"Records": [ann("one")]}).to_string()).unwrap();
        let packed = write_object(&place.trail(), "one", &[ann("one"), ann("two")]);
        let imported = if is_at_once {
            import(&place.store, &[place.trail()])
        } else {
            import(&place.store, &[&plain]);
            import(&place.store, &[&packed])
        };
        assert_eq!(imported.changed, [packed.to_str().unwrap()]);
        assert_eq!(imported.known, 0);
        // And the other way.
        let place = Place::new();
        let imported = if is_at_once {
            import(&place.store, &[&packed, &plain])
        } else {
            import(&place.store, &[&packed]);
            import(&place.store, &[&plain])
        };
        assert_eq!(imported.changed, [plain.to_str().unwrap()]);
        assert_eq!(attempts(&place.path()), 2);
    }
}

#[cfg(unix)]
#[test]
fn files_whose_names_are_shown_alike_are_not_confused() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    for name in [
        "events.jsonl",
        "123456789012_CloudTrail_eu-west-1_20261012T0905Z_one.json",
    ] {
        let place = Place::new();
        fs::create_dir(place.trail()).unwrap();
        let write = |byte: u8, text: &str| {
            let name = [&[byte], name.as_bytes()].concat();
            // In a name of CloudTrail's it stands at the end.
            let name = match name.strip_suffix(b".json") {
                Some(start) => [&start[1..], &[byte], b".json"].concat(),
                None => name,
            };
            let file = place.trail().join(OsStr::from_bytes(&name));
            fs::write(&file, text).unwrap();
            file
        };
        let line = |text: &str| ann(text).to_string();
        write(0xfd, &line("first"));
        write(0xfe, "{");
        let last = write(0xff, &line("last"));
        for (read, known) in [(2, 0), (0, 2)] {
            let imported = import(&place.store, &[place.trail()]);
            assert_eq!(imported.reconciliation.objects_failed.len(), 1);
            assert_eq!(imported.reconciliation.objects_read, read);
            assert_eq!((imported.known, imported.changed), (known, vec![]));
        }
        assert_eq!(attempts(&place.path()), 2);
        write(0xfe, &line("mended"));
        assert_eq!(import(&place.store, &[&last]).known, 1);
        let imported = import(&place.store, &[place.trail()]);
        assert_eq!(imported.reconciliation.objects_read, 1);
        assert_eq!(activity(&place.path()), in_memory(&[place.trail()]));
    }
}

/// More objects than are held at a time, in more than one transaction.
#[test]
fn batches_follow_each_other() {
    let place = Place::new();
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

    // Of one that is stopped, whole batches stay.
    let stopped = Place::new();
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

#[test]
fn activity_files_are_imported_like_any_object() {
    let place = Place::new();
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
    // An engine may have counted what no engine can hold.
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
fn what_holds_no_attempts_is_not_read_again_either() {
    let place = Place::new();
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
fn a_path_that_is_not_there_is_refused_and_nothing_is_taken() {
    let place = Place::new();
    let file = place.object("one");
    let missing = place.folder.path().join("missing");
    let error = try_import(&place.store, &[file, missing.clone()]).unwrap_err();
    assert!(error.to_string().starts_with(missing.to_str().unwrap()));
    assert_eq!(count(&place.path(), "trail_objects"), 0);
    fs::create_dir(&missing).unwrap();
    let error = try_import(&place.store, &[missing]).unwrap_err();
    assert!(error.to_string().contains("there is no file"));
}
