//! The schema of the file: its versions, and upgrades from earlier ones.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use uuid::Uuid;

use crate::error::{Fault, StoreError};
use crate::transaction::{Reader, Verified, Writer};
use crate::upgrade;

/// The schema version that this code writes, in SQLite's `user_version`.
const VERSION: i64 = 4;
/// Marks a file as a store, in SQLite's `application_id`: "IAAA".
const APPLICATION_ID: i64 = 0x4941_4141;

const SCHEMA: &str = include_str!("schema.sql");

/// What is in a file.
enum Content {
    /// Nothing.
    Empty,
    /// A store of this version of the schema.
    Store(i64),
}

/// Creates the schema in an empty database, or upgrades an older one. Rejects files that are not stores, and newer versions,
/// before anything is changed: the file may belong to another program. Opening a store of this version only reads, so it never
/// waits for a writer.
pub(crate) fn prepare(
    path: &Path,
    connection: &mut Connection,
    configure: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> Result<(), StoreError> {
    let content = check(path, connection)?;
    let fault = |error: rusqlite::Error| Fault::from(error).at(path);
    configure(connection).map_err(fault)?;
    if matches!(content, Content::Store(VERSION)) {
        return Ok(());
    }
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(fault)?;
    // Another process may have done so meanwhile.
    match check(path, &transaction)? {
        Content::Store(VERSION) => return Ok(()),
        Content::Store(version) => upgrade::upgrade(&transaction, version, SCHEMA),
        Content::Empty => create(&transaction),
    }
    .map_err(|fault| fault.at(path))?;
    transaction
        .pragma_update(None, "user_version", VERSION)
        .and_then(|()| transaction.commit())
        .map_err(fault)
}

fn check(path: &Path, connection: &Connection) -> Result<Content, StoreError> {
    // One statement, so that all values are from the same moment.
    let (application, version, pages, tables): (i64, i64, i64, i64) = connection
        .query_row(
            "SELECT application_id, user_version, page_count, (SELECT count(*) FROM sqlite_schema)
             FROM pragma_application_id, pragma_user_version, pragma_page_count",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)),
        )
        .map_err(|error| Fault::from(error).at(path))?;
    // Another process that creates the store has written the first page, but no table yet.
    if application == 0 && tables == 0 && pages <= 1 {
        return Ok(Content::Empty);
    }
    if application != APPLICATION_ID {
        return Err(StoreError::NotAStore(path.to_owned()));
    }
    if version > VERSION {
        return Err(StoreError::TooNew {
            path: path.to_owned(),
            found: version,
            known: VERSION,
        });
    }
    if version < 1 || tables == 0 {
        let what = format!("schema version {version} with {tables} tables and indexes");
        return Err(Fault::damaged(what).at(path));
    }
    Ok(Content::Store(version))
}

fn create(transaction: &Transaction<'_>) -> Result<(), Fault> {
    transaction.execute_batch(SCHEMA)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    let key = [*Uuid::new_v4().as_bytes(), *Uuid::new_v4().as_bytes()].concat();
    let verified = Verified::default();
    let writer = Writer::new(Reader::new(transaction, &verified));
    writer.insert_meta("marker_key", &key)?;
    writer.insert_meta("activity_version", &0)?;
    writer.insert_sums()
}
