//! The threads that make reports.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use advisor_core::{Cancellation, Cancelled, FrozenReport, JobError, JobId, State};
use advisor_store::{StoreError, StoredAdvisor};

use super::queue::{JobQueue, Task};
use crate::config::{Clock, Config};
use crate::log_limit::{LineKind, LogLimit};

/// How long a job runs before the store is asked whether it still exists, and between two such questions.
const WATCH: Duration = Duration::from_millis(500);

/// By how much these threads are nicer (`man 2 nice`) than those that answer requests.
#[cfg(target_os = "linux")]
const NICER: i32 = 10;

/// The target of log lines.
const LOG: &str = "iam_api::jobs";

/// A thread that makes reports.
struct Worker {
    jobs: JobQueue,
    advisor: Arc<StoredAdvisor>,
    clock: Clock,
    log: Arc<LogLimit>,
}

/// Whether a line about a job is to be written. Whoever may start jobs could fill the log otherwise.
fn allows(log: &LogLimit, code: &'static str) -> bool {
    log.allows(LineKind {
        target: LOG,
        operation: "-",
        code,
    })
}

/// Starts the threads that make reports, and the one that stops deleted jobs. They end when the queue is stopped.
pub(crate) fn start(jobs: &JobQueue, config: &Config, log: &Arc<LogLimit>) -> std::io::Result<()> {
    let (watched, advisor, lines) = (jobs.clone(), config.advisor.clone(), log.clone());
    std::thread::Builder::new()
        .name("job-watch".to_owned())
        .spawn(move || watch(&watched, &advisor, &lines))?;
    for number in 0..config.limits.workers.max(1) {
        let worker = Worker {
            jobs: jobs.clone(),
            advisor: config.advisor.clone(),
            clock: config.clock.clone(),
            log: log.clone(),
        };
        jobs.add_worker();
        let thread = std::thread::Builder::new()
            .name(format!("job-{number}"))
            .spawn(move || {
                yield_to_requests();
                worker.work();
            });
        if let Err(error) = thread {
            jobs.remove_worker();
            _ = jobs.stop(Duration::ZERO);
            return Err(error);
        }
    }
    Ok(())
}

/// Lets the threads that answer requests go first, wherever a thread has a priority of its own (Linux).
///
/// Reports take seconds and answers take milliseconds: with equal rights, every answer would wait until a job has used up its share.
pub(crate) fn yield_to_requests() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(NICER) {
        tracing::debug!(target: LOG, %error, "the threads that make reports have the priority of the others");
    }
}

impl Worker {
    fn work(&self) {
        while let Some(task) = self.jobs.next() {
            match task {
                Task::Search => {
                    self.search();
                    self.jobs.finish_search();
                }
                Task::Job(job, cancellation) => {
                    if self.make(&job.id, &cancellation) {
                        self.jobs.finish(&job);
                    } else {
                        self.jobs.retry(job);
                    }
                }
            }
        }
        self.jobs.remove_worker();
    }

    /// Searches for jobs that other processes left in progress.
    fn search(&self) {
        match self.advisor.store().jobs_in_progress() {
            Ok(in_progress) => {
                let number = self.jobs.add_abandoned(&in_progress);
                if number > 0 {
                    tracing::info!(number, "making jobs that were left in progress");
                }
            }
            Err(error) => {
                tracing::error!(%error, "the jobs in progress cannot be read; trying again");
            }
        }
    }

    /// Makes the report of a job. Returns `false` when the store could not be written.
    fn make(&self, id: &JobId, cancellation: &Cancellation) -> bool {
        let made = catch_unwind(AssertUnwindSafe(|| {
            (self.advisor).try_run_job(id, (self.clock)(), cancellation)
        }));
        let reason = match made {
            Ok(Ok(report)) => {
                if let Some(report) = report {
                    self.log_gaps(id, &report);
                }
                if let Err(error @ Cancelled::TimeOver(_)) = cancellation.check()
                    && allows(&self.log, "TimeOver")
                {
                    tracing::warn!(target: LOG, job = %id, %error, "a job was not made in time");
                }
                return true;
            }
            // The disk is full or the file was locked for too long: try again.
            Ok(Err(error @ StoreError::Database { .. })) => return self.will_retry(id, &error),
            // Damage does not go away.
            Ok(Err(StoreError::Damaged { what, .. })) => format!("the store is damaged: {what}"),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "internal error, see the server's log".into(),
        };
        if allows(&self.log, "ServiceFailure") {
            tracing::error!(target: LOG, job = %id, reason, "the report cannot be made");
        }
        let error = JobError::new(
            "ServiceFailure",
            format!("The report cannot be made: {reason}"),
        );
        match self.advisor.fail_job(id, &error, (self.clock)()) {
            Ok(()) => true,
            Err(error) => self.will_retry(id, &error),
        }
    }

    /// Logs what a report does not tell for certain.
    fn log_gaps(&self, id: &JobId, report: &FrozenReport) {
        let not_evaluated = report.not_evaluated.len();
        if let Some(first) = report.not_evaluated.first()
            && allows(&self.log, "NotEvaluated")
        {
            tracing::warn!(
                target: LOG,
                job = %id,
                not_evaluated,
                first = %first,
                "services may be missing from a report: policies or groups were not evaluated"
            );
        }
        let uncovered = uncovered(report);
        if uncovered > 0 && allows(&self.log, "Uncovered") {
            tracing::warn!(
                target: LOG,
                job = %id,
                uncovered,
                "services of a report are uncovered: too little of the trail was read to call them unused"
            );
        }
        let undecided = report.undecided;
        if undecided > 0 && allows(&self.log, "Undecided") {
            tracing::warn!(
                target: LOG,
                job = %id,
                undecided,
                "actions count as possible because deciding them takes too much work"
            );
        }
    }

    /// Logs the error, and returns `false`.
    fn will_retry(&self, id: &JobId, error: &StoreError) -> bool {
        if allows(&self.log, "Retry") {
            tracing::error!(target: LOG, job = %id, %error, "the report cannot be stored; trying again");
        }
        false
    }
}

/// How many services of a report are uncovered. Reports of what AWS tracks have no states.
fn uncovered(report: &FrozenReport) -> usize {
    #[derive(serde::Deserialize)]
    struct Row<'a> {
        #[serde(rename = "State", borrow)]
        state: Option<Cow<'a, str>>,
    }
    let rows = report.services.iter();
    let states = rows.filter_map(|(_, row)| serde_json::from_str::<Row<'_>>(row).ok()?.state);
    states
        .filter(|state| **state == *State::Uncovered.name())
        .count()
}

/// Cancels jobs that were deleted, or ended by another process, while their reports are made.
fn watch(jobs: &JobQueue, advisor: &StoredAdvisor, log: &LogLimit) {
    while let Some(running) = jobs.long_running(WATCH) {
        for (id, cancellation) in running {
            // Whoever makes the report notices what is wrong with the store.
            if let Ok(false) = advisor.store().is_job_in_progress(&id) {
                if allows(log, "Cancelled") {
                    tracing::info!(target: LOG, job = %id, "a job that no longer is in progress was cancelled");
                }
                cancellation.cancel();
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::time::Instant;

    use advisor_core::Tracking;
    use advisor_store::Store;
    use service_catalog::Catalog;

    use super::*;
    use crate::config::Limits;

    #[test]
    fn a_running_job_that_is_not_in_the_store_is_cancelled() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(&folder.path().join("store.db")).unwrap();
        let advisor = StoredAdvisor::new(Arc::new(store), Catalog::shared(), Tracking::aws());
        let jobs = JobQueue::new(&Limits::default());
        jobs.add_worker();
        jobs.reserve("user ada")
            .unwrap()
            .take(JobId::from("deleted"));
        let cancellation = loop {
            if let Some(Task::Job(_, cancellation)) = jobs.next() {
                break cancellation;
            }
        };
        std::thread::scope(|scope| {
            let (jobs, advisor) = (&jobs, &advisor);
            let log = LogLimit::new(1, Duration::from_secs(1));
            scope.spawn(move || watch(jobs, advisor, &log));
            let start = Instant::now();
            while cancellation.check().is_ok() && start.elapsed() < Duration::from_secs(30) {
                std::thread::sleep(Duration::from_millis(5));
            }
            assert_eq!(cancellation.check(), Err(Cancelled::Requested));
            assert_eq!(jobs.stop(Duration::ZERO), 1);
        });
    }
}
