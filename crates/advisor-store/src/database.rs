//! The connections to the SQLite file, and their transactions.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

use crate::error::{DatabaseErrorKind, Fault, StoreError};
use crate::file::StoreFile;
use crate::raw_content::open_immutable;
use crate::schema;
use crate::transaction::{Reader, Verified, Writer};

/// How long to wait for another process's transaction.
const BUSY: Duration = Duration::from_secs(60);
/// The pause between two attempts where SQLite does not wait itself.
const BUSY_PAUSE: Duration = Duration::from_millis(5);
/// The write-ahead log is truncated to this size after a checkpoint, so that a large batch leaves no
/// large log behind.
const LARGEST_IDLE_LOG: i64 = 64 << 20;
/// The number of idle connections that are kept.
const MOST_IDLE: usize = 40;
/// The number of statements that a connection keeps: all that there are.
const STATEMENTS: usize = 64;

/// A store's file, with the connections to it.
#[derive(Debug)]
pub(crate) struct Database {
    file: StoreFile,
    /// Whether this process cannot write to the file, so that it is opened without a log beside it.
    is_read_only: bool,
    idle: Mutex<Vec<Connection>>,
    /// Held by the writer: threads wait for each other better than SQLite's polling lets them.
    writing: Mutex<()>,
    verified: Verified,
}

impl Database {
    /// Opens the file, and creates it when there is none.
    pub(crate) fn open_or_create(path: &Path) -> Result<Self, StoreError> {
        Self::connect(StoreFile::find_or_create(path)?)
    }

    /// Opens a file that exists.
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        Self::connect(StoreFile::find(path)?)
    }

    fn connect(mut file: StoreFile) -> Result<Self, StoreError> {
        let fault = |error: rusqlite::Error| Fault::from(error).at(file.path());
        let mut connection = open(&file)?;
        // Nothing was read yet, so SQLite has made no file beside it.
        if connection.is_readonly("main").map_err(fault)? && !file.has_log() {
            return Self::connect_read_only(file);
        }
        match schema::prepare(file.path(), &mut connection, configure) {
            Ok(()) => {}
            // The log cannot be made in the folder.
            Err(StoreError::Database {
                kind: DatabaseErrorKind::ReadOnly | DatabaseErrorKind::CannotOpen,
                ..
            }) if !file.has_log() => return Self::connect_read_only(file),
            Err(error) => return Err(error),
        }
        // The first read opens the write-ahead log.
        connection
            .query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
            .map_err(fault)?;
        file.remember_companions()?;
        Ok(Self::new(file, connection, false))
    }

    /// Opens a file that cannot be written: as SQLite otherwise does it, its log would get the mode of the file, and stay.
    fn connect_read_only(mut file: StoreFile) -> Result<Self, StoreError> {
        file.expect_no_change()?;
        let mut connection = open_read_only(&file)?;
        schema::prepare(file.path(), &mut connection, |_| Ok(()))?;
        Ok(Self::new(file, connection, true))
    }

    fn new(file: StoreFile, connection: Connection, is_read_only: bool) -> Self {
        Self {
            file,
            is_read_only,
            idle: Mutex::new(vec![connection]),
            writing: Mutex::new(()),
            verified: Verified::default(),
        }
    }

    /// Whether this process cannot write to the file.
    pub(crate) fn is_read_only(&self) -> bool {
        self.is_read_only
    }

    /// Runs a closure on a connection of its own. Fails when the file is no longer at its path.
    fn with<T>(
        &self,
        run: impl FnOnce(&mut Connection) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.file.check_before_reading()?;
        let idle = self
            .idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None if self.is_read_only => open_read_only(&self.file)?,
            None => {
                let connection = open(&self.file)?;
                configure(&connection).map_err(|error| Fault::from(error).at(self.file.path()))?;
                // It may have been replaced before it was opened.
                self.check_file()?;
                connection
            }
        };
        let result = run(&mut connection).map_err(|fault| {
            // What SQLite finds while the file is overwritten looks like damage.
            self.check_file()
                .err()
                .unwrap_or_else(|| fault.at(self.file.path()))
        });
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(connection);
        }
        drop(idle);
        if self.is_read_only {
            // Without locks, another process may have written meanwhile.
            self.check_file()?;
        }
        result
    }

    /// Runs a closure in one write transaction: everything is committed, or nothing. Returns only when what is committed is in
    /// the file at the store's path.
    pub(crate) fn write<T>(
        &self,
        run: impl FnOnce(&Writer<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let result = self.with(|connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let writer = Writer::new(Reader::new(&transaction, &self.verified));
            let result = run(&writer)?;
            writer.finish()?;
            transaction.commit()?;
            Ok(result)
        })?;
        self.check_file()?;
        Ok(result)
    }

    /// Runs a closure in one read transaction: all its queries see the same state.
    pub(crate) fn read<T>(
        &self,
        run: impl FnOnce(&Reader<'_>) -> Result<T, Fault>,
    ) -> Result<T, StoreError> {
        self.with(|connection| {
            let transaction = connection.transaction()?;
            run(&Reader::new(&transaction, &self.verified))
        })
    }

    /// Fails when the file is no longer at its path.
    pub(crate) fn check_file(&self) -> Result<(), StoreError> {
        self.file.check()
    }

    /// A [`StoreError`] of this store.
    pub(crate) fn fault(&self, fault: Fault) -> StoreError {
        fault.at(self.file.path())
    }

    /// Removes the file if a closure finds nothing in it, while no other process can write to it. One that has it open notices.
    pub(crate) fn remove_if(
        self,
        is_empty: impl FnOnce(&Reader<'_>) -> Result<bool, Fault>,
    ) -> Result<bool, StoreError> {
        let removed = self.with(|connection| {
            let transaction =
                connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let is_empty = is_empty(&Reader::new(&transaction, &self.verified))?;
            Ok(is_empty.then(|| self.file.remove()))
        })?;
        removed.transpose().map(|removed| removed.is_some())
    }
}

impl Drop for Database {
    /// Closes the connections. The last one writes the log into the file, unless other content was written into that.
    fn drop(&mut self) {
        if self.is_read_only || !self.file.is_overwritten() {
            return;
        }
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        for connection in idle.drain(..) {
            _ = connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true);
        }
        self.file.set_log_aside();
    }
}

fn open(file: &StoreFile) -> Result<Connection, StoreError> {
    // Without SQLITE_OPEN_URI, which gives some paths a meaning, and SQLITE_OPEN_CREATE: a file that was removed stays so.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = Connection::open_with_flags(file.real_path(), flags)?;
        connection.busy_timeout(BUSY)?;
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| Fault::from(error).at(file.path()))
}

fn open_read_only(file: &StoreFile) -> Result<Connection, StoreError> {
    let connection =
        open_immutable(file.real_path()).map_err(|error| Fault::from(error).at(file.path()))?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(connection)
}

fn configure(connection: &Connection) -> rusqlite::Result<()> {
    write_ahead(connection)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "journal_size_limit", LARGEST_IDLE_LOG)?;
    connection.pragma_update(None, "foreign_keys", true)
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
