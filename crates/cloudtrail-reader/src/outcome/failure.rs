//! Objects that could not be read.

use std::cmp::Ordering;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::outcome::object_id::ObjectId;
use advisor_core::text::Printable;

/// An object that could not be read: none of its records was taken.
///
/// It can be serialized; its [source](Error::source) stays behind. Two of them are equal if object, kind and reason are.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FailedObject {
    object: ObjectId,
    kind: FailureKind,
    reason: Box<str>,
    #[serde(skip)]
    source: Option<Arc<dyn Error + Send + Sync>>,
}

/// What kept an object from being read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum FailureKind {
    /// A folder of a bucket, or an archive, could not be listed to its end. What was listed of it was read; the rest is missing.
    NotListed,
    /// A location holds nothing to read.
    NothingThere,
    /// The operating system or S3 did not give the bytes.
    Unreadable,
    /// It has more bytes than [`ReadOptions::object_limit`](crate::ReadOptions::object_limit).
    TooLarge,
    /// The bytes are damaged or cut short: compressed data, an archive, JSON, CSV or Parquet that cannot be
    /// parsed.
    Damaged,
    /// The bytes are sound, and not CloudTrail's.
    NotCloudTrail,
}

impl FailureKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::NotListed,
        Self::NothingThere,
        Self::Unreadable,
        Self::TooLarge,
        Self::Damaged,
        Self::NotCloudTrail,
    ];

    /// Whether a part of the object was read all the same: what was listed of a folder or archive.
    #[must_use]
    pub fn is_partly_read(self) -> bool {
        match self {
            Self::NotListed => true,
            Self::NothingThere
            | Self::Unreadable
            | Self::TooLarge
            | Self::Damaged
            | Self::NotCloudTrail => false,
        }
    }

    /// The kind's name for programs, in snake case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NotListed => "not_listed",
            Self::NothingThere => "nothing_there",
            Self::Unreadable => "unreadable",
            Self::TooLarge => "too_large",
            Self::Damaged => "damaged",
            Self::NotCloudTrail => "not_cloudtrail",
        }
    }
}

impl FailedObject {
    /// An object that failed with this error.
    pub fn new(
        object: ObjectId,
        kind: FailureKind,
        error: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self {
            object,
            kind,
            reason: error.to_string().into(),
            source: Some(Arc::new(error)),
        }
    }

    /// The same, for an error whose own text names the object.
    #[cfg(feature = "s3")]
    pub(crate) fn with_reason(
        object: ObjectId,
        kind: FailureKind,
        reason: String,
        error: impl Error + Send + Sync + 'static,
    ) -> Self {
        Self {
            reason: reason.into(),
            ..Self::new(object, kind, error)
        }
    }

    /// The object.
    #[must_use]
    pub fn object(&self) -> &ObjectId {
        &self.object
    }

    /// What kept it from being read.
    #[must_use]
    pub fn kind(&self) -> FailureKind {
        self.kind
    }

    /// What exactly is wrong, for people. It does not name the object.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }

    fn key(&self) -> (&ObjectId, FailureKind, &str) {
        (&self.object, self.kind, &self.reason)
    }
}

impl fmt::Display for FailedObject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let object = self.object.to_string();
        write!(f, "{}: {}", Printable(&object), Printable(&self.reason))
    }
}

impl Error for FailedObject {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.source {
            Some(source) => Some(&**source),
            None => None,
        }
    }
}

impl PartialEq for FailedObject {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl Eq for FailedObject {}

impl PartialOrd for FailedObject {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FailedObject {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key().cmp(&other.key())
    }
}
