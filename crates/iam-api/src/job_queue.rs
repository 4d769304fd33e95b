//! The queue of jobs, and the threads that make them.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use advisor_core::JobId;
use advisor_core::job::JobError;
use advisor_store::Operations;

use crate::config::Clock;

/// How long to wait until a job that the store could not take is tried again.
const RETRY: Duration = Duration::from_secs(10);

/// A bounded queue of jobs. Dropping it does not stop its threads; [`JobQueue::stop`] does.
#[derive(Clone)]
pub(crate) struct JobQueue(Arc<Shared>);

struct Shared {
    operations: Arc<Operations>,
    clock: Clock,
    most: usize,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    waiting: VecDeque<Task>,
    /// Places that were given out, but not taken yet.
    reserved: usize,
    running: usize,
    workers: usize,
    finished: u64,
    /// Jobs that the store could not take, to be tried again at the time.
    unfinished: Vec<(Instant, JobId)>,
    is_stopping: bool,
}

enum Task {
    /// Those that a process left when it stopped.
    LeftJobs,
    Job(JobId),
}

/// What the queue is doing.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueState {
    pub(crate) waiting: usize,
    pub(crate) running: usize,
    pub(crate) unfinished: usize,
    pub(crate) finished: u64,
}

/// A place in the queue.
pub(crate) struct Place<'a>(&'a Shared);

impl JobQueue {
    /// Starts the threads; the first thing they do is what other processes left.
    pub(crate) fn start(
        operations: Arc<Operations>,
        clock: Clock,
        most: usize,
        workers: usize,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            operations,
            clock,
            most,
            state: Mutex::new(State {
                waiting: [Task::LeftJobs].into(),
                ..State::default()
            }),
            changed: Condvar::new(),
        });
        let queue = Self(shared);
        for number in 0..workers.max(1) {
            let worker = queue.0.clone();
            queue.0.state().workers += 1;
            let thread: std::io::Result<JoinHandle<()>> = std::thread::Builder::new()
                .name(format!("job-{number}"))
                .spawn(move || worker.work());
            if let Err(error) = thread {
                queue.0.state().workers -= 1;
                queue.stop(Duration::ZERO);
                return Err(error);
            }
        }
        Ok(queue)
    }

    /// A place for a job; `None` when the queue is full or stopping.
    pub(crate) fn reserve(&self) -> Option<Place<'_>> {
        let mut state = self.0.state();
        let taken = state.waiting.len() + state.reserved + state.unfinished.len();
        if state.is_stopping || taken >= self.0.most {
            return None;
        }
        state.reserved += 1;
        Some(Place(&self.0))
    }

    pub(crate) fn state(&self) -> QueueState {
        let state = self.0.state();
        QueueState {
            waiting: state.waiting.len(),
            running: state.running,
            unfinished: state.unfinished.len(),
            finished: state.finished,
        }
    }

    /// Takes no more jobs, and waits until those that are there are made, but no longer than this.
    /// Returns how many are left: they stay in progress in the store, and are made when a server
    /// starts on it again.
    pub(crate) fn stop(&self, longest: Duration) -> usize {
        let mut state = self.0.state();
        state.is_stopping = true;
        self.0.changed.notify_all();
        let is_busy = |state: &mut State| state.workers > 0;
        let waited = self.0.changed.wait_timeout_while(state, longest, is_busy);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let left = state.waiting.len() + state.running + state.unfinished.len();
        state.waiting.clear();
        left
    }
}

impl Place<'_> {
    /// Puts the job there.
    pub(crate) fn take(self, id: JobId) {
        self.0.state().waiting.push_back(Task::Job(id));
        self.0.changed.notify_all();
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.state().reserved -= 1;
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work(&self) {
        while let Some(task) = self.next() {
            let unfinished = match task {
                Task::LeftJobs => self.make_left_jobs(),
                Task::Job(id) if self.make(&id) => Vec::new(),
                Task::Job(id) => vec![id],
            };
            let mut state = self.state();
            state.running -= 1;
            state.finished += 1;
            state.unfinished.extend(
                unfinished
                    .into_iter()
                    .map(|id| (Instant::now() + RETRY, id)),
            );
        }
        self.state().workers -= 1;
        self.changed.notify_all();
    }

    /// The next task; `None` when it is time to stop. While stopping, what the store could not take
    /// is not tried again.
    fn next(&self) -> Option<Task> {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let is_due = |(at, _): &(Instant, JobId)| *at <= now;
            let task = match state.waiting.pop_front() {
                Some(task) => Some(task),
                None if state.is_stopping => return None,
                None => {
                    let due = state.unfinished.iter().position(is_due);
                    due.map(|index| Task::Job(state.unfinished.swap_remove(index).1))
                }
            };
            if let Some(task) = task {
                state.running += 1;
                return Some(task);
            }
            let waited = self.changed.wait_timeout(state, RETRY);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Makes the jobs that were left; returns those that the store could not take.
    fn make_left_jobs(&self) -> Vec<JobId> {
        let left = match self.operations.store().jobs_in_progress() {
            Ok(left) => left,
            Err(error) => {
                tracing::error!(%error, "which jobs were left cannot be read");
                return Vec::new();
            }
        };
        if !left.is_empty() {
            tracing::info!(number = left.len(), "making the jobs that were left");
        }
        let is_stopping = || self.state().is_stopping;
        left.into_iter()
            .filter(|id| !is_stopping() && !self.make(id))
            .collect()
    }

    /// Makes a job; `false` when the store could not take it.
    fn make(&self, id: &JobId) -> bool {
        let made = catch_unwind(AssertUnwindSafe(|| {
            self.operations.run_job(id, (self.clock)())
        }));
        let result = made.unwrap_or_else(|_| {
            tracing::error!(job = %id, "the report cannot be made");
            let error = JobError {
                code: "ServiceFailure".into(),
                message: "The report cannot be made: an internal error, which the server's log \
                          tells of."
                    .into(),
            };
            self.operations.fail_job(id, &error, (self.clock)())
        });
        if let Err(error) = &result {
            tracing::error!(job = %id, %error, "the store does not take the report; trying again");
        }
        result.is_ok()
    }
}
