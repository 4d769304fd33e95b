//! Errors of reading tables.

use advisor_core::CatalogMismatch;
use arrow_schema::{ArrowError, DataType};
use parquet::errors::ParquetError;

use crate::expansion::Expansion;
use crate::schema::SCHEMA_VERSION;

/// Why a table could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {fault}")]
#[non_exhaustive]
pub struct ReadError {
    /// The file, as the caller named it.
    pub name: String,
    /// What is wrong with it.
    #[source]
    pub fault: Fault,
}

impl ReadError {
    /// Returns a function for `map_err` that adds the table's name.
    pub(crate) fn of<F: Into<Fault>>(name: &str) -> impl Fn(F) -> Self {
        move |fault| Self {
            name: name.to_owned(),
            fault: fault.into(),
        }
    }
}

/// What is wrong with a table.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file is not Parquet, damaged or truncated.
    #[error("not a valid Parquet file: {0}")]
    Parquet(#[from] ParquetError),
    /// Arrow cannot decode the table.
    #[error("cannot decode the table: {0}")]
    Arrow(#[from] ArrowError),
    /// The table was written by a later version of this program.
    #[error(
        "has version {found} of the columns; this program reads version {}",
        SCHEMA_VERSION
    )]
    Version {
        /// The version of the table.
        found: String,
    },
    /// The file is larger than the limit.
    #[error("more than {limit} bytes, the limit for one object")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// The file expands more than is plausible for its size.
    #[error(transparent)]
    Expansion(#[from] Expansion),
    /// The coverage in the metadata cannot be read.
    #[error("cannot read the coverage in the metadata: {0}")]
    Coverage(#[source] serde_json::Error),
    /// Another catalog credited the activity.
    #[error(transparent)]
    Catalog(#[from] CatalogMismatch),
    /// A required column is missing.
    #[error("column {column} is missing")]
    MissingColumn {
        /// The column.
        column: &'static str,
    },
    /// A column has a type that cannot be converted.
    #[error("column {column} is of type {found}, expected {expected}")]
    ColumnType {
        /// The column.
        column: &'static str,
        /// The expected type.
        expected: &'static str,
        /// The type of the column.
        found: DataType,
    },
    /// A value is invalid.
    #[error("row {row}, column {column}: {reason}")]
    Value {
        /// The row, counted from 1.
        row: u64,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}
