//! The store: what is in the file, with caches of the account data and the activity in memory.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use advisor_core::{
    AccountData, AccountId, Activity, CatalogMismatch, Coverage, Job, JobId, MarkerKey,
};
use chrono::{DateTime, Utc};
use cloudtrail_reader::{ObjectRead, TrailReader};
use hashbrown::HashMap;
use service_catalog::{Catalog, CatalogFingerprint};

use crate::accounts::{self, AccountImportError, AccountSnapshot, ImportedAccounts};
use crate::database::Database;
use crate::error::{Fault, StoreError};
use crate::job_rows::JobSummary;
use crate::jobs::{self, JobRetention};
use crate::tables::{ACTIVITY, JOBS, PICTURES, TRAIL_OBJECTS};
use crate::trail::{self, ImportedTrail, TrailImportError};
use crate::{activity, coverage};

/// One SQLite file that keeps accounts, activity and jobs. All methods may block on the file.
#[derive(Debug)]
pub struct Store {
    database: Database,
    marker_key: MarkerKey,
    /// By account and generation.
    snapshots: Mutex<HashMap<(AccountId, i64), Arc<AccountSnapshot>>>,
    /// Held while a snapshot is loaded.
    loading_snapshot: Mutex<()>,
    /// The activity table and its version.
    activity: Mutex<Option<(i64, Arc<Activity>)>>,
}

impl Store {
    /// Opens a store, and creates it when there is none. On Unix, only its owner can read and write a
    /// new file, for any umask.
    ///
    /// # Errors
    /// The file cannot be opened, is not a store, or was made by a newer version.
    pub fn open_or_create(path: &Path) -> Result<Self, StoreError> {
        Self::new(Database::open_or_create(path)?)
    }

    /// Opens a store that exists. One that this process cannot write is read as it is, without a log beside it; see
    /// [`Store::is_read_only`].
    ///
    /// # Errors
    /// As [`Store::open_or_create`]; there is no such file.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        Self::new(Database::open(path)?)
    }

    fn new(database: Database) -> Result<Self, StoreError> {
        let key: Vec<u8> = database.read(|reader| reader.meta("marker_key"))?;
        let key: [u8; 32] = key
            .try_into()
            .map_err(|_| Fault::damaged("the marker key has not 32 bytes"))
            .map_err(|fault| database.fault(fault))?;
        Ok(Self {
            database,
            marker_key: MarkerKey::new(key),
            snapshots: Mutex::default(),
            loading_snapshot: Mutex::default(),
            activity: Mutex::default(),
        })
    }

    /// Whether this process cannot write to the file or to its folder. Nothing can be imported or deleted then, no job can be made,
    /// and any change of the file by another process is [`StoreError::Replaced`].
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.database.is_read_only()
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// The key that seals this store's markers.
    #[must_use]
    pub fn marker_key(&self) -> &MarkerKey {
        &self.marker_key
    }

    /// Imports exports, each by its name, which messages use, and its text, as the new snapshot of every account that owns a
    /// user, group, role or policy in them. Everything is imported in one transaction, or nothing.
    ///
    /// # Errors
    /// An export cannot be read to its end, or there is no account in the exports; the store cannot be
    /// used.
    pub fn import_accounts(
        &self,
        exports: &[(String, String)],
        now: DateTime<Utc>,
    ) -> Result<ImportedAccounts, AccountImportError> {
        accounts::import(&self.database, exports, now)
    }

    /// Returns the accounts that were imported, sorted.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        accounts::list(&self.database)
    }

    /// Returns the latest account data of all accounts that were imported, as one graph: what reports, findings and explanations of
    /// several accounts are made from. It has no entity when nothing was imported.
    ///
    /// # Errors
    /// The store cannot be used, or an export in it can no longer be read.
    pub fn account_data(&self) -> Result<AccountData, StoreError> {
        accounts::load_all(&self.database)
    }

    /// Returns the latest snapshot of an account; `None` when it was never imported.
    ///
    /// # Errors
    /// The store cannot be used, or an export in it can no longer be read.
    pub fn snapshot(&self, id: &AccountId) -> Result<Option<Arc<AccountSnapshot>>, StoreError> {
        let mut gone = None;
        loop {
            let latest = self
                .database
                .read(|transaction| accounts::generation(transaction, id))?;
            let Some(latest) = latest else {
                return Ok(None);
            };
            if let Some(snapshot) = self.snapshot_at(id, latest)? {
                return Ok(Some(snapshot));
            }
            // An import in between replaced this snapshot by a later one.
            if gone == Some(latest) {
                let what = format!("the exports of account {id} are missing");
                return Err(self.database.fault(Fault::damaged(what)));
            }
            gone = Some(latest);
        }
    }

    /// Returns the snapshot of an account at a generation.
    pub(crate) fn snapshot_at(
        &self,
        id: &AccountId,
        generation: i64,
    ) -> Result<Option<Arc<AccountSnapshot>>, StoreError> {
        let key = (id.clone(), generation);
        if let Some(known) = self.snapshots().get(&key) {
            return Ok(Some(known.clone()));
        }
        // One at a time: threads that ask meanwhile most likely want the same snapshot.
        let _loading = lock(&self.loading_snapshot);
        if let Some(known) = self.snapshots().get(&key) {
            return Ok(Some(known.clone()));
        }
        let Some(snapshot) = accounts::load(&self.database, id, generation)? else {
            return Ok(None);
        };
        let snapshot = Arc::new(snapshot);
        let mut snapshots = self.snapshots();
        // Only jobs that were requested earlier need older snapshots.
        snapshots.retain(|(known, at), _| known != id || *at + 1 >= generation);
        snapshots.insert(key, snapshot.clone());
        Ok(Some(snapshot))
    }

    fn snapshots(&self) -> MutexGuard<'_, HashMap<(AccountId, i64), Arc<AccountSnapshot>>> {
        lock(&self.snapshots)
    }

    /// Imports the objects that are new and merges their records into the activity. An object that
    /// cannot be read, or of which no record can be used, is not recorded, so a later import tries it
    /// again.
    ///
    /// Objects are imported as a whole, so that a later import misses nothing: the reader's `since` and
    /// `until` select objects, in a bucket by the folders of days and everywhere by the time in the
    /// names that CloudTrail gives. Objects with other names are always imported.
    ///
    /// When the reader is stopped (see [`TrailReader::stop_flag`]), the current batch is left for a
    /// later import.
    ///
    /// # Errors
    /// A path does not exist, or a folder contains no files; the store cannot be used, or has activity that another catalog than
    /// the reader's credited. What was merged before the error stays, and is not read again.
    pub fn import_trail<P: AsRef<Path>>(
        &self,
        reader: &TrailReader,
        paths: &[P],
        progress: &(dyn Fn(ObjectRead) + Sync),
    ) -> Result<ImportedTrail, TrailImportError> {
        self.check_catalog(reader.catalog())?;
        trail::import(&self.database, reader, paths, progress)
    }

    /// Returns the catalogs that credited the imported trails: none before the first import, else one. Activity files of query
    /// engines do not say theirs.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn catalogs(&self) -> Result<Vec<CatalogFingerprint>, StoreError> {
        let catalogs = self.database.read(coverage::catalogs)?;
        Ok(catalogs.into_iter().collect())
    }

    /// Checks that no other catalog credited the imported trails.
    ///
    /// # Errors
    /// [`StoreError::Catalog`]; the store cannot be used.
    pub fn check_catalog(&self, catalog: &Catalog) -> Result<(), StoreError> {
        let mut known = Coverage::new();
        for found in self.catalogs()? {
            known.see_catalog(found);
        }
        let checked = known.check_catalog(catalog.fingerprint());
        checked.map_err(|mismatch| self.other_catalog(mismatch))
    }

    /// The error that another catalog credited the activity.
    pub(crate) fn other_catalog(&self, mismatch: CatalogMismatch) -> StoreError {
        self.database.fault(mismatch.into())
    }

    /// Whether there is any activity of an imported trail.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn has_activity(&self) -> Result<bool, StoreError> {
        self.database.read(|reader| {
            let first = reader.unverified_rows(&ACTIVITY, "LIMIT 1", [], |_| Ok(()))?;
            Ok(!first.is_empty())
        })
    }

    /// Returns what all imported trails cover, and what of them could not be read.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn coverage(&self) -> Result<Coverage, StoreError> {
        self.database
            .read(|transaction| coverage::load(transaction, i64::MAX))
    }

    /// Returns the activity of all imported trails, as one table.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn activity_table(&self) -> Result<Arc<Activity>, StoreError> {
        Ok(self.activity()?.1)
    }

    /// Returns the current activity and its version.
    pub(crate) fn activity(&self) -> Result<(i64, Arc<Activity>), StoreError> {
        let current = self.database.read(activity::version)?;
        let mut cache = lock(&self.activity);
        if let Some((known, activity)) = &*cache
            && *known == current
        {
            return Ok((current, activity.clone()));
        }
        let (version, activity) = self.database.read(|transaction| {
            let version = activity::version(transaction)?;
            Ok((version, activity::load(transaction, version)?))
        })?;
        let activity = Arc::new(activity);
        *cache = Some((version, activity.clone()));
        Ok((version, activity))
    }

    /// Returns the activity at a version that a job in progress needs.
    pub(crate) fn activity_at(&self, wanted: i64) -> Result<Arc<Activity>, StoreError> {
        let (current, activity) = self.activity()?;
        if current == wanted {
            return Ok(activity);
        }
        let earlier = self
            .database
            .read(|transaction| activity::load(transaction, wanted))?;
        Ok(Arc::new(earlier))
    }

    /// Returns the jobs that have no report yet, oldest first.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn jobs_in_progress(&self) -> Result<Vec<Job>, StoreError> {
        jobs::in_progress(&self.database)
    }

    /// Returns whether the job exists and has no report yet.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn is_job_in_progress(&self, id: &JobId) -> Result<bool, StoreError> {
        jobs::is_in_progress(&self.database, id)
    }

    /// Returns how many jobs there are of each status.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn jobs_by_status(&self) -> Result<Vec<(String, u64)>, StoreError> {
        jobs::count_by_status(&self.database)
    }

    /// Returns all jobs, newest first.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn jobs(&self) -> Result<Vec<JobSummary>, StoreError> {
        jobs::list(&self.database)
    }

    /// Deletes a job and its report. Returns `false` when there was no such job.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn delete_job(&self, id: &JobId) -> Result<bool, StoreError> {
        jobs::delete(&self.database, id)
    }

    /// Deletes the finished jobs that are not to be kept, with their reports, and returns their number. Jobs in progress stay. The
    /// file does not get smaller: SQLite uses the space again.
    ///
    /// # Errors
    /// The store cannot be used. Some of the jobs may be deleted.
    pub fn delete_finished_jobs(
        &self,
        keep: JobRetention,
        now: DateTime<Utc>,
    ) -> Result<usize, StoreError> {
        jobs::delete_finished(&self.database, keep, now)
    }

    /// Checks that the store's file is still at its path, and that its accounts and jobs can be read.
    ///
    /// # Errors
    /// The store cannot be used.
    pub fn check(&self) -> Result<(), StoreError> {
        accounts::list(&self.database)?;
        jobs::check(&self.database)
    }

    /// Checks that the store's file is still at its path, without reading it. All other methods check that too.
    ///
    /// # Errors
    /// [`StoreError::Replaced`].
    pub fn check_file(&self) -> Result<(), StoreError> {
        self.database.check_file()
    }

    /// Removes the file of a store in which nothing was ever stored. Returns whether it did.
    ///
    /// # Errors
    /// The store cannot be used, or the file not be removed.
    pub fn remove_if_empty(self) -> Result<bool, StoreError> {
        self.database.remove_if(|reader| {
            // What could not be read is no reason to keep it.
            if !coverage::load(reader, i64::MAX)?.is_empty() {
                return Ok(false);
            }
            for table in [&PICTURES, &TRAIL_OBJECTS, &ACTIVITY, &JOBS] {
                if !reader.rows(table, "LIMIT 1", [], |_| Ok(()))?.is_empty() {
                    return Ok(false);
                }
            }
            Ok(true)
        })
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
