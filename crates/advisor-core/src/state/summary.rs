//! What the reports of an account rest on: the days, Regions and kinds of event that were read.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use super::region_days::RegionDays;
use crate::coverage::{Coverage, EventCategory, MissingLogFile};
use crate::day_set::DaySet;
use crate::unseen_use::UnseenUse;

/// How many names of missing log files are kept.
const NAMED: usize = 5;

/// The coverage of a trail by account.
#[derive(Clone, Debug, Default)]
pub(crate) struct TrailDays {
    accounts: BTreeMap<Arc<str>, AccountDays>,
    missing_log_files: MissingLogFiles,
    undated: Option<Arc<str>>,
    has_unknown_sources: bool,
    has_undecided_uses: bool,
}

/// The coverage of an account's trail.
#[derive(Clone, Debug, Default)]
pub(crate) struct AccountDays {
    /// By Region.
    pub(super) regions: BTreeMap<Arc<str>, RegionDays>,
    missing_log_files: MissingLogFiles,
}

/// What the reports rest on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct ReportCoverage {
    /// The whole days that the reports are about, without the running one. Without a limit of the period, the first is open.
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
    /// Uses in the window that AWS remembers, and that the trail does not show.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unseen_uses: Vec<UnseenUse>,
}

/// What was read of an account's trail in the window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct AccountCoverage {
    /// The account.
    pub account: Arc<str>,
    /// The number of days on which something was read, without those of which a log file is known to be missing.
    pub days_read: u32,
    /// The other days of the window.
    pub gaps: Vec<DayRange>,
    /// The days on which digests of every Region that was read list all log files.
    pub days_with_digests: DaySet,
    /// The days that were read without such digests: a log file of them may be missing unnoticed.
    pub unverified: Vec<DayRange>,
    /// What was read of each Region with data. Of others, nothing was read, and nothing is called unused.
    pub regions: Vec<RegionCoverage>,
    /// Log files of the account that are known to be missing.
    #[serde(skip_serializing_if = "MissingLogFiles::is_empty")]
    pub missing_log_files: MissingLogFiles,
    /// The days with records, by Region and kind of event, also of the kinds that have records outside the window alone.
    pub records: Vec<CategoryCoverage>,
}

/// What was read of a Region of an account's trail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct RegionCoverage {
    /// The Region.
    pub region: Arc<str>,
    /// The number of days on which the trail collected management events there. With fewer than are needed, nothing is said of what
    /// was not used in the Region.
    pub days_read: u32,
    /// The other days of the window.
    pub gaps: Vec<DayRange>,
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
    /// The other days of the window. The trail may have collected the kind there too, without an event.
    pub gaps: Vec<DayRange>,
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
    /// The days of the events that are in them.
    pub days: DaySet,
    /// How many of them may hold events of any day, of any account: nothing is unused.
    #[serde(skip_serializing_if = "is_zero")]
    pub undated: usize,
}

impl MissingLogFiles {
    fn new(coverage: &Coverage, account: Option<&str>) -> Self {
        let mut this = Self::default();
        for missing in coverage.missing() {
            if account.is_none_or(|account| account == missing.account) {
                this.count += 1;
                if this.first.len() < NAMED {
                    this.first.push(missing.name.into());
                }
                this.days.extend(missing.days());
                this.undated += usize::from(missing.is_undated());
            }
        }
        this
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // Serde passes references.
fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// UTC days in a row, both ends included, as numbers of days since 1970-01-01. Written as an ISO 8601 date or interval:
/// `2026-01-01/2026-01-31`, with `..` for an open start; for people, with `{:#}`, as `2026-01-01 to 2026-01-31` or `up to 2026-01-31`.
///
/// ```
/// use advisor_core::DayRange;
/// let range = DayRange { first: Some(20_454), last: 20_484 };
/// assert_eq!(range.to_string(), "2026-01-01/2026-01-31");
/// assert_eq!(format!("{range:#}"), "2026-01-01 to 2026-01-31");
/// assert_eq!(format!("{:#}", DayRange { first: None, ..range }), "up to 2026-01-31");
/// ```
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
            Some(first) if f.alternate() => write!(f, "{} to {last}", date(first)),
            Some(first) => write!(f, "{}/{last}", date(first)),
            None if f.alternate() => write!(f, "up to {last}"),
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
    /// The days of a window on which something was read, in any Region, and of which no log file is known to be missing.
    pub(crate) fn read_in(&self, (first, last): (Option<i32>, i32)) -> DaySet {
        let mut days = DaySet::new();
        for region in self.regions.values() {
            days.merge(&region.read());
        }
        days.without(&self.missing_log_files.days)
            .within(first, last)
    }

    /// The days of a window on which something was read of a Region, and of which no log file of that Region is known to be missing.
    pub(super) fn known_in(&self, (first, last): (Option<i32>, i32)) -> DaySet {
        let mut days = DaySet::new();
        for region in self.regions.values() {
            days.merge(&region.read().without(&region.missing));
        }
        days.within(first, last)
    }

    /// The days that digests cover in every Region of which something was read.
    fn with_digests(&self) -> DaySet {
        let mut regions = self.regions.values().map(|region| &region.digests);
        let first = regions.next().cloned().unwrap_or_default();
        regions.fold(first, |days, other| days.intersection(other))
    }
}

/// The runs of days of a window that are not in a set.
fn gaps(days: &DaySet, (first, last): (Option<i32>, i32)) -> Vec<DayRange> {
    let mut gaps = Vec::new();
    let mut next = first;
    for (from, to) in days.within(first, last).runs() {
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

impl TrailDays {
    pub(crate) fn new(coverage: &Coverage) -> Self {
        let mut accounts: BTreeMap<Arc<str>, AccountDays> = BTreeMap::new();
        let mut region = |account: &str, region: &str, add: &mut dyn FnMut(&mut RegionDays)| {
            let account = accounts.entry(account.into()).or_default();
            add(account.regions.entry(region.into()).or_default());
        };
        for records in coverage.records() {
            region(records.account, records.region, &mut |days| {
                let events = (records.category.into(), records.days.clone());
                days.events.push(events);
            });
        }
        for call in coverage.calls() {
            let records = call.records;
            region(records.account, records.region, &mut |days| {
                let kind = records.category.into();
                let days_of_it = records.days.clone();
                let call = (call.service.into(), call.action.into(), kind, days_of_it);
                days.calls.push(call);
            });
        }
        for place in coverage.log_files() {
            region(place.account, place.region, &mut |days| {
                days.log_files = place.days.clone();
                days.ended = place.ended;
                days.digests = place.digest_days();
            });
        }
        for (number, kind) in [
            EventCategory::ManagementRead,
            EventCategory::ManagementWrite,
        ]
        .into_iter()
        .enumerate()
        {
            for (account, name, proved) in coverage.days_by_digests(kind) {
                region(account, name, &mut |days| {
                    if let Some(days) = days.by_digests.get_mut(number) {
                        days.merge(&proved);
                    }
                });
            }
        }
        for missing in coverage.missing() {
            region(missing.account, missing.region, &mut |days| {
                days.missing.extend(missing.days());
            });
        }
        for (account, name, breaks) in coverage.breaks_of_digests() {
            region(account, name, &mut |days| days.missing.merge(&breaks));
        }
        for (account, days) in &mut accounts {
            days.missing_log_files = MissingLogFiles::new(coverage, Some(account));
            for region in days.regions.values_mut() {
                (region.events).sort_by(|left, right| left.0.get().cmp(&right.0.get()));
            }
        }
        Self {
            accounts,
            missing_log_files: MissingLogFiles::new(coverage, None),
            undated: coverage
                .missing()
                .find(MissingLogFile::is_undated)
                .map(|missing| missing.name.into()),
            has_unknown_sources: coverage.has_unknown_sources(),
            has_undecided_uses: coverage.has_undecided_uses(),
        }
    }

    /// Whether something was read of a day of an account, in a Region if it is known, and no log file of that is known to be missing.
    pub(crate) fn was_read(&self, account: &str, region: Option<&str>, day: i32) -> bool {
        let Some(account) = self.account(account) else {
            return false;
        };
        let mut regions = account.regions.iter();
        regions.any(|(name, days)| {
            region.is_none_or(|region| region == &**name)
                && days.read().contains(day)
                && !days.missing.contains(day)
        })
    }

    pub(crate) fn account(&self, account: &str) -> Option<&AccountDays> {
        self.accounts.get(account)
    }

    /// An object that was not read, or only in part, and that may hold events of any day and account.
    pub(crate) fn undated(&self) -> Option<&Arc<str>> {
        self.undated.as_ref()
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
            let of_account = self.account(account).unwrap_or(&nothing);
            let read = of_account.read_in((first, last));
            let digests = of_account.with_digests();
            let unverified = read.without(&digests);
            let unverified = unverified.runs().map(|(from, to)| DayRange {
                first: Some(from),
                last: to,
            });
            let regions = of_account.regions.iter();
            let events = regions.clone().flat_map(|(region, of_region)| {
                of_region.events.iter().map(|(kind, days)| {
                    let days = days.within(first, last);
                    let kind = kind.get();
                    CategoryCoverage {
                        region: region.clone(),
                        category: kind.name(),
                        resource_type: kind.resource_type().map(Box::from),
                        gaps: gaps(&days, (first, last)),
                        days,
                    }
                })
            });
            AccountCoverage {
                account: account.into(),
                days_read: count(&read),
                gaps: gaps(&read, (first, last)),
                days_with_digests: digests.within(first, last),
                unverified: unverified.collect(),
                records: events.collect(),
                regions: regions
                    .map(|(region, of_region)| {
                        let days = of_region.with_management().within(first, last);
                        RegionCoverage {
                            region: region.clone(),
                            days_read: count(&days),
                            gaps: gaps(&days, (first, last)),
                        }
                    })
                    .collect(),
                missing_log_files: of_account.missing_log_files.clone(),
            }
        });
        ReportCoverage {
            window,
            window_days: window.days(),
            days_needed,
            accounts: accounts.collect(),
            missing_log_files: self.missing_log_files.clone(),
            has_unknown_sources: self.has_unknown_sources,
            unseen_uses: Vec::new(),
        }
    }
}

pub(super) fn count(days: &DaySet) -> u32 {
    u32::try_from(days.len()).unwrap_or(u32::MAX)
}
