//! Why records were set aside, counted.

use crate::outcome::set_aside::SetAside;

/// More reasons than there are without texts of the records in them.
const MOST_REASONS: usize = 128;

/// Reasons to set records aside, by number, with how many records each has.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    counted: Vec<(SetAside, u64)>,
}

impl Reasons {
    /// The number of a reason. A few are met all the time; those that are made up go to the plain reader, one by one.
    pub(crate) fn number(&mut self, reason: SetAside) -> Option<usize> {
        match self.counted.iter().position(|(known, _)| *known == reason) {
            Some(number) => Some(number),
            None if self.counted.len() < MOST_REASONS => {
                self.counted.push((reason, 0));
                Some(self.counted.len() - 1)
            }
            None => None,
        }
    }

    pub(crate) fn count(&mut self, number: usize) {
        if let Some((_, count)) = self.counted.get_mut(number) {
            *count += 1;
        }
    }

    pub(crate) fn into_counts(self) -> impl Iterator<Item = (SetAside, u64)> {
        self.counted.into_iter().filter(|(_, count)| *count > 0)
    }
}
