//! A cache of directories.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use advisor_core::AccountId;
use advisor_store::AccountPicture;

use super::directory::Directory;

/// The latest directory of each account, with the generation of its picture.
#[derive(Debug, Default)]
pub(crate) struct Directories(Mutex<HashMap<AccountId, (i64, Arc<Directory>)>>);

impl Directories {
    /// Returns the directory of a picture.
    pub(crate) fn of(&self, picture: &AccountPicture) -> Arc<Directory> {
        if let Some((generation, known)) = self.lock().get(&picture.id)
            && *generation == picture.generation
        {
            return known.clone();
        }
        let directory = Arc::new(Directory::of(picture));
        let entry = (picture.generation, directory.clone());
        self.lock().insert(picture.id.clone(), entry);
        directory
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<AccountId, (i64, Arc<Directory>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
