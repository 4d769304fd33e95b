//! Which objects to read: files as they are, folders with all that is below them, folders of buckets.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use walkdir::{DirEntry, WalkDir};

use crate::options::ReadOptions;
use crate::outcome::reconciliation::FailedObject;
#[cfg(feature = "s3")]
use crate::s3::{S3Location, S3LocationError, S3Options, S3Source};
use crate::source::TrailObject;

/// Why there is nothing to read.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// A path named that is not there or may not be read.
    #[error("{}: {reason}", path.display())]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// The operating system's reason.
        reason: String,
    },
    /// A folder without a file in it: a report made from it would call everything unused.
    #[error("{}: there is no file in this folder", path.display())]
    EmptyFolder {
        /// The folder.
        path: PathBuf,
    },
}

/// Lists the objects, in the order of the paths and, below a folder, by name, while they are asked for: only folders on the
/// way to the next file are held. Files and folders whose name starts with a dot are left out; links are followed. What
/// cannot be listed below a folder (dead links, link loops, closed folders) stands among the files: whoever reads it
/// learns why.
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

/// The folder of a bucket, narrowed to the days that the options ask for.
#[cfg(feature = "s3")]
fn bucket(
    path: &Path,
    text: &str,
    options: &ReadOptions,
    stop: &Arc<AtomicBool>,
) -> Result<Listing, ListingError> {
    let unreadable = |reason: String| ListingError::Unreadable {
        path: path.to_owned(),
        reason,
    };
    let location: S3Location = text
        .parse()
        .map_err(|error: S3LocationError| unreadable(error.to_string()))?;
    let s3 = S3Options {
        since: options.since,
        until: options.until,
        stop: Arc::clone(stop),
        object_limit: u64::try_from(options.object_limit).unwrap_or(u64::MAX),
        ..S3Options::default()
    };
    let source = S3Source::open(location, s3).map_err(|error| unreadable(error.to_string()))?;
    let source = Arc::new(source);
    let name = text.to_owned();
    Ok(Box::new(source.list().map(move |object| match object {
        Ok(object) => Ok(TrailObject::S3 {
            source: Arc::clone(&source),
            object,
        }),
        Err(error) => Err(FailedObject {
            name: name.clone(),
            reason: error.to_string(),
        }),
    })))
}

fn entries(path: &Path) -> impl Iterator<Item = walkdir::Result<DirEntry>> + Send + use<> {
    WalkDir::new(path)
        .follow_links(true)
        .sort_by_file_name()
        .into_iter()
        .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.path()))
}

/// Whether a path is there and has something to read.
fn check(path: &Path) -> Result<(), ListingError> {
    let unreadable = |reason: String| {
        Err(ListingError::Unreadable {
            path: path.to_owned(),
            reason,
        })
    };
    for entry in entries(path) {
        match entry {
            Err(error) if error.depth() == 0 => {
                return unreadable(match error.io_error() {
                    Some(io) => io.to_string(),
                    None => error.to_string(),
                });
            }
            Err(error) if error.path().is_some_and(is_hidden) => {}
            Err(_) => return Ok(()),
            Ok(entry) if entry.file_type().is_file() => return Ok(()),
            Ok(entry) if entry.depth() == 0 && !entry.file_type().is_dir() => {
                return unreadable("neither a file nor a folder".into());
            }
            Ok(_) => {}
        }
    }
    Err(ListingError::EmptyFolder {
        path: path.to_owned(),
    })
}

/// Why a folder stands among the files.
pub(crate) fn folder_fault(path: &Path) -> io::Error {
    if let Err(error) = path.read_dir() {
        return error;
    }
    let leads_back = path.canonicalize().is_ok_and(|folder| {
        let mut above = path.ancestors().skip(1);
        above.any(|above| above.canonicalize().is_ok_and(|above| above == folder))
    });
    io::Error::other(if leads_back {
        "a link loop: it leads back to a folder above it"
    } else {
        "a folder that could not be listed"
    })
}

fn is_hidden(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.as_encoded_bytes().starts_with(b"."))
}
