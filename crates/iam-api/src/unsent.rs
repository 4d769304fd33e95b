//! How many bytes of answers may wait to be sent.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::Limits;

/// The unit in which bytes are counted: permits are 32-bit numbers.
const UNIT: usize = 1024;

/// The bytes of answers that may still wait to be sent.
#[derive(Debug)]
pub(crate) struct UnsentBytes(Arc<Semaphore>);

impl UnsentBytes {
    /// As many as [`Limits::unsent_bytes`].
    pub(crate) fn new(limits: &Limits) -> Self {
        let units = (limits.unsent_bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(units)))
    }

    /// Takes some, until the permit is dropped. `None` if there are not so many.
    pub(crate) fn take(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let units = u32::try_from(bytes / UNIT).ok()?;
        self.0.clone().try_acquire_many_owned(units).ok()
    }
}
