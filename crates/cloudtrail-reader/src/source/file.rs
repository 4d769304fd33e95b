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

/// How much of a file of unknown size is read at once.
const PIECE: u64 = 1 << 20;

/// Reads a whole file or pipe, of at most `limit` bytes.
///
/// # Errors
/// It cannot be read. It has more bytes: [`io::ErrorKind::FileTooLarge`]; the message has the limit.
pub fn read_within(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    let too_large = || {
        let message = format!("more than {limit} bytes, the limit for this file");
        io::Error::new(io::ErrorKind::FileTooLarge, message)
    };
    let mut file = File::open(path)?;
    let limit = u64::try_from(limit).unwrap_or(u64::MAX);
    // Devices and pipes have no size.
    let size = file.metadata()?.len();
    if size > limit {
        return Err(too_large());
    }
    // In pieces: a buffer that doubles would take three times the limit before it is reached.
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    let mut total = 0_u64;
    loop {
        // Of the whole file at first, if it has a size; then its end is found.
        let room = if total == 0 && size > 0 { size } else { PIECE };
        let mut piece = Vec::with_capacity(usize::try_from(room).unwrap_or_default());
        let most = room.min(limit.saturating_add(1) - total);
        let read = file.by_ref().take(most).read_to_end(&mut piece)?;
        total += u64::try_from(read).unwrap_or(u64::MAX);
        if total > limit {
            return Err(too_large());
        }
        if read == 0 {
            break;
        }
        pieces.push(piece);
    }
    if let [only] = &mut *pieces {
        return Ok(std::mem::take(only));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(total).unwrap_or_default());
    for piece in pieces {
        bytes.extend_from_slice(&piece);
    }
    Ok(bytes)
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
