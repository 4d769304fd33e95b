//! Account data in the file: the exports as they came, and which of them make up an account's snapshot.

use std::collections::BTreeSet;
use std::sync::Arc;

use advisor_core::{
    AccountData, AccountDataBuilder, AccountId, ExportError, ExportIssue, SplitExport,
};
use chrono::{DateTime, Utc};
use libdeflater::{CompressionLvl, Compressor, Decompressor};
use rusqlite::{Transaction, params};

use crate::database::{Database, StoreError};

/// An account at one of its imports.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccountSnapshot {
    /// The account.
    pub id: AccountId,
    /// The number of this import among the account's imports, from 1.
    pub generation: i64,
    /// When it was imported.
    pub imported: DateTime<Utc>,
    /// The exports, as name and text. Of an export with several accounts, the text is the part that
    /// belongs to this account or to AWS.
    pub exports: Vec<(String, Arc<str>)>,
    /// The exports as a graph: the entities of this account, and the AWS managed policies.
    pub account: Arc<AccountData>,
}

/// The result of an import of account data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportedAccounts {
    /// The accounts that have a new snapshot.
    pub accounts: Vec<AccountId>,
    /// What was wrong in the exports and could not be evaluated.
    pub issues: Vec<ExportIssue>,
}

/// Why account data cannot be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AccountImportError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An export cannot be read to its end.
    #[error(transparent)]
    Export(#[from] ExportError),
    /// The exports contain no user, group, role or policy of an account.
    #[error("the account data contains no user, group, role or policy of an account")]
    NoAccount,
}

/// The latest generation of an account; null for an unknown account.
const LATEST: &str = "SELECT max(generation) FROM pictures WHERE account = ?1";

/// Imports exports, as the new snapshot of every account that owns an entity in them, in one
/// transaction.
pub(crate) fn import(
    database: &Database,
    exports: &[(String, String)],
    now: DateTime<Utc>,
) -> Result<ImportedAccounts, AccountImportError> {
    let mut builder = AccountDataBuilder::new();
    for (name, text) in exports {
        builder.add(name, text)?;
    }
    let account = builder.build()?;
    let accounts = account.accounts();
    if accounts.is_empty() {
        return Err(AccountImportError::NoAccount);
    }
    let parts = parts(exports, &accounts)?;
    database.write(|transaction| {
        let mut ids = Vec::with_capacity(parts.len());
        for part in &parts {
            transaction.execute(
                "INSERT INTO exports (name, length, deflated) VALUES (?1, ?2, ?3)",
                params![part.name, part.length, part.deflated],
            )?;
            ids.push(transaction.last_insert_rowid());
        }
        for account in &accounts {
            let generation = generation(transaction, account)?.unwrap_or(0) + 1;
            let own = parts.iter().zip(&ids);
            let own = own.filter(|(part, _)| part.of.as_ref().is_none_or(|of| of == account));
            for (position, (_, export)) in own.enumerate() {
                transaction.execute(
                    "INSERT INTO pictures VALUES (?1, ?2, ?3, ?4, ?5)",
                    params![
                        account.as_str(),
                        generation,
                        position,
                        export,
                        now.timestamp_millis()
                    ],
                )?;
            }
        }
        delete_old_snapshots(transaction)
    })?;
    let accounts = accounts.into_iter().collect();
    Ok(ImportedAccounts {
        accounts,
        issues: account.issues().to_vec(),
    })
}

/// Returns the accounts that have a snapshot, sorted.
pub(crate) fn list(database: &Database) -> Result<Vec<AccountId>, StoreError> {
    database.read(|transaction| {
        let mut statement =
            transaction.prepare("SELECT DISTINCT account FROM pictures ORDER BY account")?;
        let ids = statement.query_map([], |row| {
            row.get_ref(0)?
                .as_str()
                .map(AccountId::from)
                .map_err(Into::into)
        })?;
        ids.collect()
    })
}

/// Returns the snapshot of an account at a generation; `None` when there is none.
pub(crate) fn load(
    database: &Database,
    id: &AccountId,
    generation: i64,
) -> Result<Option<AccountSnapshot>, StoreError> {
    let rows: Vec<(String, usize, Vec<u8>, i64)> = database.read(|transaction| {
        let mut statement = transaction.prepare(
            "SELECT e.name, e.length, e.deflated, p.imported
                 FROM pictures p JOIN exports e ON e.id = p.export
                 WHERE p.account = ?1 AND p.generation = ?2 ORDER BY p.position",
        )?;
        let rows = statement.query_map(params![id.as_str(), generation], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
        rows.collect()
    })?;
    let Some((_, _, _, imported)) = rows.first() else {
        return Ok(None);
    };
    let imported = *imported;
    let mut builder = AccountDataBuilder::new();
    let mut exports = Vec::with_capacity(rows.len());
    for (name, length, deflated, _) in rows {
        let text = inflate(&deflated, length)
            .ok_or_else(|| database.damaged(format!("the export {name} cannot be inflated")))?;
        builder
            .add(&name, &text)
            .map_err(|error| database.damaged_by(error.to_string(), error))?;
        exports.push((name, text.into()));
    }
    let account = builder
        .build()
        .map_err(|error| database.damaged_by(error.to_string(), error))?;
    Ok(Some(AccountSnapshot {
        id: id.clone(),
        generation,
        imported: DateTime::from_timestamp_millis(imported).unwrap_or_default(),
        exports,
        account: Arc::new(account),
    }))
}

/// Returns the latest generation of an account; `None` for an unknown account.
pub(crate) fn generation(
    transaction: &Transaction<'_>,
    account: &AccountId,
) -> rusqlite::Result<Option<i64>> {
    transaction.query_row(LATEST, [account.as_str()], |row| row.get(0))
}

/// Deletes the snapshots that are neither the latest nor needed by a job in progress.
pub(crate) fn delete_old_snapshots(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let forgotten = transaction.execute(
        "DELETE FROM pictures WHERE
             generation < (SELECT max(l.generation) FROM pictures l WHERE l.account = pictures.account)
             AND NOT EXISTS (SELECT 1 FROM jobs j WHERE j.status = 'IN_PROGRESS'
                 AND j.account = pictures.account AND j.generation = pictures.generation)",
        [],
    )?;
    if forgotten > 0 {
        transaction.execute(
            "DELETE FROM exports WHERE id NOT IN (SELECT export FROM pictures)",
            [],
        )?;
    }
    Ok(())
}

/// An export, or the part of it that belongs to one account, as it is stored.
struct Part<'a> {
    name: &'a str,
    /// The account; `None` when the part belongs to all accounts, as AWS managed policies do.
    of: Option<AccountId>,
    length: usize,
    deflated: Vec<u8>,
}

/// Splits the exports by account. Every account gets at least one part.
fn parts<'a>(
    exports: &'a [(String, String)],
    accounts: &BTreeSet<AccountId>,
) -> Result<Vec<Part<'a>>, ExportError> {
    let part = |name: &'a str, of: Option<&AccountId>, text: &str| Part {
        name,
        of: of.cloned(),
        length: text.len(),
        deflated: deflate(text.as_bytes()),
    };
    let mut parts = Vec::new();
    for (name, text) in exports {
        if accounts.len() == 1 {
            parts.push(part(name, None, text));
            continue;
        }
        let split = SplitExport::new(name, text)?;
        let before = parts.len();
        for account in accounts {
            if let Some(text) = split.part_of(account) {
                parts.push(part(name, Some(account), &text));
            }
        }
        if parts.len() == before {
            parts.push(part(name, None, text));
        }
    }
    Ok(parts)
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut deflated = vec![0; compressor.zlib_compress_bound(bytes.len())];
    // The buffer is large enough, so this cannot fail; an empty result would not inflate.
    let length = compressor.zlib_compress(bytes, &mut deflated).unwrap_or(0);
    deflated.truncate(length);
    deflated
}

fn inflate(bytes: &[u8], length: usize) -> Option<String> {
    // zlib compresses at most about 1032 times, so a greater length was not written here.
    if length > bytes.len().saturating_mul(1_040) {
        return None;
    }
    let mut inflated = vec![0; length];
    let written = Decompressor::new()
        .zlib_decompress(bytes, &mut inflated)
        .ok()?;
    (written == length).then_some(())?;
    String::from_utf8(inflated).ok()
}
