//! Conversion of Python arguments.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use access_advisor::report::Granularity;
use chrono::{DateTime, Utc};
use pyo3::exceptions::{PyOverflowError, PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDateTime, PyString, PyTzInfo};

use crate::error;

/// One path or several: `str`, `os.PathLike`, or any iterable of these.
pub(crate) struct Paths(pub(crate) Vec<PathBuf>);

impl<'py> FromPyObject<'_, 'py> for Paths {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let is_path = given.is_instance_of::<PyString>()
            || given.hasattr(intern!(given.py(), "__fspath__"))?;
        if is_path {
            return Ok(Self(vec![given.extract()?]));
        }
        let Ok(items) = given.try_iter() else {
            return Err(PyTypeError::new_err(format!(
                "expected a path or an iterable of paths, not {}",
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

/// An instant: a `datetime` with a time zone.
pub(crate) struct Instant(pub(crate) DateTime<Utc>);

impl<'py> FromPyObject<'_, 'py> for Instant {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = given.py();
        let time = given.cast::<PyDateTime>().map_err(|_| {
            let name = given.get_type().name();
            let name = name.map_or_else(|_| "that".into(), |name| name.to_string());
            PyTypeError::new_err(format!("expected a datetime, not {name}"))
        })?;
        let in_utc = || {
            let offset = time.call_method0(intern!(py, "utcoffset"))?;
            if offset.is_none() {
                return Ok(None);
            }
            let utc = PyTzInfo::utc(py)?;
            let time = time.call_method1(intern!(py, "astimezone"), (utc,))?;
            time.extract().map(Some)
        };
        match in_utc() {
            Ok(Some(time)) => Ok(Self(time)),
            Ok(None) => Err(error::invalid_input(&format!(
                "the datetime {} has no time zone; pass one, such as tzinfo=timezone.utc",
                time.str()?
            ))),
            // pandas.NaT is a datetime too, and in UTC the year may be out of range.
            Err(fault) if is_of_value(&fault, py) => {
                let message = format!(
                    "the datetime {} is not a valid instant: {fault}",
                    time.str()?
                );
                let refused = error::invalid_input(&message);
                refused.set_cause(py, Some(fault));
                Err(refused)
            }
            Err(fault) => Err(fault),
        }
    }
}

/// Whether the error is about the value and not the type.
fn is_of_value(fault: &PyErr, py: Python<'_>) -> bool {
    fault.is_instance_of::<PyOverflowError>(py) || fault.is_instance_of::<PyValueError>(py)
}

/// A number of threads: one or more.
pub(crate) struct Threads(pub(crate) NonZeroUsize);

impl Threads {
    pub(crate) const ONE: Self = Self(NonZeroUsize::MIN);
}

impl FromPyObject<'_, '_> for Threads {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        // PyO3 raises ValueError for zero, OverflowError for negative and too large numbers.
        in_bounds(given, || {
            "threads must be 1 or more, or None for one per processor".into()
        })
        .map(Self)
    }
}

/// A number of bytes.
pub(crate) struct Size(pub(crate) usize);

impl FromPyObject<'_, '_> for Size {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        in_bounds(given, || {
            format!("a number of bytes must be from 0 to {}", usize::MAX)
        })
        .map(Self)
    }
}

/// Extracts an integer. `bounds` is the start of the message for one that is out of range.
fn in_bounds<'a, 'py, T: FromPyObject<'a, 'py, Error = PyErr>>(
    given: Borrowed<'a, 'py, PyAny>,
    bounds: impl FnOnce() -> String,
) -> PyResult<T> {
    let py = given.py();
    given.extract().map_err(|fault: PyErr| {
        if is_of_value(&fault, py) {
            error::invalid_input(&format!("{}, not {}", bounds(), &*given))
        } else {
            fault
        }
    })
}

/// Any iterable of `str` except a `str` itself, which would be taken letter by letter.
pub(crate) struct Texts(pub(crate) Vec<String>);

impl FromPyObject<'_, '_> for Texts {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        if given.is_instance_of::<PyString>() {
            return Err(PyTypeError::new_err(
                "expected an iterable of str, not one str",
            ));
        }
        let texts = given.try_iter()?.map(|item| item?.extract());
        texts.collect::<PyResult<_>>().map(Self)
    }
}

/// A parameter `granularity`: `service` or `action`.
pub(crate) struct Level(pub(crate) Granularity);

impl<'py> FromPyObject<'_, 'py> for Level {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let name: &Bound<'py, PyString> = &given.cast::<PyString>()?.to_owned();
        match &*name.to_cow()? {
            "service" => Ok(Self(Granularity::Service)),
            "action" => Ok(Self(Granularity::Action)),
            other => Err(error::invalid_input(&format!(
                "granularity must be \"service\" or \"action\", not {other:?}"
            ))),
        }
    }
}

/// boto3's parameter `Granularity`: `SERVICE_LEVEL` or `ACTION_LEVEL`. Other values raise IAM's error message.
pub(crate) struct ApiLevel(pub(crate) Granularity);

impl FromPyObject<'_, '_> for ApiLevel {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        let name = given.cast::<PyString>()?;
        let level = name.to_cow()?.parse().map(Self);
        level.map_err(|refused| error::request(&refused))
    }
}

/// `MaxItems`. Integers beyond 64 bits saturate; they are out of its range anyway.
pub(crate) struct Items(pub(crate) i64);

impl FromPyObject<'_, '_> for Items {
    type Error = PyErr;

    fn extract(given: Borrowed<'_, '_, PyAny>) -> PyResult<Self> {
        match given.extract() {
            Err(fault) if PyErr::is_instance_of::<PyOverflowError>(&fault, given.py()) => {
                let is_negative = given.lt(0)?;
                Ok(Self(if is_negative { i64::MIN } else { i64::MAX }))
            }
            number => number.map(Self),
        }
    }
}

/// The current time, for calls without an instant.
pub(crate) fn clock() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}
