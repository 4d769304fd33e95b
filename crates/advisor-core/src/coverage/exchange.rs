//! Coverage as JSON, for activity files, stores and other processes.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::category::EventCategory;
use super::credential_use::{CredentialUse, UserCredential};
use super::log_files::{Held, Missing};
use super::spans::Spans;
use super::trail_coverage::{
    AccountRegion, AccountRegionCoverage, Coverage, RecordCoverage, TrailDigests,
};
use crate::day_set::DaySet;
use crate::principal::Principal;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Exchanged<'a> {
    #[serde(borrow, default)]
    records: Vec<ExchangedRecords<'a>>,
    #[serde(borrow, default)]
    log_files: Vec<ExchangedPlace<'a>>,
    /// Fingerprints of the log files that were read, eight bytes each, the lowest byte first, as base64.
    #[serde(borrow, default)]
    log_files_read: Cow<'a, str>,
    /// What each of them holds, a byte each, as base64. Empty in files of earlier versions, which did not look.
    #[serde(borrow, default)]
    log_files_held: Cow<'a, str>,
    #[serde(borrow, default)]
    missing_log_files: Vec<ExchangedMissing<'a>>,
    /// Calls of single actions.
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    calls: Vec<ExchangedRecords<'a>>,
    /// Fingerprints of the catalogs that credited the activity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    catalogs: Vec<Cow<'a, str>>,
    #[serde(default)]
    has_unknown_sources: bool,
    /// Nobody has decided them in files that do not say it.
    #[serde(default = "is_set")]
    has_undecided_uses: bool,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    credential_uses: Vec<ExchangedCredential<'a>>,
    /// Nobody has read them in files that do not say it.
    #[serde(default = "is_set")]
    has_unread_credentials: bool,
}

fn is_set() -> bool {
    true
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ExchangedRecords<'a> {
    #[serde(borrow)]
    account: Cow<'a, str>,
    #[serde(borrow)]
    region: Cow<'a, str>,
    #[serde(borrow)]
    category: Cow<'a, str>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    resource_type: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    service: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    action: Option<Cow<'a, str>>,
    days: Cow<'a, DaySet>,
}

impl<'a> ExchangedRecords<'a> {
    fn new(records: RecordCoverage<'a>, call: Option<(&'a str, &'a str)>) -> Self {
        Self {
            account: records.account.into(),
            region: records.region.into(),
            category: records.category.name().into(),
            resource_type: records.category.resource_type().map(Cow::from),
            service: call.map(|(service, _)| service.into()),
            action: call.map(|(_, action)| action.into()),
            days: Cow::Borrowed(records.days),
        }
    }

    /// A later version may know more categories: what this one does not know is not covered.
    fn add_to(&self, coverage: &mut Coverage) {
        let resource_type = self.resource_type.as_deref().unwrap_or_default();
        if let Some(category) = EventCategory::from_name(&self.category, resource_type) {
            let records = RecordCoverage {
                account: &self.account,
                region: &self.region,
                category,
                days: &self.days,
            };
            let call = self.service.as_deref().zip(self.action.as_deref());
            coverage.add_records(records, call);
        }
    }
}

/// Uses of a credential: of a password when there is no access key.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ExchangedCredential<'a> {
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    principal_id: Option<Cow<'a, str>>,
    /// Of a principal without a unique id.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    arn: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    account: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    access_key_id: Option<Cow<'a, str>>,
    #[serde(borrow)]
    service: Cow<'a, str>,
    #[serde(borrow)]
    region: Cow<'a, str>,
    last_millis: i64,
    #[serde(borrow)]
    last_event_id: Cow<'a, str>,
    first_millis: i64,
    days: Cow<'a, DaySet>,
}

impl<'a> From<CredentialUse<'a>> for ExchangedCredential<'a> {
    fn from(uses: CredentialUse<'a>) -> Self {
        Self {
            principal_id: uses.principal.unique_id.map(Cow::from),
            arn: uses.principal.arn.map(Cow::from),
            account: uses.principal.account.map(Cow::from),
            access_key_id: uses.credential.access_key_id().map(Cow::from),
            service: uses.service.into(),
            region: uses.region.into(),
            last_millis: uses.last_millis,
            last_event_id: uses.last_event_id.into(),
            first_millis: uses.first_millis,
            days: Cow::Borrowed(uses.days),
        }
    }
}

impl ExchangedCredential<'_> {
    fn get(&self) -> CredentialUse<'_> {
        CredentialUse {
            principal: Principal {
                unique_id: self.principal_id.as_deref(),
                arn: self.arn.as_deref(),
                account: self.account.as_deref(),
            },
            credential: (self.access_key_id.as_deref())
                .map_or(UserCredential::Password, UserCredential::AccessKey),
            service: &self.service,
            region: &self.region,
            last_millis: self.last_millis,
            last_event_id: &self.last_event_id,
            first_millis: self.first_millis,
            days: &self.days,
        }
    }
}

/// A log file that was not read: by its name alone when no digest lists it.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum ExchangedMissing<'a> {
    Name(#[serde(borrow)] Cow<'a, str>),
    #[serde(rename_all = "PascalCase")]
    Full {
        #[serde(borrow)]
        name: Cow<'a, str>,
        #[serde(borrow)]
        account: Cow<'a, str>,
        #[serde(borrow)]
        region: Cow<'a, str>,
        first_day: i32,
        last_day: i32,
    },
}

impl From<ExchangedMissing<'_>> for Missing {
    fn from(missing: ExchangedMissing<'_>) -> Self {
        match missing {
            ExchangedMissing::Name(name) => Self::of_name(&name),
            ExchangedMissing::Full {
                name,
                account,
                region,
                first_day,
                last_day,
            } => Self {
                name: (&*name).into(),
                account: (&*account).into(),
                region: (&*region).into(),
                first_day,
                last_day,
                is_listed: true,
            },
        }
    }
}

/// The digests of a trail.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ExchangedTrail<'a> {
    #[serde(borrow)]
    trail: Cow<'a, str>,
    digests: Cow<'a, [(i64, i64)]>,
    /// The log files that they list: eight bytes of the fingerprint and four of the day of delivery, the lowest first, as base64.
    #[serde(borrow, default)]
    listed: Cow<'a, str>,
}

impl<'a> ExchangedTrail<'a> {
    fn new((trail, digests): (&'a str, &'a TrailDigests)) -> Self {
        let listed = digests.listed.iter().flat_map(|(file, delivered)| {
            let day = delivered.to_le_bytes();
            file.to_le_bytes().into_iter().chain(day)
        });
        Self {
            trail: trail.into(),
            digests: digests.spans.as_slice().into(),
            listed: STANDARD.encode(listed.collect::<Vec<u8>>()).into(),
        }
    }

    fn add_to(self, place: &mut AccountRegionCoverage) -> Result<(), String> {
        let listed = STANDARD.decode(&*self.listed);
        let listed = listed.map_err(|error| error.to_string())?;
        let (listed, rest) = listed.as_chunks::<12>();
        if !rest.is_empty() {
            return Err("Listed has a part of a log file".to_owned());
        }
        let listed = listed.iter().map(|[a, b, c, d, e, f, g, h, day @ ..]| {
            let file = u64::from_le_bytes([*a, *b, *c, *d, *e, *f, *g, *h]);
            (file, i32::from_le_bytes(*day))
        });
        let known = place.trails.entry((*self.trail).into()).or_default();
        known.add(&Spans::from(self.digests.into_owned()), &listed.collect());
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ExchangedPlace<'a> {
    #[serde(borrow)]
    account: Cow<'a, str>,
    #[serde(borrow)]
    region: Cow<'a, str>,
    days: Cow<'a, DaySet>,
    /// The last day of limits that cut a later one.
    #[serde(default, skip_serializing_if = "DaySet::is_empty")]
    ended: DaySet,
    /// Spans of UTC milliseconds, without their ends.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    digests: Cow<'a, [(i64, i64)]>,
    #[serde(borrow, default, skip_serializing_if = "Vec::is_empty")]
    trails: Vec<ExchangedTrail<'a>>,
}

/// Equal coverages give equal texts.
impl Serialize for Coverage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut records: Vec<_> = self.records().collect();
        records.sort_unstable_by_key(|record| (record.account, record.region, record.category));
        let read = self.log_files.read();
        let held: Vec<u8> = read.iter().map(|(_, held)| held.bits()).collect();
        let read = read.into_iter().map(|(file, _)| file);
        let read: Vec<u8> = read.flat_map(u64::to_le_bytes).collect();
        let exchanged = Exchanged {
            records: records
                .into_iter()
                .map(|record| ExchangedRecords::new(record, None))
                .collect(),
            log_files: (self.places.iter())
                .map(|(place, coverage)| ExchangedPlace {
                    account: (&*place.account).into(),
                    region: (&*place.region).into(),
                    days: Cow::Borrowed(&coverage.log_files),
                    ended: coverage.ended.into_iter().collect(),
                    digests: coverage.digests.as_slice().into(),
                    trails: (coverage.trails.iter())
                        .map(|(trail, digests)| ExchangedTrail::new((trail, digests)))
                        .collect(),
                })
                .collect(),
            log_files_read: STANDARD.encode(read).into(),
            log_files_held: STANDARD.encode(held).into(),
            missing_log_files: self
                .log_files
                .missing()
                .into_iter()
                .map(|missing| {
                    let name = (&*missing.name).into();
                    if missing.is_listed {
                        ExchangedMissing::Full {
                            name,
                            account: (&*missing.account).into(),
                            region: (&*missing.region).into(),
                            first_day: missing.first_day,
                            last_day: missing.last_day,
                        }
                    } else {
                        ExchangedMissing::Name(name)
                    }
                })
                .collect(),
            calls: (self.sorted_calls().into_iter())
                .map(|call| ExchangedRecords::new(call.records, Some((call.service, call.action))))
                .collect(),
            catalogs: self.catalogs().map(|it| it.to_string().into()).collect(),
            has_unknown_sources: self.has_unknown_sources,
            has_undecided_uses: self.has_undecided_uses,
            credential_uses: (self.credentials.sorted().into_iter())
                .map(ExchangedCredential::from)
                .collect(),
            has_unread_credentials: self.has_unread_credentials,
        };
        exchanged.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Coverage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let exchanged = Exchanged::deserialize(deserializer)?;
        let mut coverage = Self {
            has_unknown_sources: exchanged.has_unknown_sources,
            has_undecided_uses: exchanged.has_undecided_uses,
            has_unread_credentials: exchanged.has_unread_credentials,
            ..Self::default()
        };
        for records in exchanged.records {
            records.add_to(&mut coverage);
        }
        for call in exchanged.calls.iter().filter(|call| call.action.is_some()) {
            call.add_to(&mut coverage);
        }
        for uses in &exchanged.credential_uses {
            let (first, last) = (uses.first_millis, uses.last_millis);
            let days = [first, last].map(DaySet::day_of);
            let is_sound = first <= last && [uses.days.first(), uses.days.last()] == days.map(Some);
            if !is_sound || !coverage.credentials.add(&uses.get()) {
                return Err(D::Error::custom(
                    "CredentialUses has one whose days are not those of its uses",
                ));
            }
        }
        for place in exchanged.log_files {
            let key = AccountRegion {
                account: place.account.into(),
                region: place.region.into(),
            };
            let known: &mut AccountRegionCoverage = coverage.places.entry(key).or_default();
            known.log_files.merge(&place.days);
            known.ended = known.ended.max(place.ended.last());
            known
                .digests
                .merge(&Spans::from(place.digests.into_owned()));
            for trail in place.trails {
                trail.add_to(known).map_err(D::Error::custom)?;
            }
        }
        for missing in exchanged.missing_log_files {
            coverage.log_files.list(missing.into());
        }
        for catalog in &exchanged.catalogs {
            coverage.see_catalog(catalog.parse().map_err(D::Error::custom)?);
        }
        let read = STANDARD.decode(&*exchanged.log_files_read);
        let read = read.map_err(D::Error::custom)?;
        let (read, rest) = read.as_chunks();
        if !rest.is_empty() {
            return Err(D::Error::custom("LogFilesRead has a part of a fingerprint"));
        }
        let held = STANDARD.decode(&*exchanged.log_files_held);
        let held = held.map_err(D::Error::custom)?;
        if !held.is_empty() && held.len() != read.len() {
            return Err(D::Error::custom("LogFilesHeld has not a byte per log file"));
        }
        let held = held.into_iter().map(Held::from_bits);
        let held = held.chain(std::iter::repeat(Held::default()));
        let fingerprints = read.iter().map(|bytes| u64::from_le_bytes(*bytes));
        coverage.log_files.see_all(fingerprints.zip(held));
        Ok(coverage)
    }
}
