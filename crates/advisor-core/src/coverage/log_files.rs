//! Log files and other objects: those that were read, those that a digest lists, and those that could not be read whole.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use super::category::EventCategory;
use crate::day_set::DaySet;

/// The most days between the oldest and the newest event of a log file: delivery is tried for thirty days. Of a digest that says more,
/// only the days at both ends count, so that made-up digests cost little.
const MOST_DAYS: i32 = 60;

/// The days from one to another, without the middle of a span that no log file has.
pub(super) fn days_of_span(first: i32, last: i32) -> impl Iterator<Item = i32> {
    let start = first..=last.min(first.saturating_add(MOST_DAYS));
    let end = last
        .saturating_sub(MOST_DAYS)
        .max(start.end().saturating_add(1))..=last;
    start.chain(end)
}

/// The objects of a trail: log files by the last part of their names, which is unique, others by their whole names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LogFiles {
    /// What those that were read hold, by fingerprint. Names would take a dozen times the memory.
    read: HashMap<u64, Held>,
    /// Those that a digest lists or that could not be read whole, and that were not read otherwise, by fingerprint.
    missing: BTreeMap<u64, Missing>,
}

/// The kinds of management event that a log file holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Held(u8);

/// A log file that a digest lists and that was not read, or an object that could not be read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Missing {
    pub(super) name: Box<str>,
    pub(super) account: Box<str>,
    pub(super) region: Box<str>,
    pub(super) first_day: i32,
    pub(super) last_day: i32,
    /// Whether a digest says the days, not the name.
    pub(super) is_listed: bool,
}

impl Held {
    /// What a log file with this kind of event holds.
    pub(super) fn of(category: EventCategory<'_>) -> Self {
        Self(match category {
            EventCategory::ManagementRead => 1,
            EventCategory::ManagementWrite => 2,
            _ => 0,
        })
    }

    pub(super) fn from_bits(bits: u8) -> Self {
        Self(bits & 3)
    }

    pub(super) fn bits(self) -> u8 {
        self.0
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(super) fn holds(self, category: EventCategory<'_>) -> bool {
        self.0 & Self::of(category).0 != 0
    }
}

impl Missing {
    /// The days of the events that may be in it.
    pub(super) fn days(&self) -> impl Iterator<Item = i32> {
        days_of_span(self.first_day, self.last_day)
    }

    fn has_days(&self) -> bool {
        self.first_day <= self.last_day
    }

    /// One of which only the name is known. Without a day in it, it is named and nothing else.
    pub(super) fn of_name(name: &str) -> Self {
        let mut parts = last_part(name).split('_');
        let account = parts.next().unwrap_or_default();
        let region = parts.nth(1).unwrap_or_default();
        let date = parts.next().and_then(|delivered| delivered.get(..8));
        let day = date.and_then(|date| {
            let (year, rest) = date.split_at_checked(4)?;
            let (month, day) = rest.split_at_checked(2)?;
            DaySet::parse(&format!("{year}-{month}-{day}"))
        });
        Self {
            name: name.into(),
            account: account.into(),
            region: region.into(),
            first_day: day.map_or(0, |day| day.saturating_sub(1)),
            last_day: day.unwrap_or(-1),
            is_listed: false,
        }
    }

    /// Whether the days are those of the events in it. Those by its name are only possible.
    fn has_exact_days(&self) -> bool {
        self.is_listed && self.has_days()
    }

    fn merge(&mut self, other: &Self) {
        if self.has_exact_days() && !other.has_exact_days() {
            return;
        }
        if !self.has_days() || other.has_exact_days() && !self.has_exact_days() {
            *self = other.clone();
        } else if other.has_days() {
            self.first_day = self.first_day.min(other.first_day);
            self.last_day = self.last_day.max(other.last_day);
            // Names are unique, so that places differ only in made-up digests. Then any choice is right that does not depend
            // on the order.
            let place = |of: &Self| (of.account.clone(), of.region.clone());
            if place(other) < place(self) {
                (self.account, self.region) = place(other);
            }
        }
    }
}

impl LogFiles {
    /// Records that a log file was read.
    pub(super) fn see(&mut self, name: &str, held: Held) {
        self.see_all([(fingerprint(last_part(name)), held)]);
    }

    /// Records that a digest lists a log file. Returns its fingerprint.
    pub(super) fn list(&mut self, missing: Missing) -> u64 {
        let fingerprint = fingerprint(&missing.name);
        if !self.read.contains_key(&fingerprint) {
            self.miss(fingerprint, missing);
        }
        fingerprint
    }

    /// Records that an object of this whole name was read after all.
    pub(super) fn recover_object(&mut self, name: &str) {
        self.see_all([(fingerprint(name), Held::default())]);
    }

    /// Records that an object of this whole name was not read, or only in part.
    pub(super) fn lose_object(&mut self, name: &str) {
        self.list(Missing::of_name(name));
    }

    fn miss(&mut self, fingerprint: u64, missing: Missing) {
        match self.missing.get_mut(&fingerprint) {
            Some(known) => known.merge(&missing),
            None => drop(self.missing.insert(fingerprint, missing)),
        }
    }

    /// Records files that were read, by fingerprint.
    pub(super) fn see_all(&mut self, read: impl IntoIterator<Item = (u64, Held)>) {
        for (fingerprint, held) in read {
            self.read.entry(fingerprint).or_default().add(held);
            self.missing.remove(&fingerprint);
        }
    }

    /// Merges those of another part of the trail.
    pub(super) fn merge(&mut self, other: &Self) {
        self.see_all(other.read.iter().map(|(file, held)| (*file, *held)));
        for (fingerprint, missing) in &other.missing {
            if !self.read.contains_key(fingerprint) {
                self.miss(*fingerprint, missing.clone());
            }
        }
    }

    /// Those that were not read whole.
    pub(super) fn only_missing(&self) -> Self {
        Self {
            read: HashMap::new(),
            missing: self.missing.clone(),
        }
    }

    /// The files that were read by fingerprint, in order.
    pub(super) fn read(&self) -> Vec<(u64, Held)> {
        let read = self.read.iter().map(|(file, held)| (*file, *held));
        let mut read: Vec<(u64, Held)> = read.collect();
        read.sort_unstable_by_key(|(file, _)| *file);
        read
    }

    /// What a file that was read holds.
    pub(super) fn held(&self, fingerprint: u64) -> Option<Held> {
        self.read.get(&fingerprint).copied()
    }

    /// The files that a digest lists and that were not read, by name.
    pub(super) fn missing(&self) -> Vec<&Missing> {
        let mut missing: Vec<&Missing> = self.missing.values().collect();
        missing.sort_unstable_by_key(|missing| &missing.name);
        missing
    }
}

pub(super) fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}

/// FNV-1a: simple, and the same in every version and on every machine, as files keep it.
fn fingerprint(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fingerprint_never_changes() {
        assert_eq!(fingerprint(""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fingerprint("a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fingerprint("foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_listed_file_is_missing_until_it_is_read() {
        let mut files = LogFiles::default();
        let missing = |files: &LogFiles| -> Vec<Box<str>> {
            let missing = files.missing();
            missing.iter().map(|file| file.name.clone()).collect()
        };
        files.lose_object("b.json.gz");
        files.lose_object("a.json.gz");
        assert_eq!(missing(&files), ["a.json.gz".into(), "b.json.gz".into()]);
        files.see("copied/b.json.gz", Held::default());
        files.lose_object("b.json.gz");
        assert_eq!(missing(&files), ["a.json.gz".into()]);
    }

    #[test]
    fn a_name_tells_the_place_and_the_days() {
        let name = "111122223333_CloudTrail_eu-west-1_20261001T0005Z_aB3.json.gz";
        let missing = Missing::of_name(name);
        assert_eq!(
            (&*missing.account, &*missing.region),
            ("111122223333", "eu-west-1")
        );
        assert!(missing.days().eq(20_726..=20_727));
        assert!(Missing::of_name("a.json.gz").days().next().is_none());
    }

    #[test]
    fn a_long_span_keeps_both_ends() {
        assert!(days_of_span(3, 2).next().is_none());
        assert!(days_of_span(5, 125).eq(5..=125));
        assert!(days_of_span(5, 500).eq((5..=65).chain(440..=500)));
        assert_eq!(days_of_span(i32::MIN, i32::MAX).count(), 122);
    }

    #[test]
    fn a_digest_knows_the_days_better_than_a_name() {
        let name = "111122223333_CloudTrail_eu-west-1_20261001T0005Z_aB3.json.gz";
        let listed = Missing {
            first_day: 20_727,
            is_listed: true,
            ..Missing::of_name(name)
        };
        let (mut by_name, mut by_digest) = (LogFiles::default(), LogFiles::default());
        by_name.lose_object(name);
        by_digest.list(listed);
        let mut other_way = by_digest.clone();
        other_way.merge(&by_name);
        by_name.merge(&by_digest);
        for files in [by_name, by_digest, other_way] {
            assert!(files.missing()[0].days().eq([20_727]));
        }
    }
}
