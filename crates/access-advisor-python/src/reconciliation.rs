//! What became of everything that was read.

use std::collections::BTreeMap;

use access_advisor::trail::SetAside;
use pyo3::prelude::*;

use crate::pickle::{self, Reduced};

/// What became of the objects and records of a trail. It adds up: records read = attributed + set aside, and of activity
/// files among the objects, rows read = taken + set aside.
///
/// >>> r = Activity.from_trail("testdata/trail").reconciliation
/// >>> r.records_read == r.records_attributed + r.records_set_aside
/// True
/// >>> print(r)
/// 87 objects read, 1 digest skipped, 1 insight skipped
/// 385 records = 321 attributed + 64 set aside
/// ...
#[pyclass(frozen, eq, module = "access_advisor")]
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reconciliation {
    pub(crate) inner: access_advisor::trail::Reconciliation,
}

/// An object that could not be read: none of its records was taken.
#[pyclass(frozen, get_all, eq, hash, module = "access_advisor")]
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct FailedObject {
    /// The object.
    path: String,
    /// What is wrong with it.
    reason: String,
}

#[pymethods]
impl FailedObject {
    #[new]
    fn new(path: String, reason: String) -> Self {
        Self { path, reason }
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (&str, &str)> {
        let class = py.get_type::<Self>().into_any();
        (class, (&self.path, &self.reason))
    }

    fn __repr__(&self) -> String {
        let Self { path, reason } = self;
        format!("<FailedObject {path}: {reason}>")
    }
}

/// A malformed record, or row of an activity file. The others of its object were taken.
#[pyclass(frozen, get_all, eq, hash, module = "access_advisor")]
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct MalformedRecord {
    /// Its object.
    path: String,
    /// Its number in the object, counted from 1.
    record: u64,
    /// What is wrong with it.
    reason: String,
}

#[pymethods]
impl MalformedRecord {
    #[new]
    fn new(path: String, record: u64, reason: String) -> Self {
        Self {
            path,
            record,
            reason,
        }
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (&str, u64, &str)> {
        let class = py.get_type::<Self>().into_any();
        (class, (&self.path, self.record, &self.reason))
    }

    fn __repr__(&self) -> String {
        let Self {
            path,
            record,
            reason,
        } = self;
        format!("<MalformedRecord {path}: record {record}: {reason}>")
    }
}

#[pymethods]
impl Reconciliation {
    /// How many objects' records or rows were read.
    #[getter]
    fn objects_read(&self) -> u64 {
        self.inner.objects_read
    }

    /// How many objects hold no API calls, by what they are.
    #[getter]
    fn objects_skipped(&self) -> BTreeMap<String, u64> {
        let skipped = self.inner.objects_skipped.iter();
        skipped
            .map(|(what, count)| (what.to_string(), *count))
            .collect()
    }

    /// The objects that could not be read.
    #[getter]
    fn objects_failed(&self) -> Vec<FailedObject> {
        let failed = self.inner.objects_failed.iter();
        failed
            .map(|object| FailedObject {
                path: object.object().to_string(),
                reason: object.message().to_owned(),
            })
            .collect()
    }

    /// The objects' size in bytes, as they are stored.
    #[getter]
    fn bytes(&self) -> u64 {
        self.inner.bytes
    }

    /// How many records were in the objects read. The rows of activity files are counted apart.
    #[getter]
    fn records_read(&self) -> u64 {
        self.inner.records_read
    }

    /// How many records count as an attempt of a user or role.
    #[getter]
    fn records_attributed(&self) -> u64 {
        self.inner.records_attributed
    }

    /// How many records were set aside, for whatever reason.
    #[getter]
    fn records_set_aside(&self) -> u64 {
        self.inner.set_aside()
    }

    /// How many records were set aside, by reason.
    #[getter]
    fn set_aside_by_reason(&self) -> BTreeMap<String, u64> {
        by_reason(&self.inner.records_set_aside)
    }

    /// How many of the records, and of the activity files' rows, set aside are malformed.
    #[getter]
    fn records_malformed(&self) -> u64 {
        self.inner.malformed()
    }

    /// How many rows were in the activity files read.
    #[getter]
    fn activity_rows_read(&self) -> u64 {
        self.inner.activity_rows.read
    }

    /// How many rows of activity files were taken.
    #[getter]
    fn activity_rows_taken(&self) -> u64 {
        self.inner.activity_rows.taken
    }

    /// How many attempts the rows taken stand for.
    #[getter]
    fn activity_rows_attempts(&self) -> u64 {
        self.inner.activity_rows.attempts
    }

    /// How many rows of activity files were set aside, for whatever reason.
    #[getter]
    fn activity_rows_set_aside(&self) -> u64 {
        self.inner.activity_rows.set_aside.values().sum()
    }

    /// How many rows of activity files were set aside, by reason.
    #[getter]
    fn activity_rows_set_aside_by_reason(&self) -> BTreeMap<String, u64> {
        by_reason(&self.inner.activity_rows.set_aside)
    }

    /// The first of the malformed records and rows, twenty at most.
    #[getter]
    fn examples(&self) -> Vec<MalformedRecord> {
        let examples = self.inner.examples.iter();
        examples
            .map(|example| MalformedRecord {
                path: example.object.to_string(),
                record: example.record,
                reason: example.reason(),
            })
            .collect()
    }

    /// Whether the input was at fault somewhere: objects that could not be read, malformed records and rows.
    #[getter]
    fn has_faults(&self) -> bool {
        self.inner.has_faults()
    }

    /// How it is pickled: as text.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, (String,)>> {
        let text = pickle::to_text(&self.inner)?;
        pickle::reduced(py, "restore_reconciliation", (text,))
    }

    fn __str__(&self) -> String {
        self.inner.to_string()
    }

    fn __repr__(&self) -> String {
        let summary = self.inner.to_string();
        let lines: Vec<&str> = summary.lines().take(2).collect();
        format!("<Reconciliation: {}>", lines.join("; "))
    }
}

/// A reconciliation that was pickled.
#[pyfunction]
pub(crate) fn restore_reconciliation(text: &str) -> PyResult<Reconciliation> {
    let inner = pickle::from_text(text)?;
    Ok(Reconciliation { inner })
}

fn by_reason(reasons: &BTreeMap<SetAside, u64>) -> BTreeMap<String, u64> {
    let reasons = reasons.iter();
    reasons
        .map(|(reason, count)| (reason.to_string(), *count))
        .collect()
}
