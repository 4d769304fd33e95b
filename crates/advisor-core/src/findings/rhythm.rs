//! How regularly something was used.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::day_set::DaySet;

/// The rhythm of something that was used at regular intervals: at least three times, with intervals that differ by at most a fifth of
/// the median (or by a day). Days in a row are one use: a quarterly job may run for several days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Rhythm {
    /// The median of the days from one use to the next.
    pub interval_days: u32,
    /// How many uses there were.
    pub uses: u32,
    /// The day on which the next use is expected, as a number of days since 1970-01-01.
    pub next: i32,
}

/// Shorter intervals say nothing of what is unused for months.
const SHORTEST: i32 = 5;

impl Rhythm {
    /// The rhythm of uses on these days.
    pub(super) fn of(days: &DaySet) -> Option<Self> {
        let runs: Vec<(i32, i32)> = days.runs().collect();
        let starts = runs.iter().map(|(first, _)| *first);
        let mut intervals: Vec<i32> = starts
            .clone()
            .zip(starts.skip(1))
            .map(|(from, to)| to.saturating_sub(from))
            .collect();
        if intervals.len() < 2 {
            return None;
        }
        intervals.sort_unstable();
        let median = *intervals.get(intervals.len() / 2)?;
        let tolerance = (median / 5).max(1);
        let is_regular = intervals
            .iter()
            .all(|interval| interval.abs_diff(median) <= tolerance.unsigned_abs());
        let (last, _) = *runs.last()?;
        (is_regular && median >= SHORTEST).then(|| Self {
            interval_days: median.unsigned_abs(),
            uses: u32::try_from(runs.len()).unwrap_or(u32::MAX),
            next: last.saturating_add(median),
        })
    }
}

impl fmt::Display for Rhythm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "used every {} days", self.interval_days)?;
        match DaySet::date_of(self.next) {
            Some(next) => write!(f, ", next about {next}"),
            None => Ok(()),
        }
    }
}

impl Serialize for Rhythm {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rhythm(days: &[i32]) -> Option<(u32, u32, i32)> {
        let days: DaySet = days.iter().copied().collect();
        Rhythm::of(&days).map(|rhythm| (rhythm.interval_days, rhythm.uses, rhythm.next))
    }

    #[test]
    fn regular_uses_have_a_rhythm() {
        assert_eq!(rhythm(&[0, 91, 182, 273]), Some((91, 4, 364)));
        // Quarters have 90 to 92 days; the job of the second took two days.
        assert_eq!(rhythm(&[0, 90, 91, 182, 274]), Some((92, 4, 366)));
        assert_eq!(rhythm(&[0, 7, 14]), Some((7, 3, 21)));
    }

    #[test]
    fn irregular_rare_and_daily_uses_have_none() {
        assert_eq!(rhythm(&[]), None);
        assert_eq!(rhythm(&[5, 96]), None);
        assert_eq!(rhythm(&[0, 10, 100, 110]), None);
        assert_eq!(rhythm(&[0, 1, 2, 3, 4]), None);
        assert_eq!(rhythm(&[0, 2, 4, 6]), None);
    }
}
