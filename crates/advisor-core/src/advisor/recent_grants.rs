//! What policies have granted for too short a time to be called unused.

use chrono::TimeDelta;

use super::Advisor;
use crate::account::{EntityId, PolicyInEffect, PolicySource};
use crate::action_set::ActionSet;
use crate::reach;
use crate::state::{RecentGrants, StateReason};

impl Advisor {
    /// What the default versions of managed policies grant an entity since fewer days than must have been read. `None` when all of
    /// them are older, or have no date. An older version of the same policy, or another policy, may have granted some of it before.
    ///
    /// Denies count as they do now where they cover all resources of an action, and else not at all: that an older version denied
    /// more is rare. Inline policies and attachments have no dates.
    pub(super) fn recent_grants(&self, entity: EntityId) -> Option<RecentGrants> {
        let needed = self.tracking.coverage_days_needed(self.now);
        let first = self.now - TimeDelta::days(i64::from(needed));
        let policies = self.account.policies_in_effect(entity);
        let created = |policy: &PolicyInEffect<'_>| policy.version_created;
        let is_recent = |policy: &PolicyInEffect<'_>| created(policy).is_some_and(|it| first < it);
        if !policies.iter().any(is_recent) {
            return None;
        }
        let before = policies.iter().filter_map(|policy| {
            if !is_recent(policy) {
                return document(policy);
            }
            let dated = policy.other_versions.iter();
            let dated = dated.filter_map(|version| Some((version.created?, version)));
            let old = dated.filter(|(created, _)| *created <= first);
            let (_, newest) = old.max_by_key(|(created, _)| *created)?;
            Some(newest.document?.index())
        });
        let compiled = |index| self.engine.compiled(&self.account, index);
        let before: Vec<_> = before.filter_map(compiled).collect();
        let before = reach::allowed(self.engine.compiler(), &before);
        let recent = policies.iter().filter(|policy| is_recent(policy));
        let recent = recent.filter_map(|policy| {
            let granted = &document(policy).and_then(compiled)?.possible;
            let reason = StateReason::RecentGrant {
                policy: policy.name.into(),
                millis: created(policy)?.timestamp_millis(),
                needed,
            };
            Some((ActionSet::clone(granted), reason))
        });
        Some(RecentGrants::new(recent, &before))
    }
}

fn document(policy: &PolicyInEffect<'_>) -> Option<usize> {
    match policy.document {
        PolicySource::Document(id) => Some(id.index()),
        PolicySource::NotEvaluated(_) => None,
    }
}
