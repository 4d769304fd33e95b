//! How long finished jobs are kept, and how much space they take.

use advisor_core::{Caller, Granularity, JobId, MaxItems, PageRequest};
use advisor_store::JobRetention;
use chrono::TimeDelta;

use crate::support::{count, is_sound};
use crate::world::{TARGET, World};

/// A job that finished so many hours after the others.
fn finished(world: &World, hours: i64) -> JobId {
    let at = world.now + TimeDelta::hours(hours);
    let (caller, level) = (Caller::local(), Granularity::Service);
    world
        .operations
        .generate_completed(&caller, TARGET, level, world.now, || at)
        .unwrap()
}

fn left(world: &World) -> Vec<JobId> {
    let jobs = world.operations.store().jobs().unwrap();
    jobs.into_iter().map(|summary| summary.job.id).collect()
}

#[test]
fn the_newest_finished_jobs_are_kept_and_all_in_progress() {
    let world = World::new();
    let in_progress = world.generate(TARGET);
    let jobs: Vec<JobId> = [3, 0, 2, 1].map(|hours| finished(&world, hours)).into();
    let store = world.operations.store();
    let keep = |keep| store.delete_finished_jobs(keep, world.now).unwrap();
    assert_eq!(keep(JobRetention::Newest(4)), 0);
    assert_eq!(keep(JobRetention::Newest(2)), 2);
    let mut expected = vec![in_progress.clone(), jobs[0].clone(), jobs[2].clone()];
    expected.sort();
    let mut found = left(&world);
    found.sort();
    assert_eq!(found, expected);
    assert_eq!(count(&world.path(), "reports"), 2);
    assert_eq!(keep(JobRetention::Newest(0)), 2);
    assert_eq!(left(&world), [in_progress]);
    assert_eq!(count(&world.path(), "reports"), 0);
    assert!(is_sound(&world.path()));
}

#[test]
fn jobs_that_finished_long_ago_are_deleted() {
    let world = World::new();
    let jobs: Vec<JobId> = [0, 5].map(|hours| finished(&world, hours)).into();
    let store = world.operations.store();
    let keep = |age, hours| {
        let now = world.now + TimeDelta::hours(hours);
        let keep = JobRetention::Within(TimeDelta::hours(age));
        store.delete_finished_jobs(keep, now).unwrap()
    };
    assert_eq!(keep(6, 6), 0);
    assert_eq!(keep(6, 7), 1);
    assert_eq!(left(&world), [jobs[1].clone()]);
    // A job from the future is young.
    assert_eq!(keep(0, 1), 0);
    assert_eq!(keep(0, 6), 1);
}

#[test]
fn a_report_takes_less_space_than_its_text() {
    let mut world = World::new();
    world.allow("target", &["*"]);
    world.import();
    let (caller, level) = (Caller::local(), Granularity::Action);
    let job = world
        .operations
        .generate_completed(&caller, TARGET, level, world.now, || world.now)
        .unwrap();
    let request = PageRequest::new().max_items(Some(MaxItems::new(1000).unwrap()));
    let answer = world.operations.services(&caller, job.as_str(), request);
    let text = serde_json::to_string(&answer.unwrap()).unwrap();
    let jobs = world.operations.store().jobs().unwrap();
    let size = usize::try_from(jobs[0].bytes).unwrap();
    println!("{} bytes of JSON, {size} in the store", text.len());
    assert!(
        size > 0 && size * 4 < text.len(),
        "{size} of {}",
        text.len()
    );
}
