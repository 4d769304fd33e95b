//! How what is handed back is pickled: multiprocessing and Spark send it from one process to another.

use access_advisor::trail::{
    ActivityRows, Example, FailedObject, Reconciliation, SetAside, SkippedObject,
};
use pyo3::intern;
use pyo3::prelude::*;
use serde::{Deserialize, Serialize};

use crate::error;

/// What `__reduce__` answers: a function or class, and its arguments.
pub(crate) type Reduced<'py, A> = (Bound<'py, PyAny>, A);

/// To be made again by a function of `access_advisor._native`.
pub(crate) fn reduced<'py, A>(
    py: Python<'py>,
    function: &str,
    arguments: A,
) -> PyResult<Reduced<'py, A>> {
    let module = py.import(intern!(py, "access_advisor._native"))?;
    Ok((module.getattr(function)?, arguments))
}

/// A [`Reconciliation`] as it is pickled.
#[derive(Serialize, Deserialize)]
struct Told {
    objects_read: u64,
    digests_skipped: u64,
    insights_skipped: u64,
    objects_failed: Vec<(String, String)>,
    bytes: u64,
    records_read: u64,
    records_attributed: u64,
    records_set_aside: Vec<(SetAside, u64)>,
    activity_rows_read: u64,
    activity_rows_taken: u64,
    activity_rows_attempts: u64,
    activity_rows_set_aside: Vec<(SetAside, u64)>,
    examples: Vec<(String, u64, String)>,
}

impl From<&Reconciliation> for Told {
    fn from(told: &Reconciliation) -> Self {
        let skipped = |what| told.objects_skipped.get(&what).copied().unwrap_or(0);
        let failed = told.objects_failed.iter();
        let (records, rows) = (&told.records_set_aside, &told.activity_rows);
        let reason = |(reason, count): (&SetAside, &u64)| (reason.clone(), *count);
        let examples = told.examples.iter();
        Self {
            objects_read: told.objects_read,
            digests_skipped: skipped(SkippedObject::Digest),
            insights_skipped: skipped(SkippedObject::Insight),
            objects_failed: failed
                .map(|object| (object.name.clone(), object.reason.clone()))
                .collect(),
            bytes: told.bytes,
            records_read: told.records_read,
            records_attributed: told.records_attributed,
            records_set_aside: records.iter().map(reason).collect(),
            activity_rows_read: rows.read,
            activity_rows_taken: rows.taken,
            activity_rows_attempts: rows.attempts,
            activity_rows_set_aside: rows.set_aside.iter().map(reason).collect(),
            examples: examples
                .map(|example| (example.name.clone(), example.record, example.reason.clone()))
                .collect(),
        }
    }
}

impl From<Told> for Reconciliation {
    fn from(told: Told) -> Self {
        let skipped = [
            (SkippedObject::Digest, told.digests_skipped),
            (SkippedObject::Insight, told.insights_skipped),
        ];
        let failed = told.objects_failed.into_iter();
        let examples = told.examples.into_iter();
        Self {
            objects_read: told.objects_read,
            objects_skipped: skipped
                .into_iter()
                .filter(|(_, count)| *count > 0)
                .collect(),
            objects_failed: failed
                .map(|(name, reason)| FailedObject { name, reason })
                .collect(),
            bytes: told.bytes,
            records_read: told.records_read,
            records_attributed: told.records_attributed,
            records_set_aside: told.records_set_aside.into_iter().collect(),
            activity_rows: ActivityRows {
                read: told.activity_rows_read,
                taken: told.activity_rows_taken,
                attempts: told.activity_rows_attempts,
                set_aside: told.activity_rows_set_aside.into_iter().collect(),
            },
            examples: examples
                .map(|(name, record, reason)| Example {
                    name,
                    record,
                    reason,
                })
                .collect(),
        }
    }
}

/// A reconciliation as text.
pub(crate) fn to_text(reconciliation: &Reconciliation) -> PyResult<String> {
    serde_json::to_string(&Told::from(reconciliation)).map_err(error::unexpected)
}

/// A reconciliation of its text.
pub(crate) fn from_text(text: &str) -> PyResult<Reconciliation> {
    let told: Told = serde_json::from_str(text).map_err(|fault| {
        error::invalid_input(&format!("the pickled reconciliation is none: {fault}"))
    })?;
    Ok(told.into())
}
