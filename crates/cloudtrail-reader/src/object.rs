//! What an object holds, told by its content: which JSON texts in it are records.
//!
//! Known shapes: a CloudTrail object (`{"Records": [...]}`), the output of `aws cloudtrail
//! lookup-events` (`{"Events": [{"CloudTrailEvent": "..."}]}`), single records or either of these
//! one after the other (JSON lines), and lists of records. Digest objects are recognised to be
//! skipped.

use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use crate::record::Text;

/// An object that cannot be read as a whole.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ObjectError {
    #[error("the file is empty")]
    Empty,
    #[error("not JSON: {0}")]
    Json(String),
    #[error("not CloudTrail: {0}")]
    NotCloudTrail(&'static str),
}

/// What an object is.
pub(crate) enum Object<'a> {
    Records(Vec<Entry<'a>>),
    Digest,
}

/// Something that is, or should be, a record.
pub(crate) enum Entry<'a> {
    /// A record's JSON.
    Record(&'a RawValue),
    /// An event of `lookup-events`; the record is a string in it.
    LookupEvent(&'a RawValue),
    /// A value or line that cannot be read: why.
    Broken(String),
}

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
    #[serde(rename = "CloudTrailEvent")]
    cloud_trail_event: Option<IgnoredAny>,
    #[serde(rename = "eventSource")]
    event_source: Option<IgnoredAny>,
    #[serde(rename = "eventName")]
    event_name: Option<IgnoredAny>,
    #[serde(rename = "userIdentity")]
    user_identity: Option<IgnoredAny>,
}

/// Finds the records of an object.
pub(crate) fn read(text: &str) -> Result<Object<'_>, ObjectError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.trim_ascii().is_empty() {
        return Err(ObjectError::Empty);
    }
    if is_json_lines(text) {
        return read_lines(text);
    }
    let mut entries = Vec::new();
    let mut is_digest = false;
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        match value {
            Ok(value) => is_digest |= read_value(value, &mut entries)?,
            Err(_) if has_whole_line(text) => return read_lines(text),
            Err(error) => return Err(ObjectError::Json(error.to_string())),
        }
    }
    Ok(if is_digest && entries.is_empty() {
        Object::Digest
    } else {
        Object::Records(entries)
    })
}

/// Takes the records of one JSON value. The answer is whether it is a digest.
fn read_value<'a>(value: &'a RawValue, entries: &mut Vec<Entry<'a>>) -> Result<bool, ObjectError> {
    if value.get().starts_with('[') {
        entries.extend(list(value)?.into_iter().map(entry));
        return Ok(false);
    }
    if !value.get().starts_with('{') {
        return Err(ObjectError::NotCloudTrail("neither an object nor a list"));
    }
    let envelope: Envelope<'a> = match serde_json::from_str(value.get()) {
        Ok(envelope) => envelope,
        Err(error) if is_one_record(value) => {
            entries.push(Entry::Broken(error.to_string()));
            return Ok(false);
        }
        Err(error) => return Err(ObjectError::Json(error.to_string())),
    };
    if let Some(records) = envelope.records {
        entries.extend(list(records)?.into_iter().map(Entry::Record));
    } else if let Some(events) = envelope.events {
        entries.extend(list(events)?.into_iter().map(Entry::LookupEvent));
    } else if envelope.digest_start_time.is_some() && envelope.log_files.is_some() {
        return Ok(true);
    } else if envelope.cloud_trail_event.is_some() {
        entries.push(Entry::LookupEvent(value));
    } else if envelope.event_source.is_some()
        || envelope.event_name.is_some()
        || envelope.user_identity.is_some()
    {
        entries.push(Entry::Record(value));
    } else {
        return Err(ObjectError::NotCloudTrail(
            "no Records, no Events, and no record itself",
        ));
    }
    Ok(false)
}

/// Whether an object that cannot be read stands for no other record than itself.
fn is_one_record(value: &RawValue) -> bool {
    #[derive(Deserialize)]
    struct Lists {
        #[serde(rename = "Records")]
        records: Option<IgnoredAny>,
        #[serde(rename = "Events")]
        events: Option<IgnoredAny>,
    }
    matches!(
        serde_json::from_str(value.get()),
        Ok(Lists {
            records: None,
            events: None
        })
    )
}

fn list(value: &RawValue) -> Result<Vec<&RawValue>, ObjectError> {
    serde_json::from_str(value.get())
        .map_err(|_| ObjectError::NotCloudTrail("the records are not in a list"))
}

/// A member of a bare list: a record, or an event of `lookup-events`.
fn entry(value: &RawValue) -> Entry<'_> {
    match serde_json::from_str::<Envelope<'_>>(value.get()) {
        Ok(Envelope {
            cloud_trail_event: Some(_),
            ..
        }) => Entry::LookupEvent(value),
        _ => Entry::Record(value),
    }
}

/// Whether the first line is a JSON value and another line follows.
fn is_json_lines(text: &str) -> bool {
    text.trim_ascii()
        .split_once('\n')
        .is_some_and(|(first, _)| is_json(first))
}

/// Whether one of the first lines, though not the very first, is a JSON object: the mark of JSON
/// lines that begin with a broken one.
fn has_whole_line(text: &str) -> bool {
    text.lines()
        .take(4)
        .any(|line| line.trim_ascii().starts_with('{') && is_json(line))
}

fn is_json(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Every line by itself, so that a broken one loses no other. A line may hold several values: files
/// joined without a line break between them.
fn read_lines(text: &str) -> Result<Object<'_>, ObjectError> {
    let mut entries = Vec::new();
    let mut is_digest = false;
    for line in text.lines().filter(|line| !line.trim_ascii().is_empty()) {
        for value in serde_json::Deserializer::from_str(line).into_iter::<&RawValue>() {
            let read = value
                .map_err(|error| ObjectError::Json(error.to_string()))
                .and_then(|value| read_value(value, &mut entries));
            match read {
                Ok(digest) => is_digest |= digest,
                Err(error) => entries.push(Entry::Broken(error.to_string())),
            }
        }
    }
    Ok(if is_digest && entries.is_empty() {
        Object::Digest
    } else {
        Object::Records(entries)
    })
}

/// The record in an event of `lookup-events`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LookupEvent<'a> {
    #[serde(borrow)]
    pub(crate) cloud_trail_event: Option<Text<'a>>,
}
