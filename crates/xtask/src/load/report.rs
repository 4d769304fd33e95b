//! The result of a run as Markdown.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::load::client::Outcome;
use crate::load::mix::LoadRequest;
use crate::load::server_metrics::{Histogram, ServerMetrics};

/// The target for the server-side median of `Get`.
const TARGET_SECONDS: f64 = 0.001;

/// All measurements of a run.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) seconds: f64,
    pub(crate) outcome: Outcome,
    /// `/metrics` before and after.
    pub(crate) before: ServerMetrics,
    pub(crate) after: ServerMetrics,
    /// Resident memory in MiB, each with its point in time in percent of the run.
    pub(crate) memory: Vec<(u32, Option<f64>)>,
    /// Processor time of the server and of the clients, in seconds.
    pub(crate) processor: Option<(f64, f64)>,
}

impl Measured {
    pub(crate) fn errors(&self) -> u64 {
        self.outcome.errors.values().sum()
    }

    /// The table and the lines below it.
    pub(crate) fn report(&self) -> String {
        let mut text = "\
| operation | requests | errors | requests/s | client p50, ms | client p99, ms | server p50, ms | server p99, ms |
| --- | --- | --- | --- | --- | --- | --- | --- |
"
        .to_owned();
        let mut line = |line: std::fmt::Arguments<'_>| {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{line}");
        };
        let mut times = self.outcome.times.clone();
        for operation in LoadRequest::ALL {
            let row = self.row(
                times.entry(operation).or_default(),
                self.errors_of(operation),
            );
            let histogram = self.after.since(&self.before, operation.name());
            let server = |part| {
                histogram
                    .as_ref()
                    .map_or_else(String::new, |h| bounds(h, part))
            };
            let (p50, p99) = (server(0.5), server(0.99));
            line(format_args!(
                "| `{}` | {row} | {p50} | {p99} |",
                operation.name()
            ));
        }
        let mut all: Vec<u32> = times.into_values().flatten().collect();
        let row = self.row(&mut all, self.errors());
        line(format_args!("| all | {row} | | |\n"));

        line(format_args!("{}", self.verdict()));
        line(format_args!("{}", self.memory_line()));
        if let Some((server, clients)) = self.processor {
            let requests = all.len() as f64 + self.errors() as f64;
            line(format_args!(
                "- Processor time in {:.0} s: server {server:.1} s ({:.0} µs a request, jobs included), \
                 clients {clients:.1} s.",
                self.seconds,
                server * 1e6 / requests.max(1.0)
            ));
        }
        let jobs = |status| {
            let name = format!("iam_api_jobs{{status=\"{status}\"}}");
            self.after.value(&name)
        };
        line(format_args!(
            "- Jobs at the end: {} completed, {} failed, {} in progress.",
            jobs("COMPLETED"),
            jobs("FAILED"),
            jobs("IN_PROGRESS")
        ));
        for ((operation, what), number) in &self.outcome.errors {
            line(format_args!(
                "- Error, {number} times: {}: {what}",
                operation.name()
            ));
        }
        text
    }

    fn errors_of(&self, operation: LoadRequest) -> u64 {
        let errors: &BTreeMap<_, _> = &self.outcome.errors;
        let own = errors.iter().filter(|((of, _), _)| *of == operation);
        own.map(|(_, number)| number).sum()
    }

    fn row(&self, times: &mut [u32], errors: u64) -> String {
        times.sort_unstable();
        let requests = times.len() as u64 + errors;
        format!(
            "{requests} | {errors} | {:.0} | {} | {}",
            requests as f64 / self.seconds,
            millis(times, 50),
            millis(times, 99)
        )
    }

    /// Whether the median of `Get` meets its target.
    fn verdict(&self) -> String {
        let get = self.after.since(&self.before, LoadRequest::Get.name());
        let Some(get) = get else {
            return "- No `Get` was answered.".to_owned();
        };
        match get.part_within(TARGET_SECONDS) {
            Some(part) => format!(
                "- `Get` server-side: {:.1} % within 1 ms; p50 <= 1 ms is {}.",
                part * 100.0,
                if part >= 0.5 { "kept" } else { "MISSED" }
            ),
            None => "- The server's buckets have no bound at 1 ms: they cannot tell.".to_owned(),
        }
    }

    fn memory_line(&self) -> String {
        let mut text = "- Resident memory, MiB:".to_owned();
        let mut separator = ' ';
        for (percent, mib) in &self.memory {
            let mib = mib.map_or_else(|| "unknown".to_owned(), |mib| format!("{mib:.1}"));
            let _ = write!(text, "{separator}{mib} at {percent} %");
            separator = ';';
        }
        text = text.replace(';', ", ");
        text + "."
    }
}

/// A percentile of sorted microseconds, in milliseconds.
fn millis(sorted: &[u32], percent: usize) -> String {
    // The least time that this percentage of the requests did not exceed.
    let rank = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(rank).map_or_else(String::new, |micros| {
        format!("{:.2}", f64::from(*micros) / 1e3)
    })
}

fn bounds(histogram: &Histogram, part: f64) -> String {
    let (above, to) = histogram.quantile(part);
    if to.is_infinite() {
        return format!("> {}", above * 1e3);
    }
    format!("{} .. {}", above * 1e3, to * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles() {
        let times: Vec<u32> = (1..=100).map(|number| number * 1_000).collect();
        assert_eq!(millis(&times, 50), "50.00");
        assert_eq!(millis(&times, 99), "99.00");
        assert_eq!(millis(&[7], 99), "0.01");
        assert_eq!(millis(&[], 50), "");
    }

    #[test]
    fn a_report() {
        let bucket = "iam_api_request_seconds_bucket{operation=\"GetServiceLastAccessedDetails\"";
        let after = ServerMetrics::parse(&format!(
            "{bucket},le=\"0.0005\"}} 1\n{bucket},le=\"0.001\"}} 3\n{bucket},le=\"+Inf\"}} 4\n\
             iam_api_jobs{{status=\"COMPLETED\"}} 9\n"
        ));
        let mut outcome = Outcome::default();
        outcome
            .times
            .insert(LoadRequest::Get, vec![2_000, 1_000, 500]);
        outcome
            .errors
            .insert((LoadRequest::Get, "400 Throttling".into()), 1);
        let measured = Measured {
            seconds: 2.0,
            outcome,
            before: ServerMetrics::default(),
            after,
            memory: vec![(0, Some(10.0)), (25, None)],
            processor: Some((1.0, 0.5)),
        };
        let report = measured.report();
        for part in [
            "| `GetServiceLastAccessedDetails` | 4 | 1 | 2 | 1.00 | 2.00 | 0.5 .. 1 | > 1 |\n",
            "| `ListUsers` | 0 | 0 | 0 |  |  |  |  |\n",
            "| all | 4 | 1 | 2 | 1.00 | 2.00 | | |\n",
            "- `Get` server-side: 75.0 % within 1 ms; p50 <= 1 ms is kept.\n",
            "- Resident memory, MiB: 10.0 at 0 %, unknown at 25 %.\n",
            "server 1.0 s (250000 µs a request, jobs included), clients 0.5 s.\n",
            "- Jobs at the end: 9 completed, 0 failed, 0 in progress.\n",
            "- Error, 1 times: GetServiceLastAccessedDetails: 400 Throttling\n",
        ] {
            assert!(report.contains(part), "{part}\n{report}");
        }
    }
}
