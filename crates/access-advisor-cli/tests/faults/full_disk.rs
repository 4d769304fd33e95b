//! Imports whose writes fail.

use std::fs;
use std::process::Command;

use crate::{PROGRAM, TestStore, stderr};

/// An import whose writes fail reports it, exits with 1, and loses nothing.
fn fails_and_resumes(place: &TestStore, arguments: &[&str], limited: &mut Command, words: &[&str]) {
    let reference: u64 = place.sql("SELECT count(*) FROM trail_objects");
    let output = limited.output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: "), "{said}");
    assert!(said.contains("store.db: "), "{said}");
    assert!(words.iter().any(|word| said.contains(word)), "{said}");
    place.assert_sound(400);
    let objects: u64 = place.sql("SELECT count(*) FROM trail_objects");
    assert!(objects >= reference);
    place.done(&["jobs", "list"]);
    place.done(arguments);
    place.assert_sound(400);
}

#[test]
fn a_file_size_limit_fails_the_import_and_keeps_the_store() {
    let place = TestStore::new();
    let small = place.trail("small", 1, 400, 10);
    let large = place.trail("large", 300, 400, 12_000);
    place.done(&["import", "trail", small.to_str().unwrap()]);
    let arguments = ["import", "trail", large.to_str().unwrap()];
    // The unit is 512 or 1024 bytes, depending on the shell. With the signal ignored, writes fail.
    let mut limited = Command::new("sh");
    limited
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 512; exec \"$@\"",
            "sh",
            PROGRAM,
        ])
        .args(arguments)
        .arg("--store")
        .arg(&place.store);
    let words = ["disk I/O error", "disk is full"];
    fails_and_resumes(&place, &arguments, &mut limited, &words);
    let attempts: u64 = place.sql("SELECT sum(attempts) FROM activity");
    assert_eq!(attempts, 301 * 400);
}

#[test]
fn a_full_disk_fails_the_import_and_keeps_the_store() {
    let place = TestStore::new();
    let disk = place.folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let small = place.trail("small", 1, 400, 10);
    let large = place.trail("large", 300, 400, 12_000);
    let small = small.to_str().unwrap();
    // In a mount namespace that ends with the shell.
    let script = r#"
        mount -t tmpfs -o size=600k none "$DISK" || exit 77
        "$PROGRAM" import trail "$SMALL" --store "$DISK/store.db" || exit 78
        "$PROGRAM" import trail "$LARGE" --store "$DISK/store.db" 2> "$FOLDER/said"
        echo $? > "$FOLDER/status"
        cp "$DISK"/store.db* "$FOLDER/"
        mount -o remount,size=100m "$DISK" || exit 79
        "$PROGRAM" import trail "$LARGE" --store "$DISK/store.db" || exit 80
        cp "$DISK/store.db" "$FOLDER/after.db"
    "#;
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", script])
        .env("DISK", &disk)
        .env("FOLDER", place.folder.path())
        .env("PROGRAM", PROGRAM)
        .env("SMALL", small)
        .env("LARGE", &large)
        .output();
    let Some(output) = output.ok().filter(|output| {
        let said = stderr(output);
        output.status.code() != Some(77) && !said.starts_with("unshare:")
    }) else {
        eprintln!("skipped: this user may not mount a small disk");
        return;
    };
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let read = |name: &str| fs::read_to_string(place.folder.path().join(name)).unwrap();
    assert_eq!(read("status"), "1\n");
    let said = read("said");
    // On a busy machine, progress is shown before it.
    let error = said.lines().find(|line| !line.starts_with("progress: "));
    assert!(error.unwrap().starts_with("error: "), "{said}");
    assert!(
        said.contains("store.db: database or disk is full"),
        "{said}"
    );
    // The store is intact, with at least the small trail.
    place.assert_sound(400);
    let objects: u64 = place.sql("SELECT count(*) FROM trail_objects");
    assert!(objects >= 1);
    // With more space, the import completes.
    let after = TestStore {
        store: place.folder.path().join("after.db"),
        folder: place.folder,
    };
    after.assert_sound(400);
    assert_eq!(after.sql::<u64>("SELECT count(*) FROM trail_objects"), 301);
}
