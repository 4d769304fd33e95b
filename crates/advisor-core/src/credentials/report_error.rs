//! Why a credential report cannot be read.

use std::error::Error;
use std::fmt;
use std::sync::Arc;

/// A credential report that cannot be read.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CredentialReportError {
    /// The file, as the caller named it.
    pub name: String,
    /// What is wrong.
    pub fault: CredentialReportFault,
    /// The line of the CSV, counted from 1. `None` when the error is about the file as a whole.
    pub line: Option<u64>,
}

/// What is wrong with a credential report.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CredentialReportFault {
    /// The text is empty.
    Empty,
    /// The text is JSON, but not the output of `get-credential-report`.
    NotAReport(Arc<serde_json::Error>),
    /// `Content` is not base64.
    NotBase64(Arc<dyn Error + Send + Sync>),
    /// `Content` is not UTF-8.
    NotUtf8(std::string::FromUtf8Error),
    /// The text is not CSV.
    Syntax(Arc<dyn Error + Send + Sync>),
    /// A column is missing.
    MissingColumn(&'static str),
    /// A column is there twice.
    RepeatedColumn(&'static str),
    /// A row has more or fewer values than there are columns, as when the file was cut short.
    ValueCount {
        /// The values of the row.
        values: usize,
        /// The columns.
        columns: usize,
    },
    /// A value cannot be read.
    Value {
        /// The name of its column.
        column: &'static str,
        /// The value, or its start.
        value: String,
        /// What it should be.
        expected: &'static str,
    },
    /// Two rows are of one user: the ARN.
    RepeatedUser(String),
}

impl fmt::Display for CredentialReportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = match self.line {
            Some(line) => format!("{}: line {line}", self.name),
            None => self.name.clone(),
        };
        match &self.fault {
            CredentialReportFault::Value {
                column,
                value,
                expected,
            } => write!(f, "{place}, column {column}: {value:?} is not {expected}"),
            fault => write!(f, "{place}: {fault}"),
        }
    }
}

impl fmt::Display for CredentialReportFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("there is no credential report in the file"),
            Self::NotAReport(error) => {
                write!(f, "not the output of get-credential-report: {error}")
            }
            Self::NotBase64(error) => write!(f, "Content is not base64: {error}"),
            Self::NotUtf8(error) => write!(f, "Content is not text: {error}"),
            Self::Syntax(error) => write!(f, "not CSV: {error}"),
            Self::MissingColumn(column) => write!(
                f,
                "not a credential report: there is no column {column}; get one with `aws iam get-credential-report`"
            ),
            Self::RepeatedColumn(column) => write!(f, "the column {column} is there twice"),
            Self::ValueCount { values, columns } => {
                write!(
                    f,
                    "{values} values, but {columns} columns; is the file cut short?"
                )
            }
            Self::Value {
                column,
                value,
                expected,
            } => write!(f, "column {column}: {value:?} is not {expected}"),
            Self::RepeatedUser(arn) => write!(f, "there is an earlier row of {arn:?}"),
        }
    }
}

impl Error for CredentialReportError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.fault {
            CredentialReportFault::NotAReport(error) => Some(error.as_ref()),
            CredentialReportFault::NotBase64(error) => Some(error.as_ref()),
            CredentialReportFault::NotUtf8(error) => Some(error),
            CredentialReportFault::Syntax(error) => Some(error.as_ref()),
            _ => None,
        }
    }
}
