//! Looks after the store while the server runs: notices that its file was removed or replaced, and deletes old jobs.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use advisor_store::{JobRetention, Store, StoredAdvisor};

use crate::config::Clock;

/// How often the file is checked. Requests check it too.
const FILE_CHECK: Duration = Duration::from_millis(500);
/// How often old jobs are deleted.
const JOB_CHECK: Duration = Duration::from_secs(5);

/// The thread that looks after the store. It ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Upkeep {
    _running: Sender<()>,
}

impl Upkeep {
    pub(crate) fn start(
        advisor: &Arc<StoredAdvisor>,
        keep: Option<JobRetention>,
        clock: &Clock,
    ) -> std::io::Result<Self> {
        let (running, stopped) = mpsc::channel();
        let (store, clock) = (advisor.store().clone(), clock.clone());
        std::thread::Builder::new()
            .name("upkeep".into())
            .spawn(move || {
                let mut was_there = true;
                let mut next_job_check = Instant::now();
                loop {
                    was_there = check_file(&store, was_there);
                    if let Some(keep) = keep
                        && was_there
                        && next_job_check <= Instant::now()
                    {
                        delete_old_jobs(&store, keep, &clock);
                        next_job_check = Instant::now() + JOB_CHECK;
                    }
                    match stopped.recv_timeout(FILE_CHECK) {
                        Err(RecvTimeoutError::Timeout) => {}
                        Ok(()) | Err(RecvTimeoutError::Disconnected) => return,
                    }
                }
            })?;
        Ok(Self { _running: running })
    }
}

/// Returns whether the file is there, and logs when that has changed.
fn check_file(store: &Store, was_there: bool) -> bool {
    match store.check_file() {
        Ok(()) => {
            if !was_there {
                tracing::info!("the file of the store is back");
            }
            true
        }
        Err(error) => {
            if was_there {
                tracing::error!(%error, "requests are refused");
            }
            false
        }
    }
}

fn delete_old_jobs(store: &Store, keep: JobRetention, clock: &Clock) {
    match store.delete_finished_jobs(keep, clock()) {
        Ok(0) => {}
        Ok(number) => tracing::info!(number, "deleted old jobs"),
        Err(error) => tracing::error!(%error, "old jobs cannot be deleted"),
    }
}
