//! Reads objects one by one, from any source.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use access_advisor::trail::{TrailRead, TrailReader};
use pyo3::prelude::*;
use pyo3::pybacked::PyBackedBytes;

use crate::activity::{self, Activity};
use crate::arguments::{Instant, Size};
use crate::catalog::Catalog;
use crate::error;

/// Reads CloudTrail objects one by one, from any source: another object store, a queue, a Spark partition.
///
/// For files, folders and S3, `Activity.from_trail` is faster: it reads in parallel. An intake owns a thread, which does not
/// survive a fork: in a forked process its methods raise InvalidInputError.
///
/// Args:
///     since: Skip records earlier than this.
///     until: Skip records later than this.
///     object_limit: The largest uncompressed size of one object, in bytes; 1 GiB when None.
///     assume_complete: Whether results of queries and searches, exports and logs hold all records of their days. Otherwise only
///         what CloudTrail and Security Lake deliver shows that something is unused.
///     catalog: The catalog of services and actions; the built-in one when None.
///
/// Raises:
///     InvalidInputError: A datetime has no time zone, `since` is later than `until`, or a number is out of range.
///
/// >>> from pathlib import Path
/// >>> intake = Intake()
/// >>> for path in Path("testdata/trail").rglob("*.gz"):
/// ...     taken = intake.take_object(str(path), path.read_bytes())
/// >>> activity = intake.finish()
/// >>> activity.reconciliation.has_faults
/// False
#[pyclass(frozen, module = "access_advisor")]
pub(crate) struct Intake {
    running: Mutex<Option<Running>>,
    /// The id of the process that created it.
    process: u32,
}

/// What was in an object.
#[pyclass(frozen, get_all, eq, hash, module = "access_advisor")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Taken {
    /// Its size as it is stored, in bytes; 0 when a file cannot be read.
    bytes: u64,
    /// The number of its records.
    records: u64,
}

#[pymethods]
impl Taken {
    fn __repr__(&self) -> String {
        format!("<Taken {} bytes, {} records>", self.bytes, self.records)
    }
}

/// The thread that reads the objects. It owns the reader, from which the reader's intake borrows.
struct Running {
    requests: Sender<Request>,
    answers: Receiver<(Taken, Request)>,
    thread: JoinHandle<TrailRead>,
}

enum Request {
    Object(String, PyBackedBytes),
    File(PathBuf),
}

impl Running {
    fn start(reader: TrailReader) -> Self {
        let (requests, requested) = channel();
        let (answer, answers) = channel();
        let thread = std::thread::spawn(move || {
            let mut intake = reader.intake();
            while let Ok(request) = requested.recv() {
                let taken = match &request {
                    Request::Object(path, bytes) => {
                        intake.take_object(&path.as_str().into(), bytes)
                    }
                    Request::File(path) => intake.take_file(path),
                };
                // Returned to the caller: Python objects are dropped with the GIL held.
                let taken = Taken {
                    bytes: taken.bytes,
                    records: taken.records,
                };
                if answer.send((taken, request)).is_err() {
                    break;
                }
            }
            intake.finish()
        });
        Self {
            requests,
            answers,
            thread,
        }
    }
}

impl Intake {
    fn request(&self, py: Python<'_>, request: Request) -> PyResult<Taken> {
        self.check_process()?;
        let answered = py.detach(|| {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            let thread = running.as_ref()?;
            let sent = thread.requests.send(request).ok();
            if let Some(answer) = sent.and_then(|()| thread.answers.recv().ok()) {
                return Some(Ok(answer));
            }
            // The thread panicked.
            running.take()?.thread.join().err().map(Err)
        });
        match answered {
            Some(Ok((taken, _))) => Ok(taken),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Err(error::invalid_input("this intake is finished")),
        }
    }

    /// Fails in a process forked from the one that created the intake: its thread does not exist there.
    fn check_process(&self) -> PyResult<()> {
        let here = std::process::id();
        if here == self.process {
            return Ok(());
        }
        Err(error::invalid_input(&format!(
            "this intake was created in process {} and cannot be used in process {here}, which was forked from it",
            self.process
        )))
    }
}

/// In a forked process the thread does not exist, and locks that were held during the fork are never released.
impl Drop for Intake {
    fn drop(&mut self) {
        if self.process != std::process::id() {
            let running = self.running.get_mut();
            std::mem::forget(running.unwrap_or_else(PoisonError::into_inner).take());
        }
    }
}

#[pymethods]
impl Intake {
    #[new]
    #[pyo3(signature = (*, since = None, until = None, object_limit = None, assume_complete = false, catalog = None))]
    fn new(
        since: Option<Instant>,
        until: Option<Instant>,
        object_limit: Option<Size>,
        assume_complete: bool,
        catalog: Option<&Catalog>,
    ) -> PyResult<Self> {
        let reader = activity::reader(since, until, object_limit, assume_complete, catalog)?;
        Ok(Self {
            running: Mutex::new(Some(Running::start(reader))),
            process: std::process::id(),
        })
    }

    /// Reads an object of any format that `Activity.from_trail` reads, compressed or not, or an archive of them. `path` identifies
    /// it in the reconciliation. CloudTrail's own name in it tells which day, account and Region a log file covers.
    ///
    /// If the object cannot be read, it is listed in the reconciliation and adds no records.
    ///
    /// Returns:
    ///     How much was in the object.
    ///
    /// Raises:
    ///     InvalidInputError: The intake is finished, or was created in another process.
    fn take_object(&self, py: Python<'_>, path: String, data: PyBackedBytes) -> PyResult<Taken> {
        self.request(py, Request::Object(path, data))
    }

    /// Reads a file, as `take_object` does.
    fn take_file(&self, py: Python<'_>, path: PathBuf) -> PyResult<Taken> {
        self.request(py, Request::File(path))
    }

    /// Returns the activity of all objects read. No more objects can be read after this.
    ///
    /// Raises:
    ///     InvalidInputError: The intake is finished already, or was created in another process.
    fn finish(&self, py: Python<'_>) -> PyResult<Activity> {
        self.check_process()?;
        let finished = py.detach(|| {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            let Running {
                requests, thread, ..
            } = running.take()?;
            drop(requests);
            Some(thread.join())
        });
        match finished {
            Some(Ok(read)) => Ok(read.into()),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Err(error::invalid_input("this intake is finished")),
        }
    }
}
