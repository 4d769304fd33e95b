//! What is attacked, and how much.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How many and how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    /// Connections of attackers.
    pub(crate) connections: usize,
    /// Readers of long answers.
    pub(crate) readers: usize,
    /// Names of operations.
    pub(crate) names: u64,
    /// The time of attacks that have no end.
    pub(crate) time: Duration,
}

impl Scale {
    pub(crate) fn full() -> Self {
        Self {
            connections: 1_024,
            readers: 60,
            names: 1_000_000,
            time: Duration::from_secs(30),
        }
    }

    pub(crate) fn quick() -> Self {
        Self {
            names: 20_000,
            time: Duration::from_secs(5),
            ..Self::full()
        }
    }
}

/// What is attacked.
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) scale: Scale,
    /// Set when the attack is to end.
    pub(crate) stop: AtomicBool,
}

impl Target {
    pub(crate) fn is_over(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}
