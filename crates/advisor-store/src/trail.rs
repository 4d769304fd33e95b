//! Importing trails: batch by batch, each in one transaction with the names of its objects.

use std::collections::HashSet;
use std::path::Path;

use cloudtrail_reader::{
    ListingError, ObjectRead, Reconciliation, TrailObject, TrailRead, TrailReader,
};
use rusqlite::{OptionalExtension, Transaction, params};

use crate::activity;
use crate::database::{Store, StoreError};

/// Objects merged in one transaction. Between two batches an import can be killed and loses nothing.
const BATCH_OBJECTS: usize = 256;

/// What goes wrong with an import.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The store's.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A path that is not there, a folder without files.
    #[error(transparent)]
    Listing(#[from] ListingError),
    /// An export that cannot be read to its end.
    #[error(transparent)]
    Export(#[from] advisor_core::account::ExportError),
    /// Exports without a user, group, role or policy of an account.
    #[error("there is no user, group, role or policy in the account data: whose is it?")]
    NoAccount,
}

/// What an import of a trail brought.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportedTrail {
    /// What became of the objects that were new.
    pub reconciliation: Reconciliation,
    /// How many objects were there before; they were not read.
    pub known: u64,
    /// Objects that were there before under the same name with another size: they were not read.
    pub changed: Vec<String>,
}

/// An object by what it is known by: the name CloudTrail gave it, which is unique, else its path.
struct Object {
    listed: TrailObject,
    name: String,
    size: i64,
}

impl Store {
    /// Reads the objects that are new and merges their records in. An object that cannot be read is
    /// not remembered, so that a later import tries it again.
    ///
    /// # Errors
    /// A path that is not there, a folder without files; the database's. What was merged before the
    /// error stays, and is not read again.
    pub fn import_trail<P: AsRef<Path>>(
        &self,
        reader: &TrailReader,
        paths: &[P],
        progress: &(dyn Fn(ObjectRead) + Sync),
    ) -> Result<ImportedTrail, ImportError> {
        let mut imported = ImportedTrail::default();
        let mut fresh = Vec::new();
        let mut seen = HashSet::new();
        for listed in reader.list(paths)? {
            let object = match listed {
                Ok(object) => describe(object),
                Err(failed) => {
                    imported.reconciliation.objects_failed.push(failed);
                    continue;
                }
            };
            if !seen.insert(object.name.clone()) {
                continue;
            }
            match self.read(|transaction| taken_size(transaction, &object.name))? {
                None => fresh.push(object),
                Some(size) if size == object.size => imported.known += 1,
                Some(_) => imported.changed.push(object.name),
            }
        }
        let objects = u64::try_from(fresh.len()).unwrap_or(u64::MAX);
        for batch in fresh.chunks(BATCH_OBJECTS) {
            let taken = self.import_batch(reader, batch, &|object| {
                progress(ObjectRead { objects, ..object });
            })?;
            imported.reconciliation.merge(taken.reconciliation);
            imported.known += taken.known;
        }
        Ok(imported)
    }

    fn import_batch(
        &self,
        reader: &TrailReader,
        batch: &[Object],
        progress: &(dyn Fn(ObjectRead) + Sync),
    ) -> Result<ImportedTrail, StoreError> {
        let mut known = 0;
        let mut batch: Vec<&Object> = batch.iter().collect();
        loop {
            let objects = batch.iter().map(|object| Ok(object.listed.clone()));
            let read = reader.read_objects(objects, progress);
            let elsewhere = self.write(|transaction| keep(transaction, &batch, &read))?;
            if elsewhere.is_empty() {
                return Ok(ImportedTrail {
                    reconciliation: read.reconciliation,
                    known,
                    changed: Vec::new(),
                });
            }
            // Another process took some of these in the meantime: without them, once more.
            known += u64::try_from(elsewhere.len()).unwrap_or_default();
            batch.retain(|object| !elsewhere.contains(&object.name));
        }
    }
}

/// Merges what was read, unless some of the objects are known by now: then nothing is changed and
/// these are returned.
fn keep(
    transaction: &Transaction<'_>,
    batch: &[&Object],
    read: &TrailRead,
) -> rusqlite::Result<HashSet<String>> {
    let mut elsewhere = HashSet::new();
    for object in batch {
        if taken_size(transaction, &object.name)?.is_some() {
            elsewhere.insert(object.name.clone());
        }
    }
    if !elsewhere.is_empty() {
        return Ok(elsewhere);
    }
    let failed: HashSet<&str> = read
        .reconciliation
        .objects_failed
        .iter()
        .map(|failed| failed.name.as_str())
        .collect();
    activity::merge(transaction, &read.activity)?;
    let mut insert = transaction.prepare_cached("INSERT INTO trail_objects VALUES (?1, ?2)")?;
    for object in batch {
        if !failed.contains(object.listed.to_string().as_str()) {
            insert.execute(params![object.name, object.size])?;
        }
    }
    Ok(elsewhere)
}

fn taken_size(transaction: &Transaction<'_>, name: &str) -> rusqlite::Result<Option<i64>> {
    let query = "SELECT size FROM trail_objects WHERE name = ?1";
    transaction
        .prepare_cached(query)?
        .query_row([name], |row| row.get(0))
        .optional()
}

fn describe(listed: TrailObject) -> Object {
    let (size, place) = match &listed {
        TrailObject::File(path) => (
            path.metadata().ok().map(|metadata| metadata.len()),
            path.canonicalize()
                .unwrap_or_else(|_| path.clone())
                .display()
                .to_string(),
        ),
        #[cfg(feature = "s3")]
        TrailObject::S3 { object, .. } => (Some(object.size), object.name()),
    };
    let name = match listed.file_name() {
        // What cannot be read does not take the place of a file of the same name.
        Some(name) if size.is_some() && is_cloudtrail_name(&name) => name,
        _ => place,
    };
    Object {
        listed,
        name,
        size: i64::try_from(size.unwrap_or_default()).unwrap_or(i64::MAX),
    }
}

/// `111122223333_CloudTrail_eu-west-1_20261012T0905Z_JbvNemAuhObvFmuY.json.gz`
fn is_cloudtrail_name(name: &str) -> bool {
    let parts: Vec<&str> = name.split('_').collect();
    matches!(parts.as_slice(), [account, kind, _, _, rest]
        if account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && kind.starts_with("CloudTrail")
            && rest.contains(".json"))
}
