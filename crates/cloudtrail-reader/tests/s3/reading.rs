//! Reading objects, whole and in parts.

use super::*;

#[test]
fn an_object_that_changes_between_listing_and_reading_is_not_taken() {
    let vanishes = fetch(|request, _, objects| {
        objects.remove(&request.key);
        None
    });
    assert!(
        matches!(vanishes, (Err(FetchError::Gone), 1)),
        "{vanishes:?}"
    );
    let grows = fetch(|request, _, objects| {
        objects.get_mut(&request.key).unwrap().push(b'!');
        None
    });
    assert!(matches!(grows, (Err(FetchError::Changed), 1)), "{grows:?}");
    // While it is read.
    let in_between = fetch(|request, before, objects| {
        if before == 0 && request.header("range").is_empty() {
            return Some(Reply::Cut(answer(request, objects, 0), 5));
        }
        objects.insert(request.key.clone(), b"abcdefghij".to_vec());
        None
    });
    assert!(
        matches!(in_between, (Err(FetchError::Changed), 2)),
        "{in_between:?}"
    );
    // A server that does not know If-Match: its ETag tells.
    let unconditional = fetch(|request, _, objects| {
        objects.insert(request.key.clone(), b"abcdefghij".to_vec());
        let mut request = request.clone();
        request.headers.remove("if-match");
        whole(answer(&request, objects, 0))
    });
    assert!(
        matches!(unconditional, (Err(FetchError::Changed), 1)),
        "{unconditional:?}"
    );
    // Nor ETags: the size tells.
    let shrinks = fetch(|_, _, _| whole(Answer::new(200, "01234")));
    assert!(
        matches!(shrinks, (Err(FetchError::Changed), 1)),
        "{shrinks:?}"
    );
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
    assert_eq!(contents["large"].as_ref().unwrap(), &expected);
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
    assert!(matches!(contents["large"], Err(FetchError::Changed)));
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
    assert!(matches!(
        contents["large"],
        Err(FetchError::TooLarge { size: 3, limit: 2 })
    ));
    assert_eq!(contents["small"].as_ref().unwrap(), &b"x".to_vec());
    assert_eq!(contents["none"].as_ref().unwrap(), b"");
}

#[test]
fn a_key_that_http_would_take_for_another_is_not_asked_for() {
    let bucket = Bucket::start(objects([("a/../b", "x"), ("b", "y")]), 1000, |_, _, _| None);
    let contents = read(&open("s3://bucket", options(&bucket.endpoint)));
    assert!(matches!(contents["a/../b"], Err(FetchError::DotInKey)));
    assert_eq!(contents["b"].as_ref().unwrap(), &b"y".to_vec());
}
