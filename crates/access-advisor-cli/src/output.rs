//! Writes results to stdout or a file, and messages to stderr.

use std::fmt::Display;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use access_advisor::text::Printable;

use crate::failure::Failure;
use crate::lines::Lines;
use crate::unfinished_file::UnfinishedFile;

/// Further messages of one kind are counted, not printed.
const MOST_MESSAGES: usize = 50;
/// Longer messages are cut, in characters. Names of the input can have any length.
const LONGEST_MESSAGE: usize = 4_000;

/// Prints a line on stderr: one, whatever the message holds. Errors of stderr are ignored.
pub(crate) fn say(message: impl Display) {
    let mut message = Printable(message).to_string();
    if let Some((end, _)) = message.char_indices().nth(LONGEST_MESSAGE) {
        message.truncate(end);
        message.push_str("...");
    }
    let _ = writeln!(io::stderr(), "{message}");
}

/// Prints a line for each message, up to a limit, and then how many more there are of what.
pub(crate) fn say_each<T: Display>(messages: impl IntoIterator<Item = T>, what: &str) {
    let mut messages = messages.into_iter();
    for message in messages.by_ref().take(MOST_MESSAGES) {
        say(message);
    }
    let rest = messages.count();
    if rest > 0 {
        say(format_args!("and {rest} more {what}"));
    }
}

/// Writes text for people to stdout.
pub(crate) fn write_lines(
    write: impl FnOnce(&mut Lines<'_>) -> io::Result<()>,
) -> Result<(), Failure> {
    write_result(None, |writer| write(&mut Lines::new(writer)))
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
    // Devices and pipes are written to directly.
    if path.metadata().is_ok_and(|metadata| !metadata.is_file()) {
        let file = File::create(path).map_err(Failure::at(path))?;
        return write_to(file, write).map_err(Failure::at(path));
    }
    let (unfinished, file) =
        UnfinishedFile::create(path).map_err(|(part, error)| Failure::at(&part)(error))?;
    let written = write_to(file, write).and_then(|()| unfinished.finish());
    written.map_err(Failure::at(path))
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
