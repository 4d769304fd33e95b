//! What was read of a trail.

use std::collections::{BTreeMap, BTreeSet};

use service_catalog::CatalogFingerprint;

use super::category::EventCategory;
use super::log_files::LogFiles;
use super::spans::{self, Spans};
use crate::day_set::DaySet;
use crate::interned::Interned;

/// What was read: by account, Region and kind of event, the UTC days with records; by account and Region, the days with log
/// files and the hours whose log files digests list; and the catalogs that credited the events.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub(super) records: Interned<Records>,
    pub(super) places: BTreeMap<Place, PlaceCoverage>,
    pub(super) log_files: LogFiles,
    pub(super) catalogs: BTreeSet<CatalogFingerprint>,
    pub(super) has_unknown_sources: bool,
    pub(super) has_undecided_uses: bool,
}

/// An account, a Region and a kind of event of a [`Coverage`], for recording many days. Valid only for the coverage that returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CoverageId(pub(super) u32);

#[derive(Clone, Debug)]
pub(super) struct Records {
    account: Box<str>,
    region: Box<str>,
    category: Category,
    pub(super) days: DaySet,
}

/// An [`EventCategory`] that owns its resource type.
#[derive(Clone, Debug)]
pub(crate) enum Category {
    Fixed(EventCategory<'static>),
    Data(Box<str>),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) account: Box<str>,
    pub(super) region: Box<str>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PlaceCoverage {
    pub(super) log_files: DaySet,
    pub(super) digests: Spans,
}

/// The days with records of one kind in one Region of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordCoverage<'a> {
    /// The account whose trail has the records.
    pub account: &'a str,
    /// The Region.
    pub region: &'a str,
    /// The kind of event.
    pub category: EventCategory<'a>,
    /// The days of the events.
    pub days: &'a DaySet,
}

/// What the log files and digests of one Region of an account say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogFileCoverage<'a> {
    /// The account.
    pub account: &'a str,
    /// The Region.
    pub region: &'a str,
    /// The days of the log files that were read, by their names.
    pub days: &'a DaySet,
    /// The time of delivery that digests cover: spans in UTC milliseconds, without their ends.
    pub digests: &'a [(i64, i64)],
}

impl LogFileCoverage<'_> {
    /// The days of which digests cover every hour.
    #[must_use]
    pub fn digest_days(&self) -> DaySet {
        spans::whole_days(self.digests)
    }
}

impl Category {
    pub(crate) fn get(&self) -> EventCategory<'_> {
        match self {
            Self::Fixed(category) => *category,
            Self::Data(resource_type) => EventCategory::Data(resource_type),
        }
    }
}

impl From<EventCategory<'_>> for Category {
    fn from(category: EventCategory<'_>) -> Self {
        match category {
            EventCategory::Data(resource_type) => Self::Data(resource_type.into()),
            EventCategory::ManagementRead => Self::Fixed(EventCategory::ManagementRead),
            EventCategory::ManagementWrite => Self::Fixed(EventCategory::ManagementWrite),
            EventCategory::NetworkActivity => Self::Fixed(EventCategory::NetworkActivity),
        }
    }
}

impl Coverage {
    /// Creates the coverage of nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Whether nothing is known to have been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records().next().is_none() && self.places.is_empty()
    }

    /// Records an event of this kind, whoever made it, in the trail of this account.
    pub fn see_record(
        &mut self,
        account: &str,
        region: &str,
        category: EventCategory<'_>,
        day: i32,
    ) {
        let id = self.intern(account, region, category);
        self.see(id, day);
    }

    /// The id of a kind of event in a Region of an account, for [`Coverage::see`]. Nothing is covered until a day is recorded.
    pub fn intern(
        &mut self,
        account: &str,
        region: &str,
        category: EventCategory<'_>,
    ) -> CoverageId {
        CoverageId(self.records.id(
            (account, region, category),
            |known| {
                *known.account == *account
                    && *known.region == *region
                    && known.category.get() == category
            },
            || Records {
                account: account.into(),
                region: region.into(),
                category: category.into(),
                days: DaySet::new(),
            },
        ))
    }

    /// Records a day with an event, by an id of this coverage.
    pub fn see(&mut self, CoverageId(id): CoverageId, day: i32) {
        if let Some(records) = self.records.get_mut(id) {
            records.days.insert(day);
        }
    }

    /// Records that a log file was read. Folders in its name do not matter: copies of a trail keep the last part.
    pub fn see_log_file(&mut self, account: &str, region: &str, day: i32, name: &str) {
        self.place(account, region).log_files.insert(day);
        self.log_files.see(name);
    }

    /// Records a digest: a list of all log files that were delivered between two instants, in UTC milliseconds. Those that are not
    /// read are [`Coverage::missing_log_files`].
    pub fn see_digest<'f>(
        &mut self,
        account: &str,
        region: &str,
        start_millis: i64,
        end_millis: i64,
        log_files: impl IntoIterator<Item = &'f str>,
    ) {
        let place = self.place(account, region);
        place.digests.insert(start_millis, end_millis);
        for name in log_files {
            self.log_files.list(name);
        }
    }

    /// Records that an object could not be read, or only in part. It is one of [`Coverage::missing_log_files`] from then on.
    pub fn lose_object(&mut self, name: &str) {
        self.log_files.lose_object(name);
    }

    /// Records that an object was read whole that another part of the trail has as lost. Log files need no such call: those that
    /// were read are known.
    pub fn recover_object(&mut self, name: &str) {
        self.log_files.recover_object(name);
    }

    /// Records that nobody asked the records of some activity which further actions the calls exercised, as for tables that a query
    /// engine made.
    pub fn see_undecided_uses(&mut self) {
        self.has_undecided_uses = true;
    }

    /// Whether nobody asked the records of some activity which further actions the calls exercised.
    #[must_use]
    pub fn has_undecided_uses(&self) -> bool {
        self.has_undecided_uses
    }

    /// The coverage of the same source as if it did not say what it covers: the catalogs and what is missing stay.
    #[must_use]
    pub fn as_unknown_source(&self) -> Self {
        Self {
            log_files: self.log_files.only_missing(),
            catalogs: self.catalogs.clone(),
            has_unknown_sources: true,
            has_undecided_uses: self.has_undecided_uses,
            ..Self::default()
        }
    }

    /// Records that activity came from a source that does not say what it covers.
    pub fn see_unknown_source(&mut self) {
        self.has_unknown_sources = true;
    }

    fn place(&mut self, account: &str, region: &str) -> &mut PlaceCoverage {
        let place = Place {
            account: account.into(),
            region: region.into(),
        };
        self.places.entry(place).or_default()
    }

    /// Merges the coverage of another part of the trail.
    pub fn merge(&mut self, other: &Self) {
        for records in other.records() {
            let id = self.intern(records.account, records.region, records.category);
            if let Some(known) = self.records.get_mut(id.0) {
                known.days.merge(records.days);
            }
        }
        for (place, coverage) in &other.places {
            let known = self.places.entry(place.clone()).or_default();
            known.log_files.merge(&coverage.log_files);
            known.digests.merge(&coverage.digests);
        }
        self.log_files.merge(&other.log_files);
        self.catalogs.extend(&other.catalogs);
        self.has_unknown_sources |= other.has_unknown_sources;
        self.has_undecided_uses |= other.has_undecided_uses;
    }

    /// The days with records, in no particular order.
    pub fn records(&self) -> impl Iterator<Item = RecordCoverage<'_>> {
        let records = self.records.values().map(|records| RecordCoverage {
            account: &records.account,
            region: &records.region,
            category: records.category.get(),
            days: &records.days,
        });
        records.filter(|records| !records.days.is_empty())
    }

    /// What log files and digests say, by account and Region, in order.
    pub fn log_files(&self) -> impl Iterator<Item = LogFileCoverage<'_>> {
        self.places.iter().map(|(place, coverage)| LogFileCoverage {
            account: &place.account,
            region: &place.region,
            days: &coverage.log_files,
            digests: coverage.digests.as_slice(),
        })
    }

    /// The names of log files that a digest lists and that were not read, without folders, and of objects that could not be read
    /// whole: damaged ones, parts of results, those with malformed records. In order.
    #[must_use]
    pub fn missing_log_files(&self) -> Vec<&str> {
        self.log_files.missing()
    }

    /// Whether some activity came from a source that does not say what it covers, such as a table made by a query engine.
    #[must_use]
    pub fn has_unknown_sources(&self) -> bool {
        self.has_unknown_sources
    }

    /// The accounts of which something was read, in order.
    #[must_use]
    pub fn accounts(&self) -> Vec<&str> {
        let records = self.records().map(|records| records.account);
        let places = self.places.keys().map(|place| &*place.account);
        let accounts: BTreeSet<&str> = records.chain(places).collect();
        accounts.into_iter().collect()
    }

    /// The days on which an account's trail was read, in any Region: those with a record or a log file, and those of which digests
    /// cover every hour.
    #[must_use]
    pub fn covered_days(&self, account: &str) -> DaySet {
        let mut days = DaySet::new();
        for records in self.records() {
            if records.account == account {
                days.merge(records.days);
            }
        }
        for (place, coverage) in &self.places {
            if *place.account == *account {
                days.merge(&coverage.log_files);
                days.merge(&spans::whole_days(coverage.digests.as_slice()));
            }
        }
        days
    }
}

impl PartialEq for Coverage {
    fn eq(&self, other: &Self) -> bool {
        fn sorted(coverage: &Coverage) -> Vec<RecordCoverage<'_>> {
            let mut records: Vec<_> = coverage.records().collect();
            records.sort_unstable_by_key(|record| (record.account, record.region, record.category));
            records
        }
        self.places == other.places
            && self.log_files == other.log_files
            && self.catalogs == other.catalogs
            && self.has_unknown_sources == other.has_unknown_sources
            && self.has_undecided_uses == other.has_undecided_uses
            && sorted(self) == sorted(other)
    }
}
