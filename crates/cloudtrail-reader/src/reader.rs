//! Reads objects in parallel into one activity table.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};

use advisor_core::{Activity, Coverage};
use service_catalog::Catalog;

use crate::intake::{Intake, Taken};
use crate::options::{ReadOptions, Rules};
use crate::outcome::failure::FailedObject;
#[cfg(feature = "s3")]
use crate::outcome::failure::FailureKind;
use crate::outcome::object_id::ObjectId;
use crate::outcome::reconciliation::Reconciliation;
use crate::outcome::trail_read::TrailRead;
use crate::source::listing::{self, ListingError};
use crate::source::object::TrailObject;
#[cfg(feature = "s3")]
use crate::source::s3::{
    error::S3OpenError, fetch::S3Fetched, listing::ListError, location::S3Location,
    object::S3Object, source::S3Source,
};

/// Reads trails: CloudTrail objects in files, folders and buckets.
#[derive(Clone, Debug)]
pub struct TrailReader {
    rules: Rules,
    stop: Arc<AtomicBool>,
}

/// Progress: reported after each object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectRead {
    /// How many objects were listed so far, including those that are not read yet.
    pub objects_listed: u64,
    /// Whether the listing is complete.
    pub is_all: bool,
    /// The size of the object as stored, in bytes.
    pub bytes: u64,
    /// How many records it had.
    pub records: u64,
}

/// How many objects are listed ahead of the readers.
const LISTED_AHEAD: usize = 65_536;

impl TrailReader {
    /// Returns a reader that resolves events to the services and actions of this catalog.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>, options: ReadOptions) -> Self {
        Self {
            rules: Rules::new(catalog, options),
            stop: Arc::default(),
        }
    }

    /// The catalog.
    #[must_use]
    pub fn catalog(&self) -> &Catalog {
        self.rules.catalog()
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &ReadOptions {
        self.rules.options()
    }

    /// Returns a reader without limits of time. It shares the stop flag with this one.
    #[must_use]
    pub fn of_all_times(&self) -> Self {
        let options = self.options().clone().since(None).until(None);
        Self {
            rules: Rules::new(Arc::clone(self.rules.shared_catalog()), options),
            stop: Arc::clone(&self.stop),
        }
    }

    /// Forgets the days of a coverage that the limits of time cut: for objects that were read [without limits](Self::of_all_times),
    /// while those outside of the limits were not read.
    pub fn limit_coverage(&self, coverage: &mut Coverage) {
        self.rules.limit_coverage(coverage);
    }

    /// Returns a flag that stops the reader: set to `true` from any thread, reading ends after the current objects. The result
    /// is incomplete then: see [`TrailReader::is_stopped`].
    #[must_use]
    pub fn stop_flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.stop)
    }

    /// Whether reading was stopped, so that the result may be incomplete.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Returns an [`Intake`], which takes objects one by one on this thread.
    #[must_use]
    pub fn intake(&self) -> Intake<'_> {
        Intake::new(&self.rules)
    }

    /// Reads files and folders, recursively (with feature `s3`, also `s3://bucket/prefix`), on the threads of the current rayon
    /// pool. `progress` is called from these threads. The result does not depend on the number of threads.
    ///
    /// # Errors
    /// A path that does not exist or cannot be listed, a folder without files. What is wrong with single objects and records
    /// is in the [`Reconciliation`].
    pub fn read<P: AsRef<Path>>(
        &self,
        paths: &[P],
        progress: &(dyn Fn(ObjectRead) + Sync),
    ) -> Result<TrailRead, ListingError> {
        Ok(self.read_objects(self.list(paths)?, progress))
    }

    /// Lists the objects that [`TrailReader::read`] reads, lazily. Dead links, link loops and closed folders below a path are
    /// listed too: reading them fails and says why. Folders of a bucket that cannot be listed are returned as failures.
    ///
    /// # Errors
    /// As [`TrailReader::read`].
    pub fn list<P: AsRef<Path>>(
        &self,
        paths: &[P],
    ) -> Result<impl Iterator<Item = Result<TrailObject, FailedObject>> + Send + use<P>, ListingError>
    {
        listing::list(paths, self.options(), &self.stop)
    }

    /// Reads objects that were listed, as [`TrailReader::read`] does.
    pub fn read_objects(
        &self,
        objects: impl Iterator<Item = Result<TrailObject, FailedObject>> + Send,
        progress: &(dyn Fn(ObjectRead) + Sync),
    ) -> TrailRead {
        let (listed, is_all) = (AtomicU64::new(0), AtomicBool::new(false));
        // Asked here, because the thread that hands out tasks is not of this pool.
        let readers = rayon::current_num_threads();
        let (tasks, receiver) = mpsc::sync_channel(LISTED_AHEAD);
        let receiver = Mutex::new(receiver);
        let parts = std::thread::scope(|scope| {
            let (listed, is_all, receiver) = (&listed, &is_all, &receiver);
            scope.spawn(move || {
                self.hand_out(objects, readers, listed, &tasks);
                is_all.store(true, Ordering::Release);
            });
            rayon::broadcast(|_| {
                let mut intake = self.intake();
                let next = || {
                    receiver
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .recv()
                };
                let done = |Taken { bytes, records }| {
                    let is_all = is_all.load(Ordering::Acquire);
                    let objects_listed = listed.load(Ordering::Relaxed);
                    progress(ObjectRead {
                        objects_listed,
                        is_all,
                        bytes,
                        records,
                    });
                };
                while let (false, Ok(task)) = (self.is_stopped(), next()) {
                    match task {
                        Task::File(file) => done(intake.take_file(&file)),
                        Task::Failed(failed) => {
                            intake.fail(failed);
                            done(Taken::default());
                        }
                        #[cfg(feature = "s3")]
                        Task::Fetched(fetched) => {
                            for object in fetched {
                                done(intake.take_fetched(object));
                                if self.is_stopped() {
                                    break;
                                }
                            }
                        }
                    }
                }
                // Unblocks the thread that still lists.
                if self.is_stopped() {
                    let tasks = receiver.lock().unwrap_or_else(PoisonError::into_inner);
                    while tasks.recv().is_ok() {}
                }
                intake.finish()
            })
        });
        parts
            .into_iter()
            .fold(TrailRead::default(), TrailRead::merge)
    }

    /// Sends the objects to the threads that read. Objects of a bucket are fetched ahead.
    fn hand_out(
        &self,
        objects: impl Iterator<Item = Result<TrailObject, FailedObject>>,
        #[cfg_attr(
            not(feature = "s3"),
            expect(unused_variables, reason = "files are taken one by one")
        )]
        readers: usize,
        listed: &AtomicU64,
        tasks: &SyncSender<Task>,
    ) {
        #[cfg(feature = "s3")]
        let mut fetching = Fetching {
            readers,
            current: None,
        };
        for object in objects {
            if self.is_stopped() {
                return;
            }
            listed.fetch_add(1, Ordering::Relaxed);
            let task = match object {
                Ok(TrailObject::File(file)) => Task::File(file),
                Err(failed) => Task::Failed(failed),
                #[cfg(feature = "s3")]
                Ok(TrailObject::S3 { source, object }) => {
                    fetching.fetch(&source, object, tasks);
                    continue;
                }
            };
            if tasks.send(task).is_err() {
                return;
            }
        }
    }

    /// Adds the records of one object's bytes, packed or not, to the table. An object that cannot be read as a whole adds
    /// nothing. For many objects, an [`Intake`] is faster.
    pub fn read_bytes(
        &self,
        object: impl Into<ObjectId>,
        bytes: &[u8],
        activity: &mut Activity,
    ) -> Reconciliation {
        let mut intake = self.intake();
        intake.take_object(&object.into(), bytes);
        let taken = intake.finish();
        activity.merge(&taken.activity);
        taken.reconciliation
    }
}

/// What a thread is to do next.
enum Task {
    File(PathBuf),
    Failed(FailedObject),
    /// Objects of a bucket as they arrive. All threads take from them.
    #[cfg(feature = "s3")]
    Fetched(S3Fetched),
}

/// The bucket that is being fetched from.
#[cfg(feature = "s3")]
struct Fetching {
    /// How many threads read.
    readers: usize,
    /// The location, and where its objects are sent; or why they cannot be fetched.
    current: Option<(S3Location, Result<ObjectSender, Arc<S3OpenError>>)>,
}

#[cfg(feature = "s3")]
type ObjectSender = SyncSender<Result<S3Object, ListError>>;

/// How many objects wait to be fetched.
#[cfg(feature = "s3")]
const KNOWN_TO_FETCH: usize = 1_024;

#[cfg(feature = "s3")]
impl Fetching {
    /// Has an object fetched. When the bucket changes, each thread gets the new one once.
    fn fetch(&mut self, source: &S3Source, object: S3Object, tasks: &SyncSender<Task>) {
        let location = source.location();
        let sender = match &self.current {
            Some((known, sender)) if known == location => sender,
            _ => {
                let (sender, receiver) = mpsc::sync_channel(KNOWN_TO_FETCH);
                let started = source.fetch_ahead(receiver.into_iter());
                let sender = started.map_err(Arc::new).map(|fetched| {
                    for _ in 0..self.readers {
                        let _ = tasks.send(Task::Fetched(fetched.clone()));
                    }
                    sender
                });
                &self.current.insert((location.clone(), sender)).1
            }
        };
        // A send fails only when nobody reads any more.
        match sender {
            Ok(sender) => _ = sender.send(Ok(object)),
            Err(error) => {
                let error = Arc::clone(error);
                let failed = FailedObject::new(object.id(), FailureKind::Unreadable, error);
                let _ = tasks.send(Task::Failed(failed));
            }
        }
    }
}
