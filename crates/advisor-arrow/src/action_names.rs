//! Dictionaries of action names for many batches.

use std::sync::{Arc, OnceLock};

use arrow_array::builder::StringBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array};
use arrow_schema::ArrowError;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use service_catalog::{ActionId, Catalog};

use crate::dictionary::KeysById;

/// Numbers the distinct names of a catalog's actions, on first use.
#[derive(Debug)]
pub(crate) struct ActionNames {
    catalog: Arc<Catalog>,
    /// The number of each action's name, by action. Names are numbered in the order of their first action.
    numbers: OnceLock<Vec<u32>>,
}

impl ActionNames {
    pub(crate) fn new(catalog: Arc<Catalog>) -> Self {
        Self {
            catalog,
            numbers: OnceLock::new(),
        }
    }

    pub(crate) fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    fn numbers(&self) -> &[u32] {
        self.numbers.get_or_init(|| {
            let mut known = HashMap::with_hasher(FixedState::default());
            let actions = self.catalog.actions();
            actions
                .map(|(_, action)| {
                    let next = u32::try_from(known.len()).unwrap_or(u32::MAX);
                    *known.entry(action.name()).or_insert(next)
                })
                .collect()
        })
    }
}

/// The dictionary of a batch: the action names in it.
pub(crate) struct ActionDictionary<'a> {
    names: &'a ActionNames,
    by_action: KeysById,
    by_name: KeysById,
    next: i32,
    values: StringBuilder,
}

impl<'a> ActionDictionary<'a> {
    pub(crate) fn new(names: &'a ActionNames) -> Self {
        Self {
            names,
            by_action: KeysById::default(),
            by_name: KeysById::default(),
            next: 0,
            values: StringBuilder::new(),
        }
    }

    /// The key of an action's name.
    #[inline]
    pub(crate) fn key(&mut self, action: ActionId) -> i32 {
        match self.by_action.known(action.index()) {
            Some(key) => key,
            None => self.find(action),
        }
    }

    #[cold]
    fn find(&mut self, action: ActionId) -> i32 {
        let mut make = || {
            let key = self.next;
            self.next += 1;
            let name = self.names.catalog.action(action).name();
            self.values.append_value(name);
            key
        };
        let number = self.names.numbers().get(action.index());
        let key = match number {
            Some(number) => self.by_name.get(*number as usize, make),
            None => make(),
        };
        self.by_action.get(action.index(), || key)
    }

    /// The column that has these keys.
    pub(crate) fn finish(mut self, keys: Int32Array) -> Result<ArrayRef, ArrowError> {
        let values: ArrayRef = Arc::new(self.values.finish());
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(
            keys, values,
        )?))
    }
}
