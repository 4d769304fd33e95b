//! The identity of an object of a trail.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Identifies an object of a trail in results and messages. Two objects have the same id only if they are the same.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum ObjectId {
    /// A file or folder, by its path as it was listed. Serialized as text: bytes that are not UTF-8 are replaced.
    File(#[serde(serialize_with = "as_text", deserialize_with = "from_text")] PathBuf),
    /// An object or folder of a bucket.
    S3 {
        /// The bucket's name.
        bucket: Box<str>,
        /// The object's key, or the folder's prefix.
        key: Box<str>,
    },
    /// Bytes that were handed over under this name.
    Bytes(Box<str>),
    /// A file in an archive.
    Member {
        /// The archive, which can be a member of another one.
        archive: Box<ObjectId>,
        /// The file's path in it.
        path: Box<str>,
    },
}

impl ObjectId {
    /// The file with this path, if this object is an archive.
    pub(crate) fn member(&self, path: &str) -> Self {
        Self::Member {
            archive: Box::new(self.clone()),
            path: path.into(),
        }
    }
}

impl ObjectId {
    /// Whether it is where Security Lake keeps what it collects of CloudTrail, such as `aws/CLOUD_TRAIL_MGMT/`.
    pub(crate) fn is_in_security_lake(&self) -> bool {
        const SOURCES: [&str; 3] = ["CLOUD_TRAIL_MGMT", "LAMBDA_EXECUTION", "S3_DATA"];
        let path = self.to_string();
        let parts: Vec<&str> = path.split(['/', '\\', '!']).collect();
        let is_of_source = |pair: &[&str]| matches!(pair, ["aws", of] if SOURCES.contains(of));
        parts.windows(2).any(is_of_source)
    }

    /// The last part of the name.
    pub(crate) fn file_name(&self) -> Cow<'_, str> {
        match self {
            Self::File(path) => path.file_name().unwrap_or_default().to_string_lossy(),
            Self::S3 { key: name, .. } | Self::Bytes(name) | Self::Member { path: name, .. } => {
                Cow::Borrowed(name.rsplit('/').next().unwrap_or(name))
            }
        }
    }
}

fn as_text<S: Serializer>(path: &Path, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.display())
}

fn from_text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<PathBuf, D::Error> {
    String::deserialize(deserializer).map(PathBuf::from)
}

/// The path, `s3://bucket/key`, or the name; of a file in an archive, `archive!path`.
impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::S3 { bucket, key } => write!(f, "s3://{bucket}/{key}"),
            Self::Bytes(name) => f.write_str(name),
            Self::Member { archive, path } => write!(f, "{archive}!{path}"),
        }
    }
}

impl From<PathBuf> for ObjectId {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl From<&Path> for ObjectId {
    fn from(path: &Path) -> Self {
        Self::File(path.to_owned())
    }
}

/// The name of bytes that were handed over.
impl From<&str> for ObjectId {
    fn from(name: &str) -> Self {
        Self::Bytes(name.into())
    }
}

/// The name of bytes that were handed over.
impl From<String> for ObjectId {
    fn from(name: String) -> Self {
        Self::Bytes(name.into())
    }
}
