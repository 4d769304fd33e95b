//! Reads files.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::outcome::failure::FailureKind;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum FileError {
    #[error("{0}")]
    Io(#[from] io::Error),
    #[error("more than {0} bytes, the limit for one object")]
    TooLarge(usize),
    #[error("a link loop: it leads back to a folder above it")]
    LinkLoop,
    #[error("a folder that could not be listed")]
    Folder,
}

impl FileError {
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::TooLarge(_) => FailureKind::TooLarge,
            Self::Io(_) | Self::LinkLoop | Self::Folder => FailureKind::Unreadable,
        }
    }
}

/// Appends a file to a buffer. A file larger than the limit is not even read, so that the limit bounds memory.
pub(crate) fn read(file: &Path, limit: usize, into: &mut Vec<u8>) -> Result<(), FileError> {
    let mut opened = File::open(file)?;
    let metadata = opened.metadata()?;
    if metadata.is_dir() {
        return Err(folder_fault(file));
    }
    let size = usize::try_from(metadata.len()).map_err(|_| FileError::TooLarge(limit))?;
    if size > limit {
        return Err(FileError::TooLarge(limit));
    }
    // With room to spare: the end is found without growing, and the next object may be a little larger.
    into.reserve(size + size / 4 + 1);
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    opened.by_ref().take(most).read_to_end(into)?;
    Ok(())
}

/// Reads a whole file or pipe, of at most `limit` bytes.
///
/// # Errors
/// It cannot be read. It has more bytes: [`io::ErrorKind::FileTooLarge`]; the message has the limit.
pub fn read_within(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let too_large = || {
        let message = format!("more than {limit} bytes, the limit for this file");
        io::Error::new(io::ErrorKind::FileTooLarge, message)
    };
    let file = File::open(path)?;
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    // Devices and pipes have no size.
    let size = file.metadata()?.len();
    if size > limit {
        return Err(too_large());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|size| size <= limit) {
        Ok(bytes)
    } else {
        Err(too_large())
    }
}

/// [`read_within`] for text.
///
/// # Errors
/// As [`read_within`]. It is not UTF-8: [`io::ErrorKind::InvalidData`].
pub fn read_text_within(path: &Path, limit: usize) -> io::Result<String> {
    let invalid = |error| io::Error::new(io::ErrorKind::InvalidData, error);
    String::from_utf8(read_within(path, limit)?).map_err(invalid)
}

/// Why a listing has a folder among the files.
fn folder_fault(path: &Path) -> FileError {
    if let Err(error) = path.read_dir() {
        return error.into();
    }
    let leads_back = path.canonicalize().is_ok_and(|folder| {
        let mut above = path.ancestors().skip(1);
        above.any(|above| above.canonicalize().is_ok_and(|above| above == folder))
    });
    if leads_back {
        FileError::LinkLoop
    } else {
        FileError::Folder
    }
}
