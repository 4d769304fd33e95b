//! A bounded cache of what was worked out for a text, keyed by the text's bytes.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::walk::Span;

/// The most texts that are known. AWS has some 18,000 operations, of which an account uses some hundred; more callers than
/// these are met in large organizations only.
const MOST_TEXTS: usize = 16_384;
/// The most bytes that all of them have.
const MOST_BYTES: usize = 4 << 20;
/// Longer texts are not kept.
const LONGEST: usize = 2_048;

/// When the cache is full, everything is forgotten.
#[derive(Debug)]
pub(super) struct Cache<T> {
    known: HashTable<Known<T>>,
    texts: Vec<u8>,
    hasher: RandomState,
    /// The entries of the texts that are asked for.
    found: Vec<Option<Known<T>>>,
}

#[derive(Clone, Copy, Debug)]
struct Known<T> {
    hash: u64,
    start: u32,
    length: u32,
    value: T,
}

/// What is known of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer<T> {
    hash: u64,
    pub(super) value: Option<T>,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self {
            known: HashTable::new(),
            texts: Vec::new(),
            hasher: RandomState::default(),
            found: Vec::new(),
        }
    }
}

impl<T: Copy> Cache<T> {
    /// Looks many texts up. Hashes, entries and bytes are in a loop each, so that the processor waits for several of them at a
    /// time: after an object of some megabytes was inflated, none is in the near caches.
    #[inline(always)]
    pub(super) fn find_all(&mut self, text: &[u8], asked: &[Span], answers: &mut Vec<Answer<T>>) {
        answers.clear();
        answers.extend(asked.iter().map(|span| Answer {
            hash: hash(&self.hasher, span.of(text)),
            value: None,
        }));
        let mut found = std::mem::take(&mut self.found);
        found.clear();
        found.extend(answers.iter().map(|answer| self.entry(answer.hash)));
        for ((span, answer), found) in asked.iter().zip(answers).zip(&found) {
            answer.value = self.checked(*found, span.of(text));
        }
        self.found = found;
    }

    pub(super) fn find(&self, text: &[u8]) -> Answer<T> {
        let hash = hash(&self.hasher, text);
        Answer {
            hash,
            value: self.checked(self.entry(hash), text),
        }
    }

    #[inline(always)]
    fn entry(&self, hash: u64) -> Option<Known<T>> {
        self.known.find(hash, |known| known.hash == hash).copied()
    }

    #[inline(always)]
    fn checked(&self, found: Option<Known<T>>, text: &[u8]) -> Option<T> {
        let known = found?;
        let start = known.start as usize;
        let same = self.texts.get(start..start + known.length as usize)?;
        (same == text).then_some(known.value)
    }

    /// Keeps what was worked out for a text that was not known.
    pub(super) fn keep(&mut self, asked: Answer<T>, text: &[u8], value: T) {
        if text.len() > LONGEST {
            return;
        }
        if self.known.len() == MOST_TEXTS || self.texts.len() + text.len() > MOST_BYTES {
            self.known.clear();
            self.texts.clear();
        }
        let (Ok(start), Ok(length)) = (u32::try_from(self.texts.len()), u32::try_from(text.len()))
        else {
            return;
        };
        self.texts.extend_from_slice(text);
        let known = Known {
            hash: asked.hash,
            start,
            length,
            value,
        };
        // Another text with the same hash makes room for this one.
        match self
            .known
            .find_mut(asked.hash, |other| other.hash == asked.hash)
        {
            Some(other) => *other = known,
            None => {
                self.known
                    .insert_unique(asked.hash, known, |known| known.hash);
            }
        }
    }
}

#[inline(always)]
fn hash(hasher: &RandomState, text: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(text);
    hasher.finish()
}
