//! Why each granted action of an entity stays or goes.

use std::sync::Arc;

use service_catalog::Catalog;

use crate::action_set::ActionSet;

use super::needs::Needs;

/// The granted actions, each in one set.
#[derive(Clone, Debug)]
pub(super) struct ActionReasons {
    pub(super) catalog: Arc<Catalog>,
    pub(super) removed: ActionSet,
    pub(super) used: ActionSet,
    pub(super) denied: ActionSet,
    pub(super) implied: ActionSet,
    pub(super) marked: ActionSet,
    pub(super) unobservable: ActionSet,
    pub(super) uncovered: ActionSet,
    pub(super) whole: ActionSet,
}

impl ActionReasons {
    /// Of actions that go and actions that stay.
    pub(super) fn new(
        catalog: Arc<Catalog>,
        removed: ActionSet,
        mut left: ActionSet,
        needs: &Needs,
    ) -> Self {
        // Each action counts for the first reason that holds.
        let mut take = |set: &ActionSet| {
            let mut both = left.clone();
            both.intersect_with(set);
            left.subtract(set);
            both
        };
        let denied = take(&needs.denied);
        Self {
            catalog,
            removed,
            denied,
            used: take(&needs.used),
            implied: take(&needs.implied),
            marked: take(&needs.marked),
            unobservable: take(&needs.unobservable),
            uncovered: take(&needs.uncovered),
            whole: left,
        }
    }
}
