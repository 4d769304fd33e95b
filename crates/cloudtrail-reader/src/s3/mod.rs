//! CloudTrail objects in S3: listing a bucket's folders, and reading the objects ahead of those who
//! parse them.
//!
//! [`S3Source::list`] streams what is to be read; [`S3Source::fetch_ahead`] reads it. Both are for
//! ordinary threads: they block, and the asynchronous machinery below stays in here.
//!
//! Credentials, signatures and HTTP are `object_store`'s. The two requests themselves
//! (`ListObjectsV2`, `GetObject`) are made here, because its paths cannot tell a folder's marker
//! (`AWSLogs/111122223333/CloudTrail/`, which CloudTrail itself writes) from an object, and one key
//! such as `a//b` would fail the listing of a thousand others.

mod client;
mod environment;
mod fetch;
mod layout;
mod listing;
mod location;
mod runtime;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chrono::{DateTime, Utc};

use client::Client;
use runtime::Runtime;

pub use client::{S3Failure, S3Fault};
pub use environment::Environment;
pub use fetch::{FetchError, Fetched, S3Fetched};
pub use listing::{ListError, S3Listing};
pub use location::{S3Location, S3LocationError};

/// Why a bucket cannot be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum S3OpenError {
    /// A setting of the environment or of the options that cannot be used.
    #[error("{setting}: {reason}")]
    Setting {
        /// The variable, file or option.
        setting: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is nothing that could give credentials.
    #[error("no AWS credentials: {0}")]
    NoCredentials(String),
    /// The operating system gives no thread.
    #[error("no thread for reading S3: {0}")]
    Thread(std::io::Error),
}

/// How S3 is read.
#[derive(Clone, Debug)]
pub struct S3Options {
    /// Where credentials, region and endpoint come from.
    pub environment: Environment,
    /// Only what was delivered from this time's UTC day on.
    pub since: Option<DateTime<Utc>>,
    /// Only what was delivered up to the day after this time's UTC day: CloudTrail delivers an event
    /// some minutes after it happened. A trail that could not write to its bucket for a while delivers
    /// later still: such objects need a later `until`.
    pub until: Option<DateTime<Utc>>,
    /// The endpoint, before that of the environment; `http://` is allowed. Its buckets are in the path.
    pub endpoint: Option<String>,
    /// The region, before that of the environment. When it is not the bucket's, S3's own word is taken.
    pub region: Option<String>,
    /// How many requests are under way at once, for listing and for reading each.
    pub concurrency: usize,
    /// How many bytes of objects, as stored, are held or being read ahead of the parsers. An object
    /// larger than that is read alone.
    pub ahead_bytes: u64,
    /// Objects larger than two of these are read in parts of this size, several at once.
    pub part_bytes: u64,
    /// The largest object, in bytes as stored, that is read.
    pub object_limit: u64,
    /// How often a request is repeated that may succeed later: throttled, refused with a 5xx, cut off.
    pub retries: u32,
    /// The pause before the first repetition; it doubles with each.
    pub backoff: Duration,
    /// The longest pause.
    pub backoff_limit: Duration,
    /// How long to wait for a connection, or without receiving a byte.
    pub timeout: Duration,
    /// Set to `true`, it ends listings and readings, also those that wait for an answer: they give nothing more, and what
    /// they gave is a part.
    pub stop: Arc<AtomicBool>,
}

impl Default for S3Options {
    fn default() -> Self {
        S3Options {
            environment: Environment::of_process(),
            since: None,
            until: None,
            endpoint: None,
            region: None,
            concurrency: 16,
            ahead_bytes: 64 << 20,
            part_bytes: 8 << 20,
            object_limit: 1 << 30,
            retries: 8,
            backoff: Duration::from_millis(200),
            backoff_limit: Duration::from_secs(10),
            timeout: Duration::from_secs(20),
            stop: Arc::default(),
        }
    }
}

/// An object of a listing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Object {
    /// Its bucket.
    pub bucket: Arc<str>,
    /// Its key in the bucket.
    pub key: String,
    /// Bytes, as stored.
    pub size: u64,
    /// What identifies its content, quoted as S3 writes it.
    pub etag: Option<String>,
    /// When it was written.
    pub last_modified: DateTime<Utc>,
}

impl S3Object {
    /// `s3://bucket/key`.
    pub fn name(&self) -> String {
        self.to_string()
    }
}

impl fmt::Display for S3Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}

/// A folder of a bucket, ready to be listed and read. Cheap to clone.
#[derive(Clone)]
pub struct S3Source {
    location: S3Location,
    options: S3Options,
    client: Arc<Client>,
    runtime: Arc<Runtime>,
}

impl fmt::Debug for S3Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("S3Source").field(&self.location).finish()
    }
}

impl S3Source {
    /// Prepares to read a location. Nothing is asked of S3 yet.
    ///
    /// # Errors
    /// When the environment or the options cannot be used, or hold no credentials.
    pub fn open(location: S3Location, options: S3Options) -> Result<Self, S3OpenError> {
        let client = Arc::new(Client::new(&location.bucket, &options)?);
        let runtime = Arc::new(Runtime::start().map_err(S3OpenError::Thread)?);
        Ok(S3Source {
            location,
            options,
            client,
            runtime,
        })
    }

    /// Lists the objects, in no particular order. Folders' markers, digests, insights, what other AWS
    /// services keep under `AWSLogs/`, and days out of the window are left out.
    pub fn list(&self) -> S3Listing {
        S3Listing::start(
            &self.runtime,
            Arc::clone(&self.client),
            self.location.clone(),
            &self.options,
        )
    }

    /// What it reads.
    pub fn location(&self) -> &S3Location {
        &self.location
    }

    /// Reads objects of this bucket, from [`S3Source::list`] or a selection of it, ahead of those who
    /// take them. They come in the order in which they are there; faults of the listing come between
    /// them.
    ///
    /// # Errors
    /// When the operating system gives no thread.
    pub fn fetch_ahead(
        &self,
        objects: impl Iterator<Item = Result<S3Object, ListError>> + Send + 'static,
    ) -> Result<S3Fetched, S3OpenError> {
        S3Fetched::start(&self.runtime, &self.client, &self.options, objects)
            .map_err(S3OpenError::Thread)
    }
}
