//! A store survives killed processes and full disks.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[allow(dead_code, reason = "AWS's clients are for other tests")]
mod wire;

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use access_advisor::activity::Activity;
use access_advisor::catalog::Catalog;
use access_advisor::job::{Caller, JobState, PageRequest};
use access_advisor::report::{Granularity, Tracking};
use access_advisor::store::{Store, StoredAdvisor};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tempfile::TempDir;

const KILLS: usize = 50;
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
fn moments(longest: Duration) -> impl Iterator<Item = Duration> {
    let seed = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
    let mut state = u64::from(seed.subsec_nanos()) | 1;
    eprintln!("seed {state}");
    std::iter::repeat_with(move || {
        // xorshift64
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        longest.mul_f64((state % 1_000) as f64 / 1_000.0)
    })
}

#[test]
fn an_import_killed_50_times_ends_like_an_undisturbed_one() {
    // More than one batch.
    const OBJECTS: usize = 5_000;
    let reference = Place::new();
    let trail = reference.trail("trail", OBJECTS, 2, 90);
    let arguments = ["import", "trail", trail.to_str().unwrap()];
    let started = Instant::now();
    reference.done(&arguments);
    let through = started.elapsed();

    let place = Place::new();
    let (mut kills, mut taken, mut grew) = (0, 0, 0);
    for moment in moments(through) {
        kills += usize::from(place.killed(&arguments, moment));
        if place.store.exists() {
            // Imported batches stay, as a whole.
            drop(Store::open_or_create(&place.store).unwrap());
            place.assert_sound(2);
            let objects: usize = place.sql("SELECT count(*) FROM trail_objects");
            assert!(objects >= taken);
            grew += u32::from(objects > taken);
            taken = objects;
        }
        if taken == OBJECTS {
            // Everything is imported: start over with a new store, so that later kills hit something.
            assert_eq!(place.table(), reference.table());
            for file in ["store.db", "store.db-wal", "store.db-shm"] {
                let _ = fs::remove_file(place.folder.path().join(file));
            }
            taken = 0;
        }
        if kills == KILLS {
            break;
        }
    }
    assert!(grew > 0);
    eprintln!("{kills} kills, {grew} imports took something, {taken} objects before the last");
    place.done(&arguments);
    place.assert_sound(2);
    assert_eq!(place.table(), reference.table());
    let objects: usize = place.sql("SELECT count(*) FROM trail_objects");
    assert_eq!(objects, OBJECTS);
}

#[test]
fn a_generate_killed_50_times_leaves_complete_jobs_only() {
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
    let local = Caller::local();
    let get = || {
        let request = PageRequest::default();
        let operations = place.operations();
        serde_json::to_value(operations.services(&local, first, request).unwrap()).unwrap()
    };
    let expected = get();

    let mut kills = 0;
    for moment in moments(through.mul_f64(1.2)) {
        kills += usize::from(place.killed(&arguments, moment));
        // The acknowledged job is still there.
        assert_eq!(get(), expected);
        if kills == KILLS {
            break;
        }
    }
    place.assert_sound(40);
    let operations = place.operations();
    let jobs = operations.store().jobs().unwrap();
    eprintln!("{kills} kills, {} jobs", jobs.len());
    for summary in jobs {
        // No job is stuck or incomplete.
        assert!(matches!(summary.job.state, JobState::Completed { .. }));
        let rows: u64 = place.sql(&format!(
            "SELECT count(*) FROM job_services WHERE job = '{}'",
            summary.job.id
        ));
        assert_eq!(rows, summary.services);
        let request = PageRequest::default();
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

/// A server acknowledges a job before it makes the report. When it is killed, the next process makes
/// the report, as of the time of the request, whatever has been imported since.
#[test]
fn acknowledged_jobs_are_completed_by_the_next_process() {
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
    let get = |job: &access_advisor::job::JobId| {
        let request = PageRequest {
            max_items: Some(access_advisor::job::MaxItems::new(1000).unwrap()),
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

/// Sends a request to a server without credentials. Returns `None` when it was killed before the end
/// of its response.
fn ask(endpoint: &str, form: &str) -> Option<String> {
    let mut stream = TcpStream::connect(endpoint.strip_prefix("http://").unwrap()).ok()?;
    let request = format!(
        "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         x-amz-date: 20260101T000000Z\r\n\
         content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n\
         authorization: AWS4-HMAC-SHA256 \
         Credential=AKIAEXAMPLE/20260101/us-east-1/iam/aws4_request, SignedHeaders=host, \
         Signature=0\r\n\r\n{form}",
        form.len()
    );
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    let answer = String::from_utf8(answer).ok()?;
    let is_whole = answer.trim_end().ends_with("Response>");
    is_whole.then_some(answer)
}

fn element<'a>(answer: &'a str, name: &str) -> &'a str {
    let open = format!("<{name}>");
    let start = answer.find(&open).unwrap_or_else(|| panic!("{answer}")) + open.len();
    answer[start..].split('<').next().unwrap()
}

/// Requests a report on a user. Returns `None` when the server was killed or throttles.
fn ask_generate(endpoint: &str, user: u64) -> Option<String> {
    let answer = ask(
        endpoint,
        &format!(
            "Action=GenerateServiceLastAccessedDetails&Version=2010-05-08\
             &Arn=arn%3Aaws%3Aiam%3A%3A123456789012%3Auser%2Fu{user}"
        ),
    )?;
    if answer.starts_with("HTTP/1.1 400") && answer.contains("<Code>Throttling</Code>") {
        return None;
    }
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    Some(element(&answer, "JobId").to_owned())
}

/// The status of an acknowledged job.
fn ask_get(endpoint: &str, job: &str) -> Option<String> {
    let form =
        format!("Action=GetServiceLastAccessedDetails&Version=2010-05-08&MaxItems=400&JobId={job}");
    let answer = ask(endpoint, &form)?;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let status = element(&answer, "JobStatus");
    if status == "COMPLETED" {
        // The report is complete: a full page, and more to come.
        assert_eq!(answer.matches("<ServiceName>").count(), 400);
        assert_eq!(element(&answer, "IsTruncated"), "true");
    }
    Some(status.to_owned())
}

/// Servers are killed while clients request reports and poll them, and while an import runs, which is
/// killed too. Later servers know every acknowledged job, and the last one completes those left.
#[test]
fn a_server_killed_50_times_keeps_every_job_it_acknowledged() {
    const USERS: u64 = 40;
    let [reference, place] = [Place::new(), Place::new()];
    let account = place.account(40);
    let trail = place.trail("trail", 700, 10, 40);
    let import = ["import", "trail", trail.to_str().unwrap()];
    reference.done(&import);
    place.done(&["import", "account", account.to_str().unwrap()]);

    let acknowledged = Mutex::new(Vec::<String>::new());
    let (mut in_progress, mut gets) = (0, 0);
    for (round, moment) in moments(Duration::from_millis(50)).take(KILLS).enumerate() {
        let mut importing = place
            .command(&import)
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (mut server, endpoint) = wire::serve(&place.store, &[]);
        gets += thread::scope(|scope| {
            scope.spawn(|| {
                for number in round as u64.. {
                    match ask_generate(&endpoint, number % USERS) {
                        Some(job) => acknowledged.lock().unwrap().push(job),
                        None if TcpStream::connect(&endpoint["http://".len()..]).is_err() => break,
                        None => sleep(Duration::from_millis(2)),
                    }
                }
            });
            let getting = scope.spawn(|| {
                for number in 0.. {
                    let known = acknowledged.lock().unwrap();
                    // Alternate between the latest job and any.
                    let job = match number % 2 {
                        0 => known.last(),
                        _ => known.get(number * 7 % known.len().max(1)),
                    };
                    let job = job.cloned();
                    drop(known);
                    let Some(job) = job else {
                        if TcpStream::connect(&endpoint["http://".len()..]).is_err() {
                            return number;
                        }
                        sleep(Duration::from_millis(1));
                        continue;
                    };
                    if ask_get(&endpoint, &job).is_none() {
                        return number;
                    }
                }
                0
            });
            sleep(moment);
            // SIGKILL to both.
            server.0.kill().unwrap();
            importing.kill().unwrap();
            server.0.wait().unwrap();
            importing.wait().unwrap();
            getting.join().unwrap()
        });

        let jobs = Store::open(&place.store).unwrap().jobs().unwrap();
        let known: BTreeSet<&str> = jobs.iter().map(|summary| summary.job.id.as_str()).collect();
        for job in acknowledged.lock().unwrap().iter() {
            assert!(known.contains(job.as_str()), "{job} is lost");
        }
        in_progress += jobs
            .iter()
            .filter(|summary| matches!(summary.job.state, JobState::InProgress))
            .count();
        if round % 10 == 0 {
            place.assert_sound(10);
        }
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    let objects: u64 = place.sql("SELECT count(*) FROM trail_objects");
    eprintln!(
        "{} jobs were acknowledged, {in_progress} seen left behind, {gets} gets, {objects} objects",
        acknowledged.len()
    );
    // On a busy machine few jobs are acknowledged before each kill.
    assert!(acknowledged.len() > 5);
    assert!(in_progress > 0);

    let (mut server, endpoint) = wire::serve(&place.store, &[]);
    let started = Instant::now();
    let left = "SELECT count(*) FROM jobs WHERE status = 'IN_PROGRESS'";
    while place.sql::<u64>(left) > 0 {
        assert!(started.elapsed() < Duration::from_secs(30));
        sleep(Duration::from_millis(10));
    }
    for job in &acknowledged {
        assert_eq!(ask_get(&endpoint, job).as_deref(), Some("COMPLETED"));
    }
    server.0.kill().unwrap();
    server.0.wait().unwrap();
    let jobs: u64 = place.sql("SELECT count(*) FROM jobs WHERE status <> 'COMPLETED'");
    assert_eq!(jobs, 0);

    place.done(&import);
    place.assert_sound(10);
    assert_eq!(place.sql::<u64>("SELECT count(*) FROM trail_objects"), 700);
    assert_eq!(place.table(), reference.table());
    assert_eq!(place.sql::<u64>("SELECT count(*) FROM activity_before"), 0);
}

/// Two concurrent imports of one trail. One of them is killed.
#[test]
fn two_concurrent_imports_count_nothing_twice() {
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

/// An import whose writes fail reports it, exits with 1, and loses nothing.
fn fails_and_resumes(place: &Place, arguments: &[&str], limited: &mut Command, words: &[&str]) {
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
fn a_file_size_limit_fails_the_import_and_keeps_the_store() {
    let place = Place::new();
    let small = place.trail("small", 1, 400, 10);
    let large = place.trail("large", 300, 400, 12_000);
    place.done(&["import", "trail", small.to_str().unwrap()]);
    let arguments = ["import", "trail", large.to_str().unwrap()];
    // The unit is 512 or 1024 bytes, depending on the shell. With the signal ignored, writes fail.
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
    fails_and_resumes(&place, &arguments, &mut limited, &words);
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
    // In a mount namespace that ends with the shell.
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
    // The store is intact, with at least the small trail.
    place.assert_sound(400);
    let objects: u64 = place.sql("SELECT count(*) FROM trail_objects");
    assert!(objects >= 1);
    // With more space, the import completes.
    let after = Place {
        store: place.folder.path().join("after.db"),
        folder: place.folder,
    };
    after.assert_sound(400);
    assert_eq!(after.sql::<u64>("SELECT count(*) FROM trail_objects"), 301);
}

/// An import stores the same table that the reader returns.
#[test]
fn an_import_stores_the_table_of_the_reader() {
    let place = Place::new();
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
