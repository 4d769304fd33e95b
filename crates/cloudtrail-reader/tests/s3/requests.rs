//! Requests that fail, and what is repeated.

use super::*;

#[test]
fn what_is_refused_for_good_is_asked_for_once() {
    let denied = fetch(|_, _, _| whole(Answer::error(403, "AccessDenied")));
    assert_eq!(
        said(denied),
        ("S3 says 403 AccessDenied: Told to.".into(), 1)
    );
    let gone = fetch(|_, _, _| whole(Answer::error(404, "NoSuchKey")));
    assert!(matches!(gone, (Err(FetchError::Gone), 1)), "{gone:?}");
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
        assert_eq!(asked_for_whole(passing), 4, "{code}");
    }
    let forever = fetch(|_, _, _| whole(Answer::error(500, "InternalError")));
    let words = "S3 says 500 InternalError: Told to. (tried 4 times)";
    assert_eq!(said(forever), (words.into(), 4));
}

#[test]
fn a_silent_server_is_not_waited_for() {
    // Long enough for an answer on a busy machine.
    let short = |options: &mut S3Options| {
        options.timeout = Duration::from_secs(2);
        options.retries = 1;
    };
    let once = fetch_with(short, |_, before, _| {
        (before == 0).then_some(Reply::Silence)
    });
    assert_eq!(asked_for_whole(once), 2);
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
    assert_eq!(asked_for_whole(read_on), 3);

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
    assert_eq!(asked_for_whole(whole_again), 2);
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
    assert_eq!(contents["a"].as_ref().unwrap(), &b"x".to_vec());
    assert_eq!(bucket.requests().len(), 3);
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

#[test]
fn redirects_are_not_followed() {
    let other = Bucket::start(objects([("a", "x")]), 1000, |_, _, _| None);
    for (status, to_other) in [
        (301, true),
        (302, true),
        (303, true),
        (307, true),
        (308, true),
        (307, false),
    ] {
        let elsewhere = format!("{}/bucket/elsewhere", other.endpoint);
        let location = if to_other {
            elsewhere
        } else {
            "/bucket/elsewhere".to_owned()
        };
        let words = format!(
            "the server redirects to {location:?}, which is not followed; if that is right, name it as the endpoint"
        );
        let redirect = move || {
            let mut answer = Answer::error(status, "TemporaryRedirect");
            answer.headers.push(("Location", location.clone()));
            Reply::Whole(answer)
        };
        let listing = redirect.clone();
        let bucket = Bucket::start(objects([]), 1000, move |_, _, _| Some(listing()));
        let (keys, errors) = listed(&open("s3://bucket/x/", options(&bucket.endpoint)));
        assert!(keys.is_empty());
        let said = errors[0].to_string();
        assert_eq!(
            said,
            format!("s3://bucket/x/: could not be listed: {words}")
        );
        assert_eq!(bucket.requests().len(), 1);

        let reading = fetch(move |_, _, _| Some(redirect()));
        assert_eq!(super::said(reading), (words, 1));
    }
    assert!(other.requests().is_empty());
}
