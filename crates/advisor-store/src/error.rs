//! Why a store cannot be used.

use std::error::Error;
use std::fmt;
use std::path::{Path, PathBuf};

use advisor_core::CatalogMismatch;
use rusqlite::ErrorCode;

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite returned an error.
    #[error("{}: {error}{}", path.display(), kind.advice())]
    #[non_exhaustive]
    Database {
        /// The file.
        path: PathBuf,
        /// What kind of error it is.
        kind: DatabaseErrorKind,
        /// SQLite's error, or that of the operating system.
        #[source]
        error: Box<dyn Error + Send + Sync>,
    },
    /// The path cannot be that of a store.
    #[error("{}: {fault}", path.display())]
    #[non_exhaustive]
    Path {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        fault: StorePathFault,
    },
    /// The file is not a store.
    #[error("{}: not a store of access-advisor", .0.display())]
    NotAStore(PathBuf),
    /// A newer version of access-advisor made the store.
    #[error("{}: made by a newer version (schema {found}; this one knows up to {known})", path.display())]
    #[non_exhaustive]
    TooNew {
        /// The file.
        path: PathBuf,
        /// The version of its schema.
        found: i64,
        /// The newest version that this code can read.
        known: i64,
    },
    /// There is no such file.
    #[error("{}: no such store; `access-advisor import` creates one", .0.display())]
    Missing(PathBuf),
    /// The file was removed, renamed or replaced while it was open. Nothing is read from it or written to it until it is back.
    #[error(
        "{}: the file of the store, or its write-ahead log, was removed or replaced while the store was open; put it back, or \
         open the store again",
        .0.display()
    )]
    Replaced(PathBuf),
    /// Another catalog credited the activity in the store.
    #[error("{}: {mismatch}", path.display())]
    #[non_exhaustive]
    Catalog {
        /// The file.
        path: PathBuf,
        /// The two catalogs.
        #[source]
        mismatch: CatalogMismatch,
    },
    /// The file contains something that this code did not write.
    #[error("{}: damaged: {what}", path.display())]
    #[non_exhaustive]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong: the table and the key of a damaged row, or what SQLite says.
        what: String,
        /// The error that shows it.
        #[source]
        error: Option<Box<dyn Error + Send + Sync>>,
    },
}

/// Kinds of errors of SQLite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DatabaseErrorKind {
    /// Another process had the file locked for too long.
    Locked,
    /// The disk is full.
    Full,
    /// The file or its folder cannot be written.
    ReadOnly,
    /// The file cannot be opened.
    CannotOpen,
    /// The system could not read or write the file.
    Io,
    /// Anything else.
    Other,
}

/// Why a path cannot be that of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StorePathFault {
    /// The path is empty.
    Empty,
    /// SQLite's name for a database in memory.
    InMemory,
    /// A URI.
    Uri,
    /// The path is that of a folder, or ends with a slash.
    Folder,
    /// There is something else than a file.
    NotAFile,
    /// The folder that the file would be in does not exist.
    NoFolder,
}

impl fmt::Display for StorePathFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the path of the store is empty; name a file",
            Self::InMemory => "a store is a file; name one (./:memory: for a file of that name)",
            Self::Uri => "a store is named by its path, not by a URI",
            Self::Folder => "this is the path of a folder; name a file in it",
            Self::NotAFile => "not a regular file",
            Self::NoFolder => "the folder does not exist; create it first",
        })
    }
}

impl DatabaseErrorKind {
    fn of(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::CannotOpen) => Self::CannotOpen,
            Some(ErrorCode::SystemIoFailure) => Self::Io,
            _ => Self::Other,
        }
    }

    /// What to do, for the message.
    fn advice(self) -> &'static str {
        match self {
            Self::ReadOnly | Self::CannotOpen => {
                "; the file and its folder must be readable and writable: SQLite keeps its log beside the file"
            }
            _ => "",
        }
    }
}

/// Why a transaction fails: a [`StoreError`] without the path.
#[derive(Debug)]
pub(crate) enum Fault {
    Database(rusqlite::Error),
    Catalog(CatalogMismatch),
    Damaged {
        what: String,
        error: Option<Box<dyn Error + Send + Sync>>,
    },
}

impl Fault {
    /// The error that something is in the file which this code did not write.
    pub(crate) fn damaged(what: impl Into<String>) -> Self {
        Self::Damaged {
            what: what.into(),
            error: None,
        }
    }

    /// As [`Fault::damaged`], with the error that shows it.
    pub(crate) fn damaged_by(
        what: impl fmt::Display,
        error: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self::Damaged {
            what: format!("{what}: {error}"),
            error: Some(Box::new(error)),
        }
    }

    /// The error of the store at a path.
    pub(crate) fn at(self, path: &Path) -> StoreError {
        let path = path.to_owned();
        match self {
            Self::Database(error) => match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => StoreError::NotAStore(path),
                Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged {
                    path,
                    what: error.to_string(),
                    error: Some(Box::new(error)),
                },
                _ => StoreError::Database {
                    path,
                    kind: DatabaseErrorKind::of(&error),
                    error: Box::new(error),
                },
            },
            Self::Catalog(mismatch) => StoreError::Catalog { path, mismatch },
            Self::Damaged { what, error } => StoreError::Damaged { path, what, error },
        }
    }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Database(error)
    }
}

impl From<CatalogMismatch> for Fault {
    fn from(mismatch: CatalogMismatch) -> Self {
        Self::Catalog(mismatch)
    }
}
