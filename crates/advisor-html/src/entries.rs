//! Bytes that are written once, and referred to by number.

use std::io::{self, Write};

use hashbrown::HashMap;

use crate::section::{Envelope, Section};
use crate::varint;

/// Entries of a section, in the order in which they were first seen, each with its length before it: a page reads those that it shows.
#[derive(Debug)]
pub(crate) struct Entries {
    section: Section,
    numbers: HashMap<Box<[u8]>, u64>,
}

impl Entries {
    pub(crate) fn new() -> Self {
        Self {
            section: Section::new(),
            numbers: HashMap::new(),
        }
    }

    /// The number of an entry, from 0.
    pub(crate) fn number(&mut self, entry: Vec<u8>) -> io::Result<u64> {
        if let Some(number) = self.numbers.get(&*entry) {
            return Ok(*number);
        }
        let mut length = Vec::new();
        varint::push(&mut length, entry.len() as u64);
        self.section.add(&length)?;
        self.section.add(&entry)?;
        let number = self.numbers.len() as u64;
        self.numbers.insert(entry.into(), number);
        Ok(number)
    }

    /// How many bytes they take in the file, as far as they are compressed already.
    pub(crate) fn len_in_file(&self) -> u64 {
        self.section.len_in_file()
    }

    /// Writes them under a name.
    pub(crate) fn write(
        self,
        writer: &mut dyn Write,
        name: &str,
        envelope: Envelope,
    ) -> io::Result<()> {
        self.section.write(writer, name, envelope).map(drop)
    }
}
