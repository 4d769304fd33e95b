//! Finds the records in JSON.
//!
//! Known shapes: a CloudTrail object (`{"Records": [...]}`), the output of `aws cloudtrail
//! lookup-events` (`{"Events": [{"CloudTrailEvent": "..."}]}`) and of CloudTrail Lake's `aws cloudtrail
//! get-query-results` (`{"QueryResultRows": [...]}`), events of EventBridge (`{"detail-type": "AWS API
//! Call via CloudTrail", "detail": {...}}`), `CloudWatch` Logs as subscriptions deliver, `aws logs
//! filter-log-events` prints and export tasks write them, results of searches in Elasticsearch and
//! `OpenSearch` (`{"hits": {"hits": [...]}}`), single records or any of these one after the other (JSON
//! lines), and lists of them. A record can be wrapped as log shippers wrap a line: as a string or an object
//! in `message`, `log`, `@message`, `event.original` or `_source`. Digest objects, and the signatures that
//! are saved with query results, are recognised and skipped.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use advisor_core::time;

use crate::formats::cells::{Cells, Column};
use crate::formats::columns::RecordColumns;
use crate::formats::entry::Entry;
use crate::formats::error::{FormatError, NotCloudTrail, TableKind};
use crate::outcome::malformed::{Malformed, RecordField, RowFault};
use crate::outcome::printable::shortened;
use crate::record::checks::{self, LONGEST_NAME};
use crate::record::event::Text;

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, rename = "Records")]
    records: Option<&'a RawValue>,
    #[serde(borrow, rename = "Events")]
    events: Option<&'a RawValue>,
    #[serde(rename = "digestStartTime")]
    digest_start_time: Option<IgnoredAny>,
    #[serde(rename = "logFiles")]
    log_files: Option<IgnoredAny>,
    #[serde(rename = "hashSignature")]
    hash_signature: Option<IgnoredAny>,
    files: Option<IgnoredAny>,
    #[serde(borrow, rename = "QueryResultRows")]
    query_result_rows: Option<&'a RawValue>,
    #[serde(borrow, rename = "detail-type")]
    detail_type: Option<&'a RawValue>,
    #[serde(borrow)]
    detail: Option<&'a RawValue>,
    #[serde(borrow, rename = "messageType")]
    message_type: Option<&'a RawValue>,
    #[serde(borrow, rename = "logEvents")]
    log_events: Option<&'a RawValue>,
    #[serde(borrow, rename = "events")]
    found_log_events: Option<&'a RawValue>,
    #[serde(rename = "searchedLogStreams")]
    searched_log_streams: Option<IgnoredAny>,
    #[serde(rename = "nextForwardToken")]
    next_forward_token: Option<IgnoredAny>,
    class_uid: Option<IgnoredAny>,
    category_uid: Option<IgnoredAny>,
    #[serde(rename = "CloudTrailEvent")]
    cloud_trail_event: Option<IgnoredAny>,
    #[serde(rename = "eventSource")]
    event_source: Option<IgnoredAny>,
    #[serde(rename = "eventName")]
    event_name: Option<IgnoredAny>,
    #[serde(rename = "userIdentity")]
    user_identity: Option<IgnoredAny>,
    #[serde(borrow)]
    hits: Option<&'a RawValue>,
    #[serde(borrow, rename = "_source")]
    source: Option<&'a RawValue>,
    #[serde(borrow)]
    event: Option<&'a RawValue>,
    #[serde(borrow, rename = "event.original")]
    event_original: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow, rename = "@message")]
    at_message: Option<&'a RawValue>,
    #[serde(borrow)]
    log: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    /// Returns an object's keys that count, or `None` if the value is something else. (serde would take a list for the
    /// fields in order.)
    fn of(value: &'a RawValue) -> Option<Self> {
        if value.get().starts_with('{') {
            serde_json::from_str(value.get()).ok()
        } else {
            None
        }
    }

    fn is_record(&self) -> bool {
        self.event_source.is_some() || self.event_name.is_some() || self.user_identity.is_some()
    }

    fn is_digest(&self) -> bool {
        let is_digest = self.digest_start_time.is_some() && self.log_files.is_some();
        // `result_sign.json`, which CloudTrail Lake saves with the results of a query.
        is_digest || self.hash_signature.is_some() && self.files.is_some()
    }

    /// Log events of a subscription, or as `aws logs filter-log-events` and `get-log-events` print them.
    fn log_events(&self) -> Option<&'a RawValue> {
        let is_search = self.searched_log_streams.is_some() || self.next_forward_token.is_some();
        self.log_events
            .or(self.found_log_events.filter(|_| is_search))
    }

    /// The documents that a search in Elasticsearch or `OpenSearch` found.
    fn search_hits(&self) -> Option<&'a RawValue> {
        let hits = Envelope::of(self.hits?)?.hits?;
        hits.get().starts_with('[').then_some(hits)
    }

    /// The values in which log shippers and Elasticsearch keep a line. Most objects have some of these for other purposes:
    /// Filebeat, for example, has an object `log` beside the line in `message`.
    fn wrapped(&self) -> impl Iterator<Item = &'a RawValue> + use<'a> {
        #[derive(Deserialize)]
        struct Event<'a> {
            #[serde(borrow)]
            original: Option<&'a RawValue>,
        }
        let event = self.event.filter(|event| event.get().starts_with('{'));
        let event = event.and_then(|event| serde_json::from_str::<Event<'_>>(event.get()).ok());
        [
            event.and_then(|event| event.original),
            self.event_original,
            self.source,
            self.message,
            self.at_message,
            self.log,
        ]
        .into_iter()
        .flatten()
    }
}

/// How many wrappers around a record are removed: the document of a search, which holds a line of a log shipper, which holds an
/// event of EventBridge, and one more. The bound keeps the time linear in the size of an object.
const MOST_WRAPPERS: usize = 4;

/// Where the records go as they are found. Their number is [bounded](checks::most_records).
struct Found<'t> {
    take: &'t mut dyn FnMut(Entry<'_>),
    /// How many more are allowed.
    left: usize,
}

impl Found<'_> {
    fn push(&mut self, entry: Entry<'_>) -> Result<(), FormatError> {
        self.left = self
            .left
            .checked_sub(1)
            .ok_or(NotCloudTrail::TooManyRecords)?;
        (self.take)(entry);
        Ok(())
    }

    /// Adds the members of a list.
    fn push_list<'a>(
        &mut self,
        list: &'a RawValue,
        entry: impl Fn(&'a RawValue) -> Entry<'a>,
    ) -> Result<(), FormatError> {
        for member in members(list, self.left)? {
            self.push(entry(member))?;
        }
        Ok(())
    }
}

/// Reads the records of an object. Returns whether it has digests. If this fails, the caller must drop what was taken.
pub(crate) fn read(text: &str, take: &mut dyn FnMut(Entry<'_>)) -> Result<bool, FormatError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(FormatError::Empty);
    }
    let mut found = Found {
        take,
        left: checks::most_records(text.len()),
    };
    if is_json_lines(text) {
        return read_lines(text, &mut found);
    }
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        match value {
            Ok(_) if values.len() == found.left => return Err(NotCloudTrail::TooManyRecords.into()),
            Ok(value) => values.push(value),
            Err(_) if has_whole_line(text) => return read_lines(text, &mut found),
            Err(error) => return Err(FormatError::Json(error)),
        }
    }
    let mut is_digest = false;
    for value in values {
        is_digest |= read_value(value, &mut found)?;
    }
    Ok(is_digest)
}

/// Reads the records of one JSON value. Returns whether it is a digest.
fn read_value(value: &RawValue, found: &mut Found<'_>) -> Result<bool, FormatError> {
    if value.get().starts_with('[') {
        read_members(value, found)?;
        return Ok(false);
    }
    if let Some(record) = record_in_string(value) {
        found.push(record)?;
        return Ok(false);
    }
    if !value.get().starts_with('{') {
        return Err(NotCloudTrail::OtherJson.into());
    }
    let envelope: Envelope<'_> = match serde_json::from_str(value.get()) {
        Ok(envelope) => envelope,
        Err(error) if is_one_record(value) => {
            found.push(Entry::Malformed(Malformed::json(
                &error.to_string(),
                &error,
            )))?;
            return Ok(false);
        }
        Err(error) => return Err(FormatError::Json(error)),
    };
    if let Some(records) = envelope.records {
        found.push_list(records, Entry::Record)?;
    } else if let Some(events) = envelope.events {
        found.push_list(events, Entry::LookupEvent)?;
    } else if envelope.is_digest() {
        return Ok(true);
    } else if let Some(rows) = envelope.query_result_rows {
        read_query_result(members(rows, found.left)?, found)?;
    } else if read_single(value, &envelope, MOST_WRAPPERS, found)? {
        return Ok(false);
    } else if let Some(events) = envelope.log_events() {
        // A control message only tests the subscription.
        let kind = envelope.message_type.map(RawValue::get);
        if kind != Some(r#""CONTROL_MESSAGE""#) {
            found.push_list(events, Entry::LookupEvent)?;
        }
    } else if let Some(hits) = envelope.search_hits() {
        read_members(hits, found)?;
    } else if envelope.class_uid.is_some() && envelope.category_uid.is_some() {
        return Err(NotCloudTrail::Ocsf.into());
    } else {
        return Err(NotCloudTrail::NoRecords.into());
    }
    Ok(false)
}

/// Reads the one record that an object is, or that is wrapped in it. Returns false, and reads nothing, if it is something else.
fn read_single(
    value: &RawValue,
    envelope: &Envelope<'_>,
    wrappers: usize,
    found: &mut Found<'_>,
) -> Result<bool, FormatError> {
    if let Some(entry) = single(value, envelope) {
        found.push(entry)?;
        return Ok(true);
    }
    let Some(left) = wrappers.checked_sub(1) else {
        return Ok(false);
    };
    for inner in envelope.wrapped() {
        if read_wrapped(inner, left, found)? {
            return Ok(true);
        }
    }
    // A record that was cut, or something else: what is missing will be named.
    match envelope.wrapped().find_map(record_in_string) {
        Some(entry) => found.push(entry).map(|()| true),
        None => Ok(false),
    }
}

/// Reads what a wrapper holds: an object, or a string that is one. It is a record, an object of CloudTrail (which is one line for
/// a log shipper), or another wrapper. Returns false, and reads nothing, if it is something else.
fn read_wrapped(
    value: &RawValue,
    wrappers: usize,
    found: &mut Found<'_>,
) -> Result<bool, FormatError> {
    let text = serde_json::from_str::<Text<'_>>(value.get()).ok();
    let value = match &text {
        Some(text) => match serde_json::from_str(text) {
            Ok(inner) => inner,
            Err(_) => return Ok(false),
        },
        None => value,
    };
    let Some(envelope) = Envelope::of(value) else {
        return Ok(false);
    };
    match envelope.records {
        Some(records) if records.get().starts_with('[') => {
            found.push_list(records, Entry::Record)?;
            Ok(true)
        }
        _ => read_single(value, &envelope, wrappers, found),
    }
}

/// Returns the one record that a value is, or holds; `None` if it is something else.
fn single<'a>(value: &'a RawValue, envelope: &Envelope<'a>) -> Option<Entry<'a>> {
    if envelope.cloud_trail_event.is_some() {
        return Some(Entry::LookupEvent(value));
    }
    if envelope.is_record() {
        return Some(Entry::Record(value));
    }
    let kind: Text<'_> = serde_json::from_str(envelope.detail_type?.get()).ok()?;
    Some(detail_entry(&kind, envelope.detail?))
}

/// Returns the entry of an EventBridge event. The `detail-type` says whether it is CloudTrail's, unless a pipe or an input
/// transformer changed it.
fn detail_entry<'a>(kind: &str, detail: &'a RawValue) -> Entry<'a> {
    let is_record = || {
        let envelope = serde_json::from_str::<Envelope<'_>>(detail.get());
        envelope.is_ok_and(|envelope| {
            envelope.event_source.is_some()
                && envelope.event_name.is_some()
                && envelope.user_identity.is_some()
        })
    };
    if kind.ends_with(" via CloudTrail") || is_record() {
        Entry::Record(detail)
    } else if kind.len() > LONGEST_NAME {
        Entry::Malformed(Malformed::TooLong(RecordField::DetailType))
    } else {
        Entry::NotAnApiCall(kind.to_owned())
    }
}

/// Reads a page of a query result: each row is a list of objects with one column each.
fn read_query_result<'a>(
    rows: Vec<&'a RawValue>,
    found: &mut Found<'_>,
) -> Result<(), FormatError> {
    type Row<'a> = Vec<BTreeMap<String, Option<Text<'a>>>>;

    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<Result<Row<'a>, _>> = rows
        .into_iter()
        .map(|row| serde_json::from_str(row.get()))
        .collect();
    // A row can omit columns that are null.
    let names: BTreeSet<&str> = rows
        .iter()
        .flatten()
        .flatten()
        .flat_map(|column| column.keys().map(String::as_str))
        .collect();
    let (columns, _) = RecordColumns::of(TableKind::QueryResult, names.iter().copied())?;
    for row in rows {
        found.push(match row {
            Ok(row) => {
                let mut cells = Cells::default();
                let mut is_sound = true;
                for (name, value) in row.into_iter().flatten() {
                    if let (Some(field), Some(value)) = (Column::named(&name), value) {
                        is_sound &= cells.set(field, value);
                    }
                }
                if is_sound {
                    columns.entry(cells)
                } else {
                    Entry::Malformed(Malformed::Row(RowFault::RepeatedColumn))
                }
            }
            Err(error) => Entry::Malformed(Malformed::json(&error.to_string(), &error)),
        })?;
    }
    Ok(())
}

/// Whether a value that cannot be read is a single record.
fn is_one_record(value: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Lists {
        #[serde(rename = "Records")]
        records: Option<IgnoredAny>,
        #[serde(rename = "Events")]
        events: Option<IgnoredAny>,
        hits: Option<IgnoredAny>,
    }
    matches!(
        serde_json::from_str(value.get()),
        Ok(Lists {
            records: None,
            events: None,
            hits: None
        })
    )
}

/// Returns the members of a list, unless there are more than `most`.
fn members(list: &RawValue, most: usize) -> Result<Vec<&RawValue>, FormatError> {
    let mut read = serde_json::Deserializer::from_str(list.get());
    match read.deserialize_seq(Members { most }) {
        Ok(Some(members)) => Ok(members),
        Ok(None) => Err(NotCloudTrail::TooManyRecords.into()),
        Err(_) => Err(NotCloudTrail::RecordsNotInList.into()),
    }
}

/// Reads the members of a list; `None` when there are more than these.
struct Members {
    most: usize,
}

impl<'de> Visitor<'de> for Members {
    type Value = Option<Vec<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = list.next_element()? {
            if members.len() == self.most {
                // Reads on to the end, where serde would fail otherwise.
                while list.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
            members.push(member);
        }
        Ok(Some(members))
    }
}

/// Returns the record whose JSON is this string: what `aws cloudtrail lookup-events --query 'Events[].CloudTrailEvent'` lists,
/// and `jq` prints line by line.
fn record_in_string(value: &RawValue) -> Option<Entry<'_>> {
    let text: Text<'_> = serde_json::from_str(value.get()).ok()?;
    let is_object = text.trim_ascii_start().starts_with('{');
    is_object.then(|| Entry::Json(text.into()))
}

/// Reads the members of a bare list: records, strings that are records, or what wraps them.
fn read_members(list: &RawValue, found: &mut Found<'_>) -> Result<(), FormatError> {
    for member in members(list, found.left)? {
        if let Some(record) = record_in_string(member) {
            found.push(record)?;
            continue;
        }
        let is_read = match Envelope::of(member) {
            Some(envelope) => read_single(member, &envelope, MOST_WRAPPERS, found)?,
            None => false,
        };
        if !is_read {
            found.push(Entry::Record(member))?;
        }
    }
    Ok(())
}

/// Whether the first line is a JSON value and another line follows.
fn is_json_lines(text: &str) -> bool {
    text.trim_ascii()
        .split_once('\n')
        .is_some_and(|(first, _)| is_json(without_time(first)))
}

/// Returns a line without the time that export tasks of `CloudWatch` Logs put before it.
fn without_time(line: &str) -> &str {
    match line.split_once(' ') {
        Some((first, rest)) if !first.starts_with(['{', '[']) && time::parse(first).is_some() => {
            rest
        }
        _ => line,
    }
}

/// Whether one of the first lines is a JSON object: these may be JSON lines with a broken first line.
fn has_whole_line(text: &str) -> bool {
    text.lines()
        .take(4)
        .map(without_time)
        .any(|line| line.trim_ascii().starts_with('{') && is_json(line))
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Reads line by line, so that a broken line does not affect others. A line can hold several values: files that were joined
/// without a line break.
fn read_lines(text: &str, found: &mut Found<'_>) -> Result<bool, FormatError> {
    let mut is_digest = false;
    for line in text.lines().filter(|line| !line.trim_ascii().is_empty()) {
        let line = without_time(line);
        for value in serde_json::Deserializer::from_str(line).into_iter::<&RawValue>() {
            let read = value
                .map_err(FormatError::Json)
                .and_then(|value| read_value(value, found));
            match read {
                Ok(digest) => is_digest |= digest,
                Err(error) => found.push(Entry::Malformed(not_a_record(&error)))?,
            }
        }
    }
    Ok(is_digest)
}

/// What is wrong with a line that cannot be read.
fn not_a_record(error: &FormatError) -> Malformed {
    match error {
        FormatError::Json(source) => Malformed::json(&error.to_string(), source),
        other => Malformed::NotARecord(shortened(&other.to_string())),
    }
}
