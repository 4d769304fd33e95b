//! The catalog of services and actions.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;

use crate::{error, work};

/// A catalog of services and actions, used instead of the built-in one.
///
/// Pass the same catalog to `Activity.from_trail`, `Advisor` and `Store` when they are used together. It can be pickled.
///
/// >>> catalog = Catalog.load("crates/service-catalog/data/catalog.txt")
/// >>> catalog
/// <Catalog of ... services, ... actions>
/// >>> Activity.from_trail("testdata/trail", catalog=catalog)
/// <Activity of 106 rows, newest 2026-10-21T10:03:00+00:00>
#[pyclass(frozen, module = "access_advisor")]
#[derive(Debug)]
pub(crate) struct Catalog {
    inner: Arc<access_advisor::catalog::Catalog>,
}

impl Catalog {
    /// The given catalog, or the built-in one.
    pub(crate) fn or_shared(catalog: Option<&Self>) -> Arc<access_advisor::catalog::Catalog> {
        catalog.map_or_else(access_advisor::catalog::Catalog::shared, |it| {
            it.inner.clone()
        })
    }
}

#[pymethods]
impl Catalog {
    /// Loads a catalog file made by `access-advisor catalog build`.
    ///
    /// Args:
    ///     path: The file.
    ///
    /// Raises:
    ///     CatalogError: The file cannot be read, or is not a catalog. `path` is the file, `line` the position in it.
    ///
    /// >>> Catalog.load("testdata/README.md")
    /// Traceback (most recent call last):
    /// access_advisor.CatalogError: testdata/README.md: line ...
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let load = move || {
            let text = access_advisor::catalog::read_catalog_text(&path);
            let text = text.map_err(|fault| error::catalog_file(&path, fault))?;
            access_advisor::catalog::Catalog::parse(&text)
                .map_err(|fault| error::catalog(Some(&path), &fault))
        };
        let inner = Arc::new(work::run(py, load)??);
        Ok(Self { inner })
    }

    /// Parses the text of a catalog file.
    ///
    /// Raises:
    ///     CatalogError: The text is not a catalog. `line` is the position in it.
    ///
    /// >>> from pathlib import Path
    /// >>> Catalog.parse(Path("crates/service-catalog/data/catalog.txt").read_text())
    /// <Catalog of ... services, ... actions>
    #[staticmethod]
    fn parse(text: &str) -> PyResult<Self> {
        let catalog = access_advisor::catalog::Catalog::parse(text);
        let inner = Arc::new(catalog.map_err(|fault| error::catalog(None, &fault))?);
        Ok(Self { inner })
    }

    /// Pickles as the text of the catalog.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let parse = py.get_type::<Self>().getattr(intern!(py, "parse"))?;
        Ok((parse, (self.inner.to_table(),)))
    }

    fn __repr__(&self) -> String {
        let (services, actions) = (self.inner.services().count(), self.inner.action_count());
        format!("<Catalog of {services} services, {actions} actions>")
    }
}
