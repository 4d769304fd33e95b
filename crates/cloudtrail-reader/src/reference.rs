//! The reference parser: `serde_json`, record by record, for objects of every format.
//!
//! It reads what the projected parser leaves to it, says what is wrong with malformed records, and is what that parser must
//! agree with.

use std::cell::OnceCell;

use advisor_core::{Activity, Coverage, CoverageId};
use bytes::Bytes;
use serde::Deserialize;

use crate::formats::csv::CsvRows;
use crate::formats::detection::{self, Format};
use crate::formats::entry::{Entry, LookupEvent};
use crate::formats::error::FormatError;
use crate::formats::json::JsonRead;
use crate::formats::{activity_file, csv, json, parquet, utf8, utf16};
use crate::options::Rules;
use crate::outcome::malformed::{Malformed, RecordField};
use crate::outcome::object_id::ObjectId;
use crate::outcome::reconciliation::{Reconciliation, SkippedObject};
use crate::outcome::set_aside::{Rejection, SetAside};
use crate::outcome::truncation::TruncatedObject;
use crate::record::attribution;
use crate::record::event::{Details, EventRecord, Text};
use crate::record::log_file::{self, Delivery};

/// Adds the records of one inflated object to the table, and the ids of what its records cover to `held`. An object that cannot be
/// read as a whole adds nothing. The caller counts the bytes in which it was stored.
pub(crate) fn read_object(
    rules: &Rules,
    object: &ObjectId,
    delivery: Option<Delivery<'_>>,
    inflated: &[u8],
    activity: &mut Activity,
    held: &mut Vec<CoverageId>,
) -> Reconciliation {
    let decoded = utf16::decode_utf16(inflated);
    let inflated = decoded.as_deref().map_or(inflated, str::as_bytes);
    let reader = ObjectReader {
        rules,
        object,
        delivery,
        activity,
        held,
    };
    match detection::detect(inflated) {
        Format::Json => reader.read_json(inflated),
        Format::Csv => reader.read_csv(inflated),
        Format::Parquet => reader.read_parquet(inflated),
    }
}

/// Reads one object.
struct ObjectReader<'r> {
    rules: &'r Rules,
    object: &'r ObjectId,
    delivery: Option<Delivery<'r>>,
    activity: &'r mut Activity,
    held: &'r mut Vec<CoverageId>,
}

impl ObjectReader<'_> {
    fn read_json(mut self, inflated: &[u8]) -> Reconciliation {
        let decoded = utf8::decode(inflated);
        let mut read = JsonRead::default();
        let mut taken = self.take_entries(decoded.marker, |take| {
            read = json::read(&decoded.text, take)?;
            Ok(false)
        });
        if let Some(truncation) = read.truncation {
            taken.objects_truncated.push(TruncatedObject {
                object: self.object.clone(),
                truncation,
            });
        }
        if read.is_digest {
            let mut coverage = Coverage::new();
            let digests =
                log_file::read_digests(&decoded.text, self.object, self.rules, &mut coverage);
            if digests.is_ok() {
                self.activity.coverage_mut().merge(&coverage);
            }
            // Beside records, a digest that cannot be read is only less coverage.
            if taken.records_read == 0 {
                return match digests {
                    Ok(true) => Reconciliation::digest(),
                    Ok(false) => Reconciliation::skipped(SkippedObject::QueryResultSignature),
                    Err(fault) => self.failed(FormatError::Digest(fault)),
                };
            }
        }
        let set_aside = taken.set_aside_by_reason.iter();
        let insights = set_aside.filter(|(reason, _)| attribution::is_insight(reason));
        let insights: u64 = insights.map(|(_, count)| count).sum();
        if insights > 0 && insights == taken.records_read {
            return Reconciliation::skipped(SkippedObject::Insight);
        }
        taken
    }

    fn read_csv(mut self, inflated: &[u8]) -> Reconciliation {
        let decoded = utf8::decode(inflated);
        match CsvRows::open(&decoded.text, decoded.marker) {
            Ok(rows) if activity_file::is_header(rows.header()) => {
                activity_file::read_csv(self.rules, self.object, rows, self.activity)
            }
            Ok(rows) => self.take_entries(None, |take| {
                csv::read(rows, take)?;
                Ok(false)
            }),
            Err(error) => self.failed(error),
        }
    }

    fn read_parquet(mut self, inflated: &[u8]) -> Reconciliation {
        let bytes = Bytes::copy_from_slice(inflated);
        if activity_file::is_parquet(&bytes) {
            return activity_file::read_parquet(self.rules, self.object, bytes, self.activity);
        }
        let limit = self.rules.options().object_limit;
        let is_in_security_lake = self.object.is_in_security_lake();
        self.take_entries(None, |take| {
            let is_ocsf = parquet::read(bytes, limit, take)?;
            Ok(is_ocsf && is_in_security_lake)
        })
    }

    fn failed(&self, error: FormatError) -> Reconciliation {
        Reconciliation::failed(self.object.clone(), error.kind(), error)
    }

    /// Takes the entries that `read` finds. Records that CloudTrail did not deliver as they are may have been filtered, so that their
    /// days are not covered, unless `read` returns that Security Lake did. If it fails on the way, nothing is kept.
    fn take_entries(
        &mut self,
        marker: Option<char>,
        read: impl FnOnce(&mut dyn FnMut(Entry<'_>)) -> Result<bool, FormatError>,
    ) -> Reconciliation {
        let mut taken = Reconciliation {
            objects_read: 1,
            ..Default::default()
        };
        let (mut delivered, mut others) = (Activity::new(), Activity::new());
        let mut has_others = false;
        let read = read(&mut |entry| {
            taken.records_read += 1;
            let rows = if matches!(entry, Entry::Delivered(_)) {
                &mut delivered
            } else {
                has_others = true;
                &mut others
            };
            match take_entry(self.rules, entry, marker, rows) {
                Ok(()) => taken.records_attributed += 1,
                Err(rejection) => {
                    taken.set_record_aside(self.object, taken.records_read, rejection);
                }
            }
        });
        match read {
            Ok(are_others_complete) => {
                let assumes_complete = self.rules.options().assume_complete;
                if has_others && !are_others_complete && !assumes_complete {
                    let coverage = others.coverage_mut();
                    *coverage = coverage.as_unknown_source();
                }
                for rows in [&mut delivered, &mut others] {
                    merge_rows(rows, self.delivery, self.activity, self.held);
                }
                taken
            }
            Err(error) => self.failed(error),
        }
    }
}

/// Merges the rows of records, and adds the ids of what the object holds to `held`. What a log file does not cover by its name is
/// forgotten.
pub(crate) fn merge_rows(
    rows: &mut Activity,
    delivery: Option<Delivery<'_>>,
    activity: &mut Activity,
    held: &mut Vec<CoverageId>,
) {
    let coverage = activity.coverage_mut();
    let records = rows.coverage().records();
    held.extend(records.map(|it| coverage.intern(it.account, it.region, it.category)));
    if let Some(delivery) = delivery {
        delivery.limit(rows.coverage_mut());
    }
    activity.merge(rows);
}

fn take_entry(
    rules: &Rules,
    entry: Entry<'_>,
    marker: Option<char>,
    activity: &mut Activity,
) -> Result<(), Rejection> {
    match entry {
        Entry::Delivered(record) | Entry::Record(record) => {
            take_record(rules, record.get(), marker, activity)
        }
        Entry::LookupEvent(event) => {
            let event: LookupEvent<'_> = parse(event.get())?;
            let record = event
                .cloud_trail_event
                .as_deref()
                .ok_or(Malformed::Missing(RecordField::CloudTrailEvent))?;
            take_record(rules, record, marker, activity)
        }
        Entry::Json(record) => take_record(rules, &record, marker, activity),
        Entry::Fields(row) => {
            let details = OnceCell::new();
            let details = || Details::parse(details.get_or_init(|| row.details()));
            attribution::attribute(&row.record, details, rules, activity)
        }
        Entry::NotAnApiCall(kind) => Err(SetAside::NotAnApiCall(kind.into()).into()),
        Entry::Malformed(malformed) => Err(malformed.into()),
    }
}

/// Adds one record to the table, or returns why it does not count. `marker` stands where the bytes were not UTF-8.
pub(crate) fn take_record(
    rules: &Rules,
    json: &str,
    marker: Option<char>,
    activity: &mut Activity,
) -> Result<(), Rejection> {
    if marker.is_some_and(|marker| json.contains(marker)) {
        return Err(Malformed::Encoding.into());
    }
    let mut record: EventRecord<'_> = parse(json)?;
    if record.event_time.is_none() {
        record.event_time = timestamp(json);
    }
    attribution::attribute(&record, || Details::parse(json), rules, activity)
}

/// The time of a record that lacks `eventTime`: Logstash's date filter, for example, moves it into `@timestamp`.
fn timestamp(json: &str) -> Option<Text<'_>> {
    #[derive(Deserialize)]
    struct Document<'a> {
        #[serde(borrow, rename = "@timestamp")]
        timestamp: Option<Text<'a>>,
    }
    let document: Document<'_> = serde_json::from_str(json).ok()?;
    document.timestamp
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Malformed> {
    if !json.trim_ascii_start().starts_with('{') {
        // serde would take a list for the fields of a struct in order.
        return Err(Malformed::NotAnObject);
    }
    serde_json::from_str(json).map_err(|error| {
        // Parsed once more to name the field; malformed records are few.
        let mut again = serde_json::Deserializer::from_str(json);
        match serde_path_to_error::deserialize::<_, T>(&mut again) {
            Err(with_path) => Malformed::json(&with_path.to_string(), with_path.inner()),
            Ok(_) => Malformed::json("not JSON", &error),
        }
    })
}
