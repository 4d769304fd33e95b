//! What can be wrong with a record.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::outcome::shortened::shortened;

/// What is wrong with a record, or with a row of a table.
#[derive(
    Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, thiserror::Error,
)]
#[non_exhaustive]
pub enum Malformed {
    /// A field that is needed is absent, null or empty.
    #[error("no {0}")]
    Missing(RecordField),
    /// A text is longer than any that CloudTrail writes.
    #[error("the {0} is too long")]
    TooLong(RecordField),
    /// A name has a control or format character, or another one that does not print.
    #[error("the {0} has a control or format character")]
    ControlCharacter(RecordField),
    /// The `awsRegion` cannot be the name of a Region.
    #[error("the awsRegion is not a Region")]
    Region,
    /// The `eventTime` is not a time at which CloudTrail existed. Holds the start of it.
    #[error("the eventTime {0:?} is not possible")]
    Time(Box<str>),
    /// A user or role that cannot be identified. Holds its `userIdentity.type`.
    #[error("{0} with neither a unique id in userIdentity.principalId nor an ARN")]
    Principal(Box<str>),
    /// The record has bytes that are not UTF-8.
    #[error("not UTF-8")]
    Encoding,
    /// The record is a JSON value other than an object.
    #[error("not an object")]
    NotAnObject,
    /// The record is not JSON, or a field has another type than CloudTrail's.
    #[error("{message}")]
    Json {
        /// The message of the JSON parser, shortened, with the path of the field where it is known.
        message: Box<str>,
        /// The line of the record, counted from 1.
        line: usize,
        /// The column of the line, counted from 1.
        column: usize,
    },
    /// A row of a table does not fit the table.
    #[error("{0}")]
    Row(RowFault),
    /// The text of a column that holds a `userIdentity`, or a part of one, cannot be read.
    #[error("the {column} {fault}")]
    IdentityText {
        /// The column.
        column: IdentityColumn,
        /// What is wrong with the text.
        fault: IdentityTextFault,
    },
    /// A value of a row of an activity file.
    #[error("column {column}: {reason}")]
    Value {
        /// The column.
        column: Box<str>,
        /// What is wrong with the value, shortened.
        reason: Box<str>,
    },
    /// A value other than a record. Holds a shortened description.
    #[error("{0}")]
    NotARecord(Box<str>),
}

impl Malformed {
    /// A record that the JSON parser rejected. `error` has the line and column.
    pub(crate) fn json(message: &str, error: &serde_json::Error) -> Self {
        Self::Json {
            message: shortened(message),
            line: error.line(),
            column: error.column(),
        }
    }

    /// A value of a row of an activity file.
    pub(crate) fn value(column: &str, reason: &str) -> Self {
        // Not more than the longest message together.
        Self::Value {
            column: shortened(column),
            reason: shortened(reason),
        }
    }

    /// The kind, by which malformed records are counted.
    #[must_use]
    pub fn kind(&self) -> MalformedKind {
        match self {
            Self::Missing(_) => MalformedKind::Missing,
            Self::TooLong(_) => MalformedKind::TooLong,
            Self::ControlCharacter(_) => MalformedKind::ControlCharacter,
            Self::Region => MalformedKind::Region,
            Self::Time(_) => MalformedKind::Time,
            Self::Principal(_) => MalformedKind::Principal,
            Self::Encoding => MalformedKind::Encoding,
            Self::NotAnObject | Self::Json { .. } => MalformedKind::Json,
            Self::Row(_) => MalformedKind::Row,
            Self::IdentityText { .. } => MalformedKind::IdentityText,
            Self::Value { .. } => MalformedKind::Value,
            Self::NotARecord(_) => MalformedKind::NotARecord,
        }
    }
}

/// The kinds of [`Malformed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum MalformedKind {
    /// [`Malformed::Missing`]
    Missing,
    /// [`Malformed::TooLong`]
    TooLong,
    /// [`Malformed::ControlCharacter`]
    ControlCharacter,
    /// [`Malformed::Region`]
    Region,
    /// [`Malformed::Time`]
    Time,
    /// [`Malformed::Principal`]
    Principal,
    /// [`Malformed::Encoding`]
    Encoding,
    /// [`Malformed::NotAnObject`] and [`Malformed::Json`]
    Json,
    /// [`Malformed::Row`]
    Row,
    /// [`Malformed::IdentityText`]
    IdentityText,
    /// [`Malformed::Value`]
    Value,
    /// [`Malformed::NotARecord`]
    NotARecord,
}

impl MalformedKind {
    /// The kind's name for programs, in snake case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::TooLong => "too_long",
            Self::ControlCharacter => "control_character",
            Self::Region => "region",
            Self::Time => "time",
            Self::Principal => "principal",
            Self::Encoding => "encoding",
            Self::Json => "json",
            Self::Row => "row",
            Self::IdentityText => "identity_text",
            Self::Value => "value",
            Self::NotARecord => "not_a_record",
        }
    }
}

impl fmt::Display for MalformedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "a field is missing",
            Self::TooLong => "a text is too long",
            Self::ControlCharacter => "a name has a control or format character",
            Self::Region => "not a Region",
            Self::Time => "an impossible time",
            Self::Principal => "a principal without unique id and ARN",
            Self::Encoding => "not UTF-8",
            Self::Json => "not the JSON of a record",
            Self::Row => "a row that does not fit the table",
            Self::IdentityText => "a userIdentity that cannot be read",
            Self::Value => "an impossible value",
            Self::NotARecord => "not a record",
        })
    }
}

/// A field of a record, or of what a record comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum RecordField {
    /// `userIdentity`
    UserIdentity,
    /// `userIdentity.type`
    UserIdentityType,
    /// `userIdentity.sessionContext.sessionIssuer`
    SessionIssuer,
    /// `eventTime`
    EventTime,
    /// `eventSource`
    EventSource,
    /// `eventName`
    EventName,
    /// `awsRegion`
    AwsRegion,
    /// `eventID`
    EventId,
    /// `eventType`
    EventType,
    /// `CloudTrailEvent` in the output of `aws cloudtrail lookup-events`, `message` in `CloudWatch` Logs.
    CloudTrailEvent,
    /// `detail-type` of an EventBridge event.
    DetailType,
    /// The service of a row of an activity file.
    Service,
    /// The action or event of a row of an activity file.
    Action,
}

impl fmt::Display for RecordField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserIdentity => "userIdentity",
            Self::UserIdentityType => "userIdentity.type",
            Self::SessionIssuer => "userIdentity.sessionContext.sessionIssuer",
            Self::EventTime => "eventTime",
            Self::EventSource => "eventSource",
            Self::EventName => "eventName",
            Self::AwsRegion => "awsRegion",
            Self::EventId => "eventID",
            Self::EventType => "eventType",
            Self::CloudTrailEvent => "CloudTrailEvent",
            Self::DetailType => "detail-type",
            Self::Service => "service",
            Self::Action => "action or event",
        })
    }
}

/// Why a row does not fit its table.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    thiserror::Error,
)]
#[non_exhaustive]
pub enum RowFault {
    /// The CSV ends inside quotes.
    #[error("the file ends inside quotes: it is cut short, or a quote is missing")]
    OpenQuotes,
    /// The CSV ends without a line break, so that the last value may be cut short.
    #[error("the file ends without a line break: the last value may be cut short")]
    NoLineBreak,
    /// The row has more or fewer values than there are columns.
    #[error("{values} values where the header has {columns} columns")]
    ValueCount {
        /// The values of the row.
        values: usize,
        /// The columns of the header.
        columns: usize,
    },
    /// The row has two columns of the same name.
    #[error("a repeated column")]
    RepeatedColumn,
    /// A `FederatedUser`, which only the issuer of its session identifies.
    #[error("a FederatedUser without a sessionIssuer column")]
    NoSessionIssuer,
    /// An `AWSAccount`, which only the `principalId` identifies.
    #[error("an AWSAccount without a userIdentity.principalId column")]
    NoPrincipalId,
}

/// A column whose text holds many values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum IdentityColumn {
    /// `userIdentity`
    UserIdentity,
    /// `userIdentity.sessionContext`
    SessionContext,
    /// `userIdentity.sessionContext.sessionIssuer`
    SessionIssuer,
}

impl fmt::Display for IdentityColumn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UserIdentity => "userIdentity",
            Self::SessionContext => "sessionContext",
            Self::SessionIssuer => "sessionIssuer",
        })
    }
}

/// What is wrong with the text of an [`IdentityColumn`].
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    thiserror::Error,
)]
#[non_exhaustive]
pub enum IdentityTextFault {
    /// It is neither JSON nor a row as Athena and CloudTrail Lake print it.
    #[error("is neither JSON nor a row such as {{type=..., principalid=...}}")]
    Neither,
    /// It can be read in two ways, because the values of a row have no quotes.
    #[error("is ambiguous: a value without quotes has a comma or a brace")]
    Ambiguous,
    /// A name is repeated.
    #[error("repeats a name")]
    RepeatedName,
    /// A JSON value other than an object.
    #[error("is malformed: expected an object")]
    NotAnObject,
    /// A value other than a row.
    #[error("is malformed: expected a row")]
    NotARow,
    /// A value other than a string.
    #[error("is malformed: expected a string")]
    NotAText,
    /// Rows are nested deeper than in CloudTrail's schema.
    #[error("is nested too deeply")]
    TooDeep,
    /// A closing brace is missing at its end.
    #[error("is cut short: a closing brace is missing")]
    EndsEarly,
    /// Text follows the last closing brace.
    #[error("has text after its last brace")]
    Trailing,
}
