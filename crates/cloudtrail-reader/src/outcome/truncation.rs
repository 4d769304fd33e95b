//! Objects that hold a part of a result: commands and searches return pages.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::outcome::object_id::ObjectId;
use advisor_core::text::Printable;

/// An object that holds a part of a result. Its records were taken; others are missing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TruncatedObject {
    /// The object.
    pub object: ObjectId,
    /// How it is known.
    pub truncation: Truncation,
}

/// How it is known that an object holds a part of a result.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Truncation {
    /// A page has a `NextToken`, and the page after it is not in the object.
    NextPage,
    /// A page of `aws logs get-log-events`, which does not say whether more follow.
    OnePage,
    /// The query had not finished, or failed. Holds its status.
    QueryStatus(Box<str>),
    /// A search found more than it returned.
    Rows {
        /// The rows in the object.
        held: u64,
        /// The rows that the search found.
        found: u64,
    },
}

impl Truncation {
    /// Its name for programs, in snake case.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::NextPage => "next_page",
            Self::OnePage => "one_page",
            Self::QueryStatus(_) => "query_status",
            Self::Rows { .. } => "rows",
        }
    }
}

impl fmt::Display for Truncation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NextPage => f.write_str("it has a NextToken: more pages follow"),
            Self::OnePage => f.write_str("one page of get-log-events: more pages may follow"),
            Self::QueryStatus(status) => {
                write!(f, "the status of the query is {}", Printable(status))
            }
            Self::Rows { held, found } => write!(f, "it holds {held} of {found} results"),
        }
    }
}

impl fmt::Display for TruncatedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = self.object.to_string();
        write!(f, "{}: {}", Printable(&object), self.truncation)
    }
}
