//! Stage 2: finds the members of an object by the colons that are its own. Nested objects and lists are jumped over.

use super::index::{Index, Irregular};
use super::keys::{Keys, OTHER, trimmed_end};

/// The text, as far as it is indexed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window<'w> {
    pub(super) text: &'w [u8],
    pub(super) index: &'w Index,
}

/// Where something stands in the text. Texts of more than 4 GiB are left to the reference parser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    #[inline(always)]
    pub(super) fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// Whether a value is absent or null.
    #[inline(always)]
    pub(super) fn is_null(self, text: &[u8]) -> bool {
        self.end == 0 || self.of(text) == b"null"
    }

    /// Without white space around it.
    pub(super) fn trimmed(self, text: &[u8]) -> Self {
        let mut rest = self.of(text);
        while let [b' ' | b'\n' | b'\r' | b'\t', after @ ..] = rest {
            rest = after;
        }
        let start = self.end - rest.len() as u32;
        Self {
            start,
            end: start + trimmed_end(rest).len() as u32,
        }
    }
}

/// An object with more members is left to the reference parser.
const MOST_COLONS: usize = 60;
/// Colons that are written at once.
const AT_ONCE: usize = 3;

/// An object, and where its own colons stand.
#[derive(Clone, Copy, Debug)]
pub(super) struct Object {
    place: Span,
    colons: [u32; MOST_COLONS + AT_ONCE],
    count: usize,
}

const NO_OBJECT: Object = Object {
    place: Span { start: 0, end: 0 },
    colons: [0; MOST_COLONS + AT_ONCE],
    count: 0,
};

impl Object {
    /// Adds the colons of a block to so many; returns how many there are then. Of the first few, those that are not there are
    /// written as well: this costs less than branches that are hard to predict.
    #[inline(always)]
    fn push(&mut self, known: usize, start: usize, mut colons: u64) -> usize {
        let count = colons.count_ones() as usize;
        let mut rest = self.colons.get_mut(known..).unwrap_or_default();
        while let Some((room, after)) = rest.split_first_chunk_mut::<AT_ONCE>() {
            for position in room {
                *position = start as u32 + colons.trailing_zeros();
                colons &= colons.wrapping_sub(1);
            }
            if colons == 0 {
                break;
            }
            rest = after;
        }
        known + count
    }

    /// Finds the values of the members. `None` if the object must be left to the reference parser.
    #[inline(always)]
    pub(super) fn members<const N: usize>(&self, text: &[u8], keys: &Keys) -> Option<Values<N>> {
        let colons = self.colons.get(..self.count)?;
        if colons.is_empty() && self.place.end - self.place.start > 2 || self.count > MOST_COLONS {
            return None;
        }
        let mut values = [Span::default(); N];
        let mut put = |number: u8, start, end| {
            if let Some(value) = values.get_mut(usize::from(number).min(N - 1)) {
                *value = Span { start, end };
            }
        };
        let (mut number, mut start, mut opening) = (OTHER, 0, self.place.end);
        let (mut seen, mut twice) = (0_u32, 0_u32);
        for colon in colons {
            let found = keys.find(text, *colon as usize)?;
            put(number, start, found.separator);
            opening = opening.min(found.separator);
            (number, start) = (found.number, colon + 1);
            let bit = 1 << number;
            twice |= seen & bit;
            seen |= bit;
        }
        put(number, start, self.place.end - 1);
        // Before the first key there must be the opening bracket, not a comma; and of keys that count only one each.
        let is_sound =
            twice & !(1 << OTHER) == 0 && (opening == self.place.start || colons.is_empty());
        is_sound.then_some(values)
    }
}

/// The values of an object's members, by the numbers of their keys; those that do not count share the last place. A value is
/// everything from its colon to the comma before the next key or to the closing bracket. Absent values are empty spans.
pub(super) type Values<const N: usize> = [Span; N];

/// A record, its `userIdentity`, and the `sessionContext` of that.
#[derive(Debug)]
pub(super) struct Objects([Object; 3]);

impl Default for Objects {
    fn default() -> Self {
        Self([NO_OBJECT; 3])
    }
}

impl Objects {
    /// The object of this level, if it is this value.
    #[inline(always)]
    pub(super) fn get(&self, level: usize, value: Span) -> Option<&Object> {
        let Self(objects) = self;
        objects.get(level).filter(|object| object.place == value)
    }

    /// Finds the record that opens here; returns where it is. `None` if it reaches beyond the window.
    #[inline(always)]
    pub(super) fn find(
        &mut self,
        window: Window<'_>,
        open: usize,
    ) -> Result<Option<Span>, Irregular> {
        let Window { text, index } = window;
        let Self(objects) = self;
        for object in &mut *objects {
            object.place = Span::default();
        }
        let mut level = 0;
        let mut place = index.place(open + 1);
        let mut object = objects.first_mut().ok_or(Irregular)?;
        object.place.start = open as u32;
        // In a register: it changes with every block.
        let mut count = 0;
        loop {
            let Some(block) = index.block(place.block) else {
                return Ok(None);
            };
            let brackets = (block.opening | block.closing) & place.bits;
            let before_bracket = brackets.wrapping_sub(1) & !brackets;
            let own = block.colons & place.bits & before_bracket;
            count = object.push(count, index.position(place.block, 1), own);
            if brackets == 0 {
                place = place.next();
                continue;
            }
            let mut at = index.position(place.block, brackets);
            if block.closing & brackets & brackets.wrapping_neg() != 0 {
                if text.get(at) != Some(&b'}') {
                    return Err(Irregular);
                }
                object.place.end = at as u32 + 1;
                object.count = count;
                if level == 0 {
                    return Ok(Some(object.place));
                }
                level -= 1;
                object = objects.get_mut(level).ok_or(Irregular)?;
                count = object.count;
            } else if match level {
                0 => is_after(text, at, b"\"userIdentity\":"),
                1 => is_after(text, at, b"\"sessionContext\":"),
                _ => false,
            } {
                level += 1;
                object.count = count;
                object = objects.get_mut(level).ok_or(Irregular)?;
                object.place.start = at as u32;
                count = 0;
            } else {
                match index.skip(at) {
                    Some(close) => at = close,
                    None => return Ok(None),
                }
            }
            place = index.place(at + 1);
        }
    }
}

/// Whether a value comes after this key and its colon.
#[inline(always)]
fn is_after<const N: usize>(text: &[u8], at: usize, key: &[u8; N]) -> bool {
    let before = text.get(..at).unwrap_or_default();
    match before {
        [.., b':'] => before.last_chunk() == Some(key),
        _ => trimmed_end(before).ends_with(key),
    }
}

impl Window<'_> {
    /// The text that a value is, without its quotes, if it has neither escapes nor is anything else than a text or null. Of a null
    /// and an absent value, an empty span at 0.
    #[inline(always)]
    pub(super) fn plain_text(self, value: Span) -> Option<Span> {
        let Window { text, index } = self;
        let Span { start, end } = value;
        if end == 0 {
            return Some(Span::default());
        }
        if text.get(start as usize) == Some(&b'"')
            && end > start + 1
            && index.next_special_is(start as usize + 1, end as usize - 1)
            && text.get(end as usize - 1) == Some(&b'"')
        {
            return Some(Span {
                start: start + 1,
                end: end - 1,
            });
        }
        plain_text_or_null(text, value)
    }
}

#[inline(never)]
fn plain_text_or_null(text: &[u8], value: Span) -> Option<Span> {
    let value = value.trimmed(text);
    match value.of(text) {
        b"null" => Some(Span::default()),
        [b'"', inner @ .., b'"'] if memchr::memchr2(b'"', b'\\', inner).is_none() => Some(Span {
            start: value.start + 1,
            end: value.end - 1,
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::index::tests::index;
    use super::*;

    static KEYS: Keys = Keys::new(&[("userIdentity", 0), ("eventName", 1)], 8);

    /// The record's members of these keys, and those of its `userIdentity`.
    fn members(text: &str) -> Option<[[Option<&str>; 2]; 2]> {
        let index = index(text.as_bytes()).unwrap();
        let window = Window {
            text: text.as_bytes(),
            index: &index,
        };
        let mut objects = Objects::default();
        let place = objects.find(window, 0).unwrap()?;
        let members = |level, place| -> Option<[Span; 2]> {
            let [identity, name, ..]: Values<4> =
                objects.get(level, place)?.members(window.text, &KEYS)?;
            Some([identity, name])
        };
        let texts = |spans: [Span; 2]| {
            spans.map(|span| {
                text.get(span.start as usize..span.end as usize)
                    .filter(|_| span.end > 0)
            })
        };
        let own = members(0, place)?;
        let identity = Some(own[0].trimmed(text.as_bytes())).filter(|it| it.end > 0);
        let inner = identity.and_then(|it| members(1, it)).unwrap_or_default();
        Some([texts(own), texts(inner)])
    }

    #[test]
    fn own_members_are_found_and_nested_ones_passed_over() {
        let text = r#"{"a":[{"eventName":1},[]],"userIdentity":{"b":{"eventName":2},"eventName":"3"},"eventName":"4"}"#;
        let identity = r#"{"b":{"eventName":2},"eventName":"3"}"#;
        let expected = [[Some(identity), Some("\"4\"")], [None, Some("\"3\"")]];
        assert_eq!(members(text), Some(expected));
        assert_eq!(members("{}"), Some([[None; 2]; 2]));
    }

    #[test]
    fn what_is_not_an_object_is_left_to_the_reference_parser() {
        for text in [
            r#"{"eventName":1,"eventName":2}"#,
            r#"{,"eventName":1}"#,
            r#"{eventName:1}"#,
            r#"{"eventName"}"#,
            r#"{"eventName":1"#,
        ] {
            assert_eq!(members(text), None, "{text}");
        }
    }

    #[test]
    fn plain_texts_have_neither_escapes_nor_other_values() {
        for (value, expected) in [
            ("\"text\"", Some(Span { start: 1, end: 5 })),
            (" \"text\" ", Some(Span { start: 2, end: 6 })),
            ("null", Some(Span::default())),
            ("\"\"", Some(Span { start: 1, end: 1 })),
            (r#""a\n""#, None),
            (r#""a" "b""#, None),
            ("1", None),
        ] {
            let index = index(value.as_bytes()).unwrap();
            let window = Window {
                text: value.as_bytes(),
                index: &index,
            };
            let end = value.len() as u32;
            assert_eq!(
                window.plain_text(Span { start: 0, end }),
                expected,
                "{value}"
            );
        }
    }
}
