//! The queue of jobs.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use advisor_core::JobId;

use crate::config::Limits;

/// The shortest time between two searches for abandoned jobs. Without it, searches could take all the
/// time.
const SHORTEST_RETRY: Duration = Duration::from_millis(1);

/// A bounded queue of jobs. Clones share it.
#[derive(Clone)]
pub(crate) struct JobQueue(Arc<Shared>);

struct Shared {
    /// [`Limits::waiting_jobs`].
    most_waiting: usize,
    /// [`Limits::retry_time`].
    retry: Duration,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    waiting: VecDeque<JobId>,
    /// Jobs that other processes left in progress.
    abandoned: VecDeque<JobId>,
    /// Whether an abandoned job is next: the two kinds alternate, so that neither waits for all of the
    /// other.
    is_abandoned_next: bool,
    /// All jobs that are waiting, abandoned, running or to be retried. None is in the queue twice.
    held: HashSet<JobId>,
    /// Places that were reserved, but not used yet.
    reserved: usize,
    running: usize,
    workers: usize,
    finished: u64,
    /// Jobs whose report could not be stored, with the time of the next attempt.
    retrying: Vec<(Instant, JobId)>,
    /// When to search for abandoned jobs.
    next_search: Instant,
    /// The jobs in progress at the last search; `None` before the first one.
    seen: Option<HashSet<JobId>>,
    is_stopping: bool,
}

/// What a worker does next.
pub(crate) enum Task {
    /// Search for jobs that other processes left in progress.
    Search,
    Job(JobId),
}

/// The numbers of jobs in the queue.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QueueState {
    pub(crate) waiting: usize,
    pub(crate) running: usize,
    pub(crate) retrying: usize,
    pub(crate) finished: u64,
}

/// A reserved place in the queue.
pub(crate) struct Place<'a>(&'a Shared);

impl JobQueue {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self(Arc::new(Shared {
            most_waiting: limits.waiting_jobs,
            retry: limits.retry_time.max(SHORTEST_RETRY),
            state: Mutex::new(State {
                waiting: VecDeque::new(),
                abandoned: VecDeque::new(),
                is_abandoned_next: false,
                held: HashSet::new(),
                reserved: 0,
                running: 0,
                workers: 0,
                finished: 0,
                retrying: Vec::new(),
                next_search: Instant::now(),
                seen: None,
                is_stopping: false,
            }),
            changed: Condvar::new(),
        }))
    }

    /// Reserves a place for a job; `None` when the queue is full or stopping.
    pub(crate) fn reserve(&self) -> Option<Place<'_>> {
        let mut state = self.0.state();
        let taken = state.waiting.len() + state.reserved + state.retrying.len();
        if state.is_stopping || taken >= self.0.most_waiting {
            return None;
        }
        state.reserved += 1;
        Some(Place(&self.0))
    }

    pub(crate) fn state(&self) -> QueueState {
        let state = self.0.state();
        QueueState {
            waiting: state.waiting.len() + state.abandoned.len(),
            running: state.running,
            retrying: state.retrying.len(),
            finished: state.finished,
        }
    }

    /// Accepts no more jobs, and waits up to `longest` until the waiting ones are made. Returns how many
    /// are left: they stay in progress in the store, and another server on it makes them, or the next
    /// one that starts.
    pub(crate) fn stop(&self, longest: Duration) -> usize {
        let mut state = self.0.state();
        state.is_stopping = true;
        self.0.changed.notify_all();
        let is_busy = |state: &mut State| state.workers > 0;
        let waited = self.0.changed.wait_timeout_while(state, longest, is_busy);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let left = state.waiting.len() + state.abandoned.len();
        let left = left + state.running + state.retrying.len();
        state.waiting.clear();
        state.abandoned.clear();
        left
    }

    pub(crate) fn add_worker(&self) {
        self.0.state().workers += 1;
    }

    pub(crate) fn remove_worker(&self) {
        self.0.state().workers -= 1;
        self.0.changed.notify_all();
    }

    /// Waits for the next task; `None` when it is time to stop. While stopping, only waiting jobs are
    /// made.
    pub(crate) fn next(&self) -> Option<Task> {
        let mut state = self.0.state();
        loop {
            let now = Instant::now();
            if !state.is_stopping && state.next_search <= now {
                state.next_search = now + self.0.retry;
                return Some(Task::Search);
            }
            if let Some(id) = state.next_job(now) {
                state.running += 1;
                return Some(Task::Job(id));
            }
            if state.is_stopping {
                return None;
            }
            let times = state.retrying.iter().map(|(at, _)| *at);
            let next = times.fold(state.next_search, Instant::min);
            let pause = next.saturating_duration_since(now);
            let waited = self.0.changed.wait_timeout(state, pause);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// A job is made.
    pub(crate) fn finish(&self, id: &JobId) {
        let mut state = self.0.state();
        state.running -= 1;
        state.finished += 1;
        state.held.remove(id);
    }

    /// The report of a job could not be stored: it is made again later.
    pub(crate) fn retry(&self, id: JobId) {
        let mut state = self.0.state();
        state.running -= 1;
        state.finished += 1;
        state.retrying.push((Instant::now() + self.0.retry, id));
    }

    /// A search has ended. The time of the next one counts from here, so that jobs are made in between
    /// however long a search takes.
    pub(crate) fn finish_search(&self) {
        self.0.state().next_search = Instant::now() + self.0.retry;
    }

    /// Adds abandoned jobs, from all jobs in progress in the store. At the first search these are all;
    /// later, those that were in progress at the search before: another server may be making the
    /// others. When two servers make one job, the first report is kept. Returns how many were added.
    pub(crate) fn add_abandoned(&self, in_progress: Vec<JobId>) -> usize {
        let mut state = self.0.state();
        if state.is_stopping {
            return 0;
        }
        let earlier = state.seen.replace(in_progress.iter().cloned().collect());
        let was_seen = |id: &JobId| earlier.as_ref().is_none_or(|earlier| earlier.contains(id));
        let before = state.abandoned.len();
        for id in in_progress.into_iter().filter(was_seen) {
            if state.held.insert(id.clone()) {
                state.abandoned.push_back(id);
            }
        }
        let added = state.abandoned.len() - before;
        drop(state);
        if added > 0 {
            self.0.changed.notify_all();
        }
        added
    }
}

impl Place<'_> {
    /// Puts a job in the place.
    pub(crate) fn take(self, id: JobId) {
        let mut state = self.0.state();
        // A search may have found it meanwhile.
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
}

impl State {
    /// The next job, and when none waits, one that is due to be retried. While stopping, only waiting
    /// jobs.
    fn next_job(&mut self, now: Instant) -> Option<JobId> {
        if self.is_stopping {
            return self.waiting.pop_front();
        }
        self.is_abandoned_next = !self.is_abandoned_next;
        let job = if self.is_abandoned_next {
            let abandoned = self.abandoned.pop_front();
            abandoned.or_else(|| self.waiting.pop_front())
        } else {
            let waiting = self.waiting.pop_front();
            waiting.or_else(|| self.abandoned.pop_front())
        };
        job.or_else(|| {
            let due = self.retrying.iter().position(|(at, _)| *at <= now);
            due.map(|index| self.retrying.swap_remove(index).1)
        })
    }
}
