//! Locations, credentials and settings.

use std::path::Path;

use super::*;

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
    assert_eq!(contents["a"].as_ref().unwrap(), &b"x".to_vec());
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
            words.starts_with(&format!("endpoint {endpoint:?}: ")),
            "{words}"
        );
    }
    let words = said(&|options| options.region = Some("eu west".into()));
    assert_eq!(words, "region: \"eu west\" is not an AWS Region");
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
        errors[0].to_string().contains("invalid AWS credentials"),
        "{errors:?}"
    );
}

/// The endpoint gets a role's token or answers with its keys: neither goes to a host that a redirect names.
#[test]
fn requests_for_credentials_follow_no_redirect() {
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "secret token").unwrap();
    for kind in ["instance", "pod"] {
        let other = Bucket::start(Objects::new(), 1000, |_, _, _| None);
        let location = format!("{}/keys", other.endpoint);
        let endpoint = Bucket::start(Objects::new(), 1000, move |_, _, _| {
            let mut moved = Answer::new(302, "");
            moved.headers.push(("Location", location.clone()));
            Some(Reply::Whole(moved))
        });
        let mut options = options("http://127.0.0.1:1");
        let token = token.to_str().unwrap();
        options.environment = match kind {
            "instance" => Environment::new([(
                "AWS_EC2_METADATA_SERVICE_ENDPOINT",
                endpoint.endpoint.as_str(),
            )]),
            _ => Environment::new([
                (
                    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                    &*format!("{}/keys", endpoint.endpoint),
                ),
                ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", token),
            ]),
        };
        let (_, errors) = listed(&open("s3://bucket", options));
        let words = errors[0].to_string();
        assert!(words.contains("302"), "{kind}: {words}");
        assert!(!endpoint.requests().is_empty(), "{kind}");
        assert!(other.requests().is_empty(), "{kind}");
    }
}

/// An endpoint that sends too much, and files that are endless or too large.
#[test]
fn what_credentials_are_made_from_is_bounded() {
    let endpoint = Bucket::start(Objects::new(), 1000, |_, _, _| {
        Some(Reply::Whole(Answer::new(200, "x".repeat(3 << 20))))
    });
    let mut bounded = options("http://127.0.0.1:1");
    bounded.environment = Environment::new([(
        "AWS_EC2_METADATA_SERVICE_ENDPOINT",
        endpoint.endpoint.as_str(),
    )]);
    let (_, errors) = listed(&open("s3://bucket", bounded));
    let words = errors[0].to_string();
    assert!(words.contains("the answer is too long"), "{words}");

    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large");
    std::fs::File::create(&large)
        .unwrap()
        .set_len(2 << 20)
        .unwrap();
    let missing = folder.path().join("missing");
    for variable in [
        "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ] {
        for (path, reason) in [
            (&*large, "more than 1048576 bytes"),
            (folder.path(), "not a regular file"),
            (Path::new("/dev/zero"), "not a regular file"),
            (&*missing, "No such file"),
        ] {
            if path.starts_with("/dev") && !path.exists() {
                continue;
            }
            let mut options = options("http://127.0.0.1:1");
            options.environment = Environment::new([
                (variable, path.to_str().unwrap()),
                ("AWS_ROLE_ARN", "arn:aws:iam::111122223333:role/x"),
            ]);
            let opened = S3Source::open("s3://bucket".parse().unwrap(), options);
            let words = opened.err().unwrap().to_string();
            assert!(
                words.starts_with(variable) && words.contains(reason),
                "{words}"
            );
            // With keys, nobody reads the file.
            let mut options = self::options("http://127.0.0.1:1");
            options.environment = Environment::new([
                (variable, path.to_str().unwrap()),
                ("AWS_ACCESS_KEY_ID", "test"),
                ("AWS_SECRET_ACCESS_KEY", "test"),
            ]);
            assert!(S3Source::open("s3://bucket".parse().unwrap(), options).is_ok());
        }
    }
}
