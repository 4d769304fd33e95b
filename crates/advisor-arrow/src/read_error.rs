//! Why a table could not be read, and where.

use arrow_schema::{ArrowError, DataType};
use parquet::errors::ParquetError;

/// Why a table could not be read.
#[derive(Debug, thiserror::Error)]
#[error("{name}: {fault}")]
pub struct ReadError {
    /// The file, as the caller named it.
    pub name: String,
    /// What is wrong with it.
    pub fault: Fault,
}

impl ReadError {
    /// For `map_err`: a fault of the table called `name`.
    pub(crate) fn of<F: Into<Fault>>(name: &str) -> impl Fn(F) -> Self {
        move |fault| Self {
            name: name.to_owned(),
            fault: fault.into(),
        }
    }
}

/// What is wrong with a table.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// Not a Parquet file, a damaged one, or one that is cut short.
    #[error("cannot be read as Parquet: {0}")]
    Parquet(#[from] ParquetError),
    /// What Arrow says while it decodes.
    #[error("cannot be read: {0}")]
    Arrow(#[from] ArrowError),
    /// A table of a later version of this program.
    #[error(
        "has version {found} of the columns; this program reads version {}",
        crate::SCHEMA_VERSION
    )]
    Version {
        /// The version it says it has.
        found: String,
    },
    /// A file that is too large for what it may be read into.
    #[error("more than {limit} bytes, the limit for one object")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// A column that must be there is not.
    #[error("column {column} is missing")]
    MissingColumn {
        /// The column.
        column: &'static str,
    },
    /// A column of a type that cannot stand for what it should hold.
    #[error("column {column} is of type {found}, which is no {expected}")]
    ColumnType {
        /// The column.
        column: &'static str,
        /// What it should hold.
        expected: &'static str,
        /// Its type.
        found: DataType,
    },
    /// A value that cannot be.
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
