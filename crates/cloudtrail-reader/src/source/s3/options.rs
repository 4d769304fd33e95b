//! How S3 is read.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::source::s3::environment::Environment;

/// How S3 is read.
///
/// ```
/// use cloudtrail_reader::s3::S3Options;
///
/// let options = S3Options::new().region("eu-central-1".to_owned()).concurrency(8);
/// assert_eq!(options.retries, 8);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct S3Options {
    /// Where credentials, region and endpoint come from.
    pub environment: Environment,
    /// Lists only objects delivered on or after the UTC day of this time.
    pub since: Option<DateTime<Utc>>,
    /// Lists only objects delivered up to one day after the UTC day of this time: CloudTrail delivers events some minutes
    /// after they happened. A trail that could not write to its bucket for a while delivers later: such objects need a later
    /// `until`.
    pub until: Option<DateTime<Utc>>,
    /// The endpoint, instead of the environment's. `http://` is allowed. The bucket is put into the path.
    pub endpoint: Option<String>,
    /// The Region, instead of the environment's. If the bucket is elsewhere, S3 says where.
    pub region: Option<String>,
    /// The number of concurrent requests, for listing and for reading each.
    pub concurrency: usize,
    /// How many bytes, as stored, are read ahead of the parsers. A larger object is read alone.
    pub ahead_bytes: u64,
    /// Objects larger than two parts are read in parts of this size, concurrently.
    pub part_bytes: u64,
    /// Objects with more bytes than this, as stored, are not read.
    pub object_limit: u64,
    /// How often a request is retried that was throttled, refused with a 5xx, or cut off.
    pub retries: u32,
    /// The pause before the first retry. It doubles with each retry.
    pub backoff: Duration,
    /// The longest pause.
    pub backoff_limit: Duration,
    /// How long to wait for a connection, or without receiving a byte.
    pub timeout: Duration,
    /// Set to `true`, it ends listing and reading, even while they wait for S3. What was returned until then is incomplete.
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

impl S3Options {
    /// The defaults, with the environment of this process.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets where credentials, Region and endpoint come from.
    #[must_use]
    pub fn environment(mut self, environment: Environment) -> Self {
        self.environment = environment;
        self
    }

    /// Lists only objects delivered on or after the UTC day of this time; none for no limit.
    #[must_use]
    pub fn since(mut self, since: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.since = since.into();
        self
    }

    /// Lists only objects delivered up to one day after the UTC day of this time; none for no limit.
    #[must_use]
    pub fn until(mut self, until: impl Into<Option<DateTime<Utc>>>) -> Self {
        self.until = until.into();
        self
    }

    /// Sets the endpoint; none for the environment's.
    #[must_use]
    pub fn endpoint(mut self, endpoint: impl Into<Option<String>>) -> Self {
        self.endpoint = endpoint.into();
        self
    }

    /// Sets the Region; none for the environment's.
    #[must_use]
    pub fn region(mut self, region: impl Into<Option<String>>) -> Self {
        self.region = region.into();
        self
    }

    /// Sets the number of concurrent requests.
    #[must_use]
    pub fn concurrency(mut self, requests: usize) -> Self {
        self.concurrency = requests;
        self
    }

    /// Sets how many bytes are read ahead.
    #[must_use]
    pub fn ahead_bytes(mut self, bytes: u64) -> Self {
        self.ahead_bytes = bytes;
        self
    }

    /// Sets the size of the parts in which large objects are read.
    #[must_use]
    pub fn part_bytes(mut self, bytes: u64) -> Self {
        self.part_bytes = bytes;
        self
    }

    /// Fails objects that have more bytes than this, as stored.
    #[must_use]
    pub fn object_limit(mut self, bytes: u64) -> Self {
        self.object_limit = bytes;
        self
    }

    /// Sets how often a request is retried.
    #[must_use]
    pub fn retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// Sets the pause before the first retry.
    #[must_use]
    pub fn backoff(mut self, pause: Duration) -> Self {
        self.backoff = pause;
        self
    }

    /// Sets the longest pause before a retry.
    #[must_use]
    pub fn backoff_limit(mut self, pause: Duration) -> Self {
        self.backoff_limit = pause;
        self
    }

    /// Sets how long to wait for a connection, or without receiving a byte.
    #[must_use]
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the flag that ends listing and reading.
    #[must_use]
    pub fn stop(mut self, stop: Arc<AtomicBool>) -> Self {
        self.stop = stop;
        self
    }
}
