//! The queue of jobs, and the threads that make them.

use std::collections::{HashSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use advisor_core::JobError;
use advisor_core::JobId;
use advisor_store::{StoreError, StoredAdvisor};

use crate::config::{Clock, Limits};

/// Looks that follow each other at once would leave no time for jobs.
const SHORTEST_RETRY: Duration = Duration::from_millis(1);

/// A bounded queue of jobs. Dropping it does not stop its threads; [`JobQueue::stop`] does.
#[derive(Clone)]
pub(crate) struct JobQueue(Arc<Shared>);

struct Shared {
    operations: Arc<StoredAdvisor>,
    clock: Clock,
    most: usize,
    /// [`Limits::retry_time`].
    retry: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    waiting: VecDeque<JobId>,
    /// Those that other processes left.
    left: VecDeque<JobId>,
    /// Whether one of those is next, so that neither they nor the own ones wait for all the others.
    is_left_next: bool,
    /// All that are waiting, left, being made or to be tried again: none is there twice.
    held: HashSet<JobId>,
    /// Places that were given out, but not taken yet.
    reserved: usize,
    running: usize,
    workers: usize,
    finished: u64,
    /// Jobs that the store could not take, to be tried again at the time.
    unfinished: Vec<(Instant, JobId)>,
    /// When to look for left jobs.
    next_look: Instant,
    /// What was in progress at the last look; `None` before the first one.
    seen: Option<HashSet<JobId>>,
    is_stopping: bool,
}

enum Task {
    /// Look for jobs that other processes left.
    Look,
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
    /// Starts the threads; the first thing they do is to look for what other processes left.
    pub(crate) fn start(
        operations: Arc<StoredAdvisor>,
        clock: Clock,
        limits: &Limits,
    ) -> std::io::Result<Self> {
        let shared = Arc::new(Shared {
            operations,
            clock,
            most: limits.waiting_jobs,
            retry: limits.retry_time.max(SHORTEST_RETRY),
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                left: VecDeque::new(),
                is_left_next: false,
                held: HashSet::new(),
                reserved: 0,
                running: 0,
                workers: 0,
                finished: 0,
                unfinished: Vec::new(),
                next_look: Instant::now(),
                seen: None,
                is_stopping: false,
            }),
            changed: Condvar::new(),
        });
        let queue = Self(shared);
        for number in 0..limits.workers.max(1) {
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
            waiting: state.waiting.len() + state.left.len(),
            running: state.running,
            unfinished: state.unfinished.len(),
            finished: state.finished,
        }
    }

    /// Takes no more jobs, and waits until those that are there are made, but no longer than this.
    /// Returns how many are left: they stay in progress in the store, and are made by another
    /// server on it, or when one starts again.
    pub(crate) fn stop(&self, longest: Duration) -> usize {
        let mut state = self.0.state();
        state.is_stopping = true;
        self.0.changed.notify_all();
        let is_busy = |state: &mut State| state.workers > 0;
        let waited = self.0.changed.wait_timeout_while(state, longest, is_busy);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let left = state.waiting.len() + state.left.len();
        let left = left + state.running + state.unfinished.len();
        state.waiting.clear();
        state.left.clear();
        left
    }
}

impl Place<'_> {
    /// Puts the job there.
    pub(crate) fn take(self, id: JobId) {
        let mut state = self.0.state();
        // Unless a look found it by now.
        if state.held.insert(id.clone()) {
            state.waiting.push_back(id);
        }
        drop(state);
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
            let id = match task {
                Task::Look => {
                    self.look();
                    // From its end on: however long it took, jobs come between.
                    self.state().next_look = Instant::now() + self.retry;
                    continue;
                }
                Task::Job(id) => id,
            };
            let is_made = self.make(&id);
            let mut state = self.state();
            state.running -= 1;
            state.finished += 1;
            if is_made {
                state.held.remove(&id);
            } else {
                state.unfinished.push((Instant::now() + self.retry, id));
            }
        }
        self.state().workers -= 1;
        self.changed.notify_all();
    }

    /// The next task; `None` when it is time to stop. While stopping, what was left and what the
    /// store could not take is not made.
    fn next(&self) -> Option<Task> {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            if !state.is_stopping && state.next_look <= now {
                state.next_look = now + self.retry;
                return Some(Task::Look);
            }
            if let Some(id) = state.next_job(now) {
                state.running += 1;
                return Some(Task::Job(id));
            }
            if state.is_stopping {
                return None;
            }
            let times = state.unfinished.iter().map(|(at, _)| *at);
            let next = times.fold(state.next_look, Instant::min);
            let pause = next.saturating_duration_since(now);
            let waited = self.changed.wait_timeout(state, pause);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Looks for jobs that other processes left. At the first look that is all that is in progress;
    /// later on, what has been so for a while: another server may be making it. When two make one,
    /// the first report is kept.
    fn look(&self) {
        let in_progress = match self.operations.store().jobs_in_progress() {
            Ok(in_progress) => in_progress,
            Err(error) => {
                tracing::error!(%error, "which jobs were left cannot be read; trying again");
                return;
            }
        };
        let mut state = self.state();
        if state.is_stopping {
            return;
        }
        let earlier = state.seen.replace(in_progress.iter().cloned().collect());
        let was_seen = |id: &JobId| earlier.as_ref().is_none_or(|earlier| earlier.contains(id));
        let before = state.left.len();
        for id in in_progress.into_iter().filter(was_seen) {
            if state.held.insert(id.clone()) {
                state.left.push_back(id);
            }
        }
        let number = state.left.len() - before;
        drop(state);
        if number > 0 {
            tracing::info!(number, "making jobs that were left");
            self.changed.notify_all();
        }
    }

    /// Makes a job; `false` when the store could not take it.
    fn make(&self, id: &JobId) -> bool {
        let made = catch_unwind(AssertUnwindSafe(|| {
            self.operations.run_job(id, (self.clock)())
        }));
        let reason = match made {
            Ok(Ok(())) => return true,
            // Disk full, locked for too long: that passes.
            Ok(Err(error @ StoreError::Database { .. })) => return retry(id, &error),
            // What is damaged stays so.
            Ok(Err(StoreError::Damaged { what, .. })) => format!("the store is damaged: {what}"),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "an internal error, which the server's log tells of.".into(),
        };
        tracing::error!(job = %id, reason, "the report cannot be made");
        let error = JobError {
            code: "ServiceFailure".into(),
            message: format!("The report cannot be made: {reason}"),
        };
        match self.operations.fail_job(id, &error, (self.clock)()) {
            Ok(()) => true,
            Err(error) => retry(id, &error),
        }
    }
}

/// `false`, and why in the log.
fn retry(id: &JobId, error: &StoreError) -> bool {
    tracing::error!(job = %id, %error, "the store does not take the report; trying again");
    false
}

impl State {
    /// The next job, and when none waits, one that is due again. While stopping, only what waits.
    fn next_job(&mut self, now: Instant) -> Option<JobId> {
        if self.is_stopping {
            return self.waiting.pop_front();
        }
        self.is_left_next = !self.is_left_next;
        let job = if self.is_left_next {
            self.left.pop_front().or_else(|| self.waiting.pop_front())
        } else {
            self.waiting.pop_front().or_else(|| self.left.pop_front())
        };
        job.or_else(|| {
            let due = self.unfinished.iter().position(|(at, _)| *at <= now);
            due.map(|index| self.unfinished.swap_remove(index).1)
        })
    }
}
