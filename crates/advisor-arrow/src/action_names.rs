//! The names of a catalog's actions, each once, for the dictionaries of many batches.

use std::sync::{Arc, OnceLock};

use arrow_array::builder::StringBuilder;
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array};
use arrow_schema::ArrowError;
use foldhash::fast::FixedState;
use hashbrown::HashMap;
use service_catalog::{ActionId, Catalog};

/// Which actions have the same name: worked out once, when a name is first asked for.
pub(crate) struct ActionNames<'a> {
    catalog: &'a Catalog,
    /// By action; names are numbered in the order of the first action that has them.
    numbers: OnceLock<Vec<u32>>,
}

impl<'a> ActionNames<'a> {
    pub(crate) fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            numbers: OnceLock::new(),
        }
    }

    pub(crate) fn catalog(&self) -> &'a Catalog {
        self.catalog
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

/// The dictionary of a batch: the names that occur in it.
pub(crate) struct ActionDictionary<'a> {
    names: &'a ActionNames<'a>,
    /// By the number of a name.
    keys: Vec<i32>,
    next: i32,
    values: StringBuilder,
}

/// A name has no key yet.
const UNKNOWN: i32 = -1;

impl<'a> ActionDictionary<'a> {
    pub(crate) fn new(names: &'a ActionNames<'a>) -> Self {
        Self {
            names,
            keys: Vec::new(),
            next: 0,
            values: StringBuilder::new(),
        }
    }

    /// The keys of actions' names.
    pub(crate) fn keys(
        &mut self,
        actions: impl ExactSizeIterator<Item = ActionId>,
    ) -> impl ExactSizeIterator<Item = i32> {
        let numbers = self.names.numbers();
        // There are no more names than actions.
        self.keys.resize(numbers.len(), UNKNOWN);
        actions.map(|action| {
            let number = numbers.get(action.index()).map(|number| *number as usize);
            match number.and_then(|number| self.keys.get_mut(number)) {
                Some(key) if *key != UNKNOWN => *key,
                place => {
                    let key = self.next;
                    self.next += 1;
                    self.values
                        .append_value(self.names.catalog.action(action).name());
                    if let Some(place) = place {
                        *place = key;
                    }
                    key
                }
            }
        })
    }

    /// The column that has these keys.
    pub(crate) fn finish(mut self, keys: Int32Array) -> Result<ArrayRef, ArrowError> {
        let values: ArrayRef = Arc::new(self.values.finish());
        Ok(Arc::new(DictionaryArray::<Int32Type>::try_new(
            keys, values,
        )?))
    }
}
