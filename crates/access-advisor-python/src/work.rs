//! Runs long operations on their own threads without the GIL, until they end or Ctrl-C is pressed.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::arguments::Threads;
use crate::error;

/// How often the waiting thread checks for Ctrl-C and reports progress.
const WATCH: Duration = Duration::from_millis(100);
/// How long work may take to stop. After that it is left to end on its own, and its result is dropped.
const GRACE: Duration = Duration::from_millis(500);

/// Tells work to stop.
pub(crate) type Stop = Arc<AtomicBool>;

/// Runs work that changes nothing, on one thread per processor. If Ctrl-C is pressed meanwhile, its result is dropped.
pub(crate) fn run<T: Send + 'static>(
    py: Python<'_>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    run_watched(py, None, &Stop::default(), |_| Ok(()), work)
}

/// Runs work on this number of threads. Meanwhile `watch` is called with the GIL held, ten times a second. If it fails, or
/// Ctrl-C is pressed, `stop` is set, and this returns when the work has stopped, or a moment later. Work that changes anything
/// must not do so once `stop` is set.
///
/// The threads end with the work: in a forked process, a pool that outlives it would have no threads.
pub(crate) fn run_watched<T: Send + 'static>(
    py: Python<'_>,
    threads: Option<Threads>,
    stop: &Stop,
    watch: impl Fn(Python<'_>) -> PyResult<()>,
    work: impl FnOnce() -> T + Send + 'static,
) -> PyResult<T> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads.map_or(0, |threads| threads.0.get()))
        .build()
        .map_err(error::unexpected)?;
    let (done, mut receiver) = mpsc::channel();
    let worker = std::thread::spawn(move || {
        let made = pool.install(work);
        drop(pool);
        // Sending fails only if the receiver is gone, and the result is not needed then.
        let _ = done.send(made);
    });
    let mut failed: Option<(PyErr, Instant)> = None;
    loop {
        let receiver = &mut receiver;
        match py.detach(move || receiver.recv_timeout(WATCH)) {
            Ok(made) => {
                // It has ended but for its last instructions. What it returned is here.
                let _ = py.detach(|| worker.join());
                return failed.map_or(Ok(made), |(failed, _)| Err(failed));
            }
            Err(RecvTimeoutError::Timeout) => match failed {
                Some((failed, since)) if since.elapsed() >= GRACE => return Err(failed),
                Some(_) => {}
                None => {
                    let watched = py.check_signals().and_then(|()| watch(py));
                    failed = watched.err().map(|failed| (failed, Instant::now()));
                    stop.store(failed.is_some(), Ordering::Relaxed);
                }
            },
            Err(RecvTimeoutError::Disconnected) => {
                let panic = py.detach(|| worker.join()).err();
                match panic {
                    Some(panic) => std::panic::resume_unwind(panic),
                    None => return Err(error::unexpected("the work ended without a result")),
                }
            }
        }
    }
}

/// Fails once it is told to stop.
pub(crate) struct StoppableWriter<W> {
    writer: W,
    stop: Stop,
}

impl<W> StoppableWriter<W> {
    pub(crate) fn new(writer: W, stop: &Stop) -> Self {
        Self {
            writer,
            stop: Arc::clone(stop),
        }
    }
}

/// Whether work was told to stop, as an error.
pub(crate) fn check(stop: &Stop) -> io::Result<()> {
    if stop.load(Ordering::Relaxed) {
        return Err(io::Error::other("it was stopped"));
    }
    Ok(())
}

impl<W: Write> Write for StoppableWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        check(&self.stop)?;
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
    }
}
