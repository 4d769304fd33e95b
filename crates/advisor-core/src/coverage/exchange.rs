//! Coverage as JSON, for activity files, stores and other processes.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::category::EventCategory;
use super::spans::Spans;
use super::trail_coverage::{Coverage, Place, PlaceCoverage};
use crate::day_set::DaySet;

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
    #[serde(borrow, default)]
    missing_log_files: Vec<Cow<'a, str>>,
    /// Fingerprints of the catalogs that credited the activity.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    catalogs: Vec<Cow<'a, str>>,
    #[serde(default)]
    has_unknown_sources: bool,
    /// Nobody has decided them in files that do not say it.
    #[serde(default = "is_set")]
    has_undecided_uses: bool,
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
    days: Cow<'a, DaySet>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ExchangedPlace<'a> {
    #[serde(borrow)]
    account: Cow<'a, str>,
    #[serde(borrow)]
    region: Cow<'a, str>,
    days: Cow<'a, DaySet>,
    /// Spans of UTC milliseconds, without their ends.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    digests: Cow<'a, [(i64, i64)]>,
}

/// Equal coverages give equal texts.
impl Serialize for Coverage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut records: Vec<_> = self.records().collect();
        records.sort_unstable_by_key(|record| (record.account, record.region, record.category));
        let read = self.log_files.read();
        let read: Vec<u8> = read.into_iter().flat_map(u64::to_le_bytes).collect();
        let exchanged = Exchanged {
            records: records
                .into_iter()
                .map(|record| ExchangedRecords {
                    account: record.account.into(),
                    region: record.region.into(),
                    category: record.category.name().into(),
                    resource_type: record.category.resource_type().map(Cow::from),
                    days: Cow::Borrowed(record.days),
                })
                .collect(),
            log_files: self
                .log_files()
                .map(|place| ExchangedPlace {
                    account: place.account.into(),
                    region: place.region.into(),
                    days: Cow::Borrowed(place.days),
                    digests: place.digests.into(),
                })
                .collect(),
            log_files_read: STANDARD.encode(read).into(),
            missing_log_files: self
                .missing_log_files()
                .into_iter()
                .map(Cow::from)
                .collect(),
            catalogs: self.catalogs().map(|it| it.to_string().into()).collect(),
            has_unknown_sources: self.has_unknown_sources,
            has_undecided_uses: self.has_undecided_uses,
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
            ..Self::default()
        };
        for records in exchanged.records {
            let resource_type = records.resource_type.as_deref().unwrap_or_default();
            // A later version may know more categories: what this one does not know is not covered.
            let Some(category) = EventCategory::from_name(&records.category, resource_type) else {
                continue;
            };
            let id = coverage.intern(&records.account, &records.region, category);
            if let Some(known) = coverage.records.get_mut(id.0) {
                known.days.merge(&records.days);
            }
        }
        for place in exchanged.log_files {
            let key = Place {
                account: place.account.into(),
                region: place.region.into(),
            };
            let known: &mut PlaceCoverage = coverage.places.entry(key).or_default();
            known.log_files.merge(&place.days);
            known
                .digests
                .merge(&Spans::from(place.digests.into_owned()));
        }
        for name in &exchanged.missing_log_files {
            coverage.log_files.lose_object(name);
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
        let fingerprints = read.iter().map(|bytes| u64::from_le_bytes(*bytes));
        coverage.log_files.see_all(fingerprints);
        Ok(coverage)
    }
}
