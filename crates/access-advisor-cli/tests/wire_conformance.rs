//! The recorded answers of IAM over the wire: unmodified boto3 against a real `serve` process, with
//! the account changes imported into its store from outside while it runs.
//!
//! Needs Python with boto3: `cargo xtask test` makes `.venv` with it. Without it the test says that
//! it is skipped.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../../advisor-core/tests/support/iam_simulator.rs"]
mod iam_simulator;
mod wire;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use access_advisor::store::Store;
use chrono::{DateTime, Utc};
use iam_simulator::IamSimulator;
use serde_json::{Map, Value, json};
use wire::{Running, python, root, serve};

/// The calls of the four operations in the recording, and of `GetUser`: all of them are reproduced.
const REPRODUCED: [(&str, usize); 5] = [
    ("GenerateServiceLastAccessedDetails", 30),
    ("GetServiceLastAccessedDetails", 50),
    ("GetServiceLastAccessedDetailsWithEntities", 20),
    ("GetUser", 1),
    ("ListPoliciesGrantingServiceAccess", 56),
];

/// Who calls when a step does not say.
const ADMINISTRATOR: &str = "administrator";

const CREDENTIALS: [(&str, &str); 7] = [
    (
        ADMINISTRATOR,
        "arn:aws:iam::123456789012:user/administrator",
    ),
    (
        "user/observer#1",
        "arn:aws:iam::123456789012:user/t/observer",
    ),
    (
        "user/observer#2",
        "arn:aws:iam::123456789012:user/t/observer",
    ),
    ("user/target#1", "arn:aws:iam::123456789012:user/t/target"),
    ("user/member#1", "arn:aws:iam::123456789012:user/t/member"),
    (
        "session/role/last-access-one",
        "arn:aws:sts::123456789012:assumed-role/role/last-access-one",
    ),
    (
        "session/role/last-access-two",
        "arn:aws:sts::123456789012:assumed-role/role/last-access-two",
    ),
];

fn key(caller: &str) -> Value {
    let position = CREDENTIALS
        .iter()
        .position(|(name, _)| *name == caller)
        .expect(caller);
    let mut key = json!({
        "id": format!("AKIAEXAMPLE{position:09}"),
        "secret": format!("secret-of-{position}"),
    });
    if caller.starts_with("session/") {
        key["token"] = json!(format!("token-of-{position}"));
    }
    key
}

fn credentials_file() -> String {
    CREDENTIALS
        .iter()
        .map(|(caller, arn)| {
            let key = key(caller);
            let token = key
                .get("token")
                .map(|token| format!("session_token = {token}\n"));
            format!(
                "[[credential]]\naccess_key_id = {}\nsecret_access_key = {}\n{}arn = {arn:?}\n\n",
                key["id"],
                key["secret"],
                token.unwrap_or_default(),
            )
        })
        .collect()
}

struct Driver {
    _process: Running,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Driver {
    fn start(python: &Path, endpoint: &str) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/wire/boto3_driver.py");
        let mut child = Command::new(python)
            .arg(script)
            .arg(endpoint)
            .env_remove("AWS_PROFILE")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let requests = child.stdin.take().unwrap();
        let answers = BufReader::new(child.stdout.take().unwrap());
        Self {
            _process: Running(child),
            requests,
            answers,
        }
    }

    fn call(
        &mut self,
        caller: &str,
        transport: &str,
        operation: &str,
        parameters: &Value,
    ) -> Value {
        let request = json!({
            "operation": operation,
            "parameters": parameters,
            "key": key(caller),
            "transport": transport,
        });
        writeln!(self.requests, "{request}").unwrap();
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{operation}: {error}: {line}"))
    }
}

struct Replay {
    iam: IamSimulator,
    store: Store,
    driver: Driver,
    /// By the call that returned them.
    job_ids: BTreeMap<String, Value>,
    markers: BTreeMap<String, Value>,
    is_imported: bool,
}

impl Replay {
    /// Imports the account as it is, when it changed since the last time.
    fn import(&mut self) {
        if !self.is_imported {
            let now: DateTime<Utc> = std::time::SystemTime::now().into();
            let export = ("simulated".to_owned(), self.iam.export().to_string());
            let imported = self.store.import_accounts(&[export], now).unwrap();
            assert_eq!(imported.issues, []);
            self.is_imported = true;
        }
    }

    /// Puts what earlier calls returned in the place of references to it.
    fn resolve(&self, value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                if let Some(call) = fields.get("$job").and_then(Value::as_str) {
                    return self.job_ids[call].clone();
                }
                if let Some(call) = fields.get("$marker").and_then(Value::as_str) {
                    return self.markers[call].clone();
                }
                fields
                    .iter()
                    .map(|(name, value)| (name.clone(), self.resolve(value)))
                    .collect()
            }
            Value::Array(items) => items.iter().map(|item| self.resolve(item)).collect(),
            other => other.clone(),
        }
    }

    fn call(&mut self, step: &Value) {
        let name = step["name"].as_str().unwrap();
        let operation = step["operation"].as_str().unwrap();
        let caller = step["caller"].as_str().unwrap_or(ADMINISTRATOR);
        let transport = step["transport"].as_str().unwrap_or("sdk");
        let parameters = self.resolve(&step["parameters"]);
        let expect = &step["expect"];

        let patience = Instant::now();
        let answer = loop {
            let answer = self.driver.call(caller, transport, operation, &parameters);
            let is_pending = answer["result"]["JobStatus"] == "IN_PROGRESS";
            // Recorded as completed: ours may still be at it.
            if !is_pending || expect["result"]["JobStatus"] == "IN_PROGRESS" {
                break answer;
            }
            assert!(
                patience.elapsed() < Duration::from_secs(30),
                "{name}: not completed"
            );
            std::thread::sleep(Duration::from_millis(5));
        };

        if let Some(code) = expect.get("error") {
            assert_eq!(&answer["error"], code, "{name}: {answer}");
            assert_eq!(answer["status"], expect["status"], "{name}");
            let message = answer["message"].as_str().unwrap();
            let job_id = parameters["JobId"].as_str().unwrap_or_default();
            let worded = |field: &str| {
                expect[field]
                    .as_str()
                    .map(|text| text.replace("{JobId}", job_id))
            };
            match (worded("message"), worded("message_start")) {
                (Some(whole), _) => assert_eq!(message, whole, "{name}"),
                (None, Some(start)) => assert!(message.starts_with(&start), "{name}: {message}"),
                _ => panic!("{name}: no wording"),
            }
            return;
        }
        assert_eq!(answer["status"], 200, "{name}: {answer}");
        let result = answer["result"].as_object().unwrap();
        if let Some(job_id) = result.get("JobId") {
            assert_eq!(job_id.as_str().unwrap().len(), 36, "{name}");
            self.job_ids.insert(name.to_owned(), job_id.clone());
        }
        if let Some(marker) = result.get("Marker") {
            self.markers.insert(name.to_owned(), marker.clone());
        }
        let may_be_done = step["may_be_pending"] == true && result["JobStatus"] == "COMPLETED";
        if may_be_done {
            return;
        }
        let fields: BTreeSet<&str> = result.keys().map(String::as_str).collect();
        let expected: BTreeSet<&str> = expect["fields"]
            .as_array()
            .unwrap()
            .iter()
            .map(|field| field.as_str().unwrap())
            .collect();
        assert_eq!(fields, expected, "{name}");
        assert_result(name, &self.resolve(&expect["result"]), result);
    }
}

/// Compares what the recording has of a result: its own short rows, and plain values.
fn assert_result(name: &str, expected: &Value, result: &Map<String, Value>) {
    for (field, expected) in expected.as_object().into_iter().flatten() {
        let actual = &result[field];
        match field.as_str() {
            "ServicesLastAccessed" => {
                let rows: Vec<Value> = rows(actual).iter().map(service_row).collect();
                assert_eq!(&json!(rows), expected, "{name}");
            }
            "EntityDetailsList" => {
                let rows: Vec<Value> = rows(actual).iter().map(entity_row).collect();
                assert_eq!(&json!(rows), expected, "{name}");
            }
            "PoliciesGrantingServiceAccess" => assert_grants(name, expected, &rows(actual)),
            "User" => assert_user(name, expected, actual),
            _ => assert_eq!(actual, expected, "{name}: {field}"),
        }
    }
}

/// The same fields, and the same values where the recording has them: not of times and ids.
fn assert_user(name: &str, expected: &Value, actual: &Value) {
    let (expected, actual) = (expected.as_object().unwrap(), actual.as_object().unwrap());
    let fields = |object: &Map<String, Value>| object.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(fields(expected), fields(actual), "{name}");
    for (field, value) in expected.iter().filter(|(_, value)| !value.is_object()) {
        assert_eq!(&actual[field], value, "{name}");
    }
}

/// A list; of the raw protocol an empty one is an empty element.
fn rows(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn service_row(row: &Value) -> Value {
    let mut short = row.as_object().unwrap().clone();
    if let Some(actions) = short.remove("TrackedActionsLastAccessed") {
        let names: Vec<Value> = rows(&actions)
            .into_iter()
            .map(|action| {
                assert_eq!(
                    action.as_object().unwrap().len(),
                    1,
                    "never used, so a name only"
                );
                action["ActionName"].clone()
            })
            .collect();
        short.insert("TrackedActions".into(), json!(names));
    }
    short.into()
}

fn entity_row(row: &Value) -> Value {
    let info = &row["EntityInfo"];
    let fields: Vec<&String> = info.as_object().unwrap().keys().collect();
    assert_eq!(fields.len(), 5, "{info}");
    json!({
        "Type": info["Type"],
        "Name": info["Name"],
        "Path": info["Path"],
        "Used": row.get("LastAuthenticated").is_some(),
    })
}

fn assert_grants(name: &str, expected: &Value, actual: &[Value]) {
    let Some(ends) = expected.get("$elided") else {
        assert_eq!(&json!(actual), expected, "{name}");
        return;
    };
    let (first, last) = (rows(&ends["First"]), rows(&ends["Last"]));
    assert_eq!(json!(actual.len()), ends["Count"], "{name}");
    assert!(
        actual.starts_with(&first) && actual.ends_with(&last),
        "{name}"
    );
    let all_empty = actual.iter().all(|row| row["Policies"] == json!([]));
    assert_eq!(json!(all_empty), ends["EveryPoliciesEmpty"], "{name}");
}

#[test]
fn every_recorded_call_is_reproduced_over_the_wire() {
    let Some(python) = python() else {
        eprintln!("skipped: .venv has no boto3; cargo xtask test makes it");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("advisor.db");
    let store = Store::open_or_create(&path).unwrap();
    let credentials = folder.path().join("credentials.toml");
    std::fs::write(&credentials, credentials_file()).unwrap();

    let (_server, endpoint) = serve(
        &path,
        &[
            "--credentials",
            credentials.to_str().unwrap(),
            "--allow-empty-activity",
        ],
    );
    let mut replay = Replay {
        iam: IamSimulator::new("123456789012"),
        store,
        driver: Driver::start(&python, &endpoint),
        job_ids: BTreeMap::new(),
        markers: BTreeMap::new(),
        is_imported: false,
    };
    let steps =
        std::fs::read_to_string(root().join("testdata/conformance/last-accessed.jsonl")).unwrap();
    let mut reproduced: BTreeMap<String, usize> = BTreeMap::new();
    for step in steps
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
    {
        let operation = step["operation"].as_str().unwrap();
        if step["step"] == "change" {
            // What a store cannot refuse, as nothing is asked of it, the engine's own test checks.
            if replay.iam.apply(operation, &step["parameters"]).is_ok() {
                replay.is_imported = false;
            }
        } else if !matches!(operation, "AssumeRole" | "ListUserPolicies") {
            replay.import();
            replay.call(&step);
            *reproduced.entry(operation.to_owned()).or_default() += 1;
        }
    }
    let committed = REPRODUCED.map(|(operation, count)| (operation.to_owned(), count));
    assert_eq!(reproduced, BTreeMap::from(committed));
}
