//! Stores each distinct value once, by number.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

/// Distinct values by number.
#[derive(Clone, Debug)]
pub(crate) struct Interned<T> {
    values: Vec<T>,
    ids: HashTable<(u64, u32)>,
    hasher: RandomState,
}

impl<T> Default for Interned<T> {
    fn default() -> Self {
        Self {
            values: Vec::new(),
            ids: HashTable::new(),
            hasher: RandomState::default(),
        }
    }
}

impl<T> Interned<T> {
    pub(crate) fn get(&self, id: u32) -> Option<&T> {
        self.values.get(id as usize)
    }

    pub(crate) fn get_mut(&mut self, id: u32) -> Option<&mut T> {
        self.values.get_mut(id as usize)
    }

    /// All values, in the order of their numbers.
    pub(crate) fn values(&self) -> impl ExactSizeIterator<Item = &T> {
        self.values.iter()
    }

    /// All values. What they hash to must stay the same.
    pub(crate) fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.values.iter_mut()
    }

    /// The number of the value for `key`, which must hash the same for equal values. `is` compares a value
    /// with the key, and `make` creates the value if it is new.
    pub(crate) fn id(
        &mut self,
        key: impl Hash,
        is: impl Fn(&T) -> bool,
        make: impl FnOnce() -> T,
    ) -> u32 {
        let hash = self.hasher.hash_one(key);
        let values = &self.values;
        let found = self
            .ids
            .find(hash, |(_, id)| values.get(*id as usize).is_some_and(&is));
        if let Some((_, id)) = found {
            return *id;
        }
        let id = index(self.values.len());
        self.values.push(make());
        self.ids.insert_unique(hash, (hash, id), |(hash, _)| *hash);
        id
    }
}

/// A number for an index. Tables of more than four billion distinct values do not fit in memory.
pub(crate) fn index(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
