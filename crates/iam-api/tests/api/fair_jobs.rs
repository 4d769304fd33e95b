//! One caller's jobs, however many, leave room for those of others.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use advisor_core::{Caller, Granularity};
use iam_api::{Api, Config};

use crate::fixture::{ADA, BRUNO, ERIN, Fixture, Key, ONE, TWO, config, get, now};

const GET: &str = "GetServiceLastAccessedDetails";
const GENERATE: &str = "GenerateServiceLastAccessedDetails";

/// Holds workers before each report. They read the clock there.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<usize>, Condvar)>);

impl Gate {
    fn on(config: &mut Config, workers: usize) -> Self {
        let gate = Self::default();
        let own = gate.clone();
        config.limits.workers = workers;
        config.clock = Arc::new(move || {
            let thread = std::thread::current();
            if thread.name().is_some_and(|name| name.starts_with("job-")) {
                let (open, changed) = &*own.0;
                let is_closed = |open: &mut usize| *open == 0;
                let open = changed.wait_while(open.lock().unwrap(), is_closed);
                *open.unwrap() -= 1;
            }
            now()
        });
        gate
    }

    /// Lets this many jobs pass.
    fn open(&self, jobs: usize) {
        let (open, changed) = &*self.0;
        *open.lock().unwrap() += jobs;
        changed.notify_all();
    }
}

/// Requests a report, and returns the job's id.
async fn generate(fixture: &Fixture, key: Key) -> String {
    let answer = fixture.call(key, GENERATE, &[("Arn", BRUNO)]).await;
    answer.get("JobId").unwrap_or_else(|| panic!("{answer:?}"))
}

async fn status(fixture: &Fixture, key: Key, id: &str) -> String {
    let answer = fixture.call(key, GET, &[("JobId", id)]).await;
    answer.get("JobStatus").unwrap()
}

/// Waits until the metric has this value.
async fn wait_for(fixture: &Fixture, metric: &str) {
    let reached = async {
        while !fixture
            .send(get("/metrics"))
            .await
            .text
            .contains(&format!("\n{metric}\n"))
        {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(60), reached).await;
    assert!(
        reached.is_ok(),
        "{}",
        fixture.send(get("/metrics")).await.text
    );
}

#[tokio::test]
async fn callers_take_turns() {
    let mut gate = Gate::default();
    let fixture = Fixture::with(|config| gate = Gate::on(config, 1));
    for _ in 0..10 {
        generate(&fixture, ADA).await;
    }
    let own = generate(&fixture, ERIN).await;
    // One of ada's is with the worker, another one before erin's at most.
    gate.open(3);
    wait_for(&fixture, "iam_api_jobs_finished_total 3").await;
    assert_eq!(status(&fixture, ERIN, &own).await, "COMPLETED");
    assert_eq!(
        fixture.operations.store().jobs_in_progress().unwrap().len(),
        8
    );
    gate.open(8);
    wait_for(&fixture, "iam_api_jobs_finished_total 11").await;
}

#[tokio::test]
async fn jobs_of_an_earlier_run_take_turns_too() {
    let (folder, mut config) = config();
    let caller = |name: &str| {
        let arn = format!("arn:aws:iam::111122223333:user/{name}");
        Caller::from_arn(&arn, "AKIA").unwrap()
    };
    let left = |name: &str| {
        let level = Granularity::Service;
        (config.advisor)
            .generate(&caller(name), BRUNO, level, now())
            .unwrap()
    };
    for _ in 0..10 {
        left("ada");
    }
    let own = left("erin");
    let gate = Gate::on(&mut config, 1);
    let fixture = Fixture::on(folder, config);
    gate.open(2);
    wait_for(&fixture, "iam_api_jobs_finished_total 2").await;
    assert_eq!(status(&fixture, ERIN, own.as_str()).await, "COMPLETED");
    gate.open(9);
}

#[tokio::test]
async fn one_caller_never_holds_all_workers() {
    let mut gate = Gate::default();
    let fixture = Fixture::with(|config| gate = Gate::on(config, 3));
    for _ in 0..5 {
        generate(&fixture, ADA).await;
    }
    wait_for(&fixture, "iam_api_jobs_running 2").await;
    generate(&fixture, ERIN).await;
    wait_for(&fixture, "iam_api_jobs_running 3").await;
    gate.open(6);
    wait_for(&fixture, "iam_api_jobs_finished_total 6").await;
}

#[tokio::test]
async fn a_caller_has_a_part_of_the_queue() {
    let mut gate = Gate::default();
    let fixture = Fixture::with(|config| {
        gate = Gate::on(config, 1);
        config.limits.waiting_jobs_of_caller = 2;
    });
    generate(&fixture, ONE).await;
    wait_for(&fixture, "iam_api_jobs_running 1").await;
    generate(&fixture, ONE).await;
    // Another session of the same role.
    generate(&fixture, TWO).await;
    for key in [ONE, TWO] {
        let answer = fixture.call(key, GENERATE, &[("Arn", BRUNO)]).await;
        assert_eq!(answer.error().0, "Throttling");
    }
    generate(&fixture, ADA).await;
    gate.open(4);
    wait_for(&fixture, "iam_api_jobs_finished_total 4").await;
    generate(&fixture, ONE).await;
    gate.open(1);
}

#[tokio::test]
async fn a_job_that_takes_too_long_fails_with_the_reason() {
    let fixture = Fixture::with(|config| config.limits.job_time = Duration::ZERO);
    let id = generate(&fixture, ADA).await;
    wait_for(&fixture, "iam_api_jobs_finished_total 1").await;
    let answer = fixture.call(ADA, GET, &[("JobId", &id)]).await;
    assert_eq!(answer.get("JobStatus").unwrap(), "FAILED");
    assert_eq!(answer.get("Code").unwrap(), "ServiceFailure");
    let message = "The report was not made: it took longer than 0 s.";
    assert_eq!(answer.get("Message").unwrap(), message);
}

/// While its worker is held, so that there is time to delete it.
#[tokio::test]
async fn a_deleted_job_leaves_its_worker() {
    let mut gate = Gate::default();
    let fixture = Fixture::with(|config| gate = Gate::on(config, 1));
    let id = generate(&fixture, ADA).await;
    wait_for(&fixture, "iam_api_jobs_running 1").await;
    assert!(
        fixture
            .operations
            .store()
            .delete_job(&id.as_str().into())
            .unwrap()
    );
    gate.open(1);
    wait_for(&fixture, "iam_api_jobs_finished_total 1").await;
    assert_eq!(fixture.operations.store().jobs_by_status().unwrap(), []);
}

/// What is running when the time of a stop is over is left to the next server.
#[tokio::test]
async fn a_stop_cancels_what_is_running() {
    let (folder, mut config) = config();
    let gate = Gate::on(&mut config, 1);
    let fixture = Fixture::on(folder, config);
    generate(&fixture, ADA).await;
    wait_for(&fixture, "iam_api_jobs_running 1").await;
    let api: Api = fixture.api.clone();
    let left = tokio::task::spawn_blocking(move || api.stop(Duration::from_millis(50)));
    assert_eq!(left.await.unwrap(), 1);
    gate.open(1);
    wait_for(&fixture, "iam_api_jobs_running 0").await;
    assert_eq!(
        fixture.operations.store().jobs_in_progress().unwrap().len(),
        1
    );
}
