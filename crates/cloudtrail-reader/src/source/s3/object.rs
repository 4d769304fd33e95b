//! An object of a bucket.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::outcome::object_id::ObjectId;

/// An object of a bucket, as it was listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Object {
    /// The bucket.
    pub bucket: Arc<str>,
    /// The key.
    pub key: String,
    /// The size as stored, in bytes.
    pub size: u64,
    /// The entity tag, which identifies the content, quoted as S3 writes it.
    pub etag: Option<String>,
    /// When it was last written.
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
