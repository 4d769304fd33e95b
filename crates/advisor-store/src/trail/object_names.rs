//! Which of the listed objects are to be read.
//!
//! Of objects with the same name, one is read at a time. The others wait: when it was imported, they are
//! compared with it; when it could not be read, the next of them is read.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cloudtrail_reader::ReadOptions;

use super::object::{self, Content, Object};
use crate::database::Database;
use crate::error::StoreError;

/// The names of the objects of an import.
pub(crate) struct ObjectNames<'i> {
    database: &'i Database,
    options: &'i ReadOptions,
    /// The names of objects that are being read or written, with the other objects of these names.
    under_way: Mutex<HashMap<String, VecDeque<Object>>>,
    known: AtomicU64,
    outside: AtomicU64,
    changed: Mutex<Vec<String>>,
}

/// What to do with a listed object.
pub(crate) enum NextStep {
    /// Read it.
    Read(Object),
    /// Nothing yet: another object of its name is being read.
    Wait,
    /// Nothing: it was imported before, or is outside the time range.
    Skip,
}

/// The objects that were not read.
pub(crate) struct Skipped {
    pub(crate) known: u64,
    pub(crate) outside: u64,
    pub(crate) changed: Vec<String>,
}

impl<'i> ObjectNames<'i> {
    pub(crate) fn new(database: &'i Database, options: &'i ReadOptions) -> Self {
        Self {
            database,
            options,
            under_way: Mutex::default(),
            known: AtomicU64::new(0),
            outside: AtomicU64::new(0),
            changed: Mutex::default(),
        }
    }

    /// Decides about an object, and counts it when it is skipped.
    pub(crate) fn decide(&self, object: Object) -> Result<NextStep, StoreError> {
        if !object.may_be_of(self.options.since, self.options.until) {
            self.outside.fetch_add(1, Ordering::Relaxed);
            return Ok(NextStep::Skip);
        }
        // In this order: a name stays under way until it is in the store.
        if let Some(waiting) = self.under_way().get_mut(&object.name) {
            waiting.push_back(object);
            return Ok(NextStep::Wait);
        }
        let imported = self
            .database
            .read(|reader| object::imported(reader, &object.name))?;
        if let Some(imported) = imported {
            self.compare(&object, &imported);
            return Ok(NextStep::Skip);
        }
        self.under_way()
            .insert(object.name.clone(), VecDeque::new());
        Ok(NextStep::Read(object))
    }

    /// Counts an object whose name was imported, or lists it when its content has changed since.
    pub(crate) fn compare(&self, object: &Object, imported: &Content) {
        if object.is(imported) {
            self.known.fetch_add(1, Ordering::Relaxed);
        } else {
            let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
            changed.push(object.listed.to_string());
        }
    }

    /// Compares the objects that waited for one that is in the store now.
    pub(crate) fn compare_waiting(&self, name: &str, imported: &Content) {
        let waiting = self.under_way().remove(name);
        for object in waiting.into_iter().flatten() {
            self.compare(&object, imported);
        }
    }

    /// The object to read in place of one of this name that could not be read.
    pub(crate) fn next_waiting(&self, name: &str) -> Option<Object> {
        let mut under_way = self.under_way();
        let next = under_way.get_mut(name)?.pop_front();
        if next.is_none() {
            under_way.remove(name);
        }
        next
    }

    /// The objects that were skipped; the changed ones are sorted.
    pub(crate) fn finish(self) -> Skipped {
        let changed = self.changed.into_inner();
        let mut changed = changed.unwrap_or_else(PoisonError::into_inner);
        changed.sort();
        Skipped {
            known: self.known.into_inner(),
            outside: self.outside.into_inner(),
            changed,
        }
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Object>>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}
