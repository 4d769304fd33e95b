//! Input that is broken, odd or hostile: each is an error or a set-aside that names file, record and
//! reason, and nothing else is lost.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod cut;
mod objects;
mod records;
#[path = "../support/mod.rs"]
mod support;
mod text;

use std::fs;
use std::path::PathBuf;

use advisor_core::Activity;
use cloudtrail_reader::{
    FailedObject, FailureKind, ObjectId, Parser, ReadOptions, TrailRead, TrailReader,
};
use serde_json::json;
use service_catalog::Catalog;

use support::{
    MARIA, actions, call, digest, faults, gzip, lines, lookup, object, object_of, reader, record,
    rows, set_aside, take, take_with,
};

/// Reads an object that holds these records' JSON between two sound records, which must be taken.
/// Returns what was wrong, without the object's name.
#[track_caller]
fn between(records: &[&str]) -> Vec<String> {
    let [first, last] = [call("PutObject", 1), call("ListBuckets", 2)].map(|call| call.to_string());
    let all = [&[first.as_str()], records, &[last.as_str()]].concat();
    let read = take(&[object_of(&all)]);
    let found = actions(&read.activity);
    for expected in ["s3:PutObject", "s3:ListAllMyBuckets"] {
        assert!(found.iter().any(|action| action == expected), "{found:?}");
    }
    assert_eq!(read.reconciliation.records_read, all.len() as u64);
    let faults = faults(&read).into_iter();
    faults
        .map(|fault| fault.strip_prefix("object: ").unwrap().to_owned())
        .collect()
}

/// The sound record as JSON, with one piece of it replaced.
#[track_caller]
fn sound_but(piece: &str, replacement: &str) -> String {
    let sound = record(&json!({})).to_string();
    assert_eq!(sound.matches(piece).count(), 1, "{piece}");
    sound.replace(piece, replacement)
}

/// Only the object fails, by this reason, and nothing of it is taken.
#[track_caller]
fn assert_fails(read: &TrailRead, reason: &str) {
    let reconciliation = &read.reconciliation;
    let [failed] = &*reconciliation.objects_failed else {
        panic!("{reconciliation:?}");
    };
    assert_eq!(failed.to_string(), format!("object: {reason}"));
    assert_eq!(
        (reconciliation.objects_read, reconciliation.records_read),
        (0, 0)
    );
    assert!(reconciliation.has_faults());
    assert!(read.activity.is_empty());
}
