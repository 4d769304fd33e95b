//! The days on which the identities of an entity made attempts.

use super::Advisor;
use crate::account::EntityId;
use crate::day_set::DaySet;

impl Advisor {
    /// The UTC days on which the users and roles that count in an entity's report made attempts, within the days that
    /// [`Advisor::coverage`] is about. A day that is missing here may not have been read.
    #[must_use]
    pub fn attempt_days(&self, entity: EntityId) -> DaySet {
        let mut days = DaySet::new();
        for (identity, _) in self.identities(entity) {
            for used in self.usage.of(identity).filter(|used| self.counts(used)) {
                if self.tracking.sees_region(&used.region) {
                    days.merge(&used.attempts.days);
                }
            }
        }
        let (first, last) = self.tracking.claim_days(self.now);
        days.within(first, last)
    }
}
