//! Dictionary-encoded text columns: `Dictionary(Int32, Utf8)`.

use std::sync::Arc;

use arrow_array::builder::{Int32Builder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array};
use arrow_schema::{ArrowError, DataType};
use hashbrown::HashMap;

/// The type of dictionary-encoded text.
pub(crate) fn data_type() -> DataType {
    DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into())
}

/// Builds the values of a dictionary. Keys are in the order of first use.
#[derive(Default)]
pub(crate) struct Dictionary {
    known: HashMap<Box<str>, i32, foldhash::fast::RandomState>,
    values: StringBuilder,
}

impl Dictionary {
    /// The key of a value.
    pub(crate) fn key(&mut self, value: &str) -> i32 {
        if let Some(key) = self.known.get(value) {
            return *key;
        }
        let key = i32::try_from(self.known.len()).unwrap_or(i32::MAX);
        self.known.insert(value.into(), key);
        self.values.append_value(value);
        key
    }

    /// The values, in the order of their keys.
    pub(crate) fn values(mut self) -> ArrayRef {
        Arc::new(self.values.finish())
    }

    /// The column that has these keys.
    pub(crate) fn finish(self, keys: Int32Array) -> Result<DictionaryArray<Int32Type>, ArrowError> {
        DictionaryArray::try_new(keys, self.values())
    }
}

/// Builds a dictionary-encoded column.
#[derive(Default)]
pub(crate) struct DictionaryColumn {
    keys: Int32Builder,
    values: Dictionary,
}

impl DictionaryColumn {
    /// Appends a value.
    pub(crate) fn push(&mut self, value: &str) {
        let key = self.values.key(value);
        self.keys.append_value(key);
    }

    /// Appends a value; `None` is null.
    pub(crate) fn push_option(&mut self, value: Option<&str>) {
        match value {
            Some(value) => self.push(value),
            None => self.keys.append_null(),
        }
    }

    pub(crate) fn finish(mut self) -> Result<ArrayRef, ArrowError> {
        Ok(Arc::new(self.values.finish(self.keys.finish())?))
    }
}

/// Caches dictionary keys by id, so that each text is hashed once.
#[derive(Default)]
pub(crate) struct KeysById(Vec<i32>);

/// The entry of an id without a key.
const UNKNOWN: i32 = -1;

impl KeysById {
    /// The key of an id, if it has one.
    #[inline]
    pub(crate) fn known(&self, id: usize) -> Option<i32> {
        let key = self.0.get(id).copied();
        key.filter(|key| *key != UNKNOWN)
    }

    /// The key of an id. `make` creates it on first use.
    pub(crate) fn get(&mut self, id: usize, make: impl FnOnce() -> i32) -> i32 {
        if id >= self.0.len() {
            self.0.resize(id + 1, UNKNOWN);
        }
        match self.0.get_mut(id) {
            Some(key) if *key != UNKNOWN => *key,
            slot => {
                let key = make();
                if let Some(slot) = slot {
                    *slot = key;
                }
                key
            }
        }
    }
}
