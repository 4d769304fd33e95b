//! Converts errors into the exceptions of `access_advisor._errors`.

use std::path::Path;

use access_advisor::account::{ExportError, LoadError};
use access_advisor::arrow::{Fault, ReadError};
use access_advisor::catalog::CatalogError;
use access_advisor::explain::ExplainError;
use access_advisor::report::RequestError;
use access_advisor::store::{AccountImportError, OperationError, StoreError, TrailImportError};
use access_advisor::text::Printable;
use access_advisor::trail::{FailedObject, ListingError};
use pyo3::exceptions::{PyRuntimeError, PyUserWarning};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// An attribute of an exception.
#[derive(Clone, Copy, IntoPyObject)]
enum Attribute<'a> {
    Text(&'a str),
    Number(u64),
}

/// Makes an exception of the package. Its message is one line: names of the input cannot forge others. Its attributes have the names
/// as they are.
fn raised(class: &str, message: &str, attributes: &[(&str, Attribute<'_>)]) -> PyErr {
    Python::attach(|py| {
        let made = || -> PyResult<PyErr> {
            let errors = py.import(intern!(py, "access_advisor._errors"))?;
            let keywords = PyDict::new(py);
            for (name, value) in attributes {
                keywords.set_item(name, *value)?;
            }
            let class = errors.getattr(class)?;
            let error = class.call((Printable(message).to_string(),), Some(&keywords))?;
            Ok(PyErr::from_value(error))
        };
        made().unwrap_or_else(|error| error)
    })
}

fn at(class: &str, message: &str, path: &Path) -> PyErr {
    let path = path.display().to_string();
    raised(class, message, &[("path", Attribute::Text(&path))])
}

/// Warns of something that is missing, and so may look unused in reports.
pub(crate) fn warn_incomplete(py: Python<'_>, message: &str) -> PyResult<()> {
    let category = py
        .import(intern!(py, "access_advisor._errors"))?
        .getattr(intern!(py, "IncompleteWarning"))?;
    warn_as(&category, message)
}

/// Warns of something else.
pub(crate) fn warn(py: Python<'_>, message: &str) -> PyResult<()> {
    warn_as(&py.get_type::<PyUserWarning>(), message)
}

fn warn_as(category: &Bound<'_, PyAny>, message: &str) -> PyResult<()> {
    let py = category.py();
    let warnings = py.import(intern!(py, "warnings"))?;
    let message = Printable(message).to_string();
    warnings.call_method1(intern!(py, "warn"), (message, category))?;
    Ok(())
}

/// An invalid argument.
pub(crate) fn invalid_input(message: &str) -> PyErr {
    raised("InvalidInputError", message, &[])
}

/// A request that IAM would reject.
pub(crate) fn request(error: &RequestError) -> PyErr {
    let class = match error {
        RequestError::NoSuchEntity(_) => "NoSuchEntityError",
        RequestError::AccessDenied(_) => "AccessDeniedError",
        _ => "InvalidInputError",
    };
    raised(
        class,
        &error.to_string(),
        &[("code", Attribute::Text(error.code()))],
    )
}

/// A question that cannot be answered.
pub(crate) fn explain(error: &ExplainError) -> PyErr {
    match error {
        ExplainError::Entity(error) => request(error),
        ExplainError::MissingPolicy { .. } => raised(
            "NoSuchEntityError",
            &error.to_string(),
            &[("code", Attribute::Text("NoSuchEntity"))],
        ),
        _ => invalid_input(&error.to_string()),
    }
}

/// Account data that cannot be loaded. The operating system's error becomes `__cause__`.
pub(crate) fn load(error: LoadError) -> PyErr {
    let message = error.to_string();
    match error {
        LoadError::Io { path, error } => {
            let raised = at("AccountError", &message, &path);
            Python::attach(|py| raised.set_cause(py, Some(error.into())));
            raised
        }
        LoadError::NotUtf8 {
            path, line, column, ..
        } => {
            let path = path.display().to_string();
            let mut attributes = vec![("path", Attribute::Text(&path))];
            let places = [("line", Some(line)), ("column", Some(column))];
            attributes.extend(places.into_iter().filter_map(number));
            raised("AccountError", &message, &attributes)
        }
        LoadError::Unpack { path, .. }
        | LoadError::SeveralFiles { path }
        | LoadError::NoExports { path } => at("AccountError", &message, &path),
        LoadError::Export(error) => export(&error),
        LoadError::CredentialReport(error) => {
            let mut attributes = vec![("path", Attribute::Text(&error.name))];
            let line = error.line.and_then(|line| usize::try_from(line).ok());
            attributes.extend(number(("line", line)));
            raised("AccountError", &message, &attributes)
        }
        _ => raised("AccountError", &message, &[]),
    }
}

/// A file that is not an export of account data.
fn export(error: &ExportError) -> PyErr {
    let mut attributes = vec![("path", Attribute::Text(error.name()))];
    let places = [("line", error.line()), ("column", error.column())];
    attributes.extend(places.into_iter().filter_map(number));
    raised("AccountError", &error.to_string(), &attributes)
}

/// An attribute for a known number.
fn number<'a>((name, number): (&'a str, Option<usize>)) -> Option<(&'a str, Attribute<'a>)> {
    Some((name, Attribute::Number(number?.try_into().ok()?)))
}

/// A trail that cannot be listed. The operating system's error becomes `__cause__`.
pub(crate) fn listing(error: ListingError) -> PyErr {
    let raised = at("TrailError", &error.to_string(), error.path());
    if let ListingError::Unreadable { error, .. } = error {
        Python::attach(|py| raised.set_cause(py, Some(error.into())));
    }
    raised
}

/// A trail with nothing to read. The message names the first object that could not be read, if there is one.
pub(crate) fn nothing_read(message: &str, failed: Option<&FailedObject>) -> PyErr {
    match failed {
        Some(failed) => raised(
            "TrailError",
            &format!("{failed}; {message}"),
            &[("path", Attribute::Text(&failed.object().to_string()))],
        ),
        None => raised("TrailError", message, &[]),
    }
}

/// A folder without activity files.
pub(crate) fn trail(path: &Path, reason: &str) -> PyErr {
    at("TrailError", &format!("{}: {reason}", path.display()), path)
}

/// An activity file that cannot be read or written.
pub(crate) fn file(path: &Path, error: std::io::Error) -> PyErr {
    caused("TrailError", path, error)
}

/// A catalog file that cannot be read.
pub(crate) fn catalog_file(path: &Path, error: std::io::Error) -> PyErr {
    caused("CatalogError", path, error)
}

/// An exception about a file, with the operating system's error as `__cause__`.
fn caused(class: &str, path: &Path, error: std::io::Error) -> PyErr {
    let raised = at(class, &format!("{}: {error}", path.display()), path);
    Python::attach(|py| raised.set_cause(py, Some(error.into())));
    raised
}

/// A file or text that is not a catalog.
pub(crate) fn catalog(path: Option<&Path>, error: &CatalogError) -> PyErr {
    let path = path.map(|path| path.display().to_string());
    let mut attributes = Vec::new();
    attributes.extend(path.iter().map(|path| ("path", Attribute::Text(path))));
    // Line 0 stands for no line, as in an empty file.
    attributes.extend(number(("line", Some(error.line).filter(|line| *line > 0))));
    let message = match &path {
        Some(path) => format!("{path}: {error}"),
        None => error.to_string(),
    };
    raised("CatalogError", &message, &attributes)
}

/// A table that is not an activity table.
pub(crate) fn read(error: &ReadError) -> PyErr {
    let mut attributes = vec![("path", Attribute::Text(&error.name))];
    match &error.fault {
        Fault::Value { row, column, .. } => {
            attributes.push(("row", Attribute::Number(*row)));
            attributes.push(("column_name", Attribute::Text(column)));
        }
        Fault::MissingColumn { column } | Fault::ColumnType { column, .. } => {
            attributes.push(("column_name", Attribute::Text(column)));
        }
        _ => {}
    }
    raised("TrailError", &error.to_string(), &attributes)
}

/// A store that cannot be used.
pub(crate) fn store(error: &StoreError) -> PyErr {
    let message = error.to_string();
    match error {
        StoreError::NotAStore(path) | StoreError::Missing(path) | StoreError::Replaced(path) => {
            at("StoreError", &message, path)
        }
        StoreError::Database { path, .. }
        | StoreError::Path { path, .. }
        | StoreError::TooNew { path, .. }
        | StoreError::Damaged { path, .. } => at("StoreError", &message, path),
        _ => raised("StoreError", &message, &[]),
    }
}

/// Account data that cannot be imported.
pub(crate) fn account_import(error: &AccountImportError) -> PyErr {
    match error {
        AccountImportError::Store(error) => store(error),
        AccountImportError::Export(error) => export(error),
        _ => raised("AccountError", &error.to_string(), &[]),
    }
}

/// A trail that cannot be imported.
pub(crate) fn trail_import(error: TrailImportError) -> PyErr {
    match error {
        TrailImportError::Store(error) => store(&error),
        TrailImportError::Listing(error) => listing(error),
        _ => unexpected(error),
    }
}

/// An operation of a store that failed.
pub(crate) fn operation(error: &OperationError) -> PyErr {
    match error {
        OperationError::Request(error) => request(error),
        OperationError::Store(error) => store(error),
        OperationError::NoActivity(error) => nothing_read(&error.to_string(), None),
        OperationError::NoReport(error) => raised("AccountError", &error.to_string(), &[]),
        _ => unexpected(error),
    }
}

/// An error that should not occur, raised as RuntimeError instead of a panic.
pub(crate) fn unexpected(error: impl std::fmt::Display) -> PyErr {
    PyRuntimeError::new_err(error.to_string())
}
