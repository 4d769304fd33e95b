//! What a report says of a row: its state.

use serde::{Serialize, Serializer};

/// What a report says of a granted service or action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum State {
    /// An attempt shows it.
    Used,
    /// A call of another action may have exercised it.
    Implied,
    /// No attempt shows it, though the trail would have shown one.
    Unused,
    /// No attempt shows it, and the trail would not have shown one.
    Unobservable,
    /// Too few days of the account's trail were read to tell.
    Uncovered,
}

impl State {
    /// The name: `used`, `implied`, `unused`, `unobservable` or `uncovered`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Used => "used",
            Self::Implied => "implied",
            Self::Unused => "unused",
            Self::Unobservable => "unobservable",
            Self::Uncovered => "uncovered",
        }
    }
}

impl std::fmt::Display for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

impl Serialize for State {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}
