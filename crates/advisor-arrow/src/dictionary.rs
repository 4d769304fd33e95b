//! Text that repeats, as dictionary-encoded columns: `Dictionary(Int32, Utf8)`.

use std::sync::Arc;

use arrow_array::builder::{Int32Builder, StringBuilder};
use arrow_array::types::Int32Type;
use arrow_array::{ArrayRef, DictionaryArray, Int32Array};
use arrow_schema::{ArrowError, DataType};
use hashbrown::HashMap;

/// The type of such a column.
pub(crate) fn data_type() -> DataType {
    DataType::Dictionary(DataType::Int32.into(), DataType::Utf8.into())
}

/// Values under construction. They get keys in the order in which they come.
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
        // A batch has fewer rows than this could count.
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

/// A column under construction.
#[derive(Default)]
pub(crate) struct DictionaryColumn {
    keys: Int32Builder,
    values: Dictionary,
}

impl DictionaryColumn {
    /// A row.
    pub(crate) fn push(&mut self, value: &str) {
        let key = self.values.key(value);
        self.keys.append_value(key);
    }

    /// A row; `None` is null.
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

/// The keys of the values that ids stand for, so that the text is looked at once only.
#[derive(Default)]
pub(crate) struct KeysById(Vec<i32>);

/// The id's value has no key yet.
const UNKNOWN: i32 = -1;

impl KeysById {
    /// The key of an id that has one.
    #[inline]
    pub(crate) fn known(&self, id: usize) -> Option<i32> {
        let key = self.0.get(id).copied();
        key.filter(|key| *key != UNKNOWN)
    }

    /// The key of an id; `make` gives it when it is asked for first.
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
