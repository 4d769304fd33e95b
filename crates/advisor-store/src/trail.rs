//! Importing trails: batch by batch, each in one transaction with the names of its objects.
//!
//! One thread finds the objects that are new while the pool reads those found before and another thread writes down what
//! was read. What is held is a stretch of the listing, the batch that is read, and the one that is written: however many
//! objects there are.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use cloudtrail_reader::{
    FailedObject, ListingError, ObjectRead, ReadOptions, Reconciliation, TrailObject, TrailRead,
    TrailReader,
};
use rusqlite::Transaction;

use crate::activity;
use crate::database::{Store, StoreError};
use crate::trail_object::{self, Content, Object};

/// A batch has at most so many objects. Between two batches an import can be killed and loses nothing; with larger ones,
/// rows that many objects change are written less often.
const BATCH_OBJECTS: usize = 4_096;
/// A batch that has so many bytes, as stored, is full.
const BATCH_BYTES: i64 = 256 << 20;
/// Objects found ahead of the readers.
const FOUND_AHEAD: usize = 65_536;

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
    /// How many objects had been taken before, by earlier imports or by this one under another path; they were not read.
    pub known: u64,
    /// Objects that had been taken before under the same name with other content: they were not read.
    pub changed: Vec<String>,
    /// How many objects are of other times than were asked for; they were not read.
    pub outside: u64,
    /// Whether the reader was stopped, so that objects are left. What is told here is in the store.
    pub is_stopped: bool,
}

impl Store {
    /// Reads the objects that are new and merges their records in. An object that cannot be read is
    /// not remembered, so that a later import tries it again.
    ///
    /// An object is taken as a whole, so that a later import lacks none of it: the reader's limits of time choose objects,
    /// of a bucket by the folders of days and everywhere by the time in the names that CloudTrail gives. Objects without
    /// such a name are taken.
    ///
    /// When the reader is stopped (see [`TrailReader::stop_flag`]), what was read of the batch that it is at is left for
    /// a later import.
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
        let listing = reader.list(paths)?;
        let import = Import {
            store: self,
            options: reader.options(),
            reader: &reader.of_all_times(),
            progress,
            under_way: Mutex::default(),
            fresh: AtomicU64::new(0),
            is_all: AtomicBool::new(false),
            known: AtomicU64::new(0),
            outside: AtomicU64::new(0),
            changed: Mutex::default(),
        };
        let (mut reconciliation, is_stopped) = import.run(listing)?;
        reconciliation.objects_failed.sort();
        Ok(ImportedTrail {
            reconciliation,
            known: import.known.into_inner(),
            outside: import.outside.into_inner(),
            changed: (import.changed.into_inner()).unwrap_or_else(PoisonError::into_inner),
            is_stopped,
        })
    }
}

/// An import at work.
struct Import<'i> {
    store: &'i Store,
    options: &'i ReadOptions,
    reader: &'i TrailReader,
    progress: &'i (dyn Fn(ObjectRead) + Sync),
    /// Objects that were found and are not yet in the store, by name.
    under_way: Mutex<HashMap<String, Content>>,
    /// How many objects that are new were found so far.
    fresh: AtomicU64,
    /// Whether these are all.
    is_all: AtomicBool,
    known: AtomicU64,
    outside: AtomicU64,
    changed: Mutex<Vec<String>>,
}

/// What the listing has for the readers.
enum Found {
    Object(Box<Object>),
    Failed(FailedObject),
    /// The store could not be asked.
    Fault(StoreError),
}

/// Objects that are read together, and what was in them.
#[derive(Default)]
struct Batch {
    objects: Vec<Object>,
    bytes: i64,
    is_last: bool,
    fault: Option<StoreError>,
    read: TrailRead,
}

/// What became of a batch.
enum Outcome {
    Kept(Reconciliation),
    /// Another process took some of its objects in the meantime: these are left, and nothing was kept.
    Again(Vec<Object>),
    Fault(StoreError),
}

impl Import<'_> {
    /// Does it all. The answer is what became of what is in the store, and whether the reader was stopped.
    fn run(
        &self,
        listing: impl Iterator<Item = Result<TrailObject, FailedObject>> + Send,
    ) -> Result<(Reconciliation, bool), StoreError> {
        thread::scope(|scope| {
            let (found, mut fresh) = mpsc::sync_channel(FOUND_AHEAD);
            scope.spawn(move || self.find(listing, &found));
            // Nothing lies between: one batch is read while the one before it is written.
            let (batches, to_keep) = mpsc::sync_channel(0);
            let (told, outcomes) = mpsc::channel();
            scope.spawn(move || self.keep_all(&to_keep, &told));
            let mut kept = Reconciliation::default();
            let is_stopped = self.read_all(&mut fresh, &batches, &outcomes, &mut kept)?;
            // The last ones may still be written.
            drop(batches);
            for outcome in outcomes {
                match outcome {
                    Outcome::Kept(reconciliation) => kept.merge(reconciliation),
                    Outcome::Again(_) => {}
                    Outcome::Fault(error) => return Err(error),
                }
            }
            Ok((kept, is_stopped))
        })
    }

    /// Finds the objects that are new.
    fn find(
        &self,
        listing: impl Iterator<Item = Result<TrailObject, FailedObject>>,
        found: &SyncSender<Found>,
    ) {
        for listed in listing {
            if self.reader.is_stopped() {
                return;
            }
            let next = match listed {
                Ok(listed) => match self.judge(Object::new(listed)) {
                    Ok(Some(object)) => Found::Object(Box::new(object)),
                    Ok(None) => continue,
                    Err(error) => Found::Fault(error),
                },
                Err(failed) => Found::Failed(failed),
            };
            self.fresh.fetch_add(1, Ordering::Relaxed);
            if found.send(next).is_err() {
                return;
            }
        }
        self.is_all.store(true, Ordering::Release);
    }

    /// Gives an object back if it is new.
    fn judge(&self, object: Object) -> Result<Option<Object>, StoreError> {
        if !object.may_be_of(self.options.not_before, self.options.not_after) {
            self.outside.fetch_add(1, Ordering::Relaxed);
            return Ok(None);
        }
        // In this order: an object leaves the one when it is in the other.
        let under_way = self.under_way().get(&object.name).cloned();
        let taken = match under_way {
            Some(content) => Some(content),
            None => {
                (self.store).read(|transaction| trail_object::taken(transaction, &object.name))?
            }
        };
        match taken {
            None => {
                let content = object.content.clone();
                self.under_way().insert(object.name.clone(), content);
                return Ok(Some(object));
            }
            Some(content) if object.is(&content) => _ = self.known.fetch_add(1, Ordering::Relaxed),
            Some(_) => {
                let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
                changed.push(object.listed.to_string());
            }
        }
        Ok(None)
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<String, Content>> {
        self.under_way
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads batch by batch, and again what could not be kept. The answer is whether the reader was stopped.
    fn read_all(
        &self,
        fresh: &mut Receiver<Found>,
        batches: &SyncSender<Batch>,
        outcomes: &Receiver<Outcome>,
        kept: &mut Reconciliation,
    ) -> Result<bool, StoreError> {
        let (mut is_last, mut handed_on) = (false, 0_u64);
        loop {
            let outcome = if is_last && handed_on > 0 {
                outcomes.recv().ok()
            } else {
                outcomes.try_recv().ok()
            };
            handed_on -= u64::from(outcome.is_some());
            let batch = match outcome {
                Some(Outcome::Kept(reconciliation)) => {
                    kept.merge(reconciliation);
                    continue;
                }
                Some(Outcome::Fault(error)) => return Err(error),
                Some(Outcome::Again(objects)) => self.read_again(objects),
                None if is_last => return Ok(false),
                None => self.read_batch(fresh),
            };
            if let Some(error) = batch.fault {
                return Err(error);
            }
            if self.reader.is_stopped() {
                return Ok(true);
            }
            is_last |= batch.is_last;
            // If nobody takes it, the outcome before says why.
            handed_on += u64::from(batches.send(batch).is_ok());
        }
    }

    fn read_batch(&self, fresh: &mut Receiver<Found>) -> Batch {
        let mut batch = Batch::default();
        let found = Filling {
            fresh,
            batch: &mut batch,
        };
        let read = self.reader.read_objects(found, &|object| {
            (self.progress)(ObjectRead {
                objects: self.fresh.load(Ordering::Relaxed),
                is_all: self.is_all.load(Ordering::Acquire),
                ..object
            });
        });
        batch.read = read;
        batch
    }

    fn read_again(&self, objects: Vec<Object>) -> Batch {
        let listed = objects.iter().map(|object| Ok(object.listed.clone()));
        let read = self.reader.read_objects(listed, &|_| ());
        Batch {
            objects,
            read,
            ..Batch::default()
        }
    }

    fn keep_all(&self, batches: &Receiver<Batch>, told: &Sender<Outcome>) {
        for batch in batches {
            let outcome = self.keep(batch).unwrap_or_else(Outcome::Fault);
            let is_fault = matches!(outcome, Outcome::Fault(_));
            if told.send(outcome).is_err() || is_fault {
                return;
            }
        }
    }

    /// Merges a batch in and remembers its objects, unless some of them are known by now.
    fn keep(&self, mut batch: Batch) -> Result<Outcome, StoreError> {
        let failed = (batch.read.reconciliation.objects_failed.iter())
            .map(|failed| failed.name.as_str())
            .collect::<HashSet<_>>();
        let is_failed = |object: &Object| {
            !failed.is_empty() && failed.contains(object.listed.to_string().as_str())
        };
        let (unread, mut read): (Vec<_>, Vec<_>) = batch.objects.drain(..).partition(is_failed);
        for object in &mut read {
            object.add_checksum();
        }
        let elsewhere =
            (self.store).write(|transaction| keep_unless_known(transaction, &read, &batch.read))?;
        let mut under_way = self.under_way();
        if elsewhere.is_empty() {
            for object in read.iter().chain(&unread) {
                under_way.remove(&object.name);
            }
            return Ok(Outcome::Kept(batch.read.reconciliation));
        }
        let known = u64::try_from(elsewhere.len()).unwrap_or_default();
        self.known.fetch_add(known, Ordering::Relaxed);
        for name in &elsewhere {
            under_way.remove(name);
        }
        let mut again = read;
        again.retain(|object| !elsewhere.contains(&object.name));
        again.extend(unread);
        Ok(Outcome::Again(again))
    }
}

/// Fills a batch with what was found, while it is read.
struct Filling<'f> {
    fresh: &'f mut Receiver<Found>,
    batch: &'f mut Batch,
}

impl Iterator for Filling<'_> {
    type Item = Result<TrailObject, FailedObject>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = &mut *self.batch;
        if batch.objects.len() >= BATCH_OBJECTS || batch.bytes >= BATCH_BYTES {
            return None;
        }
        match self.fresh.recv() {
            Ok(Found::Object(object)) => {
                let listed = object.listed.clone();
                batch.bytes = batch.bytes.saturating_add(object.content.size);
                batch.objects.push(*object);
                Some(Ok(listed))
            }
            Ok(Found::Failed(failed)) => Some(Err(failed)),
            Ok(Found::Fault(error)) => {
                batch.fault = Some(error);
                None
            }
            Err(_) => {
                batch.is_last = true;
                None
            }
        }
    }
}

/// Merges what was read, unless some of the objects are known by now: then nothing is changed and
/// these are returned.
fn keep_unless_known(
    transaction: &Transaction<'_>,
    objects: &[Object],
    read: &TrailRead,
) -> rusqlite::Result<HashSet<String>> {
    transaction.execute_batch("SAVEPOINT objects")?;
    let mut elsewhere = HashSet::new();
    for object in objects {
        if !trail_object::remember(transaction, object)? {
            elsewhere.insert(object.name.clone());
        }
    }
    if elsewhere.is_empty() {
        activity::merge(transaction, &read.activity)?;
    } else {
        transaction.execute_batch("ROLLBACK TO objects")?;
    }
    transaction.execute_batch("RELEASE objects")?;
    Ok(elsewhere)
}
