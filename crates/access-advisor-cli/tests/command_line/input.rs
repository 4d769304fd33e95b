//! Accounts, trails and arguments that are wrong or unusual.

use std::path::Path;
use std::process::Output;

use crate::{ACCOUNT, BRUNO, NOW, TRAIL, report, run, stderr, stdout};

#[test]
fn unknown_and_wrong_arns() {
    for (arn, message) in [
        (
            "arn:aws:iam::111122223333:user/nobody",
            "ARN arn:aws:iam::111122223333:user/nobody does not exist.",
        ),
        ("arn:aws:s3:::a-bucket-of-ours", "Invalid service in ARN"),
        (
            "arn:aws-cn:iam::111122223333:user/ada",
            "Invalid ARN partition",
        ),
        (
            "ada",
            "\"ada\" is not an ARN; write arn:aws:iam::111122223333:user/ada",
        ),
        (
            "nobody-at-all",
            "\"nobody-at-all\" is not an ARN; write one, as in arn:aws:iam::111122223333:user/ann",
        ),
        (
            "arn:aws:iam::111122223333:user/adda",
            "does not exist. (NoSuchEntity) Did you mean arn:aws:iam::111122223333:user/ada?",
        ),
        (
            "arn:aws:iam::111122223333:root",
            "Invalid Entity Arn: arn:aws:iam::111122223333:root is not supported.",
        ),
    ] {
        let output = report(&["--arn", arn]);
        assert_eq!(output.status.code(), Some(1), "{arn}");
        assert!(
            stderr(&output).contains(message),
            "{arn}: {}",
            stderr(&output)
        );
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn without_a_trail_findings_are_of_the_policies_and_nothing_is_right_sized() {
    let found = run(&["findings", "--account", ACCOUNT, "--now", NOW]);
    let text = stdout(&found);
    assert!(stderr(&found).contains("no trail was given"), "{text}");
    assert!(text.contains("By kind: UnattachedPolicy 1\n"), "{text}");
    let sized = run(&["rightsize", BRUNO, "--account", ACCOUNT, "--now", NOW]);
    assert_eq!(sized.status.code(), Some(1));
    assert!(sized.stdout.is_empty());
    let message = "error: no trail was given (--trail): without one, nothing shows what is used";
    assert!(stderr(&sized).contains(message), "{}", stderr(&sized));
}

#[test]
fn wrong_usage_exits_with_2() {
    for arguments in [
        &["report"][..],
        &[
            "report",
            "--account",
            ACCOUNT,
            "--trail",
            TRAIL,
            "--now",
            "yesterday",
        ],
        &[
            "report",
            "--account",
            ACCOUNT,
            "--trail",
            TRAIL,
            "--format",
            "xml",
        ],
        &[
            "report",
            "--account",
            ACCOUNT,
            "--trail",
            TRAIL,
            "--threads",
            "0",
        ],
        &["policies", BRUNO, "--account", ACCOUNT],
        &["nonsense"],
    ] {
        assert_eq!(run(arguments).status.code(), Some(2), "{arguments:?}");
    }
}

#[test]
fn an_old_trail_is_reported_with_its_newest_time() {
    let output = run(&[
        "report",
        "--account",
        ACCOUNT,
        "--trail",
        TRAIL,
        "--now",
        "2029-01-01T00:00:00Z",
    ]);
    assert_eq!(output.status.code(), Some(0));
    let said = stderr(&output);
    assert!(said.contains("before the tracking period"), "{said}");
    assert!(said.contains("--now 2026-10-21T10:03:00Z"), "{said}");
}

#[test]
fn later_events_do_not_count() {
    let output = report(&["--format", "json"]);
    let earlier = run(&[
        "report",
        "--account",
        ACCOUNT,
        "--trail",
        TRAIL,
        "--now",
        "2026-09-01T00:00:00Z",
        "--format",
        "json",
    ]);
    assert!(!stderr(&output).contains("later than"));
    assert!(stderr(&earlier).contains("later than until"));
    assert!(stdout(&output).contains("\"2026-10-"));
    assert!(!stdout(&earlier).contains("\"2026-10-"));
}

#[test]
fn bad_input_is_reported_and_strict_fails() {
    let folder = tempfile::tempdir().unwrap();
    let trail = folder.path().join("trail");
    std::fs::create_dir(&trail).unwrap();
    std::fs::write(
        trail.join("cut.json"),
        r#"{"Records":[{"eventVersion":"1.08""#,
    )
    .unwrap();
    std::fs::write(trail.join("odd.json"), r#"{"Records":[7,{}]}"#).unwrap();
    let trail = trail.to_str().unwrap();

    let arguments = [
        "report",
        "--account",
        ACCOUNT,
        "--trail",
        TRAIL,
        trail,
        "--now",
        NOW,
        "--format",
        "json",
    ];
    let output = run(&arguments);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    assert!(
        said.ends_with(
            "error: 1 objects of the trail could not be read, 2 records of the trail are malformed; what they hold may \
             be missing from the result\n"
        ),
        "{said}"
    );
    assert!(said.contains("cut.json: not JSON: EOF"), "{said}");
    assert!(
        said.contains("odd.json: record 1: malformed: not an object"),
        "{said}"
    );
    assert!(
        said.contains("odd.json: record 2: malformed: no userIdentity"),
        "{said}"
    );
    assert!(
        said.contains("387 records = 322 attributed + 65 set aside"),
        "{said}"
    );
    let json =
        |output: &Output| -> serde_json::Value { serde_json::from_str(&stdout(output)).unwrap() };
    let (mut with_losses, whole) = (json(&output), json(&report(&["--format", "json"])));
    let lost = with_losses["Coverage"]
        .as_object_mut()
        .unwrap()
        .remove("MissingLogFiles");
    let lost = lost.unwrap();
    assert_eq!(lost["Count"], 2);
    assert!(lost["First"][0].as_str().unwrap().ends_with("cut.json"));
    assert_eq!(with_losses, whole, "everything else is in the report");

    let strict = run(&[&arguments[..], &["--strict"]].concat());
    assert_eq!(strict.status.code(), Some(1));
    assert!(
        stderr(&strict)
            .contains("--strict: 1 issues in the account data, 1 objects of the trail could not be read, 2 records of the trail are malformed; nothing was written")
    );
    assert!(strict.stdout.is_empty());
}

#[test]
fn an_account_and_a_trail_in_utf16() {
    let folder = tempfile::tempdir().unwrap();
    let utf16 = |from: &Path, name: &str| {
        let text = std::fs::read_to_string(from).unwrap();
        let units = text.encode_utf16().flat_map(u16::to_le_bytes);
        let path = folder.path().join(name);
        let bytes: Vec<u8> = [0xff, 0xfe].into_iter().chain(units).collect();
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let account = utf16(&root.join(ACCOUNT), "account.json");
    let report = |account: &str| {
        run(&[
            "report",
            "--account",
            account,
            "--trail",
            TRAIL,
            "--now",
            NOW,
        ])
    };
    let (utf16, utf8) = (report(&account), report(ACCOUNT));
    assert_eq!(utf16.status.code(), Some(0), "{}", stderr(&utf16));
    assert_eq!(stdout(&utf16), stdout(&utf8));
}

#[test]
fn bad_paths_and_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let file = |name: &str, content: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let cut = file("cut.json", b"{\"UserDetailList\": [");
    let other = file("other.json", b"{\"Users\": []}");
    let encoding = file("latin1.json", b"{\"UserDetailList\": [\xe9");
    let nothing = file("nothing.json", b"{\"Records\":[]}");
    let malformed = file("malformed.json", b"{\"Records\":[{\"eventName\":\"x\"},7]}");
    for (account, trail, message) in [
        ("not-there.json", TRAIL, "not-there.json: No such file"),
        (
            &cut,
            TRAIL,
            "cut.json: EOF while parsing a list (line 1, column 20)",
        ),
        (
            &other,
            TRAIL,
            "not the output of get-account-authorization-details",
        ),
        (
            &encoding,
            TRAIL,
            "latin1.json: neither UTF-8 nor UTF-16 text (line 1, column 21)",
        ),
        (ACCOUNT, "not-there", "not-there: "),
        (
            ACCOUNT,
            empty.to_str().unwrap(),
            "there is no file in this folder",
        ),
        (ACCOUNT, &nothing, "there is no CloudTrail record to read"),
        // Without a sound record there is no report: everything would look unused.
        (ACCOUNT, &malformed, "there is no CloudTrail record to read"),
    ] {
        let output = run(&[
            "report",
            "--account",
            account,
            "--trail",
            trail,
            "--now",
            NOW,
        ]);
        assert_eq!(output.status.code(), Some(1), "{message}");
        assert!(
            stderr(&output).contains(message),
            "{message}: {}",
            stderr(&output)
        );
    }
}

/// Inputs without an end, and inputs that are too large: the message names the file and the limit.
#[test]
#[cfg(unix)]
fn endless_inputs_meet_a_limit() {
    let folder = tempfile::tempdir().unwrap();
    let large = folder.path().join("large.json");
    // A gibibyte of /dev/zero would take a while.
    let sparse = std::fs::File::create(&large).unwrap();
    sparse.set_len(1 << 40).unwrap();
    let large = large.to_str().unwrap();
    let store = folder.path().join("store.db");
    let store = store.to_str().unwrap();
    run(&["import", "account", ACCOUNT, "--store", store]);
    let endless = "/dev/zero";
    for (arguments, file, limit) in [
        (
            &["import", "account", large, "--store", store][..],
            large,
            1 << 30,
        ),
        (
            &[
                "report",
                "--account",
                ACCOUNT,
                "--trail",
                TRAIL,
                "--catalog",
                endless,
            ],
            endless,
            64 << 20,
        ),
        (
            &["serve", "--store", store, "--credentials", endless],
            endless,
            16 << 20,
        ),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let expected = format!("error: {file}: more than {limit} bytes, the limit for");
        let said = stderr(&output);
        assert!(said.contains(&expected), "{said}");
    }
    let output = run(&["report", "--account", ACCOUNT, "--trail", endless]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains(endless), "{}", stderr(&output));
}
