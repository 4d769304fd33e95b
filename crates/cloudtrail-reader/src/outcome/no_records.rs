//! Trails without a record.

use crate::outcome::failure::FailedObject;
use crate::outcome::reconciliation::Reconciliation;

/// No record of a trail, and no row of an activity file, could be read.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("there is no CloudTrail record to read; a report would show everything as unused")]
#[non_exhaustive]
pub struct NoRecordsError {
    /// The first of the objects that could not be read, if there is one.
    pub failed: Option<FailedObject>,
}

impl NoRecordsError {
    /// Fails when the input was [empty](Reconciliation::is_empty).
    ///
    /// # Errors
    /// No record and no row could be read.
    pub fn check(reconciliation: &Reconciliation) -> Result<(), Self> {
        if !reconciliation.is_empty() {
            return Ok(());
        }
        let failed = reconciliation.objects_failed.first().cloned();
        Err(Self { failed })
    }
}
