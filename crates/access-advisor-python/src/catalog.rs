//! The catalog of services and actions.

use std::path::PathBuf;
use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;

use crate::{error, work};

/// The services and actions that there are: another than the one built in, which everything uses that is given none.
///
/// Give the same one to whatever works together: `Activity.from_trail`, `Advisor`, `Store`. It can be pickled.
///
/// >>> catalog = Catalog.load("crates/service-catalog/data/catalog.txt")
/// >>> catalog
/// <Catalog of ... services, ... actions>
/// >>> Activity.from_trail("testdata/trail", catalog=catalog)
/// <Activity of 104 rows, newest 2026-10-21T10:03:00+00:00>
#[pyclass(frozen, module = "access_advisor")]
#[derive(Debug)]
pub(crate) struct Catalog {
    inner: Arc<access_advisor::catalog::Catalog>,
}

impl Catalog {
    /// The catalog that is asked for: the one built in when there is none.
    pub(crate) fn or_shared(catalog: Option<&Self>) -> Arc<access_advisor::catalog::Catalog> {
        catalog.map_or_else(access_advisor::catalog::Catalog::shared, |it| {
            it.inner.clone()
        })
    }
}

#[pymethods]
impl Catalog {
    /// Loads a catalog that `access-advisor catalog build` made.
    ///
    /// Args:
    ///     path: Its file.
    ///
    /// Raises:
    ///     CatalogError: The file cannot be read, or is no catalog. Its `path` says which, its `line` where.
    ///
    /// >>> Catalog.load("testdata/README.md")
    /// Traceback (most recent call last):
    /// access_advisor.CatalogError: testdata/README.md: line ...
    #[staticmethod]
    fn load(py: Python<'_>, path: PathBuf) -> PyResult<Self> {
        let load = || {
            let text = std::fs::read_to_string(&path);
            let text = text.map_err(|fault| error::catalog_file(&path, fault))?;
            access_advisor::catalog::Catalog::parse(&text)
                .map_err(|fault| error::catalog(Some(&path), &fault))
        };
        let inner = Arc::new(work::run(py, load)??);
        Ok(Self { inner })
    }

    /// Takes a catalog from its text: what is in the file of `Catalog.load`.
    ///
    /// Raises:
    ///     CatalogError: The text is no catalog. Its `line` says where.
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

    /// How it is pickled, as when Spark sends it to its executors: as its text.
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        let parse = py.get_type::<Self>().getattr(intern!(py, "parse"))?;
        Ok((parse, (self.inner.to_table(),)))
    }

    fn __repr__(&self) -> String {
        let (services, actions) = (self.inner.services().count(), self.inner.action_count());
        format!("<Catalog of {services} services, {actions} actions>")
    }
}
