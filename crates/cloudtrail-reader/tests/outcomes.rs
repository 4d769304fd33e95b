//! What became of objects and records, as types: kinds, ids, sources, and the way from one process to another.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::error::Error;
use std::fs;
use std::io;

use chrono::{DateTime, TimeDelta, Utc};
use cloudtrail_reader::{
    FailedObject, FailureKind, ListingError, Malformed, MalformedKind, ObjectId, Parser,
    ReadOptions, Reconciliation, RecordField, SetAside, TrailRead, TrailReader,
};
use serde_json::json;
use service_catalog::Catalog;

use support::{call, digest, gzip, insight, object, reader, record, take, take_with};

#[test]
fn failures_say_their_kind() {
    let whole = gzip(&object(&[call("GetObject", 1)]));
    for (bytes, kind) in [
        (&whole[..whole.len() / 2], FailureKind::Damaged),
        (br#"{"Records": [{]"#, FailureKind::Damaged),
        (b"PAR1, and no Parquet", FailureKind::Damaged),
        (b"", FailureKind::NotCloudTrail),
        (b"{}", FailureKind::NotCloudTrail),
        (b"name,size\na,1\n", FailureKind::NotCloudTrail),
    ] {
        let read = take(&[bytes]);
        let [failed] = &*read.reconciliation.objects_failed else {
            panic!("{read:?}");
        };
        assert_eq!(failed.kind(), kind, "{failed}");
        assert_eq!(*failed.object(), ObjectId::from("object"));
    }
    let small = TrailReader::new(Catalog::shared(), ReadOptions::new().object_limit(10));
    let read = small.read_bytes("large", &whole, &mut advisor_core::Activity::new());
    assert_eq!(read.objects_failed[0].kind(), FailureKind::TooLarge);
}

#[test]
fn errors_keep_their_sources() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone.json");
    let found = reader().read(&[&gone], &|_| ()).unwrap_err();
    let ListingError::Unreadable { path, error } = &found else {
        panic!("{found}");
    };
    assert_eq!((path, error.kind()), (&gone, io::ErrorKind::NotFound));
    assert!(found.source().is_some_and(<dyn Error>::is::<io::Error>));

    let dead = folder.path().join("dead.json");
    std::os::unix::fs::symlink(&gone, &dead).unwrap();
    let read = reader().read(&[folder.path()], &|_| ()).unwrap();
    let [failed] = &*read.reconciliation.objects_failed else {
        panic!("{read:?}");
    };
    assert_eq!(*failed.object(), ObjectId::File(dead));
    assert_eq!(failed.kind(), FailureKind::Unreadable);
    let cause = failed.source().and_then(Error::source).unwrap();
    let cause: &io::Error = cause.downcast_ref().unwrap();
    assert_eq!(cause.kind(), io::ErrorKind::NotFound);
}

/// Two files whose names differ only in bytes that are not UTF-8 look alike and are not the same.
#[test]
fn ids_tell_apart_what_looks_alike() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    let folder = tempfile::tempdir().unwrap();
    let names: [&[u8]; 2] = [b"a\xff.json", b"a\xfe.json"];
    let paths = names.map(|name| folder.path().join(OsStr::from_bytes(name)));
    for path in &paths {
        if fs::write(path, "nonsense").is_err() {
            eprintln!("skipped: this file system takes UTF-8 names only");
            return;
        }
    }
    let read = reader().read(&[folder.path()], &|_| ()).unwrap();
    let [one, other] = &*read.reconciliation.objects_failed else {
        panic!("{read:?}");
    };
    assert_eq!(one.to_string(), other.to_string());
    assert_ne!(one.object(), other.object());
}

/// A trail with something of everything.
fn mixed() -> TrailRead {
    let broken = record(&json!({ "eventTime": null }));
    let service = record(&json!({"userIdentity": {"type": "AWSService"}}));
    let unknown = record(&json!({"userIdentity": {"type": "SAMLUser"}}));
    take(&[
        object(&[call("GetObject", 1), broken, service, unknown]),
        object(&[insight()]),
        digest(),
        b"nonsense".to_vec(),
        b"\x1f\x8b\x08 cut".to_vec(),
    ])
}

#[test]
fn malformed_records_are_typed_and_counted_by_kind() {
    let reconciliation = mixed().reconciliation;
    let [example] = &*reconciliation.examples else {
        panic!("{reconciliation:?}");
    };
    assert_eq!(
        example.malformed,
        Malformed::Missing(RecordField::EventTime)
    );
    assert_eq!(example.record, 2);
    let kind = SetAside::Malformed(MalformedKind::Missing);
    assert_eq!(reconciliation.set_aside_by_reason[&kind], 1);
    let not_json = take(&[b"{\"eventName\": \"GetObject\"}\n{\"eventName\": 7}\n"]);
    let Malformed::Json { line, column, .. } = &not_json.reconciliation.examples[1].malformed
    else {
        panic!("{not_json:?}");
    };
    assert_eq!((*line, *column), (1, 15));
}

#[test]
fn reconciliations_go_from_process_to_process() {
    let here = mixed().reconciliation;
    let text = serde_json::to_string(&here).unwrap();
    let there: Reconciliation = serde_json::from_str(&text).unwrap();
    assert_eq!(there, here);
    assert_eq!(there.to_string(), here.to_string());
    let (mut one, mut other) = (here.clone(), there);
    one.merge(Reconciliation::default());
    one.merge(here.clone());
    other.merge(here);
    assert_eq!(one, other);
    assert!(one.adds_up());
}

#[test]
fn failures_of_others_can_be_told() {
    let failed = FailedObject::new(
        ObjectId::S3 {
            bucket: "trail".into(),
            key: "a.json".into(),
        },
        FailureKind::Unreadable,
        io::Error::other("no permission"),
    );
    assert_eq!(failed.to_string(), "s3://trail/a.json: no permission");
}

#[test]
fn records_from_the_future_do_not_count() {
    let at = |time: &str| record(&json!({ "eventTime": time }));
    let (possible, future) = (at("2026-10-02T00:00:00Z"), at("2026-10-02T00:00:01Z"));
    for parser in [Parser::Projected, Parser::Reference] {
        let now = "2026-10-01T00:00:00Z".parse::<DateTime<Utc>>().unwrap();
        let options = ReadOptions::new().now(now).until(now + TimeDelta::days(99));
        let reader = TrailReader::new(Catalog::shared(), options.parser(parser));
        let read = take_with(
            &reader,
            &[
                object(&[possible.clone(), future.clone()]),
                object(std::slice::from_ref(&future)),
            ],
        );
        let reconciliation = &read.reconciliation;
        assert_eq!(reconciliation.records_attributed, 1);
        assert_eq!(reconciliation.records_from_the_future(), 2);
        assert_eq!(
            reconciliation.set_aside_by_reason,
            [(SetAside::FromTheFuture, 2)].into()
        );
        assert!(reconciliation.has_faults() && !reconciliation.is_empty());
        assert_eq!(
            reconciliation.objects_unusable,
            [ObjectId::from("object")],
            "the second one"
        );
        let newest = read.activity.newest().unwrap();
        assert_eq!(newest, now + TimeDelta::days(1));
        let days = read.activity.coverage().covered_days("111122223333");
        assert_eq!(days.iter().count(), 1);
        // Without a clock, every time is believed.
        let options = ReadOptions::new().parser(parser);
        let believing = TrailReader::new(Catalog::shared(), options);
        let read = take_with(&believing, &[object(std::slice::from_ref(&future))]);
        assert_eq!(read.reconciliation.records_attributed, 1);
    }
}

#[test]
fn objects_without_a_usable_record_are_listed() {
    let malformed = json!({"eventTime": 1});
    let service = record(&json!({"eventType": "AwsServiceEvent"}));
    for (records, is_unusable) in [
        (vec![malformed.clone()], true),
        (vec![malformed.clone(), json!(7)], true),
        (vec![malformed.clone(), service], false),
        (vec![malformed, call("GetObject", 1)], false),
        (vec![], false),
    ] {
        let read = take(&[object(&records)]);
        let unusable = &read.reconciliation.objects_unusable;
        assert_eq!(!unusable.is_empty(), is_unusable, "{records:?}");
        assert_eq!(read.reconciliation.objects_read, 1);
    }
}

/// Records name types and sources, and so could fill the memory with reasons, and a terminal.
#[test]
fn reasons_are_of_a_bounded_number() {
    let of = |numbers: &mut dyn Iterator<Item = usize>| {
        let mut records = vec![record(&json!({"userIdentity": {"type": "Root"}}))];
        for number in numbers {
            records.push(record(&json!({"eventType": format!("Type{number:05}")})));
            records.push(record(
                &json!({"eventSource": format!("s{number:05}.example.com")}),
            ));
            let kind = json!({"type": format!("Kind{number:05}")});
            records.push(record(&json!({ "userIdentity": kind })));
        }
        records.push(record(&json!({"eventType": "AwsVpceEvent"})));
        take(&[object(&records)]).reconciliation
    };
    let many = 2_000;
    let all = of(&mut (0..many));
    assert!(all.adds_up());
    assert_eq!(all.set_aside_by_reason.len(), 1_000);
    let others = SetAside::NotAws("(others)".into());
    assert!(all.set_aside_by_reason[&others] > 1_000, "{all}");
    assert_eq!(
        all.set_aside_by_reason[&SetAside::NotAnApiCall("AwsVpceEvent".into())],
        1
    );
    let lines = all.to_string().lines().count();
    assert!(lines < 60, "{lines}");
    assert!(all.to_string().contains(" other reasons"), "{all}");

    // Whatever the order and the parts.
    assert_eq!(of(&mut (0..many).rev()), all);
    let mut parts = of(&mut (0..many).filter(|number| number % 2 == 1));
    parts.merge(of(&mut (0..many).filter(|number| number % 2 == 0)));
    let mut twice = [all.clone(), all].into_iter();
    let one = twice.next().unwrap();
    let names = |it: &Reconciliation| it.set_aside_by_reason.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&parts), names(&one));
}
