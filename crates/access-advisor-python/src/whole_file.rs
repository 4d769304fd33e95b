//! Files that are written beside their place, and take it when they are complete.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use pyo3::PyResult;

use crate::error;
use crate::work::{self, Stop, StoppableWriter};

/// Writes a file. If that fails or is stopped, an existing file is left unchanged.
pub(crate) fn whole_file(
    path: &Path,
    stop: &Stop,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> PyResult<()> {
    let mut part = path.to_owned().into_os_string();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let write_part = || {
        let file = StoppableWriter::new(File::create(&part)?, stop);
        let mut writer = BufWriter::new(file);
        write(&mut writer)?;
        writer.flush()?;
        work::check(stop)?;
        std::fs::rename(&part, path)
    };
    write_part().map_err(|fault| {
        // Best effort: the file may not exist.
        let _ = std::fs::remove_file(&part);
        error::file(path, fault)
    })
}
