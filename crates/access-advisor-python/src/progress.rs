//! Progress of reading a trail, reported to Python on the waiting thread.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use access_advisor::trail::ObjectRead;
use pyo3::intern;
use pyo3::prelude::*;

/// The progress of reading a trail, as a `progress` callback receives it.
#[pyclass(frozen, get_all, module = "access_advisor")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// The number of objects read so far.
    objects: u64,
    /// The number of all objects; None until all are listed.
    total: Option<u64>,
    /// The stored size of the objects read so far, in bytes.
    bytes: u64,
    /// The number of records in the objects read so far.
    records: u64,
    /// Whether this is the last call.
    done: bool,
}

#[pymethods]
impl Progress {
    fn __repr__(&self) -> String {
        let of = self
            .total
            .map_or_else(String::new, |total| format!("/{total}"));
        let Self {
            objects,
            bytes,
            records,
            ..
        } = self;
        format!("<Progress {objects}{of} objects, {bytes} bytes, {records} records>")
    }
}

/// Totals that the reading threads update.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    objects: AtomicU64,
    total: AtomicU64,
    is_all: AtomicBool,
    bytes: AtomicU64,
    records: AtomicU64,
}

impl Counts {
    pub(crate) fn add(&self, object: ObjectRead) {
        self.objects.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(object.bytes, Ordering::Relaxed);
        self.records.fetch_add(object.records, Ordering::Relaxed);
        self.total
            .fetch_max(object.objects_listed, Ordering::Relaxed);
        self.is_all.fetch_or(object.is_all, Ordering::Relaxed);
    }

    fn view(&self, done: bool) -> Progress {
        let is_all = self.is_all.load(Ordering::Relaxed);
        Progress {
            objects: self.objects.load(Ordering::Relaxed),
            total: is_all.then(|| self.total.load(Ordering::Relaxed)),
            bytes: self.bytes.load(Ordering::Relaxed),
            records: self.records.load(Ordering::Relaxed),
            done,
        }
    }
}

/// The receiver of progress: none, a callable, or a tqdm progress bar.
pub(crate) struct Listener(Option<Py<PyAny>>);

impl Listener {
    /// From a `progress` argument: `None`, a `bool`, or a callable.
    pub(crate) fn new(py: Python<'_>, progress: Option<&Bound<'_, PyAny>>) -> PyResult<Self> {
        let Some(progress) = progress else {
            return Ok(Self(None));
        };
        let module = py.import(intern!(py, "access_advisor._progress"))?;
        let listener = module.call_method1(intern!(py, "listener"), (progress,))?;
        Ok(Self((!listener.is_none()).then(|| listener.unbind())))
    }

    /// Calls the listener. An exception of the callable ends the operation.
    pub(crate) fn report(&self, py: Python<'_>, counts: &Counts, done: bool) -> PyResult<()> {
        match &self.0 {
            Some(listener) => listener.call1(py, (counts.view(done),)).map(drop),
            None => Ok(()),
        }
    }
}
