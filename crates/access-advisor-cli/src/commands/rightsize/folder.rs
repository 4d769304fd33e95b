//! Writes what is proposed into a folder.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use access_advisor::rightsize::{Rightsized, RightsizedFile};

use crate::failure::Failure;

/// Checks that the folder does not exist, or is empty.
pub(super) fn check(folder: &Path) -> Result<(), Failure> {
    let mut entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::at(folder)(error)),
    };
    match entries.next() {
        Some(_) => Err(Failure::Message(format!(
            "--out {}: the folder is not empty; name a new one, or remove what an earlier run wrote",
            folder.display()
        ))),
        None => Ok(()),
    }
}

/// Writes the files of all entities. Returns how many entities have files.
pub(super) fn write(folder: &Path, rightsized: &[Rightsized]) -> Result<usize, Failure> {
    let mut written = 0;
    fs::create_dir_all(folder).map_err(Failure::at(folder))?;
    for entity in rightsized {
        let files = entity.files();
        written += usize::from(!files.is_empty());
        for file in files {
            let path = folder.join(&file.path);
            write_file(&path, &file).map_err(Failure::at(&path))?;
        }
    }
    Ok(written)
}

fn write_file(path: &Path, file: &RightsizedFile) -> io::Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if file.is_executable {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o755);
    }
    options.open(path)?.write_all(file.content.as_bytes())
}
