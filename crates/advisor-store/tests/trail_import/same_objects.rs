//! Which objects count as the same, and how changed content is detected.

use std::fs;
use std::path::Path;
use std::sync::Mutex;

use cloudtrail_reader::ObjectId;
use serde_json::json;

use crate::support::{activity, attempts, count, gzip, import, reader, write_object};
use crate::{TrailAndStore, ann, in_memory};

#[test]
fn a_changed_object_is_reported_and_not_counted_twice() {
    let place = TrailAndStore::new();
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
    let place = TrailAndStore::new();
    let first = place.object("one");
    import(&place.store, &[&first]);
    let copy = place.folder.path().join("copy");
    fs::create_dir(&copy).unwrap();
    fs::copy(&first, copy.join(first.file_name().unwrap())).unwrap();
    assert_eq!(import(&place.store, &[&copy]).known, 1);
    assert_eq!(attempts(&place.path()), 1);
    // Names in GovCloud and with other characters are CloudTrail's too.
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
fn other_files_are_identified_by_their_path() {
    let place = TrailAndStore::new();
    let [a, b] = ["a", "b"].map(|name| {
        let folder = place.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        let file = folder.join("events.jsonl");
        fs::write(&file, format!("{}\n", ann(name))).unwrap();
        file
    });
    // The same name in another folder is another file.
    assert_eq!(
        import(&place.store, &[&a, &b]).reconciliation.objects_read,
        2
    );
    // Another spelling of the path, or a link to the file, is the same file.
    let spelled = place.folder.path().join("a/../b/./events.jsonl");
    let link = place.folder.path().join("link.jsonl");
    std::os::unix::fs::symlink(&a, &link).unwrap();
    assert_eq!(import(&place.store, &[spelled, link]).known, 2);
    assert_eq!(attempts(&place.path()), 2);
}

#[test]
fn the_same_paths_twice_in_one_import() {
    let place = TrailAndStore::new();
    let one = place.object("one");
    place.object("two");
    let folder = place.trail();
    let imported = import(&place.store, &[&folder, &one, &folder]);
    assert_eq!(imported.reconciliation.objects_read, 2);
    assert_eq!((imported.known, imported.changed), (3, vec![]));
    assert_eq!(attempts(&place.path()), 2);
}

/// Sets the time of modification.
fn touch(file: &Path, seconds: u64) {
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(seconds);
    let file = fs::File::options().write(true).open(file).unwrap();
    file.set_modified(time).unwrap();
}

#[test]
fn changed_content_of_the_same_size_is_detected() {
    let place = TrailAndStore::new();
    let whole = |name: &str, text: &str| {
        let file = place.folder.path().join(name);
        fs::write(&file, format!("{}\n", ann(text))).unwrap();
        file
    };
    let plain = whole("events.jsonl", "one");
    // Not compressed, so that texts of the same length give files of the same size.
    let packed = |text: &str| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::none());
        std::io::Write::write_all(&mut encoder, ann(text).to_string().as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let gzip = place.folder.path().join("events.gz");
    fs::write(&gzip, packed("one")).unwrap();
    import(&place.store, &[&plain, &gzip]);
    // A new time of modification, the same content.
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
fn an_object_and_its_uncompressed_copy_count_once() {
    let place = TrailAndStore::new();
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
fn a_differing_object_of_the_same_import_is_reported() {
    let place = TrailAndStore::new();
    place.object("one");
    let other = place.folder.path().join("other");
    let differs = write_object(&other, "one", &[ann("x"), ann("y"), ann("z")]);
    let imported = import(&place.store, &[place.trail(), other]);
    assert_eq!(imported.changed, [differs.to_str().unwrap()]);
    assert_eq!(attempts(&place.path()), 1);
}

#[test]
fn the_next_object_of_a_name_is_imported_when_one_is_broken() {
    let place = TrailAndStore::new();
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
    // One damaged file of the same size and time, and one that is shorter.
    let damaged = copy("damaged", &vec![0; content.len()]);
    let cut = copy("cut", &content[..content.len() / 2]);
    let same = copy("same", &content);
    let other = copy("other", &gzip(b"{\"Records\": []}"));
    let seen = Mutex::new(Vec::new());
    let paths = [&damaged, &cut, &whole, &same, &other];
    let imported = (place.store)
        .import_trail(&reader(), &paths, &|object| {
            seen.lock().unwrap().push(object.objects_listed);
        })
        .unwrap();
    let failed = imported.reconciliation.objects_failed.iter();
    let failed: Vec<_> = failed.map(|failed| failed.object().to_string()).collect();
    assert_eq!(failed, [cut.to_str().unwrap(), damaged.to_str().unwrap()]);
    assert_eq!(imported.reconciliation.objects_read, 1);
    assert_eq!(imported.known, 1);
    assert_eq!(imported.changed, [other.to_str().unwrap()]);
    assert_eq!(seen.into_inner().unwrap(), [1, 2, 3]);
    let mut expected = in_memory(&[&whole]);
    let changed = format!("{} (changed)", other.display());
    expected.coverage_mut().lose_object(&changed);
    assert_eq!(activity(&place.path()), expected);
    // If none can be read, all are reported at each import.
    let place = TrailAndStore::new();
    for _ in 0..2 {
        let imported = import(&place.store, &[&damaged, &cut]);
        assert_eq!(imported.reconciliation.objects_failed.len(), 2);
        assert_eq!((imported.known, imported.changed), (0, vec![]));
    }
    assert_eq!(count(&place.path(), "trail_objects"), 0);
}

#[test]
fn an_uncompressed_object_with_other_content_is_reported() {
    for is_at_once in [true, false] {
        let place = TrailAndStore::new();
        // The uncompressed object is listed first.
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
        // The compressed object first.
        let place = TrailAndStore::new();
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
fn names_that_are_not_utf8_are_distinguished() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    for name in [
        "events.jsonl",
        "123456789012_CloudTrail_eu-west-1_20261012T0905Z_one.json",
    ] {
        let place = TrailAndStore::new();
        fs::create_dir(place.trail()).unwrap();
        let write = |byte: u8, text: &str| {
            let name = [&[byte], name.as_bytes()].concat();
            // In CloudTrail's names, the byte is at the end.
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
        let broken = write(0xfe, "{");
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
        let mut expected = in_memory(&[place.trail()]);
        let coverage = expected.coverage_mut();
        if name == "events.jsonl" {
            // An import before could not read it.
            coverage.recover_object(&ObjectId::from(&*broken).to_string());
        }
        assert_eq!(coverage.missing_log_files(), [""; 0]);
        assert_eq!(activity(&place.path()), expected);
    }
}
