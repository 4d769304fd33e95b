//! Accounts in the file: the exports as they came, and which of them make up an account's picture.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use advisor_core::{
    AccountData, AccountDataBuilder, AccountId, ExportError, ExportIssue, SplitExport,
};
use chrono::{DateTime, Utc};
use hashbrown::HashMap;
use libdeflater::{CompressionLvl, Compressor, Decompressor};
use rusqlite::{Transaction, params};

use crate::database::{Store, StoreError};
use crate::trail::ImportError;

/// An account as its latest import shows it, or an earlier one.
#[derive(Clone, Debug)]
pub struct AccountPicture {
    /// Which account.
    pub id: AccountId,
    /// Counts the account's imports.
    pub generation: i64,
    /// When it was imported.
    pub imported: DateTime<Utc>,
    /// The exports it is made from: name and text, as it came; of an export with several accounts,
    /// what is this account's or AWS's.
    pub exports: Vec<(String, Arc<str>)>,
    /// The exports as a graph: this account's entities, and AWS's policies.
    pub account: Arc<AccountData>,
}

/// What an import of account data brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportedAccounts {
    /// The accounts whose picture is new.
    pub accounts: Vec<AccountId>,
    /// What was set aside.
    pub issues: Vec<ExportIssue>,
}

/// Pictures by account and generation.
#[derive(Debug, Default)]
pub(crate) struct AccountCache {
    pictures: Mutex<HashMap<(AccountId, i64), Arc<AccountPicture>>>,
    /// Held while a picture is made.
    making: Mutex<()>,
}

/// The generation an account is at; null for an unknown one.
const LATEST: &str = "SELECT max(generation) FROM pictures WHERE account = ?1";

impl Store {
    /// Takes exports in, as the new picture of every account that has a user, group, role or policy
    /// of its own in them. One transaction: all of it, or nothing.
    ///
    /// # Errors
    /// An export that cannot be read to its end, or without any account; the database's.
    pub fn import_accounts(
        &self,
        exports: &[(String, String)],
        now: DateTime<Utc>,
    ) -> Result<ImportedAccounts, ImportError> {
        let mut builder = AccountDataBuilder::new();
        for (name, text) in exports {
            builder.add(name, text)?;
        }
        let account = builder.build();
        let accounts: BTreeSet<AccountId> = account
            .entities()
            .map(|(_, detail)| detail.account.clone())
            .filter(|id| !id.is_aws() && !id.as_str().is_empty())
            .collect();
        if accounts.is_empty() {
            return Err(ImportError::NoAccount);
        }
        let parts = parts(exports, &accounts)?;
        self.write(|transaction| {
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
            forget_old_pictures(transaction)
        })?;
        let accounts = accounts.into_iter().collect();
        Ok(ImportedAccounts {
            accounts,
            issues: account.issues().to_vec(),
        })
    }

    /// The accounts that there is a picture of.
    ///
    /// # Errors
    /// The database's.
    pub fn accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        self.read(|transaction| {
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

    /// An account as it is now; `None` when it was never imported.
    ///
    /// # Errors
    /// The database's; an export in it that can no longer be read.
    pub fn picture(&self, id: &AccountId) -> Result<Option<Arc<AccountPicture>>, StoreError> {
        let mut gone = None;
        loop {
            let Some(latest) = self.read(|transaction| generation(transaction, id))? else {
                return Ok(None);
            };
            if let Some(picture) = self.picture_at(id, latest)? {
                return Ok(Some(picture));
            }
            // An import came between: that one is gone, and there is a later one.
            if gone == Some(latest) {
                return Err(self.damaged(format!("the exports of account {id} are missing")));
            }
            gone = Some(latest);
        }
    }

    /// An account as it was at a generation.
    pub(crate) fn picture_at(
        &self,
        id: &AccountId,
        generation: i64,
    ) -> Result<Option<Arc<AccountPicture>>, StoreError> {
        let key = (id.clone(), generation);
        if let Some(known) = self.cache().get(&key) {
            return Ok(Some(known.clone()));
        }
        // One is made at a time: whoever comes meanwhile wants the same one, most likely.
        let _making = self
            .accounts
            .making
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = self.cache().get(&key) {
            return Ok(Some(known.clone()));
        }
        let rows: Vec<(String, usize, Vec<u8>, i64)> = self.read(|transaction| {
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
                .ok_or_else(|| self.damaged(format!("the export {name} cannot be inflated")))?;
            builder
                .add(&name, &text)
                .map_err(|error: ExportError| self.damaged(error.to_string()))?;
            exports.push((name, text.into()));
        }
        let picture = Arc::new(AccountPicture {
            id: id.clone(),
            generation,
            imported: DateTime::from_timestamp_millis(imported).unwrap_or_default(),
            exports,
            account: Arc::new(builder.build()),
        });
        let mut cache = self.cache();
        // Older pictures are only wanted by jobs that were asked for under them.
        cache.retain(|(known, at), _| known != id || *at + 1 >= generation);
        cache.insert(key, picture.clone());
        Ok(Some(picture))
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, HashMap<(AccountId, i64), Arc<AccountPicture>>> {
        self.accounts
            .pictures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The generation an account is at.
pub(crate) fn generation(
    transaction: &Transaction<'_>,
    account: &AccountId,
) -> rusqlite::Result<Option<i64>> {
    transaction.query_row(LATEST, [account.as_str()], |row| row.get(0))
}

/// Removes the pictures that are neither the latest nor needed by a job in progress.
pub(crate) fn forget_old_pictures(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
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

/// An export, or what of it is one account's, as it is kept.
struct Part<'a> {
    name: &'a str,
    /// Whose it is; all accounts' when it holds nothing but AWS's policies.
    of: Option<AccountId>,
    length: usize,
    deflated: Vec<u8>,
}

/// What of the exports is to be kept for which account. Every account has a part.
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
    // The bound holds, so that this cannot fail; what is empty would not inflate.
    let length = compressor.zlib_compress(bytes, &mut deflated).unwrap_or(0);
    deflated.truncate(length);
    deflated
}

fn inflate(bytes: &[u8], length: usize) -> Option<String> {
    // zlib shrinks at most some 1032 times: a length beyond that was not written here.
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
