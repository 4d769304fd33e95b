//! The result of reading a trail.

use advisor_core::Activity;

use crate::outcome::reconciliation::Reconciliation;

/// The activity in a trail, and what became of its objects and records.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrailRead {
    /// The attempts of IAM identities.
    pub activity: Activity,
    /// What became of all objects and records.
    pub reconciliation: Reconciliation,
}

impl TrailRead {
    /// Adds what another thread read.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        // Merging the smaller table into the larger one is cheaper.
        let (into, from) = if self.activity.len() >= other.activity.len() {
            (self.activity, other.activity)
        } else {
            (other.activity, self.activity)
        };
        self.activity = into;
        self.activity.merge(&from);
        self.reconciliation.merge(other.reconciliation);
        self
    }
}
