//! Keys of objects, found by the bytes before their colons in a perfect hash that is made at compile time.

/// The number of entries of a table: so many that a multiplier is found soon.
const SLOTS: usize = 256;
const SLOT_BITS: u32 = SLOTS.trailing_zeros();
/// The bytes of a key that are compared at once: up to 30 letters and two quotes.
const COMPARED: usize = 32;
/// Longer keys are left to the reference parser: CloudTrail's have some 30 letters.
const LONGEST: usize = 256;

/// The number of all keys that do not count; those that do have smaller ones.
pub(super) const OTHER: u8 = 31;

/// The keys of one kind of object, each with its number; keys that do not count are there to be found fast.
#[derive(Debug)]
pub(super) struct Keys {
    names: &'static [(&'static str, u8)],
    /// Which bits of the eight bytes before the closing quote are hashed.
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

/// A key of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub(super) number: u8,
    /// Where the comma or bracket before it stands.
    pub(super) separator: u32,
}

impl Keys {
    /// The keys and their numbers. So many of their last bytes must differ; the shortest key with its opening quote must have so
    /// many.
    pub(super) const fn new(names: &'static [(&'static str, u8)], hashed: u32) -> Self {
        let hashed = u64::MAX << (64 - 8 * hashed);
        let mut multiplier = 0x9e37_79b9_7f4a_7c15_u64;
        loop {
            if let Some(slots) = table(names, hashed, multiplier) {
                return Self {
                    names,
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
        let before = text.get(colon.wrapping_sub(COMPARED)..);
        if let Some(before) = before.and_then(<[u8]>::first_chunk::<COMPARED>) {
            let words = bytemuck::cast::<_, [u64; COMPARED / 8]>(*before).map(u64::from_le);
            let [.., before_last, last] = words;
            let slot = hash([before_last, last], self.hashed, self.multiplier);
            if let Some(key) = self.slots.get(slot) {
                let separator = colon - usize::from(key.length) - 1;
                let expected = key.words.iter().zip(&key.mask);
                let different = words
                    .iter()
                    .zip(expected)
                    .map(|(word, (key, mask))| (word ^ key) & mask);
                if different.fold(0, |all, word| all | word) == 0
                    && let Some(b',' | b'{') = text.get(separator)
                {
                    return Some(Found {
                        number: key.number,
                        separator: separator as u32,
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
        let before = trimmed_end(before.get(..quote)?);
        let [.., b',' | b'{'] = before else {
            return None;
        };
        let known = self
            .names
            .iter()
            .find(|(known, _)| known.as_bytes() == name);
        Some(Found {
            number: known.map_or(OTHER, |(_, number)| *number),
            separator: before.len() as u32 - 1,
        })
    }
}

#[inline(always)]
const fn hash([before, last]: [u64; 2], hashed: u64, multiplier: u64) -> usize {
    let end = (last << 8 | before >> 56) & hashed;
    (end.wrapping_mul(multiplier) >> (64 - SLOT_BITS)) as usize
}

/// Without JSON's white space at the end.
pub(super) fn trimmed_end(mut text: &[u8]) -> &[u8] {
    while let [before @ .., b' ' | b'\n' | b'\r' | b'\t'] = text {
        text = before;
    }
    text
}

/// Puts the keys where their hashes say; nothing if two have the same hash.
#[allow(
    clippy::indexing_slicing,
    reason = "it is only called at compile time: constant evaluation has no `get`"
)]
const fn table(names: &[(&str, u8)], hashed: u64, multiplier: u64) -> Option<[Key; SLOTS]> {
    const NO_KEY: Key = Key {
        words: [0; COMPARED / 8],
        mask: [0; COMPARED / 8],
        length: 0,
        number: 0,
    };
    let mut slots = [NO_KEY; SLOTS];
    let mut next = 0;
    while next < names.len() {
        let (name, number) = names[next];
        let mut key = NO_KEY;
        key.length = name.len() as u8 + 2;
        key.number = number;
        let start = COMPARED - key.length as usize;
        let mut at = start;
        while at < COMPARED {
            let byte = if at == start || at == COMPARED - 1 {
                b'"'
            } else {
                name.as_bytes()[at - start - 1]
            };
            key.words[at / 8] |= (byte as u64) << (8 * (at % 8));
            key.mask[at / 8] |= 0xff << (8 * (at % 8));
            at += 1;
        }
        let slot = hash(
            [key.words[COMPARED / 8 - 2], key.words[COMPARED / 8 - 1]],
            hashed,
            multiplier,
        );
        if slots[slot].length > 0 {
            return None;
        }
        slots[slot] = key;
        next += 1;
    }
    Some(slots)
}

#[cfg(test)]
mod tests {
    use super::*;

    static KEYS: Keys = Keys::new(&[("arn", 0), ("type", 1), ("userName", OTHER)], 4);

    #[test]
    fn keys_are_found_wherever_they_stand() {
        for before in ["{", "{\"x\":\"a long text before the key\",", "{ \n"] {
            for (key, number) in [
                ("arn", 0),
                ("type", 1),
                ("userName", OTHER),
                ("xarn", OTHER),
                ("ar", OTHER),
                ("aKeyOfMoreLettersThanAreCompared", OTHER),
            ] {
                for space in ["", " "] {
                    let text = format!("{before}\"{key}\"{space}:");
                    let found = KEYS.find(text.as_bytes(), text.len() - 1).unwrap();
                    assert_eq!(found.number, number, "{text}");
                    assert_eq!(found.separator as usize, before.trim_end().len() - 1);
                }
            }
        }
    }

    #[test]
    fn other_text_before_a_colon_is_no_key() {
        for text in [
            "{arn:",
            "{\"a\\u0072n\":",
            "{\"x\" \"arn\":",
            "\"arn\":",
            ":",
        ] {
            let long = format!("{{\"x\":\"a long text before the key\"{text}");
            for text in [text, &long[..]] {
                let found = KEYS.find(text.as_bytes(), text.len() - 1);
                assert!(found.is_none() || text.ends_with("\"{\"arn\":"), "{text}");
            }
        }
    }
}
