//! What to do where smaller policies are not the answer, or not the best one.

use std::fmt;

use serde::ser::{Serialize, SerializeStruct, Serializer};

/// What to do with an entity, beside or instead of what right-sizing proposes. Serializes as its kind and its message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Advice {
    /// Nothing that the role is granted was seen used, and AWS remembers no use of it: it can go.
    DeleteRole,
    /// Nothing that the entity is granted was seen used. What stays is what the logs cannot show.
    DetachPolicies,
    /// Statements stay whole, or nothing is proved, because lists of names are too long: [`Wildcards::Safe`](super::Wildcards::Safe) makes shorter ones.
    SafeWildcards,
}

impl Advice {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::DeleteRole, Self::DetachPolicies, Self::SafeWildcards];

    /// The name of the kind, as in JSON: `DeleteRole`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DeleteRole => "DeleteRole",
            Self::DetachPolicies => "DetachPolicies",
            Self::SafeWildcards => "SafeWildcards",
        }
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DeleteRole => {
                "RoleLastUsed of the export is empty, too: AWS remembers no use of the role. Delete it rather than shrink it"
            }
            Self::DetachPolicies => {
                "what stays is what the logs cannot show: if nobody needs that either, detach and delete its policies instead"
            }
            Self::SafeWildcards => {
                "try --wildcards safe: shorter lists take fewer characters, and are less to compare"
            }
        })
    }
}

impl Serialize for Advice {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut advice = serializer.serialize_struct("Advice", 2)?;
        advice.serialize_field("Kind", self.name())?;
        advice.serialize_field("Message", &self.to_string())?;
        advice.end()
    }
}
