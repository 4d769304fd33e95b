//! Uses that AWS remembers, that the trail should show, and that it does not show.

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
            window: self.tracking.days_until(self.now),
            now: self.now,
        }
    }

    /// The uses of a user or role that AWS remembers and the trail does not show, but for those that a trail may well leave out:
    /// where the identity may do something, of that service if AWS remembers it, that not every trail shows. What this trail shows
    /// does not matter, so that nothing is claimed because less was read.
    pub(crate) fn unexplained_uses(&self, id: EntityId, detail: &EntityDetail) -> Vec<UnseenUse> {
        let mut unseen = self.cross_check().unseen_uses_of(id, detail);
        unseen.retain(|unseen| !self.is_explained(id, unseen));
        unseen
    }

    /// Whether an action that may leave no trace may have been that use.
    fn is_explained(&self, id: EntityId, unseen: &UnseenUse) -> bool {
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
        full.states
            .may_leave_no_trace(&self.catalog, &reach, service)
    }

    /// Why nothing is unused of what some identities may do, though enough was read: one of them did something after the first day
    /// that was read, and the trail does not show it.
    pub(super) fn missed_use(
        &self,
        identities: &[(EntityId, &EntityDetail)],
    ) -> Option<StateReason> {
        identities.iter().find_map(|(id, detail)| {
            let missed = self.unexplained_uses(*id, detail);
            let of_account = self.trail.account(detail.account.as_str())?;
            let read = of_account.read_in(self.tracking.days_until(self.now));
            let first = read.first()?;
            let is_after =
                |unseen: &UnseenUse| first <= DaySet::day_of(unseen.used.timestamp_millis());
            let missed = missed.into_iter().find(is_after)?;
            Some(StateReason::MissedUse {
                arn: missed.arn,
                source: missed.source,
                millis: missed.used.timestamp_millis(),
            })
        })
    }
}
