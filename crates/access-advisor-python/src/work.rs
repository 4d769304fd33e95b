//! Long work: on threads of its own, without Python's lock, until it is done or Ctrl-C is pressed.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use pyo3::prelude::*;

use crate::arguments::Threads;
use crate::error;

/// How often the waiting thread looks out for Ctrl-C and tells how far the work is.
const WATCH: Duration = Duration::from_millis(100);

/// Does work that cannot be stopped, on as many threads as there are processors. When Ctrl-C was pressed meanwhile,
/// what it made is dropped.
pub(crate) fn run<T: Send>(py: Python<'_>, work: impl FnOnce() -> T + Send) -> PyResult<T> {
    run_watched(py, None, &AtomicBool::new(false), |_| Ok(()), work)
}

/// Does work on so many threads. While it goes on, `watch` is called with Python's lock, ten times a second. When that
/// fails, or Ctrl-C is pressed, `stop` is set, the work is awaited, and what it made is dropped.
///
/// The threads are this call's own: a pool that outlives it would be dead in a forked process.
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
            // Whoever does not wait any more does not want it.
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
