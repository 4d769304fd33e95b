//! The server's counters, from `/metrics`.

use std::collections::BTreeMap;

const BUCKET: &str = "iam_api_request_seconds_bucket";

/// The samples in `/metrics`, by name and labels as written there.
#[derive(Clone, Debug, Default)]
pub(crate) struct ServerMetrics(BTreeMap<String, f64>);

/// A histogram of answer times.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Histogram {
    /// Upper bounds in seconds (the last is infinite) with the number of answers up to each, in ascending order.
    buckets: Vec<(f64, f64)>,
}

impl ServerMetrics {
    pub(crate) fn parse(text: &str) -> Self {
        let samples = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(|line| {
                let (name, value) = line.rsplit_once(' ')?;
                Some((name.to_owned(), value.parse().ok()?))
            });
        Self(samples.collect())
    }

    pub(crate) fn value(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or_default()
    }

    /// The answers to an operation since earlier metrics; `None` if there are none.
    pub(crate) fn since(&self, earlier: &Self, operation: &str) -> Option<Histogram> {
        let prefix = format!("{BUCKET}{{operation=\"{operation}\",le=\"");
        let mut buckets: Vec<(f64, f64)> = self
            .0
            .iter()
            .filter_map(|(name, value)| {
                let bound = name.strip_prefix(&prefix)?.strip_suffix("\"}")?;
                // Rust parses `+Inf` too.
                Some((bound.parse().ok()?, value - earlier.value(name)))
            })
            .collect();
        buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
        let histogram = Histogram { buckets };
        (histogram.count() > 0.0).then_some(histogram)
    }
}

impl Histogram {
    pub(crate) fn count(&self) -> f64 {
        self.buckets.last().map_or(0.0, |(_, number)| *number)
    }

    /// The bounds, in seconds, of the bucket that contains this quantile.
    pub(crate) fn quantile(&self, part: f64) -> (f64, f64) {
        let wanted = self.count() * part;
        let mut below = 0.0;
        for (bound, number) in &self.buckets {
            if *number >= wanted {
                return (below, *bound);
            }
            below = *bound;
        }
        (below, f64::INFINITY)
    }

    /// The share of answers that took at most this long; `None` if it is not a bucket's bound.
    pub(crate) fn part_within(&self, seconds: f64) -> Option<f64> {
        let (_, number) = self.buckets.iter().find(|(bound, _)| *bound == seconds)?;
        Some(number / self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_what_came_since() {
        let look = |half: u32, one: u32, all: u32| {
            ServerMetrics::parse(&format!(
                "# TYPE {BUCKET} histogram\n\
                 {BUCKET}{{operation=\"ListUsers\",le=\"0.0005\"}} {half}\n\
                 {BUCKET}{{operation=\"ListUsers\",le=\"0.001\"}} {one}\n\
                 {BUCKET}{{operation=\"ListUsers\",le=\"+Inf\"}} {all}\n"
            ))
        };
        let histogram = look(15, 100, 110)
            .since(&look(5, 6, 10), "ListUsers")
            .unwrap();
        assert_eq!(histogram.count(), 100.0);
        assert_eq!(histogram.quantile(0.5), (0.000_5, 0.001));
        assert_eq!(histogram.quantile(0.05), (0.0, 0.000_5));
        assert_eq!(histogram.quantile(0.99), (0.001, f64::INFINITY));
        assert_eq!(histogram.part_within(0.001), Some(0.94));
        assert_eq!(histogram.part_within(0.002), None);
        assert_eq!(look(1, 1, 1).since(&look(1, 1, 1), "ListUsers"), None);
        assert_eq!(look(1, 1, 1).since(&look(0, 0, 0), "GetUser"), None);
    }
}
