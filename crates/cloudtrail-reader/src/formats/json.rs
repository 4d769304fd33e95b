//! Finds the records in JSON.
//!
//! Known shapes: a CloudTrail object (`{"Records": [...]}`), the output of `aws cloudtrail
//! lookup-events` (`{"Events": [{"CloudTrailEvent": "..."}]}`) and of CloudTrail Lake's `aws cloudtrail
//! get-query-results` (`{"QueryResultRows": [...]}`), events of EventBridge (`{"detail-type": "AWS API
//! Call via CloudTrail", "detail": {...}}`), `CloudWatch` Logs as subscriptions deliver, `aws logs
//! filter-log-events` prints and export tasks write them, results of searches in Elasticsearch and
//! `OpenSearch` (`{"hits": {"hits": [...]}}`), single records or any of these one after the other (JSON
//! lines, also with separators or commas between them), and lists of them. Searches of Splunk (`{"result": {"_raw": "..."}}`, `{"results": [...]}`), queries of
//! `CloudWatch` Logs Insights (`{"results": [[{"field": "@message", "value": "..."}]]}`), messages of SQS.
//! A record can be wrapped as log shippers wrap a line: as a string or an object in `message`, `log`, `line`,
//! `@message`, `event.original`, `_source` or `_raw`, or in the `Message` of SNS or `Body` of SQS. Digest objects, and
//! the signatures that are saved with query results, are recognised and skipped.
//!
//! A page of a longer result says so: such objects are [truncated](Truncation).

mod envelope;
mod pages;

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
use crate::formats::json::envelope::Envelope;
use crate::formats::json::pages::Pages;
use crate::outcome::malformed::{Malformed, RecordField, RowFault};
use crate::outcome::shortened::shortened;
use crate::outcome::truncation::Truncation;
use crate::record::checks::{self, LONGEST_NAME};
use crate::record::event::Text;

/// How many wrappers around a record are removed: the document of a search, which holds a line of a log shipper, which holds an
/// event of EventBridge, and one more. The bound keeps the time linear in the size of an object.
const MOST_WRAPPERS: usize = 4;

/// What an object was, beside its records.
#[derive(Debug, Default)]
pub(crate) struct JsonRead {
    /// Whether it has digests.
    pub(crate) is_digest: bool,
    /// Why it is only a part of a result.
    pub(crate) truncation: Option<Truncation>,
}

/// Where the records go as they are found. Their number is [bounded](checks::most_records).
struct Found<'t> {
    take: &'t mut dyn FnMut(Entry<'_>),
    /// How many more are allowed.
    left: usize,
    pages: Pages,
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

/// Reads the records of an object. If this fails, the caller must drop what was taken.
pub(crate) fn read(text: &str, take: &mut dyn FnMut(Entry<'_>)) -> Result<JsonRead, FormatError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(FormatError::Empty);
    }
    // RFC 7464, as `jq --seq` writes it. In JSON, the separator can only be escaped.
    let separated = text
        .starts_with('\u{1e}')
        .then(|| text.replace('\u{1e}', " "));
    let text = separated.as_deref().unwrap_or(text);
    let mut found = Found {
        take,
        left: checks::most_records(text.len()),
        pages: Pages::default(),
    };
    let is_digest = read_text(text, &mut found)?;
    Ok(JsonRead {
        is_digest,
        truncation: found.pages.truncation(),
    })
}

/// Reads the records of a text. Returns whether it has digests.
fn read_text(text: &str, found: &mut Found<'_>) -> Result<bool, FormatError> {
    if is_json_lines(text) {
        return read_lines(text, found);
    }
    let mut values = Vec::new();
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        match value {
            Ok(_) if values.len() == found.left => return Err(NotCloudTrail::TooManyRecords.into()),
            Ok(value) => values.push(value),
            Err(_) if has_whole_line(text) => return read_lines(text, found),
            Err(error) => return Err(FormatError::Json(error)),
        }
    }
    let mut is_digest = false;
    for value in values {
        is_digest |= read_value(value, found)?;
    }
    Ok(is_digest)
}

/// Reads the records of one JSON value. Returns whether it is a digest.
fn read_value(value: &RawValue, found: &mut Found<'_>) -> Result<bool, FormatError> {
    if value.get().starts_with('[') {
        read_members(value, found)?;
        return Ok(false);
    }
    if value.get().starts_with('"') && read_string(value, found)? {
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
        found.push_list(records, Entry::Delivered)?;
    } else if let Some(events) = envelope.events {
        found.pages.add(envelope.has_next());
        found.push_list(events, Entry::LookupEvent)?;
    } else if envelope.is_digest() {
        return Ok(true);
    } else if let Some(rows) = envelope.query_result_rows {
        found.pages.add(envelope.has_next());
        found.pages.add_status(envelope.query_status, "FINISHED");
        read_query_result(members(rows, found.left)?, lake_row, found)?;
    } else if let Some(rows) = envelope.insights_rows() {
        read_insights(rows, &envelope, found)?;
    } else if read_single(value, &envelope, MOST_WRAPPERS, found)? {
        return Ok(false);
    } else if let Some(events) = envelope.log_events() {
        // A control message only tests the subscription.
        let kind = envelope.message_type.map(RawValue::get);
        if envelope.next_forward_token.is_some() {
            // Its pages have a token even at the end. Only an empty one is known to be the last.
            found.pages.add(false);
            found.pages.is_unknown = !is_empty_list(events);
        } else if envelope.searched_log_streams.is_some() {
            found.pages.add(envelope.has_next());
        }
        if kind != Some(r#""CONTROL_MESSAGE""#) {
            found.push_list(events, Entry::LookupEvent)?;
        }
    } else if let Some((hits, total)) = envelope.search_hits() {
        found.pages.held += read_members(hits, found)?;
        found.pages.found = found.pages.found.max(total);
    } else if let Some(list) = (envelope.results)
        .or(envelope.messages)
        .or(envelope.other_records)
    {
        read_members(list, found)?;
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
    Ok(read_listed(&envelope, found)? || read_single(value, &envelope, wrappers, found)?)
}

/// Reads the records of a CloudTrail object, or of a subscription, that is a part of something else. Returns false, and reads
/// nothing, if it is something else.
fn read_listed(envelope: &Envelope<'_>, found: &mut Found<'_>) -> Result<bool, FormatError> {
    let is_list = |value: &&RawValue| value.get().starts_with('[');
    if let Some(records) = envelope.records.filter(is_list) {
        found.push_list(records, Entry::Record)?;
        return Ok(true);
    }
    if let Some(events) = envelope.log_events.filter(is_list) {
        found.push_list(events, Entry::LookupEvent)?;
        return Ok(true);
    }
    Ok(false)
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

/// The columns and values of a row.
type Row<'a> = Vec<(String, Option<Text<'a>>)>;

/// Reads a row of CloudTrail Lake: a list of objects with one column each.
fn lake_row(row: &RawValue) -> serde_json::Result<Row<'_>> {
    let columns: Vec<BTreeMap<String, Option<Text<'_>>>> = serde_json::from_str(row.get())?;
    Ok(columns.into_iter().flatten().collect())
}

/// Reads a row of `CloudWatch` Logs Insights: a list of `{"field": "@message", "value": "..."}`.
fn insights_row(row: &RawValue) -> serde_json::Result<Row<'_>> {
    #[derive(Deserialize)]
    struct InsightsField<'a> {
        field: String,
        #[serde(borrow)]
        value: Option<Text<'a>>,
    }
    let fields: Vec<InsightsField<'_>> = serde_json::from_str(row.get())?;
    Ok(fields
        .into_iter()
        .map(|InsightsField { field, value }| (field, value))
        .collect())
}

/// Reads the result of a query of `CloudWatch` Logs Insights.
fn read_insights(
    rows: &RawValue,
    envelope: &Envelope<'_>,
    found: &mut Found<'_>,
) -> Result<(), FormatError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Statistics {
        records_matched: f64,
    }
    let rows = members(rows, found.left)?;
    found.pages.add(envelope.has_next());
    found.pages.add_status(envelope.status, "Complete");
    let statistics = envelope.statistics;
    let statistics = statistics.and_then(|it| serde_json::from_str::<Statistics>(it.get()).ok());
    if let Some(Statistics { records_matched }) = statistics {
        found.pages.held += u64::try_from(rows.len()).unwrap_or(u64::MAX);
        // A count that AWS writes as a float; the conversion saturates.
        found.pages.found = found.pages.found.max(records_matched as u64);
    }
    read_query_result(rows, insights_row, found)
}

/// Reads a page of a query result.
fn read_query_result<'a>(
    rows: Vec<&'a RawValue>,
    read_row: impl Fn(&'a RawValue) -> serde_json::Result<Row<'a>>,
    found: &mut Found<'_>,
) -> Result<(), FormatError> {
    if rows.is_empty() {
        return Ok(());
    }
    let rows: Vec<_> = rows.into_iter().map(read_row).collect();
    // A row can omit columns that are null.
    let names: BTreeSet<&str> = rows
        .iter()
        .flatten()
        .flatten()
        .map(|(name, _)| name.as_str())
        .collect();
    let (columns, fields) = RecordColumns::of(TableKind::QueryResult, names.iter().copied())?;
    let fields: BTreeMap<String, Column> = names
        .iter()
        .zip(fields)
        .filter_map(|(name, field)| Some(((*name).to_owned(), field?)))
        .collect();
    for row in rows {
        found.push(match row {
            Ok(row) => {
                let mut cells = Cells::default();
                let mut is_sound = true;
                for (name, value) in row {
                    if let (Some(field), Some(value)) = (fields.get(&name), value) {
                        is_sound &= cells.set(*field, value);
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
        results: Option<IgnoredAny>,
    }
    matches!(
        serde_json::from_str(value.get()),
        Ok(Lists {
            records: None,
            events: None,
            hits: None,
            results: None
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

/// Reads a string that is a record, or wraps one. Returns false, and reads nothing, if it is something else.
fn read_string(value: &RawValue, found: &mut Found<'_>) -> Result<bool, FormatError> {
    if read_wrapped(value, MOST_WRAPPERS, found)? {
        return Ok(true);
    }
    match record_in_string(value) {
        Some(record) => found.push(record).map(|()| true),
        None => Ok(false),
    }
}

/// Reads the members of a bare list: records, strings that are records, or what wraps them. Returns their number.
fn read_members(list: &RawValue, found: &mut Found<'_>) -> Result<u64, FormatError> {
    let mut read = 0;
    for member in members(list, found.left)? {
        read += 1;
        let is_read = match Envelope::of(member) {
            Some(envelope) => {
                read_listed(&envelope, found)?
                    || read_single(member, &envelope, MOST_WRAPPERS, found)?
            }
            None if member.get().starts_with('"') => read_string(member, found)?,
            None => false,
        };
        if !is_read {
            found.push(Entry::Record(member))?;
        }
    }
    Ok(read)
}

fn is_empty_list(list: &RawValue) -> bool {
    let inside = list.get().strip_prefix('[');
    inside.is_some_and(|inside| inside.trim_ascii_start().starts_with(']'))
}

/// Whether the first line is a JSON value and another line follows.
fn is_json_lines(text: &str) -> bool {
    text.trim_ascii()
        .split_once('\n')
        .is_some_and(|(first, _)| is_json(bare_line(first)))
}

/// Returns a line without the time that export tasks of `CloudWatch` Logs put before it, without the time and the stream of logs of
/// Kubernetes (`2026-10-01T00:00:00.5Z stdout F `), and without a comma at its end.
fn bare_line(line: &str) -> &str {
    let line = match line.split_once(' ') {
        Some((first, rest)) if !first.starts_with(['{', '[']) && time::parse(first).is_some() => {
            let streams = ["stdout F ", "stderr F "];
            let of_stream = streams.iter().find_map(|stream| rest.strip_prefix(stream));
            of_stream.unwrap_or(rest)
        }
        _ => line,
    };
    let trimmed = line.trim_ascii();
    match trimmed.strip_suffix(',') {
        Some(before) if trimmed.starts_with('{') => before,
        _ => line,
    }
}

/// Whether one of the first lines is a JSON object: these may be JSON lines with a broken first line.
fn has_whole_line(text: &str) -> bool {
    text.lines()
        .take(4)
        .map(bare_line)
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
        let line = bare_line(line);
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
