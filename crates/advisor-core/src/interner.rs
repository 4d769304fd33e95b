//! Ids for equal values, for several threads.

use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;

/// Gives equal values the same id.
#[derive(Debug)]
pub(crate) struct Interner<T>(Mutex<HashMap<Arc<T>, u32>>);

impl<T> Default for Interner<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Eq + Hash> Interner<T> {
    pub(crate) fn intern(&self, value: T) -> (Arc<T>, u32) {
        let mut ids = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, id)) = ids.get_key_value(&value) {
            return (known.clone(), *id);
        }
        let next = u32::try_from(ids.len()).unwrap_or(u32::MAX);
        let value = Arc::new(value);
        ids.insert(value.clone(), next);
        (value, next)
    }
}
