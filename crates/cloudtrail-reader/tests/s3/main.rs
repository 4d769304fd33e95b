//! Listing and reading S3: against moto's server, and against a bucket that fails in every way.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod bucket;
mod listings;
mod moto;
mod reading;
mod requests;
mod settings;
mod threads;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::{Duration, Instant};

use bucket::{Answer, Bucket, Objects, Reply, Request, answer};
use chrono::{DateTime, Utc};
use cloudtrail_reader::s3::{
    EndlessListing, Environment, FetchError, ListError, S3Fault, S3Location, S3Object, S3OpenError,
    S3Options, S3Source,
};
use cloudtrail_reader::{ReadOptions, TrailObject, TrailReader};
use moto::Moto;
use service_catalog::Catalog;

fn keys() -> Environment {
    Environment::new([
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
    ])
}

fn options(endpoint: &str) -> S3Options {
    S3Options::new()
        .environment(keys())
        .endpoint(endpoint.to_owned())
        .retries(3)
        .backoff(Duration::from_millis(1))
        .backoff_limit(Duration::from_millis(2))
}

fn open(location: &str, options: S3Options) -> S3Source {
    S3Source::open(location.parse().unwrap(), options).unwrap()
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    Some(text.parse().unwrap())
}

/// What a listing holds: the keys, and what went wrong.
fn listed(source: &S3Source) -> (BTreeSet<String>, Vec<ListError>) {
    let mut keys = BTreeSet::new();
    let mut errors = Vec::new();
    for object in source.list() {
        match object {
            Ok(object) => assert!(keys.insert(object.key), "listed twice"),
            Err(error) => errors.push(error),
        }
    }
    (keys, errors)
}

type Contents = BTreeMap<String, Result<Vec<u8>, FetchError>>;

/// Lists without a fault, and reads.
fn read(source: &S3Source) -> Contents {
    let fetched = source.fetch_ahead(source.list()).unwrap();
    fetched
        .map(|fetched| fetched.unwrap())
        .map(|fetched| (fetched.object.key, fetched.content))
        .collect()
}

/// Checks that every object could be read.
fn all_whole(contents: Contents) -> Objects {
    contents
        .into_iter()
        .map(|(key, content)| (key, content.unwrap()))
        .collect()
}

fn objects<const N: usize>(objects: [(&str, &str); N]) -> Objects {
    objects
        .map(|(key, content)| (key.to_owned(), content.as_bytes().to_vec()))
        .into()
}

fn set<const N: usize>(keys: [&str; N]) -> BTreeSet<String> {
    keys.map(str::to_owned).into()
}

fn whole(answer: Answer) -> Option<Reply> {
    Some(Reply::Whole(answer))
}

const REGION: &str = "AWSLogs/111122223333/CloudTrail/eu-west-1";

/// A year of two accounts and two regions, and what else lies in such buckets.
fn trail() -> Objects {
    let mut trail = Objects::new();
    for account in ["111122223333", "444455556666"] {
        for region in ["eu-west-1", "us-east-1"] {
            for month in 1..=12 {
                for day in [1, 2, 3, 15, 28] {
                    let key = format!(
                        "AWSLogs/{account}/CloudTrail/{region}/2026/{month:02}/{day:02}/log.json.gz"
                    );
                    let content = format!("{account} {region} {month} {day}");
                    trail.insert(key, content.into_bytes());
                }
            }
        }
        for kind in ["CloudTrail-Insight", "Config"] {
            let key = format!("AWSLogs/{account}/{kind}/eu-west-1/2026/11/02/x.json.gz");
            trail.insert(key, b"x".to_vec());
        }
        trail.insert(format!("AWSLogs/{account}/CloudTrail/"), Vec::new());
    }
    trail
}

/// Three objects, one of which fails: its failure, and the number of requests for it.
fn fetch_with(
    change: impl Fn(&mut S3Options),
    fault: impl Fn(&Request, usize, &mut Objects) -> Option<Reply> + Send + Sync + 'static,
) -> (Result<Vec<u8>, FetchError>, usize) {
    let bucket = Bucket::start(
        objects([("a", "first"), ("bad", "0123456789"), ("c", "third")]),
        1000,
        move |request, before, objects| match request.key.as_str() {
            "bad" => fault(request, before, objects),
            _ => None,
        },
    );
    let mut options = options(&bucket.endpoint);
    change(&mut options);
    let mut contents = read(&open("s3://bucket", options));
    assert_eq!(contents.remove("a").unwrap().unwrap(), b"first");
    assert_eq!(contents.remove("c").unwrap().unwrap(), b"third");
    let requests = bucket.requests();
    let asked = requests.iter().filter(|request| request.key == "bad");
    (contents.remove("bad").unwrap(), asked.count())
}

fn fetch(
    fault: impl Fn(&Request, usize, &mut Objects) -> Option<Reply> + Send + Sync + 'static,
) -> (Result<Vec<u8>, FetchError>, usize) {
    fetch_with(|_| {}, fault)
}

fn said((content, asked): (Result<Vec<u8>, FetchError>, usize)) -> (String, usize) {
    (content.unwrap_err().to_string(), asked)
}

/// Checks that the object was read whole, and returns the number of requests for it.
fn asked_for_whole((content, asked): (Result<Vec<u8>, FetchError>, usize)) -> usize {
    assert_eq!(content.unwrap(), b"0123456789");
    asked
}
