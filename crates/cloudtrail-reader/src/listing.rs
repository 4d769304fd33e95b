//! Which files to read: files as they are, folders with all that is below them.

use std::io;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

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

/// Lists the files, in the order of the paths and, below a folder, by name. Files and folders whose
/// name starts with a dot are left out; links are followed. At the end stands what cannot be listed
/// below a folder: dead links, link loops, closed folders. Whoever reads these learns why.
pub(crate) fn list<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<PathBuf>, ListingError> {
    let mut files = Vec::new();
    let mut unreadable = Vec::new();
    for path in paths {
        let path = path.as_ref();
        let before = files.len() + unreadable.len();
        for entry in WalkDir::new(path)
            .follow_links(true)
            .sort_by_file_name()
            .into_iter()
            .filter_entry(|entry| entry.depth() == 0 || !is_hidden(entry.path()))
        {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) if error.depth() == 0 => {
                    return Err(ListingError::Unreadable {
                        path: path.to_owned(),
                        reason: match error.io_error() {
                            Some(io) => io.to_string(),
                            None => error.to_string(),
                        },
                    });
                }
                // Editors keep locks as dead links whose name starts with a dot.
                Err(error) if error.path().is_some_and(is_hidden) => continue,
                Err(error) => {
                    unreadable.push(error.path().unwrap_or(path).to_owned());
                    continue;
                }
            };
            if entry.file_type().is_file() {
                files.push(entry.into_path());
            } else if entry.depth() == 0 && !entry.file_type().is_dir() {
                return Err(ListingError::Unreadable {
                    path: path.to_owned(),
                    reason: "neither a file nor a folder".into(),
                });
            }
        }
        if files.len() + unreadable.len() == before {
            return Err(ListingError::EmptyFolder {
                path: path.to_owned(),
            });
        }
    }
    files.extend(unreadable);
    Ok(files)
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
