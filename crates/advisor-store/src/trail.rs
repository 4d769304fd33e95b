//! Importing trails: batch by batch, each in one transaction with the names of its objects.
//!
//! One thread finds the objects that are new while the pool reads those found before and another thread writes down what
//! was read. What is held is a stretch of the listing, the batch that is read, and the one that is written: however many
//! objects there are.
//!
//! Of objects with one name, one is read at a time. The others wait until it is known what became of it: when it was taken,
//! they are compared with it; when it could not be read, the next of them is read.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use advisor_core::Activity;
use cloudtrail_reader::{
    FailedObject, ListingError, ObjectId, ObjectRead, ReadOptions, Reconciliation, TrailObject,
    TrailRead, TrailReader,
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
/// Objects that wait for others of their name: no more are found before it is known what becomes of so many.
const MOST_WAITING: usize = 65_536;

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
    Export(#[from] advisor_core::ExportError),
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

impl ImportedTrail {
    /// Whether no object was taken, and none is known of any earlier import or left out for its time.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.reconciliation.objects_read == 0
            && self.reconciliation.objects_skipped.is_empty()
            && self.known == 0
            && self.outside == 0
            && self.changed.is_empty()
    }
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
        let changed = import.changed.into_inner();
        let mut changed = changed.unwrap_or_else(PoisonError::into_inner);
        changed.sort();
        Ok(ImportedTrail {
            reconciliation,
            known: import.known.into_inner(),
            outside: import.outside.into_inner(),
            changed,
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
    /// The names of objects that are to be read or written down, and other objects of these names that wait.
    under_way: Mutex<HashMap<String, VecDeque<Object>>>,
    /// How many objects that are to be read were found so far.
    fresh: AtomicU64,
    /// Whether the listing is at its end. An object that waits comes on top when it is to be read after all.
    is_all: AtomicBool,
    known: AtomicU64,
    outside: AtomicU64,
    changed: Mutex<Vec<String>>,
}

/// What the listing has for the readers.
enum Found {
    Object(Box<Object>),
    /// What could not be listed.
    Unlisted(FailedObject),
    /// Nothing more is found until everything found before is kept or failed; then this is dropped.
    Pause(Sender<()>),
    /// The store could not be asked.
    Fault(StoreError),
}

/// What is to be done with an object that was listed.
enum Judged {
    New(Object),
    /// It waits for another one of its name.
    Waits,
    /// Nothing more: it is known, or of other times.
    Done,
}

/// Objects that are read together, and what was in them.
#[derive(Default)]
struct Batch {
    objects: Vec<Object>,
    /// Their ids, of which no two are the same: failures are known by them.
    ids: HashSet<ObjectId>,
    unlisted: Vec<FailedObject>,
    bytes: i64,
    is_last: bool,
    pause: Option<Sender<()>>,
    fault: Option<StoreError>,
    read: TrailRead,
}

/// What became of a batch.
enum Outcome {
    Kept {
        reconciliation: Reconciliation,
        /// Those to be read instead of others of their names that could not be.
        next: Vec<Object>,
    },
    /// Another process took some of its objects in the meantime: nothing was kept, and these are left.
    Again {
        objects: Vec<Object>,
        unlisted: Vec<FailedObject>,
    },
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
                    Outcome::Kept { reconciliation, .. } => kept.merge(reconciliation),
                    Outcome::Again { .. } => {}
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
        let mut waiting = 0;
        for listed in listing {
            if self.reader.is_stopped() {
                return;
            }
            let judged = listed.map(|listed| self.judge(Object::new(listed)));
            let next = match judged {
                Ok(Ok(Judged::New(object))) => {
                    self.fresh.fetch_add(1, Ordering::Relaxed);
                    Found::Object(Box::new(object))
                }
                Ok(Ok(Judged::Waits)) => {
                    waiting += 1;
                    if waiting < MOST_WAITING {
                        continue;
                    }
                    waiting = 0;
                    let (pause, is_over) = mpsc::channel();
                    if found.send(Found::Pause(pause)).is_err() {
                        return;
                    }
                    // Nothing is sent: it ends when the other end is dropped.
                    _ = is_over.recv();
                    continue;
                }
                Ok(Ok(Judged::Done)) => continue,
                Ok(Err(error)) => Found::Fault(error),
                Err(failed) => Found::Unlisted(failed),
            };
            if found.send(next).is_err() {
                return;
            }
        }
        self.is_all.store(true, Ordering::Release);
    }

    /// What is to be done with an object.
    fn judge(&self, object: Object) -> Result<Judged, StoreError> {
        if !object.may_be_of(self.options.since, self.options.until) {
            self.outside.fetch_add(1, Ordering::Relaxed);
            return Ok(Judged::Done);
        }
        // In this order: a name is under way until it is in the store.
        if let Some(waiting) = self.under_way().get_mut(&object.name) {
            waiting.push_back(object);
            return Ok(Judged::Waits);
        }
        let taken =
            (self.store).read(|transaction| trail_object::taken(transaction, &object.name))?;
        if let Some(taken) = taken {
            self.compare(&object, &taken);
            return Ok(Judged::Done);
        }
        self.under_way()
            .insert(object.name.clone(), VecDeque::new());
        Ok(Judged::New(object))
    }

    /// Counts or names an object whose name is taken.
    fn compare(&self, object: &Object, taken: &Content) {
        if object.is(taken) {
            self.known.fetch_add(1, Ordering::Relaxed);
        } else {
            let mut changed = self.changed.lock().unwrap_or_else(PoisonError::into_inner);
            changed.push(object.listed.to_string());
        }
    }

    /// Compares those that waited for an object whose name is in the store by now.
    fn compare_waiting(&self, name: &str, taken: &Content) {
        let waiting = self.under_way().remove(name);
        for object in waiting.into_iter().flatten() {
            self.compare(&object, taken);
        }
    }

    /// The object to be read instead of one of this name that could not be.
    fn next_waiting(&self, name: &str) -> Option<Object> {
        let mut under_way = self.under_way();
        let next = under_way.get_mut(name)?.pop_front();
        if next.is_none() {
            under_way.remove(name);
        }
        next
    }

    fn under_way(&self) -> MutexGuard<'_, HashMap<String, VecDeque<Object>>> {
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
        // Objects to be read before others are found.
        let mut next = VecDeque::new();
        let mut pause = None;
        loop {
            let is_waiting = next.is_empty() && (is_last || pause.is_some());
            let outcome = if is_waiting && handed_on > 0 {
                outcomes.recv().ok()
            } else {
                outcomes.try_recv().ok()
            };
            handed_on -= u64::from(outcome.is_some());
            let mut batch = match outcome {
                Some(Outcome::Kept {
                    reconciliation,
                    next: others,
                }) => {
                    kept.merge(reconciliation);
                    next.extend(others);
                    continue;
                }
                Some(Outcome::Fault(error)) => return Err(error),
                Some(Outcome::Again { objects, unlisted }) => self.read_again(objects, unlisted),
                None if !next.is_empty() => self.read_batch(None, &mut next),
                // Nothing is under way.
                None if pause.take().is_some() => continue,
                None if is_last => return Ok(false),
                None => self.read_batch(Some(&mut *fresh), &mut next),
            };
            if let Some(error) = batch.fault {
                return Err(error);
            }
            if self.reader.is_stopped() {
                return Ok(true);
            }
            is_last |= batch.is_last;
            pause = pause.or(batch.pause.take());
            // If nobody takes it, the outcome before says why.
            handed_on += u64::from(batches.send(batch).is_ok());
        }
    }

    /// Reads a batch of what is found, or else of what is next.
    fn read_batch(
        &self,
        fresh: Option<&mut Receiver<Found>>,
        next: &mut VecDeque<Object>,
    ) -> Batch {
        let mut batch = Batch::default();
        let found = Filling {
            fresh,
            next,
            batch: &mut batch,
        };
        let read = self.reader.read_objects(found, &|object| {
            // In this order: there are no fewer than there were at the end of the listing.
            let is_all = self.is_all.load(Ordering::Acquire);
            (self.progress)(ObjectRead {
                objects: self.fresh.load(Ordering::Relaxed),
                is_all,
                ..object
            });
        });
        batch.read = read;
        batch
    }

    fn read_again(&self, objects: Vec<Object>, unlisted: Vec<FailedObject>) -> Batch {
        let listed = objects.iter().map(|object| Ok(object.listed.clone()));
        let read = self.reader.read_objects(listed, &|_| ());
        Batch {
            objects,
            unlisted,
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
    fn keep(&self, batch: Batch) -> Result<Outcome, StoreError> {
        let Batch {
            objects,
            unlisted,
            read,
            ..
        } = batch;
        let TrailRead {
            activity,
            mut reconciliation,
        } = read;
        let failed = (reconciliation.objects_failed.iter())
            .map(FailedObject::object)
            .collect::<HashSet<_>>();
        let is_failed =
            |object: &Object| !failed.is_empty() && failed.contains(&object.listed.id());
        let (unread, mut taken): (Vec<_>, Vec<_>) = objects.into_iter().partition(is_failed);
        for object in &mut taken {
            object.add_checksum();
        }
        let elsewhere =
            (self.store).write(|transaction| keep_unless_known(transaction, &taken, &activity))?;
        if elsewhere.is_empty() {
            for object in &taken {
                self.compare_waiting(&object.name, &object.content);
            }
            let next: Vec<_> = (unread.iter())
                .filter_map(|object| self.next_waiting(&object.name))
                .collect();
            let found = u64::try_from(next.len()).unwrap_or_default();
            self.fresh.fetch_add(found, Ordering::Relaxed);
            reconciliation.objects_failed.extend(unlisted);
            return Ok(Outcome::Kept {
                reconciliation,
                next,
            });
        }
        let mut objects = unread;
        for object in taken {
            if let Some(content) = elsewhere.get(&object.name) {
                self.compare(&object, content);
                self.compare_waiting(&object.name, content);
            } else {
                objects.push(object);
            }
        }
        Ok(Outcome::Again { objects, unlisted })
    }
}

/// Fills a batch with what is found while it is read, or else with what is next.
struct Filling<'f> {
    fresh: Option<&'f mut Receiver<Found>>,
    next: &'f mut VecDeque<Object>,
    batch: &'f mut Batch,
}

impl Iterator for Filling<'_> {
    type Item = Result<TrailObject, FailedObject>;

    fn next(&mut self) -> Option<Self::Item> {
        let batch = &mut *self.batch;
        if batch.objects.len() >= BATCH_OBJECTS || batch.bytes >= BATCH_BYTES {
            return None;
        }
        loop {
            let found = match &mut self.fresh {
                Some(fresh) => fresh.recv(),
                None => Ok(Found::Object(Box::new(self.next.pop_front()?))),
            };
            match found {
                Ok(Found::Object(object)) => {
                    let listed = object.listed.clone();
                    if !batch.ids.insert(listed.id()) {
                        self.next.push_front(*object);
                        return None;
                    }
                    batch.bytes = batch.bytes.saturating_add(object.content.size);
                    batch.objects.push(*object);
                    return Some(Ok(listed));
                }
                Ok(Found::Unlisted(failed)) => batch.unlisted.push(failed),
                Ok(Found::Pause(pause)) => {
                    batch.pause = Some(pause);
                    return None;
                }
                Ok(Found::Fault(error)) => {
                    batch.fault = Some(error);
                    return None;
                }
                Err(_) => {
                    batch.is_last = true;
                    return None;
                }
            }
        }
    }
}

/// Merges what was read, unless some of the objects are known by now: then nothing is changed and
/// the content that these had is returned, by name.
fn keep_unless_known(
    transaction: &Transaction<'_>,
    objects: &[Object],
    activity: &Activity,
) -> rusqlite::Result<HashMap<String, Content>> {
    transaction.execute_batch("SAVEPOINT objects")?;
    let mut elsewhere = HashMap::new();
    for object in objects {
        if !trail_object::remember(transaction, object)?
            && let Some(content) = trail_object::taken(transaction, &object.name)?
        {
            elsewhere.insert(object.name.clone(), content);
        }
    }
    if elsewhere.is_empty() {
        activity::merge(transaction, activity)?;
    } else {
        transaction.execute_batch("ROLLBACK TO objects")?;
    }
    transaction.execute_batch("RELEASE objects")?;
    Ok(elsewhere)
}
