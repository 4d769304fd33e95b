//! What became of everything that was read.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use access_advisor::trail::{FailureKind, SetAside};
use pyo3::prelude::*;

use crate::error;
use crate::pickle::{self, Reduced};

/// What became of the objects and records of a trail. It adds up: records read = attributed + set aside, and of activity
/// files among the objects, rows read = taken + set aside.
///
/// Reconciliations of parts of a trail add up with `+`, or `sum(parts, Reconciliation())`.
///
/// Args:
///     objects_failed: Objects that could not be read, to start with; none by default.
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
///
/// Args:
///     path: The object.
///     reason: What exactly is wrong with it, for people.
///     kind: What kept it from being read: "not_listed", "nothing_there", "unreadable", "too_large", "damaged" or
///         "not_cloudtrail".
///
/// Raises:
///     InvalidInputError: There is no such kind.
#[pyclass(frozen, eq, hash, module = "access_advisor")]
#[derive(Clone, Debug)]
pub(crate) struct FailedObject {
    pub(crate) inner: access_advisor::trail::FailedObject,
}

impl FailedObject {
    fn key(&self) -> (String, &'static str, &str) {
        (self.path(), self.kind(), self.reason())
    }
}

/// By what Python sees: where an object came from is lost when it is pickled.
impl PartialEq for FailedObject {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Hash for FailedObject {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.key().hash(state);
    }
}

/// Names of the kinds of failures.
const FAILURE_KINDS: [(FailureKind, &str); 6] = [
    (FailureKind::NotListed, "not_listed"),
    (FailureKind::NothingThere, "nothing_there"),
    (FailureKind::Unreadable, "unreadable"),
    (FailureKind::TooLarge, "too_large"),
    (FailureKind::Damaged, "damaged"),
    (FailureKind::NotCloudTrail, "not_cloudtrail"),
];

/// A reason that Python gave.
#[derive(Debug)]
struct Reason(String);

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Reason {}

#[pymethods]
impl FailedObject {
    #[new]
    #[pyo3(signature = (path, reason, kind = "unreadable"))]
    fn new(path: &str, reason: String, kind: &str) -> PyResult<Self> {
        let known = FAILURE_KINDS.iter().find(|(_, name)| *name == kind);
        let Some((kind, _)) = known else {
            return Err(error::invalid_input(&format!(
                "{kind:?} is not a kind of failure"
            )));
        };
        let inner = access_advisor::trail::FailedObject::new(path.into(), *kind, Reason(reason));
        Ok(Self { inner })
    }

    /// The object.
    #[getter]
    fn path(&self) -> String {
        self.inner.object().to_string()
    }

    /// What exactly is wrong with it, for people.
    #[getter]
    fn reason(&self) -> &str {
        self.inner.message()
    }

    /// What kept it from being read: "not_listed", "nothing_there", "unreadable", "too_large", "damaged" or "not_cloudtrail".
    #[getter]
    fn kind(&self) -> &'static str {
        let kind = self.inner.kind();
        let known = FAILURE_KINDS.iter().find(|(known, _)| *known == kind);
        known.map_or("unreadable", |(_, name)| name)
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (String, &str, &'static str)> {
        let class = py.get_type::<Self>().into_any();
        (class, (self.path(), self.reason(), self.kind()))
    }

    fn __str__(&self) -> String {
        self.inner.to_string()
    }

    fn __repr__(&self) -> String {
        format!("<FailedObject {}>", self.inner)
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
    #[new]
    #[pyo3(signature = (*, objects_failed = Vec::new()), text_signature = "(*, objects_failed=())")]
    fn new(objects_failed: Vec<PyRef<'_, FailedObject>>) -> Self {
        let mut inner = access_advisor::trail::Reconciliation::default();
        inner.objects_failed = objects_failed
            .iter()
            .map(|failed| failed.inner.clone())
            .collect();
        Self { inner }
    }

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
        let failed = self.inner.objects_failed.iter().cloned();
        failed.map(|inner| FailedObject { inner }).collect()
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

    /// Returns this reconciliation as JSON, for another process to read with `from_json`. Its layout is not part of the API.
    fn to_json(&self) -> PyResult<String> {
        pickle::to_text(&self.inner)
    }

    /// Reads what `to_json` wrote.
    ///
    /// Raises:
    ///     InvalidInputError: The text is not from `to_json`.
    ///
    /// >>> r = Activity.from_trail("testdata/trail").reconciliation
    /// >>> Reconciliation.from_json(r.to_json()) == r
    /// True
    #[staticmethod]
    fn from_json(text: &str) -> PyResult<Self> {
        let inner = pickle::from_text(text)?;
        Ok(Self { inner })
    }

    /// Pickles as JSON.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<Reduced<'py, (String,)>> {
        let class = py.get_type::<Self>();
        Ok((class.getattr("from_json")?, (self.to_json()?,)))
    }

    /// Adds up what became of two inputs. Neither operand changes.
    fn __add__(&self, other: &Self) -> Self {
        let mut inner = self.inner.clone();
        inner.merge(other.inner.clone());
        Self { inner }
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

fn by_reason(reasons: &BTreeMap<SetAside, u64>) -> BTreeMap<String, u64> {
    let reasons = reasons.iter();
    reasons
        .map(|(reason, count)| (reason.to_string(), *count))
        .collect()
}
