//! Why an object cannot be read.

use std::fmt;

use advisor_arrow::{Expansion, Fault};

use crate::outcome::failure::FailureKind;
use crate::record::log_file::DigestFault;

/// An object that cannot be read. None of its records is counted.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FormatError {
    #[error("the file is empty")]
    Empty,
    #[error("not JSON: {0}")]
    Json(#[source] serde_json::Error),
    #[error("not CloudTrail: {0}")]
    NotCloudTrail(NotCloudTrail),
    #[error("not CloudTrail: {table} without {missing}; its columns: {found}")]
    MissingColumns {
        table: TableKind,
        missing: String,
        found: String,
    },
    #[error("{table} with two columns for {column}")]
    RepeatedColumn { table: TableKind, column: String },
    #[error("invalid CSV: {0}")]
    Csv(#[from] csv::Error),
    #[error("invalid Parquet: {0}")]
    Parquet(#[source] ParquetFault),
    #[error("a Parquet file whose column {column} is {found}, not text")]
    ColumnType { column: String, found: String },
    #[error("invalid activity file: {0}")]
    Activity(#[source] Fault),
    #[error("invalid activity file: two columns named {0}")]
    RepeatedActivityColumn(String),
    #[error("damaged digest: {0}")]
    Digest(#[source] DigestFault),
    #[error("more than {0} bytes, the limit for one object")]
    TooLarge(usize),
    #[error("a Parquet file of {0}")]
    Expansion(#[from] Expansion),
}

impl FormatError {
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Json(_)
            | Self::Csv(_)
            | Self::Parquet(_)
            | Self::Activity(_)
            | Self::Digest(_) => FailureKind::Damaged,
            Self::Empty
            | Self::NotCloudTrail(_)
            | Self::MissingColumns { .. }
            | Self::RepeatedColumn { .. }
            | Self::ColumnType { .. }
            | Self::RepeatedActivityColumn(_) => FailureKind::NotCloudTrail,
            Self::TooLarge(_) | Self::Expansion(_) => FailureKind::TooLarge,
        }
    }
}

impl From<NotCloudTrail> for FormatError {
    fn from(found: NotCloudTrail) -> Self {
        Self::NotCloudTrail(found)
    }
}

/// Valid data that is not CloudTrail's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotCloudTrail {
    #[error("OCSF: only API activity in Parquet is read")]
    Ocsf,
    #[error("neither a JSON object nor a list")]
    OtherJson,
    #[error("no Records, no Events, and not a record itself")]
    NoRecords,
    #[error("the records are not in a list")]
    RecordsNotInList,
    #[error("it states more records than its bytes can hold")]
    TooManyRecords,
}

/// The tables that records come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TableKind {
    Csv,
    Parquet,
    QueryResult,
    Ocsf,
}

impl fmt::Display for TableKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Csv => "a CSV",
            Self::Parquet => "a Parquet file",
            Self::QueryResult => "a query result",
            Self::Ocsf => "an OCSF table",
        })
    }
}

/// Why a Parquet file cannot be decoded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ParquetFault {
    /// The decoder panicked on it.
    #[error("its parts are inconsistent")]
    Contradiction,
    #[error("{}", parquet_message(.0))]
    Decoder(#[source] parquet::errors::ParquetError),
    #[error("{0}")]
    Arrow(#[source] arrow_schema::ArrowError),
}

/// The decoder's message, without the class of error before it.
fn parquet_message(error: &parquet::errors::ParquetError) -> String {
    use parquet::errors::ParquetError;
    match error {
        ParquetError::General(reason) | ParquetError::EOF(reason) => reason.clone(),
        other => other.to_string(),
    }
}
