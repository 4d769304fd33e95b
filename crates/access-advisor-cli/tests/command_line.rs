//! The command line as people use it: whole outputs, exit statuses, and what stderr says.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;

const ACCOUNT: &str = "testdata/account.json";
const TRAIL: &str = "testdata/trail";
const NOW: &str = "2026-11-01T00:00:00Z";
const BRUNO: &str = "arn:aws:iam::111122223333:user/engineering/bruno";

fn run(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Command::new(env!("CARGO_BIN_EXE_access-advisor"))
        .current_dir(root)
        .args(arguments)
        .output()
        .unwrap()
}

fn report(more: &[&str]) -> Output {
    let mut arguments = vec![
        "report",
        "--account",
        ACCOUNT,
        "--trail",
        TRAIL,
        "--now",
        NOW,
    ];
    arguments.extend(more);
    run(&arguments)
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn the_readmes_first_command() {
    let output = report(&[]);
    assert_eq!(output.status.code(), Some(0));
    insta::assert_snapshot!("report_table", stdout(&output));
    insta::assert_snapshot!("report_stderr", stderr(&output));
}

#[test]
fn one_identity_down_to_its_actions() {
    let table = report(&["--arn", BRUNO, "--granularity", "action"]);
    insta::assert_snapshot!("bruno_actions_table", stdout(&table));
    let json = report(&[
        "--arn",
        BRUNO,
        "--granularity",
        "ACTION_LEVEL",
        "--format",
        "json",
    ]);
    insta::assert_snapshot!("bruno_actions_json", stdout(&json));
}

#[test]
fn every_format_says_the_same() {
    let json: Value = serde_json::from_str(&stdout(&report(&["--format", "json"]))).unwrap();
    let reports = json["Reports"].as_array().unwrap();
    assert_eq!(reports.len(), 30);

    let lines = stdout(&report(&["--format", "jsonl"]));
    let lines: Vec<Value> = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(&lines, reports);

    let csv = stdout(&report(&["--format", "csv"]));
    let rows = |report: &Value, list: &str| report[list].as_array().map_or(0, Vec::len);
    let services: usize = reports
        .iter()
        .map(|r| rows(r, "ServicesLastAccessed") + rows(r, "UngrantedServicesUsed"))
        .sum();
    assert_eq!(csv.lines().count(), 1 + reports.len() + services);

    let arns: Vec<&str> = reports
        .iter()
        .map(|report| report["Arn"].as_str().unwrap())
        .collect();
    assert!(arns.is_sorted());
    for report in reports {
        let namespaces: Vec<&str> = report["ServicesLastAccessed"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["ServiceNamespace"].as_str().unwrap())
            .collect();
        assert!(namespaces.is_sorted());
    }
}

#[test]
fn csv_of_one_identity() {
    let erin = "arn:aws:iam::111122223333:user/erin";
    insta::assert_snapshot!(
        "erin_csv",
        stdout(&report(&["--arn", erin, "--format", "csv"]))
    );
}

#[test]
fn several_arns_are_sorted_and_each_is_reported_once() {
    let output = report(&[
        "--arn",
        "arn:aws:iam::111122223333:user/flora",
        "--arn",
        BRUNO,
        "--arn",
        // The name decides, not the path.
        "arn:aws:iam::111122223333:user/bruno",
        "--format",
        "jsonl",
    ]);
    let arns: Vec<String> = stdout(&output)
        .lines()
        .map(|line| {
            serde_json::from_str::<Value>(line).unwrap()["Arn"]
                .as_str()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(arns, [BRUNO, "arn:aws:iam::111122223333:user/flora"]);
}

#[test]
fn a_file_gets_what_stdout_would() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("reports.json");
    let to_file = report(&["--format", "json", "--output", file.to_str().unwrap()]);
    assert_eq!(to_file.status.code(), Some(0));
    assert!(to_file.stdout.is_empty());
    assert_eq!(
        std::fs::read_to_string(file).unwrap(),
        stdout(&report(&["--format", "json"]))
    );
}

#[test]
fn an_output_never_overwrites_an_input_and_a_failed_one_leaves_the_old() {
    let folder = tempfile::tempdir().unwrap();
    let account = folder.path().join("account.json");
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    std::fs::copy(root.join(ACCOUNT), &account).unwrap();
    let account = account.to_str().unwrap();
    let output = run(&[
        "report",
        "--account",
        account,
        "--trail",
        TRAIL,
        "--output",
        account,
    ]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("would overwrite an input"),
        "{}",
        stderr(&output)
    );
    let nowhere = folder.path().join("not/there.json");
    let output = report(&["--output", nowhere.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stderr(&output).contains("there.json"),
        "{}",
        stderr(&output)
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "no part of a file is left"
    );
}

/// Nobody at the other end of a pipe is no reason to fail, and never one to crash.
#[test]
#[cfg(unix)]
fn nobody_listening() {
    let binary = env!("CARGO_BIN_EXE_access-advisor");
    let report = format!("{binary} report --account {ACCOUNT} --trail {TRAIL} --now {NOW}");
    for (command, expected) in [
        (format!("{report} --format csv"), 0),
        (format!("{report} --format json"), 0),
        (report.clone(), 0),
        (format!("{binary} completions bash"), 0),
        (format!("{binary} catalog show"), 0),
    ] {
        for script in [
            format!("{command} 2>/dev/null | head -c 1 >/dev/null; echo ${{PIPESTATUS[0]}}"),
            format!("{command} 2>/dev/full >/dev/null; echo $?"),
        ] {
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            let shell = std::process::Command::new("bash")
                .args(["-c", &script])
                .current_dir(root)
                .output()
                .unwrap();
            assert_eq!(stdout(&shell).trim(), expected.to_string(), "{script}");
        }
    }
}

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
        ("ada", "Value at 'arn' failed to satisfy constraint"),
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
fn policies_granting_access() {
    let arguments = [
        "policies",
        BRUNO,
        "s3",
        "sqs",
        "s3",
        "glue",
        "--account",
        ACCOUNT,
    ];
    insta::assert_snapshot!("policies_json", stdout(&run(&arguments)));

    for (arn, namespaces, message) in [
        (
            BRUNO,
            &["S3", "s3", "IAM"][..],
            "Invalid service namespace: [S3, IAM]",
        ),
        (
            "arn:aws:iam::111122223333:user/nobody",
            &["s3"],
            "ARN arn:aws:iam::111122223333:user/nobody does not exist.",
        ),
        (
            "arn:aws:iam::111122223333:policy/GuardRails",
            &["s3"],
            "Invalid Entity Arn: arn:aws:iam::111122223333:policy/GuardRails is not supported.",
        ),
        (
            "arn:aws:iam::111122223333:root",
            &["s3"],
            "Could not extract entity from ARN : arn:aws:iam::111122223333:root",
        ),
    ] {
        let mut arguments = vec!["policies", arn];
        arguments.extend(namespaces);
        arguments.extend(["--account", ACCOUNT]);
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(1), "{arn}");
        assert!(stderr(&output).contains(message), "{}", stderr(&output));
    }
}

#[test]
fn an_old_trail_is_said_and_now_is_named() {
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
fn later_events_are_not_looked_at() {
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
fn bad_input_is_named_and_strict_fails() {
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
            "error: 1 objects of the trail could not be read; what they hold may be missing from the result\n"
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
        said.contains("387 records = 321 attributed + 66 set aside"),
        "{said}"
    );
    assert_eq!(
        stdout(&output),
        stdout(&report(&["--format", "json"])),
        "nothing else is lost"
    );

    let strict = run(&[&arguments[..], &["--strict"]].concat());
    assert_eq!(strict.status.code(), Some(1));
    assert!(
        stderr(&strict)
            .contains("--strict: 1 issues in the account data; 1 objects and 2 malformed records")
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
        // Malformed records are none: nobody must take what is in them for unused.
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

#[test]
fn completions_and_manual_pages_are_made_from_the_definitions() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(stdout(&run(&["completions", shell])).contains("access-advisor"));
    }
    let page = stdout(&run(&["man"]));
    assert!(page.contains(".TH access-advisor 1"), "{page}");
    assert!(page.contains("access\\-advisor\\-report(1)"), "{page}");

    let folder = tempfile::tempdir().unwrap();
    let written = run(&["man", "--folder", folder.path().to_str().unwrap()]);
    assert_eq!(written.status.code(), Some(0), "{}", stderr(&written));
    for name in ["access-advisor.1", "access-advisor-activity-sql.1"] {
        assert!(folder.path().join(name).is_file(), "{name}");
    }
    let report = std::fs::read_to_string(folder.path().join("access-advisor-report.1")).unwrap();
    assert!(report.contains("Exit status:"), "{report}");
    assert!(report.contains("granularity"), "{report}");

    let nowhere = run(&["man", "--folder", "not-there"]);
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(stderr(&nowhere).starts_with("error: not-there: "));
}

#[test]
fn help_documents_the_exit_statuses() {
    for (command, statuses) in [
        (&["report"][..], &["0", "1", "2", "3", "130"][..]),
        (&["import", "trail"], &["0", "1", "2", "3", "130"]),
        (&["activity", "export"], &["0", "1", "2", "3", "130"]),
        (&[], &["0", "1", "2"]),
        (&["import", "account"], &["0", "1", "2"]),
        (&["generate"], &["0", "1", "2"]),
        (&["get"], &["0", "1", "2"]),
        (&["entities"], &["0", "1", "2"]),
        (&["policies"], &["0", "1", "2"]),
        (&["jobs", "list"], &["0", "1", "2"]),
        (&["jobs", "delete"], &["0", "1", "2"]),
        (&["activity", "merge"], &["0", "1", "2"]),
        (&["activity", "show"], &["0", "1", "2"]),
        (&["activity", "sql"], &["0", "1", "2"]),
        (&["serve"], &["0", "1", "2"]),
        (&["catalog", "show"], &["0", "1", "2"]),
        (&["catalog", "build"], &["0", "1", "2"]),
        (&["completions"], &["0", "1", "2"]),
        (&["man"], &["0", "1", "2"]),
    ] {
        let help = stdout(&run(&[command, &["--help"]].concat()));
        let (_, list) = help.split_once("Exit status:\n").expect(&help);
        let listed: Vec<&str> = list
            .lines()
            .filter_map(|line| line.split_whitespace().next())
            .filter(|word| word.parse::<u8>().is_ok())
            .collect();
        assert_eq!(listed, statuses, "{command:?}");
    }
}

/// A real export and a real trail, of two different accounts.
#[test]
fn real_account_and_trail() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    if !data.is_dir() {
        eprintln!("skipped: ../shared is not there");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let account = folder.path().join("account.json");
    let export = std::process::Command::new("xz")
        .args(["-dkc"])
        .arg(data.join("account-export-200611803367.json.xz"))
        .output()
        .unwrap();
    std::fs::write(&account, export.stdout).unwrap();
    let unpacked = std::process::Command::new("tar")
        .arg("-xf")
        .arg(data.join("cloudtrail-attack-simulation-2023-07.tar.xz"))
        .arg("-C")
        .arg(folder.path())
        .status()
        .unwrap();
    assert!(unpacked.success());
    let output = run(&[
        "report",
        "--account",
        account.to_str().unwrap(),
        "--trail",
        folder.path().join("CloudTrail").to_str().unwrap(),
        "--now",
        "2023-07-11T00:00:00Z",
        "--granularity",
        "action",
        "--format",
        "jsonl",
        "--strict",
    ]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let said = stderr(&output);
    assert!(
        said.contains("2900 records = 2821 attributed + 79 set aside"),
        "{said}"
    );
    assert!(
        said.contains("none of the 11 users and roles in the trail is in the account"),
        "{said}"
    );
    let reports: Vec<Value> = stdout(&output)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(reports.len(), 187);
    assert!(reports.iter().all(|report| {
        let rows = report["ServicesLastAccessed"].as_array().unwrap();
        rows.iter()
            .all(|row| row["TotalAuthenticatedEntities"] == 0)
    }));
    // Two privilege escalation scenarios of the training account, by hand.
    let namespaces = |name: &str| -> Vec<&str> {
        let arn = format!("arn:aws:iam::200611803367:user/{name}");
        let report = reports.iter().find(|report| report["Arn"] == arn).unwrap();
        let rows = report["ServicesLastAccessed"].as_array().unwrap();
        rows.iter()
            .map(|row| row["ServiceNamespace"].as_str().unwrap())
            .collect()
    };
    assert_eq!(namespaces("fn1-privesc3-partial-user"), ["ec2", "iam"]);
}
