//! Writes results to stdout or a file, JSON as the AWS CLI prints it, and messages to stderr.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::failure::Failure;

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
    let is_special = path.metadata().is_ok_and(|metadata| !metadata.is_file());
    let part = if is_special {
        path.to_owned()
    } else {
        beside(path)
    };
    let file = File::create(&part).map_err(|error| at(&part, error))?;
    let mut writer = BufWriter::new(file);
    let written = write(&mut writer).and_then(|()| writer.flush());
    let written = written.and_then(|()| {
        if is_special {
            Ok(())
        } else {
            std::fs::rename(&part, path)
        }
    });
    written.map_err(|error| {
        if !is_special {
            let _ = std::fs::remove_file(&part);
        }
        at(path, error)
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.part", std::process::id()));
    path.with_file_name(name)
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
