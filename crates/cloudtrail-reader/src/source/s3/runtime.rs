//! The thread that runs all requests.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Handle};

/// How often a waiting thread checks the stop flag.
const WATCH: Duration = Duration::from_millis(100);

/// A tokio runtime that can be dropped anywhere, even on a thread of another runtime.
pub(super) struct Runtime(Option<tokio::runtime::Runtime>, Handle);

impl Runtime {
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("s3")
            .enable_all()
            .build()?;
        let handle = runtime.handle().clone();
        Ok(Runtime(Some(runtime), handle))
    }

    pub(super) fn handle(&self) -> &Handle {
        &self.1
    }

    /// Waits for `receive`, which is called again after each check, until `stop` is set; `None` then. The calling thread must
    /// not belong to a runtime.
    pub(super) fn receive<T>(
        &self,
        stop: &AtomicBool,
        mut receive: impl AsyncFnMut() -> Option<T>,
    ) -> Option<T> {
        while !stop.load(Ordering::Relaxed) {
            let arrived = self
                .1
                .block_on(async { tokio::time::timeout(WATCH, receive()).await });
            if let Ok(arrived) = arrived {
                return arrived;
            }
        }
        None
    }
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
