//! Arguments as Python's users give them.

use std::path::PathBuf;

use access_advisor::Tracking;
use advisor_core::Granularity;
use chrono::{DateTime, Utc};
use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyString, PyTzInfo};

use crate::error;

/// One path or several: `str`, `os.PathLike`, or any iterable of these.
pub(crate) struct Paths(pub(crate) Vec<PathBuf>);

impl<'py> FromPyObject<'_, 'py> for Paths {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        if let Ok(path) = given.extract::<PathBuf>() {
            return Ok(Self(vec![path]));
        }
        let Ok(items) = given.try_iter() else {
            return Err(PyTypeError::new_err(format!(
                "a path or an iterable of paths is wanted, not {}",
                given.get_type().name()?
            )));
        };
        let paths: Vec<PathBuf> = items.map(|item| item?.extract()).collect::<PyResult<_>>()?;
        if paths.is_empty() {
            return Err(error::invalid_input("there is no path to read"));
        }
        Ok(Self(paths))
    }
}

/// An instant: a `datetime` that knows its time zone.
pub(crate) struct Instant(pub(crate) DateTime<Utc>);

impl<'py> FromPyObject<'_, 'py> for Instant {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = given.py();
        let time = given.cast::<PyDateTime>().map_err(|_| {
            let name = given.get_type().name();
            let name = name.map_or_else(|_| "that".into(), |name| name.to_string());
            PyTypeError::new_err(format!("a datetime is wanted, not {name}"))
        })?;
        if time.call_method0(intern!(py, "utcoffset"))?.is_none() {
            return Err(error::invalid_input(&format!(
                "the datetime {} has no time zone; give it one: tzinfo=timezone.utc",
                time.str()?
            )));
        }
        let utc = PyTzInfo::utc(py)?;
        let time = time.call_method1(intern!(py, "astimezone"), (utc,))?;
        Ok(Self(time.extract()?))
    }
}

/// `SERVICE_LEVEL` or `ACTION_LEVEL`, as IAM says, or `service` or `action`.
pub(crate) struct Level(pub(crate) Granularity);

impl<'py> FromPyObject<'_, 'py> for Level {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let name: &Bound<'py, PyString> = &given.cast::<PyString>()?.to_owned();
        match &*name.to_cow()? {
            "service" | "SERVICE_LEVEL" => Ok(Self(Granularity::Service)),
            "action" | "ACTION_LEVEL" => Ok(Self(Granularity::Action)),
            other => Err(error::invalid_input(&format!(
                "granularity {other:?} is neither \"service\" (SERVICE_LEVEL) nor \"action\" (ACTION_LEVEL)"
            ))),
        }
    }
}

/// `aws` or `full`.
pub(crate) struct Preset(pub(crate) Tracking);

impl<'py> FromPyObject<'_, 'py> for Preset {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let name: &Bound<'py, PyString> = &given.cast::<PyString>()?.to_owned();
        match &*name.to_cow()? {
            "aws" => Ok(Self(Tracking::aws())),
            "full" => Ok(Self(Tracking::full())),
            other => Err(error::invalid_input(&format!(
                "tracking {other:?} is neither \"aws\" nor \"full\""
            ))),
        }
    }
}

/// What the clock says: asked only where the caller names no instant.
pub(crate) fn clock() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}
