//! Listing the folders of a bucket.

use super::*;

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
    let contents = all_whole(read(&source));
    let expected: BTreeMap<_, _> = trail
        .iter()
        .filter(|(key, _)| is_log(key))
        .map(|(key, content)| (format!("org/{key}"), content.clone()))
        .collect();
    assert_eq!(contents, expected);
    let object = source.list().next().unwrap().unwrap();
    assert_eq!(object.size as usize, contents[&object.key].len());
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
    let (keys, errors) = listed(&source);
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(keys, expected);
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
        assert!(errors.is_empty(), "{below}: {errors:?}");
        assert_eq!(keys.len(), many, "{below}");
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

    let contents = all_whole(read(&open("s3://odd.names/", options(&moto.endpoint()))));
    let expected: BTreeMap<_, _> = keys
        .iter()
        .map(|key| (key.clone(), key.clone().into_bytes()))
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
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(keys.len(), 240);
}

/// A page with these keys. There is always one more.
fn endless_page(keys: &[String], token: &str) -> Reply {
    let objects = keys.iter().map(|key| {
        let size = usize::from(!key.ends_with('/'));
        format!(
            "<Contents><Key>{key}</Key><LastModified>2026-11-01T00:00:00Z</LastModified><Size>{size}</Size></Contents>"
        )
    });
    let objects: String = objects.collect();
    Reply::Whole(Answer::new(
        200,
        format!(
            "<ListBucketResult><IsTruncated>true</IsTruncated>\
             <NextContinuationToken>{token}</NextContinuationToken>{objects}</ListBucketResult>"
        ),
    ))
}

#[test]
fn a_listing_that_does_not_end_is_ended() {
    /// The keys and the next token of a page, by its number.
    type Pages = fn(usize) -> (Vec<String>, String);
    let cases: [(&str, Pages, EndlessListing, usize, usize); 6] = [
        (
            "the same token",
            |page| (vec![format!("x/{page}")], "t".into()),
            EndlessListing::RepeatedToken,
            2,
            2,
        ),
        (
            "a cycle of tokens",
            |page| (vec![format!("x/{page}")], (page % 3).to_string()),
            EndlessListing::RepeatedToken,
            4,
            4,
        ),
        (
            "the same page",
            |page| (vec!["x/1".into(), format!("x/2{page}")], page.to_string()),
            EndlessListing::RepeatedPage,
            2,
            2,
        ),
        (
            "a cycle of pages",
            |page| (vec![format!("x/{}", page % 3)], page.to_string()),
            EndlessListing::RepeatedPage,
            3,
            4,
        ),
        (
            "empty pages",
            |page| (Vec::new(), page.to_string()),
            EndlessListing::EmptyPages(1_000),
            0,
            1_000,
        ),
        (
            "pages of markers of folders",
            |page| (vec![format!("x/{page}/")], page.to_string()),
            EndlessListing::EmptyPages(1_000),
            0,
            1_000,
        ),
    ];
    for (name, pages, how, listed_keys, requests) in cases {
        let number = AtomicUsize::new(0);
        let bucket = Bucket::start(objects([]), 1000, move |_, _, _| {
            let (keys, token) = pages(number.fetch_add(1, Ordering::Relaxed));
            Some(endless_page(&keys, &token))
        });
        // In CloudTrail's layout a folder is listed as a whole.
        let (keys, errors) = listed(&open("s3://bucket/x/AWSLogs/1/", options(&bucket.endpoint)));
        assert_eq!(errors.len(), 1, "{name}: {errors:?}");
        let ListError::Folder { failure, .. } = &errors[0] else {
            panic!("{name}: {errors:?}");
        };
        assert!(
            matches!(&failure.fault, S3Fault::Endless(found) if *found == how),
            "{name}: {failure}"
        );
        assert!(
            failure
                .to_string()
                .starts_with("the listing does not end: ")
        );
        assert_eq!(keys.len(), listed_keys, "{name}");
        assert_eq!(bucket.requests().len(), requests, "{name}");
    }
}

/// A page with these folders. There is always one more.
fn endless_folders(names: impl Iterator<Item = String>, token: &str) -> Reply {
    let folders =
        names.map(|name| format!("<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"));
    let folders: String = folders.collect();
    let next = format!("<NextContinuationToken>{token}</NextContinuationToken>");
    let page = format!(
        "<ListBucketResult><IsTruncated>true</IsTruncated>{next}{folders}</ListBucketResult>"
    );
    Reply::Whole(Answer::new(200, page))
}

#[test]
fn a_folder_of_endless_folders_is_ended() {
    let number = AtomicUsize::new(0);
    let bucket = Bucket::start(objects([]), 1000, move |request, _, _| {
        let page = number.fetch_add(1, Ordering::Relaxed);
        // No kind of logs that is read.
        let names = (0..1000).map(|name| format!("{}{page}-{name}/", request.prefix()));
        Some(endless_folders(names, &page.to_string()))
    });
    let location = "s3://bucket/AWSLogs/111122223333/";
    let (keys, errors) = listed(&open(location, options(&bucket.endpoint)));
    assert_eq!(keys.len(), 0);
    let messages: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let how = "could not be listed: the listing does not end: it has more than 100000 folders";
    assert_eq!(messages, [format!("{location}: {how}")]);
    assert_eq!(bucket.requests().len(), 100);
}

#[test]
fn ten_endless_folders_end_the_listing() {
    let bucket = Bucket::start(objects([]), 1000, |request, before, _| {
        let prefix = request.prefix();
        if prefix != "AWSLogs/" {
            return Some(endless_folders(std::iter::empty(), "t"));
        }
        let names = (0..1000).map(|account| format!("{prefix}{:012}/", before * 1000 + account));
        Some(endless_folders(names, &before.to_string()))
    });
    let (keys, errors) = listed(&open("s3://bucket/AWSLogs/", options(&bucket.endpoint)));
    assert_eq!(keys.len(), 0);
    let messages: Vec<String> = errors.iter().map(ToString::to_string).collect();
    let how = "could not be listed: the listing does not end";
    assert_eq!(messages.len(), 11, "{messages:?}");
    assert_eq!(
        messages[10],
        format!("s3://bucket/AWSLogs/: {how}: 10 of its folders do not end")
    );
}

#[test]
fn some_empty_pages_are_no_fault() {
    let key = "y/AWSLogs/1/z";
    let number = AtomicUsize::new(0);
    let bucket = Bucket::start(objects([(key, "x")]), 1000, move |_, _, _| {
        let page = number.fetch_add(1, Ordering::Relaxed);
        (page < 900).then(|| endless_page(&[], &format!("token-{page}")))
    });
    let (keys, errors) = listed(&open("s3://bucket/y/AWSLogs/1/", options(&bucket.endpoint)));
    assert!(errors.is_empty(), "{errors:?}");
    assert_eq!(keys, set([key]));
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
