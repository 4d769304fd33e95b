//! A set of actions as a bitset.

/// A set of positions. A position is an action of the catalog, or a service whose actions the
/// catalog does not know; `PolicyCompiler` assigns them. Sets that are combined must have the same
/// number of positions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ActionSet {
    words: Box<[u64]>,
}

const BITS: usize = u64::BITS as usize;

impl ActionSet {
    /// An empty set with room for `positions` positions.
    pub(crate) fn empty(positions: usize) -> Self {
        Self {
            words: vec![0; positions.div_ceil(BITS)].into_boxed_slice(),
        }
    }

    /// The set of all of `positions` positions.
    pub(crate) fn full(positions: usize) -> Self {
        let mut set = Self {
            words: vec![u64::MAX; positions.div_ceil(BITS)].into_boxed_slice(),
        };
        let used = positions % BITS;
        if used != 0
            && let Some(last) = set.words.last_mut()
        {
            *last = (1 << used) - 1;
        }
        set
    }

    /// Inserts a position. Positions beyond the set's size are ignored.
    pub(crate) fn insert(&mut self, position: usize) {
        if let Some(word) = self.words.get_mut(position / BITS) {
            *word |= 1 << (position % BITS);
        }
    }

    /// Inserts the positions in a range.
    pub(crate) fn insert_range(&mut self, range: std::ops::Range<usize>) {
        let (first, last) = (range.start / BITS, range.end / BITS);
        for (index, word) in (first..=last).zip(self.words.iter_mut().skip(first)) {
            let mut bits = u64::MAX;
            if index == first {
                bits &= u64::MAX << (range.start % BITS);
            }
            if index == last {
                bits &= (1 << (range.end % BITS)) - 1;
            }
            *word |= bits;
        }
    }

    /// Removes a position.
    pub(crate) fn remove(&mut self, position: usize) {
        if let Some(word) = self.words.get_mut(position / BITS) {
            *word &= !(1 << (position % BITS));
        }
    }

    pub(crate) fn contains(&self, position: usize) -> bool {
        self.words
            .get(position / BITS)
            .is_some_and(|word| word & (1 << (position % BITS)) != 0)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&*self.words)
    }

    pub(crate) fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Whether the other set has all positions of this one.
    pub(crate) fn is_within(&self, other: &Self) -> bool {
        let mut words = self.words.iter().zip(&other.words);
        words.all(|(word, other)| word & !other == 0)
    }

    /// Whether both sets have a position.
    pub(crate) fn has_common(&self, other: &Self) -> bool {
        let mut words = self.words.iter().zip(&other.words);
        words.any(|(word, other)| word & other != 0)
    }

    /// The number of positions that both sets have.
    pub(crate) fn common_len(&self, other: &Self) -> usize {
        let words = self.words.iter().zip(&other.words);
        words
            .map(|(word, other)| (word & other).count_ones() as usize)
            .sum()
    }

    /// Adds the other set's positions.
    pub(crate) fn union_with(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word |= other;
        }
    }

    /// Keeps the positions that the other set has too.
    pub(crate) fn intersect_with(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= other;
        }
    }

    /// Removes the other set's positions.
    pub(crate) fn subtract(&mut self, other: &Self) {
        for (word, other) in self.words.iter_mut().zip(&other.words) {
            *word &= !other;
        }
    }

    /// The positions of both sets that are in `range`, in ascending order.
    pub(crate) fn iter_common<'a>(
        &'a self,
        other: &'a Self,
        range: std::ops::Range<usize>,
    ) -> impl Iterator<Item = usize> + 'a {
        let first = range.start / BITS;
        let last = range.end.div_ceil(BITS);
        let words = self.words.iter().zip(&other.words);
        words
            .take(last)
            .enumerate()
            .skip(first)
            .flat_map(|(index, (word, other))| ones(index, word & other))
            .filter(move |position| range.contains(position))
    }

    /// The positions in the set, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words
            .iter()
            .enumerate()
            .flat_map(|(index, word)| ones(index, *word))
    }

    /// The positions in the set that are in `range`, in ascending order.
    pub(crate) fn iter_range(
        &self,
        range: std::ops::Range<usize>,
    ) -> impl Iterator<Item = usize> + '_ {
        let first = range.start / BITS;
        let words = self.words.get(first..).unwrap_or_default();
        words
            .iter()
            .take(range.end.div_ceil(BITS).saturating_sub(first))
            .enumerate()
            .flat_map(move |(index, word)| ones(first + index, *word))
            .filter(move |position| range.contains(position))
    }
}

fn ones(index: usize, mut word: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        if word == 0 {
            return None;
        }
        let bit = word.trailing_zeros() as usize;
        word &= word - 1;
        Some(index * BITS + bit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_of_every_size_know_their_ends() {
        for positions in [0, 1, 63, 64, 65, 130] {
            let full = ActionSet::full(positions);
            assert_eq!(full.len(), positions);
            assert!(!full.contains(positions));
            assert_eq!(
                full.iter().collect::<Vec<_>>(),
                (0..positions).collect::<Vec<_>>()
            );
            let range = positions / 3..positions;
            let mut part = ActionSet::empty(positions);
            part.insert_range(range.clone());
            assert_eq!(
                part.iter().collect::<Vec<_>>(),
                range.clone().collect::<Vec<_>>()
            );
            assert_eq!(
                full.iter_range(range.clone()).collect::<Vec<_>>(),
                range.collect::<Vec<_>>()
            );
        }
    }

    #[test]
    fn common_positions_are_counted() {
        let of = |range: std::ops::Range<usize>| {
            let mut set = ActionSet::empty(130);
            set.insert_range(range);
            set
        };
        for (other, common) in [(0..10, 0), (5..70, 6), (64..130, 65)] {
            let other = of(other);
            assert_eq!(of(64..129).common_len(&other), common);
            assert_eq!(of(64..129).has_common(&other), common > 0);
        }
    }

    #[test]
    fn algebra() {
        let of = |positions: &[usize]| {
            let mut set = ActionSet::empty(100);
            positions.iter().for_each(|position| set.insert(*position));
            set
        };
        let mut set = of(&[1, 64, 99]);
        set.union_with(&of(&[2]));
        set.subtract(&of(&[64]));
        assert_eq!(set, of(&[1, 2, 99]));
        set.intersect_with(&of(&[2, 3, 99]));
        assert_eq!(set.iter().collect::<Vec<_>>(), [2, 99]);
        assert!(set.is_within(&of(&[1, 2, 3, 99])) && !set.is_within(&of(&[1, 2])));
        set.remove(2);
        assert!(!set.is_empty() && set.contains(99) && set.len() == 1);
    }
}
