//! Tables with the Arrow `PyCapsule` interface. Buffers are not copied.

use std::sync::Arc;

use access_advisor::text::count;
use arrow_array::{ArrayRef, RecordBatch, StructArray};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{ArrowError, Field, SchemaRef};
use pyo3::exceptions::PyImportError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use pyo3_arrow::error::PyArrowResult;
use pyo3_arrow::ffi::{ArrayIterator, to_schema_pycapsule, to_stream_pycapsule};

use crate::{error, notebook};

/// A table with the Arrow PyCapsule interface: `pyarrow.table(t)`, `polars.DataFrame(t)`, `pandas.DataFrame.from_arrow(t)`,
/// `duckdb.sql("FROM t")`.
///
/// Buffers are exported without a copy. Polars and pandas convert dictionary columns to categoricals.
///
/// >>> t = AccountData.load("testdata/account.json").permissions()
/// >>> len(t), t.column_names[:4]
/// (109, ['account_id', 'arn', 'entity_type', 'entity_name'])
#[pyclass(frozen, module = "access_advisor")]
#[derive(Debug)]
pub(crate) struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Table {
    pub(crate) fn collect(
        schema: SchemaRef,
        batches: impl IntoIterator<Item = Result<RecordBatch, ArrowError>>,
    ) -> Result<Self, ArrowError> {
        let batches = batches.into_iter().collect::<Result<_, _>>()?;
        Ok(Self { schema, batches })
    }
}

#[pymethods]
impl Table {
    /// The number of rows.
    #[getter]
    fn num_rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }

    /// The names of the columns.
    #[getter]
    fn column_names(&self) -> Vec<&str> {
        let fields = self.schema.fields().iter();
        fields.map(|field| field.name().as_str()).collect()
    }

    /// Returns the table as a `pandas.DataFrame`. Dictionary columns become categoricals. Requires pandas 3 and pyarrow.
    ///
    /// >>> AccountData.load("testdata/account.json").permissions().to_pandas().entity_type.nunique()
    /// 4
    fn to_pandas<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let frame = import(this.py(), "pandas")?.getattr(intern!(this.py(), "DataFrame"))?;
        frame.call_method1(intern!(this.py(), "from_arrow"), (this,))
    }

    /// Returns the table as a `polars.DataFrame`. Dictionary columns become categoricals. Requires Polars.
    ///
    /// >>> AccountData.load("testdata/account.json").permissions().to_polars().height
    /// 109
    fn to_polars<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        import(this.py(), "polars")?.call_method1(intern!(this.py(), "DataFrame"), (this,))
    }

    /// Returns the table as a `pyarrow.Table`. Requires pyarrow.
    ///
    /// >>> AccountData.load("testdata/account.json").permissions().to_pyarrow().num_rows
    /// 109
    fn to_pyarrow<'py>(this: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        import(this.py(), "pyarrow")?.call_method1(intern!(this.py(), "table"), (this,))
    }

    fn __len__(&self) -> usize {
        self.num_rows()
    }

    /// A notebook shows the first rows.
    fn _repr_html_(&self) -> PyResult<String> {
        let options = FormatOptions::default();
        let mut rows = Vec::new();
        for batch in &self.batches {
            let columns = batch.columns().iter();
            let formatters: Result<Vec<_>, _> = columns
                .map(|column| ArrayFormatter::try_new(column, &options))
                .collect();
            let formatters = formatters.map_err(error::unexpected)?;
            for row in 0..batch.num_rows().min(notebook::MOST_ROWS + 1) {
                let cells = formatters.iter();
                rows.push(cells.map(|cell| cell.value(row).to_string()).collect());
            }
            if rows.len() > notebook::MOST_ROWS {
                break;
            }
        }
        let shown = if self.num_rows() > notebook::MOST_ROWS {
            format!(", the first {}", notebook::MOST_ROWS)
        } else {
            String::new()
        };
        let caption = format!("Table of {}{shown}", count(self.num_rows(), "row"));
        Ok(notebook::table(
            &caption,
            &self.column_names(),
            rows.into_iter(),
        ))
    }

    fn __repr__(&self) -> String {
        let (rows, columns) = (self.num_rows(), self.column_names().join(", "));
        format!("<Table of {rows} rows: {columns}>")
    }

    /// Exports the table as an Arrow C stream.
    #[pyo3(signature = (requested_schema = None))]
    fn __arrow_c_stream__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyCapsule>>,
    ) -> PyArrowResult<Bound<'py, PyCapsule>> {
        let fields = self.schema.fields().clone();
        let row = Field::new_struct("", fields, false);
        let row = row.with_metadata(self.schema.metadata().clone());
        let batches = self.batches.clone().into_iter();
        let arrays = batches.map(|batch| Ok(Arc::new(StructArray::from(batch)) as ArrayRef));
        let stream = Box::new(ArrayIterator::new(arrays, Arc::new(row)));
        to_stream_pycapsule(py, stream, requested_schema)
    }

    /// Exports the columns and their types as an Arrow C schema.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyArrowResult<Bound<'py, PyCapsule>> {
        to_schema_pycapsule(py, self.schema.as_ref())
    }
}

/// Imports an optional package.
fn import<'py>(py: Python<'py>, package: &str) -> PyResult<Bound<'py, PyModule>> {
    py.import(package).map_err(|error| {
        let wanted = PyImportError::new_err(format!("this needs {package}: pip install {package}"));
        if error.is_instance_of::<PyImportError>(py) {
            wanted.set_cause(py, Some(error));
            wanted
        } else {
            error
        }
    })
}
