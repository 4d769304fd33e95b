//! The advisors that reports were made with last, one for each account.

use std::sync::{Arc, Mutex, PoisonError};

use advisor_core::{AccountId, Advisor};

/// How many accounts' advisors are kept. Callers of different accounts take turns, and making an advisor takes
/// longer than most reports.
const KEPT: usize = 4;

/// The advisors that were used last.
#[derive(Debug, Default)]
pub(crate) struct Advisors(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    key: AdvisorKey,
    slot: Slot,
}

/// `None` until it is made.
type Slot = Arc<Mutex<Option<StoredAccount>>>;

/// What reports on an account are made from.
#[derive(Clone, Debug)]
pub(crate) struct StoredAccount {
    pub(crate) advisor: Advisor,
    /// Whether the activity is of this account too.
    pub(crate) has_activity: bool,
}

/// The account data and activity that an advisor is made from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AdvisorKey {
    pub(crate) account: AccountId,
    pub(crate) generation: i64,
    pub(crate) activity_version: i64,
}

impl Advisors {
    /// Returns the advisor for a key, made if need be. Only threads that want the same one wait for each other.
    ///
    /// # Errors
    /// As `make`.
    pub(crate) fn get<E>(
        &self,
        key: AdvisorKey,
        make: impl FnOnce() -> Result<StoredAccount, E>,
    ) -> Result<StoredAccount, E> {
        let slot = self.slot(key);
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = &*slot {
            return Ok(account.clone());
        }
        Ok(slot.insert(make()?).clone())
    }

    /// The slot for a key. It replaces that of an older import of its account, and the one that was used longest
    /// ago when there are too many.
    fn slot(&self, key: AdvisorKey) -> Slot {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = entries.iter().position(|entry| entry.key == key);
        let entry = match known {
            Some(index) => entries.remove(index),
            None => Entry {
                key,
                slot: Slot::default(),
            },
        };
        entries.retain(|other| other.key.account != entry.key.account);
        entries.truncate(KEPT - 1);
        let slot = entry.slot.clone();
        entries.insert(0, entry);
        slot
    }
}
