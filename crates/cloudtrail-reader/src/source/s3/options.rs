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
