//! The file: its schema, its versions, and connections to it.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use advisor_core::MarkerKey;
use rusqlite::{Connection, Transaction, TransactionBehavior};
use uuid::Uuid;

use crate::accounts::AccountCache;
use crate::activity::ActivityCache;

/// The version this code writes, in SQLite's `user_version`.
const SCHEMA_VERSION: i64 = 2;
/// Tells our files from other people's databases, in SQLite's `application_id`: "IAAA".
const APPLICATION_ID: i64 = 0x4941_4141;
/// How long to wait for another process's transaction.
const BUSY: Duration = Duration::from_secs(60);
/// Between two tries where SQLite does not wait itself.
const BUSY_PAUSE: Duration = Duration::from_millis(5);
/// What the write-ahead log is cut down to once it is in the file: a large batch leaves no large log.
const LARGEST_IDLE_LOG: i64 = 64 << 20;
/// Connections kept for the next user.
const MOST_IDLE: usize = 40;

const SCHEMA: &str = include_str!("schema.sql");
const SCHEMA_1_TO_2: &str = include_str!("schema_1_to_2.sql");

/// Held while a file is made. A process that closes a file, any handle of it, loses its locks on it:
/// nobody in this one may have it open in SQLite by then.
static CREATING: Mutex<()> = Mutex::new(());

/// A store.
#[derive(Debug)]
pub struct Store {
    path: PathBuf,
    idle: Mutex<Vec<Connection>>,
    /// Taken by whoever writes: threads wait for each other better than SQLite's polling lets them.
    writing: Mutex<()>,
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
    /// Opens a store, and makes it when there is none: on Unix, one that nobody but its owner may
    /// read or write, whatever the umask.
    ///
    /// # Errors
    /// The file cannot be opened, is no store, or a newer version's.
    pub fn open_or_create(path: &Path) -> Result<Self, StoreError> {
        create_private(path);
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
        drop(CREATING.lock().unwrap_or_else(PoisonError::into_inner));
        let mut connection = Connection::open(path).map_err(fault)?;
        connection.busy_timeout(BUSY).map_err(fault)?;
        // Before anything is changed in a file that may be somebody else's.
        let version = check(path, &connection)?;
        configure(&connection).map_err(fault)?;
        if version != Some(SCHEMA_VERSION) {
            make(path, &mut connection)?;
        }
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
            writing: Mutex::new(()),
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
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
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

/// Makes an empty file for its owner alone, unless there is one. SQLite takes an empty file for an
/// empty database, and gives the log and the shared memory beside it the same mode. What goes wrong
/// here goes wrong in SQLite again, which says so.
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
    connection.pragma_update(None, "foreign_keys", true)
}

/// Puts the file into WAL mode. In a file that is not, SQLite does not wait for others who are at
/// the same: it says that the file is busy, at once.
fn write_ahead(connection: &Connection) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match connection.pragma_update(None, "journal_mode", "WAL") {
            Err(error)
                if error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
                    && started.elapsed() < BUSY =>
            {
                std::thread::sleep(BUSY_PAUSE);
            }
            result => return result,
        }
    }
}

/// The version of the schema that is there; none for an empty database. Refuses what is not ours, or not of
/// our time.
///
/// Only reads: opening a store waits for nobody who writes to it.
fn check(path: &Path, connection: &Connection) -> Result<Option<i64>, StoreError> {
    let fault = |error: rusqlite::Error| match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase) => StoreError::NotAStore(path.to_owned()),
        _ => StoreError::Database {
            path: path.to_owned(),
            error,
        },
    };
    // One statement, so that all three are of the same moment.
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

/// Makes the schema in an empty database, or brings the one of an older version up, unless another process has done so by
/// now.
fn make(path: &Path, connection: &mut Connection) -> Result<(), StoreError> {
    let fault = |error| StoreError::Database {
        path: path.to_owned(),
        error,
    };
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(fault)?;
    let made = match check(path, &transaction)? {
        Some(SCHEMA_VERSION) => return Ok(()),
        Some(_) => transaction.execute_batch(SCHEMA_1_TO_2),
        None => make_new(&transaction),
    };
    made.and_then(|()| {
        transaction.pragma_update(None, "user_version", SCHEMA_VERSION)?;
        transaction.commit()
    })
    .map_err(fault)
}

fn make_new(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
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

    use super::Store;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_new_store_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        let store = Store::open_or_create(&path).unwrap();
        store.accounts().unwrap();
        let modes: Vec<(String, u32)> = fs::read_dir(folder.path())
            .unwrap()
            .map(Result::unwrap)
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, mode(&entry.path()))
            })
            .collect();
        // The log and the shared memory too.
        assert_eq!(modes.len(), 3, "{modes:?}");
        assert!(modes.iter().all(|(_, mode)| *mode == 0o600), "{modes:?}");
    }

    #[test]
    fn a_store_that_is_there_keeps_its_mode() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.db");
        drop(Store::open_or_create(&path).unwrap());
        fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
        drop(Store::open_or_create(&path).unwrap());
        assert_eq!(mode(&path), 0o640);
    }
}
