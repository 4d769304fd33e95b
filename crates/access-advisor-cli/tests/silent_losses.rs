//! What could be lost without a word: inputs that cannot be used, as a whole or in part, through every
//! command that makes reports. Each is refused, or its loss is said on stderr and in the exit status, and
//! nothing that was not read looks unused.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[allow(dead_code, reason = "some of it is for tests with AWS's clients")]
mod wire;
mod workspace;

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Output};
use std::time::{Duration, SystemTime};

use access_advisor::time;
use chrono::{DateTime, TimeDelta, Utc};
use rayon::prelude::*;
use serde_json::{Value, json};
use workspace::Workspace;

const USER: &str = "arn:aws:iam::111122223333:user/u";
const OBJECT: &str = "111122223333_CloudTrail_eu-west-1_20261001T0905Z_JbvNemAuhObvFmuY.json";

impl Workspace {
    fn run(&self, arguments: &[&str]) -> Said {
        self.run_in(".", arguments)
    }

    fn run_in(&self, folder: &str, arguments: &[&str]) -> Said {
        let program = env!("CARGO_BIN_EXE_access-advisor");
        Command::new(program)
            .args(arguments)
            .current_dir(self.folder.path().join(folder))
            .output()
            .unwrap()
            .into()
    }

    fn import(&self, what: &str, path: &str) -> Said {
        self.run(&["import", what, path, "--store", "advisor.db"])
    }
}

/// The outcome of a command.
#[derive(Debug)]
struct Said {
    status: i32,
    stdout: String,
    stderr: String,
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Self {
            status: output.status.code().unwrap(),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }
}

impl Said {
    fn expect(&self, status: i32, words: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.stderr.contains(words), "{words}: {self:?}");
    }
}

fn now() -> DateTime<Utc> {
    SystemTime::now().into()
}

fn days_from_now(days: i64) -> String {
    time::format(now() + TimeDelta::days(days))
}

fn user(name: &str) -> Value {
    json!({
        "Path": "/", "UserName": name, "UserId": "AIDA00000000000000001", "Arn": USER,
        "CreateDate": "2020-01-01T00:00:00+00:00", "GroupList": [], "AttachedManagedPolicies": [],
        "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}]}}],
    })
}

fn export(users: &[Value]) -> String {
    json!({"UserDetailList": users, "GroupDetailList": [], "RoleDetailList": [], "Policies": []})
        .to_string()
}

fn call(days: i64) -> Value {
    json!({
        "eventVersion": "1.11", "eventTime": days_from_now(days), "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets", "awsRegion": "eu-west-1", "eventType": "AwsApiCall",
        "eventID": "00000000-0000-4000-8000-000000000000", "recipientAccountId": "111122223333",
        "userIdentity": {
            "type": "IAMUser", "principalId": "AIDA00000000000000001", "accountId": "111122223333",
            "arn": USER, "userName": "u",
        },
    })
}

fn records(records: &[Value]) -> String {
    json!({ "Records": records }).to_string()
}

/// Files, and the exit status and words of their import.
type Later = (Vec<(String, String)>, (i32, String));

/// An account and a trail, and what becomes of them. The cases are in `testdata/silent-losses.json`; the tests of the Python package
/// read them too.
struct Loss {
    name: String,
    account: String,
    trail: Vec<(String, String)>,
    /// `--since` and `--until`, if they are given.
    times: Vec<String>,
    /// Exit status and words of `report`.
    report: (i32, String),
    /// Those of `import account`.
    import_account: (i32, String),
    /// Those of `import trail`.
    import: (i32, String),
    /// What is in the trail later, with the outcome of its import.
    then: Option<Later>,
    /// Whether the store then makes reports.
    has_reports: bool,
    /// Why it does not.
    refusal: String,
}

fn losses() -> Vec<Loss> {
    let table = fs::read_to_string(wire::root().join("testdata/silent-losses.json")).unwrap();
    let table: Value = serde_json::from_str(&table).unwrap();
    let expected = |case: &Value| {
        let status = case["status"].as_i64().unwrap();
        let says = case["says"].as_str().unwrap();
        (i32::try_from(status).unwrap(), says.to_owned())
    };
    let files = |files: &Value| -> Vec<(String, String)> {
        let files = files.as_object().unwrap().iter();
        let files =
            files.map(|(name, content)| (name.clone(), text_of(content, &table["records"])));
        files.collect()
    };
    let times = |case: &Value| {
        let given = ["since", "until"].into_iter().filter_map(|name| {
            let time = with_times(case[name].as_str()?);
            Some([format!("--{name}"), time])
        });
        given.flatten().collect()
    };
    let cases = table["cases"].as_array().unwrap().iter();
    let losses = cases.map(|case| Loss {
        name: case["name"].as_str().unwrap().to_owned(),
        account: account_of(&case["account"]),
        trail: files(&case["trail"]),
        times: times(case),
        report: expected(&case["report"]),
        import_account: match &case["import_account"] {
            Value::Null => (0, String::new()),
            outcome => expected(outcome),
        },
        import: expected(&case["import"]),
        then: match &case["then"] {
            Value::Null => None,
            later => Some((files(later), expected(&case["import_then"]))),
        },
        has_reports: case["has_reports"].as_bool().unwrap(),
        refusal: case["refusal"]
            .as_str()
            .unwrap_or("no CloudTrail activity was imported for account 111122223333")
            .to_owned(),
    });
    losses.collect()
}

/// The account's export with further members, or cut where `@cut` says.
fn account_of(change: &Value) -> String {
    let mut text = export(&[user("u")]);
    if let Some(cut) = change["@cut"].as_u64() {
        text.truncate(usize::try_from(cut).unwrap());
    } else if let Some(members) = change.as_object() {
        let mut account: Value = serde_json::from_str(&text).unwrap();
        account.as_object_mut().unwrap().extend(members.clone());
        text = account.to_string();
    }
    text
}

/// The text of a file: its JSON, cut where `@cut` says, with times in place of `@day-9@`.
fn text_of(content: &Value, records: &Value) -> String {
    let (content, cut) = match content["@cut"].as_u64() {
        Some(cut) => (&content["of"], usize::try_from(cut).unwrap()),
        None => (content, usize::MAX),
    };
    let mut text = with_times(&with_records(content, records).to_string());
    text.truncate(cut.min(text.len()));
    text
}

/// The text with times in place of `@day-9@`.
fn with_times(text: &str) -> String {
    let days = [-30, -20, -9, -8, -5, 30].into_iter();
    days.fold(text.to_owned(), |text, days| {
        text.replace(&format!("@day{days:+}@"), &days_from_now(days))
    })
}

/// The same JSON with the record in place of `@name`, and with its text in place of `@text name`.
fn with_records(value: &Value, records: &Value) -> Value {
    match value {
        Value::String(name) => match name.strip_prefix('@') {
            Some(name) if name.starts_with("text ") => {
                json!(records[&name["text ".len()..]].to_string())
            }
            Some(name) if records.get(name).is_some() => records[name].clone(),
            _ => value.clone(),
        },
        Value::Array(items) => items.iter().map(|it| with_records(it, records)).collect(),
        Value::Object(fields) => fields
            .iter()
            .map(|(name, it)| (name.clone(), with_records(it, records)))
            .collect(),
        other => other.clone(),
    }
}

#[test]
fn nothing_that_was_not_read_looks_unused() {
    losses().par_iter().for_each(|loss| {
        let place = Workspace::new();
        let account = place.write("account.json", &loss.account);
        let write = |files: &[(String, String)]| {
            for (name, content) in files {
                place.write(&format!("trail/{name}"), content);
            }
        };
        write(&loss.trail);
        let used = |answer: &str| answer.contains(&days_from_now(-9)[.."2026-11-01".len()]);

        let report = [
            "report",
            "--account",
            &account,
            "--trail",
            "trail",
            "--format",
            "json",
        ];
        let times: Vec<&str> = loss.times.iter().map(|text| &**text).collect();
        let report = [&report[..], &times].concat();
        let said = place.run(&report);
        println!("{}", loss.name);
        said.expect(loss.report.0, &loss.report.1);
        assert_eq!(said.status == 1, said.stdout.is_empty(), "{said:?}");
        if loss.has_reports {
            assert!(used(&said.stdout), "{said:?}");
        }
        let strict = place.run(&[&report[..], &["--strict"]].concat());
        if said.status == 3 {
            assert_eq!((strict.status, &*strict.stdout), (1, ""), "{strict:?}");
        }

        let (status, words) = &loss.import_account;
        place.import("account", &account).expect(*status, words);
        let has_account = *status != 1;
        let import = [
            &["import", "trail", "trail", "--store", "advisor.db"][..],
            &times,
        ];
        let import = place.run(&import.concat());
        import.expect(loss.import.0, &loss.import.1);
        let losses = ["MALFORMED", "FAILED", "FUTURE", "TRUNCATED"];
        let was_lost =
            losses.iter().any(|word| import.stderr.contains(word)) || loss.then.is_some();
        // What could not be used is not remembered: the next import says it again.
        if import.status == 1 {
            place.import("trail", "trail").expect(1, &loss.import.1);
        }
        if let Some((later, (status, words))) = &loss.then {
            write(later);
            place.import("trail", "trail").expect(*status, words);
        }

        let generate = ["generate", USER, "--store", "advisor.db"];
        let said = place.run(&generate);
        if loss.has_reports {
            // What was lost stays known.
            let (status, words) = if was_lost {
                (3, "were not read whole")
            } else {
                (0, "")
            };
            said.expect(status, words);
            let job: Value = serde_json::from_str(&said.stdout).unwrap();
            let job = job["JobId"].as_str().unwrap();
            let said = place.run(&["get", job, "--store", "advisor.db"]);
            assert!(used(&said.stdout), "{said:?}");
            said.expect(status, words);
        } else {
            said.expect(1, &loss.refusal);
            assert_eq!(said.stdout, "");
            let allowed = [&generate[..], &["--allow-empty-activity"]].concat();
            let (status, words) = match (has_account, was_lost) {
                (false, _) => (1, &*loss.refusal),
                (true, true) => (3, "were not read whole"),
                (true, false) => (0, ""),
            };
            place.run(&allowed).expect(status, words);
        }

        let answer = served(&place);
        if loss.has_reports {
            assert!(
                answer.contains("<JobStatus>COMPLETED</JobStatus>") && used(&answer),
                "{answer}"
            );
        } else {
            let said = if has_account {
                [
                    "<JobStatus>FAILED</JobStatus>",
                    "<Code>NoActivityImported</Code>",
                ]
            } else {
                ["<Error>", "<Code>NoSuchEntity</Code>"]
            };
            for said in said.into_iter().chain([&*loss.refusal]) {
                assert!(answer.contains(said), "{said}: {answer}");
            }
        }
    });
}

/// A report as a client of the server gets it.
fn served(place: &Workspace) -> String {
    let (_server, endpoint) = wire::serve(Path::new(&place.path("advisor.db")), &[]);
    let answer = ask(
        &endpoint,
        "Action=GenerateServiceLastAccessedDetails&Version=2010-05-08\
         &Arn=arn%3Aaws%3Aiam%3A%3A111122223333%3Auser%2Fu",
    );
    let Some((_, job)) = answer.split_once("<JobId>") else {
        return answer;
    };
    let job = &job[..36];
    loop {
        let form = format!("Action=GetServiceLastAccessedDetails&Version=2010-05-08&JobId={job}");
        let answer = ask(&endpoint, &form);
        if !answer.contains("IN_PROGRESS") {
            return answer;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn ask(endpoint: &str, form: &str) -> String {
    let mut stream = TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).unwrap();
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         x-amz-date: 20260101T000000Z\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\
         authorization: AWS4-HMAC-SHA256 \
         Credential=AKIAEXAMPLE/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, \
         Signature=0\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn changed_objects_are_named_and_counted_once() {
    let place = Workspace::new();
    let line = |days| format!("{}\n", call(days));
    let account = place.write("account.json", export(&[user("u")]));
    place.import("account", &account).expect(0, "");
    let lines = place.write("calls.jsonl", line(-9));
    let object = place.write(&format!("one/{OBJECT}"), records(&[call(-8)]));
    let table = |days: i64| {
        let trail = place.write("for-the-table.jsonl", line(days));
        let table = place.path("table.parquet");
        place
            .run(&["activity", "export", &trail, "--output", &table])
            .expect(0, "");
        table
    };
    let parquet = table(-7);
    for path in [&lines, &object, &parquet] {
        place.import("trail", path).expect(0, "1 object read");
        place
            .import("trail", path)
            .expect(0, "1 objects were imported before");
    }

    place.write("calls.jsonl", [line(-9), line(-6)].concat());
    table(-5);
    let copy = place.write(&format!("two/{OBJECT}"), records(&[call(-8), call(-4)]));
    for path in [&lines, &copy, &parquet] {
        let name = Path::new(path).file_name().unwrap().to_str().unwrap();
        let said = place.import("trail", path);
        said.expect(3, "1 imported objects have changed and were not read again");
        let warning = format!("{name}: was imported before with other content");
        assert!(said.stderr.contains(&warning), "{said:?}");
    }
    let exported = [
        "activity",
        "export",
        "--store",
        "advisor.db",
        "--output",
        "all.parquet",
    ];
    place
        .run(&exported)
        .expect(3, "3 log files or other objects were not read whole");
    let shown = place.run(&["activity", "show", "all.parquet", "--format", "json"]);
    let shown: Value = serde_json::from_str(&shown.stdout).unwrap();
    let rows = shown["Activity"].as_array().unwrap();
    let attempts: Vec<&Value> = rows.iter().map(|row| &row["Attempts"]).collect();
    assert_eq!(attempts, [3]);
}

#[test]
fn the_same_relative_path_in_another_folder_is_another_object() {
    let place = Workspace::new();
    let import = ["import", "trail", "export.json.gz", "--store", "../s.db"];
    place.write("other.json", records(&[call(-3)]));
    place.run(&["import", "trail", "other.json", "--store", "s.db"]);
    let lost = |place: &Workspace| {
        let said = place.run(&["coverage", "--store", "s.db", "--format", "json"]);
        said.stdout.contains("p/export.json.gz")
    };
    place.write("p/export.json.gz", r#"{"Records": [{"eventVersion": "#);
    place.write("q/export.json.gz", records(&[call(-1)]));
    place.run_in("p", &import);
    assert!(lost(&place));
    assert_eq!(place.run_in("q", &import).status, 3);
    assert!(lost(&place));
    place.write("p/export.json.gz", records(&[call(-2)]));
    assert_eq!(place.run_in("p", &import).status, 0);
    assert!(!lost(&place));
}

#[test]
fn incomplete_account_exports_are_said() {
    for (users, words) in [
        (
            vec![user("u"), json!({"UserName": "v"})],
            "UserDetailList[1]",
        ),
        (vec![user("u"), json!(7)], "UserDetailList[1]"),
    ] {
        let place = Workspace::new();
        let account = place.write("account.json", export(&users));
        place.import("account", &account).expect(3, words);
        let trail = place.write("trail.json", records(&[call(-9)]));
        let said = place.run(&["report", "--account", &account, "--trail", &trail]);
        said.expect(3, "1 parts of the account data are missing");
        assert!(!said.stdout.is_empty());
        let strict = [
            "report",
            "--account",
            &account,
            "--trail",
            &trail,
            "--strict",
        ];
        let said = place.run(&strict);
        said.expect(1, "1 parts of the account data are missing");
        assert!(said.stdout.is_empty());
    }
}

#[test]
fn an_account_of_which_nothing_was_read_is_not_called_unused() {
    let place = Workspace::new();
    let account = place.write("account.json", export(&[user("u")]));
    let other = export(&[user("zoe")]).replace("111122223333", "999900001111");
    let other = other
        .replace("user/u\"", "user/zoe\"")
        .replace("AIDA0", "AIDA1");
    let other = place.write("other.json", &other);
    place.write("trail/a.json", records(&[call(-9)]));
    let said = place.run(&["report", "--account", &account, &other, "--trail", "trail"]);
    said.expect(3, "1 accounts have no record in the trail");
    let (_, zoe) = said.stdout.rsplit_once("999900001111:user/zoe").unwrap();
    assert!(zoe.contains("no whole day of the trail was read"), "{zoe}");
    assert!(zoe.contains("not known to be used: s3"), "{zoe}");
    let overview = said.stdout.lines().find(|line| line.contains("zoe"));
    assert!(overview.unwrap().contains("unknown"), "{}", said.stdout);
}
