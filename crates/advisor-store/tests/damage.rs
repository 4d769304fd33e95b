//! Damaged stores: each answer is the same as before, or an error that names the place.
//!
//! A store is damaged in many places, each time in a fresh copy: bits are flipped, bytes are set to zero or copied from
//! elsewhere. The places and kinds of damage come from a fixed seed. `ACCESS_ADVISOR_DAMAGED_COPIES` is another number of
//! copies.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod support;

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use advisor_core::{Caller, Granularity, JobId, MaxItems, PageRequest, Tracking};
use advisor_store::{OperationError, Store, StoreError, StoredAdvisor, TrailImportError};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use service_catalog::Catalog;

use support::{at, call, import, reader, write_object};

/// The number of damaged copies, unless the variable says another one.
const VARIANTS: usize = 80;
const VARIANTS_VARIABLE: &str = "ACCESS_ADVISOR_DAMAGED_COPIES";
const USERS: usize = 12;
const PAGE: usize = 4096;

fn arn(user: usize) -> String {
    format!("arn:aws:iam::123456789012:user/of/{}", unique_id(user))
}

fn unique_id(user: usize) -> String {
    format!("AIDA{user:017}")
}

fn now() -> DateTime<Utc> {
    at("2026-11-01T00:00:00Z")
}

fn export() -> [(String, String); 1] {
    let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow",
        "Action": ["s3:*", "sqs:*", "ec2:Describe*", "iam:Get*"], "Resource": "*"}]});
    let users: Vec<Value> = (0..USERS)
        .map(|user| {
            json!({
                "Path": "/of/", "UserName": unique_id(user), "UserId": unique_id(user), "Arn": arn(user),
                "GroupList": [], "AttachedManagedPolicies": [],
                "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}],
            })
        })
        .collect();
    let export = json!({ "UserDetailList": users });
    [("export.json".into(), export.to_string())]
}

fn write_trail(folder: &Path, name: &str, objects: usize) -> PathBuf {
    let folder = folder.join(name);
    for object in 0..objects {
        let records: Vec<Value> = (0..USERS)
            .flat_map(|user| {
                let when = format!(
                    "2026-10-{:02}T0{}:10:{user:02}Z",
                    1 + object % 28,
                    object % 9
                );
                let id = format!("{name}-{object}-{user}");
                [
                    ("s3", "ListBuckets"),
                    ("sqs", "ListQueues"),
                    ("ec2", "DescribeVpcs"),
                ]
                .map(|(source, event)| call(&unique_id(user), source, event, &when, &id))
            })
            .collect();
        write_object(&folder, &format!("{name}{object}"), &records);
    }
    folder
}

/// What is asked of a store.
struct World {
    trail: PathBuf,
    jobs: Vec<JobId>,
}

fn operations(store: Store) -> StoredAdvisor {
    StoredAdvisor::new(Arc::new(store), Catalog::shared(), Tracking::aws())
}

/// A store with every kind of row: two snapshots and two batches, with a job in progress that needs the first ones; completed and
/// failed jobs.
fn make_store(folder: &Path, path: &Path) -> World {
    let first = write_trail(folder, "first", 12);
    let second = write_trail(folder, "second", 4);
    let store = Store::open_or_create(path).unwrap();
    store.import_accounts(&export(), now()).unwrap();
    import(&store, &[&first]);
    let operations = operations(store);
    let caller = Caller::local();
    let mut jobs: Vec<JobId> = (0..4)
        .map(|user| {
            // One has actions; more of them would add nothing but time.
            let level = match user {
                0 => Granularity::Action,
                _ => Granularity::Service,
            };
            operations.generate_completed(&caller, &arn(user), level, now(), now)
        })
        .map(Result::unwrap)
        .collect();
    let error = advisor_core::JobError::new("ServiceFailure", "failed in the test");
    for user in 8..10 {
        let job = operations.generate(&caller, &arn(user), Granularity::Service, now());
        jobs.push(job.unwrap());
    }
    operations.fail_job(&jobs[4], &error, now()).unwrap();
    operations
        .store()
        .import_accounts(&export(), now())
        .unwrap();
    import(operations.store(), &[&second]);
    World {
        trail: second,
        jobs,
    }
}

/// The answer to a question.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Answer {
    Text(String),
    /// An error that says where the store is damaged.
    Damage(String),
}

/// The error when it names the damaged place, else a text that no sound store answers.
fn error(error: &StoreError) -> Answer {
    match error {
        StoreError::Damaged { .. } | StoreError::NotAStore(_) | StoreError::TooNew { .. } => {
            Answer::Damage(error.to_string())
        }
        // SQLite says what it cannot read.
        StoreError::Database { .. } => Answer::Damage(error.to_string()),
        other => Answer::Text(format!("{other:?}")),
    }
}

fn stored<T: Debug>(result: Result<T, StoreError>) -> Answer {
    match result {
        Ok(value) => Answer::Text(format!("{value:?}")),
        Err(fault) => error(&fault),
    }
}

fn operated<T: Debug>(result: Result<T, OperationError>) -> Answer {
    match result {
        Ok(value) => Answer::Text(format!("{value:?}")),
        Err(OperationError::Store(fault)) => error(&fault),
        Err(other) => Answer::Text(other.to_string()),
    }
}

/// Asks everything of a store. An opening that fails is the only answer.
fn ask(path: &Path, world: &World) -> Vec<(String, Answer)> {
    let store = match Store::open(path) {
        Ok(store) => store,
        Err(fault) => return vec![("open".into(), error(&fault))],
    };
    let advisor = operations(store);
    let store = advisor.store();
    let caller = Caller::local();
    let mut answers = Vec::new();
    let mut note = |question: String, answer: Answer| answers.push((question, answer));
    note("accounts".into(), stored(store.accounts()));
    note("catalogs".into(), stored(store.catalogs()));
    let snapshot = store.snapshot(&"123456789012".into());
    note(
        "snapshot".into(),
        stored(snapshot.map(|it| it.map(|it| it.exports.clone()))),
    );
    note("jobs".into(), stored(store.jobs()));
    let by_status = store.jobs_by_status();
    note("by status".into(), stored(by_status));
    note("in progress".into(), stored(store.jobs_in_progress()));
    let get = |job: &JobId| {
        let mut answers = Vec::new();
        let max_items = Some(MaxItems::new(2).unwrap());
        let mut marker: Option<String> = None;
        loop {
            let request = PageRequest::new()
                .max_items(max_items)
                .marker(marker.as_deref());
            let answer = advisor.services(&caller, job.as_str(), request)?;
            let json = serde_json::to_value(&answer).unwrap();
            marker = json["Marker"].as_str().map(str::to_owned);
            let mut shown = json;
            // The marker is sealed with a random number.
            shown.as_object_mut().unwrap().remove("Marker");
            answers.push(shown.to_string());
            if marker.is_none() {
                return Ok(answers);
            }
        }
    };
    let entities = |job: &JobId| {
        let request = PageRequest::default();
        let answer = advisor.entities(&caller, job.as_str(), "s3", request)?;
        Ok(serde_json::to_string(&answer).unwrap())
    };
    for job in &world.jobs {
        note(format!("services of {job}"), operated(get(job)));
        note(format!("entities of {job}"), operated(entities(job)));
    }
    let policies = advisor.policies(&caller, &arn(3), &["s3".into(), "sqs".into()], None);
    note("policies".into(), operated(policies));
    let activity = store.activity_table();
    let rows = activity.map(|activity| {
        let mut rows: Vec<_> = activity.rows().map(|row| format!("{row:?}")).collect();
        rows.sort();
        rows
    });
    note("activity".into(), stored(rows));
    // The job that was left in progress.
    let later = now() + TimeDelta::seconds(1);
    let left = advisor.run_left_jobs(later).map_err(OperationError::from);
    note(
        "left jobs".into(),
        operated(left.and_then(|_| get(&world.jobs[5]))),
    );
    let arn = arn(5);
    let made = advisor.generate_completed(&caller, &arn, Granularity::Service, now(), now);
    note("generate".into(), operated(made.and_then(|job| get(&job))));
    // Everything in it was imported before.
    let imported = store.import_trail(&reader(), &[&world.trail], &|_| ());
    note(
        "import".into(),
        match imported {
            Ok(imported) => Answer::Text(format!(
                "{} known, {} read",
                imported.known, imported.reconciliation.objects_read
            )),
            Err(TrailImportError::Store(fault)) => error(&fault),
            Err(other) => Answer::Text(other.to_string()),
        },
    );
    let activity = store.activity_table();
    note(
        "activity again".into(),
        stored(activity.map(|it| it.rows().map(|row| row.attempts).sum::<u64>())),
    );
    answers
}

/// Random numbers from a fixed seed.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(limit).unwrap()).unwrap()
    }
}

/// Damages a copy, and says how. Half of the places are in the headers of pages, where the structure is.
fn damage(bytes: &mut [u8], variant: usize) -> String {
    let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (variant as u64 + 1));
    for _ in 0..8 {
        random.below(2);
    }
    let length = bytes.len();
    let page = random.below(length / PAGE) * PAGE;
    let place = match variant % 4 {
        0 => page + random.below(48),
        1 if variant % 8 == 1 => random.below(220),
        _ => random.below(length),
    };
    let end = |count: usize| (place + count).min(length);
    match random.below(8) {
        0..=2 => {
            let bit = random.below(8);
            bytes[place] ^= 1 << bit;
            format!("bit {bit} of byte {place} flipped")
        }
        3 => {
            let to = end(1 + random.below(64));
            bytes[place..to].fill(0);
            format!("bytes {place}..{to} zero")
        }
        4 => {
            let (from, to) = (place / 512 * 512, place / 512 * 512 + 512);
            bytes[from..to].fill(0);
            format!("sector {from}..{to} zero")
        }
        5 => {
            let other = random.below(length / PAGE) * PAGE;
            let copy = bytes[other..other + PAGE].to_vec();
            bytes[page..page + PAGE].copy_from_slice(&copy);
            format!("page at {page} is a copy of the one at {other}")
        }
        6 => {
            let count = end(1 + random.below(8)) - place;
            let other = random.below(length - count);
            let copy = bytes[other..other + count].to_vec();
            bytes[place..place + count].copy_from_slice(&copy);
            format!("{count} bytes at {place} are those at {other}")
        }
        _ => {
            let bit = random.below(8);
            let second = random.below(length);
            bytes[place] ^= 1 << bit;
            bytes[second] = bytes[second].wrapping_add(1);
            format!("bit {bit} of byte {place} flipped, byte {second} increased")
        }
    }
}

#[test]
fn a_damaged_store_gives_the_same_answer_or_an_error_that_names_the_place() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("store.db");
    let world = make_store(folder.path(), &path);
    let sound = fs::read(&path).unwrap();
    let expected = {
        let copy = folder.path().join("sound.db");
        fs::write(&copy, &sound).unwrap();
        ask(&copy, &world)
    };
    for (question, answer) in &expected {
        assert!(matches!(answer, Answer::Text(_)), "{question}: {answer:?}");
    }
    let variants = std::env::var(VARIANTS_VARIABLE)
        .map_or(VARIANTS, |number| number.parse().expect(VARIANTS_VARIABLE));
    let (next, same, errors) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let different: Vec<String> = thread::scope(|scope| {
        let work = |thread: usize| {
            let (next, same, errors) = (&next, &same, &errors);
            let (sound, expected, world, folder) = (&sound, &expected, &world, folder.path());
            move || {
                let path = folder.join(format!("damaged{thread}.db"));
                let mut different = Vec::new();
                loop {
                    let variant = next.fetch_add(1, Ordering::Relaxed);
                    if variant >= variants {
                        return different;
                    }
                    let mut bytes = sound.clone();
                    let what = damage(&mut bytes, variant);
                    for suffix in ["-wal", "-shm"] {
                        let _ = fs::remove_file(format!("{}{suffix}", path.display()));
                    }
                    fs::write(&path, &bytes).unwrap();
                    let answers = ask(&path, world);
                    let is_error = |answer: &Answer| matches!(answer, Answer::Damage(_));
                    let wrong = answers.iter().find(|(question, answer)| {
                        let known = expected.iter().find(|(known, _)| known == question);
                        !is_error(answer) && known.is_none_or(|(_, known)| known != answer)
                    });
                    if let Some((question, answer)) = wrong {
                        let mut text = format!("{answer:?}");
                        text.truncate(300);
                        different.push(format!("{variant}: {what}: {question}: {text}"));
                    } else if answers.iter().any(|(_, answer)| is_error(answer)) {
                        errors.fetch_add(1, Ordering::Relaxed);
                    } else {
                        same.fetch_add(1, Ordering::Relaxed);
                    }
                }
            }
        };
        let threads: Vec<_> = (0..4).map(|thread| scope.spawn(work(thread))).collect();
        threads
            .into_iter()
            .flat_map(|thread| thread.join().unwrap())
            .collect()
    });
    println!(
        "{} bytes; {variants} damaged copies: {} same, {} errors, {} different",
        sound.len(),
        same.into_inner(),
        errors.into_inner(),
        different.len()
    );
    assert!(different.is_empty(), "{}", different.join("\n"));
}
