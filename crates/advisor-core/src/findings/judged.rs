//! An entity that is judged, and what grants its permissions.

use super::evidence::GrantingStatement;
use crate::account::{EntityDetail, EntityId};
use crate::action_set::ActionSet;
use crate::advisor::Advisor;
use crate::explain::{Explainer, Granting};

/// A user, group, role or managed policy that is judged.
pub(super) struct JudgedEntity<'a> {
    pub(super) id: EntityId,
    pub(super) detail: &'a EntityDetail,
    explainer: Explainer<'a>,
}

impl<'a> JudgedEntity<'a> {
    pub(super) fn new(advisor: &'a Advisor, id: EntityId, detail: &'a EntityDetail) -> Self {
        Self {
            id,
            detail,
            explainer: advisor.explainer(id),
        }
    }

    /// The statements that grant some of these actions, in the order of its policies.
    pub(super) fn granting_statements(&self, actions: &ActionSet) -> Vec<GrantingStatement> {
        let granting = self.granting(actions);
        granting
            .map(|one| GrantingStatement::new(one, one.actions.common_len(actions)))
            .collect()
    }

    /// Whether a statement grants some of these actions.
    pub(super) fn is_granted(&self, actions: &ActionSet) -> bool {
        self.granting(actions).next().is_some()
    }

    /// Whether a statement grants some of these actions on all resources and without a condition.
    pub(super) fn has_unlimited(&self, actions: &ActionSet) -> bool {
        self.granting(actions).any(Granting::is_unlimited)
    }

    fn granting(&self, actions: &ActionSet) -> impl Iterator<Item = &Granting<'a>> {
        let granting = self.explainer.granting().iter();
        granting.filter(|one| one.actions.has_common(actions))
    }
}
