//! An object of a trail, before it is read.

use std::fmt;
use std::path::PathBuf;
#[cfg(feature = "s3")]
use std::sync::Arc;

use crate::outcome::object_id::ObjectId;
#[cfg(feature = "s3")]
use crate::source::s3::{object::S3Object, source::S3Source};

/// An object of a trail, as it was listed.
#[derive(Clone, Debug)]
pub enum TrailObject {
    /// A file. It may turn out to be unreadable: a dead link, a closed folder.
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

/// The path, or `s3://bucket/key`.
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
    /// What the object is known by, in failures too.
    #[must_use]
    pub fn id(&self) -> ObjectId {
        match self {
            Self::File(path) => ObjectId::File(path.clone()),
            #[cfg(feature = "s3")]
            Self::S3 { object, .. } => object.id(),
        }
    }

    /// The last part of the name. CloudTrail makes it unique.
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
