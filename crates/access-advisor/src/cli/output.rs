//! Where results go: stdout or a file; and JSON as the AWS CLI prints it.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::Serialize;
use serde_json::ser::{PrettyFormatter, Serializer};

use crate::Failure;

/// Opens the destination.
pub(crate) fn open(path: Option<&Path>) -> Result<Box<dyn Write>, Failure> {
    Ok(match path {
        None => Box::new(BufWriter::new(io::stdout().lock())),
        Some(path) => {
            let file = File::create(path)
                .map_err(|error| Failure::Message(format!("{}: {error}", path.display())))?;
            Box::new(BufWriter::new(file))
        }
    })
}

/// Writes a value indented by four blanks, as the AWS CLI does, and a line end.
pub(crate) fn write_json(mut writer: impl Write, value: &impl Serialize) -> io::Result<()> {
    let formatter = PrettyFormatter::with_indent(b"    ");
    value.serialize(&mut Serializer::with_formatter(&mut writer, formatter))?;
    writeln!(writer)
}
