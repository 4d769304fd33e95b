//! Stretches of text that come again letter by letter, with what was found in them.
//!
//! They are only ever looked up by all of their bytes, so that the memory can be slow but not wrong; and it is bounded.

use std::hash::{BuildHasher, Hash};

use foldhash::fast::RandomState;

use crate::scan::Cursor;

/// Fragments in a set; those that are met move to the front.
const WAYS: usize = 4;
/// Longer ones are not worth keeping.
const LONGEST_FRAGMENT: usize = 2_048;

/// Stretches of text, and what is known of them.
#[derive(Debug)]
pub(crate) struct Fragments<T> {
    sets: Box<[Set<T>]>,
    hasher: RandomState,
}

/// The fragments of some places.
#[derive(Clone, Debug)]
struct Set<T> {
    /// A part of each one's hash; the texts are not even looked at when it differs.
    tags: [u32; WAYS],
    fragments: [Option<(Vec<u8>, T)>; WAYS],
    /// The place that was last met with a fragment that was not kept.
    met: u32,
}

/// Where a fragment belongs, whether it is there or not.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    set: usize,
    tag: u32,
}

impl<T: Copy> Fragments<T> {
    /// Room for four times as many; a power of two.
    pub(crate) fn with_sets(sets: usize) -> Self {
        let set = || Set {
            tags: [0; WAYS],
            fragments: [const { None }; WAYS],
            met: 0,
        };
        Self {
            sets: (0..sets).map(|_| set()).collect(),
            hasher: RandomState::default(),
        }
    }

    /// Where a fragment belongs, by what tells it from others at first sight.
    #[inline(always)]
    pub(crate) fn place(&self, telling: impl Hash) -> Place {
        let hash = self.hasher.hash_one(telling);
        Place {
            set: hash as usize & self.sets.len().wrapping_sub(1),
            tag: (hash >> 32) as u32,
        }
    }

    /// A part of the hash of a text.
    pub(crate) fn tag(&self, text: &[u8]) -> u32 {
        self.place(text).tag
    }

    /// Goes past the fragment that is next, if it is known.
    #[inline(always)]
    pub(crate) fn take(&mut self, place: Place, cursor: &mut Cursor<'_>) -> Option<T> {
        let set = self.sets.get_mut(place.set)?;
        for (way, (tag, fragment)) in set.tags.iter().zip(&set.fragments).enumerate() {
            if *tag == place.tag
                && let Some((text, known)) = fragment
                && cursor.take(text)
            {
                let known = *known;
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
        if let Some(Set {
            tags, fragments, ..
        }) = self.sets.get_mut(place.set)
        {
            let [.., last_tag] = tags;
            let [.., last] = fragments;
            *last_tag = place.tag;
            match last {
                // The room that it has is used again.
                Some((kept, kept_known)) => {
                    kept.clear();
                    kept.extend_from_slice(text);
                    *kept_known = known;
                }
                None => *last = Some((text.to_vec(), known)),
            }
            // Two that come in turn should not drive each other out, nor those that come often.
            tags.swap(WAYS - 2, WAYS - 1);
            fragments.swap(WAYS - 2, WAYS - 1);
        }
    }
}
