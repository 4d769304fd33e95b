//! Objects, files and folders that cannot be read.

use super::*;

#[test]
fn what_is_not_cloudtrail() {
    for (bytes, reason) in [
        (&b""[..], "the file is empty"),
        (b" \n\t\r\n", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (
            b"{}",
            "not CloudTrail: no Records, no Events, and not a record itself",
        ),
        (
            br#"{"Version":"2012-10-17","Statement":[]}"#,
            "not CloudTrail: no Records, no Events, and not a record itself",
        ),
        (
            br#"{"Records":null}"#,
            "not CloudTrail: no Records, no Events, and not a record itself",
        ),
        (
            br#"{"Records":{}}"#,
            "not CloudTrail: the records are not in a list",
        ),
        (
            br#"{"Records":"x"}"#,
            "not CloudTrail: the records are not in a list",
        ),
        (
            br#"{"Events":7}"#,
            "not CloudTrail: the records are not in a list",
        ),
        (b"null", "not CloudTrail: neither a JSON object nor a list"),
        (b"7", "not CloudTrail: neither a JSON object nor a list"),
        (
            b"\"Records\"",
            "not CloudTrail: neither a JSON object nor a list",
        ),
        (b"hello", "not JSON: expected value at line 1 column 1"),
        (
            b"{\"Records\":[],}",
            "not JSON: key must be a string at line 1 column 15",
        ),
        (
            b"version account-id interface-id\n2 111122223333 eni-1\n",
            "not JSON: expected value at line 1 column 1",
        ),
        (
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
            "not JSON: expected value at line 1 column 1",
        ),
        (
            b"PK\x03\x04\x14\0\0\0\x08\0",
            "the zip data is damaged or cut short",
        ),
        (
            b"\xff\xfe{\0}\0",
            "not CloudTrail: no Records, no Events, and not a record itself",
        ),
        (b"\x1f\x8b", "the gzip data is damaged or cut short"),
    ] {
        let read = take(&[bytes]);
        assert_eq!(
            read.reconciliation.objects_failed[0].reason(),
            reason,
            "{}",
            bytes.escape_ascii()
        );
        assert_fails(&read, reason);
        let read = take(&[gzip(bytes)]);
        assert!(read.reconciliation.has_faults());
    }
    let every_byte: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    assert!(take(&[every_byte]).reconciliation.has_faults());
    // A notification of S3 looks like an object of CloudTrail.
    let notification = json!({"Records": [{"eventVersion": "2.1", "eventSource": "aws:s3", "awsRegion": "us-east-1",
        "eventTime": "2026-10-01T12:00:00Z", "eventName": "ObjectCreated:Put", "userIdentity": {"principalId": "AWS:AIDA"}}]});
    assert_eq!(
        faults(&take(&[notification.to_string()])),
        ["object: record 1: malformed: no userIdentity.type"]
    );
}

#[test]
fn objects_beyond_the_limit() {
    let limited = |object_limit| {
        let options = ReadOptions::new().object_limit(object_limit);
        TrailReader::new(Catalog::shared(), options)
    };
    let whole = object(&[call("GetObject", 1)]);
    let exact = limited(whole.len());
    let short = limited(whole.len() - 1);
    for bytes in [
        whole.clone(),
        gzip(&whole),
        [gzip(&whole[..50]), gzip(&whole[50..])].concat(),
    ] {
        assert!(!take_with(&exact, &[&bytes]).reconciliation.has_faults());
        assert_fails(
            &take_with(&short, &[&bytes]),
            &format!(
                "more than {} bytes, the limit for one object",
                whole.len() - 1
            ),
        );
    }
    // 64 MB of blanks in 64 kB; and the same with a size in the trailer that belittles it.
    let mut bomb = gzip(&vec![b' '; 64 << 20]);
    assert_fails(
        &take_with(&limited(1 << 20), &[&bomb]),
        "more than 1048576 bytes, the limit for one object",
    );
    let size = bomb.len() - 4;
    bomb[size..].copy_from_slice(&[1, 0, 0, 0]);
    assert_fails(
        &take_with(&limited(1 << 20), &[&bomb]),
        "more than 1048576 bytes, the limit for one object",
    );
    assert_fails(
        &take_with(&limited(0), &[&whole]),
        "more than 0 bytes, the limit for one object",
    );

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("large.json");
    fs::write(&path, &whole).unwrap();
    let read = short.read(&[&path], &|_| ()).unwrap();
    assert_eq!(
        faults(&read),
        [format!(
            "{}: more than {} bytes, the limit for one object",
            path.display(),
            whole.len() - 1
        )]
    );
}

#[test]
fn paths_that_cannot_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let error = |path: &std::path::Path| {
        let sound = folder.path().join("sound.json");
        fs::write(&sound, digest()).unwrap();
        reader()
            .read(&[&sound, path], &|_| ())
            .unwrap_err()
            .to_string()
    };
    let missing = folder.path().join("missing");
    assert_eq!(
        error(&missing),
        format!(
            "{}: No such file or directory (os error 2)",
            missing.display()
        )
    );

    let empty = folder.path().join("empty");
    fs::create_dir_all(empty.join("below")).unwrap();
    fs::write(empty.join(".hidden"), "").unwrap();
    assert_eq!(
        error(&empty),
        format!("{}: there is no file in this folder", empty.display())
    );
    assert!(
        reader()
            .read::<&str>(&[], &|_| ())
            .unwrap()
            .activity
            .is_empty()
    );
}

#[cfg(unix)]
#[test]
fn links_that_lead_nowhere() {
    use std::os::unix::fs::symlink;

    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a.json"), digest()).unwrap();
    let link = folder.path().join("z.json");
    symlink("nowhere", &link).unwrap();
    // What is hidden is left out, dead or not.
    symlink("nowhere", folder.path().join(".#lock")).unwrap();
    symlink("..", folder.path().join(".circle")).unwrap();
    let dead = format!("{}: No such file or directory (os error 2)", link.display());
    let faults_of = |path: &std::path::Path| {
        let read = reader().read(&[path], &|_| ()).unwrap();
        let digests = read.reconciliation.digests_read;
        assert!(read.reconciliation.has_faults());
        (digests, faults(&read))
    };
    assert_eq!(faults_of(folder.path()), (1, vec![dead.clone()]));
    let error = reader().read(&[&link], &|_| ()).unwrap_err();
    assert_eq!(error.to_string(), dead);

    // They stand among the files.
    let other = tempfile::tempdir().unwrap();
    fs::write(other.path().join("z.json"), digest()).unwrap();
    assert_eq!(
        reader()
            .list(&[folder.path(), other.path()])
            .unwrap()
            .map(|object| PathBuf::from(object.unwrap().to_string()))
            .collect::<Vec<_>>(),
        [
            folder.path().join("a.json"),
            link.clone(),
            other.path().join("z.json"),
        ]
    );

    fs::remove_file(&link).unwrap();
    let circle = folder.path().join("circle");
    symlink(".", &circle).unwrap();
    let itself = folder.path().join("itself");
    symlink("itself", &itself).unwrap();
    // A loop by way of a folder elsewhere.
    symlink(other.path(), folder.path().join("other")).unwrap();
    symlink(folder.path(), other.path().join("back")).unwrap();
    let looped = "a link loop: it leads back to a folder above it";
    assert_eq!(
        faults_of(folder.path()),
        (
            2,
            vec![
                format!("{}: {looped}", circle.display()),
                format!(
                    "{}: Too many levels of symbolic links (os error 40)",
                    itself.display()
                ),
                format!("{}/other/back: {looped}", folder.path().display()),
            ]
        )
    );

    // A folder with nothing but a dead link is not empty.
    let only = tempfile::tempdir().unwrap();
    symlink("nowhere", only.path().join("x.json")).unwrap();
    assert_eq!(faults_of(only.path()).1.len(), 1);
}

#[cfg(unix)]
#[test]
fn a_file_without_permission_loses_no_other() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("a.json"),
        object(&[call("GetObject", 1)]),
    )
    .unwrap();
    let closed = folder.path().join("b.json");
    fs::write(&closed, digest()).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    if fs::read(&closed).is_ok() {
        println!("skipped: root reads everything");
        return;
    }
    let read = reader().read(&[folder.path()], &|_| ()).unwrap();
    assert_eq!(
        faults(&read),
        [format!(
            "{}: Permission denied (os error 13)",
            closed.display()
        )]
    );
    assert_eq!(actions(&read.activity), ["s3:GetObject"]);

    let below = folder.path().join("below");
    fs::create_dir(&below).unwrap();
    fs::set_permissions(&below, fs::Permissions::from_mode(0o000)).unwrap();
    let read = reader().read(&[folder.path()], &|_| ()).unwrap();
    let error = reader().read(&[&below], &|_| ()).unwrap_err();
    let denied =
        |path: &std::path::Path| format!("{}: Permission denied (os error 13)", path.display());
    assert_eq!(faults(&read), [denied(&closed), denied(&below)]);
    assert_eq!(actions(&read.activity), ["s3:GetObject"]);
    assert_eq!(error.to_string(), denied(&below));
    fs::set_permissions(&below, fs::Permissions::from_mode(0o700)).unwrap();
}

#[test]
fn one_bad_object_never_loses_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path();
    fs::write(path.join("a.json"), object(&[call("GetObject", 1)])).unwrap();
    fs::write(
        path.join("b.json.gz"),
        &gzip(&object(&[call("GetObject", 2)]))[..60],
    )
    .unwrap();
    fs::write(
        path.join("c.json"),
        object_of(&["7", &call("PutObject", 3).to_string()]),
    )
    .unwrap();
    fs::write(path.join("d.json"), "{\"Records\":[").unwrap();
    let read = reader().read(&[path], &|_| ()).unwrap();
    let path = path.display();
    assert_eq!(
        faults(&read),
        [
            format!("{path}/b.json.gz: the gzip data is damaged or cut short"),
            format!("{path}/d.json: not JSON: EOF while parsing a list at line 1 column 12"),
            format!("{path}/c.json: record 1: malformed: not an object"),
        ]
    );
    assert_eq!(actions(&read.activity), ["s3:GetObject", "s3:PutObject"]);
    assert_eq!(read.reconciliation.records_malformed(), 1);
    assert!(read.reconciliation.adds_up() && read.reconciliation.has_faults());
}

/// A list of numbers takes one byte a member when it is inflated, and next to nothing when it is not.
#[test]
fn more_records_than_bytes_can_hold() {
    let zeros = format!("{{\"Records\":[0{}]}}", ",0".repeat(2_000_000));
    for parser in [Parser::Projected, Parser::Reference] {
        let options = ReadOptions::new().parser(parser);
        let reader = TrailReader::new(Catalog::shared(), options);
        let mut activity = Activity::new();
        let done = reader.read_bytes("zeros", &gzip(zeros.as_bytes()), &mut activity);
        assert!(activity.is_empty());
        let [failed] = &*done.objects_failed else {
            panic!("{done:?}");
        };
        assert!(failed.reason().contains("more records"), "{failed}");
        assert_eq!(failed.kind(), FailureKind::NotCloudTrail);
    }
    let reader = TrailReader::new(Catalog::shared(), ReadOptions::default());
    // However they are written.
    for text in [
        "0\n".repeat(1_000_000),
        "0 ".repeat(1_000_000),
        "[0,0,0,0,0]\n".repeat(400_000),
    ] {
        let mut activity = Activity::new();
        let done = reader.read_bytes("zeros", text.as_bytes(), &mut activity);
        assert_eq!((done.objects_failed.len(), done.records_read), (1, 0));
    }
    // A few are named one by one.
    let done = reader.read_bytes("few", br#"{"Records":[0,0,0]}"#, &mut Activity::new());
    assert_eq!((done.objects_failed.len(), done.records_read), (0, 3));
}

#[test]
fn text_without_fields_of_records_is_no_lost_part_of_the_trail() {
    for (bytes, is_lost) in [
        (
            &b"MIT License: in no event shall the authors be liable"[..],
            false,
        ),
        (b"{\"note\": [1]}", false),
        (b"{\"Records\":[", true),
        (b"<13>Oct 1 host: eventName=GetObject", true),
        (b"H4sIAAAAAAAA", true),
        (b"\x89PNG\r\n\x1a\n\0", true),
        (b"", true),
    ] {
        let read = take(&[bytes]);
        assert!(read.reconciliation.has_faults());
        let missing = read.activity.coverage().missing_log_files().len();
        assert_eq!(missing, usize::from(is_lost), "{}", bytes.escape_ascii());
    }
}
