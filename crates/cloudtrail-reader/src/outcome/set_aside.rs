//! Why a record does not count as an attempt.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a record was set aside. Records are counted by these reasons.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SetAside {
    /// Not an API call: the `eventType` of a sign-in, a service event, an insight, a VPC endpoint event.
    NotAnApiCall(Box<str>),
    /// Made by something that is not an IAM user or role.
    NoIamIdentity(UserIdentityKind),
    /// Earlier than [`ReadOptions::since`](crate::ReadOptions::since).
    TooOld,
    /// Later than [`ReadOptions::until`](crate::ReadOptions::until).
    TooNew,
    /// A row of an activity file that spans [`ReadOptions::until`](crate::ReadOptions::until).
    ReachesBeyond,
    /// The record is malformed. The [examples](crate::Reconciliation::examples) say what exactly is wrong.
    Malformed(MalformedKind),
}

/// A `userIdentity` that is not an IAM user or role.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum UserIdentityKind {
    /// The account's root user.
    Root,
    /// An AWS service on its own behalf.
    AwsService,
    /// A request without credentials.
    Anonymous,
    /// Another type of `userIdentity`, such as `WebIdentityUser` or `IdentityCenterUser`.
    Other(Box<str>),
}

impl SetAside {
    /// Whether the input is at fault. The other reasons are ordinary: most trails have sign-ins.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::Malformed(_))
    }
}

impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnApiCall(kind) => write!(f, "not an API call: {}", kind.escape_debug()),
            Self::NoIamIdentity(UserIdentityKind::Root) => f.write_str("by the account root"),
            Self::NoIamIdentity(UserIdentityKind::AwsService) => f.write_str("by an AWS service"),
            Self::NoIamIdentity(UserIdentityKind::Anonymous) => f.write_str("anonymous"),
            Self::NoIamIdentity(UserIdentityKind::Other(kind)) => {
                write!(f, "no IAM identity: {}", kind.escape_debug())
            }
            Self::TooOld => f.write_str("earlier than the time asked for"),
            Self::TooNew => f.write_str("later than the instant asked for"),
            Self::ReachesBeyond => f.write_str("reaching beyond the instant asked for"),
            Self::Malformed(kind) => write!(f, "malformed: {kind}"),
        }
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
    /// A name has a control character.
    #[error("the {0} has a control character")]
    ControlCharacter(RecordField),
    /// The `awsRegion` cannot be the name of a Region.
    #[error("the awsRegion is no Region")]
    Region,
    /// The `eventTime` is not a time, or not one at which CloudTrail existed.
    #[error("the eventTime {0:?} cannot be")]
    Time(Box<str>),
    /// A user or role that cannot be told from others: the `userIdentity.type`.
    #[error("{0} with neither a unique id in userIdentity.principalId nor an ARN")]
    Principal(Box<str>),
    /// The record has bytes that are not UTF-8.
    #[error("not UTF-8")]
    Encoding,
    /// The record is another JSON value than an object.
    #[error("not an object")]
    NotAnObject,
    /// The record is not JSON, or a field has another type than CloudTrail's.
    #[error("{}", .0)]
    Json(Box<str>),
    /// What stands where a record should be cannot be read.
    #[error("{}", .0)]
    Broken(Box<str>),
}

impl Malformed {
    /// Its kind, by which malformed records are counted.
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
            Self::NotAnObject | Self::Json(_) => MalformedKind::Json,
            Self::Broken(_) => MalformedKind::Broken,
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
    /// [`Malformed::Broken`]
    Broken,
}

impl fmt::Display for MalformedKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "a field is missing",
            Self::TooLong => "a text is too long",
            Self::ControlCharacter => "a name has a control character",
            Self::Region => "not a Region",
            Self::Time => "an impossible time",
            Self::Principal => "a principal without id and ARN",
            Self::Encoding => "not UTF-8",
            Self::Json => "not the JSON of a record",
            Self::Broken => "unreadable",
        })
    }
}

/// Why a record is not an attempt, with all that is known about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// An ordinary record that does not count.
    SetAside(SetAside),
    /// The record is at fault.
    Malformed(Malformed),
}

impl From<SetAside> for Rejection {
    fn from(reason: SetAside) -> Self {
        Self::SetAside(reason)
    }
}

impl From<UserIdentityKind> for Rejection {
    fn from(kind: UserIdentityKind) -> Self {
        Self::SetAside(SetAside::NoIamIdentity(kind))
    }
}

impl From<Malformed> for Rejection {
    fn from(malformed: Malformed) -> Self {
        Self::Malformed(malformed)
    }
}
