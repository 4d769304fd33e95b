//! The plain reader: `serde_json`, record by record. It reads what the [one-pass reader](crate::intake) leaves to it, words
//! all faults, and is what that one must agree with.

use advisor_core::Activity;
use bytes::Bytes;
use serde::Deserialize;

use crate::activity_file;
use crate::csv_table::{self, CsvRows};
use crate::object::{self, Entry, LookupEvent, ObjectError};
use crate::options::Rules;
use crate::outcome::reconciliation::{Reconciliation, SkippedObject};
use crate::outcome::set_aside::{Malformed, RecordField, Rejection, SetAside};
use crate::parquet_table;
use crate::record::attribution;
use crate::record::event::EventRecord;
use crate::shape::{self, Shape};
use crate::utf8;

/// Takes the records of one inflated object into the table. An object that cannot be read as a whole adds nothing. The
/// bytes it was stored in are left to the caller.
pub(crate) fn take_object(
    rules: &Rules,
    name: &str,
    inflated: &[u8],
    activity: &mut Activity,
) -> Reconciliation {
    let shape = shape::detect(inflated);
    if shape != Shape::Json {
        return take_table(rules, name, shape, inflated, activity);
    }
    let decoded = utf8::decode(inflated);
    let mut is_digest = false;
    let taken = take_entries(rules, name, decoded.marker, activity, |take| {
        is_digest = object::read(&decoded.text, take)?;
        Ok(())
    });
    if is_digest && taken.records_read == 0 {
        return Reconciliation::skipped(SkippedObject::Digest);
    }
    let set_aside = taken.records_set_aside.iter();
    let insights = set_aside.filter(|(reason, _)| attribution::is_insight(reason));
    let insights: u64 = insights.map(|(_, count)| count).sum();
    if insights > 0 && insights == taken.records_read {
        return Reconciliation::skipped(SkippedObject::Insight);
    }
    taken
}

/// Takes the rows of a table.
fn take_table(
    rules: &Rules,
    name: &str,
    shape: Shape,
    inflated: &[u8],
    activity: &mut Activity,
) -> Reconciliation {
    if shape == Shape::Parquet {
        let bytes = Bytes::copy_from_slice(inflated);
        if activity_file::is_parquet(&bytes) {
            return activity_file::take_parquet(rules, name, bytes, activity);
        }
        let limit = rules.options().object_limit;
        return take_entries(rules, name, None, activity, |take| {
            parquet_table::read(bytes, limit, take)
        });
    }
    let decoded = utf8::decode(inflated);
    match CsvRows::open(&decoded.text, decoded.marker) {
        Ok(csv) if activity_file::is_header(csv.header()) => {
            activity_file::take_csv(rules, name, csv, activity)
        }
        Ok(csv) => take_entries(rules, name, None, activity, |take| {
            csv_table::read(csv, take)
        }),
        Err(error) => Reconciliation::failed(name, error.to_string()),
    }
}

/// Takes records as they are read. Of an object that turns out to be none on the way, nothing is kept.
fn take_entries(
    rules: &Rules,
    name: &str,
    marker: Option<char>,
    activity: &mut Activity,
    read: impl FnOnce(&mut dyn FnMut(Entry<'_>)) -> Result<(), ObjectError>,
) -> Reconciliation {
    let mut taken = Reconciliation {
        objects_read: 1,
        ..Default::default()
    };
    let mut rows = Activity::new();
    let read = read(&mut |entry| {
        taken.records_read += 1;
        match take_entry(rules, &entry, marker, &mut rows) {
            Ok(()) => taken.records_attributed += 1,
            Err(reason) => taken.set_record_aside(name, taken.records_read, reason),
        }
    });
    match read {
        Ok(()) => {
            activity.merge(&rows);
            taken
        }
        Err(error) => Reconciliation::failed(name, error.to_string()),
    }
}

fn take_entry(
    rules: &Rules,
    entry: &Entry<'_>,
    marker: Option<char>,
    activity: &mut Activity,
) -> Result<(), Rejection> {
    match entry {
        Entry::Record(record) => take_record(rules, record.get(), marker, activity),
        Entry::LookupEvent(event) => {
            let event: LookupEvent<'_> = parse(event.get())?;
            let record = event
                .cloud_trail_event
                .as_deref()
                .ok_or(Malformed::Missing(RecordField::CloudTrailEvent))?;
            take_record(rules, record, marker, activity)
        }
        Entry::Json(record) => take_record(rules, record, marker, activity),
        Entry::Fields(record) => attribution::attribute(record, rules, activity),
        Entry::NotAnApiCall(kind) => Err(SetAside::NotAnApiCall(kind.as_str().into()).into()),
        Entry::Broken(reason) => Err(Malformed::Broken(shortened(reason)).into()),
    }
}

/// Takes one record into the table, or says why not. `marker` stands where the text was no UTF-8.
pub(crate) fn take_record(
    rules: &Rules,
    json: &str,
    marker: Option<char>,
    activity: &mut Activity,
) -> Result<(), Rejection> {
    if marker.is_some_and(|marker| json.contains(marker)) {
        return Err(Malformed::Encoding.into());
    }
    let record: EventRecord<'_> = parse(json)?;
    attribution::attribute(&record, rules, activity)
}

/// The longest reason that is kept, in characters. The parser quotes the values that it does not like.
const LONGEST_REASON: usize = 200;

pub(crate) fn shortened(reason: &str) -> Box<str> {
    match reason.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => reason
            .get(..end)
            .map_or_else(Box::default, |start| format!("{start}...").into()),
        None => reason.into(),
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, Malformed> {
    if !json.trim_ascii_start().starts_with('{') {
        // A list would be taken for a record's fields in order.
        return Err(Malformed::NotAnObject);
    }
    serde_json::from_str(json).map_err(|_| {
        // Once more, to name the field; broken records are few.
        let mut again = serde_json::Deserializer::from_str(json);
        let error = serde_path_to_error::deserialize::<_, T>(&mut again);
        Malformed::Json(match error {
            Err(error) => shortened(&error.to_string()),
            Ok(_) => "not JSON".into(),
        })
    })
}
