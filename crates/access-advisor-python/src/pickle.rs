//! Pickling, with which multiprocessing and Spark send results between processes.

use access_advisor::trail::Reconciliation;
use pyo3::intern;
use pyo3::prelude::*;

use crate::error;

/// What `__reduce__` returns: a function or class, and its arguments.
pub(crate) type Reduced<'py, A> = (Bound<'py, PyAny>, A);

/// Pickles by calling a function of `access_advisor._native`.
pub(crate) fn reduced<'py, A>(
    py: Python<'py>,
    function: &str,
    arguments: A,
) -> PyResult<Reduced<'py, A>> {
    let module = py.import(intern!(py, "access_advisor._native"))?;
    Ok((module.getattr(function)?, arguments))
}

/// Writes a reconciliation as JSON.
pub(crate) fn to_text(reconciliation: &Reconciliation) -> PyResult<String> {
    serde_json::to_string(reconciliation).map_err(error::unexpected)
}

/// Reads what [`to_text`] wrote.
pub(crate) fn from_text(text: &str) -> PyResult<Reconciliation> {
    serde_json::from_str(text).map_err(|fault| {
        error::invalid_input(&format!("not the JSON of a Reconciliation: {fault}"))
    })
}
