//! Files that are written beside their place, and take it when they are complete.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The unfinished files of this process. Whoever holds the lock can finish or remove them.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn unfinished() -> MutexGuard<'static, Vec<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is removed, unless it is finished.
#[derive(Debug)]
pub(crate) struct UnfinishedFile {
    part: PathBuf,
    path: PathBuf,
}

impl UnfinishedFile {
    /// Creates the file beside its place.
    pub(crate) fn create(path: &Path) -> Result<(Self, File), (PathBuf, io::Error)> {
        let mut name = path.file_name().unwrap_or_default().to_owned();
        name.push(format!(".{}.part", std::process::id()));
        let part = path.with_file_name(name);
        let mut unfinished = unfinished();
        match File::create(&part) {
            Ok(file) => {
                unfinished.push(part.clone());
                let path = path.to_owned();
                Ok((Self { part, path }, file))
            }
            Err(error) => Err((part, error)),
        }
    }

    /// Moves the file to its place.
    pub(crate) fn finish(self) -> io::Result<()> {
        let mut unfinished = unfinished();
        fs::rename(&self.part, &self.path)?;
        unfinished.retain(|part| *part != self.part);
        Ok(())
    }
}

impl Drop for UnfinishedFile {
    fn drop(&mut self) {
        let mut unfinished = unfinished();
        if let Some(index) = unfinished.iter().position(|part| *part == self.part) {
            unfinished.swap_remove(index);
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// Removes all unfinished files and ends the process. No file is finished meanwhile.
pub(crate) fn remove_all_and_exit(status: u8) -> ! {
    let unfinished = unfinished();
    for part in &*unfinished {
        let _ = fs::remove_file(part);
    }
    std::process::exit(status.into());
}
