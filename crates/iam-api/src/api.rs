//! The API: what all requests share, and how an operation is run.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use advisor_core::Caller;
use advisor_store::StoredAdvisor;
use chrono::{DateTime, Utc};
use rayon::ThreadPoolBuilder;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use crate::address_share::AddressShare;
use crate::auth::permission_check::Permissions;
use crate::auth::sessions::Sessions;
use crate::config::{Config, Limits};
use crate::error::ApiError;
use crate::gathered_reports::GatheredReports;
use crate::gatherings::Gatherings;
use crate::job_counts::JobCounts;
use crate::jobs::queue::JobQueue;
use crate::jobs::turns::Party;
use crate::jobs::workers;
use crate::log_limit::LogLimit;
use crate::metrics::Metrics;
use crate::operation::Operation;
use crate::operations::answer::Answer;
use crate::operations::context::Context;
use crate::operations::directories::Directories;
use crate::operations::dispatch;
use crate::parameters::Parameters;
use crate::unsent::UnsentBytes;
use crate::upkeep::Upkeep;

/// The API with everything that its operations need: a job queue with its threads, counters, caches.
/// Clones share them.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

struct Shared {
    config: Config,
    jobs: JobQueue,
    metrics: Metrics,
    directories: Directories,
    readers: Arc<Semaphore>,
    writers: Arc<Semaphore>,
    gatherings: Gatherings,
    unsent: UnsentBytes,
    log: Arc<LogLimit>,
    job_counts: JobCounts,
    sessions: Sessions,
    _upkeep: Upkeep,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("listen", &self.0.config.listen)
            .field("credentials", &self.0.config.credentials)
            .finish_non_exhaustive()
    }
}

/// Work on a blocking thread, by what limits how much of it is done at once.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Work {
    /// Reads the store.
    Read,
    /// Changes the store.
    Write,
}

impl From<Operation> for Work {
    fn from(operation: Operation) -> Self {
        if operation.writes() {
            Self::Write
        } else {
            Self::Read
        }
    }
}

impl Api {
    /// Starts the threads that make reports and the one that looks after the store. They first make the jobs that an earlier
    /// server left in progress.
    ///
    /// # Errors
    /// The system cannot start a thread.
    pub fn start(config: Config) -> std::io::Result<Self> {
        let jobs = JobQueue::new(&config.limits);
        let log = LogLimit::new(config.limits.log_lines, config.limits.log_interval);
        let log = Arc::new(log);
        workers::start(&jobs, &config, &log)?;
        let upkeep = Upkeep::start(&config.advisor, config.keep_jobs, &config.clock)?;
        Ok(Self(Arc::new(Shared {
            _upkeep: upkeep,
            jobs,
            metrics: Metrics::default(),
            directories: Directories::default(),
            readers: Arc::new(Semaphore::new(config.limits.readers.max(1))),
            writers: Arc::new(Semaphore::new(config.limits.writers.max(1))),
            gatherings: Gatherings::new(config.limits.gatherings),
            unsent: UnsentBytes::new(config.limits.unsent_bytes),
            log,
            job_counts: JobCounts::default(),
            sessions: Sessions::default(),
            config,
        })))
    }

    /// Accepts no more jobs, and waits up to `longest` until the waiting ones are made. Returns how many
    /// are left: they are made when a server starts on the store again. Blocks.
    #[must_use]
    pub fn stop(&self, longest: Duration) -> usize {
        self.0.jobs.stop(longest)
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.config.limits
    }

    pub(crate) fn advisor(&self) -> &StoredAdvisor {
        &self.0.config.advisor
    }

    pub(crate) fn jobs(&self) -> &JobQueue {
        &self.0.jobs
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn unsent(&self) -> &UnsentBytes {
        &self.0.unsent
    }

    pub(crate) fn log(&self) -> &LogLimit {
        &self.0.log
    }

    pub(crate) fn job_counts(&self) -> &JobCounts {
        &self.0.job_counts
    }

    pub(crate) fn sessions(&self) -> &Sessions {
        &self.0.sessions
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.0.config.clock)()
    }

    /// Answers a request whose caller is known. May block.
    pub(crate) fn answer(
        &self,
        operation: Operation,
        parameters: &Parameters,
        caller: &Caller,
    ) -> Result<Answer, ApiError> {
        self.permissions().check(operation, parameters, caller)?;
        let context = Context {
            advisor: self.advisor(),
            caller,
            parameters,
            now: self.now(),
            jobs: &self.0.jobs,
            directories: &self.0.directories,
        };
        dispatch::answer(operation, &context)
    }

    fn permissions(&self) -> Permissions<'_> {
        Permissions {
            store: self.advisor().store(),
            log: self.log(),
            are_enforced: self.0.config.enforce_permissions,
        }
    }

    /// What the pages at `/ui` show a caller.
    pub(crate) fn gathered_reports<'a>(&'a self, caller: &'a Caller) -> GatheredReports<'a> {
        GatheredReports {
            advisor: self.advisor(),
            permissions: self.permissions(),
            caller,
            now: self.now(),
        }
    }

    /// Runs a closure on a blocking thread, within the limits of concurrency and time.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: Work,
        share: Option<Arc<AddressShare>>,
        run: impl FnOnce(&Self) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let api = self.clone();
        let running = async {
            let of_address = share.as_deref().map(|share| match work {
                Work::Read => &share.readers,
                Work::Write => &share.writers,
            });
            let of_all = match work {
                Work::Read => &self.0.readers,
                Work::Write => &self.0.writers,
            };
            let mut held: Vec<OwnedSemaphorePermit> = Vec::with_capacity(2);
            for permits in of_address.into_iter().chain([of_all]) {
                let permit = permits.clone().acquire_owned().await;
                held.push(permit.map_err(|_| ApiError::unavailable())?);
            }
            tokio::task::spawn_blocking(move || {
                // The permits are held until the work ends, also when the request was given up.
                let _held = (held, share);
                run(&api)
            })
            .await
            .map_err(|error| ApiError::failure(format!("the operation panicked: {error}")))?
        };
        tokio::time::timeout(self.limits().answer_time, running)
            .await
            .unwrap_or_else(|_| Err(ApiError::unavailable()))
    }

    /// Runs a closure that gathers reports, on a thread of its own that yields to those that answer requests: it takes seconds. It is told
    /// how many it has: half of what waiting for others left of the time for the answer. It runs on when the request is given up.
    pub(crate) async fn gather<T: Send + 'static>(
        &self,
        caller: &Caller,
        gather: impl FnOnce(&Self, Duration) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let api = self.clone();
        let started = Instant::now();
        let party = Party::of_owner(caller.arn());
        let gathering = async {
            let turn = self.0.gatherings.turn(party).await;
            let turn = turn.map_err(|_| ApiError::unavailable())?;
            let left = self.limits().answer_time.saturating_sub(started.elapsed());
            let (sender, result) = oneshot::channel();
            // The library's parallel parts run on this thread, too. It ends with what it is for.
            let thread = ThreadPoolBuilder::new()
                .num_threads(1)
                .thread_name(|_| "gather".to_owned())
                .start_handler(|_| workers::yield_to_requests())
                .panic_handler(|_| ())
                .build()
                .map_err(|error| ApiError::failure(format!("no thread: {error}")))?;
            thread.spawn(move || {
                let _turn = turn;
                _ = sender.send(gather(&api, left / 2));
            });
            let panicked = |_| ApiError::failure("gathering reports panicked");
            result.await.map_err(panicked)?
        };
        tokio::time::timeout(self.limits().answer_time, gathering)
            .await
            .unwrap_or_else(|_| Err(ApiError::unavailable()))
    }
}
