//! A cache of directories.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use advisor_core::AccountId;
use advisor_store::AccountSnapshot;

use super::directory::Directory;

/// The latest directory of each account, with the generation of its snapshot.
#[derive(Debug, Default)]
pub(crate) struct Directories {
    known: Mutex<HashMap<AccountId, (i64, Arc<Directory>)>>,
    /// Held while a directory is made, so that requests that come meanwhile do not make it as well.
    making: Mutex<()>,
}

impl Directories {
    /// Returns the directory of a snapshot.
    pub(crate) fn of(&self, snapshot: &AccountSnapshot) -> Arc<Directory> {
        if let Some(known) = self.known(snapshot) {
            return known;
        }
        let _making = lock(&self.making);
        if let Some(known) = self.known(snapshot) {
            return known;
        }
        let directory = Arc::new(Directory::of(snapshot));
        let entry = (snapshot.generation, directory.clone());
        lock(&self.known).insert(snapshot.id.clone(), entry);
        directory
    }

    fn known(&self, snapshot: &AccountSnapshot) -> Option<Arc<Directory>> {
        let known = lock(&self.known);
        let (generation, directory) = known.get(&snapshot.id)?;
        (*generation == snapshot.generation).then(|| directory.clone())
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
