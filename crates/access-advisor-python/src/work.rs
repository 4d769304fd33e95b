//! Runs long operations on their own threads without the GIL, until they end or Ctrl-C is pressed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use pyo3::prelude::*;

use crate::arguments::Threads;
use crate::error;

/// How often the waiting thread checks for Ctrl-C and reports progress.
const WATCH: Duration = Duration::from_millis(100);

/// Runs work that cannot be stopped, on one thread per processor. If Ctrl-C is pressed meanwhile, the result is dropped.
pub(crate) fn run<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    run_watched(py, None, &AtomicBool::new(false), |_| Ok(()), work)
}

/// Runs work on this number of threads. Meanwhile `watch` is called with the GIL held, ten times a second. If it fails, or
/// Ctrl-C is pressed, `stop` is set, and the result is dropped when the work has ended.
///
/// The threads end with the call: in a forked process, a pool that outlives it would have no threads.
pub(crate) fn run_watched<T: Send>(
    py: Python<'_>,
    threads: Option<Threads>,
    stop: &AtomicBool,
    watch: impl Fn(Python<'_>) -> PyResult<()>,
    work: impl FnOnce() -> T + Send,
) -> PyResult<T> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.map_or(0, |threads| threads.0.get()))
        .build()
        .map_err(error::unexpected)?;
    std::thread::scope(|scope| {
        let (done, mut receiver) = mpsc::channel();
        let worker = scope.spawn(move || {
            // Sending fails only if the receiver is gone, and the result is not needed then.
            let _ = done.send(pool.install(work));
        });
        let mut failed = None;
        loop {
            let receiver = &mut receiver;
            match py.detach(move || receiver.recv_timeout(WATCH)) {
                Ok(made) => return failed.map_or(Ok(made), Err),
                Err(RecvTimeoutError::Timeout) if failed.is_none() => {
                    failed = py.check_signals().and_then(|()| watch(py)).err();
                    if failed.is_some() {
                        stop.store(true, Ordering::Relaxed);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let panic = py.detach(|| worker.join()).err();
                    match panic {
                        Some(panic) => std::panic::resume_unwind(panic),
                        None => return Err(error::unexpected("the work ended without a result")),
                    }
                }
            }
        }
    })
}
