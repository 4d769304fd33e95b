//! Limits how many log lines of one kind are written, so that clients cannot fill a disk.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Lines that are counted together. All names come from fixed sets, so that the number of kinds is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LineKind {
    /// What logs the line.
    pub(crate) target: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) code: &'static str,
}

/// Writes the first lines of each kind in an interval, and then their number.
#[derive(Debug)]
pub(crate) struct LogLimit {
    /// [`Limits::log_lines`](crate::Limits::log_lines).
    most: u64,
    /// [`Limits::log_interval`](crate::Limits::log_interval).
    interval: Duration,
    lines: Mutex<Lines>,
}

#[derive(Debug)]
struct Lines {
    since: Instant,
    numbers: BTreeMap<LineKind, u64>,
}

impl LogLimit {
    pub(crate) fn new(most: u64, interval: Duration) -> Self {
        Self {
            most,
            interval,
            lines: Mutex::new(Lines {
                since: Instant::now(),
                numbers: BTreeMap::new(),
            }),
        }
    }

    /// Counts a line. Returns whether it is to be written.
    pub(crate) fn allows(&self, kind: LineKind) -> bool {
        if self.lines().since.elapsed() >= self.interval {
            self.end_interval();
        }
        let mut lines = self.lines();
        let number = lines.numbers.entry(kind).or_default();
        *number += 1;
        *number <= self.most
    }

    /// Begins a new interval, and logs how many lines of the last one were not written.
    pub(crate) fn end_interval(&self) {
        let (since, numbers) = {
            let mut lines = self.lines();
            let since = std::mem::replace(&mut lines.since, Instant::now());
            (since, std::mem::take(&mut lines.numbers))
        };
        for (kind, number) in numbers {
            let suppressed = number.saturating_sub(self.most);
            if suppressed > 0 {
                tracing::warn!(
                    target: "iam_api::suppressed",
                    suppressed,
                    seconds = since.elapsed().as_secs_f64(),
                    of = kind.target,
                    operation = kind.operation,
                    code = kind.code,
                    "more lines of one kind than the log takes"
                );
            }
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_lines_of_each_kind_are_written() {
        let log = LogLimit::new(3, Duration::from_secs(60));
        let kind = |code| LineKind {
            target: "t",
            operation: "-",
            code,
        };
        let written = (0..1_000_000).filter(|_| log.allows(kind("InvalidAction")));
        assert_eq!(written.count(), 3);
        assert!(log.allows(kind("OK")));
        assert_eq!(log.lines().numbers.len(), 2);
        log.end_interval();
        assert!(log.allows(kind("InvalidAction")));
    }
}
