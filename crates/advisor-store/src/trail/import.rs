//! Imports trails batch by batch, each in one transaction with the names of its objects.
//!
//! One thread finds the objects that are new, the pool reads those found before, and another thread
//! writes what was read. In memory are part of the listing, the batch that is read and the batch that is
//! written, however many objects there are.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender, SyncSender};
use std::thread;

use advisor_core::{Activity, Coverage};
use cloudtrail_reader::{
    FailedObject, FailureKind, ListingError, ObjectRead, Reconciliation, TrailObject, TrailRead,
    TrailReader,
};

use super::batch::{Batch, Filling, Found};
use super::object::{self, Content, Object};
use super::object_names::{NextStep, ObjectNames};
use crate::activity;
use crate::coverage;
use crate::database::Database;
use crate::error::{Fault, StoreError};
use crate::transaction::Writer;

/// How many objects are found ahead of the reading threads.
const FOUND_AHEAD: usize = 65_536;
/// How many objects may wait for others of their names. Then the listing pauses until those are read.
const MOST_WAITING: usize = 65_536;

/// Why a trail cannot be imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrailImportError {
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A path does not exist, or a folder contains no files.
    #[error(transparent)]
    Listing(#[from] ListingError),
}

/// The result of an import of a trail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImportedTrail {
    /// What was in the objects that were read.
    pub reconciliation: Reconciliation,
    /// The number of objects that were imported before, by earlier imports or by this one under
    /// another path. They were not read.
    pub known: u64,
    /// The objects whose content has changed since they were imported, sorted. They were not read.
    pub changed: Vec<String>,
    /// The number of objects outside the requested time range. They were not read.
    pub outside: u64,
    /// Whether the reader was stopped before all objects were read. Everything reported here is in the
    /// store.
    pub is_stopped: bool,
}

impl ImportedTrail {
    /// Whether there was nothing to import: no object was usable, skipped, or known before.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let read = &self.reconciliation;
        let is_unusable = read.unusable() > 0 && read.is_empty();
        (read.objects_read == 0 || is_unusable)
            && self.reconciliation.digests_read == 0
            && self.reconciliation.objects_skipped.is_empty()
            && self.known == 0
            && self.outside == 0
            && self.changed.is_empty()
    }
}

/// Imports the objects that are new; see [`crate::Store::import_trail`].
pub(crate) fn import<P: AsRef<Path>>(
    database: &Database,
    reader: &TrailReader,
    paths: &[P],
    progress: &(dyn Fn(ObjectRead) + Sync),
) -> Result<ImportedTrail, TrailImportError> {
    let listing = reader.list(paths)?;
    let import = Import {
        database,
        names: ObjectNames::new(database, reader.options()),
        reader: &reader.of_all_times(),
        limited: reader,
        progress,
        lost: lost(database)?,
        to_read: AtomicU64::new(0),
        is_all: AtomicBool::new(false),
    };
    let (mut reconciliation, is_stopped) = import.run(listing)?;
    reconciliation.objects_failed.sort();
    reconciliation.objects_unusable.sort();
    let lost = import.lost;
    let skipped = import.names.finish();
    keep_changed(database, &skipped.changed, &lost)?;
    Ok(ImportedTrail {
        reconciliation,
        known: skipped.known,
        outside: skipped.outside,
        changed: skipped.changed,
        is_stopped,
    })
}

/// A running import.
struct Import<'i> {
    database: &'i Database,
    names: ObjectNames<'i>,
    reader: &'i TrailReader,
    /// The reader with its limits of time. Objects are read whole, as they are imported once, but a day that the limits cut is not
    /// covered: other objects of it were not read.
    limited: &'i TrailReader,
    progress: &'i (dyn Fn(ObjectRead) + Sync),
    /// The objects that earlier imports could not read whole.
    lost: HashSet<String>,
    /// The number of objects to read that were found so far.
    to_read: AtomicU64,
    /// Whether the listing has ended. Objects that wait are added when they are to be read after all.
    is_all: AtomicBool,
}

/// The result of writing a batch.
enum Outcome {
    Written {
        reconciliation: Reconciliation,
        /// Objects to read in place of others of their names that could not be read.
        next: Vec<Object>,
    },
    /// Another process imported some of its objects meanwhile: nothing was written, and these objects
    /// are left.
    Again {
        objects: Vec<Object>,
        unlisted: Vec<FailedObject>,
    },
    Error(StoreError),
}

impl Import<'_> {
    /// Runs the import. Returns what was in the objects that were written, and whether the reader was
    /// stopped.
    fn run(
        &self,
        listing: impl Iterator<Item = Result<TrailObject, FailedObject>> + Send,
    ) -> Result<(Reconciliation, bool), StoreError> {
        thread::scope(|scope| {
            let (sender, mut found) = mpsc::sync_channel(FOUND_AHEAD);
            scope.spawn(move || self.find(listing, &sender));
            // No buffer: one batch is read while the one before it is written.
            let (batches, to_write) = mpsc::sync_channel(0);
            let (written, outcomes) = mpsc::channel();
            scope.spawn(move || self.write_all(&to_write, &written));
            let mut total = Reconciliation::default();
            let is_stopped = self.read_all(&mut found, &batches, &outcomes, &mut total)?;
            // The last batches may still be written.
            drop(batches);
            for outcome in outcomes {
                match outcome {
                    Outcome::Written { reconciliation, .. } => total.merge(reconciliation),
                    Outcome::Again { .. } => {}
                    Outcome::Error(error) => return Err(error),
                }
            }
            Ok((total, is_stopped))
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
            let object = listed.map(|listed| Object::new(with_absolute_path(listed)));
            let next = match object.map(|object| self.names.decide(object)) {
                Ok(Ok(NextStep::Read(object))) => {
                    self.to_read.fetch_add(1, Ordering::Relaxed);
                    Found::Object(Box::new(object))
                }
                Ok(Ok(NextStep::Wait)) => {
                    waiting += 1;
                    if waiting < MOST_WAITING {
                        continue;
                    }
                    waiting = 0;
                    let (pause, is_over) = mpsc::channel();
                    if found.send(Found::Pause(pause)).is_err() {
                        return;
                    }
                    // Nothing is sent: this returns when the sender is dropped.
                    _ = is_over.recv();
                    continue;
                }
                Ok(Ok(NextStep::Skip)) => continue,
                Ok(Err(error)) => Found::Error(error),
                Err(failed) => Found::Unlisted(failed),
            };
            if found.send(next).is_err() {
                return;
            }
        }
        self.is_all.store(true, Ordering::Release);
    }

    /// Reads batch by batch, and again what could not be written. Returns whether the reader was stopped.
    fn read_all(
        &self,
        found: &mut Receiver<Found>,
        batches: &SyncSender<Batch>,
        outcomes: &Receiver<Outcome>,
        total: &mut Reconciliation,
    ) -> Result<bool, StoreError> {
        let (mut is_last, mut sent) = (false, 0_u64);
        // Objects to read before others are found.
        let mut next = VecDeque::new();
        let mut pause = None;
        loop {
            let is_waiting = next.is_empty() && (is_last || pause.is_some());
            let outcome = if is_waiting && sent > 0 {
                outcomes.recv().ok()
            } else {
                outcomes.try_recv().ok()
            };
            sent -= u64::from(outcome.is_some());
            let mut batch = match outcome {
                Some(Outcome::Written {
                    reconciliation,
                    next: others,
                }) => {
                    total.merge(reconciliation);
                    next.extend(others);
                    continue;
                }
                Some(Outcome::Error(error)) => return Err(error),
                Some(Outcome::Again { objects, unlisted }) => self.read_again(objects, unlisted),
                None if !next.is_empty() => self.read_batch(None, &mut next),
                // Everything found before is written.
                None if pause.take().is_some() => continue,
                None if is_last => return Ok(false),
                None => self.read_batch(Some(&mut *found), &mut next),
            };
            if let Some(error) = batch.error {
                return Err(error);
            }
            if self.reader.is_stopped() {
                return Ok(true);
            }
            is_last |= batch.is_last;
            pause = pause.or(batch.pause.take());
            // When the writer has ended, the last outcome says why.
            sent += u64::from(batches.send(batch).is_ok());
        }
    }

    /// Reads a batch of what is found, or else of what is next.
    fn read_batch(
        &self,
        found: Option<&mut Receiver<Found>>,
        next: &mut VecDeque<Object>,
    ) -> Batch {
        let mut batch = Batch::default();
        let filling = Filling {
            found,
            next,
            batch: &mut batch,
        };
        let read = self.reader.read_objects(filling, &|object| {
            // In this order: the count is never lower than it was at the end of the listing.
            let is_all = self.is_all.load(Ordering::Acquire);
            (self.progress)(ObjectRead {
                objects_listed: self.to_read.load(Ordering::Relaxed),
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
        Batch::again(objects, unlisted, read)
    }

    fn write_all(&self, batches: &Receiver<Batch>, written: &Sender<Outcome>) {
        for batch in batches {
            let outcome = self.write(batch).unwrap_or_else(Outcome::Error);
            let is_error = matches!(outcome, Outcome::Error(_));
            if written.send(outcome).is_err() || is_error {
                return;
            }
        }
    }

    /// Records the objects of a batch that were read whole now, and were not before.
    fn recover(&self, read: &[Object], coverage: &mut Coverage) {
        if self.lost.is_empty() {
            return;
        }
        let names = read.iter().map(|object| object.listed.id().to_string());
        let recovered: Vec<String> = names
            .filter(|name| self.lost.contains(name))
            .filter(|name| !coverage.missing_log_files().contains(&name.as_str()))
            .collect();
        for name in recovered {
            coverage.recover_object(&name);
        }
    }

    /// Merges a batch and records its objects, unless another process imported some of them meanwhile.
    fn write(&self, batch: Batch) -> Result<Outcome, StoreError> {
        let Batch {
            objects,
            unlisted,
            read,
            ..
        } = batch;
        let TrailRead {
            mut activity,
            mut reconciliation,
        } = read;
        // What was listed of an archive that is cut short was read, and would count twice.
        let failed = (reconciliation.objects_failed.iter())
            .filter(|failed| failed.kind() != FailureKind::NotListed)
            .map(FailedObject::object)
            .chain(&reconciliation.objects_unusable)
            .collect::<HashSet<_>>();
        let is_failed =
            |object: &Object| !failed.is_empty() && failed.contains(&object.listed.id());
        let (unread, mut read): (Vec<_>, Vec<_>) = objects.into_iter().partition(is_failed);
        for object in &mut read {
            object.add_checksum();
        }
        self.recover(&read, activity.coverage_mut());
        self.limited.limit_coverage(activity.coverage_mut());
        let elsewhere = self
            .database
            .write(|writer| write_unless_known(writer, &read, &activity))?;
        if elsewhere.is_empty() {
            for object in &read {
                self.names.compare_waiting(&object.name, &object.content);
            }
            let next: Vec<_> = (unread.iter())
                .filter_map(|object| self.names.next_waiting(&object.name))
                .collect();
            let found = u64::try_from(next.len()).unwrap_or_default();
            self.to_read.fetch_add(found, Ordering::Relaxed);
            reconciliation.objects_failed.extend(unlisted);
            return Ok(Outcome::Written {
                reconciliation,
                next,
            });
        }
        let mut objects = unread;
        for object in read {
            if let Some(content) = elsewhere.get(&object.name) {
                self.names.compare(&object, content);
                self.names.compare_waiting(&object.name, content);
            } else {
                objects.push(object);
            }
        }
        Ok(Outcome::Again { objects, unlisted })
    }
}

/// A store outlives the working folder of an import: in another one, the same relative path is another file.
fn with_absolute_path(listed: TrailObject) -> TrailObject {
    match listed {
        TrailObject::File(path) => TrailObject::File(std::path::absolute(&path).unwrap_or(path)),
        #[cfg(feature = "s3")]
        TrailObject::S3 { .. } => listed,
    }
}

/// Records that what objects have now was not read, unless it is known.
fn keep_changed(
    database: &Database,
    changed: &[String],
    lost: &HashSet<String>,
) -> Result<(), StoreError> {
    // Under the object's own name, its earlier content was read.
    let changed = changed.iter().map(|name| format!("{name} (changed)"));
    let changed: Vec<String> = changed.filter(|name| !lost.contains(name)).collect();
    if changed.is_empty() {
        return Ok(());
    }
    let mut losses = Activity::new();
    for name in &changed {
        losses.coverage_mut().lose_object(name);
    }
    database.write(|writer| activity::merge(writer, &losses))
}

/// The names of the objects that earlier imports could not read whole.
fn lost(database: &Database) -> Result<HashSet<String>, StoreError> {
    let coverage = database.read(|transaction| coverage::load(transaction, i64::MAX))?;
    let lost = coverage.missing_log_files().into_iter();
    Ok(lost.map(str::to_owned).collect())
}

/// Merges what was read, unless some of the objects are known meanwhile: then nothing is changed, and
/// the content of these is returned, by name.
fn write_unless_known(
    writer: &Writer<'_>,
    objects: &[Object],
    activity: &Activity,
) -> Result<HashMap<String, Content>, Fault> {
    let mut elsewhere = HashMap::new();
    for object in objects {
        if let Some(content) = object::imported(writer, &object.name)? {
            elsewhere.insert(object.name.clone(), content);
        }
    }
    if elsewhere.is_empty() {
        for object in objects {
            object::insert(writer, object)?;
        }
        activity::merge(writer, activity)?;
    }
    Ok(elsewhere)
}
