//! Sets of instants: spans of time.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use crate::day_set::DaySet;

/// Spans of time in UTC milliseconds: sorted, without overlap or contact. A span holds its start and not its end.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(i64, i64)>", into = "Vec<(i64, i64)>")]
pub(super) struct Spans(Vec<(i64, i64)>);

impl Spans {
    /// Adds a span. One that ends before it starts adds nothing.
    pub(super) fn insert(&mut self, start: i64, end: i64) {
        if start >= end {
            return;
        }
        let first = self.0.partition_point(|(_, known)| *known < start);
        let last = self.0.partition_point(|(known, _)| *known <= end);
        let touching = self.0.get(first..last).unwrap_or_default();
        let joined = touching
            .iter()
            .fold((start, end), |(start, end), (other_start, other_end)| {
                (start.min(*other_start), end.max(*other_end))
            });
        self.0.splice(first..last, [joined]);
    }

    /// Adds the spans of another set.
    pub(super) fn merge(&mut self, other: &Self) {
        for (start, end) in &other.0 {
            self.insert(*start, *end);
        }
    }

    /// What of the spans is between two instants.
    pub(super) fn within(&self, start: i64, end: i64) -> Self {
        let mut within = Self::default();
        for (known_start, known_end) in &self.0 {
            within.insert(start.max(*known_start), end.min(*known_end));
        }
        within
    }

    /// The spans, in order.
    pub(super) fn as_slice(&self) -> &[(i64, i64)] {
        &self.0
    }
}

/// How long after an event its log file is delivered at most, as a rule. `CloudTrail` delivers within some five minutes on average.
const DELIVERY_MILLIS: i64 = 3_600_000;

/// The days from 1970 to 9999. Others are made up, and would be too many.
const CALENDAR: (i32, i32) = (0, 2_932_896);

fn within_calendar(first: i32, last: i32) -> RangeInclusive<i32> {
    first.max(CALENDAR.0)..=last.min(CALENDAR.1)
}

/// The UTC days that lie within a span of delivery together with the hour after them, in which their last events are delivered.
pub(super) fn whole_days(spans: &[(i64, i64)]) -> DaySet {
    let days = spans.iter().flat_map(|(start, end)| {
        let first = DaySet::day_of(start.saturating_sub(1)).saturating_add(1);
        let last = DaySet::day_of(end.saturating_sub(DELIVERY_MILLIS)).saturating_sub(1);
        within_calendar(first, last)
    });
    days.collect()
}

/// The UTC days of the events whose log files may have been delivered between two spans of delivery.
pub(super) fn days_between(spans: &[(i64, i64)]) -> DaySet {
    let ends = spans.iter().map(|(_, end)| end);
    let starts = spans.iter().skip(1).map(|(start, _)| start);
    let days = ends.zip(starts).flat_map(|(end, start)| {
        let first = DaySet::day_of(end.saturating_sub(DELIVERY_MILLIS));
        within_calendar(first, DaySet::day_of(start.saturating_sub(1)))
    });
    days.collect()
}

impl From<Vec<(i64, i64)>> for Spans {
    fn from(spans: Vec<(i64, i64)>) -> Self {
        let mut set = Self::default();
        for (start, end) in spans {
            set.insert(start, end);
        }
        set
    }
}

impl From<Spans> for Vec<(i64, i64)> {
    fn from(spans: Spans) -> Self {
        spans.0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_day_needs_all_its_hours_and_the_hour_after() {
        const DAY: i64 = 86_400_000;
        let mut spans = Spans::default();
        spans.insert(5, DAY + DELIVERY_MILLIS);
        assert!(whole_days(spans.as_slice()).is_empty());
        spans.insert(0, 5);
        let end = 3 * DAY + DELIVERY_MILLIS - 1;
        spans.insert(DAY, end);
        assert_eq!(
            whole_days(spans.as_slice()).iter().collect::<Vec<_>>(),
            [0, 1]
        );
        assert_eq!(spans.as_slice(), [(0, end)]);
        spans.insert(9, 9);
        spans.insert(-DAY, -1);
        assert_eq!(spans.as_slice(), [(-DAY, -1), (0, end)]);
    }

    #[test]
    fn a_break_takes_the_days_that_may_have_been_delivered_in_it() {
        const DAY: i64 = 86_400_000;
        let spans = [
            (0, 2 * DAY),
            (3 * DAY, 5 * DAY + 2 * DELIVERY_MILLIS),
            (5 * DAY + 3 * DELIVERY_MILLIS, 9 * DAY),
        ];
        assert_eq!(days_between(&spans).iter().collect::<Vec<_>>(), [1, 2, 5]);
        assert!(days_between(&spans[..1]).is_empty() && days_between(&[]).is_empty());
        let endless = [(i64::MIN, 0), (i64::MAX - 1, i64::MAX)];
        assert_eq!(days_between(&endless).last(), Some(CALENDAR.1));
        assert_eq!(DaySet::parse("9999-12-31"), Some(CALENDAR.1));
    }

    proptest! {
        #[test]
        fn spans_hold_what_was_added(
            added in prop::collection::vec((0..60_i64, 0..20_i64), 0..12),
        ) {
            let added: Vec<_> = added.into_iter().map(|(start, length)| (start, start + length)).collect();
            let spans = Spans::from(added.clone());
            let is_in = |set: &[(i64, i64)], at| set.iter().any(|(start, end)| (*start..*end).contains(&at));
            for at in 0..90 {
                prop_assert_eq!(is_in(spans.as_slice(), at), is_in(&added, at));
            }
            prop_assert!(spans.as_slice().is_sorted_by(|left, right| left.1 < right.0));
            let within = spans.within(20, 40);
            for at in 0..90 {
                prop_assert_eq!(is_in(within.as_slice(), at), is_in(&added, at) && (20..40).contains(&at));
            }
            let reversed: Vec<_> = added.into_iter().rev().collect();
            prop_assert_eq!(Spans::from(reversed), spans);
        }
    }
}
