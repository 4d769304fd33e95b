//! What is printed is inert: names in accounts, trails, files, requests and arguments cannot forge, hide or end a line of any
//! command, and make no more lines than a person can read.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod workspace;

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};
use workspace::Workspace;

const NOW: &str = "2026-11-01T00:00:00Z";
const USER: &str = "arn:aws:iam::111122223333:user/u";

/// Each in every name that an attacker can choose. None can be in a file's name that holds NUL, nor in an argument.
const HOSTILE: [&str; 16] = [
    "\u{1b}[2J\u{1b}[1;1H",
    "\u{1b}]0;title\u{7}",
    "\u{1b}]8;;https://example.com\u{1b}\\x\u{1b}]8;;\u{1b}\\",
    "a\nerror: forged",
    "a\r\nwarning: forged",
    "over\rwritten",
    "\u{8}\u{8}\u{8}",
    "a\0b",
    "\u{7f}",
    "\u{9b}31m",
    "\u{85}",
    "\u{202e}gnp.exe",
    "\u{2066}a\u{2069}\u{200f}\u{61c}",
    "zero\u{200b}\u{200d}\u{feff}width",
    "line\u{2028}separator\u{2029}",
    "=cmd|' /C calc'!A0",
];

/// The characters of Unicode that let a text forge or hide others; written out, and not what the program uses.
fn is_hostile(character: char) -> bool {
    character != '\n' && character.is_control()
        || matches!(
            character,
            '\u{ad}'
                | '\u{61c}'
                | '\u{180e}'
                | '\u{200b}'..='\u{200f}'
                | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{feff}'
                | '\u{fff9}'..='\u{fffb}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

fn assert_inert(what: &str, text: &str, most_lines: usize) {
    for line in text.lines() {
        assert!(!line.chars().any(is_hostile), "{what}: {line:?}");
        let is_forged = line.starts_with("error: forged") || line.starts_with("warning: forged");
        assert!(!is_forged, "{what}: {line:?}");
        assert!(line.len() < 100_000, "{what}: {} bytes", line.len());
    }
    assert!(!text.chars().any(is_hostile), "{what}: {text:?}");
    let lines = text.lines().count();
    assert!(lines <= most_lines, "{what}: {lines} lines");
}

impl Workspace {
    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_access-advisor"));
        command.current_dir(self.folder.path());
        command
    }

    /// Runs a command, and checks what it prints.
    fn run<S: AsRef<OsStr> + std::fmt::Debug>(&self, arguments: &[S], most_lines: usize) -> Output {
        let output = self.command().args(arguments).output().unwrap();
        let what = format!("{arguments:?}");
        for printed in [&output.stdout, &output.stderr] {
            assert_inert(
                &what,
                std::str::from_utf8(printed).expect(&what),
                most_lines,
            );
        }
        assert_ne!(output.status.code(), Some(101), "{what}: {output:?}");
        output
    }
}

fn hostile_user(number: usize, name: &str) -> Value {
    json!({
        "Path": format!("/{name}/"), "UserName": name, "UserId": format!("AIDA{number:017}"),
        "Arn": format!("arn:aws:iam::111122223333:user/{name}"), "CreateDate": name,
        "GroupList": [name], "AttachedManagedPolicies": [
            {"PolicyName": name, "PolicyArn": format!("arn:aws:iam::111122223333:policy/{name}")}],
        "Tags": [{"Key": name, "Value": name}],
        "UserPolicyList": [
            {"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}},
            {"PolicyName": format!("broken {name}"), "PolicyDocument": {"Version": name, "Statement": name}}],
    })
}

/// An account of which everything that can be named is hostile, and one user with a usable name.
fn hostile_account() -> String {
    let users = HOSTILE.iter().enumerate();
    let mut users: Vec<Value> = users
        .map(|(number, name)| hostile_user(number + 2, name))
        .collect();
    let mut usable = hostile_user(1, "u");
    usable["GroupList"] = json!(HOSTILE);
    usable["AttachedManagedPolicies"] = HOSTILE
        .iter()
        .map(|name| json!({"PolicyName": name, "PolicyArn": format!("arn:aws:iam::aws:policy/{name}")}))
        .collect();
    let policies = HOSTILE.iter().map(|name| {
        json!({"PolicyName": name, "PolicyDocument": {"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Action": "dynamodb:*", "Resource": "*"}]}})
    });
    usable["UserPolicyList"] = policies.collect();
    users.push(usable);
    let roles = HOSTILE.iter().enumerate().map(|(number, name)| {
        json!({"RoleName": name, "Path": "/", "RoleId": format!("AROA{number:017}"),
            "Arn": format!("arn:aws:iam::111122223333:role/{name}"), "CreateDate": "2020-01-01T00:00:00Z",
            "AssumeRolePolicyDocument": {}, "InstanceProfileList": [], "AttachedManagedPolicies": [],
            "RolePolicyList": []})
    });
    let roles: Vec<Value> = roles.collect();
    json!({"UserDetailList": users, "GroupDetailList": HOSTILE, "RoleDetailList": roles, "Policies": []})
        .to_string()
}

fn call() -> Value {
    json!({
        "eventVersion": "1.11", "eventTime": "2026-10-01T10:00:00Z", "eventSource": "s3.amazonaws.com",
        "eventName": "ListBuckets", "awsRegion": "eu-west-1", "eventType": "AwsApiCall",
        "eventID": "00000000-0000-4000-8000-000000000000", "recipientAccountId": "111122223333",
        "userIdentity": {
            "type": "IAMUser", "principalId": "AIDA00000000000000001", "accountId": "111122223333",
            "arn": USER, "userName": "u",
        },
    })
}

fn with(field: &str, value: &Value) -> Value {
    let mut record = call();
    let mut place = &mut record;
    for name in field.split('.') {
        place = &mut place[name];
    }
    *place = value.clone();
    record
}

/// Records that are hostile in one field each.
fn hostile_records() -> Vec<Value> {
    let fields = [
        "eventVersion",
        "eventTime",
        "eventSource",
        "eventName",
        "awsRegion",
        "eventType",
        "eventID",
        "eventCategory",
        "errorCode",
        "errorMessage",
        "recipientAccountId",
        "userIdentity.type",
        "userIdentity.principalId",
        "userIdentity.accountId",
        "userIdentity.arn",
        "userIdentity.userName",
    ];
    let mut records = vec![call()];
    for name in HOSTILE {
        for field in fields {
            records.push(with(field, &json!(name)));
        }
        records.push(with("userIdentity.arn", &json!(format!("{USER}{name}"))));
        records.push(with("eventSource", &json!(format!("{name}.amazonaws.com"))));
        let mut stranger = with(
            "userIdentity.arn",
            &json!(format!("arn:aws:iam::111122223333:user/{name}")),
        );
        stranger["userIdentity"]["principalId"] = json!(format!("AIDASTRANGER{:09}", name.len()));
        records.push(stranger);
        records.push(json!(name));
        let mut data = call();
        data["managementEvent"] = json!(false);
        data["resources"] = json!([{"type": name, "ARN": name}]);
        records.push(data);
    }
    records
}

/// Files of a trail: hostile names, hostile contents.
fn write_trail(place: &Workspace) {
    let records = json!({"Records": hostile_records()}).to_string();
    place.write("trail/records.json", &records);
    for name in HOSTILE.iter().filter(|name| !name.contains(['\0', '/'])) {
        place.write(&format!("trail/{name}.json"), name);
        place.write(&format!("trail/{name}/none.json"), "{\"Records\": [7]}");
        let page = json!({"Events": [{"CloudTrailEvent": call().to_string()}], "NextToken": name});
        place.write(&format!("trail/{name}.page.json"), page.to_string());
    }
    for (number, name) in HOSTILE.iter().enumerate() {
        let query = json!({"QueryStatus": name, "QueryResultRows": []});
        place.write(&format!("trail/query-{number}.json"), query.to_string());
        let digest = json!({
            "awsAccountId": "111122223333", "digestStartTime": "2026-10-01T00:00:00Z",
            "digestEndTime": "2026-10-01T01:00:00Z", "digestS3Object": format!(
                "AWSLogs/111122223333/CloudTrail-Digest/eu-west-1/2026/10/01/111122223333_CloudTrail-Digest_eu-west-1_{name}_eu-west-1_20261001T010000Z.json.gz"),
            "logFiles": [{"s3Bucket": name, "s3Object": format!("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10/01/111122223333_CloudTrail_eu-west-1_20261001T0005Z_{name}.json.gz")}],
        });
        place.write(&format!("trail/digest-{number}.json"), digest.to_string());
    }
}

const MOST_LINES: usize = 1_000;

#[test]
fn every_command_prints_inert_lines() {
    let place = Workspace::new();
    let account = "a\u{1b}[2J\n\u{202e}ccount.json";
    place.write(account, hostile_account());
    write_trail(&place);
    let report = [
        "report",
        "--account",
        account,
        "--trail",
        "trail",
        "--now",
        NOW,
    ];
    for tracking in ["aws", "full"] {
        for format in ["table", "json", "jsonl", "csv"] {
            let more = [
                "--granularity",
                "action",
                "--tracking",
                tracking,
                "--format",
                format,
            ];
            let arguments = [&report[..], &more].concat();
            let most_lines = if format == "json" { 1_000_000 } else { 100_000 };
            let output = place.run(&arguments, most_lines);
            assert_eq!(output.status.code(), Some(3), "{output:?}");
            assert!(output.stderr.iter().filter(|byte| **byte == b'\n').count() < MOST_LINES);
            if format == "csv" {
                assert_no_formulas(&output.stdout);
            }
        }
    }
    place.run(&[&report[..], &["--strict"]].concat(), MOST_LINES);

    place.run(
        &["import", "account", account, "--store", "s.db"],
        MOST_LINES,
    );
    place.run(&["import", "trail", "trail", "--store", "s.db"], MOST_LINES);
    place.run(&["import", "trail", "trail", "--store", "s.db"], MOST_LINES);
    let output = place.run(&["generate", USER, "--store", "s.db"], MOST_LINES);
    let job: Value = serde_json::from_slice(&output.stdout).unwrap();
    let job = job["JobId"].as_str().unwrap();
    place.run(&["get", job, "--store", "s.db"], 100_000);
    place.run(&["entities", job, "s3", "--store", "s.db"], MOST_LINES);
    place.run(
        &["policies", USER, "dynamodb", "--store", "s.db"],
        MOST_LINES,
    );
    let output = place.run(
        &["policies", USER, "dynamodb", "--account", account],
        MOST_LINES,
    );
    let granting: Value = serde_json::from_slice(&output.stdout).unwrap();
    let policies = &granting["PoliciesGrantingServiceAccess"][0]["Policies"];
    // The values are those of the account.
    let names: Vec<&str> = policies
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["PolicyName"].as_str().unwrap())
        .collect();
    assert!(HOSTILE.iter().all(|name| names.contains(name)), "{names:?}");
    for format in ["text", "json"] {
        for asked in ["dynamodb", "dynamodb:GetItem"] {
            let arguments = [
                "explain",
                USER,
                asked,
                "--account",
                account,
                "--format",
                format,
            ];
            let output = place.run(&arguments, 100_000);
            assert_eq!(output.status.code(), Some(0), "{output:?}");
        }
    }
    place.run(&["jobs", "list", "--store", "s.db"], MOST_LINES);
    for format in ["table", "json"] {
        for command in [
            &["findings"][..],
            &["rightsize", USER, "--min-coverage", "1"],
        ] {
            let of_files = ["--account", account, "--trail", "trail", "--now", NOW];
            let arguments = [command, &of_files, &["--format", format]].concat();
            let output = place.run(&arguments, 100_000);
            assert!(!output.stdout.is_empty(), "{output:?}");
        }
    }
    assert_no_scripts_of_hostile_names(&place, account);

    place.run(
        &["activity", "export", "trail", "--output", "a.parquet"],
        MOST_LINES,
    );
    place.run(
        &["activity", "merge", "a.parquet", "--output", "b.parquet"],
        MOST_LINES,
    );
    for format in ["table", "json", "jsonl", "csv"] {
        let output = place.run(
            &["activity", "show", "a.parquet", "--format", format],
            10_000,
        );
        if format == "csv" {
            assert_no_formulas(&output.stdout);
        }
    }
    for format in ["map", "json", "csv"] {
        let output = place.run(&["coverage", "trail", "--format", format], 10_000);
        if format == "csv" {
            assert_no_formulas(&output.stdout);
        }
        place.run(&["coverage", "--store", "s.db", "--format", format], 10_000);
    }
    place.run(&["catalog", "show"], MOST_LINES);
    place.run(&["catalog", "show", "s3"], MOST_LINES);
    place.run(&["completions", "bash"], 10_000);
    place.run(&["man"], 10_000);
    place.run(&["jobs", "delete", job, "--store", "s.db"], MOST_LINES);
}

/// What right-sizing writes is run by people: nothing of an entity or policy whose name IAM does not allow is in it.
fn assert_no_scripts_of_hostile_names(place: &Workspace, account: &str) {
    // Of a trail that was not read whole, nothing is proposed.
    let [reading, writing] =
        ["ListBuckets", "CreateBucket"].map(|name| with("eventName", &name.into()));
    let next_day = with("eventTime", &"2026-10-02T00:00:00Z".into());
    let calls = [reading, writing, next_day];
    place.write("whole.json", json!({ "Records": calls }).to_string());
    let arguments = [
        "rightsize",
        "--all",
        "--account",
        account,
        "--trail",
        "whole.json",
        "--assume-complete",
        "--now",
        "2026-10-02T00:00:00Z",
        "--min-coverage",
        "1",
        "--out",
        "proposal",
    ];
    let output = place.run(&arguments, MOST_LINES);
    let text = String::from_utf8_lossy(&output.stdout);
    let refused = text.matches("IAM does not allow the name").count();
    assert_eq!(refused, HOSTILE.len(), "{text}");
    assert_eq!(fs::read_dir(place.path("proposal")).unwrap().count(), 0);
}

fn assert_no_formulas(csv: &[u8]) {
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .from_reader(csv);
    for record in reader.records() {
        for cell in &record.unwrap() {
            assert!(
                !cell.starts_with(['=', '+', '-', '@', '\t', '\r']),
                "{cell:?}"
            );
        }
    }
}

#[test]
fn raw_csv_is_what_the_trail_says() {
    let place = Workspace::new();
    let source = "=HYPERLINK(1)";
    let records = json!({"Records": [call(), with("eventName", &json!(source))]});
    place.write("trail.json", records.to_string());
    place.run(
        &["activity", "export", "trail.json", "--output", "a.parquet"],
        MOST_LINES,
    );
    let show = ["activity", "show", "a.parquet", "--format", "csv"];
    let safe = place.run(&show, MOST_LINES);
    assert!(String::from_utf8_lossy(&safe.stdout).contains(",'=HYPERLINK(1),"));
    let raw = place.run(&[&show[..], &["--csv-raw"]].concat(), MOST_LINES);
    assert!(String::from_utf8_lossy(&raw.stdout).contains(",=HYPERLINK(1),"));
}

/// Arguments and missing files, as messages quote them.
#[test]
fn errors_quote_arguments_escaped() {
    let place = Workspace::new();
    place.write("account.json", hostile_account());
    place.write("trail.json", json!({"Records": [call()]}).to_string());
    place.run(
        &["import", "account", "account.json", "--store", "s.db"],
        MOST_LINES,
    );
    // All at once, in three parts: every argument is a process.
    let names: Vec<&str> = HOSTILE
        .iter()
        .filter(|name| !name.contains('\0'))
        .copied()
        .collect();
    for names in names.chunks(5) {
        let name = &names.concat();
        let option = format!("--{name}");
        let arn = format!("arn:aws:iam::111122223333:user/{name}");
        let also = |more: &[&'static str], last: &str| -> Vec<String> {
            let arguments = more.iter().map(|it| (*it).to_owned());
            arguments.chain([last.to_owned()]).collect()
        };
        let report = |option: &'static str, last: &str| {
            let inputs = [
                "report",
                "--account",
                "account.json",
                "--trail",
                "trail.json",
            ];
            also(&[&inputs[..], &[option]].concat(), last)
        };
        for arguments in [
            also(&[], name),
            also(&[], &option),
            also(&["report"], name),
            also(&["report"], &option),
            report("--now", name),
            report("--format", name),
            report("--threads", name),
            report("--arn", name),
            report("--arn", &arn),
            also(&["report", "--trail", "trail.json", "--account"], name),
            also(&["report", "--account", "account.json", "--trail"], name),
            also(
                &["report", "--account", "account.json", "--trail"],
                &format!("s3://{name}"),
            ),
            report("--catalog", name),
            report("--output", &format!("{name}/x/y")),
            also(&["import", "account", "--store", "s.db"], name),
            also(
                &["import", "trail", "trail.json", "--store"],
                &format!("{name}/x/y"),
            ),
            also(&["generate", "--store", "s.db"], &arn),
            also(&["generate", USER, "--store", "s.db", "--as"], name),
            also(&["get", "--store", "s.db"], name),
            also(&["get", "--store"], name),
            also(&["get", "x", "--store", "s.db", "--marker"], name),
            also(&["policies", USER, "--store", "s.db"], name),
            also(&["policies", USER, "s3", "--account"], name),
            also(&["explain", USER, "--account", "account.json"], name),
            also(
                &[
                    "explain",
                    USER,
                    "s3",
                    "--account",
                    "account.json",
                    "--resource",
                ],
                name,
            ),
            also(&["jobs", "delete", "--store", "s.db"], name),
            also(&["jobs", "list", "--store"], name),
            also(&["activity", "show"], name),
            also(&["activity", "merge"], name),
            also(
                &["activity", "export", "trail.json", "--output"],
                &format!("{name}/x/y"),
            ),
            also(&["activity", "sql", "--dialect", "athena", "--table"], name),
            also(&["coverage"], name),
            also(&["catalog", "show"], name),
            also(&["catalog", "build", "--service-reference"], name),
            also(&["man", "--folder"], &format!("{name}/x/y")),
            also(&["serve", "--store"], name),
            also(&["serve", "--store", "s.db", "--credentials"], name),
            also(&["serve", "--store", "s.db", "--listen"], name),
        ] {
            place.run(&arguments, MOST_LINES);
        }
    }
}

/// Names are of any number in a trail, and so are objects that cannot be read.
#[test]
fn very_many_names_make_few_lines() {
    let place = Workspace::new();
    place.write(
        "account.json",
        json!({"UserDetailList": [hostile_user(1, "u")], "GroupDetailList": [],
        "RoleDetailList": [], "Policies": []})
        .to_string(),
    );
    let mut lines = String::new();
    for number in 0..5_000 {
        for (field, value) in [
            ("eventType", format!("Type{number}")),
            ("eventSource", format!("other{number}.example.com")),
            ("userIdentity.type", format!("Kind{number}")),
            ("eventSource", format!("unknown{number}.amazonaws.com")),
            ("awsRegion", format!("region-{number}")),
        ] {
            lines += &with(field, &json!(value)).to_string();
            lines.push('\n');
        }
    }
    place.write("trail/many.jsonl", &lines);
    for number in 0..300 {
        place.write(&format!("trail/damaged-{number}.json"), "{");
        place.write(
            &format!("trail/unusable-{number}.json"),
            "{\"Records\": [7]}",
        );
        let page =
            json!({"Events": [{"CloudTrailEvent": call().to_string()}], "NextToken": "more"});
        place.write(&format!("trail/page-{number}.json"), page.to_string());
    }
    let account = ["--account", "account.json"];
    let report = [&["report", "--trail", "trail", "--now", NOW], &account[..]].concat();
    place.run(&report, 700);
    place.run(
        &[
            &report[..],
            &["--tracking", "full", "--granularity", "action"],
        ]
        .concat(),
        700,
    );
    place.run(
        &["import", "account", "account.json", "--store", "s.db"],
        300,
    );
    place.run(&["import", "trail", "trail", "--store", "s.db"], 300);
    place.run(&["coverage", "--store", "s.db"], 300);
    place.run(
        &["activity", "export", "trail", "--output", "a.parquet"],
        300,
    );
}

/// A server logs what clients send.
#[test]
fn log_lines_of_a_server_are_inert() {
    let place = Workspace::new();
    place.write("account.json", hostile_account());
    place.run(
        &["import", "account", "account.json", "--store", "s.db"],
        MOST_LINES,
    );
    let mut child = place
        .command()
        .args(["serve", "--store", "s.db", "--listen", "127.0.0.1:0"])
        .env("RUST_LOG", "trace")
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut said = String::new();
    let address = loop {
        let mut line = String::new();
        assert_ne!(stderr.read_line(&mut line).unwrap(), 0, "{said}");
        said += &line;
        if let Some((_, address)) = line.split_once("http://") {
            break address.trim().to_owned();
        }
    };
    let reading = std::thread::spawn(move || {
        let mut rest = String::new();
        stderr.read_to_string(&mut rest).unwrap();
        rest
    });
    for name in HOSTILE {
        let escaped: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for (target, form) in [
            (
                String::from("/"),
                format!("Action={escaped}&Version=2010-05-08"),
            ),
            (format!("/{escaped}?{escaped}"), String::new()),
            (
                "/".into(),
                format!("Action=GetUser&Version=2010-05-08&UserName={escaped}"),
            ),
            (
                "/".into(),
                format!(
                    "Action=GenerateServiceLastAccessedDetails&Version=2010-05-08&Arn={escaped}"
                ),
            ),
            ("/".into(), format!("Action=ListUsers&Version={escaped}")),
        ] {
            let request = format!(
                "POST {target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nuser-agent: {}\r\n\
                 content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\
                 authorization: AWS4-HMAC-SHA256 Credential=AKIA{}/20260101/us-east-1/iam/aws4_request, \
                 SignedHeaders=host, Signature=0\r\n\r\n{form}",
                name.replace(['\r', '\n', '\0'], ""),
                form.len(),
                name.replace(['\r', '\n', '\0'], ""),
            );
            let mut stream = TcpStream::connect(&address).unwrap();
            let _ = stream.write_all(request.as_bytes());
            let _ = stream.read_to_end(&mut Vec::new());
        }
    }
    child.kill().unwrap();
    child.wait().unwrap();
    said += &reading.join().unwrap();
    assert!(
        said.contains("ListUsers") || said.contains("unknown_operation"),
        "{said}"
    );
    assert_inert("serve", &said, usize::MAX);
    let is_event = |line: &str| {
        line.starts_with("20") || line.starts_with("warning: ") || line.starts_with("listening ")
    };
    for line in said.lines() {
        assert!(is_event(line), "{line:?}");
    }
}
