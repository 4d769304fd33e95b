//! The file of a store: which paths it may have, how it is created, and whether it is still there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use crate::error::{DatabaseErrorKind, StoreError, StorePathFault};
use crate::raw_content::{RawContent, Stamp, Waits};

/// Held while a file is created. A process that closes any handle of a file loses its POSIX locks on
/// it, so no thread may have the file open in SQLite meanwhile.
static CREATING: Mutex<()> = Mutex::new(());

/// The files that SQLite keeps beside the database while it is open.
const COMPANIONS: [&str; 2] = ["-wal", "-shm"];
/// The files beside the database that may hold newer content than it.
const LOGS: [&str; 2] = ["-wal", "-journal"];

/// The file that a store was opened from.
#[derive(Debug)]
pub(crate) struct StoreFile {
    /// The path as it was given, for messages.
    path: PathBuf,
    /// The absolute path without symbolic links, which SQLite opens. It has no special meaning to SQLite, as `:memory:` has.
    real_path: PathBuf,
    /// The database and, once they are there, its companions.
    identities: [Option<Identity>; 3],
    content: RawContent,
    /// What the file looked like when it was opened, if it must not change.
    fixed: Option<Stamp>,
}

/// What happened to a store's files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    /// Another file, or none, is at a path.
    Moved,
    /// Other content was written into the file.
    Overwritten,
}

/// What tells a file from any other file, also one that takes its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Identity {
    device: u64,
    inode: u64,
}

impl StoreFile {
    /// The file at a path.
    pub(crate) fn find(path: &Path) -> Result<Self, StoreError> {
        check_path(path)?;
        if !path.exists() {
            return Err(StoreError::Missing(path.to_owned()));
        }
        // Whoever creates it has closed it by then.
        drop(CREATING.lock().unwrap_or_else(PoisonError::into_inner));
        Self::at(path)
    }

    /// The file at a path. Creates an empty one when there is none: on Unix, readable and writable by its
    /// owner only, whatever the umask. SQLite treats an empty file as an empty database, and gives the
    /// write-ahead log and the shared memory file the same mode.
    pub(crate) fn find_or_create(path: &Path) -> Result<Self, StoreError> {
        check_path(path)?;
        create_private(path).map_err(|error| io_error(path, error))?;
        Self::at(path)
    }

    fn at(path: &Path) -> Result<Self, StoreError> {
        let real_path = real_path(path).map_err(|error| io_error(path, error))?;
        let mut file = Self {
            path: path.to_owned(),
            real_path,
            identities: [None; 3],
            content: RawContent::default(),
            fixed: None,
        };
        file.identities = file.current();
        Ok(file)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn real_path(&self) -> &Path {
        &self.real_path
    }

    /// Remembers the companions. Called once a connection has opened them: from then on, as long as a
    /// connection is open, SQLite keeps them.
    pub(crate) fn remember_companions(&mut self) -> Result<(), StoreError> {
        self.check()?;
        self.identities = self.current();
        Ok(())
    }

    /// Whether a log beside the file holds something: what is in the file is not all.
    pub(crate) fn has_log(&self) -> bool {
        self.beside(LOGS)
            .iter()
            .any(|path| fs::metadata(path).is_ok_and(|log| log.len() > 0))
    }

    /// From now on any change of the file counts as its replacement: it is read without its log and without locks.
    pub(crate) fn expect_no_change(&mut self) -> Result<(), StoreError> {
        let metadata = fs::metadata(&self.path).map_err(|error| io_error(&self.path, error))?;
        self.fixed = Some(Stamp::from(&metadata));
        self.check()
    }

    /// Fails when another file, or none, is at the path of the file or of a companion. What is written then would be in a
    /// file that nobody finds.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        self.check_now(Waits::Yes)
    }

    /// [`StoreFile::check`] before something is read. While another thread makes it, this one does not.
    pub(crate) fn check_before_reading(&self) -> Result<(), StoreError> {
        self.check_now(Waits::No)
    }

    fn check_now(&self, waits: Waits) -> Result<(), StoreError> {
        match self.change(waits) {
            None => Ok(()),
            Some(change) => {
                if change == Change::Overwritten {
                    // At once: this process may be killed before it closes the file.
                    self.set_log_aside();
                }
                Err(StoreError::Replaced(self.path.clone()))
            }
        }
    }

    /// Whether other content was written into the file, so that the log must not be.
    pub(crate) fn is_overwritten(&self) -> bool {
        self.overwritten(Waits::Yes) == Some(Change::Overwritten)
    }

    fn change(&self, waits: Waits) -> Option<Change> {
        if let Some(fixed) = self.fixed {
            let current = fs::metadata(&self.path).ok();
            let is_same = current.is_some_and(|current| Stamp::from(&current) == fixed);
            return (!is_same || self.has_log()).then_some(Change::Moved);
        }
        let mut pairs = self.identities.iter().zip(self.current());
        if pairs.any(|(known, current)| known.is_some() && *known != current) {
            return Some(Change::Moved);
        }
        self.overwritten(waits)
    }

    #[cfg(unix)]
    fn overwritten(&self, waits: Waits) -> Option<Change> {
        // As long as no connection has opened the companions, nothing is known.
        self.identities.first().copied().flatten()?;
        let is_same = match fs::metadata(&self.path) {
            Ok(metadata) => self.content.is_same(&self.real_path, &metadata, waits),
            Err(_) => return Some(Change::Moved),
        };
        (!is_same).then_some(Change::Overwritten)
    }

    /// Other systems do not let an open database be written by other programs.
    #[cfg(not(unix))]
    fn overwritten(&self, _waits: Waits) -> Option<Change> {
        None
    }

    /// Sets the log aside, which belongs to what was in the file before it was overwritten: SQLite would write it into the file when it is
    /// opened again. If it cannot be set aside, the checksums of the rows show the mixture.
    pub(crate) fn set_log_aside(&self) {
        let [_, log, memory] = self.identities;
        let [log_path, memory_path] = self.companions();
        if memory.is_some() && memory == Identity::of(&memory_path) {
            // It says what is in the log.
            _ = fs::remove_file(memory_path);
        }
        if log.is_some() && log == Identity::of(&log_path) {
            let mut aside = log_path.clone().into_os_string();
            aside.push("-of-overwritten");
            _ = fs::rename(log_path, aside);
        }
    }

    fn current(&self) -> [Option<Identity>; 3] {
        let [log, memory] = self.companions();
        // By the given path: it may be a symbolic link that leads elsewhere now.
        [&self.path, &log, &memory].map(|path| Identity::of(path))
    }

    fn companions(&self) -> [PathBuf; 2] {
        self.beside(COMPANIONS)
    }

    fn beside(&self, suffixes: [&str; 2]) -> [PathBuf; 2] {
        suffixes.map(|suffix| {
            let mut path = self.real_path.clone().into_os_string();
            path.push(suffix);
            path.into()
        })
    }

    /// Removes the file and its companions. Processes that have it open notice.
    pub(crate) fn remove(&self) -> Result<(), StoreError> {
        self.check()?;
        for companion in self.companions() {
            // SQLite may not have made it.
            _ = fs::remove_file(companion);
        }
        fs::remove_file(&self.real_path).map_err(|error| io_error(&self.path, error))
    }
}

impl Identity {
    #[cfg(unix)]
    fn of(path: &Path) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        let metadata = fs::metadata(path).ok()?;
        Some(Self {
            device: metadata.dev(),
            inode: metadata.ino(),
        })
    }

    /// Other systems do not let an open database be removed or renamed.
    #[cfg(not(unix))]
    fn of(_: &Path) -> Option<Self> {
        None
    }
}

#[cfg(unix)]
fn real_path(path: &Path) -> io::Result<PathBuf> {
    path.canonicalize()
}

/// Not `canonicalize`: SQLite does not take the verbatim paths that it gives.
#[cfg(not(unix))]
fn real_path(path: &Path) -> io::Result<PathBuf> {
    std::path::absolute(path)
}

/// Rejects what SQLite would take for something else than a file, and what is no file.
fn check_path(path: &Path) -> Result<(), StoreError> {
    let bytes = path.as_os_str().as_encoded_bytes();
    let fault = if bytes.is_empty() {
        Some(StorePathFault::Empty)
    } else if bytes == b":memory:" {
        Some(StorePathFault::InMemory)
    } else if is_uri(bytes) {
        Some(StorePathFault::Uri)
    } else if bytes.ends_with(b"/") || path.is_dir() {
        Some(StorePathFault::Folder)
    } else if path.exists() && !path.is_file() {
        Some(StorePathFault::NotAFile)
    } else {
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty());
        let is_missing = folder.is_some_and(|folder| !folder.is_dir());
        is_missing.then_some(StorePathFault::NoFolder)
    };
    match fault {
        None => Ok(()),
        Some(fault) => Err(StoreError::Path {
            path: path.to_owned(),
            fault,
        }),
    }
}

/// `file:...` and `sqlite://...`, as other programs name databases.
fn is_uri(path: &[u8]) -> bool {
    path.starts_with(b"file:") || path.windows(3).any(|part| part == b"://")
}

/// Creates an empty file with mode 0600, unless there is one.
fn create_private(path: &Path) -> io::Result<()> {
    let _creating = CREATING.lock().unwrap_or_else(PoisonError::into_inner);
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    match options.open(path) {
        Ok(file) => make_private(&file),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// The umask may have taken more rights away.
fn make_private(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    #[cfg(not(unix))]
    let _ = file;
    Ok(())
}

fn io_error(path: &Path, error: io::Error) -> StoreError {
    let kind = match error.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => DatabaseErrorKind::ReadOnly,
        ErrorKind::StorageFull => DatabaseErrorKind::Full,
        _ => DatabaseErrorKind::CannotOpen,
    };
    StoreError::Database {
        path: path.to_owned(),
        kind,
        error: Box::new(error),
    }
}
