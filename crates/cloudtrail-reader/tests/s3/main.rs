//! Listing and reading S3: against moto's server, and against a bucket that fails in every way.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod bucket;
mod moto;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::time::{Duration, Instant};

use bucket::{Answer, Bucket, Objects, Reply, Request, answer};
use chrono::{DateTime, Utc};
use cloudtrail_reader::s3::{
    Environment, FetchError, ListError, S3Fault, S3Location, S3Object, S3OpenError, S3Options,
    S3Source,
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
    let mut options = S3Options::default();
    options.environment = keys();
    options.endpoint = Some(endpoint.to_owned());
    options.retries = 3;
    options.backoff = Duration::from_millis(1);
    options.backoff_limit = Duration::from_millis(2);
    options
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
        for kind in ["CloudTrail-Digest", "CloudTrail-Insight", "Config"] {
            let key = format!("AWSLogs/{account}/{kind}/eu-west-1/2026/11/02/x.json.gz");
            trail.insert(key, b"x".to_vec());
        }
        trail.insert(format!("AWSLogs/{account}/CloudTrail/"), Vec::new());
    }
    trail
}

fn is_log(key: &&String) -> bool {
    key.ends_with("log.json.gz")
}

#[test]
fn moto_lists_and_reads_a_trail_and_asks_for_no_other_days() {
    let Some(moto) = Moto::start() else {
        return;
    };
    let trail = trail();
    let mut puts = vec![("trail".to_owned(), Vec::new())];
    for (key, content) in &trail {
        puts.push((format!("trail/org/{key}"), content.clone()));
    }
    moto.put(&puts);
    // The endpoint as AWS's tools take it from the environment.
    let options = {
        let mut options = options("");
        options.environment = Environment::new([
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_SESSION_TOKEN", "test"),
            ("AWS_DEFAULT_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL_S3", &moto.endpoint()),
        ]);
        options.endpoint = None;
        options
    };

    let source = open("s3://trail", options.clone());
    let contents = read(&source);
    let expected: Contents = trail
        .iter()
        .filter(|(key, _)| is_log(key))
        .map(|(key, content)| (format!("org/{key}"), Ok(content.clone())))
        .collect();
    assert_eq!(contents, expected);
    let object = source.list().next().unwrap().unwrap();
    assert_eq!(
        object.size as usize,
        contents[&object.key].as_ref().unwrap().len()
    );
    assert!(object.etag.is_some());
    assert_eq!(object.to_string(), format!("s3://trail/{}", object.key));

    moto.listings();
    let source = open("s3://trail/org/", {
        let mut options = options.clone();
        options.since = time("2026-10-28T23:00:00Z");
        options.until = time("2026-12-01T10:00:00Z");
        options
    });
    let days = [
        "10/28", "11/01", "11/02", "11/03", "11/15", "11/28", "12/01", "12/02",
    ];
    let expected: BTreeSet<String> = trail
        .keys()
        .filter(is_log)
        .filter(|key| days.iter().any(|day| key.contains(&format!("2026/{day}/"))))
        .map(|key| format!("org/{key}"))
        .collect();
    assert_eq!(listed(&source), (expected, vec![]));
    // The levels on the way down; then, of each region, one month at once and two by their days.
    let mut asked: BTreeSet<String> = set(["", "AWSLogs/"]);
    for account in ["AWSLogs/111122223333/", "AWSLogs/444455556666/"] {
        asked.extend([account.to_owned(), format!("{account}CloudTrail/")]);
        for region in ["eu-west-1/", "us-east-1/"] {
            let days = "2026/ 2026/10/ 2026/10/28/ 2026/11/ 2026/12/ 2026/12/01/ 2026/12/02/";
            let region = format!("{account}CloudTrail/{region}");
            asked.extend(days.split(' ').map(|day| format!("{region}{day}")));
            asked.insert(region);
        }
    }
    let asked: Vec<String> = asked.iter().map(|below| format!("org/{below}")).collect();
    assert_eq!(moto.listings(), asked);

    // From anywhere inside the layout, and an object by its name.
    for (below, many) in [
        (REGION, 60),
        ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11", 5),
        ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/02/", 1),
        (
            "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/11/02/log.json.gz",
            1,
        ),
        ("AWSLogs/111122223333/Config/", 1),
    ] {
        let source = open(&format!("s3://trail/org/{below}"), options.clone());
        let (keys, errors) = listed(&source);
        assert_eq!((keys.len(), errors), (many, vec![]), "{below}");
    }
    let outside = open(&format!("s3://trail/org/{REGION}/2026/11"), {
        let mut options = options;
        options.since = time("2026-12-01T00:00:00Z");
        options
    });
    assert!(matches!(
        listed(&outside).1.as_slice(),
        [ListError::Empty {
            is_in_window: true,
            ..
        }]
    ));
}

#[test]
fn moto_pages_and_has_keys_of_all_kinds() {
    let Some(moto) = Moto::start() else {
        return;
    };
    let mut keys: BTreeSet<String> = (0..1100)
        .map(|number| format!("many/{number:04}"))
        .collect();
    keys.extend(set([
        "many//b",
        "many/ü & <é> + %2F",
        "many/folder/x",
        "many/~!'()*;:@=",
    ]));
    let mut puts = vec![
        ("odd.names".to_owned(), Vec::new()),
        ("empty".to_owned(), Vec::new()),
    ];
    puts.push(("odd.names/many/folder/".to_owned(), Vec::new()));
    for key in &keys {
        puts.push((format!("odd.names/{key}"), key.clone().into_bytes()));
    }
    moto.put(&puts);

    let contents = read(&open("s3://odd.names/", options(&moto.endpoint())));
    let expected: Contents = keys
        .iter()
        .map(|key| (key.clone(), Ok(key.clone().into_bytes())))
        .collect();
    assert_eq!(contents, expected);

    let (keys, errors) = listed(&open("s3://empty", options(&moto.endpoint())));
    assert!(keys.is_empty());
    assert_eq!(
        errors[0].to_string(),
        "s3://empty/: there is no object to read"
    );
    let (keys, errors) = listed(&open("s3://nobody/x", options(&moto.endpoint())));
    assert!(keys.is_empty());
    assert_eq!(errors.len(), 1);
    assert_eq!(
        errors[0].to_string(),
        "s3://nobody/x: could not be listed: S3 says 404 NoSuchBucket: \
         The specified bucket does not exist"
    );
}

/// Three objects, one of which fails: what is said of it, after so many requests for it.
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
    assert_eq!(contents.remove("a"), Some(Ok(b"first".to_vec())));
    assert_eq!(contents.remove("c"), Some(Ok(b"third".to_vec())));
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

fn ok() -> Result<Vec<u8>, FetchError> {
    Ok(b"0123456789".to_vec())
}

#[test]
fn what_is_refused_for_good_is_asked_for_once() {
    let denied = fetch(|_, _, _| whole(Answer::error(403, "AccessDenied")));
    assert_eq!(
        said(denied),
        ("S3 says 403 AccessDenied: Told to.".into(), 1)
    );
    let gone = fetch(|_, _, _| whole(Answer::error(404, "NoSuchKey")));
    assert_eq!(gone, (Err(FetchError::Gone), 1));
    let nameless = fetch(|_, _, _| whole(Answer::new(400, "what?")));
    assert_eq!(said(nameless), ("S3 says 400 ".into(), 1));
}

#[test]
fn what_passes_is_asked_for_again() {
    for (status, code) in [
        (500, "InternalError"),
        (503, "SlowDown"),
        (429, ""),
        (400, "RequestTimeout"),
    ] {
        let passing = fetch(move |_, before, _| {
            (before < 3).then(|| Reply::Whole(Answer::error(status, code)))
        });
        assert_eq!(passing, (ok(), 4), "{code}");
    }
    let forever = fetch(|_, _, _| whole(Answer::error(500, "InternalError")));
    let words = "S3 says 500 InternalError: Told to. (tried 4 times)";
    assert_eq!(said(forever), (words.into(), 4));
}

#[test]
fn a_silent_server_is_not_waited_for() {
    let short = |options: &mut S3Options| {
        options.timeout = Duration::from_millis(200);
        options.retries = 1;
    };
    let once = fetch_with(short, |_, before, _| {
        (before == 0).then_some(Reply::Silence)
    });
    assert_eq!(once, (ok(), 2));
    let forever = fetch_with(short, |_, _, _| Some(Reply::Silence));
    assert_eq!(
        said(forever),
        ("no answer in time (tried 2 times)".into(), 2)
    );
}

#[test]
fn a_body_that_is_cut_off_is_read_on_from_there() {
    let cut_at = |at: usize| {
        move |request: &Request, objects: &mut Objects| {
            Some(Reply::Cut(answer(request, objects, 0), at))
        }
    };
    let (first, second) = (cut_at(4), cut_at(3));
    let read_on = fetch(move |request, _, objects| match request.header("range") {
        "" => first(request, objects),
        "bytes=4-9" => second(request, objects),
        "bytes=7-9" => None,
        other => panic!("{other}"),
    });
    assert_eq!(read_on, (ok(), 3));

    let nothing = cut_at(0);
    let (content, asked) = fetch(move |request, _, objects| nothing(request, objects));
    assert_eq!(asked, 4);
    let Err(FetchError::Failed(failure)) = content else {
        panic!("{content:?}");
    };
    assert_eq!(failure.attempts, 4);
    assert!(
        matches!(
            failure.fault,
            S3Fault::Cut {
                taken: 0,
                size: 10,
                ..
            }
        ),
        "{failure}"
    );
}

#[test]
fn a_server_that_ignores_ranges_is_understood() {
    let whole_again = fetch(|request, before, objects| {
        let mut whole = request.clone();
        whole.headers.remove("range");
        let answer = answer(&whole, objects, 0);
        Some(match before {
            0 if request.header("range").is_empty() => Reply::Cut(answer, 4),
            _ => Reply::Whole(answer),
        })
    });
    assert_eq!(whole_again, (ok(), 2));
}

#[test]
fn an_object_that_changes_between_listing_and_reading_is_not_taken() {
    let vanishes = fetch(|request, _, objects| {
        objects.remove(&request.key);
        None
    });
    assert_eq!(vanishes, (Err(FetchError::Gone), 1));
    let grows = fetch(|request, _, objects| {
        objects.get_mut(&request.key).unwrap().push(b'!');
        None
    });
    assert_eq!(grows, (Err(FetchError::Changed), 1));
    // While it is read.
    let in_between = fetch(|request, before, objects| {
        if before == 0 && request.header("range").is_empty() {
            return Some(Reply::Cut(answer(request, objects, 0), 5));
        }
        objects.insert(request.key.clone(), b"abcdefghij".to_vec());
        None
    });
    assert_eq!(in_between, (Err(FetchError::Changed), 2));
    // A server that does not know If-Match: its ETag tells.
    let unconditional = fetch(|request, _, objects| {
        objects.insert(request.key.clone(), b"abcdefghij".to_vec());
        let mut request = request.clone();
        request.headers.remove("if-match");
        whole(answer(&request, objects, 0))
    });
    assert_eq!(unconditional, (Err(FetchError::Changed), 1));
    // Nor ETags: the size tells.
    let shrinks = fetch(|_, _, _| whole(Answer::new(200, "01234")));
    assert_eq!(shrinks, (Err(FetchError::Changed), 1));
}

#[test]
fn a_large_object_is_read_in_parts() {
    let content: Vec<u8> = (0..=255).cycle().take(100_001).collect();
    let expected = content.clone();
    let bucket = Bucket::start(
        [("large".to_owned(), content)].into(),
        1000,
        |request, _, objects| match request.header("range") {
            "bytes=20000-29999" => Some(Reply::Cut(answer(request, objects, 0), 5_000)),
            _ => None,
        },
    );
    let options = {
        let mut options = options(&bucket.endpoint);
        options.part_bytes = 10_000;
        // Smaller than the object: it is read alone.
        options.ahead_bytes = 2048;
        options.concurrency = 4;
        options
    };
    let contents = read(&open("s3://bucket/", options));
    assert_eq!(contents["large"].as_deref(), Ok(expected.as_slice()));
    let requests = bucket.requests();
    let parts: Vec<_> = requests
        .iter()
        .filter(|request| !request.is_list())
        .collect();
    assert_eq!(parts.len(), 11 + 1);
    assert!(
        parts
            .iter()
            .all(|part| part.headers.contains_key("if-match"))
    );
    let ranges: BTreeSet<_> = parts.iter().map(|part| part.header("range")).collect();
    assert!(ranges.contains("bytes=25000-29999"));
    assert!(ranges.contains("bytes=100000-100000"));
}

#[test]
fn a_large_object_that_changes_between_its_parts_is_not_taken() {
    let bucket = Bucket::start(
        [("large".to_owned(), vec![1; 100_000])].into(),
        1000,
        |request, _, objects| {
            if request.header("range") == "bytes=50000-59999" {
                objects.insert("large".into(), vec![2; 100_000]);
            }
            None
        },
    );
    let options = {
        let mut options = options(&bucket.endpoint);
        options.part_bytes = 10_000;
        options
    };
    let contents = read(&open("s3://bucket/", options));
    assert_eq!(contents["large"], Err(FetchError::Changed));
}

#[test]
fn an_object_beyond_the_limit_is_named_and_not_read() {
    let bucket = Bucket::start(
        objects([("small", "x"), ("large", "xyz"), ("none", "")]),
        1000,
        |request, _, _| (request.key == "large").then(|| panic!("it is read")),
    );
    let options = {
        let mut options = options(&bucket.endpoint);
        options.object_limit = 2;
        options
    };
    let contents = read(&open("s3://bucket", options));
    assert_eq!(
        contents["large"],
        Err(FetchError::TooLarge { size: 3, limit: 2 })
    );
    assert_eq!(contents["small"], Ok(b"x".to_vec()));
    assert_eq!(contents["none"], Ok(Vec::new()));
}

#[test]
fn a_key_that_http_would_take_for_another_is_not_asked_for() {
    let bucket = Bucket::start(objects([("a/../b", "x"), ("b", "y")]), 1000, |_, _, _| None);
    let contents = read(&open("s3://bucket", options(&bucket.endpoint)));
    assert_eq!(contents["a/../b"], Err(FetchError::DotInKey));
    assert_eq!(contents["b"], Ok(b"y".to_vec()));
}

#[test]
fn a_part_of_the_listing_that_fails_is_named_and_the_rest_is_there() {
    type ListFault = fn(&Request, &Objects) -> Reply;
    let faults: [(ListFault, &str, usize); 4] = [
        (
            |_, _| Reply::Whole(Answer::error(403, "AccessDenied")),
            "S3 says 403 AccessDenied: Told to.",
            1,
        ),
        (
            |_, _| Reply::Whole(Answer::error(500, "InternalError")),
            "S3 says 500 InternalError: Told to. (tried 4 times)",
            4,
        ),
        (
            |request, objects| Reply::Cut(answer(request, objects, 1000), 50),
            "no connection: ",
            4,
        ),
        (
            |request, objects| {
                let mut answer = answer(request, objects, 1000);
                answer.body.truncate(answer.body.len() - 20);
                Reply::Whole(answer)
            },
            "a malformed answer: ",
            4,
        ),
    ];
    for (fault, words, attempts) in faults {
        let bad = "AWSLogs/444455556666/CloudTrail/us-east-1/";
        let bucket = Bucket::start(trail(), 1000, move |request, _, objects| {
            (request.is_list() && request.prefix() == bad).then(|| fault(request, objects))
        });
        let source = open("s3://bucket/", options(&bucket.endpoint));
        let (objects, errors): (Vec<_>, Vec<_>) = source
            .fetch_ahead(source.list())
            .unwrap()
            .partition(Result::is_ok);
        assert_eq!(objects.len(), 180);
        let errors: Vec<_> = errors.into_iter().filter_map(Result::err).collect();
        assert_eq!(errors.len(), 1);
        let said = errors[0].to_string();
        let place = format!("s3://bucket/{bad}: could not be listed: {words}");
        assert!(said.starts_with(&place), "{said}");
        let requests = bucket.requests();
        let asked = requests
            .iter()
            .filter(|request| request.is_list() && request.prefix() == bad);
        assert_eq!(asked.count(), attempts);
    }
}

#[test]
fn a_listing_recovers_and_does_not_repeat_itself() {
    let bucket = Bucket::start(trail(), 7, |request, before, objects| {
        let broken = answer(request, objects, 7);
        (request.is_list() && before == 0).then_some(Reply::Cut(broken, 60))
    });
    let (keys, errors) = listed(&open("s3://bucket/", options(&bucket.endpoint)));
    assert_eq!((keys.len(), errors), (240, vec![]));
}

#[test]
fn a_listing_that_does_not_advance_ends() {
    let bucket = Bucket::start(trail(), 7, |request, _, objects| {
        let mut request = request.clone();
        if request.is_list() && request.query.contains_key("continuation-token") {
            request
                .query
                .insert("continuation-token".into(), format!("{REGION}/2026/01"));
            request.query.insert("prefix".into(), String::new());
        }
        request
            .is_list()
            .then(|| Reply::Whole(answer(&request, objects, 1)))
    });
    let location = format!("s3://bucket/{REGION}/");
    let (_, errors) = listed(&open(&location, options(&bucket.endpoint)));
    assert!(
        errors[0].to_string().contains("does not advance"),
        "{errors:?}"
    );
}

#[test]
fn a_listing_that_loses_its_second_page_says_so() {
    let bucket = Bucket::start(
        objects([("x/1", ""), ("x/2", ""), ("x/3", "")]),
        2,
        |request, _, _| {
            let more = request.query.contains_key("continuation-token");
            more.then(|| Reply::Whole(Answer::error(403, "AccessDenied")))
        },
    );
    // Whole: above AWSLogs/ a long level is listed at once.
    let (keys, errors) = listed(&open("s3://bucket/x", options(&bucket.endpoint)));
    assert_eq!(keys, set(["x/1", "x/2"]));
    assert_eq!(errors.len(), 1);
}

#[test]
fn a_prefix_names_whole_folders_or_one_object() {
    let bucket = Bucket::start(
        objects([
            ("logs", "1"),
            ("logs/a", "2"),
            ("logs-old/b", "3"),
            ("logs//c", "4"),
        ]),
        1000,
        |_, _, _| None,
    );
    let keys = |location| listed(&open(location, options(&bucket.endpoint))).0;
    assert_eq!(keys("s3://bucket/logs"), set(["logs", "logs/a", "logs//c"]));
    assert_eq!(keys("s3://bucket/logs/"), set(["logs/a", "logs//c"]));
    assert_eq!(keys("s3://bucket/logs-old/b"), set(["logs-old/b"]));
    let (_, errors) = listed(&open("s3://bucket/log", options(&bucket.endpoint)));
    assert!(matches!(errors.as_slice(), [ListError::Empty { .. }]));
}

#[test]
fn a_bucket_of_another_region_is_asked_there() {
    let bucket = Bucket::start(objects([("a", "x")]), 1000, |request, _, _| {
        let in_region = request.header("authorization").contains("/ap-south-2/s3/");
        let mut moved = Answer::error(301, "PermanentRedirect");
        moved
            .headers
            .push(("x-amz-bucket-region", "ap-south-2".into()));
        (!in_region).then_some(Reply::Whole(moved))
    });
    let contents = read(&open("s3://bucket", options(&bucket.endpoint)));
    assert_eq!(contents["a"], Ok(b"x".to_vec()));
    assert_eq!(bucket.requests().len(), 3);
}

#[test]
fn no_more_is_read_ahead_than_the_memory_allows() {
    let objects: Objects = (0..40)
        .map(|number| (format!("{number:02}"), vec![0; 10_240]))
        .collect();
    let bucket = Bucket::start(objects, 1000, |_, _, _| None);
    let options = {
        let mut options = options(&bucket.endpoint);
        options.ahead_bytes = 3 * 10_240;
        options
    };
    let source = open("s3://bucket", options);
    let listed: Vec<S3Object> = source.list().map(Result::unwrap).collect();
    let listings = bucket.requests().len();
    let fetched = source.fetch_ahead(listed.into_iter().map(Ok)).unwrap();
    let mut given = 0;
    for fetched in fetched {
        assert_eq!(fetched.unwrap().content.unwrap().len(), 10_240);
        given += 1;
        let asked = bucket.requests().len() - listings;
        assert!(asked <= given + 3, "{asked} asked for, {given} given");
    }
    assert_eq!(given, 40);
}

#[test]
fn several_threads_take_each_object_once() {
    let objects: Objects = (0..300)
        .map(|number| (format!("{number:03}"), vec![0; 100]))
        .collect();
    let expected: Vec<String> = objects.keys().cloned().collect();
    let bucket = Bucket::start(objects, 1000, |_, _, _| None);
    let source = open("s3://bucket", options(&bucket.endpoint));
    let fetched = source.fetch_ahead(source.list()).unwrap();
    let threads: Vec<_> = (0..4)
        .map(|_| {
            let fetched = fetched.clone();
            std::thread::spawn(move || {
                fetched
                    .map(|fetched| fetched.unwrap().object.key)
                    .collect::<Vec<_>>()
            })
        })
        .collect();
    drop((fetched, source));
    let mut keys: Vec<String> = threads
        .into_iter()
        .flat_map(|thread| thread.join().unwrap())
        .collect();
    keys.sort();
    assert_eq!(keys, expected);
}

/// As many as the pool has, however many processors there are.
#[test]
fn all_threads_of_the_pool_read_a_bucket() {
    const THREADS: usize = 7;
    let objects: Objects = (0..THREADS)
        .map(|number| (number.to_string(), br#"{"Records":[]}"#.to_vec()))
        .collect();
    let bucket = Bucket::start(objects, 1000, |_, _, _| None);
    let source = Arc::new(open("s3://bucket", options(&bucket.endpoint)));
    let listed = source.list().map(|object| {
        Ok(TrailObject::S3 {
            source: source.clone(),
            object: object.unwrap(),
        })
    });
    let pool = rayon::ThreadPoolBuilder::new().num_threads(THREADS).build();
    let reader = TrailReader::new(Catalog::shared(), ReadOptions::default());
    // Each waits for the others: one thread cannot take two objects.
    let (arrived, all) = (Mutex::new(0), Condvar::new());
    let read = pool.unwrap().install(|| {
        reader.read_objects(listed, &|_| {
            let mut arrived = arrived.lock().unwrap();
            *arrived += 1;
            all.notify_all();
            let patience = Duration::from_secs(20);
            let (arrived, waited) = all
                .wait_timeout_while(arrived, patience, |arrived| *arrived < THREADS)
                .unwrap();
            assert!(!waited.timed_out(), "{arrived} threads read");
        })
    });
    assert_eq!(read.reconciliation.objects_read, THREADS as u64);
}

/// A server that takes connections and says nothing, with all the patience that there is by default.
#[test]
fn stopping_does_not_wait_for_an_answer() {
    for silent_listing in [true, false] {
        let objects = objects([("a", "1"), ("b", "2")]);
        let (silent, is_silent) = mpsc::channel();
        let bucket = Bucket::start(objects, 1000, move |request, _, _| {
            let is_met = silent_listing || !request.key.is_empty();
            is_met.then(|| {
                let _ = silent.send(());
                Reply::Silence
            })
        });
        let patient = {
            let mut options = options(&bucket.endpoint);
            options.timeout = Duration::from_secs(600);
            options
        };
        let stop = patient.stop.clone();
        let source = open("s3://bucket", patient);
        let stopper = std::thread::spawn(move || {
            is_silent.recv().unwrap();
            stop.store(true, Ordering::Relaxed);
        });
        let start = Instant::now();
        assert_eq!(source.fetch_ahead(source.list()).unwrap().count(), 0);
        let took = start.elapsed();
        assert!(took < Duration::from_secs(60), "{took:?}");
        stopper.join().unwrap();
    }
}

#[test]
fn nothing_goes_on_when_nobody_takes_the_objects() {
    let objects: Objects = (0..50)
        .map(|number| (format!("{number:02}"), vec![0; 5_000]))
        .collect();
    let bucket = Bucket::start(objects, 10, |request, _, _| {
        (!request.is_list() && request.key != "00").then_some(Reply::Silence)
    });
    let source = open("s3://bucket", options(&bucket.endpoint));
    let (alive, gone) = mpsc::channel::<()>();
    let objects = source.list().inspect(move |_| {
        let _ = &alive;
    });
    let mut fetched = source.fetch_ahead(objects).unwrap();
    assert_eq!(fetched.next().unwrap().unwrap().object.key, "00");
    drop(fetched);
    // The listing was dropped: the thread that took from it ended.
    assert_eq!(
        gone.recv_timeout(Duration::from_secs(60)),
        Err(mpsc::RecvTimeoutError::Disconnected)
    );
}

#[test]
#[should_panic(expected = "the listing broke")]
fn a_panic_in_the_listing_is_not_taken_for_its_end() {
    let bucket = Bucket::start(objects([("a", "x")]), 1000, |_, _, _| None);
    let source = open("s3://bucket", options(&bucket.endpoint));
    let broken = source.list().map(|_| panic!("the listing broke"));
    source.fetch_ahead(broken).unwrap().for_each(drop);
}

#[test]
fn locations_are_checked() {
    let location: S3Location = "s3://my-bucket/a/b/".parse().unwrap();
    assert_eq!(
        (location.bucket.as_str(), location.prefix.as_str()),
        ("my-bucket", "a/b/")
    );
    assert_eq!(location.to_string(), "s3://my-bucket/a/b/");
    let prefix = |text: &str| text.parse::<S3Location>().unwrap().prefix;
    assert_eq!(prefix("s3://bucket"), "");
    assert_eq!(prefix("S3://bucket//a"), "/a");
    for wrong in [
        "bucket/x",
        "s3:/bucket",
        "s3://",
        "s3:///x",
        "s3://a",
        "s3://b@d/x",
        "s3://bücket",
        "s3://b..c",
        "s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/x",
        "é",
    ] {
        let error = wrong.parse::<S3Location>().unwrap_err();
        assert!(error.to_string().starts_with(wrong), "{error}");
    }
}

#[test]
fn credentials_come_from_a_profile_too() {
    let home = tempfile::tempdir().unwrap();
    let file = |name: &str| home.path().join(name).display().to_string();
    let bucket = Bucket::start(objects([("a", "x")]), 1000, |request, _, _| {
        let is_signed = request
            .header("authorization")
            .contains("Credential=AKIDEXAMPLE/")
            && request.header("authorization").contains("/eu-north-1/s3/")
            && request.header("x-amz-security-token") == "token";
        (!is_signed).then(|| Reply::Whole(Answer::error(403, "SignatureDoesNotMatch")))
    });
    let config = format!(
        "[default]\nregion = us-west-2\n[profile audit]\nregion=eu-north-1\nendpoint_url = {}\ns3 =\n  \
         max_concurrent_requests = 20\n[profile single]\nsso_session = x\n",
        bucket.endpoint
    );
    std::fs::write(file("config"), config).unwrap();
    let credentials = "# made by hand\n[default]\naws_access_key_id = OTHER\n\n[audit]\n\
         aws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = s/e+c=\naws_session_token = token\n";
    std::fs::write(file("credentials"), credentials).unwrap();
    let with = |profile: &str, more: &[(&str, &str)]| {
        let mut variables = vec![
            ("AWS_CONFIG_FILE", file("config")),
            ("AWS_SHARED_CREDENTIALS_FILE", file("credentials")),
            ("AWS_PROFILE", profile.to_owned()),
        ];
        variables.extend(
            more.iter()
                .map(|(name, value)| (*name, (*value).to_owned())),
        );
        let options = {
            let mut options = options("");
            options.environment = Environment::new(variables);
            options.endpoint = None;
            options
        };
        S3Source::open("s3://bucket".parse().unwrap(), options)
    };
    let contents = read(&with("audit", &[]).unwrap());
    assert_eq!(contents["a"], Ok(b"x".to_vec()));
    let said = |opened: Result<S3Source, S3OpenError>| opened.err().unwrap().to_string();
    assert_eq!(
        said(with("nobody", &[])),
        "AWS_PROFILE: there is no profile nobody"
    );
    assert!(said(with("single", &[])).contains("export-credentials --profile single"));
    let half = with("", &[("AWS_ACCESS_KEY_ID", "x")]);
    assert!(said(half).starts_with("no AWS credentials: "));
    let none = with("", &[("AWS_EC2_METADATA_DISABLED", "true")]);
    assert!(said(none).contains("set AWS_ACCESS_KEY_ID"));
    assert!(!format!("{:?}", keys()).contains("test"));
}

#[test]
fn settings_that_cannot_be_used_are_said() {
    let said = |change: &dyn Fn(&mut S3Options)| {
        let mut options = options("http://127.0.0.1:1");
        change(&mut options);
        let opened = S3Source::open("s3://bucket".parse().unwrap(), options);
        opened.err().unwrap().to_string()
    };
    for endpoint in [
        "localhost:9000",
        "http://",
        "http://host:99999",
        "ftp://host",
        "http://host?x",
    ] {
        let words = said(&|options| options.endpoint = Some(endpoint.into()));
        assert!(
            words.starts_with(&format!("endpoint: {endpoint:?}: ")),
            "{words}"
        );
    }
    let words = said(&|options| options.region = Some("eu west".into()));
    assert_eq!(words, "region: \"eu west\" is no AWS region");
    // Known only when the first request is signed.
    let options = {
        let mut options = options("http://127.0.0.1:1");
        options.environment = Environment::new([
            ("AWS_ACCESS_KEY_ID", "a\nb"),
            ("AWS_SECRET_ACCESS_KEY", "x"),
        ]);
        options
    };
    let (_, errors) = listed(&open("s3://bucket", options));
    assert!(
        errors[0].to_string().contains("no AWS credentials"),
        "{errors:?}"
    );
}

#[test]
fn a_server_that_is_not_there_is_said() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let (keys, errors) = listed(&open("s3://bucket/x/", options(&endpoint)));
    assert!(keys.is_empty());
    let words = errors[0].to_string();
    assert!(
        words.starts_with("s3://bucket/x/: could not be listed: no connection: "),
        "{words}"
    );
    assert!(words.ends_with("(tried 4 times)"), "{words}");
}
