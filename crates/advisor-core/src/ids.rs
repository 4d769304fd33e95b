//! Ids of accounts, entities and jobs, each with a type of its own.

use std::borrow::Borrow;
use std::fmt;

use serde::Serialize;

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
        #[serde(transparent)]
        pub struct $name(Box<str>);

        impl $name {
            /// The id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self(text.into())
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id! {
    /// An account id: twelve digits.
    AccountId
}

text_id! {
    /// The unique id that IAM gives an entity when it is created: `AIDA...` for users, `AROA...` for
    /// roles, `AGPA...` for groups, `ANPA...` for managed policies. It is never reused, not even for a
    /// later entity with the same name.
    UniqueId
}

text_id! {
    /// A job id: 36 characters.
    JobId
}
