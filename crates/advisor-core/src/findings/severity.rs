//! How much a finding matters, and why.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// How much a [`Finding`](crate::Finding) matters. Later ones matter more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Severity {
    /// Worth tidying up.
    Informational,
    /// It only reads, or it grants nothing by itself.
    Low,
    /// It writes.
    Medium,
    /// It can lead to more permissions, or to credentials.
    High,
    /// By itself it leads to any permission of the account.
    Critical,
}

impl Severity {
    /// All severities, the least first.
    pub const ALL: [Self; 5] = [
        Self::Informational,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// The name: `informational`, `low`, `medium`, `high` or `critical`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Informational => "informational",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for Severity {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// From the name. The error is the text.
/// There is no severity of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is none of {}", Severity::ALL.map(Severity::name).join(", "))]
#[non_exhaustive]
pub struct UnknownSeverityError {
    /// The name.
    pub name: Box<str>,
}

impl FromStr for Severity {
    type Err = UnknownSeverityError;

    fn from_str(name: &str) -> Result<Self, UnknownSeverityError> {
        let mut all = Self::ALL.into_iter();
        all.find(|severity| severity.name() == name)
            .ok_or_else(|| UnknownSeverityError { name: name.into() })
    }
}

/// Why a [`Finding`](crate::Finding) has its severity. `Display` and serde write it as short plain text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SeverityReason {
    /// Actions that by themselves lead to any permission, granted on all resources without a condition.
    TakesOver {
        /// How many.
        actions: usize,
        /// One of them, such as `iam:PutRolePolicy`.
        example: Box<str>,
        /// What that gives: [`Privilege::gives`](crate::Privilege::gives).
        gives: Option<&'static str>,
    },
    /// Actions that can lead to more permissions or to credentials.
    Privileges {
        /// How many.
        actions: usize,
        /// One of them.
        example: Box<str>,
        /// What that gives, if it is listed: [`Privilege::gives`](crate::Privilege::gives).
        gives: Option<&'static str>,
    },
    /// Actions that create, change or delete resources.
    Writes {
        /// How many.
        actions: usize,
        /// One of them.
        example: Box<str>,
    },
    /// Nothing but actions that list and read.
    Reads,
    /// Nothing is granted.
    GrantsNothing,
    /// Actions that no permission policy grants.
    GrantedElsewhere,
    /// Denied attempts.
    Denied {
        /// How many, of all attempts at these actions.
        denied: u64,
    },
    /// A credential of a user whose permissions are of this severity.
    CredentialOf(Severity),
    /// An access key that is not active: it signs nothing, and can be deleted.
    InactiveKey,
}

impl fmt::Display for SeverityReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TakesOver {
                actions,
                example,
                gives,
            } => {
                let leads = Actions(
                    *actions,
                    "leads to all permissions",
                    "lead to all permissions",
                );
                write!(f, "{leads}{}", Example(*actions, example, *gives))
            }
            Self::Privileges {
                actions,
                example,
                gives,
            } => {
                let can_lead = "can lead to more permissions or credentials";
                let can_lead = Actions(*actions, can_lead, can_lead);
                write!(f, "{can_lead}{}", Example(*actions, example, *gives))
            }
            Self::Writes { actions, example } => {
                let writes = Actions(*actions, "writes", "write");
                write!(f, "{writes}{}", Example(*actions, example, None))
            }
            Self::Reads => f.write_str("lists and reads only"),
            Self::GrantsNothing => f.write_str("grants nothing to anybody"),
            Self::GrantedElsewhere => f.write_str(
                "a resource-based policy grants it, or a permission that was removed did",
            ),
            Self::Denied { denied: 1 } => f.write_str("1 attempt was denied"),
            Self::Denied { denied } => write!(f, "{denied} attempts were denied"),
            Self::CredentialOf(severity) => {
                write!(f, "a credential of a user with {severity} permissions")
            }
            Self::InactiveKey => f.write_str("the key is not active, and can be deleted"),
        }
    }
}

impl Serialize for SeverityReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A number of actions, with the verb.
struct Actions(usize, &'static str, &'static str);

impl fmt::Display for Actions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, one, several) = *self;
        if number == 1 {
            write!(f, "1 action {one}")
        } else {
            write!(f, "{number} actions {several}")
        }
    }
}

/// One of a number of actions, and what it gives.
struct Example<'a>(usize, &'a str, Option<&'static str>);

impl fmt::Display for Example<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(number, action, gives) = *self;
        f.write_str(if number == 1 { ": " } else { ", such as " })?;
        f.write_str(action)?;
        match gives {
            Some(gives) => write!(f, ", which {gives}"),
            None => Ok(()),
        }
    }
}
