//! Long work: on threads of its own, without Python's lock, until it is done or Ctrl-C is pressed. Pressed once more, it
//! ends the process.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::intern;
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
/// fails, or Ctrl-C is pressed, `stop` is set, the work is awaited, and what it made is dropped. Pressed once more while
/// it is awaited, Ctrl-C ends the process, as it does on the command line: the work may be stuck.
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
        let mut failed: Option<PyErr> = None;
        loop {
            let receiver = &mut receiver;
            match py.detach(move || receiver.recv_timeout(WATCH)) {
                Ok(made) => return failed.map_or(Ok(made), Err),
                Err(RecvTimeoutError::Timeout) => {
                    let told = py.check_signals().and_then(|()| match &failed {
                        None => watch(py),
                        Some(_) => Ok(()),
                    });
                    if let Err(error) = told {
                        stop.store(true, Ordering::Relaxed);
                        let is_interrupt =
                            |error: &PyErr| error.is_instance_of::<PyKeyboardInterrupt>(py);
                        let is_second =
                            is_interrupt(&error) && failed.as_ref().is_some_and(is_interrupt);
                        // Returns only where it fails.
                        let ended = if is_second { end_process(py) } else { Ok(()) };
                        failed = Some(ended.err().unwrap_or(error));
                    }
                }
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

/// Ends the process by the signal of Ctrl-C, as one that does not handle it.
fn end_process(py: Python<'_>) -> PyResult<()> {
    let signal = py.import(intern!(py, "signal"))?;
    let interrupt = signal.getattr(intern!(py, "SIGINT"))?;
    let default = signal.getattr(intern!(py, "SIG_DFL"))?;
    signal.call_method1(intern!(py, "signal"), (&interrupt, default))?;
    signal.call_method1(intern!(py, "raise_signal"), (interrupt,))?;
    Ok(())
}
