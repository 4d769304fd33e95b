//! What a store is worth when processes are killed and disks are full.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

use access_advisor::{Activity, Catalog, Granularity, Tracking};
use advisor_core::job::PageRequest;
use advisor_core::{Caller, JobState};
use advisor_store::{Operations, Store};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

const ROUNDS: u64 = 25;
const USER: &str = "arn:aws:iam::123456789012:user/u1";
const PROGRAM: &str = env!("CARGO_BIN_EXE_access-advisor");

struct Place {
    folder: TempDir,
    store: PathBuf,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = folder.path().join("store.db");
        Self { folder, store }
    }

    /// An export with as many users, all allowed everything.
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

    /// Objects as CloudTrail delivers them, with as many records each; every record has a user of
    /// `users`.
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

    /// Starts a command and kills it (SIGKILL) after a while; `false` when it was done before.
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

    fn operations(&self) -> Operations {
        let store = Arc::new(Store::open(&self.store).unwrap());
        Operations::new(store, Catalog::shared(), Tracking::aws())
    }

    fn sql<T: rusqlite::types::FromSql>(&self, query: &str) -> T {
        let connection = rusqlite::Connection::open(&self.store).unwrap();
        connection.query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// SQLite finds the file sound, and all that is counted comes from objects that are known.
    fn assert_sound(&self, records_per_object: u64) {
        assert_eq!(self.sql::<String>("PRAGMA integrity_check"), "ok");
        let connection = rusqlite::Connection::open(&self.store).unwrap();
        let mut statement = connection.prepare("PRAGMA foreign_key_check").unwrap();
        assert!(!statement.exists([]).unwrap());
        let objects: u64 = self.sql("SELECT count(*) FROM trail_objects");
        let attempts: u64 = self.sql("SELECT coalesce(sum(attempts), 0) FROM activity");
        assert_eq!(attempts, objects * records_per_object);
    }

    /// All of the activity, a line a row.
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

/// Moments all over a stretch of time, in a random order that is another one in every run.
fn moments(longest: Duration) -> impl Iterator<Item = Duration> {
    let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let mut state = u64::from(seed.subsec_nanos()) | 1;
    eprintln!("seed {state}");
    (0..ROUNDS).map(move |_| {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        longest.mul_f64((state % 1_000) as f64 / 1_000.0)
    })
}

#[test]
fn an_import_killed_25_times_ends_as_one_that_ran_through() {
    let reference = Place::new();
    let trail = reference.trail("trail", 700, 40, 90);
    let arguments = ["import", "trail", trail.to_str().unwrap()];
    let started = Instant::now();
    reference.done(&arguments);
    let through = started.elapsed();

    let place = Place::new();
    let (mut kills, mut taken, mut grew) = (0, 0, 0);
    for moment in moments(through) {
        kills += u32::from(place.killed(&arguments, moment));
        if place.store.exists() {
            // Whatever was taken stays, whole batches of it.
            drop(Store::open_or_create(&place.store).unwrap());
            place.assert_sound(40);
            let objects: u64 = place.sql("SELECT count(*) FROM trail_objects");
            assert!(objects >= taken);
            grew += u32::from(objects > taken);
            taken = objects;
        }
        if taken == 700 {
            // All is in: another store, so that the rounds are worth something.
            assert_eq!(place.table(), reference.table());
            for file in ["store.db", "store.db-wal", "store.db-shm"] {
                let _ = fs::remove_file(place.folder.path().join(file));
            }
            taken = 0;
        }
    }
    eprintln!("{kills} kills, {grew} imports took something, {taken} objects before the last");
    assert!(kills > 0);
    place.done(&arguments);
    place.assert_sound(40);
    assert_eq!(place.table(), reference.table());
    let objects: u64 = place.sql("SELECT count(*) FROM trail_objects");
    assert_eq!(objects, 700);
}

#[test]
fn a_generate_killed_25_times_leaves_whole_jobs_only() {
    let place = Place::new();
    let account = place.account(300);
    let trail = place.trail("trail", 10, 40, 300);
    place.done(&["import", "account", account.to_str().unwrap()]);
    place.done(&["import", "trail", trail.to_str().unwrap()]);
    let arguments = ["generate", USER, "--granularity", "action"];
    let started = Instant::now();
    let answer: Value = serde_json::from_str(&place.done(&arguments)).unwrap();
    let through = started.elapsed();
    let first = answer["JobId"].as_str().unwrap();
    let expected = place.done(&["get", first]);

    let mut kills = 0;
    for moment in moments(through.mul_f64(1.2)) {
        kills += u32::from(place.killed(&arguments, moment));
        // What was acknowledged is there, and the store goes on.
        assert_eq!(place.done(&["get", first]), expected);
    }
    assert!(kills > 0);
    place.assert_sound(40);
    let jobs = place.operations().store().jobs().unwrap();
    eprintln!("{kills} kills, {} jobs", jobs.len());
    let local = Caller::local();
    for summary in jobs {
        // None is stuck, none is half.
        assert!(matches!(summary.job.state, JobState::Completed { .. }));
        let rows: u64 = place.sql(&format!(
            "SELECT count(*) FROM job_services WHERE job = '{}'",
            summary.job.id
        ));
        assert_eq!(rows, summary.services);
        let request = PageRequest::default();
        let operations = place.operations();
        let answer = operations.services(&local, summary.job.id.as_str(), request);
        assert_eq!(
            serde_json::to_value(answer.unwrap()).unwrap()["JobStatus"],
            "COMPLETED"
        );
    }
    let rows_of_nobody: u64 =
        place.sql("SELECT count(*) FROM job_services WHERE job NOT IN (SELECT id FROM jobs)");
    assert_eq!(rows_of_nobody, 0);
    assert_eq!(place.operations().run_left_jobs(now()).unwrap(), 0);
}

fn now() -> chrono::DateTime<chrono::Utc> {
    access_advisor::time::parse("2026-11-01T00:00:00Z").unwrap()
}

/// A server acknowledges a job before its report is made. What is left when it is killed is made by
/// the next one, as of when it was asked for, whatever was imported meanwhile, and killed imports too.
#[test]
fn jobs_that_were_acknowledged_are_made_by_the_next_process() {
    let place = Place::new();
    let account = place.account(50);
    let [before, after] = ["before", "later"].map(|name| place.trail(name, 5, 40, 50));
    let account = account.to_str().unwrap();
    place.done(&["import", "account", account]);
    place.done(&["import", "trail", before.to_str().unwrap()]);
    let caller = Caller::local();
    let level = Granularity::Action;
    let jobs: Vec<_> = {
        let server = place.operations();
        let ask = || server.generate(&caller, USER, level, now()).unwrap();
        let made = ask();
        server.run_job(&made, now()).unwrap();
        vec![made, ask(), ask()]
    };
    for moment in [30, 60, 90] {
        let moment = Duration::from_millis(moment);
        place.killed(&["import", "account", account], moment);
        place.killed(&["import", "trail", after.to_str().unwrap()], moment);
    }
    place.done(&["import", "account", account]);
    place.done(&["import", "trail", after.to_str().unwrap()]);

    let next = place.operations();
    assert_eq!(next.run_left_jobs(now()).unwrap(), 2);
    let get = |job: &advisor_core::JobId| {
        let request = PageRequest {
            max_items: Some(advisor_core::MaxItems::new(1000).unwrap()),
            marker: None,
        };
        let answer = next.services(&caller, job.as_str(), request);
        serde_json::to_value(answer.unwrap()).unwrap()["ServicesLastAccessed"].clone()
    };
    let made_before = get(&jobs[0]);
    assert!(
        made_before.to_string().contains("LastAuthenticated"),
        "{made_before}"
    );
    assert_eq!(get(&jobs[1]), made_before);
    assert_eq!(get(&jobs[2]), made_before);
    for table in ["activity_before", "jobs WHERE status = 'IN_PROGRESS'"] {
        assert_eq!(
            place.sql::<u64>(&format!("SELECT count(*) FROM {table}")),
            0
        );
    }
    assert_eq!(place.sql::<u64>("SELECT count(*) FROM pictures"), 1);
    place.assert_sound(40);
}

/// Two imports of one trail, both killed and started again.
#[test]
fn two_imports_that_are_killed_by_turns_count_nothing_twice() {
    let place = Place::new();
    let trail = place.trail("trail", 520, 10, 90);
    let arguments = ["import", "trail", trail.to_str().unwrap()];
    let spawn = || {
        place
            .command(&arguments)
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    for moment in [20, 70, 120, 170, 220] {
        let (mut one, mut other) = (spawn(), spawn());
        sleep(Duration::from_millis(moment));
        one.kill().unwrap();
        let status = other.wait().unwrap();
        one.wait().unwrap();
        assert!(status.success());
        place.assert_sound(10);
        let objects: u64 = place.sql("SELECT count(*) FROM trail_objects");
        assert_eq!(objects, 520);
        fs::remove_file(&place.store).unwrap();
        for log in ["store.db-wal", "store.db-shm"] {
            let _ = fs::remove_file(place.folder.path().join(log));
        }
    }
}

/// Writes that the system refuses: the import says so, exits with 1, and loses nothing.
fn fails_and_goes_on(place: &Place, arguments: &[&str], limited: &mut Command, words: &[&str]) {
    let reference: u64 = place.sql("SELECT count(*) FROM trail_objects");
    let output = limited.output().unwrap();
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("error: "), "{said}");
    assert!(said.contains("store.db: "), "{said}");
    assert!(words.iter().any(|word| said.contains(word)), "{said}");
    place.assert_sound(400);
    let objects: u64 = place.sql("SELECT count(*) FROM trail_objects");
    assert!(objects >= reference);
    place.done(&["jobs", "list"]);
    place.done(arguments);
    place.assert_sound(400);
}

#[test]
fn a_file_that_may_not_grow_fails_the_import_and_keeps_the_store() {
    let place = Place::new();
    let small = place.trail("small", 1, 400, 10);
    let large = place.trail("large", 300, 400, 12_000);
    place.done(&["import", "trail", small.to_str().unwrap()]);
    let arguments = ["import", "trail", large.to_str().unwrap()];
    // In blocks of 512 or 1024 bytes, as the shell has it; without the signal, writes fail.
    let mut limited = Command::new("sh");
    limited
        .args([
            "-c",
            "trap '' XFSZ; ulimit -f 512; exec \"$@\"",
            "sh",
            PROGRAM,
        ])
        .args(arguments)
        .arg("--store")
        .arg(&place.store);
    let words = ["disk I/O error", "disk is full"];
    fails_and_goes_on(&place, &arguments, &mut limited, &words);
    let attempts: u64 = place.sql("SELECT sum(attempts) FROM activity");
    assert_eq!(attempts, 301 * 400);
}

#[test]
fn a_full_disk_fails_the_import_and_keeps_the_store() {
    let place = Place::new();
    let disk = place.folder.path().join("disk");
    fs::create_dir(&disk).unwrap();
    let small = place.trail("small", 1, 400, 10);
    let large = place.trail("large", 300, 400, 12_000);
    let small = small.to_str().unwrap();
    // All in a mount namespace of its own, which goes with the shell.
    let script = r#"
        mount -t tmpfs -o size=600k none "$DISK" || exit 77
        "$PROGRAM" import trail "$SMALL" --store "$DISK/store.db" || exit 78
        "$PROGRAM" import trail "$LARGE" --store "$DISK/store.db" 2> "$FOLDER/said"
        echo $? > "$FOLDER/status"
        cp "$DISK"/store.db* "$FOLDER/"
        mount -o remount,size=100m "$DISK" || exit 79
        "$PROGRAM" import trail "$LARGE" --store "$DISK/store.db" || exit 80
        cp "$DISK/store.db" "$FOLDER/after.db"
    "#;
    let output = Command::new("unshare")
        .args(["-m", "sh", "-c", script])
        .env("DISK", &disk)
        .env("FOLDER", place.folder.path())
        .env("PROGRAM", PROGRAM)
        .env("SMALL", small)
        .env("LARGE", &large)
        .output();
    let Some(output) = output.ok().filter(|output| {
        let said = stderr(output);
        output.status.code() != Some(77) && !said.starts_with("unshare:")
    }) else {
        eprintln!("skipped: this user may not mount a small disk");
        return;
    };
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let read = |name: &str| fs::read_to_string(place.folder.path().join(name)).unwrap();
    assert_eq!(read("status"), "1\n");
    let said = read("said");
    assert!(said.starts_with("error: "), "{said}");
    assert!(
        said.contains("store.db: database or disk is full"),
        "{said}"
    );
    // As it was left: sound, with the small trail at least.
    place.assert_sound(400);
    let objects: u64 = place.sql("SELECT count(*) FROM trail_objects");
    assert!(objects >= 1);
    // And with room again, all is in.
    let after = Place {
        store: place.folder.path().join("after.db"),
        folder: place.folder,
    };
    after.assert_sound(400);
    assert_eq!(after.sql::<u64>("SELECT count(*) FROM trail_objects"), 301);
}

/// The table of an import is the table of a report over the same trail.
#[test]
fn the_table_is_the_readers() {
    let place = Place::new();
    let trail = place.trail("trail", 270, 10, 50);
    place.done(&["import", "trail", trail.to_str().unwrap()]);
    let read = access_advisor::load_trail(&[Path::new(&trail)]).unwrap();
    let mut lines: Vec<String> = lines(&read.activity);
    lines.sort();
    assert_eq!(place.table(), lines);
}

fn lines(activity: &Activity) -> Vec<String> {
    activity
        .rows()
        .map(|row| {
            let who = row.principal;
            let is_action = matches!(row.operation, access_advisor::Operation::Action(_));
            format!(
                "{} {} {} {} {} {} {} {} {} {} {} {} {}",
                who.unique_id.unwrap(),
                who.arn.unwrap(),
                row.arn_seen_millis.unwrap(),
                who.account.unwrap(),
                row.service,
                row.operation.name(),
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
