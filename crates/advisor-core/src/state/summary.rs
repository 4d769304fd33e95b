//! What the reports of an account rest on: the days, Regions and kinds of event that were read.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::coverage::{Category, Coverage, EventCategory};
use crate::day_set::DaySet;

/// How many names of missing log files are kept.
const NAMED: usize = 5;

/// The coverage of a trail by account.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrailDays {
    accounts: BTreeMap<Arc<str>, AccountDays>,
    missing_log_files: MissingLogFiles,
    has_unknown_sources: bool,
    has_undecided_uses: bool,
}

/// The coverage of an account's trail.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccountDays {
    read: DaySet,
    events: Vec<EventDays>,
    /// By Region: the days of which digests cover every hour.
    digests: BTreeMap<Arc<str>, DaySet>,
}

#[derive(Clone, Debug)]
struct EventDays {
    region: Arc<str>,
    kind: Category,
    days: DaySet,
}

/// What the reports rest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ReportCoverage {
    /// The days that the reports are about. Without a limit of the period, the first is open.
    pub window: DayRange,
    /// The number of days in the window; `None` when it is open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_days: Option<u32>,
    /// The number of days of an account that must have been read before anything of it is called unused.
    pub days_needed: u32,
    /// By account of the account data, in order.
    pub accounts: Vec<AccountCoverage>,
    /// Log files that a digest lists and that were not read, and objects that could not be read whole.
    #[serde(skip_serializing_if = "MissingLogFiles::is_empty")]
    pub missing_log_files: MissingLogFiles,
    /// Whether some activity came from a source that does not say what it covers.
    pub has_unknown_sources: bool,
}

/// What was read of an account's trail in the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AccountCoverage {
    /// The account.
    pub account: Arc<str>,
    /// The number of days on which something was read.
    pub days_read: u32,
    /// The days of the window on which nothing was read.
    pub gaps: Vec<DayRange>,
    /// The days on which digests of every Region that was read list all log files. On other days, a log file may be missing
    /// unnoticed.
    pub days_with_digests: DaySet,
    /// The days with records, by Region and kind of event.
    pub records: Vec<CategoryCoverage>,
}

/// The days with records of one kind of event in one Region.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct CategoryCoverage {
    /// The Region.
    pub region: Arc<str>,
    /// The kind of event, as [`EventCategory::name`] has it.
    pub category: &'static str,
    /// The resource type of data events.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource_type: Option<Box<str>>,
    /// The days.
    pub days: DaySet,
}

/// Log files that a digest lists and that were not read, and objects that could not be read whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct MissingLogFiles {
    /// How many there are.
    pub count: usize,
    /// The names of the first ones, without folders.
    pub first: Vec<Box<str>>,
}

impl MissingLogFiles {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// UTC days in a row, both ends included, as numbers of days since 1970-01-01. Written as an ISO 8601 date or interval:
/// `2026-01-01/2026-01-31`, with `..` for an open start.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DayRange {
    /// The first day; `None` for no beginning.
    pub first: Option<i32>,
    /// The last day.
    pub last: i32,
}

impl DayRange {
    /// The number of days; `None` without a beginning.
    #[must_use]
    pub fn days(&self) -> Option<u32> {
        let days = self.last.checked_sub(self.first?)?.checked_add(1)?;
        u32::try_from(days).ok()
    }

    /// Whether a day is among them.
    #[must_use]
    pub fn contains(&self, day: i32) -> bool {
        day <= self.last && self.first.is_none_or(|first| first <= day)
    }
}

impl std::fmt::Display for DayRange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let date = |day| DaySet::date_of(day).map_or_else(|| "..".to_owned(), |it| it.to_string());
        let last = date(self.last);
        match self.first {
            Some(first) if first == self.last => f.write_str(&last),
            Some(first) => write!(f, "{}/{last}", date(first)),
            None => write!(f, "../{last}"),
        }
    }
}

impl Serialize for DayRange {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl AccountDays {
    /// The days of a window on which something was read.
    pub(crate) fn read_in(&self, window: (Option<i32>, i32)) -> DaySet {
        within(&self.read, window)
    }

    /// The days of a window with events of a kind, in any Region.
    pub(crate) fn with_events(
        &self,
        kind: EventCategory<'_>,
        window: (Option<i32>, i32),
    ) -> DaySet {
        let mut days = DaySet::new();
        for events in self
            .events
            .iter()
            .filter(|events| events.kind.get() == kind)
        {
            days.merge(&within(&events.days, window));
        }
        days
    }

    /// The days that digests cover in every Region of which something was read.
    fn with_digests(&self) -> DaySet {
        let regions = self.events.iter().map(|events| &events.region);
        let mut regions: Vec<&Arc<str>> = regions.chain(self.digests.keys()).collect();
        regions.sort_unstable();
        regions.dedup();
        let of = |region: &Arc<str>| self.digests.get(region).cloned().unwrap_or_default();
        let sets: Vec<DaySet> = regions.into_iter().map(of).collect();
        let Some((first, others)) = sets.split_first() else {
            return DaySet::new();
        };
        let in_all = |day: &i32| others.iter().all(|days| days.contains(*day));
        first.iter().filter(in_all).collect()
    }

    /// The runs of days of a window on which nothing was read.
    fn gaps(&self, (first, last): (Option<i32>, i32)) -> Vec<DayRange> {
        let mut gaps = Vec::new();
        let mut next = first;
        for (from, to) in self.read_in((first, last)).runs() {
            if next.is_none_or(|next| next < from) {
                gaps.push(DayRange {
                    first: next,
                    last: from.saturating_sub(1),
                });
            }
            next = Some(to.saturating_add(1));
        }
        if next.is_none_or(|next| next <= last) {
            gaps.push(DayRange { first: next, last });
        }
        gaps
    }
}

/// The days of a set that are in a window.
fn within(days: &DaySet, (first, last): (Option<i32>, i32)) -> DaySet {
    let is_in = |day: &i32| *day <= last && first.is_none_or(|first| first <= *day);
    days.iter().filter(is_in).collect()
}

impl TrailDays {
    pub(crate) fn new(coverage: &Coverage) -> Self {
        let mut accounts: BTreeMap<Arc<str>, AccountDays> = BTreeMap::new();
        for records in coverage.records() {
            let account = accounts.entry(records.account.into()).or_default();
            account.read.merge(records.days);
            account.events.push(EventDays {
                region: records.region.into(),
                kind: records.category.into(),
                days: records.days.clone(),
            });
        }
        for place in coverage.log_files() {
            let account = accounts.entry(place.account.into()).or_default();
            let digests = place.digest_days();
            account.read.merge(place.days);
            account.read.merge(&digests);
            account.digests.insert(place.region.into(), digests);
        }
        for account in accounts.values_mut() {
            account.events.sort_by(|left, right| {
                let kinds = left.kind.get().cmp(&right.kind.get());
                left.region.cmp(&right.region).then(kinds)
            });
        }
        let missing = coverage.missing_log_files();
        Self {
            accounts,
            missing_log_files: MissingLogFiles {
                count: missing.len(),
                first: missing
                    .iter()
                    .take(NAMED)
                    .map(|name| (*name).into())
                    .collect(),
            },
            has_unknown_sources: coverage.has_unknown_sources(),
            has_undecided_uses: coverage.has_undecided_uses(),
        }
    }

    pub(crate) fn account(&self, account: &str) -> Option<&AccountDays> {
        self.accounts.get(account)
    }

    /// Whether nobody asked the records of some activity which further actions the calls exercised.
    pub(crate) fn has_undecided_uses(&self) -> bool {
        self.has_undecided_uses
    }

    pub(crate) fn has_unknown_sources(&self) -> bool {
        self.has_unknown_sources
    }

    /// Sums up what was read of these accounts.
    pub(crate) fn summary<'a>(
        &self,
        accounts: impl Iterator<Item = &'a str>,
        (first, last): (Option<i32>, i32),
        days_needed: u32,
    ) -> ReportCoverage {
        let window = DayRange { first, last };
        let nothing = AccountDays::default();
        let accounts = accounts.map(|account| {
            let days = self.account(account).unwrap_or(&nothing);
            let events = days.events.iter().filter_map(|events| {
                let days = within(&events.days, (first, last));
                let kind = events.kind.get();
                (!days.is_empty()).then(|| CategoryCoverage {
                    region: events.region.clone(),
                    category: kind.name(),
                    resource_type: kind.resource_type().map(Box::from),
                    days,
                })
            });
            AccountCoverage {
                account: account.into(),
                days_read: count(&days.read_in((first, last))),
                gaps: days.gaps((first, last)),
                days_with_digests: within(&days.with_digests(), (first, last)),
                records: events.collect(),
            }
        });
        ReportCoverage {
            window,
            window_days: window.days(),
            days_needed,
            accounts: accounts.collect(),
            missing_log_files: self.missing_log_files.clone(),
            has_unknown_sources: self.has_unknown_sources,
        }
    }
}

fn count(days: &DaySet) -> u32 {
    u32::try_from(days.len()).unwrap_or(u32::MAX)
}
