//! Converts answers into boto3's shape: dicts with the API's names, and times as datetimes.

use access_advisor::time;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyNone};
use serde::Serialize;
use serde_json::Value;

use crate::error;

/// Names whose values are times.
const TIMES: [&str; 4] = [
    "JobCreationDate",
    "JobCompletionDate",
    "LastAuthenticated",
    "LastAccessedTime",
];

/// Converts a value that serializes as the command line prints it.
pub(crate) fn answer<'py>(py: Python<'py>, value: &impl Serialize) -> PyResult<Bound<'py, PyAny>> {
    let value = serde_json::to_value(value).map_err(error::unexpected)?;
    python(py, "", &value)
}

fn python<'py>(py: Python<'py>, name: &str, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Null => PyNone::get(py).to_owned().into_any(),
        Value::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        Value::Number(number) => match number.as_i64() {
            Some(number) => number.into_pyobject(py)?.into_any(),
            None => number.as_f64().into_pyobject(py)?,
        },
        Value::String(text) => match time::parse(text).filter(|_| TIMES.contains(&name)) {
            Some(time) => time.into_pyobject(py)?.into_any(),
            None => text.into_pyobject(py)?.into_any(),
        },
        Value::Array(items) => {
            let list = PyList::empty(py);
            for item in items {
                list.append(python(py, name, item)?)?;
            }
            list.into_any()
        }
        Value::Object(entries) => {
            let dict = PyDict::new(py);
            for (name, value) in entries {
                dict.set_item(name, python(py, name, value)?)?;
            }
            dict.into_any()
        }
    })
}
