//! What an operation needs.

use std::sync::Arc;

use advisor_core::{AccountId, Caller};
use advisor_store::StoredAdvisor;
use chrono::{DateTime, Utc};

use super::directories::Directories;
use super::directory::Directory;
use crate::error::ApiError;
use crate::jobs::queue::JobQueue;
use crate::parameters::Parameters;

/// A request, and what it is answered from.
pub(crate) struct Context<'a> {
    pub(crate) advisor: &'a StoredAdvisor,
    pub(crate) caller: &'a Caller,
    pub(crate) parameters: &'a Parameters,
    pub(crate) now: DateTime<Utc>,
    pub(crate) jobs: &'a JobQueue,
    pub(crate) directories: &'a Directories,
}

impl Context<'_> {
    /// The caller's account, or the store's only one, with its entities.
    pub(crate) fn directory(&self) -> Result<(AccountId, Arc<Directory>), ApiError> {
        let store = self.advisor.store();
        let account = match self.caller.account() {
            Some(account) => account,
            None => match store.accounts()?.as_slice() {
                [only] => only.clone(),
                [] => return Err(ApiError::no_such_entity("No account has been imported.")),
                _ => {
                    return Err(ApiError::invalid_input(
                        "The store holds several accounts: say which by using its number as the \
                         access key id.",
                    ));
                }
            },
        };
        let snapshot = store.snapshot(&account)?.ok_or_else(|| {
            ApiError::no_such_entity(format!("The account {account} has not been imported."))
        })?;
        Ok((account, self.directories.of(&snapshot)))
    }
}
