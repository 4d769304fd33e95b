//! `catalog show` and `catalog build`.

use crate::{BRUNO, report, run, stderr, stdout};

#[test]
fn the_catalog_is_shown() {
    insta::assert_snapshot!(
        "catalog_show_sqs",
        stdout(&run(&["catalog", "show", "sqs"]))
    );
    assert_eq!(stdout(&run(&["catalog", "show"])).lines().count(), 1 + 456);
    let unknown = run(&["catalog", "show", "nothing"]);
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn a_catalog_is_built_and_used() {
    let folder = tempfile::tempdir().unwrap();
    let reference = folder.path().join("reference");
    std::fs::create_dir(&reference).unwrap();
    std::fs::write(
        reference.join("s3.json"),
        r#"{"Name": "s3", "Actions": [{"Name": "GetObject", "Resources": [{"Name": "object"}],
            "Annotations": {"Properties": {}}, "SupportedBy": {"IAM Action Last Accessed": true}}],
            "Resources": [{"Name": "object",
                "ARNFormats": ["arn:${Partition}:s3:::${BucketName}/${ObjectName}"]}],
            "Operations": []}"#,
    )
    .unwrap();
    let catalog = folder.path().join("catalog.txt");
    let catalog = catalog.to_str().unwrap();
    let built = run(&[
        "catalog",
        "build",
        "--service-reference",
        reference.to_str().unwrap(),
        "--service-reference-date",
        "2026-08-22",
        "--output",
        catalog,
    ]);
    assert_eq!(built.status.code(), Some(0), "{}", stderr(&built));
    let shown = stdout(&run(&["catalog", "show", "s3", "--catalog", catalog]));
    assert!(
        shown.contains("GetObject") && !shown.contains("PutObject"),
        "{shown}"
    );
    let report = report(&[
        "--catalog",
        catalog,
        "--arn",
        BRUNO,
        "--granularity",
        "action",
        "--format",
        "json",
    ]);
    assert!(
        stdout(&report).contains("\"GetObject\""),
        "{}",
        stderr(&report)
    );
}
