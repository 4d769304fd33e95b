//! One client: asks, waits for the answer, asks again.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::load::connection::Connection;
use crate::load::mix::{Mix, Operation};
use crate::load::signer::Signer;

/// Before a connection that broke is made again.
const PAUSE: Duration = Duration::from_millis(100);

/// What became of some clients' requests.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    /// How long right answers took, in microseconds.
    pub(crate) times: BTreeMap<Operation, Vec<u32>>,
    /// How many requests went wrong in which way.
    pub(crate) errors: BTreeMap<(Operation, String), u64>,
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

    pub(crate) fn fault(&mut self, operation: Operation, what: String) {
        *self.errors.entry((operation, what)).or_default() += 1;
    }
}

/// When a client asks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) begin: Instant,
    pub(crate) until: Instant,
    /// From one request to the next, when the answer does not take longer.
    pub(crate) gap: Duration,
}

/// Asks until the time is up, one request after the other.
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
