//! What a format finds where a record should be.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

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
    Fields(Box<EventRecord<'a>>),
    /// An event of EventBridge that is not CloudTrail's: its `detail-type`.
    NotAnApiCall(String),
    /// A value, line or row that cannot be read.
    Malformed(Malformed),
}

/// An event of `lookup-events` or of `CloudWatch` Logs.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct LookupEvent<'a> {
    /// The record.
    #[serde(borrow, alias = "message")]
    pub(crate) cloud_trail_event: Option<Text<'a>>,
}
