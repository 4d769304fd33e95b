//! Counters, in the text format of Prometheus.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::jobs::queue::QueueState;

/// The upper bounds of the histogram's buckets, in seconds.
const BOUNDS: [f64; 12] = [
    0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 30.0,
];

/// How many names of unknown operations are counted separately.
const MOST_UNKNOWN: usize = 100;
/// The longest name of an unknown operation. The longest of IAM has 46 characters.
const LONGEST_NAME: usize = 64;
/// Counts all other unknown operations.
const OTHER: &str = "other";

/// Counts of answers and connections. Labels come from fixed sets, except the names of unknown operations,
/// of which there are at most [`MOST_UNKNOWN`].
#[derive(Debug, Default)]
pub(crate) struct Metrics(Mutex<Counters>);

#[derive(Debug, Default)]
struct Counters {
    requests: BTreeMap<(&'static str, &'static str), u64>,
    unknown: BTreeMap<String, u64>,
    times: BTreeMap<&'static str, Histogram>,
    connections: i64,
    refused_connections: u64,
    displaced_connections: u64,
    stalled_connections: u64,
}

#[derive(Debug, Default)]
struct Histogram {
    buckets: [u64; BOUNDS.len()],
    count: u64,
    seconds: f64,
}

impl Metrics {
    /// Counts an answer.
    pub(crate) fn answered(&self, operation: &'static str, code: &'static str, time: Duration) {
        let mut counters = self.counters();
        *counters.requests.entry((operation, code)).or_default() += 1;
        let histogram = counters.times.entry(operation).or_default();
        let seconds = time.as_secs_f64();
        histogram.count += 1;
        histogram.seconds += seconds;
        for (bucket, bound) in histogram.buckets.iter_mut().zip(BOUNDS) {
            *bucket += u64::from(seconds <= bound);
        }
    }

    /// Counts a request for an operation that the server does not have.
    pub(crate) fn unknown_operation(&self, name: &str) {
        let unknown = &mut self.counters().unknown;
        let is_name = (1..=LONGEST_NAME).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let has_place = unknown.len() < MOST_UNKNOWN || unknown.contains_key(name);
        let label = if is_name && has_place { name } else { OTHER };
        *unknown.entry(label.to_owned()).or_default() += 1;
    }

    pub(crate) fn connected(&self) {
        self.counters().connections += 1;
    }

    pub(crate) fn disconnected(&self) {
        self.counters().connections -= 1;
    }

    pub(crate) fn refused_connection(&self) {
        self.counters().refused_connections += 1;
    }

    /// Counts a connection that was closed to make room for another one.
    pub(crate) fn displaced_connection(&self) {
        self.counters().displaced_connections += 1;
    }

    /// Counts a connection whose client took nothing of an answer for too long.
    pub(crate) fn stalled_connection(&self) {
        self.counters().stalled_connections += 1;
    }

    /// All metrics as text, with the numbers of jobs in the store by status.
    pub(crate) fn text(&self, queue: QueueState, jobs: &[(String, u64)]) -> String {
        let mut text = String::new();
        let mut line = |line: std::fmt::Arguments<'_>| {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{line}");
        };
        let counters = self.counters();
        line(format_args!(
            "# HELP iam_api_requests_total Requests answered, by operation and error code.\n\
             # TYPE iam_api_requests_total counter"
        ));
        for ((operation, code), number) in &counters.requests {
            line(format_args!(
                "iam_api_requests_total{{operation=\"{operation}\",code=\"{code}\"}} {number}"
            ));
        }
        line(format_args!(
            "# HELP iam_api_unknown_operations_total Requests for operations that the server does not \
             have, by name.\n\
             # TYPE iam_api_unknown_operations_total counter"
        ));
        for (name, number) in &counters.unknown {
            line(format_args!(
                "iam_api_unknown_operations_total{{operation=\"{name}\"}} {number}"
            ));
        }
        line(format_args!(
            "# HELP iam_api_request_seconds How long answers took.\n\
             # TYPE iam_api_request_seconds histogram"
        ));
        for (operation, histogram) in &counters.times {
            let name = "iam_api_request_seconds";
            for (bound, number) in BOUNDS.iter().zip(histogram.buckets) {
                line(format_args!(
                    "{name}_bucket{{operation=\"{operation}\",le=\"{bound}\"}} {number}"
                ));
            }
            let (count, seconds) = (histogram.count, histogram.seconds);
            line(format_args!(
                "{name}_bucket{{operation=\"{operation}\",le=\"+Inf\"}} {count}\n\
                 {name}_sum{{operation=\"{operation}\"}} {seconds}\n\
                 {name}_count{{operation=\"{operation}\"}} {count}"
            ));
        }
        line(format_args!(
            "# HELP iam_api_jobs Jobs in the store, by status.\n# TYPE iam_api_jobs gauge"
        ));
        for (status, number) in jobs {
            line(format_args!("iam_api_jobs{{status=\"{status}\"}} {number}"));
        }
        let (running, retrying) = (queue.running, queue.retrying);
        line(format_args!(
            "# HELP iam_api_queue_length Jobs that wait for a worker.\n\
             # TYPE iam_api_queue_length gauge\n\
             iam_api_queue_length {}\n\
             # HELP iam_api_jobs_running Jobs whose reports are being made.\n\
             # TYPE iam_api_jobs_running gauge\n\
             iam_api_jobs_running {running}\n\
             # HELP iam_api_jobs_retrying Jobs whose reports could not be stored and are retried.\n\
             # TYPE iam_api_jobs_retrying gauge\n\
             iam_api_jobs_retrying {retrying}\n\
             # HELP iam_api_jobs_finished_total Attempts to make a report that ended.\n\
             # TYPE iam_api_jobs_finished_total counter\n\
             iam_api_jobs_finished_total {}\n\
             # HELP iam_api_connections Open connections.\n\
             # TYPE iam_api_connections gauge\n\
             iam_api_connections {}\n\
             # HELP iam_api_connections_refused_total Connections beyond the limit.\n\
             # TYPE iam_api_connections_refused_total counter\n\
             iam_api_connections_refused_total {}\n\
             # HELP iam_api_connections_displaced_total Connections closed to make room for others.\n\
             # TYPE iam_api_connections_displaced_total counter\n\
             iam_api_connections_displaced_total {}\n\
             # HELP iam_api_connections_stalled_total Connections closed because their clients took \
             nothing of an answer.\n\
             # TYPE iam_api_connections_stalled_total counter\n\
             iam_api_connections_stalled_total {}",
            queue.waiting,
            queue.finished,
            counters.connections,
            counters.refused_connections,
            counters.displaced_connections,
            counters.stalled_connections
        ));
        text
    }

    fn counters(&self) -> MutexGuard<'_, Counters> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_operations_are_counted_by_a_bounded_number_of_names() {
        let metrics = Metrics::default();
        for number in 0..MOST_UNKNOWN {
            metrics.unknown_operation(&format!("Operation{number}"));
        }
        metrics.unknown_operation("Operation7");
        metrics.unknown_operation("OneMore");
        metrics.unknown_operation("\"} forged 1\n");
        metrics.unknown_operation(&"x".repeat(LONGEST_NAME + 1));
        let counters = metrics.counters();
        assert_eq!(counters.unknown.get("Operation7"), Some(&2));
        assert_eq!(counters.unknown.get(OTHER), Some(&3));
        assert_eq!(counters.unknown.len(), MOST_UNKNOWN + 1);
    }
}
