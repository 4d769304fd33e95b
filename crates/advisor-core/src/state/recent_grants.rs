//! Actions that were granted too recently to be called unused.

use service_catalog::ActionId;

use super::reason::StateReason;
use crate::action_set::ActionSet;

/// The actions that each recent document was the first to grant to an entity, and why that is recent.
#[derive(Clone, Debug)]
pub(crate) struct RecentGrants(Vec<(ActionSet, StateReason)>);

impl RecentGrants {
    /// What recent documents grant, but for what was granted before.
    pub(crate) fn new(
        recent: impl Iterator<Item = (ActionSet, StateReason)>,
        before: &ActionSet,
    ) -> Self {
        let recent = recent.map(|(mut granted, reason)| {
            granted.subtract(before);
            (granted, reason)
        });
        Self(recent.filter(|(granted, _)| !granted.is_empty()).collect())
    }

    /// Why an action is recent; `None` if it is not.
    pub(super) fn reason(&self, action: ActionId) -> Option<&StateReason> {
        let mut recent = self.0.iter();
        let of_action = recent.find(|(granted, _)| granted.contains(action.index()));
        of_action.map(|(_, reason)| reason)
    }

    /// All of them.
    pub(super) fn add_to(&self, actions: &mut ActionSet) {
        for (granted, _) in &self.0 {
            actions.union_with(granted);
        }
    }
}
