//! Writes results to stdout or a file, JSON as the AWS CLI prints it, and messages to stderr.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::failure::Failure;
use crate::unfinished_file::UnfinishedFile;

/// Prints a line on stderr. Errors of stderr are ignored.
pub(crate) fn say(message: impl Display) {
    let _ = writeln!(io::stderr(), "{message}");
}

/// Writes a result to stdout, or to a file, which is replaced only when all of the result is written.
pub(crate) fn write_result(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let Some(path) = path else {
        let mut writer = BufWriter::new(io::stdout().lock());
        write(&mut writer)?;
        return Ok(writer.flush()?);
    };
    let at =
        |path: &Path, error: io::Error| Failure::Message(format!("{}: {error}", path.display()));
    // Devices and pipes are written to directly.
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        let file = File::create(path).map_err(|error| at(path, error))?;
        return write_to(file, write).map_err(|error| at(path, error));
    }
    let (unfinished, file) =
        UnfinishedFile::create(path).map_err(|(part, error)| at(&part, error))?;
    let written = write_to(file, write).and_then(|()| unfinished.finish());
    written.map_err(|error| at(path, error))
}

fn write_to(file: File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut writer = BufWriter::new(file);
    write(&mut writer)?;
    writer.flush()
}

/// Fails when the output would overwrite an input.
pub(crate) fn refuse_inputs(output: Option<&Path>, inputs: &[PathBuf]) -> Result<(), Failure> {
    let Some(target) = output.and_then(|path| path.canonicalize().ok()) else {
        return Ok(());
    };
    let is_input = |input: &PathBuf| {
        input
            .canonicalize()
            .is_ok_and(|input| input == target || target.starts_with(&input))
    };
    match inputs.iter().find(|input| is_input(input)) {
        Some(input) => Err(Failure::Message(format!(
            "--output {} would overwrite an input: {}",
            target.display(),
            input.display()
        ))),
        None => Ok(()),
    }
}

/// What JSON is indented by, as the AWS CLI does.
pub(crate) const INDENT: &str = "    ";

/// Writes a value indented, and a line end.
pub(crate) fn write_json(mut writer: impl Write, value: &impl Serialize) -> io::Result<()> {
    let formatter = PrettyFormatter::with_indent(INDENT.as_bytes());
    value.serialize(&mut Serializer::with_formatter(&mut writer, formatter))?;
    writeln!(writer)
}
