//! A bounded cache of what was worked out for a text, keyed by the text's bytes.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::window::Span;

/// The most texts that are known. AWS has some 18,000 actions, of which an account uses some hundred.
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
    /// The texts that were asked for together, with their hashes, and what was found.
    asked: Vec<(Span, u64)>,
    found: Vec<Option<Known<T>>>,
}

#[derive(Clone, Copy, Debug)]
struct Known<T> {
    hash: u64,
    start: u32,
    length: u32,
    value: T,
}

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self {
            known: HashTable::new(),
            texts: Vec::new(),
            hasher: RandomState::default(),
            asked: Vec::new(),
            found: Vec::new(),
        }
    }
}

impl<T: Copy> Cache<T> {
    /// Looks many texts up. Hashes, entries and bytes are in a loop each, so that the processor waits for several of them at a
    /// time: after an object of some megabytes was inflated, none is in the near caches. An empty text is never known.
    #[inline(always)]
    pub(super) fn find_all(&mut self, text: &[u8], spans: impl Iterator<Item = Span>) {
        let hasher = &self.hasher;
        self.asked.clear();
        self.asked
            .extend(spans.map(|span| (span, hash(hasher, span.of(text)))));
        self.found.clear();
        for (_, hash) in &self.asked {
            let found = self.known.find(*hash, |known| known.hash == *hash);
            self.found.push(found.copied());
        }
        for ((span, _), found) in self.asked.iter().zip(&mut self.found) {
            *found = found.filter(|known| is_text(&self.texts, known, span.of(text)));
        }
    }

    /// What is known of the text that was asked for as this one of many.
    #[inline(always)]
    pub(super) fn found(&self, number: usize) -> Option<T> {
        let found = self.found.get(number)?.as_ref()?;
        Some(found.value)
    }

    pub(super) fn find(&self, text: &[u8]) -> Option<T> {
        let hash = hash(&self.hasher, text);
        let known = self.known.find(hash, |known| known.hash == hash)?;
        is_text(&self.texts, known, text).then_some(known.value)
    }

    /// Keeps what was worked out for a text that was not known.
    pub(super) fn keep(&mut self, text: &[u8], value: T) {
        if text.is_empty() || text.len() > LONGEST {
            return;
        }
        if self.known.len() == MOST_TEXTS || self.texts.len() + text.len() > MOST_BYTES {
            self.known.clear();
            self.texts.clear();
        }
        let hash = hash(&self.hasher, text);
        let known = Known {
            hash,
            start: self.texts.len() as u32,
            length: text.len() as u32,
            value,
        };
        self.texts.extend_from_slice(text);
        // Another text with the same hash makes room for this one.
        match self.known.find_mut(hash, |other| other.hash == hash) {
            Some(other) => *other = known,
            None => _ = self.known.insert_unique(hash, known, |known| known.hash),
        }
    }
}

#[inline(always)]
fn is_text<T>(texts: &[u8], known: &Known<T>, text: &[u8]) -> bool {
    let start = known.start as usize;
    texts.get(start..start + known.length as usize) == Some(text)
}

#[inline(always)]
fn hash(hasher: &RandomState, text: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write(text);
    hasher.finish()
}

/// Whether short texts are equal. Most have 8 to 16 bytes, which two registers hold; a call of `memcmp` takes longer.
#[inline(always)]
pub(super) fn is_same(left: &[u8], right: &[u8]) -> bool {
    if left.len() != right.len() {
        return false;
    }
    match (left.first_chunk::<8>(), right.first_chunk::<8>()) {
        (Some(left_start), Some(right_start)) if left.len() <= 16 => {
            left_start == right_start && left.last_chunk::<8>() == right.last_chunk::<8>()
        }
        _ => left.is_empty() || left == right,
    }
}
