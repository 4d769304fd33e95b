//! Account data in the file: the exports as they came, and which of them make up an account's snapshot.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use advisor_core::{
    AccountData, AccountDataBuilder, AccountId, ExportError, ExportIssue, SplitExport,
};
use chrono::{DateTime, Utc};

use crate::compression::{deflate, inflate};
use crate::database::Database;
use crate::error::{Fault, StoreError};
use crate::job_rows;
use crate::tables::{EXPORTS, PICTURES};
use crate::transaction::{Reader, Writer};

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
    database.write(|writer| {
        let mut ids = Vec::with_capacity(parts.len());
        let first = writer.greatest_id(&EXPORTS)? + 1;
        for (id, part) in (first..).zip(&parts) {
            writer.insert(&EXPORTS, &[&id, &part.name, &part.length, &part.deflated])?;
            ids.push(id);
        }
        for account in &accounts {
            let generation = generation(writer, account)?.unwrap_or(0) + 1;
            let own = parts.iter().zip(&ids);
            let own = own.filter(|(part, _)| part.of.as_ref().is_none_or(|of| of == account));
            for (position, (_, export)) in own.enumerate() {
                writer.insert(
                    &PICTURES,
                    &[
                        &account.as_str(),
                        &generation,
                        &position,
                        export,
                        &now.timestamp_millis(),
                    ],
                )?;
            }
        }
        delete_old_snapshots(writer)
    })?;
    let accounts = accounts.into_iter().collect();
    Ok(ImportedAccounts {
        accounts,
        issues: account.issues().to_vec(),
    })
}

/// Returns the accounts that have a snapshot, sorted.
pub(crate) fn list(database: &Database) -> Result<Vec<AccountId>, StoreError> {
    database.read(|reader| {
        let mut ids = reader.rows(&PICTURES, "ORDER BY account", [], |row| {
            let id = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            Ok(AccountId::from(id))
        })?;
        ids.dedup();
        Ok(ids)
    })
}

/// Returns the snapshot of an account at a generation; `None` when there is none.
pub(crate) fn load(
    database: &Database,
    id: &AccountId,
    generation: i64,
) -> Result<Option<AccountSnapshot>, StoreError> {
    let found = database.read(|reader| {
        let condition = "WHERE account = ?1 AND generation = ?2 ORDER BY position";
        let params = (id.as_str(), generation);
        let rows = reader.rows(&PICTURES, condition, params, |row| {
            Ok((row.get::<_, i64>(3)?, row.get::<_, i64>(4)?))
        })?;
        let Some((_, imported)) = rows.first() else {
            return Ok(None);
        };
        let exports = rows
            .iter()
            .map(|(export, _)| stored_export(reader, *export));
        Ok(Some((*imported, exports.collect::<Result<Vec<_>, _>>()?)))
    })?;
    let Some((imported, stored)) = found else {
        return Ok(None);
    };
    let mut builder = AccountDataBuilder::new();
    let mut exports = Vec::with_capacity(stored.len());
    for export in stored {
        let text = export.add_to(&mut builder, database)?;
        exports.push((export.name, text.into()));
    }
    Ok(Some(AccountSnapshot {
        id: id.clone(),
        generation,
        imported: DateTime::from_timestamp_millis(imported).unwrap_or_default(),
        exports,
        account: Arc::new(build(builder, database)?),
    }))
}

/// Returns the latest snapshots of all accounts as one graph.
pub(crate) fn load_all(database: &Database) -> Result<AccountData, StoreError> {
    let stored = database.read(|reader| {
        let mut latest: BTreeMap<String, (i64, Vec<i64>)> = BTreeMap::new();
        reader.rows(&PICTURES, "", [], |row| {
            let (account, generation): (String, i64) = (row.get(0)?, row.get(1)?);
            let (known, exports) = latest.entry(account).or_default();
            if *known < generation {
                (*known, *exports) = (generation, Vec::new());
            }
            if *known == generation {
                exports.push(row.get(3)?);
            }
            Ok(())
        })?;
        // Accounts share exports of AWS managed policies.
        let exports: BTreeSet<i64> = latest
            .into_values()
            .flat_map(|(_, exports)| exports)
            .collect();
        let stored = exports.iter().map(|export| stored_export(reader, *export));
        stored.collect::<Result<Vec<_>, _>>()
    })?;
    let mut builder = AccountDataBuilder::new();
    for export in stored {
        export.add_to(&mut builder, database)?;
    }
    build(builder, database)
}

/// An export as it is stored.
struct StoredExport {
    name: String,
    length: usize,
    deflated: Vec<u8>,
}

impl StoredExport {
    /// Adds it to account data. Returns its text.
    fn add_to(
        &self,
        builder: &mut AccountDataBuilder,
        database: &Database,
    ) -> Result<String, StoreError> {
        let text = inflate(&self.deflated, self.length)
            .ok_or_else(|| Fault::damaged(format!("the export {} cannot be inflated", self.name)))
            .map_err(|fault| database.fault(fault))?;
        builder
            .add(&self.name, &text)
            .map_err(|error| database.fault(Fault::damaged_by("an export", error)))?;
        Ok(text)
    }
}

fn stored_export(reader: &Reader<'_>, id: i64) -> Result<StoredExport, Fault> {
    let found = reader.unverified_row(&EXPORTS, [id], |row| {
        Ok(StoredExport {
            name: row.get(1)?,
            length: row.get(2)?,
            deflated: row.get(3)?,
        })
    })?;
    found.ok_or_else(|| Fault::damaged(format!("the export {id} is missing")))
}

fn build(builder: AccountDataBuilder, database: &Database) -> Result<AccountData, StoreError> {
    let built = builder.build();
    built.map_err(|error| database.fault(Fault::damaged_by("the exports", error)))
}

/// Returns the latest generation of an account; `None` for an unknown account.
pub(crate) fn generation(reader: &Reader<'_>, account: &AccountId) -> Result<Option<i64>, Fault> {
    let condition = "WHERE account = ?1 ORDER BY generation DESC LIMIT 1";
    let latest = reader.rows(&PICTURES, condition, [account.as_str()], |row| {
        Ok(row.get(1)?)
    })?;
    Ok(latest.into_iter().next())
}

/// Deletes the snapshots that are neither the latest nor needed by a job in progress.
pub(crate) fn delete_old_snapshots(writer: &Writer<'_>) -> Result<(), Fault> {
    let mut snapshots: BTreeMap<(String, i64), Vec<i64>> = BTreeMap::new();
    writer.rows(&PICTURES, "", [], |row| {
        let exports = snapshots.entry((row.get(0)?, row.get(1)?)).or_default();
        exports.push(row.get(3)?);
        Ok(())
    })?;
    let latest: BTreeMap<String, i64> = snapshots.keys().cloned().collect();
    if latest.len() == snapshots.len() {
        return Ok(());
    }
    let needed: Vec<_> = job_rows::in_progress(writer)?
        .into_iter()
        .map(|pending| (pending.job.account.as_str().to_owned(), pending.generation))
        .collect();
    let (kept, old): (BTreeMap<_, _>, BTreeMap<_, _>) = snapshots
        .into_iter()
        .partition(|(key, _)| latest.get(&key.0) == Some(&key.1) || needed.contains(key));
    let kept: BTreeSet<i64> = kept.into_values().flatten().collect();
    for (account, generation) in old.keys() {
        let condition = "account = ?1 AND generation = ?2";
        writer.delete(&PICTURES, condition, (account, generation))?;
    }
    // After all of them: accounts share exports.
    let unneeded: BTreeSet<i64> = old.into_values().flatten().collect();
    for export in unneeded.difference(&kept) {
        writer.delete(&EXPORTS, "id = ?1", [export])?;
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
        deflated: deflate(text),
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
