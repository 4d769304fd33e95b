//! Takes objects one by one, from wherever they come.

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

/// Takes CloudTrail objects one by one, from wherever they come: another store's client, a queue, a Spark partition.
///
/// For files, folders and S3, `Activity.from_trail` is faster: it reads in parallel. An intake has a thread of its own, which
/// a process forked from this one has not: there it raises InvalidInputError.
///
/// Args:
///     since: Leave out records earlier than this.
///     until: Leave out records later than this.
///     object_limit: The most bytes that one object may have, inflated; 1 GiB when None.
///     catalog: Which services and actions there are, and which action an event is; the one built in when None.
///
/// Raises:
///     InvalidInputError: A datetime without a time zone, `since` later than `until`, a number that cannot be.
///
/// >>> from pathlib import Path
/// >>> intake = Intake()
/// >>> for path in Path("testdata/trail").rglob("*.gz"):
/// ...     records = intake.take(str(path), path.read_bytes())
/// >>> activity = intake.finish()
/// >>> activity.reconciliation.has_faults
/// False
#[pyclass(frozen, module = "access_advisor")]
pub(crate) struct Intake {
    running: Mutex<Option<Running>>,
    /// The process that made it.
    process: u32,
}

/// The thread that the objects are taken on: the reader's intake borrows from the reader.
struct Running {
    requests: Sender<Request>,
    answers: Receiver<(u64, Request)>,
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
                    Request::Object(name, bytes) => {
                        intake.take_object(&name.as_str().into(), bytes)
                    }
                    Request::File(path) => intake.take_file(path),
                };
                // Given back, as only a thread that has Python's lock should drop what is Python's.
                if answer.send((taken.records, request)).is_err() {
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
    fn request(&self, py: Python<'_>, request: Request) -> PyResult<u64> {
        self.check_process()?;
        let answered = py.detach(|| {
            let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
            let thread = running.as_ref()?;
            let sent = thread.requests.send(request).ok();
            if let Some((records, request)) = sent.and_then(|()| thread.answers.recv().ok()) {
                return Some(Ok((records, request)));
            }
            // The thread ended before it was told to.
            running.take()?.thread.join().err().map(Err)
        });
        match answered {
            Some(Ok((records, _))) => Ok(records),
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Err(error::invalid_input("this intake is finished")),
        }
    }

    /// Whether its thread is there: not in a process that was forked from the one that made it.
    fn check_process(&self) -> PyResult<()> {
        let here = std::process::id();
        if here == self.process {
            return Ok(());
        }
        Err(error::invalid_input(&format!(
            "this intake was made in process {} and cannot be used in process {here}, forked from it",
            self.process
        )))
    }
}

/// In a forked process nobody is there to end, and what another thread held at the fork is held for ever.
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
    #[pyo3(signature = (*, since = None, until = None, object_limit = None, catalog = None))]
    fn new(
        since: Option<Instant>,
        until: Option<Instant>,
        object_limit: Option<Size>,
        catalog: Option<&Catalog>,
    ) -> PyResult<Self> {
        let reader = activity::reader(since, until, object_limit, catalog)?;
        Ok(Self {
            running: Mutex::new(Some(Running::start(reader))),
            process: std::process::id(),
        })
    }

    /// Takes an object: what CloudTrail delivers, gzip or not. `name` is what the reconciliation calls it.
    ///
    /// An object that cannot be read adds nothing, and is named in the reconciliation.
    ///
    /// Returns:
    ///     How many records were in it.
    ///
    /// Raises:
    ///     InvalidInputError: The intake is finished, or of another process.
    fn take(&self, py: Python<'_>, name: String, data: PyBackedBytes) -> PyResult<u64> {
        self.request(py, Request::Object(name, data))
    }

    /// Takes a file, as `take` does.
    fn take_file(&self, py: Python<'_>, path: PathBuf) -> PyResult<u64> {
        self.request(py, Request::File(path))
    }

    /// What was taken. Nothing can be taken after this.
    ///
    /// Raises:
    ///     InvalidInputError: The intake was finished before, or is of another process.
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
