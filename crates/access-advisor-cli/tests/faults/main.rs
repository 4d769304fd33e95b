//! A store survives killed processes and full disks.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[allow(dead_code, reason = "AWS's clients are for other tests")]
#[path = "../wire/mod.rs"]
mod wire;

mod full_disk;
mod killed_commands;
mod killed_server;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use access_advisor::activity::Activity;
use access_advisor::catalog::Catalog;
use access_advisor::report::Tracking;
use access_advisor::store::{Store, StoredAdvisor};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

const KILLS: usize = 50;
const PROGRAM: &str = env!("CARGO_BIN_EXE_access-advisor");

struct TestStore {
    folder: TempDir,
    store: PathBuf,
}

impl TestStore {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store.db");
        Self { folder, store }
    }

    /// An export with this many users, all of them allowed `*`.
    fn account(&self, users: usize) -> PathBuf {
        let document = json!({"Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]});
        let users: Vec<Value> = (0..users)
            .map(|number| {
                json!({
                    "Path": "/", "UserName": format!("u{number}"),
                    "UserId": unique_id(number),
                    "Arn": format!("arn:aws:iam::123456789012:user/u{number}"), "GroupList": [],
                    "UserPolicyList": [{"PolicyName": "p", "PolicyDocument": document}],
                })
            })
            .collect();
        let file = self.folder.path().join("account.json");
        fs::write(&file, json!({"UserDetailList": users}).to_string()).unwrap();
        file
    }

    /// Objects as CloudTrail delivers them, with this many records each, by this many users.
    fn trail(&self, name: &str, objects: usize, records: usize, users: usize) -> PathBuf {
        let folder = self.folder.path().join(name);
        fs::create_dir(&folder).unwrap();
        let events = [
            "ListBuckets",
            "GetBucketAcl",
            "GetBucketPolicy",
            "GetObject",
        ];
        for object in 0..objects {
            let records: Vec<Value> = (0..records)
                .map(|record| {
                    let number = object * records + record;
                    let user = number % users;
                    let region = ["eu-west-1", "us-east-1"][number % 2];
                    let (minute, second) = (number / 60 % 60, number % 60);
                    json!({
                        "userIdentity": {
                            "type": "IAMUser",
                            "principalId": unique_id(user),
                            "arn": format!("arn:aws:iam::123456789012:user/u{user}"),
                            "accountId": "123456789012",
                        },
                        "eventTime": format!("2026-10-01T{:02}:{minute:02}:{second:02}Z", number / 3600 % 24),
                        "eventSource": "s3.amazonaws.com",
                        "eventName": events[number % events.len()],
                        "requestParameters": {},
                        "awsRegion": region,
                        "eventID": format!("{name}-{number}"),
                        "eventType": "AwsApiCall",
                    })
                })
                .collect();
            let file = folder.join(format!(
                "123456789012_CloudTrail_eu-west-1_20261001T0905Z_{name}{object:06}.json.gz"
            ));
            let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
            let text = json!({"Records": records}).to_string();
            encoder.write_all(text.as_bytes()).unwrap();
            fs::write(file, encoder.finish().unwrap()).unwrap();
        }
        folder
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).arg("--store").arg(&self.store);
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Starts a command and kills it (SIGKILL) after this time. Returns `false` when it ended before.
    fn killed(&self, arguments: &[&str], after: Duration) -> bool {
        let mut child = self
            .command(arguments)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        sleep(after);
        child.kill().unwrap();
        let status = child.wait().unwrap();
        assert!(matches!(status.code(), None | Some(0)), "{status}");
        !status.success()
    }

    fn operations(&self) -> StoredAdvisor {
        let store = Arc::new(Store::open(&self.store).unwrap());
        StoredAdvisor::new(store, Catalog::shared(), Tracking::aws())
    }

    fn sql<T: rusqlite::types::FromSql>(&self, query: &str) -> T {
        let connection = rusqlite::Connection::open(&self.store).unwrap();
        connection.query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// Checks the integrity of the file, and that all attempts come from known objects.
    fn assert_sound(&self, records_per_object: u64) {
        assert_eq!(self.sql::<String>("PRAGMA integrity_check"), "ok");
        let connection = rusqlite::Connection::open(&self.store).unwrap();
        let mut statement = connection.prepare("PRAGMA foreign_key_check").unwrap();
        assert!(!statement.exists([]).unwrap());
        let objects: u64 = self.sql("SELECT count(*) FROM trail_objects");
        let attempts: u64 = self.sql("SELECT coalesce(sum(attempts), 0) FROM activity");
        assert_eq!(attempts, objects * records_per_object);
    }

    /// The activity in the store, one line per row.
    fn table(&self) -> Vec<String> {
        let connection = rusqlite::Connection::open(&self.store).unwrap();
        let mut statement = connection
            .prepare(
                "SELECT concat_ws(' ', p.key, p.arn, p.arn_seen, p.account, s.text, o.text, r.text,
                     is_action, last, last_event_id, first, attempts, denied) AS line
                 FROM activity JOIN principals p ON p.id = principal
                 JOIN names s ON s.id = service JOIN names o ON o.id = operation
                 JOIN names r ON r.id = region ORDER BY line",
            )
            .unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

fn unique_id(user: usize) -> String {
    format!("AIDA{user:017}")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Random times up to `longest`, different in every run.
struct Moments {
    longest: Duration,
    state: u64,
}

impl Moments {
    fn up_to(longest: Duration) -> Self {
        let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let state = u64::from(seed.subsec_nanos()) | 1;
        eprintln!("seed {state}");
        Self { longest, state }
    }

    fn draw(&mut self) -> Duration {
        // xorshift64
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        self.longest.mul_f64((self.state % 1_000) as f64 / 1_000.0)
    }

    /// For kills that came before anything was done: the machine is busier than when `longest` was measured.
    fn later(&mut self) {
        self.longest = self.longest.mul_f64(1.1);
    }
}

/// An import stores the same table that the reader returns.
#[test]
fn an_import_stores_the_table_of_the_reader() {
    let place = TestStore::new();
    let trail = place.trail("trail", 270, 10, 50);
    place.done(&["import", "trail", trail.to_str().unwrap()]);
    let read = access_advisor::trail::load_trail(&[Path::new(&trail)]).unwrap();
    let mut lines: Vec<String> = lines(&read.activity);
    lines.sort();
    assert_eq!(place.table(), lines);
}

fn lines(activity: &Activity) -> Vec<String> {
    activity
        .rows()
        .map(|row| {
            let who = row.principal;
            let is_action = matches!(
                row.action,
                access_advisor::activity::CreditedAction::Action(_)
            );
            format!(
                "{} {} {} {} {} {} {} {} {} {} {} {} {}",
                who.unique_id.unwrap(),
                who.arn.unwrap(),
                row.arn_seen_millis.unwrap(),
                who.account.unwrap(),
                row.service,
                row.action.name(),
                row.region,
                u8::from(is_action),
                row.last_millis,
                row.last_event_id,
                row.first_millis,
                row.attempts,
                row.denied
            )
        })
        .collect()
}
