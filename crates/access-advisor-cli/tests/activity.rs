//! `access-advisor activity` as people use it, and its files in the engines that people have.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use assert_cmd::Command;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde_json::Value;
use tempfile::TempDir;

const TRAIL: &str = "testdata/trail";
const ERIN: &str = "arn:aws:iam::111122223333:user/erin";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A folder for files, and the program run beside the test data.
struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(env!("CARGO_BIN_EXE_access-advisor"))
            .current_dir(root())
            .args(arguments)
            .output()
            .unwrap()
    }

    fn succeed(&self, arguments: &[&str]) -> Output {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        output
    }

    /// What stderr says when the command fails, without the folder.
    fn failure(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_eq!(output.stdout, b"");
        let folder = format!("{}/", self.0.path().to_str().unwrap());
        stderr(&output).replace(&folder, "")
    }

    /// The activity file of the test trail.
    fn export(&self) -> String {
        let file = self.path("activity.parquet");
        self.succeed(&["activity", "export", TRAIL, "--output", &file]);
        file
    }
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn a_trail_becomes_a_file_that_can_be_looked_at() {
    let folder = Folder::new();
    let file = folder.path("activity.parquet");
    let arguments = ["activity", "export", TRAIL, "--output", &file, "--strict"];
    insta::assert_snapshot!(
        "activity_export_stderr",
        stderr(&folder.succeed(&arguments))
    );

    let one = ["activity", "show", &file, "--arn", ERIN];
    insta::assert_snapshot!("activity_show_table", stdout(&folder.succeed(&one)));
    let json = [&one[..], &["--format", "json"]].concat();
    insta::assert_snapshot!("activity_show_json", stdout(&folder.succeed(&json)));

    let nobody = ["activity", "show", &file, "--arn", "arn:aws:iam::1:user/no"];
    let nobody = folder.succeed(&nobody);
    assert_eq!(
        stderr(&nobody),
        "note: no attempts by arn:aws:iam::1:user/no\n"
    );
}

#[test]
fn what_a_store_holds_is_the_file_of_the_trails_it_took() {
    let folder = Folder::new();
    let (store, file) = (folder.path("advisor.db"), folder.path("store.parquet"));
    folder.succeed(&["import", "trail", TRAIL, "--store", &store]);
    let export = ["activity", "export", "--store", &store, "--output", &file];
    let output = folder.succeed(&export);
    assert_eq!(
        stderr(&output),
        "activity: 106 rows of 18 users and roles\n"
    );
    assert_eq!(fs::read(file).unwrap(), fs::read(folder.export()).unwrap());
}

/// Ada's key and password, and the key of a user of another account.
#[test]
fn credentials_travel_in_files_and_stores() {
    let folder = Folder::new();
    let (file, store) = (folder.export(), folder.path("advisor.db"));
    let list = |format: &str| {
        let printed = folder.succeed(&["activity", "credentials", &file, "--format", format]);
        assert_eq!(stderr(&printed), "");
        stdout(&printed)
    };
    let csv = list("csv");
    for line in [
        "AccountId,PrincipalId,PrincipalArn,Credential,FirstUsed,LastUsed,ServiceNamespace,Region,LastEventId",
        "111122223333,AIDAAOJPLX4XNCYZW2QKI,arn:aws:iam::111122223333:user/ada,password,2025-06-12T08:25:00+00:00,\
         2026-09-12T08:25:00+00:00,signin,us-east-1,",
        "arn:aws:iam::111122223333:user/ada,AKIAW5ZACTTYGEXAMPLE,2020-04-11T23:59:59+00:00,2026-10-20T12:01:00+00:00,ecs,\
         ca-west-1,",
        "arn:aws:iam::444455556666:user/ines,AKIAJB4R6Y2Y2EXAMPLE,",
    ] {
        assert!(csv.contains(line), "{line}\n{csv}");
    }
    let json: Value = serde_json::from_str(&list("json")).unwrap();
    let uses = json["CredentialUses"].as_array().unwrap();
    assert_eq!(uses.len(), csv.lines().count() - 1);
    assert_eq!(uses.len(), list("table").lines().count() - 1);
    assert!(!csv.contains("ASIA"));
    folder.succeed(&["import", "trail", TRAIL, "--store", &store]);
    let of_store = folder.path("of_store.parquet");
    folder.succeed(&[
        "activity", "export", "--store", &store, "--output", &of_store,
    ]);
    let again = folder.succeed(&["activity", "credentials", &of_store, "--format", "csv"]);
    assert_eq!(stdout(&again), csv);
}

#[test]
fn what_aws_remembers_beside_the_trail_is_said() {
    let folder = Folder::new();
    let report = |credentials: &str, format: &str| {
        folder.run(&[
            "report",
            "--account",
            "testdata/account.json",
            "--trail",
            TRAIL,
            "--now",
            "2026-11-01T00:00:00Z",
            "--arn",
            ERIN,
            "--credential-report",
            credentials,
            "--format",
            format,
        ])
    };
    let known = report("testdata/credential-report.csv", "json");
    let json: Value = serde_json::from_slice(&known.stdout).unwrap();
    let unseen = json["Coverage"]["UnseenUses"].as_array().unwrap();
    let sources = unseen.iter().map(|it| it["Source"].as_str().unwrap());
    let sources: Vec<_> = sources.collect();
    assert_eq!(
        sources,
        ["access_key_2_last_used_date", "password_last_used"]
    );
    assert_eq!(unseen[1]["Arn"], ERIN);
    assert_eq!(unseen[1]["DayWasRead"], true);
    let said = stderr(&known);
    assert!(
        said.contains("AWS remembers 2 later uses that the trail does not show"),
        "{said}"
    );
    // Without Flora, and then with a date that is none.
    let text = fs::read_to_string(root().join("testdata/credential-report.csv")).unwrap();
    let file = folder.path("report.csv");
    let others: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with("flora,"))
        .collect();
    fs::write(&file, others.join("\n")).unwrap();
    let said = stderr(&report(&file, "json"));
    let lacking = "warning: the credential report does not have the user arn:aws:iam::111122223333:user/flora";
    assert!(said.contains(lacking), "{said}");
    fs::write(&file, text.replace("2026-10-21T09:00:00+00:00", "soon")).unwrap();
    let failed = report(&file, "json");
    assert_eq!((failed.status.code(), &*failed.stdout), (Some(1), &b""[..]));
    let said = stderr(&failed);
    assert!(
        said.contains(
            "report.csv: line 7, column password_last_used: \"soon\" is not a date and time"
        ),
        "{said}"
    );
}

#[test]
fn a_store_without_activity_is_no_file() {
    let folder = Folder::new();
    let (store, file) = (folder.path("advisor.db"), folder.path("store.parquet"));
    let export = ["activity", "export", "--store", &store, "--output"];
    let export_to = |path: &str| folder.failure(&[&export[..], &[path]].concat());
    assert_eq!(
        export_to(&file),
        "error: advisor.db: no such store; `access-advisor import` creates one\n"
    );
    folder.succeed(&[
        "import",
        "account",
        "testdata/account.json",
        "--store",
        &store,
    ]);
    assert_eq!(
        export_to(&file),
        "error: advisor.db: this store has no activity; import a trail with `access-advisor \
         import trail`\n"
    );
    assert!(export_to(&store).contains("would overwrite an input"));
    assert!(!Path::new(&file).exists());
}

#[test]
fn a_trail_or_a_store_is_exported_not_both() {
    let folder = Folder::new();
    let store = folder.path("advisor.db");
    let usage = |arguments: &[&str]| {
        let output = folder.run(&[&["activity", "export"], arguments].concat());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        stderr(&output)
    };
    assert!(usage(&[]).contains("<PATH>..."));
    for (option, name) in [
        (&[TRAIL][..], "'[PATH]...'"),
        (&["--since", "2026-10-01T00:00:00Z"], "'--since <TIME>'"),
        (&["--threads", "2"], "'--threads <N>'"),
        (&["--object-limit", "1MiB"], "'--object-limit <SIZE>'"),
        (&["--strict"], "'--strict'"),
    ] {
        let said = usage(&[&["--store", &store], option].concat());
        assert!(
            said.contains("'--store <FILE>' cannot be used with") && said.contains(name),
            "{said}"
        );
    }
}

#[test]
fn every_format_has_the_same_rows() {
    let folder = Folder::new();
    let file = folder.export();
    let show = |format| stdout(&folder.succeed(&["activity", "show", &file, "--format", format]));
    let json: Value = serde_json::from_str(&show("json")).unwrap();
    let rows = json["Activity"].as_array().unwrap();
    assert!(rows.len() > 100, "{}", rows.len());

    let lines = show("jsonl");
    let lines: Vec<Value> = lines
        .lines()
        .map(|it| serde_json::from_str(it).unwrap())
        .collect();
    assert_eq!(&lines, rows);

    let csv = show("csv");
    let mut csv = csv::Reader::from_reader(csv.as_bytes());
    let header = csv.headers().unwrap().clone();
    let keys: Vec<&str> = rows[0]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(header.iter().collect::<Vec<_>>(), keys);
    for (record, row) in csv.records().zip(rows) {
        for (value, key) in record.unwrap().iter().zip(&keys) {
            let expected = match &row[key] {
                Value::Null => String::new(),
                Value::String(text) => text.clone(),
                Value::Array(days) => {
                    let days = days.iter().map(|day| day.as_str().unwrap());
                    days.collect::<Vec<_>>().join(" ")
                }
                other => other.to_string(),
            };
            assert_eq!(value, expected, "{key}");
        }
    }
    assert_eq!(show("table").lines().count(), rows.len() + 1);
}

#[test]
fn parts_merge_into_the_file_of_the_whole() {
    let folder = Folder::new();
    let whole = folder.export();
    let mut files = Vec::new();
    let mut folders = vec![root().join(TRAIL)];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                files.push(path);
            }
        }
    }
    files.sort();
    assert!(files.len() > 50);
    let mut merge = vec!["activity".to_owned(), "merge".to_owned()];
    for part in 0..3 {
        let file = folder.path(&format!("part-{part}.parquet"));
        let mut export = vec!["activity", "export", "--output", &file];
        export.extend(
            files
                .iter()
                .skip(part)
                .step_by(3)
                .map(|it| it.to_str().unwrap()),
        );
        // A digest lists log files that are in another part.
        let status = folder.run(&export).status.code();
        assert!(matches!(status, Some(0 | 3)), "{status:?}");
        merge.push(file);
    }
    let merge: Vec<&str> = merge.iter().map(String::as_str).collect();
    let merged = folder.succeed(&merge);
    assert_eq!(merged.stdout, fs::read(&whole).unwrap());

    // Shown together they are one table too.
    let show = [&["activity", "show"], &merge[2..]].concat();
    let whole = folder.succeed(&["activity", "show", &whole]);
    assert_eq!(folder.succeed(&show).stdout, whole.stdout);
}

#[test]
fn equal_trails_are_equal_files() {
    let folder = Folder::new();
    let file = fs::read(folder.export()).unwrap();
    for threads in ["1", "3"] {
        let export = ["activity", "export", TRAIL, "--threads", threads];
        assert_eq!(folder.succeed(&export).stdout, file);
    }
}

#[test]
fn what_is_wrong_is_said() {
    let folder = Folder::new();
    let file = folder.export();
    let write = |name: &str, bytes: &[u8]| {
        fs::write(folder.path(name), bytes).unwrap();
        folder.path(name)
    };
    let whole = fs::read(&file).unwrap();
    let cut = write("cut.parquet", &whole[..whole.len() - 100]);
    let text = write("text.parquet", b"{\"Records\": []}");
    let report = folder.path("report.parquet");
    folder.succeed(&[
        "report",
        "--account",
        "testdata/account.json",
        "--trail",
        TRAIL,
        "--format",
        "parquet",
        "--output",
        &report,
    ]);
    let failures: Vec<String> = [
        &["activity", "show", &folder.path("none.parquet")][..],
        &["activity", "show", &cut],
        &["activity", "show", &text],
        &["activity", "show", &report],
        &["activity", "merge", &file, &file],
        &["activity", "merge", &file, "--output", &file],
        &[
            "activity",
            "merge",
            &file,
            &cut,
            "--output",
            &folder.path("merged.parquet"),
        ],
        &["activity", "export", &text],
    ]
    .iter()
    .map(|arguments| folder.failure(arguments))
    .collect();
    insta::assert_snapshot!("activity_failures", failures.concat());
    assert!(!Path::new(&folder.path("merged.parquet")).exists());
}

#[test]
fn rows_that_span_the_end_of_a_report_are_missing_from_it() {
    let folder = Folder::new();
    let rows = stdout(&folder.succeed(&["activity", "show", &folder.export(), "--format", "csv"]));
    // Without their days, rows cannot be cut.
    let file = folder.path("undated.csv");
    fs::write(
        &file,
        rows.replacen("Days,DaysComplete", "Unknown,Other", 1),
    )
    .unwrap();
    let report = [
        "report",
        "--account",
        "testdata/account.json",
        "--trail",
        &file,
        "--now",
        "2026-09-01T00:00:00Z",
    ];
    let output = folder.run(&report);
    assert_eq!(output.status.code(), Some(3));
    let spanning = "activity rows span the end of the report";
    assert!(stderr(&output).contains(spanning), "{}", stderr(&output));
    let strict = [&report[..], &["--strict"]].concat();
    assert!(folder.failure(&strict).contains(spanning));
    assert!(folder.run(&strict).stdout.is_empty());
}

#[test]
fn a_report_file_has_the_lines_of_the_csv() {
    let folder = Folder::new();
    let file = folder.path("report.parquet");
    let report = [
        "report",
        "--account",
        "testdata/account.json",
        "--trail",
        TRAIL,
        "--now",
        "2026-11-01T00:00:00Z",
        "--granularity",
        "action",
        "--format",
    ];
    let csv = stdout(&folder.succeed(&[&report[..], &["csv"]].concat()));
    folder.succeed(&[&report[..], &["parquet", "--output", &file]].concat());
    let bytes = fs::read(&file).unwrap();
    assert_eq!(
        folder.succeed(&[&report[..], &["parquet"]].concat()).stdout,
        bytes
    );
    let table = ParquetRecordBatchReaderBuilder::try_new(fs::File::open(&file).unwrap()).unwrap();
    let rows: usize = (table.build().unwrap())
        .map(|batch| batch.unwrap().num_rows())
        .sum();
    assert_eq!(
        rows,
        csv::Reader::from_reader(csv.as_bytes()).records().count()
    );
}

/// `.venv`'s Python, when it has the engines.
fn python() -> Option<PathBuf> {
    let python = root().join(".venv/bin/python");
    let has_engines = std::process::Command::new(&python)
        .args(["-c", "import duckdb, polars, pyarrow"])
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !has_engines {
        println!("skipped: .venv has no duckdb, polars, pyarrow; cargo xtask test makes it");
    }
    has_engines.then_some(python)
}

#[test]
fn engines_read_the_files_and_what_they_write_is_read() {
    let Some(python) = python() else {
        return;
    };
    let folder = Folder::new();
    let activity = folder.export();
    let report = folder.path("report.parquet");
    folder.succeed(&[
        "report",
        "--account",
        "testdata/account.json",
        "--trail",
        TRAIL,
        "--now",
        "2026-11-01T00:00:00Z",
        "--granularity",
        "action",
        "--format",
        "parquet",
        "--output",
        &report,
    ]);
    let rewritten = folder.path("rewritten");
    fs::create_dir(&rewritten).unwrap();
    let output = std::process::Command::new(python)
        .arg(root().join("crates/access-advisor-cli/tests/activity/rewrite.py"))
        .args([&activity, &report, &rewritten])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    insta::assert_snapshot!("activity_duckdb_types", stdout(&output));

    // Most engines do not keep the metadata, and with it the coverage.
    let show = |file: &str| {
        let rows = ["activity", "show", file, "--format", "jsonl"];
        stdout(&folder.succeed(&rows))
    };
    let whole = show(&activity);
    let mut files = 0;
    for entry in fs::read_dir(&rewritten).unwrap() {
        let path = entry.unwrap().path();
        assert!(show(path.to_str().unwrap()) == whole, "{}", path.display());
        files += 1;
    }
    assert_eq!(files, 8);
}
