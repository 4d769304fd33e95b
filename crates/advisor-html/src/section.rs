//! Data in the file: compressed, as base64, in script elements that browsers do not run.

use std::io::{self, Write};

use base64::engine::general_purpose::STANDARD;
use base64::write::EncoderWriter;
use flate2::Compression;
use flate2::write::GzEncoder;

/// What data stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Envelope {
    /// Script elements of an HTML file.
    Page,
    /// Members of a JSON object, each after a comma.
    Json,
}

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
    pub(crate) fn write(
        self,
        writer: &mut dyn Write,
        name: &str,
        envelope: Envelope,
    ) -> io::Result<u64> {
        let compressed = self.0.finish()?;
        match envelope {
            Envelope::Page => write!(writer, "<script type=\"text/plain\" id=\"{name}\">")?,
            Envelope::Json => write!(writer, ",\"{name}\":\"")?,
        }
        let mut base64 = EncoderWriter::new(&mut *writer, &STANDARD);
        base64.write_all(&compressed)?;
        base64.finish()?;
        drop(base64);
        match envelope {
            Envelope::Page => writeln!(writer, "</script>")?,
            Envelope::Json => writer.write_all(b"\"")?,
        }
        Ok(compressed.len() as u64 * 4 / 3)
    }
}

/// Writes a value as JSON. Returns the number of bytes.
pub(crate) fn write_json(
    writer: &mut dyn Write,
    name: &str,
    value: &impl serde::Serialize,
    envelope: Envelope,
) -> io::Result<u64> {
    let mut section = Section::new();
    serde_json::to_writer(io::BufWriter::new(&mut section.0), value)?;
    section.write(writer, name, envelope)
}
