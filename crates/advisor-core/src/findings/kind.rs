//! Kinds of findings.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

/// The kind of a [`Finding`](crate::Finding).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum FindingKind {
    /// A role without any access in the tracking period.
    UnusedIamRole,
    /// A user without any access in the tracking period.
    UnusedIamUser,
    /// An access key that signed nothing in the tracking period.
    UnusedIamUserAccessKey,
    /// A password that nobody signed in with in the tracking period.
    UnusedIamUserPassword,
    /// Services, or actions of services, that a user or role is granted and did not use.
    UnusedPermission,
    /// Unused actions with which a user or role could get more permissions, or credentials.
    UnusedPrivilege,
    /// A managed policy that is attached, or an inline policy, of which nobody used anything.
    UnusedPolicy,
    /// A managed policy of the account that is attached to nothing.
    UnattachedPolicy,
    /// A group without members.
    EmptyGroup,
    /// Actions that a user or role used although no permission policy grants them.
    UngrantedUse,
    /// Actions that a user or role was denied again and again.
    RepeatedDenials,
}

impl FindingKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::UnusedIamRole,
        Self::UnusedIamUser,
        Self::UnusedIamUserAccessKey,
        Self::UnusedIamUserPassword,
        Self::UnusedPermission,
        Self::UnusedPrivilege,
        Self::UnusedPolicy,
        Self::UnattachedPolicy,
        Self::EmptyGroup,
        Self::UngrantedUse,
        Self::RepeatedDenials,
    ];

    /// The name; Access Analyzer's, if it has the kind.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::UnusedIamRole => "UnusedIAMRole",
            Self::UnusedIamUser => "UnusedIAMUser",
            Self::UnusedIamUserAccessKey => "UnusedIAMUserAccessKey",
            Self::UnusedIamUserPassword => "UnusedIAMUserPassword",
            Self::UnusedPermission => "UnusedPermission",
            Self::UnusedPrivilege => "UnusedPrivilege",
            Self::UnusedPolicy => "UnusedPolicy",
            Self::UnattachedPolicy => "UnattachedPolicy",
            Self::EmptyGroup => "EmptyGroup",
            Self::UngrantedUse => "UngrantedUse",
            Self::RepeatedDenials => "RepeatedDenials",
        }
    }

    /// What findings of this kind say, in a sentence.
    #[must_use]
    pub fn description(self) -> &'static str {
        match self {
            Self::UnusedIamRole => "The role was not used in the tracking period.",
            Self::UnusedIamUser => "The user was not active in the tracking period.",
            Self::UnusedIamUserAccessKey => {
                "The access key signed no request in the tracking period."
            }
            Self::UnusedIamUserPassword => {
                "Nobody signed in with the password in the tracking period."
            }
            Self::UnusedPermission => {
                "The identity did not use services or actions that its policies grant."
            }
            Self::UnusedPrivilege => {
                "The identity did not use actions that could give it more permissions or credentials."
            }
            Self::UnusedPolicy => {
                "The policy is attached, and nobody used anything that it grants."
            }
            Self::UnattachedPolicy => "The policy is attached to no user, group or role.",
            Self::EmptyGroup => "The group has no members.",
            Self::UngrantedUse => {
                "The identity used actions that none of its permission policies grants."
            }
            Self::RepeatedDenials => "The identity was denied the same actions again and again.",
        }
    }

    /// Whether it says that something was not used, which only the states prove.
    #[must_use]
    pub fn is_about_unused(self) -> bool {
        !matches!(
            self,
            Self::UnattachedPolicy | Self::EmptyGroup | Self::UngrantedUse | Self::RepeatedDenials
        )
    }
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for FindingKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

/// From the name. The error is the text.
/// There is no kind of finding of this name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is none of {}", FindingKind::ALL.map(FindingKind::name).join(", "))]
#[non_exhaustive]
pub struct UnknownFindingKindError {
    /// The name.
    pub name: Box<str>,
}

impl FromStr for FindingKind {
    type Err = UnknownFindingKindError;

    fn from_str(name: &str) -> Result<Self, UnknownFindingKindError> {
        let mut kinds = Self::ALL.into_iter();
        kinds
            .find(|kind| kind.name() == name)
            .ok_or_else(|| UnknownFindingKindError { name: name.into() })
    }
}
