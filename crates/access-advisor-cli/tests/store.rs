//! The commands on a store, as people run them: whole outputs, exit statuses, and what stderr says.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::fs;
use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

const ACCOUNT: &str = "testdata/account.json";
const TRAIL: &str = "testdata/trail";
const NOW: &str = "2026-11-01T00:00:00Z";
const BRUNO: &str = "arn:aws:iam::111122223333:user/engineering/bruno";
const ERIN: &str = "arn:aws:iam::111122223333:user/erin";
const AUDITORS: &str = "arn:aws:iam::111122223333:group/auditors";
const DEVELOPERS: &str = "arn:aws:iam::111122223333:group/developers";

struct Store {
    folder: TempDir,
    path: String,
}

impl Store {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder
            .path()
            .join("advisor.db")
            .to_str()
            .unwrap()
            .to_owned();
        Self { folder, path }
    }

    /// With the small account and its trail.
    fn filled() -> Self {
        let store = Self::new();
        for arguments in [["import", "account", ACCOUNT], ["import", "trail", TRAIL]] {
            assert_eq!(store.run(&arguments).status.code(), Some(0));
        }
        store
    }

    /// Runs a command with `--store`.
    fn run(&self, arguments: &[&str]) -> Output {
        run(&[arguments, &["--store", &self.path]].concat())
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let said = stderr(&output);
        // Of those who are in the group of auditors, whose policy the export lacks.
        let is_other = |line: &&str| !line.starts_with("warning: services may be missing: ");
        assert_eq!(said.lines().find(is_other), None);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn generate(&self, arn: &str, more: &[&str]) -> String {
        let arguments = [&["generate", arn, "--now", NOW], more].concat();
        let answer = self.json(&arguments);
        let id = answer["JobId"].as_str().unwrap();
        assert_eq!(id.len(), 36);
        assert_eq!(answer.as_object().unwrap().len(), 1);
        id.to_owned()
    }

    /// What stderr says when the command fails, without the store's folder.
    fn failure(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
        stderr(&output).replace(self.folder.path().to_str().unwrap(), "FOLDER")
    }
}

/// Runs a command from the folder that the test data is in.
fn run(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Command::new(env!("CARGO_BIN_EXE_access-advisor"))
        .current_dir(root)
        .args(arguments)
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The text without what the clock says.
fn without_clock(text: &str) -> String {
    text.lines()
        .map(|line| match line.split_once("\"JobCompletionDate\": ") {
            Some((blanks, _)) => format!("{blanks}\"JobCompletionDate\": THE CLOCK,\n"),
            None => format!("{line}\n"),
        })
        .collect()
}

#[test]
fn imports_say_what_they_took() {
    let store = Store::new();
    let mut said = String::new();
    for arguments in [
        ["import", "account", ACCOUNT],
        ["import", "trail", TRAIL],
        // Once more: a new snapshot of the account, and nothing new of the trail.
        ["import", "account", ACCOUNT],
        ["import", "trail", TRAIL],
    ] {
        let output = store.run(&arguments);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(stdout(&output), "");
        said.push_str(&format!("$ {}\n{}", arguments.join(" "), stderr(&output)));
    }
    insta::assert_snapshot!("store_imports", said);
}

#[test]
fn a_folder_of_exports_is_imported() {
    let store = Store::new();
    let exports = store.folder.path().join("exports");
    fs::create_dir(&exports).unwrap();
    let export = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(ACCOUNT);
    fs::copy(export, exports.join("111122223333.json")).unwrap();
    let taken = store.run(&["import", "account", exports.to_str().unwrap()]);
    assert_eq!(taken.status.code(), Some(0));
    assert!(stderr(&taken).ends_with("imported account 111122223333\n"));
}

#[test]
fn a_job_from_generate_to_get() {
    let store = Store::filled();
    let job = store.generate(ERIN, &["--granularity", "action"]);
    let got = stdout(&store.run(&["get", &job]));
    insta::assert_snapshot!("store_get", without_clock(&got));
    let job = store.generate(DEVELOPERS, &[]);
    let entities = stdout(&store.run(&["entities", &job, "s3"]));
    insta::assert_snapshot!("store_entities", without_clock(&entities));
    assert_eq!(
        store.json(&["entities", &job, "braket"])["EntityDetailsList"],
        Value::Array(vec![])
    );
}

#[test]
fn get_says_what_report_says() {
    let store = Store::filled();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for (tracking, level) in [("aws", "service"), ("full", "action")] {
        let more = ["--tracking", tracking, "--granularity", level];
        let report = Command::new(env!("CARGO_BIN_EXE_access-advisor"))
            .current_dir(&root)
            .args(["report", "--account", ACCOUNT, "--trail", TRAIL])
            .args(["--now", NOW, "--format", "json"])
            .args(more)
            .output()
            .unwrap();
        let reports: Value = serde_json::from_slice(&report.stdout).unwrap();
        let (lacking, reports): (Vec<&Value>, Vec<&Value>) = reports["Reports"]
            .as_array()
            .unwrap()
            .iter()
            .partition(|report| report["Arn"] == "arn:aws:iam::aws:policy/SecurityAudit");
        // The export has no document of it: an empty list would look like a policy that grants nothing.
        let refused = store.run(&["generate", lacking[0]["Arn"].as_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(1));
        assert!(stderr(&refused).contains("was not evaluated"));
        let evaluated = |report: &&Value| report.get("NotEvaluated").is_none();
        for report in reports.into_iter().filter(evaluated).step_by(9) {
            let job = store.generate(report["Arn"].as_str().unwrap(), &more);
            let mut rows = Vec::new();
            let mut answer = store.json(&["get", &job, "--max-items", "150"]);
            loop {
                rows.extend(answer["ServicesLastAccessed"].as_array().unwrap().clone());
                let Some(marker) = answer["Marker"].as_str() else {
                    break;
                };
                answer = store.json(&["get", &job, "--max-items", "150", "--marker", marker]);
            }
            assert_eq!(rows, *report["ServicesLastAccessed"].as_array().unwrap());
            assert_eq!(answer["JobType"], report["JobType"]);
        }
    }
}

#[test]
fn what_was_not_evaluated_is_named() {
    let store = Store::filled();
    let missing = "arn:aws:iam::aws:policy/SecurityAudit";
    let warning = format!(
        "warning: services may be missing: not evaluated: {missing}: the export has no document of it\n"
    );
    let answer = |arguments: &[&str]| -> Value {
        let output = store.run(arguments);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(stderr(&output), warning);
        serde_json::from_slice(&output.stdout).unwrap()
    };
    let job = answer(&["generate", AUDITORS, "--now", NOW]);
    let job = job["JobId"].as_str().unwrap();
    let reason = "the export has no document of it";
    let expected = serde_json::json!([{"Name": missing, "Reason": reason}]);
    assert_eq!(answer(&["get", job])["NotEvaluated"], expected);
    let entities = answer(&["entities", job, "s3"]);
    assert_eq!(entities["NotEvaluated"], expected);
    let listed = stdout(&store.run(&["jobs", "list"]));
    let row: Vec<&str> = listed.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!((row[4], row[5]), ("5", "1"), "{listed}");
    let refused = store.failure(&["generate", missing]);
    assert_eq!(
        refused,
        format!("error: the policy was not evaluated: {missing}: {reason}\n")
    );
}

#[test]
fn pages_on_the_command_line() {
    let store = Store::filled();
    let job = store.generate(BRUNO, &[]);
    let all = store.json(&["get", &job]);
    let all = all["ServicesLastAccessed"].as_array().unwrap();
    let first = store.json(&["get", &job, "--max-items", "1"]);
    assert_eq!(first["IsTruncated"], true);
    let marker = first["Marker"].as_str().unwrap();
    let rest = store.json(&["get", &job, "--marker", marker, "--max-items", "1000"]);
    assert_eq!(rest["IsTruncated"], false);
    assert_eq!(first["ServicesLastAccessed"][0], all[0]);
    assert_eq!(rest["ServicesLastAccessed"].as_array().unwrap(), &all[1..]);

    let failure = |more: &[&str]| store.failure(&[&["get", &job], more].concat());
    let constraint = |must: &str| {
        format!(
            "error: 1 validation error detected: Value at 'maxItems' failed to satisfy constraint: \
             Member must have value {must} (ValidationError)\n"
        )
    };
    let low = constraint("greater than or equal to 1");
    assert_eq!(failure(&["--max-items", "0"]), low);
    assert_eq!(failure(&["--max-items", "-3"]), low);
    let high = constraint("less than or equal to 1000");
    assert_eq!(failure(&["--max-items", "1001"]), high);
    assert_eq!(
        failure(&["--marker", "mine"]),
        "error: Invalid Marker. (ValidationError)\n"
    );
    assert_eq!(
        store.failure(&["entities", &job, "s3", "--marker", marker]),
        "error: The marker passed in the request was invalid. (InvalidInput)\n"
    );
}

#[test]
fn a_newer_export_shows_in_new_jobs_and_in_old_jobs_entities() {
    let store = Store::filled();
    let old = store.generate(BRUNO, &[]);
    let before = store.json(&["get", &old]);
    let text = fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../..")
            .join(ACCOUNT),
    )
    .unwrap();
    let mut export: Value = serde_json::from_str(&text).unwrap();
    let users = export["UserDetailList"].as_array_mut().unwrap();
    let bruno = users.iter_mut().find(|user| user["Arn"] == BRUNO).unwrap();
    let renamed = "arn:aws:iam::111122223333:user/brunello";
    bruno["Arn"] = renamed.into();
    bruno["UserName"] = "brunello".into();
    bruno["Path"] = "/".into();
    let newer = store.folder.path().join("newer.json");
    fs::write(&newer, export.to_string()).unwrap();
    let imported = store.run(&["import", "account", newer.to_str().unwrap()]);
    assert_eq!(imported.status.code(), Some(0));

    assert_eq!(store.json(&["get", &old]), before);
    let entities = store.json(&["entities", &old, "s3"]);
    let info = &entities["EntityDetailsList"][0]["EntityInfo"];
    assert_eq!(info["Arn"], renamed);
    assert_eq!(
        store.failure(&["generate", BRUNO]),
        format!("error: ARN {BRUNO} does not exist. (NoSuchEntity)\n")
    );
    // The activity stays with the user, who has the same id.
    let job = store.generate(renamed, &[]);
    let after = store.json(&["get", &job]);
    let times = |answer: &Value| -> Vec<Value> {
        let rows = answer["ServicesLastAccessed"].as_array().unwrap();
        rows.iter()
            .map(|row| row["LastAuthenticated"].clone())
            .collect()
    };
    assert_eq!(times(&after), times(&before));
}

#[test]
fn policies_of_a_store_are_those_of_the_export() {
    let store = Store::filled();
    let arguments = ["policies", BRUNO, "s3", "sqs", "braket"];
    let from_store = store.run(&arguments);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let from_export = Command::new(env!("CARGO_BIN_EXE_access-advisor"))
        .current_dir(root)
        .args(arguments)
        .args(["--account", ACCOUNT])
        .output()
        .unwrap();
    assert_eq!(stdout(&from_store), stdout(&from_export));
    assert_eq!(from_store.status.code(), Some(0));
}

#[test]
fn jobs_are_listed_and_deleted() {
    let store = Store::filled();
    assert_eq!(
        stdout(&store.run(&["jobs", "list"])).lines().count(),
        1,
        "the header alone"
    );
    let later = ["generate", DEVELOPERS, "--now", "2026-11-02T00:00:00Z"];
    let jobs = [
        store.generate(BRUNO, &["--as", BRUNO, "--granularity", "action"]),
        store.generate(ERIN, &[]),
        store.json(&later)["JobId"].as_str().unwrap().to_owned(),
    ];
    let mut listed = stdout(&store.run(&["jobs", "list"]));
    // Of the same instant, by id.
    let mut lines: Vec<&str> = listed.lines().collect();
    lines[2..].sort_by_key(|line| line.contains("ACTION_LEVEL"));
    listed = lines.join("\n");
    for (number, job) in jobs.iter().enumerate() {
        listed = listed.replace(job, &format!("{:-<36}", format!("JOB-{number}")));
    }
    insta::assert_snapshot!("store_jobs", listed);

    let deleted = store.run(&["jobs", "delete", &jobs[0], &jobs[1]]);
    assert_eq!(deleted.status.code(), Some(0));
    assert_eq!((stdout(&deleted), stderr(&deleted)), Default::default());
    assert_eq!(stdout(&store.run(&["jobs", "list"])).lines().count(), 2);
    let not_found = format!("error: Job {} does not exist. (NoSuchEntity)\n", jobs[1]);
    assert_eq!(store.failure(&["jobs", "delete", &jobs[1]]), not_found);
    assert_eq!(store.failure(&["get", &jobs[1]]), not_found);
    store.json(&["get", &jobs[2]]);

    // By age, of all callers.
    store.generate(BRUNO, &["--as", BRUNO]);
    for (age, deleted) in [("1d", 0), ("0m", 2)] {
        let said = store.run(&["jobs", "delete", "--older-than", age]);
        assert_eq!(said.status.code(), Some(0));
        assert_eq!(stderr(&said), format!("deleted {deleted} jobs\n"));
    }
    for wrong in ["", "d", "-1d", "1y", "9999999999999999d"] {
        let said = store.run(&["jobs", "delete", "--older-than", wrong]);
        assert_eq!(said.status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn a_store_that_another_catalog_credited_is_refused() {
    let store = Store::filled();
    let other = store.folder.path().join("catalog.txt");
    let other = other.to_str().unwrap();
    let reference = store.folder.path().join("reference");
    fs::create_dir(&reference).unwrap();
    let services = r#"{"Name": "s3", "Actions": [{"Name": "GetObject", "Resources": []}], "Resources": [],
        "Operations": []}"#;
    fs::write(reference.join("s3.json"), services).unwrap();
    let built = Command::new(env!("CARGO_BIN_EXE_access-advisor"))
        .args(["catalog", "build", "--service-reference-date", "2026-08-22"])
        .args(["--service-reference", reference.to_str().unwrap()])
        .args(["--output", other])
        .output()
        .unwrap();
    assert_eq!(built.status.code(), Some(0), "{}", stderr(&built));
    let job = store.generate(ERIN, &[]);
    let exported = store.folder.path().join("activity.parquet");
    let export = ["activity", "export", "--output", exported.to_str().unwrap()];
    for arguments in [
        &["coverage"][..],
        &export,
        &["get", &job],
        &["import", "trail", TRAIL],
    ] {
        assert_eq!(store.run(arguments).status.code(), Some(0), "{arguments:?}");
        let said = store.failure(&[arguments, &["--catalog", other]].concat());
        assert!(said.contains("was credited by the catalog"), "{said}");
    }
}

#[test]
fn paths_that_are_no_files_say_what_to_do() {
    let store = Store::new();
    let folder = store.folder.path().to_str().unwrap();
    let slash = format!("{folder}/advisor.db/");
    for (path, says) in [
        (":memory:", "a store is a file"),
        ("file:advisor.db", "not by a URI"),
        (folder, "this is the path of a folder"),
        (&slash, "this is the path of a folder"),
        ("/dev/null", "not a regular file"),
    ] {
        let said = Command::new(env!("CARGO_BIN_EXE_access-advisor"))
            .args(["jobs", "list", "--store", path])
            .output()
            .unwrap();
        assert_eq!(said.status.code(), Some(1), "{path}");
        let text = stderr(&said);
        assert!(
            text.starts_with(&format!("error: {path}: ")) && text.contains(says),
            "{text}"
        );
    }
    assert_eq!(fs::read_dir(folder).unwrap().count(), 0);
}

#[test]
fn a_job_is_read_by_who_asked_for_it() {
    let store = Store::filled();
    let session = "arn:aws:sts::111122223333:assumed-role/pipeline-runner/build";
    let job = store.generate(ERIN, &["--as", session]);
    store.json(&["get", &job, "--as", session]);
    store.json(&["entities", &job, "s3", "--as", session]);
    let not_found = format!("error: Job {job} does not exist. (NoSuchEntity)\n");
    for other in [
        "arn:aws:sts::111122223333:assumed-role/pipeline-runner/other",
        ERIN,
    ] {
        assert_eq!(store.failure(&["get", &job, "--as", other]), not_found);
        assert_eq!(
            store.failure(&["entities", &job, "s3", "--as", other]),
            not_found
        );
    }
    assert_eq!(store.failure(&["get", &job]), not_found);
    let partner = "arn:aws:iam::444455556666:user/ines";
    assert_eq!(
        store.failure(&["generate", ERIN, "--as", partner]),
        format!(
            "error: User: {partner} is not authorized to perform the operation on {ERIN} \
             (AccessDenied)\n"
        )
    );
    let nobody = store.run(&["get", &job, "--as", DEVELOPERS]);
    assert_eq!(nobody.status.code(), Some(2));
    assert!(stderr(&nobody).contains("not the ARN of a user or of a role session"));
}

#[test]
fn failures_say_what_to_do() {
    let store = Store::new();
    let job = "x".repeat(36);
    let missing = "error: FOLDER/advisor.db: no such store; `access-advisor import` creates one\n";
    for arguments in [
        &["generate", ERIN][..],
        &["get", &job],
        &["entities", &job, "s3"],
        &["policies", ERIN, "s3"],
        &["jobs", "list"],
        &["jobs", "delete", &job],
    ] {
        assert_eq!(store.failure(arguments), missing, "{arguments:?}");
    }
    assert!(!Path::new(&store.path).exists());

    assert_eq!(
        store.failure(&["import", "account", "nowhere.json"]),
        "error: nowhere.json: No such file or directory (os error 2)\n"
    );
    assert!(
        store
            .failure(&["import", "trail", "nowhere"])
            .starts_with("error: nowhere: No such file or directory")
    );
    fs::write(&store.path, "hello").unwrap();
    assert_eq!(
        store.failure(&["import", "account", ACCOUNT]),
        "error: FOLDER/advisor.db: not a store of access-advisor\n"
    );
    let wrong = store.run(&["get"]);
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
fn a_first_import_that_fails_leaves_no_store_behind() {
    let store = Store::new();
    let write = |name: &str, text: &str| {
        let file = store.folder.path().join(name);
        fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    };
    let bad = write("bad.json", r#"{"UserDetailList": ["#);
    let nobody = write("nobody.json", r#"{"UserDetailList": []}"#);
    let malformed = write("malformed.json", r#"{"Records": [{"eventTime": 1}]}"#);
    let cut = write("cut.json", r#"{"Records": [{"eventTime": "2026"#);
    let empty = store.folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    for (arguments, says) in [
        (["import", "account", &bad], "bad.json: "),
        (
            ["import", "account", &nobody],
            "no user, group, role or policy of an account",
        ),
        (["import", "account", "/nope"], "/nope: No such file"),
        (["import", "trail", "/nope"], "/nope: No such file"),
        (["import", "trail", empty.to_str().unwrap()], "empty: "),
        (
            ["import", "trail", &malformed],
            "none of its records can be used",
        ),
        (["import", "trail", &cut], "none of the trail could be read"),
    ] {
        let said = store.failure(&arguments);
        assert!(said.contains(says), "{said}");
        for suffix in ["", "-wal", "-shm"] {
            let file = format!("{}{suffix}", store.path);
            assert!(!Path::new(&file).exists(), "{arguments:?}: {file}");
        }
    }
    // And one that is there stays as it is.
    let taken = store.run(&["import", "account", ACCOUNT]);
    assert_eq!(taken.status.code(), Some(0));
    store.failure(&["import", "account", &bad]);
    store.generate(ERIN, &["--allow-empty-activity"]);
}

#[test]
fn what_is_missing_is_said_and_strict_fails() {
    let store = Store::new();
    assert_eq!(
        store.run(&["import", "trail", TRAIL]).status.code(),
        Some(0)
    );
    let file = store.folder.path().join("events.jsonl");
    let path = file.to_str().unwrap();
    fs::write(&file, r#"{"Records": [{"eventTime": 1}]}"#).unwrap();
    // Not remembered as imported.
    for _ in 0..2 {
        let said = store.failure(&["import", "trail", path]);
        assert!(said.contains("MALFORMED"), "{said}");
    }
    fs::write(
        &file,
        r#"{"Records": [{"eventType": "AwsServiceEvent"}, {"eventTime": 1}]}"#,
    )
    .unwrap();
    let said = store.run(&["import", "trail", path]);
    assert_eq!(said.status.code(), Some(3));
    assert!(stderr(&said).contains("MALFORMED"), "{}", stderr(&said));
    fs::write(&file, "{}\n{}\n").unwrap();
    let said = store.run(&["import", "trail", path]);
    assert_eq!(said.status.code(), Some(3));
    let warning = "was imported before with other content, which is counted already and cannot be taken out; it was \
                   not read again. To count what it holds now, import everything into a new store";
    assert!(stderr(&said).contains(warning), "{}", stderr(&said));
    let strict = store.failure(&["import", "trail", "--strict", path]);
    let changed = "error: --strict: 1 imported objects have changed and were not read again, 2 log files or other objects were not read whole; \
                   the rest is imported\n";
    assert!(strict.ends_with(changed), "{strict}");
    // Whoever asks the store later must know.
    let said = store.run(&["coverage", "--format", "json"]);
    assert_eq!(said.status.code(), Some(3));
    assert!(stderr(&said).contains("2 log files or other objects were not read whole"));
}

/// A store that may only be read can be asked, also where not even its folder may be written, and leaves nothing beside it.
#[test]
fn a_store_that_may_only_be_read() {
    let store = Store::filled();
    let job = store.generate(BRUNO, &[]);
    let expected = stdout(&store.run(&["get", &job]));
    // Root writes all the same: then as nobody.
    let is_root =
        fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let permit = |path: &Path, mode: u32| {
        fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(mode)).unwrap();
    };
    permit(Path::new(&store.path), 0o444);
    permit(store.folder.path(), 0o777);
    let program = env!("CARGO_BIN_EXE_access-advisor");
    let run = |arguments: &[&str]| {
        let nobody = ["--reuid=65534", "--regid=65534", "--clear-groups", program];
        let mut command = Command::new(if is_root { "setpriv" } else { program });
        if is_root {
            command.args(nobody);
        }
        command.args(arguments);
        if arguments != ["--version"] {
            command.args(["--store", &store.path]);
        }
        command.output()
    };
    // Nobody may not get at the program where it was built, perhaps.
    let usable = run(&["--version"]).is_ok_and(|output| output.status.success());
    if usable {
        for mode in [0o555, 0o777] {
            permit(store.folder.path(), mode);
            let got = run(&["get", &job]).unwrap();
            assert_eq!(stderr(&got), "");
            assert_eq!(stdout(&got), expected);
            assert!(!Path::new(&format!("{}-wal", store.path)).exists());
        }
        let refused = run(&["generate", BRUNO]).unwrap();
        assert_eq!(refused.status.code(), Some(1));
        assert!(
            stderr(&refused).contains("advisor.db: attempt to write a readonly database"),
            "{}",
            stderr(&refused)
        );
    } else {
        eprintln!("skipped: this user cannot become one who may not write");
    }
    permit(store.folder.path(), 0o755);
    permit(Path::new(&store.path), 0o644);
    assert_eq!(stdout(&store.run(&["get", &job])), expected);
}

/// A umask adds no rights, and takes none away.
#[test]
#[cfg(unix)]
fn a_new_store_is_readable_and_writable_by_its_owner_only() {
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::PermissionsExt;
    use std::process::Stdio;

    for umask in ["0000", "0777"] {
        let store = Store::new();
        let run = |arguments: &str| {
            let program = env!("CARGO_BIN_EXE_access-advisor");
            let script = format!(
                "umask {umask}; exec '{program}' {arguments} --store '{}'",
                store.path
            );
            let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
            let mut command = std::process::Command::new("sh");
            command.current_dir(root).args(["-c", &script]);
            command
        };
        let imported = run(&format!("import account {ACCOUNT}")).output().unwrap();
        assert!(imported.status.success(), "{}", stderr(&imported));
        let mut server = run("serve --allow-empty-activity --listen 127.0.0.1:0")
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(server.stderr.take().unwrap()).lines();
        let mut listening = said
            .map(Result::unwrap)
            .filter(|line| line.starts_with("listening"));
        assert!(listening.next().is_some());
        for suffix in ["", "-wal", "-shm"] {
            let file = format!("{}{suffix}", store.path);
            let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode, 0o600, "{file}, umask {umask}");
        }
        server.kill().unwrap();
        server.wait().unwrap();
    }
}

/// Commands that answer from files answer the same from a store.
#[test]
fn a_store_answers_as_the_files_that_were_imported() {
    let store = Store::filled();
    let commands: [&[&str]; 5] = [
        &["report", "--granularity", "action", "--tracking", "full"],
        &["findings", "--min-coverage", "10", "--format", "json"],
        &["rightsize", "--all", "--min-coverage", "10"],
        &["explain", BRUNO, "s3:GetObject", "--min-coverage", "10"],
        &["explain", BRUNO, "kms", "--format", "json"],
    ];
    for command in commands {
        let command = [command, &["--now", NOW]].concat();
        let files = run(&[&command[..], &["--account", ACCOUNT, "--trail", TRAIL]].concat());
        let stored = store.run(&command);
        assert_eq!(
            stored.status.code(),
            Some(0),
            "{command:?}: {}",
            stderr(&stored)
        );
        assert_eq!(stdout(&stored), stdout(&files), "{command:?}");
    }
}

#[test]
fn what_a_store_must_have_to_answer() {
    let only_accounts = Store::new();
    only_accounts.run(&["import", "account", ACCOUNT]);
    let findings = only_accounts.run(&["findings"]);
    assert_eq!(findings.status.code(), Some(1));
    assert!(stderr(&findings).contains("this store has no activity"));
    // The policies alone can be explained.
    let explained = only_accounts.run(&["explain", BRUNO, "s3:GetObject"]);
    assert_eq!(explained.status.code(), Some(0));
    assert!(stdout(&explained).contains("no trail was given"));

    let only_trail = Store::new();
    only_trail.run(&["import", "trail", TRAIL]);
    let findings = only_trail.run(&["findings"]);
    assert_eq!(findings.status.code(), Some(1));
    assert!(stderr(&findings).contains("this store has no account"));

    // A store and files at once would be two answers.
    let both = only_trail.run(&["findings", "--account", ACCOUNT, "--trail", TRAIL]);
    assert_eq!(both.status.code(), Some(2));
    let neither = run(&["findings"]);
    assert_eq!(neither.status.code(), Some(2));

    // Results are not written over the store.
    let over = Store::filled();
    let written = over.run(&["findings", "--now", NOW, "--output", &over.path]);
    assert_eq!(written.status.code(), Some(1));
    assert_eq!(over.run(&["explain", BRUNO, "s3"]).status.code(), Some(0));
}

/// Runs the program as a user who cannot write what is not his own.
#[cfg(unix)]
struct Unprivileged {
    program: std::path::PathBuf,
    is_root: bool,
    _folder: TempDir,
}

#[cfg(unix)]
impl Unprivileged {
    fn new() -> Self {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let locked = folder.path().join("locked");
        fs::write(&locked, "").unwrap();
        fs::set_permissions(&locked, PermissionsExt::from_mode(0o444)).unwrap();
        let is_root = fs::OpenOptions::new().write(true).open(&locked).is_ok();
        let mut program = Path::new(env!("CARGO_BIN_EXE_access-advisor")).to_owned();
        if is_root {
            // Another user may not be allowed to look into the folder of the build.
            fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
            let copy = folder.path().join("access-advisor");
            fs::copy(&program, &copy).unwrap();
            program = copy;
        }
        Self {
            program,
            is_root,
            _folder: folder,
        }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        use std::os::unix::process::CommandExt;
        let mut command = std::process::Command::new(&self.program);
        command.args(arguments).current_dir("/");
        if self.is_root {
            // `nobody`.
            command.uid(65_534).gid(65_534);
        }
        command.output().unwrap()
    }
}

/// The names in a folder.
#[cfg(unix)]
fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[cfg(unix)]
#[test]
fn a_store_that_cannot_be_written_is_read_and_nothing_is_left_beside_it() {
    use std::os::unix::fs::PermissionsExt;
    let other = Unprivileged::new();
    // A file that cannot be written in a folder that can; and the other way round.
    let own = if other.is_root { 0o777 } else { 0o755 };
    for (of_file, of_folder) in [(0o444, own), (own & 0o666, 0o555)] {
        let store = Store::filled();
        let job = store.generate(BRUNO, &[]);
        let folder = store.folder.path();
        let set = |path: &Path, mode| {
            fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
        };
        set(Path::new(&store.path), of_file);
        set(folder, of_folder);
        let before = names(folder);
        let list = other.run(&["jobs", "list", "--store", &store.path]);
        assert_eq!(list.status.code(), Some(0), "{}", stderr(&list));
        assert!(stdout(&list).contains(&job));
        let get = other.run(&["get", &job, "--store", &store.path]);
        assert_eq!(get.status.code(), Some(0), "{}", stderr(&get));
        for arguments in [
            &["generate", BRUNO][..],
            &["jobs", "delete", &job],
            &["serve", "--listen", "127.0.0.1:0"],
        ] {
            let output = other.run(&[arguments, &["--store", &store.path]].concat());
            assert_eq!(output.status.code(), Some(1), "{arguments:?}");
            let said = stderr(&output);
            assert!(said.contains("writ"), "{arguments:?}: {said}");
        }
        assert_eq!(names(folder), before, "{of_file:o} {of_folder:o}");
        // It can be used once it can be written again.
        set(folder, 0o755);
        set(Path::new(&store.path), 0o600);
        store.generate(BRUNO, &[]);
    }
}
