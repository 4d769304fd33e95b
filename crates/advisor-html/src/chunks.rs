//! Data of many reports, which a page unpacks piece by piece.

use std::io::{self, Write};

use crate::section::{Envelope, Section};
use crate::varint;

/// How many bytes are compressed together: what the page unpacks to show one report.
const CHUNK_LEN: usize = 192 << 10;

/// Bytes that are compressed and written in pieces: `NAME-0`, `NAME-1`, ...
#[derive(Debug)]
pub(crate) struct Chunks {
    name: &'static str,
    bytes: Vec<u8>,
    /// How many were written.
    written: u32,
}

impl Chunks {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            bytes: Vec::new(),
            written: 0,
        }
    }

    /// Where the next byte will be: the number of the piece, and the offset in it.
    pub(crate) fn place(&self) -> (u32, u32) {
        let offset = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        (self.written, offset)
    }

    pub(crate) fn push(&mut self, value: u64) {
        varint::push(&mut self.bytes, value);
    }

    pub(crate) fn push_signed(&mut self, value: i64) {
        varint::push_signed(&mut self.bytes, value);
    }

    pub(crate) fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes a piece, when it is long enough. What belongs together must not be cut. Returns the number of bytes.
    pub(crate) fn write_if_full(
        &mut self,
        writer: &mut dyn Write,
        envelope: Envelope,
    ) -> io::Result<u64> {
        if self.bytes.len() < CHUNK_LEN {
            return Ok(0);
        }
        self.write_rest(writer, envelope)
    }

    /// Writes what is left. Returns the number of bytes.
    pub(crate) fn write_rest(
        &mut self,
        writer: &mut dyn Write,
        envelope: Envelope,
    ) -> io::Result<u64> {
        if self.bytes.is_empty() {
            return Ok(0);
        }
        let mut section = Section::new();
        section.add(&self.bytes)?;
        self.bytes.clear();
        let name = format!("{}-{}", self.name, self.written);
        self.written += 1;
        section.write(writer, &name, envelope)
    }
}
