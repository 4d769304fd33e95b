//! The one thread on which all requests are driven.

use std::io;

use tokio::runtime::{Builder, Handle};

/// A tokio runtime that can be dropped anywhere, also on a thread of another runtime.
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
}

impl Drop for Runtime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
