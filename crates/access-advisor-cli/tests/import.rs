//! Imports of trails: from folders and buckets, while they change, and interrupted with Ctrl-C.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../../cloudtrail-reader/tests/s3/bucket.rs"]
#[allow(dead_code, reason = "some of it is for the reader's own tests")]
mod bucket;
mod workspace;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use access_advisor::activity::Activity;
use access_advisor::catalog::Catalog;
use access_advisor::trail::{ReadOptions, TrailReader};
use bucket::{Answer, Bucket, Objects, Reply, Request};
use serde_json::{Value, json};
use workspace::Workspace;

const PROGRAM: &str = env!("CARGO_BIN_EXE_access-advisor");
const ACCOUNT: &str = "testdata/account.json";
const ERIN: &str = "arn:aws:iam::111122223333:user/erin";

impl Workspace {
    /// `access-advisor` with AWS's environment for a bucket on loopback.
    fn command(&self, endpoint: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(PROGRAM);
        command
            .current_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))
            .args(arguments)
            .env("AWS_ACCESS_KEY_ID", "test")
            .env("AWS_SECRET_ACCESS_KEY", "test")
            .env("AWS_REGION", "eu-west-1")
            .env("AWS_ENDPOINT_URL_S3", endpoint);
        command
    }

    fn import(&self, endpoint: &str, more: &[&str]) -> Output {
        let store = self.path("store.db");
        let arguments = [&["import", "trail", "--store", &store], more].concat();
        self.command(endpoint, &arguments).output().unwrap()
    }

    fn sql<T: rusqlite::types::FromSql>(&self, query: &str) -> T {
        let connection = rusqlite::Connection::open(self.path("store.db")).unwrap();
        connection.query_row(query, [], |row| row.get(0)).unwrap()
    }

    /// The number of objects in the store; 0 while an import creates it.
    fn taken(&self) -> usize {
        let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_WRITE;
        let connection = rusqlite::Connection::open_with_flags(self.path("store.db"), flags);
        let query = "SELECT count(*) FROM trail_objects";
        let count = connection.and_then(|it| it.query_row(query, [], |row| row.get(0)));
        count.unwrap_or_default()
    }

    /// The activity in the store, one line per row, in the format of [`lines`].
    fn table(&self) -> Vec<String> {
        let connection = rusqlite::Connection::open(self.path("store.db")).unwrap();
        let mut statement = connection
            .prepare(
                "SELECT concat_ws(' ', p.key, s.text, o.text, r.text, last, last_event_id, first,
                     attempts, denied) AS line
                 FROM activity JOIN principals p ON p.id = principal
                 JOIN names s ON s.id = service JOIN names o ON o.id = operation
                 JOIN names r ON r.id = region ORDER BY line",
            )
            .unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn lines(activity: &Activity) -> Vec<String> {
    let rows = activity.rows().map(|row| {
        let who = row.principal;
        format!(
            "{} {} {} {} {} {} {} {} {}",
            who.unique_id.or(who.arn).unwrap(),
            row.service,
            row.action.name(),
            row.region,
            row.last_millis,
            row.last_event_id,
            row.first_millis,
            row.attempts,
            row.denied
        )
    });
    let mut rows: Vec<_> = rows.collect();
    rows.sort();
    rows
}

/// A record whose call depends on `number` only.
fn call(number: usize) -> Value {
    let event = ["ListBuckets", "GetBucketAcl"][number % 2];
    json!({
        "userIdentity": {
            "type": "IAMUser",
            "principalId": format!("AIDA{:017}", number % 7),
            "arn": format!("arn:aws:iam::111122223333:user/u{}", number % 7),
            "accountId": "111122223333",
        },
        "eventTime": format!("2026-10-{:02}T00:00:{:02}Z", 1 + number % 28, number % 60),
        "eventSource": "s3.amazonaws.com",
        "eventName": event,
        "awsRegion": "eu-west-1",
        "eventID": format!("{number:08}"),
        "eventType": "AwsApiCall",
    })
}

fn object(number: usize) -> String {
    json!({"Records": [call(number)]}).to_string()
}

fn name(number: usize) -> String {
    let day = 1 + number % 28;
    format!("111122223333_CloudTrail_eu-west-1_202610{day:02}T0905Z_{number:06}.json")
}

const PREFIX: &str = "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/10";

/// A bucket with this many objects, one per day.
fn bucket_of(number: usize) -> Objects {
    (0..number)
        .map(|number| {
            let key = format!("{PREFIX}/{:02}/{}", 1 + number, name(number));
            (key, object(number).into_bytes())
        })
        .collect()
}

#[test]
fn a_bucket_imports_like_a_folder() {
    let place = Workspace::new();
    let (refuses, changes) = (
        Arc::new(AtomicBool::new(true)),
        Arc::new(AtomicBool::new(false)),
    );
    let (refuse, change) = (Arc::clone(&refuses), Arc::clone(&changes));
    let bucket = Bucket::start(bucket_of(9), 4, move |request, _, objects| {
        if change.swap(false, Ordering::SeqCst) {
            let key = format!("{PREFIX}/02/{}", name(1));
            // The size stays the same.
            objects.insert(key, object(3).into_bytes());
        }
        let is_refused = request.key.ends_with("000004.json") && refuse.load(Ordering::SeqCst);
        is_refused.then(|| Reply::Whole(Answer::error(403, "AccessDenied")))
    });
    let import = |more: &[&str]| {
        let output = place.import(&bucket.endpoint, more);
        (output.status.code(), stderr(&output))
    };
    let path = "s3://bucket/AWSLogs/";

    // Some of the days.
    let days = [
        "--since",
        "2026-10-03T00:00:00Z",
        "--until",
        "2026-10-03T23:00:00Z",
    ];
    let (status, said) = import(&[&[path], &days[..]].concat());
    assert_eq!(status, Some(0), "{said}");
    let asked = bucket.requests();
    let asked = |day: &str| asked.iter().any(|it| it.key.contains(day));
    assert!(asked("/03/") && !asked("/09/"));
    assert_eq!(
        place.taken(),
        2,
        "the day, and what was delivered on the next"
    );

    let (status, said) = import(&[path]);
    assert_eq!(status, Some(3), "{said}");
    let failed = format!("s3://bucket/{PREFIX}/05/{}: ", name(4));
    assert!(said.contains(&format!("warning: {failed}")), "{said}");
    assert!(said.contains("1 FAILED"), "{said}");
    // A failed object is reported again, and imported once it can be read.
    let (status, said) = import(&[path, "--strict"]);
    assert_eq!(status, Some(1));
    assert!(said.contains(&failed), "{said}");
    refuses.store(false, Ordering::SeqCst);
    let (status, said) = import(&[path, "--strict"]);
    assert_eq!(status, Some(0), "{said}");
    assert!(said.starts_with("trail: 1 object read\n"), "{said}");
    assert_eq!(place.sql::<u64>("SELECT count(*) FROM trail_objects"), 9);

    changes.store(true, Ordering::SeqCst);
    let (status, said) = import(&[path, "--strict"]);
    assert_eq!(status, Some(1));
    let changed = format!(
        "s3://bucket/{PREFIX}/02/{}: was imported before with other content",
        name(1)
    );
    assert!(said.contains(&changed), "{said}");

    // A single object.
    let whole: Vec<Value> = (0..9).map(call).collect();
    let reader = TrailReader::new(Catalog::shared(), ReadOptions::default());
    let mut activity = Activity::new();
    let text = json!({"Records": whole}).to_string();
    reader.read_bytes("whole", text.as_bytes(), &mut activity);
    assert_eq!(place.table(), lines(&activity));

    // Objects copied from the bucket are recognized by their names.
    for number in 0..9 {
        place.write(&format!("copy/{}", name(number)), object(number));
    }
    let (status, said) = import(&[&place.path("copy")]);
    // What the changed objects have now is still missing.
    assert_eq!(status, Some(3));
    assert!(said.contains("9 objects were imported before"), "{said}");
}

#[test]
fn a_bucket_that_cannot_be_read_fails() {
    let place = Workspace::new();
    let bucket = Bucket::start(Objects::new(), 9, |_: &Request, _, _: &mut Objects| {
        Some(Reply::Whole(Answer::error(403, "AccessDenied")))
    });
    let output = place.import(&bucket.endpoint, &["s3://bucket/AWSLogs/"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("s3://bucket/AWSLogs/: "), "{said}");
    assert!(said.contains("403"), "{said}");
}

fn refused() -> Reply {
    Reply::Whole(Answer::error(403, "AccessDenied"))
}

/// A folder that is listed in part: the objects that were listed are imported, and the message does not deny it.
#[test]
fn a_partly_listed_folder_is_imported_in_part() {
    let place = Workspace::new();
    let keys = (0..3).map(|number| format!("logs/{}", name(number)));
    let objects = (keys.clone().zip(0..)).map(|(key, number)| (key, object(number).into_bytes()));
    let bucket = Bucket::start(objects.collect(), 2, |request, _, _| {
        let is_refused = request.key.ends_with(&name(1))
            || request.is_list() && request.query.contains_key("continuation-token");
        is_refused.then(refused)
    });
    let said = stderr(&place.import(&bucket.endpoint, &["s3://bucket/logs/"]));
    assert!(
        said.starts_with("trail: 1 object read, 2 FAILED\n"),
        "{said}"
    );
    let warning = |start: &str| {
        let is_meant = |line: &&str| line.starts_with(&format!("warning: s3://bucket/{start}: "));
        said.lines().find(is_meant).unwrap()
    };
    let folder = warning("logs/");
    assert!(folder.ends_with(": what it holds may be missing"), "{said}");
    let object = warning(&format!("logs/{}", name(1)));
    assert!(object.ends_with(": none of it was read"), "{said}");
    assert_eq!(place.taken(), 1);
}

/// An object, and a folder of the same name that cannot be listed: the object is imported once.
#[test]
fn an_object_is_not_confused_with_a_folder_of_its_name() {
    let place = Workspace::new();
    let key = format!("logs/{}", name(0));
    let objects = Objects::from([(key.clone(), object(0).into_bytes())]);
    let bucket = Bucket::start(objects, 9, |request, _, _| {
        (request.is_list() && request.prefix().ends_with('/')).then(refused)
    });
    let path = format!("s3://bucket/{key}");
    for read in ["1 object", "0 objects"] {
        let output = place.import(&bucket.endpoint, &[&path, "--strict"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(
            said.starts_with(&format!("trail: {read} read, 1 FAILED\n")),
            "{said}"
        );
    }
    assert_eq!(place.taken(), 1);
    assert_eq!(place.sql::<u64>("SELECT sum(attempts) FROM activity"), 1);
}

/// Listing errors are reported even when another import has taken the objects of the batch.
#[test]
fn listing_errors_are_reported_during_concurrent_imports() {
    let place = Workspace::new();
    let copy = place.write(&format!("copy/{}", name(0)), object(0));
    let store = place.path("store.db");
    let key = format!("logs/{}", name(0));
    let mut objects = Objects::from([(key, object(0).into_bytes())]);
    objects.insert(format!("logs/{}", name(1)), Vec::new());
    let bucket = Bucket::start(objects, 1, move |request, _, _| {
        if !request.is_list() {
            let arguments = ["import", "trail", &copy, "--store", &store];
            let other = Command::new(PROGRAM).args(arguments).status();
            assert!(other.unwrap().success());
        }
        (request.query.contains_key("continuation-token")).then(refused)
    });
    let output = place.import(&bucket.endpoint, &["s3://bucket/logs/", "--strict"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.starts_with("trail: 0 objects read, 1 FAILED\n"),
        "{said}"
    );
    assert!(said.contains("1 objects were imported before"), "{said}");
    assert!(said.contains("could not be listed"), "{said}");
    assert_eq!(place.sql::<u64>("SELECT sum(attempts) FROM activity"), 1);
}

#[test]
fn reports_and_activity_files_from_a_bucket() {
    let place = Workspace::new();
    let bucket = Bucket::start(bucket_of(9), 4, |_, _, _| None);
    let file = place.path("activity.parquet");
    let run = |arguments: &[&str]| {
        let output = place.command(&bucket.endpoint, arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let bucket = "s3://bucket/AWSLogs/111122223333/";
    let export = [
        "activity",
        "export",
        bucket,
        "--output",
        &file,
        "--threads",
        "1",
    ];
    run(&export);
    let shown = run(&["activity", "show", &file, "--format", "jsonl"]);
    assert_eq!(shown.lines().count(), 9);
    run(&[&export[..], &["--until", "2026-10-04T00:00:02Z"]].concat());
    let shown = run(&["activity", "show", &file, "--format", "jsonl"]);
    assert_eq!(shown.lines().count(), 3);
    let report = |trail: &str| {
        run(&[
            "report",
            "--account",
            ACCOUNT,
            "--trail",
            trail,
            "--now",
            "2026-11-01T00:00:00Z",
        ])
    };
    let whole = place.path("whole.parquet");
    run(&["activity", "export", bucket, "--output", &whole]);
    assert_eq!(report(bucket), report(&whole));
}

/// An activity file gives the same reports as its trail.
#[test]
fn an_activity_file_gives_the_reports_of_its_trail() {
    let place = Workspace::new();
    let run = |arguments: &[&str]| {
        let output = place.command("", arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    };
    let parquet = place.path("activity.parquet");
    run(&["activity", "export", "testdata/trail", "--output", &parquet]);
    let csv = run(&["activity", "show", &parquet, "--format", "csv"]);
    let csv = place.write("activity.csv", csv);
    let report = |trail: &str| {
        let arguments = [
            "report",
            "--account",
            ACCOUNT,
            "--trail",
            trail,
            "--arn",
            ERIN,
        ];
        run(&[&arguments[..], &["--now", "2026-11-01T00:00:00Z"]].concat())
    };
    let expected = report("testdata/trail");
    assert!(expected.contains("5 used"));
    assert_eq!(report(&parquet), expected);
    // A CSV has no place for coverage, so nothing is known to be unused.
    let services = |report: &str| {
        let (services, _) = report.split_once("\n\"unused\" rests on").expect(report);
        services.replace("not known to be used", "not used")
    };
    assert_eq!(services(&report(&csv)), services(&expected));
    for file in [&parquet, &csv] {
        let store = Workspace::new();
        let output = store.import("", &[file, "--strict"]);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        assert!(stderr(&output).contains("activity rows = "));
        let trail = access_advisor::trail::load_trail(&[root().join("testdata/trail")]).unwrap();
        assert_eq!(store.table(), lines(&trail.activity));
        assert!(stderr(&store.import("", &[file])).contains("1 objects were imported before"));
    }
    // Rows that span `--now` are cut, right to the day. Without their days they are set aside: what came before is missing.
    let undated = fs::read_to_string(&csv).unwrap();
    let undated = undated.replacen("Days,DaysComplete", "Unknown,Other", 1);
    let undated = place.write("undated.csv", undated);
    for (file, status, spans) in [(&parquet, 0, false), (&undated, 3, true)] {
        let arguments = ["report", "--account", ACCOUNT, "--trail", file];
        let earlier = [&arguments[..], &["--now", "2026-06-01T00:00:00Z"]].concat();
        let output = place.command("", &earlier).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert_eq!(said.contains("spans until"), spans, "{said}");
    }
}

#[test]
fn limits_and_bounds_are_reported() {
    let place = Workspace::new();
    let trail = place.write(&format!("trail/{}", name(1)), object(1));
    place.write(
        &format!("trail/{}", name(2)),
        json!({"Records": [call(2), call(3)]}).to_string(),
    );
    let size = fs::metadata(&trail).unwrap().len().to_string();
    let folder = place.path("trail");
    let output = place.import("", &[&folder, "--object-limit", &size]);
    assert_eq!(output.status.code(), Some(3));
    let said = stderr(&output);
    let limit = format!(
        "{}: more than {size} bytes, the limit for one object",
        name(2)
    );
    assert!(said.contains(&limit), "{said}");
    let output = place.import("", &[&folder, "--object-limit", "1MiB", "--threads", "1"]);
    assert!(stderr(&output).starts_with("trail: 1 object read\n       2 records = 2 attributed"));

    let wrong = |more: &[&str]| {
        let output = place.import("", &[&[folder.as_str()], more].concat());
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        stderr(&output)
    };
    for size in ["", "0", "1 GiB", "1GB", "-1", "99999999999GiB", "GiB"] {
        let said = wrong(&[&format!("--object-limit={size}")]);
        assert!(said.contains("write it as 500MiB or 1GiB"), "{said}");
    }
    let said = wrong(&[
        "--since",
        "2026-10-02T00:00:00Z",
        "--until",
        "2026-10-01T00:00:00Z",
    ]);
    assert!(said.contains("--since is later than --until"), "{said}");
    wrong(&["--threads", "0"]);
    wrong(&["--since", "yesterday"]);
}

fn interrupt(child: &Child) {
    let pid = child.id().to_string();
    let status = Command::new("kill").args(["-INT", &pid]).status();
    assert!(status.unwrap().success());
}

/// An interrupted import keeps whole batches, reports that, and resumes when it is run again.
#[test]
fn an_import_resumes_after_ctrl_c() {
    const OBJECTS: usize = 13_000;
    let reference = Workspace::new();
    for number in 0..OBJECTS {
        reference.write(&format!("trail/{}", name(number)), object(number));
    }
    let trail = reference.path("trail");
    let output = reference.import("", &[&trail]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));

    // The import can end before the signal: try again.
    for _ in 0..20 {
        let place = Workspace::new();
        let store = place.path("store.db");
        let mut child = place
            .command("", &["import", "trail", &trail, "--store", &store])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // Wait for the first batch.
        while place.taken() == 0 && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        interrupt(&child);
        let output = child.wait_with_output().unwrap();
        let said = stderr(&output);
        let taken = place.taken();
        if output.status.success() {
            assert_eq!(taken, OBJECTS);
            continue;
        }
        assert_eq!(output.status.code(), Some(130), "{said}");
        assert!((1..OBJECTS).contains(&taken));
        assert_eq!(place.sql::<String>("PRAGMA integrity_check"), "ok");
        let attempts: usize = place.sql("SELECT sum(attempts) FROM activity");
        assert_eq!(attempts, taken);
        let stopped = "stopped: the objects above are imported; run the same command again to \
            resume\n";
        if said.ends_with(stopped) {
            let count = format!("trail: {taken} objects read\n");
            assert!(said.contains(&count), "{said}");
        } else {
            // A busy machine: it did not end within a second.
            let stopped = "stopped: run the same command again to resume\n";
            assert!(said.ends_with(stopped), "{said}");
        }

        let output = place.import("", &[&trail]);
        assert_eq!(output.status.code(), Some(0));
        let said = stderr(&output);
        assert!(
            said.contains(&format!("trail: {} objects read\n", OBJECTS - taken)),
            "{said}"
        );
        assert!(
            said.contains(&format!("{taken} objects were imported before")),
            "{said}"
        );
        assert_eq!(place.table(), reference.table());
        return;
    }
    panic!("no import was interrupted");
}

/// A bucket that never answers for one object: nothing waits for it.
#[test]
fn ctrl_c_ends_at_once() {
    for command in ["import", "report", "activity"] {
        let place = Workspace::new();
        let (asked, waits) = mpsc::channel();
        let bucket = Bucket::start(bucket_of(9), 9, move |request, _, _| {
            if !request.key.ends_with("000003.json") {
                return None;
            }
            let _ = asked.send(());
            Some(Reply::Silence)
        });
        let (store, path) = (place.path("store.db"), "s3://bucket/AWSLogs/");
        let arguments = match command {
            "import" => vec!["import", "trail", path, "--store", &store],
            "report" => vec!["report", "--account", ACCOUNT, "--trail", path],
            _ => vec!["activity", "export", path, "--output", &store],
        };
        let child = place
            .command(&bucket.endpoint, &arguments)
            .stderr(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        waits.recv().unwrap();
        let pressed = Instant::now();
        interrupt(&child);
        let output = child.wait_with_output().unwrap();
        // A second, and time for a busy machine.
        assert!(pressed.elapsed() < Duration::from_secs(5), "{command}");
        assert_eq!(output.status.code(), Some(130), "{command}");
        assert_eq!(output.stdout, b"");
        let said = stderr(&output);
        assert!(said.lines().any(|line| line.starts_with("stop")), "{said}");
    }
}

/// The panic message of a Parquet decoder is not printed.
#[test]
fn damaged_parquet_files_are_reported_without_the_panic_message() {
    static CAUGHT: AtomicUsize = AtomicUsize::new(0);
    let place = Workspace::new();
    let file = place.path("activity.parquet");
    let export = ["activity", "export", "testdata/trail", "--output", &file];
    assert!(
        place
            .command("", &export)
            .output()
            .unwrap()
            .status
            .success()
    );
    let whole = fs::read(&file).unwrap();

    // Find damage that makes the decoder panic.
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {
        assert!(access_advisor::trail::is_catching_panics());
        CAUGHT.fetch_add(1, Ordering::SeqCst);
    }));
    let reader = TrailReader::new(Catalog::shared(), ReadOptions::default());
    let panics = |at: &usize| {
        let mut damaged = whole.clone();
        damaged[*at] ^= 0x01;
        let before = CAUGHT.load(Ordering::SeqCst);
        reader.read_bytes("damaged", &damaged, &mut Activity::new());
        CAUGHT.load(Ordering::SeqCst) > before
    };
    let damage = (0..whole.len()).rev().find(panics);
    std::panic::set_hook(before);
    let mut damaged = whole.clone();
    damaged[damage.unwrap()] ^= 0x01;
    place.write("damaged/activity.parquet", damaged);
    let output = place.import("", &[&place.path("damaged"), "testdata/trail"]);
    let said = stderr(&output);
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(
        said.contains(".parquet: ") && said.contains("FAILED"),
        "{said}"
    );
    assert!(
        !said.contains("panicked") && !said.contains("RUST_BACKTRACE"),
        "{said}"
    );
}
