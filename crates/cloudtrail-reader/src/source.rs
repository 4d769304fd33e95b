//! What there is to read: files, and folders with all that is below them; with feature `s3`, folders of buckets.

use std::fmt;
use std::path::PathBuf;
#[cfg(feature = "s3")]
use std::sync::Arc;

#[cfg(feature = "s3")]
use crate::s3::{S3Object, S3Source};

/// An object of a trail, as it was listed.
#[derive(Clone, Debug)]
pub enum TrailObject {
    /// A file. It may turn out not to be readable: a dead link, a closed folder.
    File(PathBuf),
    /// An object of a bucket.
    #[cfg(feature = "s3")]
    S3 {
        /// What reads it.
        source: Arc<S3Source>,
        /// The object.
        object: S3Object,
    },
}

/// Its path, or `s3://bucket/key`.
impl fmt::Display for TrailObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            #[cfg(feature = "s3")]
            Self::S3 { object, .. } => write!(f, "{object}"),
        }
    }
}

impl TrailObject {
    /// The last part of its name: CloudTrail makes it unique.
    #[must_use]
    pub fn file_name(&self) -> Option<String> {
        match self {
            Self::File(path) => path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned()),
            #[cfg(feature = "s3")]
            Self::S3 { object, .. } => object.key.rsplit('/').next().map(str::to_owned),
        }
    }
}
