//! What was read of a trail.

use std::collections::{BTreeMap, BTreeSet};

use service_catalog::CatalogFingerprint;

use super::category::EventCategory;
use super::credential_use::{
    CredentialId, CredentialUse, CredentialUses, SeenCredential, UserCredential,
};
use super::log_files::{Held, LogFiles, Missing, days_of_span, last_part};
use super::spans::{self, Spans};
use crate::day_set::DaySet;
use crate::interned::Interned;
use crate::principal::Principal;

/// What was read: by account, Region and kind of event, the UTC days with records; by account and Region, the days with log
/// files and the hours whose log files digests list; the credentials of users that were used; and the catalogs that credited the
/// events.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub(super) records: Interned<Records>,
    pub(super) places: BTreeMap<AccountRegion, AccountRegionCoverage>,
    pub(super) log_files: LogFiles,
    pub(super) catalogs: BTreeSet<CatalogFingerprint>,
    pub(super) has_unknown_sources: bool,
    pub(super) has_undecided_uses: bool,
    pub(super) credentials: CredentialUses,
    pub(super) has_unread_credentials: bool,
}

/// An account, a Region and a kind of event of a [`Coverage`], for recording many days. Valid only for the coverage that returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CoverageId(pub(super) u32);

#[derive(Clone, Debug)]
pub(super) struct Records {
    pub(super) account: Box<str>,
    pub(super) region: Box<str>,
    category: OwnedCategory,
    call: Option<Call>,
    pub(super) days: DaySet,
}

/// What was called.
#[derive(Clone, Debug)]
struct Call {
    service: Box<str>,
    action: Box<str>,
}

impl Call {
    fn is(this: Option<&Self>, other: Option<(&str, &str)>) -> bool {
        this.map(|call| (&*call.service, &*call.action)) == other
    }
}

/// An [`EventCategory`] that owns its resource type.
#[derive(Clone, Debug)]
pub(crate) enum OwnedCategory {
    Fixed(EventCategory<'static>),
    Data(Box<str>),
    DataRead(Box<str>),
    DataWrite(Box<str>),
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct AccountRegion {
    pub(super) account: Box<str>,
    pub(super) region: Box<str>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AccountRegionCoverage {
    pub(super) log_files: DaySet,
    /// The last day of the limits, if something was read of a later one.
    pub(super) ended: Option<i32>,
    pub(super) digests: Spans,
    /// By trail. Coverage of earlier versions does not have them.
    pub(super) trails: BTreeMap<Box<str>, TrailDigests>,
}

/// What the digests of one trail say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TrailDigests {
    pub(super) spans: Spans,
    /// The log files that they list: fingerprint and the day of delivery.
    pub(super) listed: BTreeMap<u64, i32>,
}

/// A digest: a list of the log files that `CloudTrail` delivered for one trail between two instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Digest<'a> {
    /// The account.
    pub account: &'a str,
    /// The Region.
    pub region: &'a str,
    /// The name of the trail, in any form that tells it from the account's other trails. Empty when it is not known.
    pub trail: &'a str,
    /// The first instant, in UTC milliseconds.
    pub start_millis: i64,
    /// The instant after the last one.
    pub end_millis: i64,
}

/// A log file that a digest lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ListedLogFile<'a> {
    /// Its name. Folders in it do not matter.
    pub name: &'a str,
    /// The UTC day on which it was delivered.
    pub delivered: i32,
    /// The day of its oldest event.
    pub first_day: i32,
    /// The day of its newest event.
    pub last_day: i32,
}

/// A log file that a digest lists and that was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MissingLogFile<'a> {
    /// The last part of its name.
    pub name: &'a str,
    /// The account; empty when it is not known.
    pub account: &'a str,
    /// The Region; empty when it is not known.
    pub region: &'a str,
    /// The day of its oldest event.
    pub first_day: i32,
    /// The day of its newest event; before `first_day` when the days are not known.
    pub last_day: i32,
}

/// Calls of one action that records show, whoever made them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CallCoverage<'a> {
    /// The kind of event that they were logged as, where, and on which days.
    pub records: RecordCoverage<'a>,
    /// The service namespace.
    pub service: &'a str,
    /// The action.
    pub action: &'a str,
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
    /// The last day of [limits](Coverage::limit_to) that cut a later one of which something was read: it had ended.
    pub ended: Option<i32>,
    /// The time of delivery that digests cover: spans in UTC milliseconds, without their ends.
    pub digests: &'a [(i64, i64)],
}

impl MissingLogFile<'_> {
    /// Whether nothing says of which days the events in it are.
    #[must_use]
    pub fn is_undated(&self) -> bool {
        self.days().next().is_none()
    }

    /// The days of the events that may be in it.
    pub fn days(&self) -> impl Iterator<Item = i32> {
        days_of_span(self.first_day, self.last_day)
    }
}

impl LogFileCoverage<'_> {
    /// The days of which digests cover every hour.
    #[must_use]
    pub fn digest_days(&self) -> DaySet {
        spans::whole_days(self.digests)
    }
}

impl OwnedCategory {
    pub(crate) fn get(&self) -> EventCategory<'_> {
        match self {
            Self::Fixed(category) => *category,
            Self::Data(resource_type) => EventCategory::Data(resource_type),
            Self::DataRead(resource_type) => EventCategory::DataRead(resource_type),
            Self::DataWrite(resource_type) => EventCategory::DataWrite(resource_type),
        }
    }
}

impl From<EventCategory<'_>> for OwnedCategory {
    fn from(category: EventCategory<'_>) -> Self {
        match category {
            EventCategory::Data(resource_type) => Self::Data(resource_type.into()),
            EventCategory::DataRead(resource_type) => Self::DataRead(resource_type.into()),
            EventCategory::DataWrite(resource_type) => Self::DataWrite(resource_type.into()),
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

    /// Records an event of this kind, whoever made it, in the trail of this account. A `day` is one of
    /// [`DaySet::day_of`](crate::DaySet::day_of). With it, the trail counts as read on that day: what no attempt shows can be unused.
    /// Beside attempts that do not tell the further actions of their calls, call [`see_undecided_uses`](Self::see_undecided_uses).
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
        self.intern_records(account, region, category, None)
    }

    /// The id of the calls of an action that are logged as `of`, for [`Coverage::see`] beside that of `of`. `None` if `of` is not an
    /// id of this coverage.
    pub fn intern_call(
        &mut self,
        CoverageId(of): CoverageId,
        service: &str,
        action: &str,
    ) -> Option<CoverageId> {
        let Records {
            account,
            region,
            category,
            ..
        } = self.records.get(of)?.clone();
        let call = Some((service, action));
        Some(self.intern_records(&account, &region, category.get(), call))
    }

    fn intern_records(
        &mut self,
        account: &str,
        region: &str,
        category: EventCategory<'_>,
        call: Option<(&str, &str)>,
    ) -> CoverageId {
        CoverageId(self.records.id(
            (account, region, category, call),
            |known| {
                *known.account == *account
                    && *known.region == *region
                    && known.category.get() == category
                    && Call::is(known.call.as_ref(), call)
            },
            || Records {
                account: account.into(),
                region: region.into(),
                category: category.into(),
                call: call.map(|(service, action)| Call {
                    service: service.into(),
                    action: action.into(),
                }),
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

    /// Records a call of an action, which [`intern_call`](Self::intern_call) does for many.
    pub fn see_call(
        &mut self,
        account: &str,
        region: &str,
        category: EventCategory<'_>,
        (service, action): (&str, &str),
        day: i32,
    ) {
        let id = self.intern_records(account, region, category, Some((service, action)));
        self.see(id, day);
    }

    /// Whether an id is of this account and Region.
    #[must_use]
    pub fn is_of(&self, CoverageId(id): CoverageId, account: &str, region: &str) -> bool {
        let records = self.records.get(id);
        records.is_some_and(|it| *it.account == *account && *it.region == *region)
    }

    /// Records that a log file was read to its end. Folders in its name do not matter: copies of a trail keep the last part. `held`
    /// are the ids of what it holds.
    pub fn see_log_file(
        &mut self,
        account: &str,
        region: &str,
        day: i32,
        name: &str,
        held: &[CoverageId],
    ) {
        let mut kinds = Held::default();
        for records in held.iter().filter_map(|id| self.records.get(id.0)) {
            if *records.account == *account && *records.region == *region {
                kinds.add(Held::of(records.category.get()));
            }
        }
        self.place(account, region).log_files.insert(day);
        self.log_files.see(name, kinds);
    }

    /// Records a digest, and the log files that it lists. Those that are not read are [missing](Self::missing).
    pub fn see_digest<'f>(
        &mut self,
        digest: Digest<'_>,
        log_files: impl IntoIterator<Item = ListedLogFile<'f>>,
    ) {
        let Digest {
            account,
            region,
            trail,
            start_millis,
            end_millis,
        } = digest;
        let mut listed = BTreeMap::new();
        for file in log_files {
            let fingerprint = self.log_files.list(Missing {
                name: last_part(file.name).into(),
                account: account.into(),
                region: region.into(),
                first_day: file.first_day,
                last_day: file.last_day,
                is_listed: true,
            });
            listed.insert(fingerprint, file.delivered);
        }
        let place = self.place(account, region);
        place.digests.insert(start_millis, end_millis);
        place
            .trails
            .entry(trail.into())
            .or_default()
            .add(&Spans::from(vec![(start_millis, end_millis)]), &listed);
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
    /// engine made. Then a call implies all further actions that it may have exercised, so that none of them is unused.
    pub fn see_undecided_uses(&mut self) {
        self.has_undecided_uses = true;
    }

    /// Whether nobody asked the records of some activity which further actions the calls exercised.
    #[must_use]
    pub fn has_undecided_uses(&self) -> bool {
        self.has_undecided_uses
    }

    /// The id of a credential of a user, for [`Activity::record_interned_credential`](crate::Activity::record_interned_credential).
    /// `None` when the principal has neither a unique id nor an ARN.
    pub fn intern_credential(
        &mut self,
        principal: Principal<'_>,
        credential: UserCredential<'_>,
    ) -> Option<CredentialId> {
        self.credentials.intern(principal, credential)
    }

    pub(crate) fn see_credential(&mut self, credential: CredentialId, seen: &SeenCredential<'_>) {
        self.credentials.see(credential, seen);
    }

    /// The uses of users' credentials that records show, by principal and credential.
    #[must_use]
    pub fn credential_uses(&self) -> Vec<CredentialUse<'_>> {
        self.credentials.sorted()
    }

    /// Records that some activity does not say which credentials were used, as for tables that a query engine made.
    pub fn see_unread_credentials(&mut self) {
        self.has_unread_credentials = true;
    }

    /// Whether some activity does not say which credentials were used: then others than
    /// [`credential_uses`](Self::credential_uses) may have been.
    #[must_use]
    pub fn has_unread_credentials(&self) -> bool {
        self.has_unread_credentials
    }

    /// Records that activity came from a source that does not say what it covers.
    pub fn see_unknown_source(&mut self) {
        self.has_unknown_sources = true;
    }

    pub(super) fn place(&mut self, account: &str, region: &str) -> &mut AccountRegionCoverage {
        let place = AccountRegion {
            account: account.into(),
            region: region.into(),
        };
        self.places.entry(place).or_default()
    }

    /// Merges the coverage of another part of the trail.
    pub fn merge(&mut self, other: &Self) {
        for records in other.records.values() {
            self.add_records(
                records.coverage(),
                (records.call.as_ref()).map(|call| (&*call.service, &*call.action)),
            );
        }
        for (place, coverage) in &other.places {
            let known = self.places.entry(place.clone()).or_default();
            known.log_files.merge(&coverage.log_files);
            known.ended = known.ended.max(coverage.ended);
            known.digests.merge(&coverage.digests);
            for (trail, digests) in &coverage.trails {
                let known = known.trails.entry(trail.clone()).or_default();
                known.add(&digests.spans, &digests.listed);
            }
        }
        self.log_files.merge(&other.log_files);
        self.catalogs.extend(&other.catalogs);
        self.has_unknown_sources |= other.has_unknown_sources;
        self.has_undecided_uses |= other.has_undecided_uses;
        self.credentials.merge(&other.credentials);
        self.has_unread_credentials |= other.has_unread_credentials;
    }

    /// Adds days with records, of which no day may be known.
    pub(super) fn add_records(&mut self, records: RecordCoverage<'_>, call: Option<(&str, &str)>) {
        let RecordCoverage {
            account,
            region,
            category,
            days,
        } = records;
        let CoverageId(id) = self.intern_records(account, region, category, call);
        if let Some(known) = self.records.get_mut(id) {
            known.days.merge(days);
        }
    }

    /// The days with records, in no particular order.
    pub fn records(&self) -> impl Iterator<Item = RecordCoverage<'_>> {
        let records = self.records.values();
        records
            .filter(|records| records.call.is_none() && !records.days.is_empty())
            .map(Records::coverage)
    }

    /// The days with calls of actions that need it: see [`call_tells`](crate::call_tells). In no particular order.
    pub fn calls(&self) -> impl Iterator<Item = CallCoverage<'_>> {
        self.records.values().filter_map(|records| {
            let call = records.call.as_ref()?;
            (!records.days.is_empty()).then(|| CallCoverage {
                records: records.coverage(),
                service: &call.service,
                action: &call.action,
            })
        })
    }

    /// What log files and digests say, by account and Region, in order.
    pub fn log_files(&self) -> impl Iterator<Item = LogFileCoverage<'_>> {
        self.places.iter().map(|(place, coverage)| LogFileCoverage {
            account: &place.account,
            region: &place.region,
            days: &coverage.log_files,
            ended: coverage.ended,
            digests: coverage.digests.as_slice(),
        })
    }

    /// The log files that a digest lists and that were not read, and objects that could not be read whole, by name.
    pub fn missing(&self) -> impl Iterator<Item = MissingLogFile<'_>> {
        let missing = self.log_files.missing().into_iter();
        missing.map(|missing| MissingLogFile {
            name: &missing.name,
            account: &missing.account,
            region: &missing.region,
            first_day: missing.first_day,
            last_day: missing.last_day,
        })
    }

    /// The names of log files that a digest lists and that were not read, without folders, and of objects that could not be read
    /// whole: damaged ones, parts of results, those with malformed records. In order.
    #[must_use]
    pub fn missing_log_files(&self) -> Vec<&str> {
        self.missing().map(|missing| missing.name).collect()
    }

    /// The days on which log files of a place are missing.
    pub(crate) fn missing_days(&self, account: &str, region: Option<&str>) -> DaySet {
        let missing = self.log_files.missing().into_iter().filter(|missing| {
            *missing.account == *account && region.is_none_or(|region| *missing.region == *region)
        });
        missing.flat_map(Missing::days).collect()
    }

    /// By account and Region: the days that digests prove to be covered for a kind of management event, also without a record. That
    /// is so while digests of one trail cover the whole day, between two log files of that trail that were read and hold the kind. On
    /// the day of the last delivery the events may be of the day before, so it is not proved; if they are of that day, records are.
    pub(crate) fn days_by_digests(
        &self,
        category: EventCategory<'_>,
    ) -> impl Iterator<Item = (&str, &str, DaySet)> {
        self.places.iter().map(move |(place, coverage)| {
            let mut days = DaySet::new();
            for digests in coverage.trails.values() {
                days.merge(&digests.days_with(category, &self.log_files));
            }
            (&*place.account, &*place.region, days)
        })
    }

    /// By account and Region: the days on which the digests of a trail have a break between two others. The trail did not log, or
    /// digests are missing with all that they list.
    pub(crate) fn breaks_of_digests(&self) -> impl Iterator<Item = (&str, &str, DaySet)> {
        self.places.iter().map(|(place, coverage)| {
            let mut days = DaySet::new();
            for digests in coverage.trails.values() {
                days.merge(&spans::days_between(digests.spans.as_slice()));
            }
            (&*place.account, &*place.region, days)
        })
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
    /// cover every hour; without those of which a log file is known to be [missing](Self::missing).
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
        days.without(&self.missing_days(account, None))
    }
}

impl Records {
    fn coverage(&self) -> RecordCoverage<'_> {
        RecordCoverage {
            account: &self.account,
            region: &self.region,
            category: self.category.get(),
            days: &self.days,
        }
    }
}

impl TrailDigests {
    /// Adds what other digests of the trail say.
    pub(super) fn add(&mut self, spans: &Spans, listed: &BTreeMap<u64, i32>) {
        self.spans.merge(spans);
        for (fingerprint, delivered) in listed {
            let known = self.listed.entry(*fingerprint).or_insert(*delivered);
            *known = (*delivered).min(*known);
        }
    }

    fn days_with(&self, category: EventCategory<'_>, log_files: &LogFiles) -> DaySet {
        let holds = |fingerprint: &u64| {
            let held = log_files.held(*fingerprint);
            held.is_some_and(|held| held.holds(category))
        };
        let holding = self.listed.iter().filter(|(file, _)| holds(file));
        let delivered: DaySet = holding.map(|(_, delivered)| *delivered).collect();
        match (delivered.first(), delivered.last()) {
            (Some(first), Some(last)) => {
                spans::whole_days(self.spans.as_slice()).within(Some(first), last.saturating_sub(1))
            }
            _ => DaySet::new(),
        }
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
            && self.credentials == other.credentials
            && self.has_unread_credentials == other.has_unread_credentials
            && sorted(self) == sorted(other)
            && self.sorted_calls() == other.sorted_calls()
    }
}

impl Coverage {
    /// The calls by place, kind and action.
    pub(super) fn sorted_calls(&self) -> Vec<CallCoverage<'_>> {
        let mut calls: Vec<_> = self.calls().collect();
        calls.sort_unstable_by_key(|call| {
            let RecordCoverage {
                account,
                region,
                category,
                ..
            } = call.records;
            (account, region, category, call.service, call.action)
        });
        calls
    }
}
