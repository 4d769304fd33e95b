//! Sets of UTC days.

use std::fmt;
use std::ops::RangeInclusive;

use chrono::{DateTime, NaiveDate, NaiveTime};
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

const MILLIS_PER_DAY: i64 = 86_400_000;
const DAYS_PER_CHUNK: i32 = 64;

/// A set of UTC days, each known by its number of days since 1970-01-01.
///
/// Adding a day that is present already, or merging a set twice, changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DaySet {
    /// The last chunk, in which most days are added: it is found without following a pointer. Without a day only if the set has
    /// none.
    last: Chunk,
    /// The chunks before it, sorted by number; none is empty.
    earlier: Vec<Chunk>,
}

/// 64 days in a row: bit `b` of chunk `n` is day `64 n + b`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Chunk {
    number: i32,
    bits: u64,
}

impl DaySet {
    /// Creates an empty set.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The day of an instant, as its number of days since 1970-01-01.
    #[must_use]
    pub fn day_of(millis: i64) -> i32 {
        // 2^63 ms are less than 2^37 days: limited to the range of a day number, far beyond the calendar.
        let day = millis.div_euclid(MILLIS_PER_DAY);
        i32::try_from(day).unwrap_or(if day < 0 { i32::MIN } else { i32::MAX })
    }

    /// The first instant of a day, in UTC milliseconds.
    #[must_use]
    pub fn start_of(day: i32) -> i64 {
        i64::from(day) * MILLIS_PER_DAY
    }

    /// The calendar date of a day. `None` beyond the calendar's range.
    #[must_use]
    pub fn date_of(day: i32) -> Option<NaiveDate> {
        DateTime::from_timestamp_millis(Self::start_of(day)).map(|time| time.date_naive())
    }

    /// The day of a date as text, `2026-09-11`. `None` for anything else.
    #[must_use]
    pub fn parse(date: &str) -> Option<i32> {
        let date: NaiveDate = date.parse().ok()?;
        let start = date.and_time(NaiveTime::MIN).and_utc();
        Some(Self::day_of(start.timestamp_millis()))
    }

    /// Adds a day.
    pub fn insert(&mut self, day: i32) {
        let number = day.div_euclid(DAYS_PER_CHUNK);
        let bits = 1 << day.rem_euclid(DAYS_PER_CHUNK);
        self.add(Chunk { number, bits });
    }

    /// Adds the days of another set.
    pub fn merge(&mut self, other: &Self) {
        for chunk in other.chunks() {
            self.add(*chunk);
        }
    }

    /// The chunks in order.
    fn chunks(&self) -> impl DoubleEndedIterator<Item = &Chunk> {
        let last = (self.last.bits != 0).then_some(&self.last);
        self.earlier.iter().chain(last)
    }

    fn add(&mut self, chunk: Chunk) {
        if chunk.number == self.last.number || self.last.bits == 0 {
            self.last.number = chunk.number;
            self.last.bits |= chunk.bits;
        } else if chunk.number > self.last.number {
            self.earlier.push(std::mem::replace(&mut self.last, chunk));
        } else {
            match self.position(chunk.number) {
                Ok(at) => {
                    if let Some(known) = self.earlier.get_mut(at) {
                        known.bits |= chunk.bits;
                    }
                }
                Err(at) => self.earlier.insert(at, chunk),
            }
        }
    }

    fn position(&self, number: i32) -> Result<usize, usize> {
        self.earlier
            .binary_search_by_key(&number, |chunk| chunk.number)
    }

    /// The days that are not in another set.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        self.masked(|number| !other.bits_of(number))
    }

    /// The days that are in another set too.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        self.masked(|number| other.bits_of(number))
    }

    /// The days from a first one, if there is one, to a last one.
    #[must_use]
    pub fn within(&self, first: Option<i32>, last: i32) -> Self {
        self.masked(|number| {
            // The bits from a day on, of this chunk.
            let from = |day: i32| {
                let start = i64::from(number) * i64::from(DAYS_PER_CHUNK);
                match i64::from(day) - start {
                    ..=0 => u64::MAX,
                    bit @ 1..64 => u64::MAX << bit,
                    _ => 0,
                }
            };
            let after = last.checked_add(1).map_or(0, from);
            first.map_or(u64::MAX, from) & !after
        })
    }

    /// The days that are set in the bits for the number of their chunk.
    fn masked(&self, mask: impl Fn(i32) -> u64) -> Self {
        let mut kept = Self::new();
        for chunk in self.chunks() {
            let bits = chunk.bits & mask(chunk.number);
            if bits != 0 {
                let number = chunk.number;
                kept.add(Chunk { number, bits });
            }
        }
        kept
    }

    fn bits_of(&self, number: i32) -> u64 {
        if number == self.last.number {
            return self.last.bits;
        }
        let at = self.position(number).ok();
        at.and_then(|at| self.earlier.get(at))
            .map_or(0, |chunk| chunk.bits)
    }

    /// Whether a day is in the set.
    #[must_use]
    pub fn contains(&self, day: i32) -> bool {
        let number = day.div_euclid(DAYS_PER_CHUNK);
        let chunk = if number == self.last.number {
            Some(&self.last)
        } else {
            let at = self.position(number).ok();
            at.and_then(|at| self.earlier.get(at))
        };
        chunk.is_some_and(|chunk| chunk.bits & (1 << day.rem_euclid(DAYS_PER_CHUNK)) != 0)
    }

    /// Whether the set has no day.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.last.bits == 0
    }

    /// The number of days.
    #[must_use]
    pub fn len(&self) -> usize {
        let counts = self.chunks().map(|chunk| chunk.bits.count_ones());
        counts.map(|count| count as usize).sum()
    }

    /// The days, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = i32> + '_ {
        self.chunks().flat_map(|chunk| {
            let first = chunk.number * DAYS_PER_CHUNK;
            (0..DAYS_PER_CHUNK)
                .filter(|bit| chunk.bits & (1 << bit) != 0)
                .map(move |bit| first + bit)
        })
    }

    /// The days as runs of days without a gap: the first and the last day of each.
    pub fn runs(&self) -> impl Iterator<Item = (i32, i32)> + '_ {
        let mut days = self.iter().peekable();
        std::iter::from_fn(move || {
            let first = days.next()?;
            let mut last = first;
            while let Some(next) = days.next_if(|next| Some(*next) == last.checked_add(1)) {
                last = next;
            }
            Some((first, last))
        })
    }

    /// The first day.
    #[must_use]
    pub fn first(&self) -> Option<i32> {
        self.iter().next()
    }

    /// The last day.
    #[must_use]
    pub fn last(&self) -> Option<i32> {
        self.iter().next_back()
    }

    /// The last day that is not after another one.
    #[must_use]
    pub fn last_until(&self, day: i32) -> Option<i32> {
        self.iter().rev().find(|known| *known <= day)
    }
}

/// As a list of dates and of ISO 8601 intervals, which include both ends: `["2026-01-01", "2026-01-03/2026-03-31"]`. Days beyond
/// the calendar are left out.
impl Serialize for DaySet {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.runs().filter_map(|(first, last)| {
            let (from, to) = (Self::date_of(first)?, Self::date_of(last)?);
            Some(if first == last {
                from.to_string()
            } else {
                format!("{from}/{to}")
            })
        }))
    }
}

impl<'de> Deserialize<'de> for DaySet {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Runs;

        impl<'de> Visitor<'de> for Runs {
            type Value = DaySet;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(
                    "a list of dates and of intervals of dates, such as 2026-01-03/2026-03-31",
                )
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut runs: A) -> Result<DaySet, A::Error> {
                let mut days = DaySet::new();
                while let Some(run) = runs.next_element::<String>()? {
                    let days_of_run = days_of(&run).ok_or_else(|| {
                        A::Error::custom(format_args!("{run:?} is not a date or interval of dates"))
                    })?;
                    days.extend(days_of_run);
                }
                Ok(days)
            }
        }

        deserializer.deserialize_seq(Runs)
    }
}

/// The days of a date or an interval of dates. `None` for anything else.
fn days_of(run: &str) -> Option<RangeInclusive<i32>> {
    let (first, last) = run.split_once('/').unwrap_or((run, run));
    let days = DaySet::parse(first)?..=DaySet::parse(last)?;
    (!days.is_empty()).then_some(days)
}

impl Extend<i32> for DaySet {
    fn extend<T: IntoIterator<Item = i32>>(&mut self, days: T) {
        for day in days {
            self.insert(day);
        }
    }
}

impl FromIterator<i32> for DaySet {
    fn from_iter<T: IntoIterator<Item = i32>>(days: T) -> Self {
        let mut set = Self::new();
        set.extend(days);
        set
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_day_is_a_utc_date() {
        for (millis, day, date) in [
            (0, 0, "1970-01-01"),
            (-1, -1, "1969-12-31"),
            (86_400_000, 1, "1970-01-02"),
            (1_789_140_379_516, 20_707, "2026-09-11"),
        ] {
            assert_eq!(DaySet::day_of(millis), day);
            assert_eq!(DaySet::date_of(day).unwrap().to_string(), date);
        }
        assert_eq!(DaySet::day_of(i64::MAX), i32::MAX);
        assert_eq!(DaySet::date_of(DaySet::day_of(i64::MIN)), None);
    }

    #[test]
    fn runs_are_written_as_intervals() {
        let days: DaySet = [20_707, 20_454, 20_456, 20_455].into_iter().collect();
        let text = r#"["2026-01-01/2026-01-03","2026-09-11"]"#;
        assert_eq!(serde_json::to_string(&days).unwrap(), text);
        assert_eq!(serde_json::from_str::<DaySet>(text).unwrap(), days);
        for text in [
            r#"["2026-01-32"]"#,
            r#"["2026-01-02/2026-01-01"]"#,
            r#"["2026-01-01/"]"#,
            "[1]",
        ] {
            assert!(serde_json::from_str::<DaySet>(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn it_is_a_set(
            left in prop::collection::vec(-200..400_i32, 0..20),
            right in prop::collection::vec(any::<i32>(), 0..20),
            probe in -200..400_i32,
        ) {
            let plain: BTreeSet<i32> = left.iter().chain(&right).copied().collect();
            let mut days: DaySet = left.iter().copied().collect();
            days.merge(&right.iter().copied().collect());
            days.merge(&right.iter().copied().collect());
            let mut other_way: DaySet = right.into_iter().collect();
            other_way.extend(left);
            prop_assert_eq!(&days, &other_way);
            prop_assert_eq!(days.iter().collect::<Vec<_>>(), plain.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(days.len(), plain.len());
            prop_assert_eq!(days.is_empty(), plain.is_empty());
            prop_assert_eq!(days.contains(probe), plain.contains(&probe));
            let right: BTreeSet<i32> = days.iter().skip(1).step_by(2).collect();
            let other: DaySet = right.iter().copied().collect();
            prop_assert_eq!(days.without(&other).iter().collect::<BTreeSet<_>>(), &plain - &right);
            prop_assert_eq!(days.intersection(&other).iter().collect::<BTreeSet<_>>(), right);
            prop_assert_eq!(days.within(None, i32::MAX), days.clone());
            prop_assert_eq!(
                days.within(Some(probe), probe + 50).iter().collect::<Vec<_>>(),
                plain.range(probe..=probe + 50).copied().collect::<Vec<_>>()
            );
            prop_assert_eq!(days.first(), plain.first().copied());
            prop_assert_eq!(days.last(), plain.last().copied());
            prop_assert_eq!(days.last_until(probe), plain.range(..=probe).next_back().copied());
        }
    }
}
