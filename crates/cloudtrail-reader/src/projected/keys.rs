//! Keys of objects, found by the bytes before their colons in a perfect hash that is made at compile time.

/// The number of entries of a table: so many that a multiplier is found soon.
const SLOTS: usize = 256;
const SLOT_BITS: u32 = SLOTS.trailing_zeros();
/// The bytes of a key that are compared at once: up to 22 letters and two quotes.
const COMPARED: usize = 24;
/// Longer keys are left to the reference parser: CloudTrail's have some 30 letters.
const LONGEST: usize = 256;

/// The keys of one kind of object, each with a number; keys that do not count are there to be found fast.
#[derive(Debug)]
pub(super) struct Keys<const N: usize> {
    names: [(&'static str, u8); N],
    /// The number of keys that are not in the table.
    other: u8,
    /// Which of the eight bytes before a colon are hashed.
    hashed: u64,
    multiplier: u64,
    /// For every hash, the key that has it.
    slots: [Key; SLOTS],
}

#[derive(Clone, Copy, Debug)]
struct Key {
    /// The key in quotes, as it ends before the colon; and which bits of it are the key's.
    words: [u64; COMPARED / 8],
    mask: [u64; COMPARED / 8],
    /// With the quotes.
    length: u8,
    number: u8,
}

const NO_KEY: Key = Key {
    words: [0; COMPARED / 8],
    mask: [0; COMPARED / 8],
    length: 0,
    number: 0,
};

/// A key of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) number: u8,
    /// Where the comma or bracket before it stands.
    pub(super) separator: usize,
}

impl<const N: usize> Keys<N> {
    /// The keys and their numbers. Their last so many letters must differ.
    #[allow(
        clippy::indexing_slicing,
        reason = "it is only called at compile time: constant evaluation has no `get`"
    )]
    pub(super) const fn new(names: [(&'static str, u8); N], other: u8, letters: u32) -> Self {
        let hashed = u64::MAX << (64 - 8 * (letters + 1));
        let mut keys = [NO_KEY; N];
        let mut number = 0;
        while number < N {
            keys[number] = quoted(names[number].0, names[number].1);
            number += 1;
        }
        let mut multiplier = 0x9e37_79b9_7f4a_7c15_u64;
        loop {
            if let Some(slots) = table(&keys, hashed, multiplier) {
                return Self {
                    names,
                    other,
                    hashed,
                    multiplier,
                    slots,
                };
            }
            multiplier = multiplier.wrapping_mul(0xd134_2543_de82_ef95) | 1;
        }
    }

    /// The key before a colon; `None` if it must be left to the reference parser.
    #[inline(always)]
    pub(super) fn find(&self, text: &[u8], colon: usize) -> Option<Found> {
        if let Some(before) = text.get(colon.wrapping_sub(COMPARED)..colon)
            && let (chunks, []) = before.as_chunks::<8>()
            && let [a, b, c] = chunks
        {
            let [a, b, c] = [*a, *b, *c].map(u64::from_le_bytes);
            let slot = (c & self.hashed).wrapping_mul(self.multiplier) >> (64 - SLOT_BITS);
            if let Some(key) = self.slots.get(slot as usize) {
                let ([ka, kb, kc], [ma, mb, mc]) = (key.words, key.mask);
                let separator = colon - usize::from(key.length) - 1;
                if (a ^ ka) & ma | (b ^ kb) & mb | (c ^ kc) & mc == 0
                    && key.length > 0
                    && matches!(text.get(separator), Some(b',' | b'{'))
                {
                    return Some(Found {
                        number: key.number,
                        separator,
                    });
                }
            }
        }
        self.find_uncommon(text, colon)
    }

    /// A key that is not in the table, or one with white space around it.
    #[inline(never)]
    fn find_uncommon(&self, text: &[u8], colon: usize) -> Option<Found> {
        let before = trimmed_end(text.get(..colon)?).strip_suffix(b"\"")?;
        let start = before.len().saturating_sub(LONGEST);
        let quote = start + memchr::memrchr(b'"', before.get(start..)?)?;
        let name = before.get(quote + 1..)?;
        // With an escape it may be any key, and the quote may be part of it.
        if name.contains(&b'\\') {
            return None;
        }
        let separator = trimmed_end(before.get(..quote)?).len().checked_sub(1)?;
        let known = self
            .names
            .iter()
            .find(|(known, _)| known.as_bytes() == name);
        Some(Found {
            number: known.map_or(self.other, |(_, number)| *number),
            separator,
        })
    }
}

/// Without JSON's white space at the end.
pub(super) fn trimmed_end(mut text: &[u8]) -> &[u8] {
    while let [before @ .., b' ' | b'\n' | b'\r' | b'\t'] = text {
        text = before;
    }
    text
}

#[allow(
    clippy::indexing_slicing,
    reason = "it is only called at compile time: constant evaluation has no `get`"
)]
const fn table<const N: usize>(
    keys: &[Key; N],
    hashed: u64,
    multiplier: u64,
) -> Option<[Key; SLOTS]> {
    let mut slots = [NO_KEY; SLOTS];
    let mut number = 0;
    while number < N {
        let [.., last] = keys[number].words;
        let slot = ((last & hashed).wrapping_mul(multiplier) >> (64 - SLOT_BITS)) as usize;
        if slots[slot].length > 0 {
            return None;
        }
        slots[slot] = keys[number];
        number += 1;
    }
    Some(slots)
}

#[allow(
    clippy::indexing_slicing,
    reason = "it is only called at compile time: constant evaluation has no `get`"
)]
const fn quoted(name: &str, number: u8) -> Key {
    let name = name.as_bytes();
    let length = name.len() + 2;
    let (mut bytes, mut mask) = ([0; COMPARED], [0; COMPARED]);
    let mut at = 0;
    while at < length {
        let place = COMPARED - length + at;
        bytes[place] = if at == 0 || at == length - 1 {
            b'"'
        } else {
            name[at - 1]
        };
        mask[place] = 0xff;
        at += 1;
    }
    Key {
        words: words(bytes),
        mask: words(mask),
        length: length as u8,
        number,
    }
}

#[allow(
    clippy::indexing_slicing,
    reason = "it is only called at compile time: constant evaluation has no `get`"
)]
const fn words(bytes: [u8; COMPARED]) -> [u64; COMPARED / 8] {
    let mut words = [0; COMPARED / 8];
    let mut at = 0;
    while at < COMPARED {
        words[at / 8] |= (bytes[at] as u64) << (8 * (at % 8));
        at += 1;
    }
    words
}
