//! Why records were set aside, counted.

use std::collections::BTreeMap;

use crate::outcome::set_aside::SetAside;

/// Reasons to set records aside, by number, with how many records each has.
#[derive(Debug, Default)]
pub(super) struct Reasons {
    numbers: BTreeMap<SetAside, u32>,
    counts: Vec<u64>,
}

impl Reasons {
    pub(super) fn number(&mut self, reason: SetAside) -> u32 {
        let next = self.counts.len() as u32;
        let number = *self.numbers.entry(reason).or_insert(next);
        if number == next {
            self.counts.push(0);
        }
        number
    }

    pub(super) fn count(&mut self, number: u32) {
        if let Some(count) = self.counts.get_mut(number as usize) {
            *count += 1;
        }
    }

    /// The reasons that records have.
    pub(super) fn into_counts(self) -> impl Iterator<Item = (SetAside, u64)> {
        let counts = self.counts;
        self.numbers
            .into_iter()
            .filter_map(move |(reason, number)| {
                let count = *counts.get(number as usize)?;
                (count > 0).then_some((reason, count))
            })
    }
}
