//! Whether anything is left of a set.

/// The answer of [`residue`](crate::residue()).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Residue {
    /// The set is empty.
    Empty,
    /// The set is not empty: this is one of its strings. U+E000 stands for a letter that no pattern names.
    Witness(String),
    /// The work budget ended first.
    Undecided,
}

impl Residue {
    /// Whether the set may have a string: `true` when undecided.
    #[must_use]
    pub fn is_possible(&self) -> bool {
        *self != Self::Empty
    }
}
