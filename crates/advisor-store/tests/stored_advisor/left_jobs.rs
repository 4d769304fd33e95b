//! Jobs that wait for their report, and the data that is kept for them.

use std::time::Duration;

use advisor_core::{Caller, Cancellation, Granularity, JobState};
use advisor_store::Store;
use chrono::TimeDelta;

use crate::support::{count, is_sound};
use crate::world::{TARGET, World, operations, refused, rows};

#[test]
fn jobs_left_by_a_stopped_process_are_made_as_of_their_time() {
    let mut world = World::new();
    world.attempt("target", "s3", "ListBuckets", "2026-10-01T00:00:00Z");
    let jobs = [world.generate(TARGET), world.generate(TARGET)];
    world.attempt("target", "s3", "ListBuckets", "2026-10-05T00:00:00Z");
    world.allow("target", &["sns:*"]);
    world.import();

    // Another process knows only what is in the file.
    world.operations = operations(Store::open(&world.path()).unwrap());
    assert_eq!(world.operations.run_left_jobs(world.now).unwrap(), 2);
    assert_eq!(world.operations.run_left_jobs(world.now).unwrap(), 0);
    for job in &jobs {
        let expected = ("s3".into(), Some("2026-10-01T00:00:00+00:00".into()));
        assert_eq!(rows(&world.get(job)), [expected]);
    }
    for (table, rows) in [("pictures", 1), ("exports", 1), ("activity_before", 0)] {
        assert_eq!(count(&world.path(), table), rows, "{table}");
    }
    assert!(is_sound(&world.path()));
}

#[test]
fn data_for_jobs_in_progress_is_kept_once_and_deleted_with_them() {
    let mut world = World::new();
    world.attempt("target", "s3", "ListBuckets", "2026-10-01T00:00:00Z");
    let job = world.generate(TARGET);
    for day in 2..8 {
        let when = format!("2026-10-0{day}T00:00:00Z");
        world.attempt("target", "s3", "ListBuckets", &when);
        world.import();
    }
    assert_eq!(count(&world.path(), "activity_before"), 1);
    assert_eq!(count(&world.path(), "pictures"), 2);
    assert!(world.operations.store().delete_job(&job).unwrap());
    assert!(!world.operations.store().delete_job(&job).unwrap());
    assert_eq!(count(&world.path(), "activity_before"), 0);
    assert_eq!(count(&world.path(), "pictures"), 1);
    // No job is in progress: nothing is kept.
    world.attempt("target", "s3", "ListBuckets", "2026-10-09T00:00:00Z");
    assert_eq!(count(&world.path(), "activity_before"), 0);
    // The report of a deleted job is dropped.
    world.run(&job);
    assert_eq!(count(&world.path(), "reports"), 0);
}

#[test]
fn generate_completed_keeps_the_job_with_its_report() {
    let mut world = World::new();
    world.attempt("target", "s3", "ListBuckets", "2026-10-01T00:00:00Z");
    let (caller, level) = (Caller::local(), Granularity::Service);
    let clock = || world.now + TimeDelta::milliseconds(750);
    let job = world
        .operations
        .generate_completed(&caller, TARGET, level, world.now, clock)
        .unwrap();
    assert_eq!(world.get(&job), world.get(&world.completed(TARGET)));
    assert_eq!(world.entities(&job, "s3").len(), 1);
    let missing = "arn:aws:iam::123456789012:user/nobody";
    let jobs = count(&world.path(), "jobs");
    let answer = world
        .operations
        .generate_completed(&caller, missing, level, world.now, clock);
    assert_eq!(
        refused(answer),
        format!("NoSuchEntity 404: ARN {missing} does not exist.")
    );
    assert_eq!(count(&world.path(), "jobs"), jobs);
}

#[test]
fn a_cancelled_job_stays_in_progress_and_one_that_takes_too_long_fails() {
    let mut world = World::new();
    world.attempt("target", "s3", "ListBuckets", "2026-10-01T00:00:00Z");
    let job = world.generate(TARGET);
    let cancellation = Cancellation::new();
    cancellation.cancel();
    let run = |cancellation: &Cancellation| {
        (world.operations)
            .try_run_job(&job, world.now, cancellation)
            .unwrap();
    };
    run(&cancellation);
    let store = world.operations.store();
    assert!(store.is_job_in_progress(&job).unwrap());

    run(&Cancellation::within(Duration::ZERO));
    assert!(!store.is_job_in_progress(&job).unwrap());
    let JobState::Failed { error, .. } = &store.jobs().unwrap()[0].job.state else {
        panic!("the job did not fail");
    };
    assert_eq!(error.code, "ServiceFailure");
    assert_eq!(
        error.message,
        "The report was not made: it took longer than 0 s."
    );
    // It stays so.
    run(&Cancellation::new());
    assert_eq!(world.get(&job)["JobStatus"], "FAILED");
}
