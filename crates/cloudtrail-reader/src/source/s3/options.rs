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
/// let mut options = S3Options::default();
/// options.region = Some("eu-central-1".to_owned());
/// options.concurrency = 8;
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
