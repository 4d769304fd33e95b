//! The queue of jobs.
//!
//! It is fair: callers take turns ([`Turns`]), a caller may have a part of the waiting jobs only, and never all
//! workers. So jobs of one caller, however many and heavy they are, delay those of another by little.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use advisor_core::{Cancellation, Job, JobId};

use super::turns::{Party, QueuedJob, Turns};
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
    /// [`Limits::waiting_jobs_of_caller`].
    most_waiting_of_party: usize,
    /// [`Limits::job_time`].
    job_time: Duration,
    /// [`Limits::retry_time`].
    retry: Duration,
    state: Mutex<State>,
    changed: Condvar,
    /// A job is running, after a time without any; or the queue is stopping.
    started: Condvar,
}

struct State {
    waiting: Turns,
    /// Jobs that other processes left in progress.
    abandoned: Turns,
    /// Whether an abandoned job is next: the two kinds alternate, so that neither waits for all of the
    /// other.
    is_abandoned_next: bool,
    /// All jobs that are waiting, abandoned, running or to be retried. None is in the queue twice.
    held: HashSet<JobId>,
    /// Places that were reserved, but not used yet.
    reserved: HashMap<Party, usize>,
    running: Vec<Running>,
    workers: usize,
    finished: u64,
    /// Jobs whose report could not be stored, with the time of the next attempt.
    retrying: Vec<(Instant, QueuedJob)>,
    /// When to search for abandoned jobs.
    next_search: Instant,
    /// The jobs in progress at the last search; `None` before the first one.
    seen: Option<HashSet<JobId>>,
    is_stopping: bool,
}

struct Running {
    job: QueuedJob,
    since: Instant,
    cancellation: Cancellation,
}

/// What a worker does next.
pub(crate) enum Task {
    /// Search for jobs that other processes left in progress.
    Search,
    /// Make the report of a job, unless it is cancelled.
    Job(QueuedJob, Cancellation),
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
pub(crate) struct QueuePlace<'a> {
    shared: &'a Shared,
    party: Party,
}

impl JobQueue {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self(Arc::new(Shared {
            most_waiting: limits.waiting_jobs,
            most_waiting_of_party: limits.waiting_jobs_of_caller,
            job_time: limits.job_time,
            retry: limits.retry_time.max(SHORTEST_RETRY),
            state: Mutex::new(State {
                waiting: Turns::default(),
                abandoned: Turns::default(),
                is_abandoned_next: false,
                held: HashSet::new(),
                reserved: HashMap::new(),
                running: Vec::new(),
                workers: 0,
                finished: 0,
                retrying: Vec::new(),
                next_search: Instant::now(),
                seen: None,
                is_stopping: false,
            }),
            changed: Condvar::new(),
            started: Condvar::new(),
        }))
    }

    /// Reserves a place for a job of an owner; `None` when the queue is full, or has as many jobs of the
    /// caller as it may have, or is stopping.
    pub(crate) fn reserve(&self, owner: &str) -> Option<QueuePlace<'_>> {
        let party = Party::of_owner(owner);
        let mut state = self.0.state();
        let reserved: usize = state.reserved.values().sum();
        let taken = state.waiting.len() + reserved + state.retrying.len();
        let own = state.waiting.len_of(&party)
            + state.reserved.get(&party).copied().unwrap_or_default()
            + (state.retrying.iter())
                .filter(|(_, job)| job.party == party)
                .count();
        if state.is_stopping || taken >= self.0.most_waiting || own >= self.0.most_waiting_of_party
        {
            return None;
        }
        *state.reserved.entry(party.clone()).or_default() += 1;
        Some(QueuePlace {
            shared: &self.0,
            party,
        })
    }

    pub(crate) fn state(&self) -> QueueState {
        let state = self.0.state();
        QueueState {
            waiting: state.waiting.len() + state.abandoned.len(),
            running: state.running.len(),
            retrying: state.retrying.len(),
            finished: state.finished,
        }
    }

    /// Accepts no more jobs, and waits up to `longest` until the waiting ones are made. Then it cancels those
    /// that are running. Returns how many are left: they stay in progress in the store, and another server
    /// on it makes them, or the next one that starts.
    pub(crate) fn stop(&self, longest: Duration) -> usize {
        let mut state = self.0.state();
        state.is_stopping = true;
        self.0.changed.notify_all();
        self.0.started.notify_all();
        let is_busy = |state: &mut State| state.workers > 0;
        let waited = self.0.changed.wait_timeout_while(state, longest, is_busy);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let left = state.waiting.len() + state.abandoned.len();
        let left = left + state.running.len() + state.retrying.len();
        state.waiting.clear();
        state.abandoned.clear();
        for running in &state.running {
            running.cancellation.cancel();
        }
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
            if let Some(job) = state.next_job(now) {
                let cancellation = Cancellation::within(self.0.job_time);
                if state.running.is_empty() {
                    self.0.started.notify_all();
                }
                state.running.push(Running {
                    job: job.clone(),
                    since: now,
                    cancellation: cancellation.clone(),
                });
                return Some(Task::Job(job, cancellation));
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

    /// A job is made, or was cancelled.
    pub(crate) fn finish(&self, job: &QueuedJob) {
        let mut state = self.0.state();
        state.end(job);
        state.held.remove(&job.id);
    }

    /// The report of a job could not be stored: it is made again later.
    pub(crate) fn retry(&self, job: QueuedJob) {
        let mut state = self.0.state();
        state.end(&job);
        state.retrying.push((Instant::now() + self.0.retry, job));
    }

    /// Waits for a time, and until a job is running. Returns the jobs that ran all the time; `None` when
    /// the queue is stopping.
    pub(crate) fn long_running(&self, time: Duration) -> Option<Vec<(JobId, Cancellation)>> {
        let mut state = self.0.state();
        let is_idle = |state: &mut State| !state.is_stopping && state.running.is_empty();
        let waited = self.0.started.wait_while(state, is_idle);
        state = waited.unwrap_or_else(PoisonError::into_inner);
        let is_going_on = |state: &mut State| !state.is_stopping;
        let waited = self.0.started.wait_timeout_while(state, time, is_going_on);
        state = waited.unwrap_or_else(PoisonError::into_inner).0;
        let long = |running: &&Running| running.since.elapsed() >= time;
        let job = |running: &Running| (running.job.id.clone(), running.cancellation.clone());
        let jobs = state.running.iter().filter(long).map(job).collect();
        (!state.is_stopping).then_some(jobs)
    }

    /// A search has ended. The time of the next one counts from here, so that jobs are made in between
    /// however long a search takes.
    pub(crate) fn finish_search(&self) {
        self.0.state().next_search = Instant::now() + self.0.retry;
    }

    /// Adds abandoned jobs, from all jobs in progress in the store. At the first search these are all;
    /// later, those that were in progress at the search before: another server may be making the
    /// others. When two servers make one job, the first report is kept. Returns how many were added.
    pub(crate) fn add_abandoned(&self, in_progress: &[Job]) -> usize {
        let mut state = self.0.state();
        if state.is_stopping {
            return 0;
        }
        let ids = in_progress.iter().map(|job| job.id.clone());
        let earlier = state.seen.replace(ids.collect());
        let was_seen = |id: &JobId| earlier.as_ref().is_none_or(|earlier| earlier.contains(id));
        let before = state.abandoned.len();
        for job in in_progress.iter().filter(|job| was_seen(&job.id)) {
            if state.held.insert(job.id.clone()) {
                state.abandoned.push(QueuedJob {
                    id: job.id.clone(),
                    party: Party::of_owner(&job.owner),
                });
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

impl QueuePlace<'_> {
    /// Puts a job in the place.
    pub(crate) fn take(self, id: JobId) {
        let mut state = self.shared.state();
        // A search may have found it meanwhile.
        if state.held.insert(id.clone()) {
            let party = self.party.clone();
            state.waiting.push(QueuedJob { id, party });
        }
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl Drop for QueuePlace<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.state();
        if let Some(reserved) = state.reserved.get_mut(&self.party) {
            *reserved -= 1;
            if *reserved == 0 {
                state.reserved.remove(&self.party);
            }
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The next job. While stopping, only waiting jobs, on all workers.
    fn next_job(&mut self, now: Instant) -> Option<QueuedJob> {
        if self.is_stopping {
            return self.waiting.pop(|_| true);
        }
        for (_, job) in self.retrying.extract_if(.., |(at, _)| *at <= now) {
            self.waiting.push(job);
        }
        // One worker is left for others.
        let most = self.workers.saturating_sub(1).max(1);
        let running = &self.running;
        let may_run = |party: &Party| {
            let own = running.iter().filter(|running| running.job.party == *party);
            own.count() < most
        };
        self.is_abandoned_next = !self.is_abandoned_next;
        if self.is_abandoned_next {
            let abandoned = self.abandoned.pop(may_run);
            abandoned.or_else(|| self.waiting.pop(may_run))
        } else {
            let waiting = self.waiting.pop(may_run);
            waiting.or_else(|| self.abandoned.pop(may_run))
        }
    }

    /// A job is running no more.
    fn end(&mut self, job: &QueuedJob) {
        self.running.retain(|running| running.job.id != job.id);
        self.finished += 1;
    }
}
