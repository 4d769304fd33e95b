//! Which fields of an object were met: one that is there twice is for the plain reader.

/// The fields that count which were seen in an object, by number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen(u16);

impl Seen {
    pub(crate) const fn of(numbers: &[u32]) -> Self {
        let (mut bits, mut rest) = (0, numbers);
        while let [number, others @ ..] = rest {
            bits |= 1 << *number;
            rest = others;
        }
        Self(bits)
    }

    /// Whether a field was there before.
    pub(crate) fn twice(&mut self, number: u32) -> bool {
        let bit = 1 << number;
        let was_there = self.0 & bit != 0;
        self.0 |= bit;
        was_there
    }

    pub(crate) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }

    pub(crate) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn has_any_of(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }
}
