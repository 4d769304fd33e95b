//! Uses that AWS remembers, and that the trail does not show.

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Serialize, Serializer};

use crate::time;

/// A use of a role or of a user's credential that AWS remembers, and that the trail does not show: of that account, Region and
/// day, something was not read. The trail may leave it out, as data events that it does not log, and identities or events that its
/// selectors exclude; or a log file is missing unnoticed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct UnseenUse {
    /// The account.
    pub account: Box<str>,
    /// The user or role.
    pub arn: Box<str>,
    /// What remembers the use.
    pub source: UseSource,
    /// When.
    #[serde(serialize_with = "as_text")]
    pub used: DateTime<Utc>,
    /// The Region, where AWS remembers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub region: Option<Box<str>>,
    /// The namespace of the service, where AWS remembers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Box<str>>,
    /// The last use until then that the trail shows.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "as_optional_text"
    )]
    pub seen: Option<DateTime<Utc>>,
    /// Whether the trail of the account, in that Region if it is known, was read on that day: then the trail leaves such uses out,
    /// or a log file is missing unnoticed.
    pub day_was_read: bool,
}

/// What remembers a use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum UseSource {
    /// `RoleLastUsed` in the account export.
    Role,
    /// `password_last_used` in the credential report.
    Password,
    /// `access_key_N_last_used_date` in the credential report: the number of the key.
    AccessKey(u8),
}

impl fmt::Display for UseSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role => f.write_str("RoleLastUsed"),
            Self::Password => f.write_str("password_last_used"),
            Self::AccessKey(number) => write!(f, "access_key_{number}_last_used_date"),
        }
    }
}

impl Serialize for UseSource {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

fn as_text<S: Serializer>(instant: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time::format(*instant))
}

fn as_optional_text<S: Serializer>(
    instant: &Option<DateTime<Utc>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    instant.map(time::format).serialize(serializer)
}
