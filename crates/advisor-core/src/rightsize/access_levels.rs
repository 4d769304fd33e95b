//! What actions do, by which removed ones are ranked.

use service_catalog::{AccessLevel, Catalog};

use crate::action_set::ActionSet;
use crate::findings::{Privileges, without_permission};

/// The actions of a catalog that matter more than others when they are removed.
#[derive(Debug)]
pub(super) struct AccessLevels {
    /// Those that can lead to more permissions or to credentials.
    pub(super) privileges: ActionSet,
    /// Of the others, those that write.
    pub(super) writes: ActionSet,
    /// Those that everybody may call.
    pub(super) free: ActionSet,
}

impl AccessLevels {
    pub(super) fn new(catalog: &Catalog, positions: usize) -> Self {
        let none = || ActionSet::empty(positions);
        let (mut privileges, mut writes, mut free) = (none(), none(), none());
        let listed = Privileges::new(catalog);
        for (_, service) in catalog.services() {
            for action in service.actions() {
                let level = catalog.action(action).access_level();
                if listed.class_of(action).is_some() {
                    privileges.insert(action.index());
                } else if !matches!(level, AccessLevel::List | AccessLevel::Read) {
                    writes.insert(action.index());
                }
            }
        }
        for action in without_permission(catalog) {
            free.insert(action.index());
        }
        Self {
            privileges,
            writes,
            free,
        }
    }
}
