//! Imports and reports whose process is killed.

use std::fs;
use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use access_advisor::job::{Caller, JobState, PageRequest};
use access_advisor::report::Granularity;
use access_advisor::store::Store;
use serde_json::Value;

use crate::{KILLS, Moments, TestStore};

const USER: &str = "arn:aws:iam::123456789012:user/u1";

#[test]
fn an_import_killed_50_times_ends_like_an_undisturbed_one() {
    // More than one batch.
    const OBJECTS: usize = 5_000;
    let reference = TestStore::new();
    let trail = reference.trail("trail", OBJECTS, 2, 90);
    let arguments = ["import", "trail", trail.to_str().unwrap()];
    let started = Instant::now();
    reference.done(&arguments);
    let through = started.elapsed();

    let place = TestStore::new();
    let mut moments = Moments::up_to(through);
    let (mut kills, mut taken, mut grew) = (0, 0, 0);
    while kills < KILLS {
        kills += usize::from(place.killed(&arguments, moments.draw()));
        let before = taken;
        if place.store.exists() {
            // Imported batches stay, as a whole.
            drop(Store::open_or_create(&place.store).unwrap());
            place.assert_sound(2);
            let objects: usize = place.sql("SELECT count(*) FROM trail_objects");
            assert!(objects >= taken);
            taken = objects;
        }
        if taken > before {
            grew += 1;
        } else if grew == 0 {
            moments.later();
        }
        if taken == OBJECTS {
            // Everything is imported: start over with a new store, so that later kills hit something.
            assert_eq!(place.table(), reference.table());
            for file in ["store.db", "store.db-wal", "store.db-shm"] {
                let _ = fs::remove_file(place.folder.path().join(file));
            }
            taken = 0;
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
    let place = TestStore::new();
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

    let mut moments = Moments::up_to(through.mul_f64(1.2));
    let mut kills = 0;
    while kills < KILLS {
        kills += usize::from(place.killed(&arguments, moments.draw()));
        // The acknowledged job is still there.
        assert_eq!(get(), expected);
    }
    place.assert_sound(40);
    let operations = place.operations();
    let jobs = operations.store().jobs().unwrap();
    eprintln!("{kills} kills, {} jobs", jobs.len());
    for summary in jobs {
        // No job is stuck or incomplete.
        assert!(matches!(summary.job.state, JobState::Completed { .. }));
        let reports: u64 = place.sql(&format!(
            "SELECT count(*) FROM reports WHERE job = '{}'",
            summary.job.id
        ));
        assert_eq!(reports, 1);
        let request = PageRequest::default();
        let answer = operations.services(&local, summary.job.id.as_str(), request);
        assert_eq!(
            serde_json::to_value(answer.unwrap()).unwrap()["JobStatus"],
            "COMPLETED"
        );
    }
    let reports_of_nobody: u64 =
        place.sql("SELECT count(*) FROM reports WHERE job NOT IN (SELECT id FROM jobs)");
    assert_eq!(reports_of_nobody, 0);
    assert_eq!(place.operations().run_left_jobs(now()).unwrap(), 0);
}

fn now() -> chrono::DateTime<chrono::Utc> {
    access_advisor::time::parse("2026-11-01T00:00:00Z").unwrap()
}

/// A server acknowledges a job before it makes the report. When it is killed, the next process makes
/// the report, as of the time of the request, whatever has been imported since.
#[test]
fn acknowledged_jobs_are_completed_by_the_next_process() {
    let place = TestStore::new();
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
        let request =
            PageRequest::new().max_items(access_advisor::job::MaxItems::new(1000).unwrap());
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

/// Two concurrent imports of one trail. One of them is killed.
#[test]
fn two_concurrent_imports_count_nothing_twice() {
    let place = TestStore::new();
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
