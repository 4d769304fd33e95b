//! What a store's file holds without its write-ahead log: shows when other content was copied over it.
//!
//! A copy that is written into the file, instead of taking its place, keeps its inode. SQLite does not notice it, and mixes its pages
//! with those of the log. While a store is open, only checkpoints change the file, and each makes it a later state of the same store.
//! So its marker key stays, and the number of write transactions in it never gets smaller. A copy of a later state does no harm:
//! everything newer is in the log.

use std::fs::Metadata;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::{Duration, SystemTime};

use rusqlite::{Connection, OpenFlags};

use crate::error::Fault;
use crate::tables::META;
use crate::transaction::{Reader, Verified, WRITES};

/// How often the content is read again before it counts as replaced: a checkpoint may be changing it.
const ATTEMPTS: u32 = 7;
/// The first pause between two attempts. Each other is twice as long, so that all take 63 ms.
const PAUSE: Duration = Duration::from_millis(1);

#[derive(Debug, Default)]
pub(crate) struct RawContent {
    /// What was last read, and the file's size and time then.
    seen: Mutex<Option<(Stamp, Option<State>)>>,
    /// Whether a check has found other content. It stays so: otherwise reads would go on while others check again.
    is_other: AtomicBool,
}

/// Changes whenever the file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    size: u64,
    modified: Option<SystemTime>,
}

/// A state of a store. A file has none as long as everything is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
struct State {
    marker_key: Vec<u8>,
    /// How many write transactions it has seen.
    writes: i64,
}

impl From<&Metadata> for Stamp {
    fn from(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }
}

/// Whether a check waits for one that another thread is making.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Waits {
    Yes,
    /// A change that the other finds is noticed by the next check. Checkpoints change the file often, and if all that reads from the
    /// store waited until it is read again, a hundredth of all reads would take 10 ms.
    No,
}

impl RawContent {
    /// Returns whether the file at this path, with this metadata, still holds a state of the same store, and no earlier one.
    pub(crate) fn is_same(&self, path: &Path, metadata: &Metadata, waits: Waits) -> bool {
        if self.is_other.load(Ordering::Acquire) {
            return false;
        }
        let stamp = Stamp::from(metadata);
        let mut seen = match self.seen.try_lock() {
            Ok(seen) => seen,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) if waits == Waits::No => return true,
            Err(TryLockError::WouldBlock) => {
                self.seen.lock().unwrap_or_else(PoisonError::into_inner)
            }
        };
        let known = match &*seen {
            Some((known, _)) if *known == stamp => return true,
            Some((_, state)) => state.as_ref(),
            None => None,
        };
        let mut pause = PAUSE;
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                std::thread::sleep(pause);
                pause *= 2;
            }
            let state = match read(path) {
                Ok(state) => state,
                // An earlier version of the schema, or damage, which whoever opens the store finds.
                Err(_) if known.is_none() => None,
                Err(_) => continue,
            };
            if follows(known, state.as_ref()) {
                *seen = Some((stamp, state));
                return true;
            }
        }
        self.is_other.store(true, Ordering::Release);
        false
    }
}

fn follows(known: Option<&State>, current: Option<&State>) -> bool {
    match (known, current) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(known), Some(current)) => {
            known.marker_key == current.marker_key && known.writes <= current.writes
        }
    }
}

/// Opens the file for reading without its log, and without locks: SQLite then makes no files beside it.
pub(crate) fn open_immutable(path: &Path) -> rusqlite::Result<Connection> {
    let mut uri = "file:".to_owned();
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'-' | b'_' | b'.' | b'~' => uri.push(char::from(*byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(*byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri.push_str("?immutable=1");
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_URI
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags(uri, flags)
}

/// Not by opening the file itself: closing it would lose the locks that SQLite has on it (see `file.rs`). SQLite knows its own.
fn read(path: &Path) -> Result<Option<State>, Fault> {
    let mut connection = open_immutable(path)?;
    let transaction = connection.transaction()?;
    let tables: i64 = transaction.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name = 'meta'",
        [],
        |row| row.get(0),
    )?;
    if tables == 0 {
        return Ok(None);
    }
    let verified = Verified::default();
    let reader = Reader::new(&transaction, &verified);
    let writes = reader.unverified_row(&META, [WRITES], |row| Ok(row.get(1)?))?;
    Ok(Some(State {
        marker_key: reader.meta("marker_key")?,
        // Stores of earlier versions have none.
        writes: writes.unwrap_or_default(),
    }))
}
