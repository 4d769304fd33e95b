//! How many bytes of answers may wait to be sent.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The unit in which bytes are counted: permits are 32-bit numbers.
const UNIT: usize = 1024;

/// The bytes of answers that may still wait to be sent.
#[derive(Clone, Debug)]
pub(crate) struct UnsentBytes(Arc<Semaphore>);

/// Bytes that wait to be sent, counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Unsent {
    _permits: Vec<OwnedSemaphorePermit>,
}

impl UnsentBytes {
    /// As many as these.
    pub(crate) fn new(bytes: usize) -> Self {
        let units = (bytes / UNIT).clamp(1, Semaphore::MAX_PERMITS);
        Self(Arc::new(Semaphore::new(units)))
    }

    /// Takes some bytes of each of these. `None` if one of them has not so many.
    pub(crate) fn take<'a>(of: impl IntoIterator<Item = &'a Self>, bytes: usize) -> Option<Unsent> {
        let units = u32::try_from(bytes.div_ceil(UNIT)).ok()?;
        let permits = of
            .into_iter()
            .map(|Self(free)| free.clone().try_acquire_many_owned(units).ok());
        Some(Unsent {
            _permits: permits.collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_taken_of_all_or_of_none() {
        let (all, one) = (UnsentBytes::new(10 * UNIT), UnsentBytes::new(6 * UNIT));
        let held = UnsentBytes::take([&one, &all], 5 * UNIT + 1);
        assert!(held.is_some());
        assert!(UnsentBytes::take([&one, &all], UNIT).is_none());
        // Another address has what the first one left.
        let other = UnsentBytes::new(6 * UNIT);
        assert!(UnsentBytes::take([&other, &all], 5 * UNIT).is_none());
        assert!(UnsentBytes::take([&other, &all], 4 * UNIT).is_some());
        drop(held);
        assert!(UnsentBytes::take([&one, &all], 6 * UNIT).is_some());
    }
}
