//! One client: sends a request, waits for the answer, sends the next.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::load::connection::Connection;
use crate::load::mix::{LoadRequest, Mix};
use crate::load::signer::Signer;

/// The pause before a broken connection is opened again.
const PAUSE: Duration = Duration::from_millis(100);

/// The outcome of requests, of one or several clients.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// Times of right answers, in microseconds.
    pub(crate) times: BTreeMap<LoadRequest, Vec<u32>>,
    /// Number of failed requests by message.
    pub(crate) errors: BTreeMap<(LoadRequest, String), u64>,
}

impl Outcome {
    pub(crate) fn add(&mut self, other: Self) {
        for (operation, times) in other.times {
            self.times.entry(operation).or_default().extend(times);
        }
        for (error, number) in other.errors {
            *self.errors.entry(error).or_default() += number;
        }
    }

    /// A percentile of the times of all requests, in microseconds.
    pub(crate) fn percentile(&self, percent: usize) -> u32 {
        let mut all: Vec<u32> = self.times.values().flatten().copied().collect();
        all.sort_unstable();
        let rank = (all.len() * percent).div_ceil(100).saturating_sub(1);
        all.get(rank).copied().unwrap_or_default()
    }

    pub(crate) fn fault(&mut self, operation: LoadRequest, what: String) {
        *self.errors.entry((operation, what)).or_default() += 1;
    }
}

/// When a client sends its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) begin: Instant,
    pub(crate) until: Instant,
    /// The time from one request to the next, unless the answer takes longer.
    pub(crate) gap: Duration,
}

/// Sends one request after the other until the time is up.
pub(crate) fn ask(
    address: SocketAddr,
    mut signer: Signer,
    mut mix: Mix<'_>,
    timing: Timing,
) -> Outcome {
    let Timing { begin, until, gap } = timing;
    let mut outcome = Outcome::default();
    let mut connection = None;
    let mut due = begin;
    while due.max(Instant::now()) < until {
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        let (operation, form) = mix.next();
        let started = Instant::now();
        due = started.max(due) + gap;
        let mut open = match connection
            .take()
            .map_or_else(|| Connection::open(address), Ok)
        {
            Ok(open) => open,
            Err(error) => {
                outcome.fault(operation, error.to_string());
                due = started + PAUSE.max(gap);
                continue;
            }
        };
        match open.post(&mut signer, &form) {
            Ok(answer) => {
                let micros = u32::try_from(started.elapsed().as_micros()).unwrap_or(u32::MAX);
                match mix.take(operation, answer) {
                    Ok(()) => outcome.times.entry(operation).or_default().push(micros),
                    Err(what) => outcome.fault(operation, what),
                }
                connection = Some(open);
            }
            Err(error) => {
                outcome.fault(operation, error.to_string());
                due = started + PAUSE.max(gap);
            }
        }
    }
    outcome
}
