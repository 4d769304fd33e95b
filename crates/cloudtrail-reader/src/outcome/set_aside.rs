//! Why a record does not count as an attempt.

use std::fmt;

use advisor_core::text::Printable;
use serde::{Deserialize, Serialize};

use crate::outcome::malformed::{Malformed, MalformedKind};

/// Why a record was set aside. Records are counted by these reasons.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SetAside {
    /// Not an API call: the `eventType` of a sign-in, a service event, an insight, a VPC endpoint event.
    NotAnApiCall(Box<str>),
    /// From an event source of work that no identity's permissions decide: S3's lifecycle rules, requests that could not be
    /// authenticated. The event source.
    NoPrincipal(Box<str>),
    /// From an event source that is a host outside AWS: other products write such records in CloudTrail's format. The event
    /// source.
    NotAws(Box<str>),
    /// Made by something that is not an IAM user or role.
    NoIamIdentity(UserIdentityKind),
    /// Earlier than [`ReadOptions::since`](crate::ReadOptions::since).
    BeforeSince,
    /// Later than [`ReadOptions::until`](crate::ReadOptions::until).
    AfterUntil,
    /// More than a day later than [`ReadOptions::now`](crate::ReadOptions::now), or a row of an activity file that reaches as far.
    FromTheFuture,
    /// A row of an activity file that spans [`ReadOptions::until`](crate::ReadOptions::until), and whose days are not known.
    SpansUntil,
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
    /// The reason's name for programs, in snake case, without what the record names: its event type, source or identity.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NotAnApiCall(_) => "not_an_api_call",
            Self::NoPrincipal(_) => "no_principal",
            Self::NotAws(_) => "not_aws",
            Self::NoIamIdentity(UserIdentityKind::Root) => "root",
            Self::NoIamIdentity(UserIdentityKind::AwsService) => "aws_service",
            Self::NoIamIdentity(UserIdentityKind::Anonymous) => "anonymous",
            Self::NoIamIdentity(UserIdentityKind::Other(_)) => "no_iam_identity",
            Self::BeforeSince => "before_since",
            Self::AfterUntil => "after_until",
            Self::FromTheFuture => "from_the_future",
            Self::SpansUntil => "spans_until",
            Self::Malformed(_) => "malformed",
        }
    }

    /// Whether the input is at fault. The other reasons are ordinary: most trails have sign-ins.
    #[must_use]
    pub fn is_fault(&self) -> bool {
        matches!(self, Self::Malformed(_))
    }

    /// Whether the record summarizes calls, or is one that CloudTrail records beside the call: aggregated events, insights,
    /// network activity. Where these are alone, nothing is known of the calls.
    #[must_use]
    pub fn is_summary(&self) -> bool {
        const SUMMARIES: [&str; 4] = [
            "AwsAggregatedEvent",
            "AwsCloudTrailInsight",
            "AwsVpceEvent",
            "AwsVpceEvents",
        ];
        matches!(self, Self::NotAnApiCall(kind) if SUMMARIES.contains(&&**kind))
    }

    /// The reason without what the record names, if it names something: there can be any number of such reasons.
    pub(crate) fn without_name(&self) -> Option<Self> {
        const OTHERS: &str = "(others)";
        match self {
            Self::NotAnApiCall(name)
            | Self::NoPrincipal(name)
            | Self::NotAws(name)
            | Self::NoIamIdentity(UserIdentityKind::Other(name))
                if **name == *OTHERS || self.is_summary() =>
            {
                None
            }
            Self::NotAnApiCall(_) => Some(Self::NotAnApiCall(OTHERS.into())),
            Self::NoPrincipal(_) => Some(Self::NoPrincipal(OTHERS.into())),
            Self::NotAws(_) => Some(Self::NotAws(OTHERS.into())),
            Self::NoIamIdentity(UserIdentityKind::Other(_)) => {
                Some(Self::NoIamIdentity(UserIdentityKind::Other(OTHERS.into())))
            }
            _ => None,
        }
    }
}

impl fmt::Display for SetAside {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnApiCall(kind) => write!(f, "not an API call: {}", Printable(kind)),
            Self::NoPrincipal(source) => {
                write!(f, "not decided by permissions: {}", Printable(source))
            }
            Self::NotAws(source) => write!(f, "not of AWS: {}", Printable(source)),
            Self::NoIamIdentity(UserIdentityKind::Root) => f.write_str("by the account root"),
            Self::NoIamIdentity(UserIdentityKind::AwsService) => f.write_str("by an AWS service"),
            Self::NoIamIdentity(UserIdentityKind::Anonymous) => f.write_str("anonymous"),
            Self::NoIamIdentity(UserIdentityKind::Other(kind)) => {
                write!(f, "not an IAM identity: {}", Printable(kind))
            }
            Self::BeforeSince => f.write_str("earlier than since"),
            Self::AfterUntil => f.write_str("later than until"),
            Self::FromTheFuture => f.write_str("FROM THE FUTURE"),
            Self::SpansUntil => f.write_str("spans until"),
            Self::Malformed(kind) => write!(f, "malformed: {kind}"),
        }
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
