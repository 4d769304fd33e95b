//! An object of a bucket.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::outcome::object_id::ObjectId;

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
    /// What the object is known by.
    #[must_use]
    pub fn id(&self) -> ObjectId {
        ObjectId::S3 {
            bucket: (*self.bucket).into(),
            key: self.key.as_str().into(),
        }
    }
}

/// `s3://bucket/key`
impl fmt::Display for S3Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "s3://{}/{}", self.bucket, self.key)
    }
}
