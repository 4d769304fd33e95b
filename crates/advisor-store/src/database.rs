//! The SQLite file: its schema, its versions, and the connections to it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use advisor_core::CatalogMismatch;
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior};
use uuid::Uuid;

use crate::days;

/// The schema version that this code writes, in SQLite's `user_version`.
const SCHEMA_VERSION: i64 = 3;
/// Marks a file as a store, in SQLite's `application_id`: "IAAA".
const APPLICATION_ID: i64 = 0x4941_4141;
/// How long to wait for another process's transaction.
const BUSY: Duration = Duration::from_secs(60);
/// The pause between two attempts where SQLite does not wait itself.
const BUSY_PAUSE: Duration = Duration::from_millis(5);
/// The write-ahead log is truncated to this size after a checkpoint, so that a large batch leaves no
/// large log behind.
const LARGEST_IDLE_LOG: i64 = 64 << 20;
/// The number of idle connections that are kept.
const MOST_IDLE: usize = 40;

const SCHEMA: &str = include_str!("schema.sql");
const SCHEMA_1_TO_2: &str = include_str!("schema_1_to_2.sql");
const SCHEMA_2_TO_3: &str = include_str!("schema_2_to_3.sql");

/// Held while a file is created. A process that closes any handle of a file loses its POSIX locks on
/// it, so no thread may have the file open in SQLite meanwhile.
static CREATING: Mutex<()> = Mutex::new(());

/// A store's file, with the connections to it.
#[derive(Debug)]
pub(crate) struct Database {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// Held by the writer: threads wait for each other better than SQLite's polling lets them.
    writing: Mutex<()>,
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// SQLite returned an error.
    #[error("{}: {error}", path.display())]
    #[non_exhaustive]
    Database {
        /// The file.
        path: PathBuf,
        /// What kind of error it is.
        kind: DatabaseErrorKind,
        /// SQLite's error.
        #[source]
        error: Box<dyn Error + Send + Sync>,
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
        /// What is wrong.
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
    /// The file is damaged.
    Damaged,
    /// Anything else.
    Other,
}

impl DatabaseErrorKind {
    fn of(error: &rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly,
            Some(ErrorCode::CannotOpen) => Self::CannotOpen,
            Some(ErrorCode::SystemIoFailure) => Self::Io,
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged,
            _ => Self::Other,
        }
    }
}

impl StoreError {
    fn database(path: &Path, error: rusqlite::Error) -> Self {
        StoreError::Database {
            path: path.to_owned(),
            kind: DatabaseErrorKind::of(&error),
            error: Box::new(error),
        }
    }
}

impl Database {
    /// Opens the file, and creates it when there is none: on Unix, readable and writable by its owner
    /// only, for any umask.
    pub(crate) fn open_or_create(path: &Path) -> Result<Self, StoreError> {
        create_private(path);
        Self::connect(path)
    }

    /// Opens a file that exists.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        Self::connect(path)
    }

    fn connect(path: &Path) -> Result<Self, StoreError> {
        let fault = |error| StoreError::database(path, error);
        drop(CREATING.lock().unwrap_or_else(PoisonError::into_inner));
        let mut connection = Connection::open(path).map_err(fault)?;
        connection.busy_timeout(BUSY).map_err(fault)?;
        // Before anything is changed: the file may belong to another program.
        let version = check(path, &connection)?;
        configure(&connection).map_err(fault)?;
        if version != Some(SCHEMA_VERSION) {
            create_or_upgrade(path, &mut connection)?;
        }
        Ok(Self {
            path: path.to_owned(),
            idle: Mutex::new(vec![connection]),
            writing: Mutex::new(()),
        })
    }

    /// Runs a closure on a connection of its own.
    pub(crate) fn with<T>(
        &self,
        run: impl FnOnce(&mut Connection) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => Connection::open(&self.path)
                .and_then(|connection| configure(&connection).map(|()| connection))
                .map_err(|error| self.fault(error))?,
        };
        let result = run(&mut connection).map_err(|error| self.fault(error));
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(connection);
        }
        result
    }

    /// Runs a closure in one write transaction: everything is committed, or nothing.
    pub(crate) fn write<T>(
        &self,
        run: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.with(|connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = run(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
    }

    /// Runs a closure in one read transaction: all its queries see the same state.
    pub(crate) fn read<T>(
        &self,
        run: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.with(|connection| run(&connection.transaction()?))
    }

    fn fault(&self, error: rusqlite::Error) -> StoreError {
        StoreError::database(&self.path, error)
    }

    /// The error that the file contains something which this code did not write.
    pub(crate) fn damaged(&self, what: impl Into<String>) -> StoreError {
        StoreError::Damaged {
            path: self.path.clone(),
            what: what.into(),
            error: None,
        }
    }

    /// The error that another catalog credited the activity.
    pub(crate) fn other_catalog(&self, mismatch: CatalogMismatch) -> StoreError {
        StoreError::Catalog {
            path: self.path.clone(),
            mismatch,
        }
    }

    /// As [`Database::damaged`], with the error that shows it.
    pub(crate) fn damaged_by(
        &self,
        what: impl Into<String>,
        error: impl Error + Send + Sync + 'static,
    ) -> StoreError {
        StoreError::Damaged {
            path: self.path.clone(),
            what: what.into(),
            error: Some(Box::new(error)),
        }
    }
}

/// Creates an empty file with mode 0600, unless there is one. SQLite treats an empty file as an empty
/// database, and gives the write-ahead log and the shared memory file the same mode. Errors are ignored
/// here, because SQLite then fails with the same error and reports it.
fn create_private(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let _creating = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
        let mut options = std::fs::OpenOptions::new();
        drop(options.write(true).create_new(true).mode(0o600).open(path));
    }
    #[cfg(not(unix))]
    let _ = path;
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    write_ahead(connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", LARGEST_IDLE_LOG)?;
    connection.pragma_update(None, "foreign_keys", true)?;
    days::add_function(connection)
}

/// Switches the file to WAL mode. While another process is doing the same, SQLite does not wait but
/// returns that the file is busy, so this retries.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy)
                    && started.elapsed() < BUSY =>
            {
                std::thread::sleep(BUSY_PAUSE);
            }
            result => return result,
        }
    }
}

/// Returns the schema version of the file, `None` for an empty database. Rejects files that are not
/// stores, and newer versions.
///
/// It only reads, so opening a store never waits for a writer.
fn check(path: &Path, connection: &Connection) -> Result<Option<i64>, StoreError> {
    let fault = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => StoreError::NotAStore(path.to_owned()),
        _ => StoreError::database(path, error),
    };
    // One statement, so that all three values are from the same moment.
    let (application, version, has_tables): (i64, i64, bool) = connection
        .query_row(
            "SELECT application_id, user_version, EXISTS (SELECT 1 FROM sqlite_schema)
             FROM pragma_application_id, pragma_user_version",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .map_err(fault)?;
    if application != APPLICATION_ID && (has_tables || application != 0) {
        return Err(StoreError::NotAStore(path.to_owned()));
    }
    if version > SCHEMA_VERSION {
        return Err(StoreError::TooNew {
            path: path.to_owned(),
            found: version,
            known: SCHEMA_VERSION,
        });
    }
    Ok(has_tables.then_some(version))
}

/// Creates the schema in an empty database, or upgrades an older one, unless another process has done
/// so meanwhile.
fn create_or_upgrade(path: &Path, connection: &mut Connection) -> Result<(), StoreError> {
    let fault = |error| StoreError::database(path, error);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(fault)?;
    let result = match check(path, &transaction)? {
        Some(SCHEMA_VERSION) => return Ok(()),
        Some(2) => transaction.execute_batch(SCHEMA_2_TO_3),
        Some(_) => (transaction.execute_batch(SCHEMA_1_TO_2))
            .and_then(|()| transaction.execute_batch(SCHEMA_2_TO_3)),
        None => create(&transaction),
    };
    result
        .and_then(|()| {
            transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
            transaction.commit()
        })
        .map_err(fault)
}

fn create(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let key = [*Uuid::new_v4().as_bytes(), *Uuid::new_v4().as_bytes()].concat();
    transaction.execute_batch(SCHEMA)?;
    let insert = "INSERT INTO meta (name, value) VALUES ('marker_key', ?1)";
    transaction.execute(insert, [key])?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::Database;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_store_can_be_read_by_its_owner_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let database = Database::open_or_create(&path).unwrap();
        database.read(|_| Ok(())).unwrap();
        let modes: Vec<(String, u32)> = fs::read_dir(folder.path())
            .unwrap()
            .map(Result::unwrap)
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, mode(&entry.path()))
            })
            .collect();
        // Also the write-ahead log and the shared memory file.
        assert_eq!(modes.len(), 3, "{modes:?}");
        assert!(modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
    }

    #[test]
    fn an_existing_store_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        drop(Database::open_or_create(&path).unwrap());
        fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        drop(Database::open_or_create(&path).unwrap());
        assert_eq!(mode(&path), 0o640);
    }
}
