//! Reading a trail: folders, links, progress, threads, and the account of it.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::sync::atomic::{AtomicU64, Ordering};

use cloudtrail_reader::{Reconciliation, TrailRead};
use serde_json::{Value, json};

use support::{
    call, calls, digest, faults, gzip, lines, lookup, object, read, reader, record, set_aside,
    take, write,
};

#[test]
fn folders_are_read_with_all_below_but_what_is_hidden() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two, three] = calls().map(|call| object(&[call]));
    let path = folder.path();
    write(
        path,
        "AWSLogs/o-1/111122223333/CloudTrail/eu-central-1/2026/10/01/a.json.gz",
        &gzip(&one),
    );
    write(path, "AWSLogs/b.json", &two);
    write(path, "c.json", &three);
    for hidden in [
        ".DS_Store",
        "AWSLogs/.b.json.swp",
        ".git/d.json",
        "AWSLogs/.cache/deep/e.json",
    ] {
        write(path, hidden, b"no trail");
    }
    let taken = read(&[path]);
    assert_eq!(faults(&taken), [""; 0]);
    assert_eq!(taken.reconciliation.objects_read, 3);
    assert_eq!(taken.activity, take(&[object(&calls())]).activity);
    // What is named is read, hidden or not.
    write(path, ".git/d.json", &one);
    assert_eq!(read(&[path.join(".git")]).reconciliation.objects_read, 1);
    assert_eq!(
        read(&[path.join(".git/d.json")])
            .reconciliation
            .objects_read,
        1
    );
}

#[test]
fn paths_add_up() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    for (name, call) in ["x/a.json", "x/b.json", "c.json"].iter().zip(calls()) {
        write(path, name, &object(&[call]));
    }
    let whole = read(&[path]);
    assert_eq!(read(&[path.join("c.json"), path.join("x")]), whole);
    assert_eq!(
        read(&[
            path.join("x/b.json"),
            path.join("x/a.json"),
            path.join("c.json")
        ]),
        whole
    );
}

#[cfg(unix)]
#[test]
fn links_are_followed() {
    use std::os::unix::fs::symlink;

    let store = tempfile::tempdir().unwrap();
    let [one, two, three] = calls().map(|call| object(&[call]));
    write(store.path(), "below/a.json", &one);
    write(store.path(), "below/b.json", &two);
    write(store.path(), "c.json", &three);
    let folder = tempfile::tempdir().unwrap();
    symlink(store.path().join("below"), folder.path().join("linked")).unwrap();
    symlink(
        store.path().join("c.json"),
        folder.path().join("linked.json"),
    )
    .unwrap();
    let taken = read(&[folder.path()]);
    assert_eq!(taken.activity, take(&[object(&calls())]).activity);
    let elsewhere = store.path().join("link-to-folder");
    symlink(folder.path(), &elsewhere).unwrap();
    assert_eq!(read(&[elsewhere]).activity, taken.activity);
}

#[test]
fn progress_tells_of_every_object() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    write(path, "a.json", &object(&calls()));
    write(path, "b.json", b"nonsense");
    write(path, "c.json", &digest());
    let [told, bytes, records] = [(); 3].map(|()| AtomicU64::new(0));
    let taken = reader()
        .read(&[path], &|object| {
            // Objects are listed while others are read.
            let listed = if object.is_all { 3..=3 } else { 1..=3 };
            assert!(listed.contains(&object.objects_listed), "{object:?}");
            told.fetch_add(1, Ordering::Relaxed);
            bytes.fetch_add(object.bytes, Ordering::Relaxed);
            records.fetch_add(object.records, Ordering::Relaxed);
        })
        .unwrap();
    assert_eq!(told.into_inner(), 3);
    assert_eq!(bytes.into_inner(), taken.reconciliation.bytes);
    assert_eq!(records.into_inner(), taken.reconciliation.records_read);
}

/// A trail of many objects with a bit of everything: calls, repeats, faults, what is skipped.
fn mixed_trail() -> Vec<(Vec<Value>, Vec<u8>)> {
    let names = ["GetObject", "PutObject", "ListBuckets", "GrowWings"];
    (0..40_u32)
        .map(|number| {
            let mut records: Vec<_> = (0..number % 7)
                .map(|at| call(names[((number + at) % 4) as usize], number * 5 % 23 + at))
                .collect();
            records.push(record(&json!({"userIdentity": {"type": "Root"}})));
            records.push(record(&json!({"eventName": null})));
            let bytes = match number % 5 {
                0 => object(&records),
                1 => gzip(&object(&records)),
                2 => lines(&records),
                3 => lookup(&records).to_string().into_bytes(),
                _ => serde_json::to_vec_pretty(&json!(records)).unwrap(),
            };
            (records, bytes)
        })
        .collect()
}

#[test]
fn the_number_of_threads_does_not_matter() {
    let folder = tempfile::tempdir().unwrap();
    for (number, (_, bytes)) in mixed_trail().iter().enumerate() {
        write(
            folder.path(),
            &format!("{:02}/{number:02}.json", number % 6),
            bytes,
        );
    }
    for number in 0..5 {
        write(folder.path(), &format!("bad/{number}.json"), b"nonsense");
        write(folder.path(), &format!("digest/{number}.json"), &digest());
    }
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| read(&[folder.path()]))
    };
    let one = with_threads(1);
    let Reconciliation {
        objects_read,
        objects_failed,
        examples,
        ..
    } = &one.reconciliation;
    assert_eq!((*objects_read, objects_failed.len()), (40, 5));
    // One of each object is malformed; the first ones by name are told.
    assert_eq!(one.reconciliation.records_malformed(), 40);
    assert_eq!(examples.len(), 20);
    assert!(objects_failed.is_sorted() && examples.is_sorted());
    assert!(
        examples[0].object.to_string().ends_with("00/00.json"),
        "{}",
        examples[0]
    );
    for threads in [2, 4, 2, 4, 1] {
        assert_eq!(with_threads(threads), one, "{threads} threads");
    }
}

#[test]
fn the_split_over_objects_does_not_matter() {
    let trail = mixed_trail();
    let in_many = take(&trail.iter().map(|(_, bytes)| bytes).collect::<Vec<_>>());
    let records: Vec<_> = trail.into_iter().flat_map(|(records, _)| records).collect();
    let in_one = take(&[object(&records)]);
    let one_each: Vec<_> = records
        .iter()
        .rev()
        .map(|record| object(std::slice::from_ref(record)))
        .collect();
    let one_each = take(&one_each);
    for other in [&in_many, &one_each] {
        assert_eq!(other.activity, in_one.activity);
        assert_eq!(set_aside(other), set_aside(&in_one));
        assert_eq!(
            other.reconciliation.records_read,
            in_one.reconciliation.records_read
        );
    }
}

#[test]
fn the_account_reads_well() {
    let records = [
        call("GetObject", 1),
        record(&json!({"eventTime": "never"})),
        record(&json!({"userIdentity": {"type": "Root"}})),
    ];
    let taken = take(&[object(&records), digest(), b"nonsense".to_vec()]);
    assert_eq!(
        taken.reconciliation.to_string(),
        "1 object read, 1 digest read, 1 FAILED\n\
         3 records = 1 attributed + 2 set aside\n        \
         1  by the account root\n        \
         1  MALFORMED"
    );
    assert_eq!(
        TrailRead::default().reconciliation.to_string(),
        "0 objects read\n0 records = 0 attributed + 0 set aside"
    );
}
