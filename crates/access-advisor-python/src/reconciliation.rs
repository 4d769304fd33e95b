//! What became of all objects and records.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};

use access_advisor::text::Printable;
use access_advisor::trail::{FailureKind, SetAside};
use pyo3::prelude::*;

use crate::error;
use crate::pickle::{self, Reduced};

/// What became of the objects and records of a trail: records read = attributed + set aside. For activity files among the
/// objects, rows read = taken + set aside.
///
/// Add the reconciliations of parts of a trail with `+` or `sum(parts, Reconciliation())`.
///
/// Args:
///     objects_failed: Objects that could not be read; none by default.
///
/// >>> r = Activity.from_trail("testdata/trail").reconciliation
/// >>> r.records_read == r.records_attributed + r.records_set_aside
/// True
/// >>> print(r)
/// 87 objects read, 1 digest read, 1 insight skipped
/// 385 records = 322 attributed + 63 set aside
/// ...
#[pyclass(frozen, eq, module = "access_advisor")]
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Reconciliation {
    pub(crate) inner: access_advisor::trail::Reconciliation,
}

/// An object that could not be read. None of its records was taken.
///
/// Args:
///     path: The object.
///     reason: What is wrong, for people.
///     kind: What is wrong, for programs: "not_listed", "nothing_there", "unreadable", "too_large", "damaged" or
///         "not_cloudtrail".
///
/// Raises:
///     InvalidInputError: `kind` is unknown.
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

/// Compares what Python sees: pickling turns the object's location into text.
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

/// A reason passed from Python.
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
        let known = FailureKind::ALL
            .into_iter()
            .find(|known| known.name() == kind);
        let kind = known.ok_or_else(|| {
            let kinds = FailureKind::ALL.map(FailureKind::name).join(", ");
            error::invalid_input(&format!("kind must be one of {kinds}, not {kind:?}"))
        })?;
        let inner = access_advisor::trail::FailedObject::new(path.into(), kind, Reason(reason));
        Ok(Self { inner })
    }

    /// The object.
    #[getter]
    fn path(&self) -> String {
        self.inner.object().to_string()
    }

    /// What is wrong, for people.
    #[getter]
    fn reason(&self) -> &str {
        self.inner.reason()
    }

    /// What is wrong, for programs: "not_listed", "nothing_there", "unreadable", "too_large", "damaged" or "not_cloudtrail".
    /// Later versions may add kinds.
    #[getter]
    fn kind(&self) -> &'static str {
        self.inner.kind().name()
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

/// A malformed record, or row of an activity file. The other records of its object were taken.
///
/// Args:
///     path: The object.
///     record: The number of the record in the object, counted from 1.
///     reason: What is wrong, for people.
///     kind: What is wrong, for programs. See `kind`.
#[pyclass(frozen, get_all, eq, hash, module = "access_advisor")]
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct MalformedRecord {
    /// The object.
    path: String,
    /// The number of the record in the object, counted from 1.
    record: u64,
    /// What is wrong, for people.
    reason: String,
    /// What is wrong, for programs: "missing", "too_long", "control_character", "region", "time", "principal", "encoding",
    /// "json", "row", "identity_text", "value" or "not_a_record". Later versions may add kinds.
    kind: String,
}

#[pymethods]
impl MalformedRecord {
    #[new]
    fn new(path: String, record: u64, reason: String, kind: String) -> Self {
        Self {
            path,
            record,
            reason,
            kind,
        }
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (&str, u64, &str, &str)> {
        let class = py.get_type::<Self>().into_any();
        (class, (&self.path, self.record, &self.reason, &self.kind))
    }

    fn __repr__(&self) -> String {
        let Self {
            path,
            record,
            reason,
            ..
        } = self;
        let shown = format!("<MalformedRecord {path}: record {record}: {reason}>");
        Printable(shown).to_string()
    }
}

/// An object that holds a part of a result, such as one page. Its records were taken; others are missing.
///
/// Args:
///     path: The object.
///     reason: How it is known, for people.
///     kind: How it is known, for programs. See `kind`.
#[pyclass(frozen, get_all, eq, hash, module = "access_advisor")]
#[derive(Clone, Debug, PartialEq, Hash)]
pub(crate) struct TruncatedObject {
    /// The object.
    path: String,
    /// How it is known, for people.
    reason: String,
    /// How it is known, for programs: "next_page", "one_page", "query_status" or "rows". Later versions may add kinds.
    kind: String,
}

#[pymethods]
impl TruncatedObject {
    #[new]
    fn new(path: String, reason: String, kind: String) -> Self {
        Self { path, reason, kind }
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> Reduced<'py, (&str, &str, &str)> {
        let class = py.get_type::<Self>().into_any();
        (class, (&self.path, &self.reason, &self.kind))
    }

    fn __repr__(&self) -> String {
        let shown = format!("<TruncatedObject {}: {}>", self.path, self.reason);
        Printable(shown).to_string()
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

    /// The number of objects whose records or rows were read.
    #[getter]
    fn objects_read(&self) -> u64 {
        self.inner.objects_read
    }

    /// The number of digest objects that were read.
    #[getter]
    fn digests_read(&self) -> u64 {
        self.inner.digests_read
    }

    /// The number of objects without API calls, by type: "insight", "query_result_signature". Later versions may add types.
    #[getter]
    fn objects_skipped(&self) -> BTreeMap<&'static str, u64> {
        let skipped = self.inner.objects_skipped.iter();
        skipped.map(|(what, count)| (what.name(), *count)).collect()
    }

    /// The objects that could not be read.
    #[getter]
    fn objects_failed(&self) -> Vec<FailedObject> {
        let failed = self.inner.objects_failed.iter().cloned();
        failed.map(|inner| FailedObject { inner }).collect()
    }

    /// The objects that hold a part of a result, such as one page. Their records were taken; others are missing.
    #[getter]
    fn objects_truncated(&self) -> Vec<TruncatedObject> {
        let truncated = self.inner.objects_truncated.iter();
        truncated
            .map(|object| TruncatedObject {
                path: object.object.to_string(),
                reason: object.truncation.to_string(),
                kind: object.truncation.name().to_owned(),
            })
            .collect()
    }

    /// The objects that were read, and none of whose records can be used: all are malformed or from the future.
    #[getter]
    fn objects_unusable(&self) -> Vec<String> {
        let unusable = self.inner.objects_unusable.iter();
        unusable.map(ToString::to_string).collect()
    }

    /// The stored size of the objects, in bytes.
    #[getter]
    fn bytes(&self) -> u64 {
        self.inner.bytes
    }

    /// The number of records in the objects read. Rows of activity files are counted separately.
    #[getter]
    fn records_read(&self) -> u64 {
        self.inner.records_read
    }

    /// The number of records that count as an attempt of a user or role.
    #[getter]
    fn records_attributed(&self) -> u64 {
        self.inner.records_attributed
    }

    /// The number of records set aside, for any reason.
    #[getter]
    fn records_set_aside(&self) -> u64 {
        self.inner.records_set_aside()
    }

    /// The number of records set aside, by reason: "not_an_api_call", "root", "aws_service", "anonymous", "no_iam_identity",
    /// "no_principal", "not_aws", "before_since", "after_until", "from_the_future" or "malformed". Later versions may add reasons. The
    /// text of the reconciliation is more exact: it has the event types, sources and identities.
    #[getter]
    fn set_aside_by_reason(&self) -> BTreeMap<&'static str, u64> {
        by_reason(&self.inner.set_aside_by_reason)
    }

    /// The number of malformed records and rows of activity files, among those set aside.
    #[getter]
    fn records_malformed(&self) -> u64 {
        self.inner.records_malformed()
    }

    /// The number of rows in the activity files read.
    #[getter]
    fn activity_rows_read(&self) -> u64 {
        self.inner.activity_rows.read
    }

    /// The number of rows of activity files that were taken.
    #[getter]
    fn activity_rows_taken(&self) -> u64 {
        self.inner.activity_rows.taken
    }

    /// The number of attempts in the rows taken.
    #[getter]
    fn activity_rows_attempts(&self) -> u64 {
        self.inner.activity_rows.attempts
    }

    /// The number of rows of activity files set aside, for any reason.
    #[getter]
    fn activity_rows_set_aside(&self) -> u64 {
        self.inner.activity_rows.set_aside_by_reason.values().sum()
    }

    /// The number of rows of activity files set aside, by reason: those of records, and "spans_until".
    #[getter]
    fn activity_rows_set_aside_by_reason(&self) -> BTreeMap<&'static str, u64> {
        by_reason(&self.inner.activity_rows.set_aside_by_reason)
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
                kind: example.malformed.kind().name().to_owned(),
            })
            .collect()
    }

    /// The number of records and rows of activity files that are later than the clock by more than a day, among those set aside.
    #[getter]
    fn records_from_the_future(&self) -> u64 {
        self.inner.records_from_the_future()
    }

    /// Whether the input has faults: objects that could not be read or hold a part of a result; records or rows that are
    /// malformed or from the future.
    #[getter]
    fn has_faults(&self) -> bool {
        self.inner.has_faults()
    }

    /// Whether the records read are those attributed and those set aside, and the rows read those taken and those set aside.
    #[getter]
    fn adds_up(&self) -> bool {
        self.inner.adds_up()
    }

    /// Whether no record and no row of an activity file could be read. A report would call everything unused.
    #[getter]
    fn is_empty(&self) -> bool {
        self.inner.is_empty()
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

    /// Returns the reconciliation of both inputs together.
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

fn by_reason(reasons: &BTreeMap<SetAside, u64>) -> BTreeMap<&'static str, u64> {
    let mut counts = BTreeMap::new();
    for (reason, count) in reasons {
        *counts.entry(reason.name()).or_default() += count;
    }
    counts
}
