//! What a format finds where a record should be.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::outcome::malformed::Malformed;
use crate::record::event::{EventRecord, Text};

/// Something that is, or should be, a record.
pub(crate) enum Entry<'a> {
    /// A record's JSON in one of `CloudTrail`'s own objects.
    Delivered(&'a RawValue),
    /// A record's JSON.
    Record(&'a RawValue),
    /// An event of `lookup-events` or of `CloudWatch` Logs, which holds a record as a string: a [`LookupEvent`].
    LookupEvent(&'a RawValue),
    /// A record's JSON that was a value of a table.
    Json(Cow<'a, str>),
    /// A record whose fields were columns of a table.
    Fields(Box<Row<'a>>),
    /// An event of EventBridge that is not CloudTrail's: its `detail-type`.
    NotAnApiCall(String),
    /// A value, line or row that cannot be read.
    Malformed(Malformed),
}

/// A record whose fields were columns of a table.
pub(crate) struct Row<'a> {
    pub(crate) record: EventRecord<'a>,
    /// `None` where the cell is empty, or says `null`.
    pub(crate) error_message: Option<Cow<'a, str>>,
    pub(crate) request_parameters: Option<Cow<'a, str>>,
    pub(crate) additional_event_data: Option<Cow<'a, str>>,
    /// Whether the table lacks `additionalEventData`. A record without it has nothing to say there.
    pub(crate) lacks_additional_event_data: bool,
}

impl Row<'_> {
    /// The fields that only some records are asked for, as JSON of a record. A cell that is not JSON, as `CloudTrail` Lake's maps are not
    /// (`{a=b}`), is a string there: it tells nothing.
    pub(crate) fn details(&self) -> String {
        let json = |cell: &Option<Cow<'_, str>>| {
            let cell = cell.as_deref()?;
            let parsed = serde_json::from_str(cell).ok();
            Some(parsed.unwrap_or_else(|| Value::from(cell)))
        };
        let additional = if self.lacks_additional_event_data {
            Some(Value::from(UNKNOWN))
        } else {
            json(&self.additional_event_data)
        };
        let fields = json!({
            "requestParameters": json(&self.request_parameters),
            "additionalEventData": additional,
            "errorMessage": self.error_message,
        });
        fields.to_string()
    }
}

/// Stands for a field that a table lacks, where a record without it says something: no object.
const UNKNOWN: &str = "?";

/// An event of `lookup-events` or of `CloudWatch` Logs.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LookupEvent<'a> {
    /// The record.
    #[serde(borrow, alias = "message")]
    pub(crate) cloud_trail_event: Option<Text<'a>>,
}
