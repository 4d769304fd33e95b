//! Keys of objects, looked for in the order in which CloudTrail writes them: most often the next one is there.

use super::window::{Stop, Window, skip_space};

/// The bytes that are compared at once: up to 29 letters, two quotes and the colon.
const COMPARED: usize = 32;
type Words = [u64; COMPARED / 8];

/// The number of all keys that do not count; those that do have smaller ones.
pub(super) const OTHER: u8 = 31;

/// The keys of one kind of object in CloudTrail's order, each with its number.
#[derive(Debug)]
pub(super) struct Keys<const N: usize> {
    names: [Name; N],
    keys: [Key; N],
}

/// A key, its number, and the usual length of its strings; 0 if there is none.
type Name = (&'static str, u8, u8);

/// A key that was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) number: u8,
    /// Where its value starts.
    pub(super) start: usize,
    pub(super) usual: u8,
}

/// A key with its quotes and the colon, and which bits of the words are the key's.
#[derive(Clone, Copy, Debug)]
struct Key {
    words: Words,
    mask: Words,
}

impl Key {
    #[inline(always)]
    fn is(&self, words: &Words) -> bool {
        let expected = self.words.iter().zip(&self.mask);
        let different = words
            .iter()
            .zip(expected)
            .map(|(word, (key, mask))| (word ^ key) & mask);
        different.fold(0, |all, word| all | word) == 0
    }
}

impl<const N: usize> Keys<N> {
    #[allow(
        clippy::indexing_slicing,
        reason = "it is only called at compile time: constant evaluation has no `get`"
    )]
    pub(super) const fn new(names: [Name; N]) -> Self {
        let no_key = Key {
            words: [0; COMPARED / 8],
            mask: [0; COMPARED / 8],
        };
        let mut keys = [no_key; N];
        let mut next = 0;
        while next < N {
            let name = names[next].0.as_bytes();
            let mut at = 0;
            while at < name.len() + 3 {
                let byte = match at {
                    0 => b'"',
                    _ if at <= name.len() => name[at - 1],
                    _ if at == name.len() + 1 => b'"',
                    _ => b':',
                };
                keys[next].words[at / 8] |= (byte as u64) << (8 * (at % 8));
                keys[next].mask[at / 8] |= 0xff << (8 * (at % 8));
                at += 1;
            }
            next += 1;
        }
        Self { names, keys }
    }

    /// The key that is here. `next` is which key is expected, and then the one after it.
    #[inline(always)]
    pub(super) fn find(
        &self,
        window: Window<'_>,
        at: usize,
        next: &mut usize,
    ) -> Result<Found, Stop> {
        let at = skip_space(window.text, at);
        let bytes = window.text.get(at..).and_then(<[u8]>::first_chunk);
        if let Some(bytes) = bytes {
            let words: Words = bytemuck::cast::<[u8; COMPARED], Words>(*bytes).map(u64::from_le);
            while let Some(key) = self.keys.get(*next) {
                let name = self.names.get(*next);
                *next += 1;
                if key.is(&words)
                    && let Some(&(name, number, usual)) = name
                {
                    let start = skip_space(window.text, at + name.len() + 3);
                    return Ok(Found {
                        number,
                        start,
                        usual,
                    });
                }
            }
        }
        self.find_uncommon(window, at, next)
    }

    /// A key in another order, one that is not known, or one with white space before its colon.
    #[inline(never)]
    fn find_uncommon(
        &self,
        window: Window<'_>,
        start: usize,
        next: &mut usize,
    ) -> Result<Found, Stop> {
        let text = window.text;
        if text.get(start) != Some(&b'"') {
            return Err(Stop::Odd);
        }
        let string = window.string(start, 0)?;
        let colon = skip_space(text, string.end);
        // With an escape it may be any key.
        if string.is_escaped || text.get(colon) != Some(&b':') {
            return Err(Stop::Odd);
        }
        let name = text.get(start + 1..string.end - 1).unwrap_or_default();
        let known = self
            .names
            .iter()
            .position(|(known, ..)| known.as_bytes() == name);
        *next = known.map_or(0, |known| known + 1);
        let known = known.and_then(|known| self.names.get(known));
        let (_, number, usual) = *known.unwrap_or(&("", OTHER, 0));
        let start = skip_space(text, colon + 1);
        Ok(Found {
            number,
            start,
            usual,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::index::tests::index;
    use super::*;

    static KEYS: Keys<4> = Keys::new([
        ("type", 1, 0),
        ("userName", OTHER, 0),
        ("arn", 0, 5),
        ("x", 2, 0),
    ]);

    fn find(text: &str, mut next: usize) -> Result<(u8, &str, usize), Stop> {
        let index = index(text.as_bytes()).unwrap();
        let window = Window {
            text: text.as_bytes(),
            index: &index,
        };
        let found = KEYS.find(window, 0, &mut next)?;
        Ok((found.number, &text[found.start..], next))
    }

    #[test]
    fn keys_are_found_in_any_order() {
        for (key, number, after) in [
            ("type", 1, 1),
            ("userName", OTHER, 2),
            ("arn", 0, 3),
            ("xarn", OTHER, 0),
            ("ar", OTHER, 0),
            ("", OTHER, 0),
            ("aKeyOfMoreLettersThanAreCompared", OTHER, 0),
        ] {
            for (before, [space, after_colon]) in [
                ("", ["", ""]),
                ("", ["", " "]),
                ("", [" ", " "]),
                ("\n", ["\t ", ""]),
            ] {
                for rest in ["1", "\"a text of more than thirty-two bytes\""] {
                    for next in 0..5 {
                        let text = format!("{before}\"{key}\"{space}:{after_colon}{rest}");
                        let found = find(&text, next);
                        assert_eq!(found, Ok((number, rest, after)), "{text} {next}");
                    }
                }
            }
        }
    }

    #[test]
    fn other_text_is_no_key() {
        for text in [
            "arn:",
            "\"a\\u0072n\":",
            "\"arn\" \"x\":",
            ":",
            "\"arn\"",
            "",
        ] {
            let long = format!("{text} a text of more than thirty-two bytes");
            for text in [text, &long] {
                assert_eq!(find(text, 0), Err(Stop::Odd), "{text}");
            }
        }
        assert_eq!(find("\"ar", 0), Err(Stop::Beyond));
    }
}
