//! Prefetches objects, within bounds of memory and of concurrent requests.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use futures::StreamExt;
use futures::stream;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::outcome::failure::FailureKind;
use crate::source::s3::client::Client;
use crate::source::s3::error::{S3Failure, S3Fault};
use crate::source::s3::listing::ListError;
use crate::source::s3::object::S3Object;
use crate::source::s3::options::S3Options;
use crate::source::s3::runtime::Runtime;

/// Why an object could not be fetched.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// It was deleted after the listing.
    #[error("it was deleted after it was listed")]
    Gone,
    /// It was replaced after the listing, or while it was read.
    #[error("it changed after it was listed")]
    Changed,
    /// It is larger than the limit. Nothing of it was read.
    #[error("its {size} bytes exceed the limit of {limit}")]
    TooLarge {
        /// Bytes, as stored.
        size: u64,
        /// The limit in the options.
        limit: u64,
    },
    /// There is not enough memory for it.
    #[error("not enough memory for its {size} bytes")]
    NoMemory {
        /// Bytes, as stored.
        size: u64,
    },
    /// HTTP clients cannot request its key: it has `.` or `..` between slashes.
    #[error("its key has . or .. between slashes, which HTTP clients cannot request")]
    DotInKey,
    /// The request failed.
    #[error("{0}")]
    Failed(#[source] S3Failure),
    /// The task that read it ended early.
    #[error("the read was interrupted")]
    BrokenOff,
}

impl FetchError {
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::TooLarge { .. } | Self::NoMemory { .. } => FailureKind::TooLarge,
            Self::Gone | Self::Changed | Self::DotInKey | Self::Failed(_) | Self::BrokenOff => {
                FailureKind::Unreadable
            }
        }
    }
}

impl From<S3Failure> for FetchError {
    fn from(failure: S3Failure) -> Self {
        match &failure.fault {
            S3Fault::Changed => FetchError::Changed,
            S3Fault::Refused {
                status: 404, code, ..
            } if code != "NoSuchBucket" => FetchError::Gone,
            _ => FetchError::Failed(failure),
        }
    }
}

/// An object that was fetched, or could not be.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Fetched {
    /// The object.
    pub object: S3Object,
    /// Its bytes as stored.
    pub content: Result<Vec<u8>, FetchError>,
}

/// Iterates over objects as they arrive. Clones share one queue: each object is returned once. Fetching stops when the last
/// clone is dropped.
#[derive(Clone)]
pub struct S3Fetched(Arc<Shared>);

struct Shared {
    arrived: Mutex<UnboundedReceiver<Arrived>>,
    memory: Arc<Semaphore>,
    places: Arc<Semaphore>,
    /// The thread that takes objects from the listing. It ends with the listing.
    feeder: Mutex<Option<JoinHandle<()>>>,
    stop: Arc<AtomicBool>,
    runtime: Arc<Runtime>,
}

/// A result, and the memory that the object holds.
type Arrived = (Result<Fetched, ListError>, Option<OwnedSemaphorePermit>);

/// The unit in which memory is counted.
const BYTES_A_PERMIT: u64 = 1024;

impl S3Fetched {
    pub(super) fn start(
        runtime: &Arc<Runtime>,
        client: &Arc<Client>,
        options: &S3Options,
        objects: impl Iterator<Item = Result<S3Object, ListError>> + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, arrived) = mpsc::unbounded_channel();
        let permits = (options.ahead_bytes / BYTES_A_PERMIT).clamp(1, u64::from(u32::MAX >> 3));
        let permits = u32::try_from(permits).unwrap_or(u32::MAX >> 3);
        let memory = Arc::new(Semaphore::new(permits as usize));
        // As many objects as requests; an object that is read in parts makes several requests.
        let places = Arc::new(Semaphore::new(options.concurrency.max(1)));
        let reading = Reading {
            client: Arc::clone(client),
            concurrency: options.concurrency.max(1),
            part_bytes: options.part_bytes.max(1),
            object_limit: options.object_limit,
        };
        let feed = {
            let (memory, places) = (Arc::clone(&memory), Arc::clone(&places));
            let runtime = Arc::clone(runtime);
            move || {
                for object in objects {
                    let object = match object {
                        Ok(object) => object,
                        Err(error) => {
                            if sender.send((Err(error), None)).is_err() {
                                return;
                            }
                            continue;
                        }
                    };
                    let bytes = reading.bytes_held(&object).div_ceil(BYTES_A_PERMIT);
                    let share = u32::try_from(bytes).unwrap_or(u32::MAX).clamp(1, permits);
                    let wait = async {
                        let share = Arc::clone(&memory).acquire_many_owned(share).await.ok()?;
                        let place = Arc::clone(&places).acquire_owned().await.ok()?;
                        Some((share, place))
                    };
                    let Some((share, place)) = runtime.handle().block_on(wait) else {
                        return;
                    };
                    let delivery = Delivery {
                        sender: sender.clone(),
                        object: Some((object, share)),
                    };
                    runtime
                        .handle()
                        .spawn(reading.clone().deliver(delivery, place));
                }
            }
        };
        let feeder = std::thread::Builder::new()
            .name("s3-ahead".into())
            .spawn(feed)?;
        Ok(S3Fetched(Arc::new(Shared {
            arrived: Mutex::new(arrived),
            memory,
            places,
            feeder: Mutex::new(Some(feeder)),
            stop: Arc::clone(&options.stop),
            runtime: Arc::clone(runtime),
        })))
    }
}

impl Iterator for S3Fetched {
    type Item = Result<Fetched, ListError>;

    /// Waits for the next object or error of the listing. `None` at the end, or when reading was stopped.
    fn next(&mut self) -> Option<Self::Item> {
        let Shared {
            arrived,
            stop,
            runtime,
            ..
        } = &*self.0;
        let mut arrived = lock(arrived);
        if let Some((fetched, _share)) = runtime.receive(stop, async || arrived.recv().await) {
            return Some(fetched);
        }
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        // A panic of the feeder must not look like the end of the objects.
        let feeder = lock(&self.0.feeder).take();
        if let Some(Err(panic)) = feeder.map(JoinHandle::join) {
            std::panic::resume_unwind(panic);
        }
        None
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.memory.close();
        self.places.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Guarantees that an object is delivered or reported, even if the task that reads it panics.
struct Delivery {
    sender: UnboundedSender<Arrived>,
    object: Option<(S3Object, OwnedSemaphorePermit)>,
}

impl Delivery {
    fn give(&mut self, content: Result<Vec<u8>, FetchError>) {
        if let Some((object, share)) = self.object.take() {
            // A send fails only when nobody reads any more.
            let fetched = Fetched { object, content };
            let _ = self.sender.send((Ok(fetched), Some(share)));
        }
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.give(Err(FetchError::BrokenOff));
    }
}

#[derive(Clone)]
struct Reading {
    client: Arc<Client>,
    concurrency: usize,
    part_bytes: u64,
    object_limit: u64,
}

impl Reading {
    /// How much memory an object holds.
    fn bytes_held(&self, object: &S3Object) -> u64 {
        if object.size > self.object_limit {
            0
        } else {
            object.size
        }
    }

    async fn deliver(self, mut delivery: Delivery, _place: OwnedSemaphorePermit) {
        let sender = delivery.sender.clone();
        let Some((object, _)) = &delivery.object else {
            return;
        };
        let content = tokio::select! {
            content = self.content(object) => content,
            () = sender.closed() => return,
        };
        delivery.give(content);
    }

    async fn content(&self, object: &S3Object) -> Result<Vec<u8>, FetchError> {
        if object.size > self.object_limit {
            return Err(FetchError::TooLarge {
                size: object.size,
                limit: self.object_limit,
            });
        }
        if object.key.split('/').any(|part| matches!(part, "." | "..")) {
            return Err(FetchError::DotInKey);
        }
        if object.size == 0 {
            return Ok(Vec::new());
        }
        if object.size <= self.part_bytes.saturating_mul(2) {
            return Ok(self.client.read(object, 0..object.size).await?);
        }
        let mut parts = stream::iter(0..object.size.div_ceil(self.part_bytes))
            .map(|part| {
                let start = part * self.part_bytes;
                let end = object.size.min(start + self.part_bytes);
                self.client.read(object, start..end)
            })
            .buffered(self.concurrency);
        let mut content = Vec::new();
        if content
            .try_reserve_exact(usize::try_from(object.size).unwrap_or(usize::MAX))
            .is_err()
        {
            return Err(FetchError::NoMemory { size: object.size });
        }
        while let Some(part) = parts.next().await {
            content.extend_from_slice(&part?);
        }
        Ok(content)
    }
}
