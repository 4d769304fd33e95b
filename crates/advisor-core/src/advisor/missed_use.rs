//! Uses that AWS remembers, that the trail should show, and that it does not show.

use std::iter;

use super::Advisor;
use crate::account::{EntityDetail, EntityId};
use crate::credentials::CrossCheck;
use crate::day_set::DaySet;
use crate::state::StateReason;
use crate::unseen_use::{UnseenUse, UseSource};

impl Advisor {
    /// Compares what AWS remembers with the trail.
    pub(super) fn cross_check(&self) -> CrossCheck<'_> {
        CrossCheck {
            account: &self.account,
            usage: &self.usage,
            trail: &self.trail,
            credentials: &self.credentials,
            window: self.tracking.claim_days(self.now),
            now: self.now,
        }
    }

    /// The uses of a user or role that AWS remembers and the trail does not show, but for those that the trail may well leave out:
    /// where the identity may do something, of that service if AWS remembers it, that leaves no trace in what was read.
    pub(crate) fn unexplained_uses(&self, id: EntityId, detail: &EntityDetail) -> Vec<UnseenUse> {
        let mut unseen = self.cross_check().unseen_uses_of(id, detail);
        unseen.retain(|unseen| !self.is_explained(id, detail, unseen));
        unseen
    }

    /// Whether an action that leaves no trace may have been that use.
    fn is_explained(&self, id: EntityId, detail: &EntityDetail, unseen: &UnseenUse) -> bool {
        // Signing in is an event of its own.
        let (UseSource::Role | UseSource::AccessKey(_), Some(full)) = (unseen.source, &self.states)
        else {
            return false;
        };
        let service = match unseen.service.as_deref() {
            None => None,
            Some(namespace) => match self.catalog.service_by_namespace(namespace) {
                None => return false,
                some => some,
            },
        };
        let reach = self.engine.reach(&self.account, id);
        let states = full.states.of(iter::once(creation(detail)));
        states.has_untraced(&self.catalog, &reach, service)
    }

    /// Why nothing is unused of what some identities may do, though enough was read: one of them did something on a day that was
    /// read, and the trail does not show it.
    pub(super) fn missed_use(
        &self,
        identities: &[(EntityId, &EntityDetail)],
    ) -> Option<StateReason> {
        identities.iter().find_map(|(id, detail)| {
            let missed = self.unexplained_uses(*id, detail);
            let missed = missed.into_iter().find(|unseen| unseen.day_was_read)?;
            Some(StateReason::MissedUse {
                arn: missed.arn,
                source: missed.source,
                millis: missed.used.timestamp_millis(),
            })
        })
    }
}

/// The account of an entity, and the day of its creation.
pub(super) fn creation(detail: &EntityDetail) -> (&str, Option<i32>) {
    let created = detail.created.map(|time| time.timestamp_millis());
    (detail.account.as_str(), created.map(DaySet::day_of))
}
