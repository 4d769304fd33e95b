//! Data in the file: compressed, as base64, in script elements that browsers do not run.

use std::io::{self, Write};

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use flate2::Compression;
use flate2::write::GzEncoder;

/// Data that is compressed as it comes.
#[derive(Debug)]
pub(crate) struct Section(GzEncoder<Vec<u8>>);

impl Section {
    pub(crate) fn new() -> Self {
        Self(GzEncoder::new(Vec::new(), Compression::best()))
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// How many bytes it takes in the file, as far as it is compressed already.
    pub(crate) fn len_in_file(&self) -> u64 {
        self.0.get_ref().len() as u64 * 4 / 3
    }

    /// Writes it under a name. Returns the number of bytes.
    pub(crate) fn write(self, writer: &mut dyn Write, name: &str) -> io::Result<u64> {
        let compressed = self.0.finish()?;
        write!(writer, "<script type=\"text/plain\" id=\"{name}\">")?;
        let mut base64 = EncoderWriter::new(&mut *writer, &STANDARD);
        base64.write_all(&compressed)?;
        base64.finish()?;
        drop(base64);
        writeln!(writer, "</script>")?;
        Ok(compressed.len() as u64 * 4 / 3)
    }
}

/// Writes a value as JSON. Returns the number of bytes.
pub(crate) fn write_json(
    writer: &mut dyn Write,
    name: &str,
    value: &impl serde::Serialize,
) -> io::Result<u64> {
    let mut section = Section::new();
    serde_json::to_writer(io::BufWriter::new(&mut section.0), value)?;
    section.write(writer, name)
}
