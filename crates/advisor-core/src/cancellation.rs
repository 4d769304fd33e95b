//! Cancellation: ends long work early.
//!
//! Work that can be cancelled looks at its [`Cancellation`] between identities and between policy documents. What it
//! has made by then is dropped: there is the whole answer or none.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Cancels work: when it is told to, or when its time is over. Clones share it.
///
/// ```
/// use std::time::Duration;
/// use advisor_core::{Cancellation, Cancelled};
/// let cancellation = Cancellation::within(Duration::from_secs(60));
/// assert!(cancellation.check().is_ok());
/// let of_another_thread = cancellation.clone();
/// of_another_thread.cancel();
/// assert_eq!(cancellation.check(), Err(Cancelled::Requested));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Cancellation {
    is_cancelled: Arc<AtomicBool>,
    /// When the time is over, and how much it was.
    deadline: Option<(Instant, Duration)>,
}

/// Why work ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Cancelled {
    /// [`Cancellation::cancel`] was called.
    #[error("it was cancelled")]
    Requested,
    /// It took longer than this.
    #[error("it took longer than {} s", .0.as_secs_f64())]
    TimeOver(Duration),
}

impl Cancellation {
    /// Work that ends when [`Cancellation::cancel`] is called.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Work that also ends after a time, counted from now.
    #[must_use]
    pub fn within(time: Duration) -> Self {
        Self {
            // A time that no clock reaches is no limit.
            deadline: Instant::now().checked_add(time).map(|at| (at, time)),
            ..Self::default()
        }
    }

    /// Cancels the work.
    pub fn cancel(&self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
    }

    /// Whether the work is to end, and why. Once it is, it stays so.
    ///
    /// # Errors
    /// [`Cancellation::cancel`] was called, or the time is over.
    pub fn check(&self) -> Result<(), Cancelled> {
        if self.is_cancelled.load(Ordering::Relaxed) {
            return Err(Cancelled::Requested);
        }
        match self.deadline {
            Some((at, time)) if Instant::now() >= at => Err(Cancelled::TimeOver(time)),
            _ => Ok(()),
        }
    }
}

/// What work that may be cancelled looks at. Work without a [`Cancellation`] cannot fail.
pub(crate) trait Check: Sync {
    type Stopped: Send;

    fn check(&self) -> Result<(), Self::Stopped>;
}

impl Check for Cancellation {
    type Stopped = Cancelled;

    fn check(&self) -> Result<(), Cancelled> {
        Self::check(self)
    }
}

/// Never cancels.
pub(crate) struct Never;

impl Check for Never {
    type Stopped = Infallible;

    fn check(&self) -> Result<(), Infallible> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cancelled_work_stays_cancelled() {
        let cancellation = Cancellation::new();
        assert_eq!(cancellation.check(), Ok(()));
        cancellation.clone().cancel();
        assert_eq!(cancellation.check(), Err(Cancelled::Requested));
        assert_eq!(cancellation.check(), Err(Cancelled::Requested));
    }

    #[test]
    fn time_ends() {
        let time = Duration::ZERO;
        let over = Cancellation::within(time).check();
        assert_eq!(over, Err(Cancelled::TimeOver(time)));
        assert_eq!(
            over.map_err(|why| why.to_string()),
            Err("it took longer than 0 s".to_owned())
        );
        assert_eq!(Cancellation::within(Duration::MAX).check(), Ok(()));
    }
}
