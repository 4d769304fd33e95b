//! Lists the objects to read: files, all files below folders, and folders of buckets.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use walkdir::{DirEntry, WalkDir};

use crate::options::ReadOptions;
use crate::outcome::failure::FailedObject;
#[cfg(feature = "s3")]
use crate::outcome::failure::FailureKind;
#[cfg(feature = "s3")]
use crate::outcome::object_id::ObjectId;
use crate::source::object::TrailObject;
#[cfg(feature = "s3")]
use crate::source::s3::{
    error::S3OpenError,
    listing::ListError,
    location::{S3Location, S3LocationError},
    options::S3Options,
    source::S3Source,
};

/// Why a path cannot be listed at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListingError {
    /// A path that does not exist or cannot be opened.
    #[error("{}: {error}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        error: io::Error,
    },
    /// A path that is neither a file nor a folder.
    #[error("{}: neither a file nor a folder", path.display())]
    OtherKind {
        /// The path.
        path: PathBuf,
    },
    /// A folder without files. A report made from it would call everything unused.
    #[error("{}: there is no file in this folder", path.display())]
    EmptyFolder {
        /// The folder.
        path: PathBuf,
    },
    /// A path that starts with `s3://` and is not a valid location.
    #[cfg(feature = "s3")]
    #[error("{}: {error}", path.display())]
    Location {
        /// The path.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        error: S3LocationError,
    },
    /// A location in S3 that cannot be opened, for example without credentials.
    #[cfg(feature = "s3")]
    #[error("{}: {error}", path.display())]
    S3 {
        /// The location.
        path: PathBuf,
        /// Why.
        #[source]
        error: S3OpenError,
    },
}

impl ListingError {
    /// The path that cannot be listed.
    #[must_use]
    pub fn path(&self) -> &Path {
        match self {
            Self::Unreadable { path, .. }
            | Self::OtherKind { path }
            | Self::EmptyFolder { path } => path,
            #[cfg(feature = "s3")]
            Self::Location { path, .. } | Self::S3 { path, .. } => path,
        }
    }
}

/// Lists objects lazily: in the order of the paths and, below a folder, by name. Only the folders on the way to the next file
/// are held. Files and folders whose name starts with a dot are skipped; links are followed. What cannot be listed below a
/// folder (dead links, link loops, closed folders) is returned like a file: reading it fails and says why.
pub(crate) fn list<P: AsRef<Path>>(
    paths: &[P],
    options: &ReadOptions,
    stop: &Arc<AtomicBool>,
) -> Result<impl Iterator<Item = Result<TrailObject, FailedObject>> + Send + use<P>, ListingError> {
    let mut listings: Vec<Listing> = Vec::new();
    for path in paths {
        listings.push(listing(path.as_ref(), options, stop)?);
    }
    Ok(listings.into_iter().flatten())
}

type Listing = Box<dyn Iterator<Item = Result<TrailObject, FailedObject>> + Send>;

fn listing(
    path: &Path,
    options: &ReadOptions,
    stop: &Arc<AtomicBool>,
) -> Result<Listing, ListingError> {
    #[cfg(feature = "s3")]
    if let Some(text) = path.to_str().filter(|text| S3Location::is_meant_by(text)) {
        return bucket(path, text, options, stop);
    }
    #[cfg(not(feature = "s3"))]
    let _ = (options, stop);
    check(path)?;
    let path = path.to_owned();
    Ok(Box::new(entries(&path).filter_map(move |entry| {
        match entry {
            Ok(entry) => entry.file_type().is_file().then(|| entry.into_path()),
            // Editors keep locks as dead links whose name starts with a dot.
            Err(error) if error.path().is_some_and(is_hidden) => None,
            Err(error) => Some(error.path().unwrap_or(&path).to_owned()),
        }
        .map(|path| Ok(TrailObject::File(path)))
    })))
}

/// Lists a location in S3, only the days that the options allow.
#[cfg(feature = "s3")]
fn bucket(
    path: &Path,
    text: &str,
    options: &ReadOptions,
    stop: &Arc<AtomicBool>,
) -> Result<Listing, ListingError> {
    let path = path.to_owned();
    let location: S3Location = match text.parse() {
        Ok(location) => location,
        Err(error) => return Err(ListingError::Location { path, error }),
    };
    let s3 = S3Options::new()
        .since(options.since)
        .until(options.until)
        .stop(Arc::clone(stop))
        .object_limit(u64::try_from(options.object_limit).unwrap_or(u64::MAX));
    let source = match S3Source::open(location, s3) {
        Ok(source) => Arc::new(source),
        Err(error) => return Err(ListingError::S3 { path, error }),
    };
    Ok(Box::new(source.list().map(move |object| match object {
        Ok(object) => Ok(TrailObject::S3 {
            source: Arc::clone(&source),
            object,
        }),
        Err(error) => Err(not_listed(error)),
    })))
}

/// The failure of a folder of a bucket that could not be listed.
#[cfg(feature = "s3")]
pub(crate) fn not_listed(error: ListError) -> FailedObject {
    let (kind, bucket, key) = match &error {
        ListError::Folder { bucket, folder, .. } => (FailureKind::NotListed, bucket, folder),
        ListError::Empty { location, .. } => (
            FailureKind::NothingThere,
            &location.bucket,
            &location.prefix,
        ),
    };
    let object = ObjectId::S3 {
        bucket: bucket.as_str().into(),
        key: key.as_str().into(),
    };
    let message = error.what();
    FailedObject::with_reason(object, kind, message, error)
}

fn entries(path: &Path) -> impl Iterator<Item = walkdir::Result<DirEntry>> + Send + use<> {
    WalkDir::new(path)
        .follow_links(true)
        // By name: those of a folder differ in nothing else, and to find the name in each path takes longer.
        .sort_by(|left, right| left.path().as_os_str().cmp(right.path().as_os_str()))
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.path()))
}

/// Checks that a path exists and has a file.
fn check(path: &Path) -> Result<(), ListingError> {
    for entry in entries(path) {
        match entry {
            Err(error) if error.depth() == 0 => {
                return Err(ListingError::Unreadable {
                    path: path.to_owned(),
                    // Without one, it is a link loop.
                    error: match error.io_error().map(io::Error::kind) {
                        Some(_) => error
                            .into_io_error()
                            .unwrap_or_else(|| io::ErrorKind::Other.into()),
                        None => io::Error::other(error),
                    },
                });
            }
            Err(error) if error.path().is_some_and(is_hidden) => {}
            Err(_) => return Ok(()),
            Ok(entry) if entry.file_type().is_file() => return Ok(()),
            Ok(entry) if entry.depth() == 0 && !entry.file_type().is_dir() => {
                return Err(ListingError::OtherKind {
                    path: path.to_owned(),
                });
            }
            Ok(_) => {}
        }
    }
    Err(ListingError::EmptyFolder {
        path: path.to_owned(),
    })
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}
