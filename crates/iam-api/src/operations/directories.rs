//! A cache of directories.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use advisor_core::AccountId;
use advisor_store::AccountSnapshot;

use super::directory::Directory;

/// The latest directory of each account, with the generation of its snapshot.
#[derive(Debug, Default)]
pub(crate) struct Directories(Mutex<HashMap<AccountId, (i64, Arc<Directory>)>>);

impl Directories {
    /// Returns the directory of a snapshot.
    pub(crate) fn of(&self, snapshot: &AccountSnapshot) -> Arc<Directory> {
        if let Some((generation, known)) = self.lock().get(&snapshot.id)
            && *generation == snapshot.generation
        {
            return known.clone();
        }
        let directory = Arc::new(Directory::of(snapshot));
        let entry = (snapshot.generation, directory.clone());
        self.lock().insert(snapshot.id.clone(), entry);
        directory
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, (i64, Arc<Directory>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
