//! Stretches of text that come again letter by letter, with what was found in them.
//!
//! They are only ever looked up by all of their bytes, so that the memory can be slow but not wrong; and it is bounded.

use crate::scan::Cursor;

/// Fragments in a set; one that is met moves forward by one.
const WAYS: usize = 4;
/// Longer ones are not worth keeping.
const LONGEST_FRAGMENT: usize = 2_048;
/// The bytes that are kept of fragments, for each set. When there is no more room, all are forgotten.
const ROOM: usize = 1 << 10;

/// Stretches of text, and what is known of them.
#[derive(Debug)]
pub(crate) struct Fragments<T> {
    sets: Box<[Set<T>]>,
    /// All texts, in the order in which they were kept.
    texts: Vec<u8>,
}

/// The fragments of some places.
#[derive(Clone, Debug)]
struct Set<T> {
    /// A part of each one's hash; the texts are not even looked at when it differs.
    tags: [u32; WAYS],
    fragments: [Option<Fragment<T>>; WAYS],
    /// The tag of the fragment that was last met and not kept.
    met: u32,
}

#[derive(Clone, Copy, Debug)]
struct Fragment<T> {
    /// Where its text starts.
    start: u32,
    length: u16,
    known: T,
}

/// Where a fragment belongs, whether it is there or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    set: usize,
    tag: u32,
}

/// A hash of words, and of what was hashed before. Good enough to find a place by: whoever makes two texts meet there makes
/// the reader slow, not wrong.
#[inline(always)]
pub(crate) fn hash<const WORDS: usize>(seed: u64, words: [u64; WORDS]) -> u64 {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let (mut sum, mut factor) = (seed, ODD);
    // None of the products waits for another.
    for word in words {
        sum = sum.wrapping_add((word ^ word >> 29).wrapping_mul(factor));
        factor = factor.wrapping_mul(ODD);
    }
    let mixed = (sum ^ sum >> 32).wrapping_mul(ODD);
    mixed ^ mixed >> 32
}

/// The hash of a text's first bytes, if it has so many.
#[inline(always)]
pub(crate) fn hash_start<const WORDS: usize>(seed: u64, text: &[u8]) -> u64 {
    match text.as_chunks::<8>().0.first_chunk::<WORDS>() {
        Some(words) => hash(seed, words.map(u64::from_le_bytes)),
        None => seed,
    }
}

/// The hash of a text.
pub(crate) fn hash_all(text: &[u8]) -> u64 {
    text.chunks(8).fold(0, |seed, chunk| {
        let mut word = [0; 8];
        for (byte, known) in word.iter_mut().zip(chunk) {
            *byte = *known;
        }
        hash(seed, [u64::from_le_bytes(word)])
    })
}

impl<T: Copy> Fragments<T> {
    /// Room for four times as many; a power of two.
    pub(crate) fn with_sets(sets: usize) -> Self {
        debug_assert!(sets.is_power_of_two());
        let set = || Set {
            tags: [0; WAYS],
            fragments: [const { None }; WAYS],
            met: 0,
        };
        Self {
            sets: (0..sets).map(|_| set()).collect(),
            texts: Vec::new(),
        }
    }

    /// Where a fragment belongs, by what tells it from others at first sight.
    #[inline(always)]
    pub(crate) fn place(&self, telling: u64) -> Place {
        Place {
            set: telling as usize & self.sets.len().wrapping_sub(1),
            tag: (telling >> 32) as u32,
        }
    }

    /// Goes past the fragment that is next, if it is known.
    #[inline(always)]
    pub(crate) fn take(&mut self, place: Place, cursor: &mut Cursor<'_>) -> Option<T> {
        let Self { sets, texts } = self;
        let set = sets.get_mut(place.set)?;
        for (way, (tag, fragment)) in set.tags.iter().zip(&set.fragments).enumerate() {
            if *tag != place.tag {
                continue;
            }
            if let Some(Fragment {
                start,
                length,
                known,
            }) = *fragment
                && let Some(text) = texts.get(start as usize..start as usize + usize::from(length))
                && cursor.take(text)
            {
                if way > 0 {
                    set.tags.swap(way, way - 1);
                    set.fragments.swap(way, way - 1);
                }
                return Some(known);
            }
        }
        None
    }

    /// Keeps a fragment when one like it was the last of its set that was met: what comes once only is not worth the room.
    pub(crate) fn keep_recurring(&mut self, place: Place, text: &[u8], known: T) {
        if let Some(set) = self.sets.get_mut(place.set) {
            if set.met == place.tag {
                self.keep(place, text, known);
            } else {
                set.met = place.tag;
            }
        }
    }

    /// Keeps a fragment, in the place of one in its set that was not met for long.
    pub(crate) fn keep(&mut self, place: Place, text: &[u8], known: T) {
        if text.len() > LONGEST_FRAGMENT {
            return;
        }
        let room = self.sets.len() * ROOM;
        if self.texts.len() + text.len() > room {
            self.forget();
        }
        // All at once: memory that is not written to costs nothing.
        self.texts.reserve_exact(room - self.texts.len());
        let (Ok(start), Ok(length)) = (u32::try_from(self.texts.len()), u16::try_from(text.len()))
        else {
            return;
        };
        self.texts.extend_from_slice(text);
        if let Some(Set {
            tags, fragments, ..
        }) = self.sets.get_mut(place.set)
        {
            let [.., last_tag] = tags;
            let [.., last] = fragments;
            *last_tag = place.tag;
            *last = Some(Fragment {
                start,
                length,
                known,
            });
            // Two that come in turn should not drive each other out, nor those that come often.
            tags.swap(WAYS - 2, WAYS - 1);
            fragments.swap(WAYS - 2, WAYS - 1);
        }
    }

    fn forget(&mut self) {
        self.texts.clear();
        for set in &mut self.sets {
            set.fragments = [const { None }; WAYS];
        }
    }
}
