//! How far reading a trail is, told to Python on the thread that waits for it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use access_advisor::trail::ObjectRead;
use pyo3::intern;
use pyo3::prelude::*;

/// How far reading a trail is: what a `progress` callback is given.
#[pyclass(frozen, get_all, module = "access_advisor")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Progress {
    /// The objects that are done.
    objects: u64,
    /// How many there are; None until all are listed.
    total: Option<u64>,
    /// The size of those that are done, as they are stored.
    bytes: u64,
    /// The records that were in them.
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

/// What the reading threads add up.
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
        self.total.fetch_max(object.objects, Ordering::Relaxed);
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

/// Whom to tell: nobody, a callable, or tqdm's bar.
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

    /// Tells how far it is; what the callable raises ends the work.
    pub(crate) fn tell(&self, py: Python<'_>, counts: &Counts, done: bool) -> PyResult<()> {
        match &self.0 {
            Some(listener) => listener.call1(py, (counts.view(done),)).map(drop),
            None => Ok(()),
        }
    }
}
