//! The file: its schema, its versions, and connections to it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use advisor_core::MarkerKey;
use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};
use uuid::Uuid;

use crate::accounts::AccountCache;
use crate::activity::ActivityCache;

/// The version this code writes, in SQLite's `user_version`.
const SCHEMA_VERSION: i64 = 1;
/// Tells our files from other people's databases, in SQLite's `application_id`: "IAAA".
const APPLICATION_ID: i64 = 0x4941_4141;
/// How long to wait for another process's transaction.
const BUSY: Duration = Duration::from_secs(60);
/// Connections kept for the next user.
const MOST_IDLE: usize = 16;

const SCHEMA: &str = include_str!("schema.sql");

/// A store.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    marker_key: MarkerKey,
    pub(crate) accounts: AccountCache,
    pub(crate) activity: ActivityCache,
}

/// What goes wrong with a store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database said no: disk full, locked for too long, damaged.
    #[error("{}: {error}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// SQLite's reason.
        error: rusqlite::Error,
    },
    /// A database of something else.
    #[error("{}: not a store of access-advisor", .0.display())]
    NotAStore(PathBuf),
    /// A store that a newer version made.
    #[error("{}: made by a newer version (schema {found}; this one knows up to {known})", path.display())]
    TooNew {
        /// The file.
        path: PathBuf,
        /// Its schema version.
        found: i64,
        /// The newest that is known.
        known: i64,
    },
    /// A file that is not there, where one was expected.
    #[error("{}: there is no such store; `access-advisor import` makes one", .0.display())]
    Missing(PathBuf),
    /// Something in the file that this code did not write.
    #[error("{}: damaged: {what}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        what: String,
    },
}

impl Store {
    /// Opens a store, and makes it when there is none.
    ///
    /// # Errors
    /// The file cannot be opened, is no store, or a newer version's.
    pub fn open_or_create(path: &Path) -> Result<Self, StoreError> {
        Self::connect(path)
    }

    /// Opens a store that is there.
    ///
    /// # Errors
    /// As [`Store::open_or_create`]; there is no file.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        Self::connect(path)
    }

    fn connect(path: &Path) -> Result<Self, StoreError> {
        let fault = |error| StoreError::Database {
            path: path.to_owned(),
            error,
        };
        let mut connection = Connection::open(path).map_err(fault)?;
        configure(&connection).map_err(|error| match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase) => StoreError::NotAStore(path.to_owned()),
            _ => fault(error),
        })?;
        migrate(path, &mut connection)?;
        let key: Vec<u8> = connection
            .query_row(
                "SELECT value FROM meta WHERE name = 'marker_key'",
                [],
                |row| row.get(0),
            )
            .map_err(fault)?;
        let key: [u8; 32] = key.try_into().map_err(|_| StoreError::Damaged {
            path: path.to_owned(),
            what: "the marker key has not 32 bytes".into(),
        })?;
        Ok(Self {
            path: path.to_owned(),
            idle: Mutex::new(vec![connection]),
            marker_key: MarkerKey::new(key),
            accounts: AccountCache::default(),
            activity: ActivityCache::default(),
        })
    }

    /// The key that this store's markers are sealed with.
    #[must_use]
    pub fn marker_key(&self) -> &MarkerKey {
        &self.marker_key
    }

    /// Runs something on a connection of its own.
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

    /// Runs something in one transaction that writes: all of it is kept, or nothing.
    pub(crate) fn write<T>(
        &self,
        run: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.with(|connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let result = run(&transaction)?;
            transaction.commit()?;
            Ok(result)
        })
    }

    /// Runs something in one transaction that reads: all of it sees the same state.
    pub(crate) fn read<T>(
        &self,
        run: impl FnOnce(&Transaction<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, StoreError> {
        self.with(|connection| run(&connection.transaction()?))
    }

    fn fault(&self, error: rusqlite::Error) -> StoreError {
        StoreError::Database {
            path: self.path.clone(),
            error,
        }
    }

    pub(crate) fn damaged(&self, what: impl Into<String>) -> StoreError {
        StoreError::Damaged {
            path: self.path.clone(),
            what: what.into(),
        }
    }
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)
}

/// Makes the schema in a new file, and refuses what is not ours. There is one version so far; later
/// ones bring older files up here, in the same transaction.
fn migrate(path: &Path, connection: &mut Connection) -> Result<(), StoreError> {
    let fault = |error| StoreError::Database {
        path: path.to_owned(),
        error,
    };
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(fault)?;
    let number = |pragma: &str| transaction.pragma_query_value(None, pragma, |row| row.get(0));
    let application: i64 = number("application_id").map_err(fault)?;
    let version: i64 = number("user_version").map_err(fault)?;
    let has_tables = transaction
        .query_row("SELECT 1 FROM sqlite_schema LIMIT 1", [], |_| Ok(()))
        .optional()
        .map_err(fault)?
        .is_some();
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
    if !has_tables {
        transaction.execute_batch(SCHEMA).map_err(fault)?;
        let key = [*Uuid::new_v4().as_bytes(), *Uuid::new_v4().as_bytes()].concat();
        transaction
            .execute(
                "INSERT INTO meta (name, value) VALUES ('marker_key', ?1)",
                [key],
            )
            .map_err(fault)?;
        transaction
            .pragma_update(None, "application_id", APPLICATION_ID)
            .map_err(fault)?;
        transaction
            .pragma_update(None, "user_version", SCHEMA_VERSION)
            .map_err(fault)?;
    }
    transaction.commit().map_err(fault)
}
