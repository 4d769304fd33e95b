//! Policy documents and what their statements grant, which reports share.

use std::io::{self, Write};

use advisor_core::{Advisor, DocumentId};
use hashbrown::HashMap;

use crate::dictionary::Dictionary;
use crate::grants::StatementPart;
use crate::section::{Envelope, Section};
use crate::varint;

/// How many bytes of documents are compressed together.
const CHUNK_LEN: usize = 256 << 10;

/// The documents that reports refer to, by number from 0. They are written as JSON lists of texts, in parts that a page unpacks one
/// by one.
#[derive(Debug)]
pub(crate) struct Documents {
    advisor: Advisor,
    envelope: Envelope,
    numbers: HashMap<DocumentId, u64>,
    chunk: Vec<u8>,
    /// The number of the first document of each part that was written.
    firsts: Vec<u64>,
    /// The number of the first document of the next part.
    first: u64,
}

impl Documents {
    pub(crate) fn new(advisor: Advisor, envelope: Envelope) -> Self {
        Self {
            advisor,
            envelope,
            numbers: HashMap::new(),
            chunk: Vec::new(),
            firsts: Vec::new(),
            first: 0,
        }
    }

    /// The number of a document that is in the file.
    pub(crate) fn known(&self, id: DocumentId) -> Option<u64> {
        self.numbers.get(&id).copied()
    }

    /// The number of a document, which is added if need be.
    pub(crate) fn number(&mut self, id: DocumentId) -> io::Result<u64> {
        if let Some(number) = self.known(id) {
            return Ok(number);
        }
        let number = self.numbers.len() as u64;
        self.chunk
            .push(if self.chunk.is_empty() { b'[' } else { b',' });
        let text = self.advisor.account().document_text(id);
        serde_json::to_writer(&mut self.chunk, text)?;
        self.numbers.insert(id, number);
        Ok(number)
    }

    /// Writes the documents of a part, when they are many. Returns the number of bytes.
    pub(crate) fn write_if_full(&mut self, writer: &mut dyn Write) -> io::Result<u64> {
        if self.chunk.len() < CHUNK_LEN {
            return Ok(0);
        }
        self.write_rest(writer)
    }

    /// Writes the documents that are left. Returns the number of bytes.
    pub(crate) fn write_rest(&mut self, writer: &mut dyn Write) -> io::Result<u64> {
        if self.chunk.is_empty() {
            return Ok(0);
        }
        self.chunk.push(b']');
        let mut section = Section::new();
        section.add(&self.chunk)?;
        self.chunk.clear();
        let name = format!("documents-{}", self.firsts.len());
        self.firsts.push(self.first);
        self.first = self.numbers.len() as u64;
        section.write(writer, &name, self.envelope)
    }

    pub(crate) fn firsts(&self) -> &[u64] {
        &self.firsts
    }
}

/// What a statement grants or denies, as an entry of the file.
pub(crate) fn entry_of(
    part: &StatementPart,
    documents: &mut Documents,
    texts: &mut Dictionary<Box<str>>,
) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(part.positions.len() + 16);
    varint::push(&mut bytes, documents.number(part.document)?);
    varint::push(&mut bytes, part.statement.into());
    varint::push(&mut bytes, part.effect as u64);
    varint::push(&mut bytes, part.count.into());
    bytes.extend_from_slice(&part.positions);
    varint::push(&mut bytes, part.resources.len() as u64);
    for resource in &part.resources {
        varint::push(&mut bytes, resource.index.into());
        varint::push(&mut bytes, resource.outcome as u64);
        push_texts(&mut bytes, &resource.except, texts);
        varint::push(&mut bytes, resource.only.len() as u64);
        for only in &resource.only {
            push_texts(&mut bytes, only, texts);
        }
    }
    Ok(bytes)
}

fn push_texts(bytes: &mut Vec<u8>, list: &[Box<str>], texts: &mut Dictionary<Box<str>>) {
    varint::push(bytes, list.len() as u64);
    for text in list {
        varint::push(bytes, texts.number(&**text));
    }
}
