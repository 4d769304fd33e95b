//! Values that are written once, and referred to by number.

use std::hash::Hash;

use hashbrown::HashMap;

/// Values in the order in which they were first seen.
#[derive(Debug)]
pub(crate) struct Dictionary<T> {
    numbers: HashMap<T, u64>,
    list: Vec<T>,
}

impl<T> Default for Dictionary<T> {
    fn default() -> Self {
        Self {
            numbers: HashMap::new(),
            list: Vec::new(),
        }
    }
}

impl<T: Clone + Eq + Hash> Dictionary<T> {
    /// The number of a value, from 0.
    pub(crate) fn number<Q>(&mut self, value: &Q) -> u64
    where
        Q: Eq + Hash + hashbrown::Equivalent<T> + ?Sized,
        T: for<'a> From<&'a Q>,
    {
        if let Some(number) = self.numbers.get(value) {
            return *number;
        }
        let number = self.list.len() as u64;
        let value = T::from(value);
        self.list.push(value.clone());
        self.numbers.insert(value, number);
        number
    }

    pub(crate) fn list(&self) -> &[T] {
        &self.list
    }
}
