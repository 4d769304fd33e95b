//! Stage 2: finds the members of an object by the colons that are its own. Nested objects and lists are jumped over.

use super::index::{Index, Irregular};
use super::keys::{Found, Keys, NUMBERS, OTHER, trimmed_end};

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

/// The deepest nesting in which lists are followed.
const DEEPEST: u32 = 64;
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
    pub(super) fn members(&self, text: &[u8], keys: &Keys) -> Option<Values> {
        let colons = self.colons.get(..self.count)?;
        if colons.is_empty() && self.place.end - self.place.start > 2 || self.count > MOST_COLONS {
            return None;
        }
        let mut values = [Span::default(); NUMBERS];
        let (mut first, mut last) = (self.place.end, OTHER);
        let (mut seen, mut twice) = (0_u32, 0_u32);
        for colon in colons {
            let Found { number, separator } = keys.find(text, *colon as usize)?;
            first = first.min(separator);
            if let Some(value) = values.get_mut(usize::from(last)) {
                value.end = separator;
            }
            if let Some(value) = values.get_mut(usize::from(number)) {
                value.start = colon + 1;
            }
            last = number;
            let bit = 1 << number;
            twice |= seen & bit;
            seen |= bit;
        }
        if let Some(value) = values.get_mut(usize::from(last)) {
            value.end = self.place.end - 1;
        }
        // Before the first key there must be the opening bracket, not a comma; and of keys that count only one each.
        let is_sound =
            twice & !(1 << OTHER) == 0 && (first == self.place.start || colons.is_empty());
        is_sound.then_some(values)
    }
}

/// The values of an object's members, by the numbers of their keys. A value is everything from its colon to the comma before the
/// next key or to the closing bracket. Absent values are empty spans.
pub(super) type Values = [Span; NUMBERS];

/// A record, its `userIdentity`, and the `sessionContext` of that.
#[derive(Debug)]
pub(super) struct Objects([Object; 3]);

/// The keys of the second and third.
const KEYS: [&[u8]; 2] = [b"\"userIdentity\":", b"\"sessionContext\":"];

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
            } else if KEYS.get(level).is_some_and(|key| is_after(text, at, key)) {
                level += 1;
                object.count = count;
                object = objects.get_mut(level).ok_or(Irregular)?;
                object.place.start = at as u32;
                count = 0;
            } else {
                match window.skip(at)? {
                    Some(close) => at = close,
                    None => return Ok(None),
                }
            }
            place = index.place(at + 1);
        }
    }
}

/// Whether a value comes after this key.
#[inline(always)]
fn is_after(text: &[u8], at: usize, key: &[u8]) -> bool {
    text.get(..at)
        .is_some_and(|before| before.ends_with(key) || trimmed_end(before).ends_with(key))
}

impl Window<'_> {
    /// Finds the bracket that closes the one that is here. `None` if that is beyond the window.
    #[inline(always)]
    fn skip(self, open: usize) -> Result<Option<usize>, Irregular> {
        let Window { text, index } = self;
        let mut place = index.place(open + 1);
        let (mut depth, mut square) = (1, 0);
        if text.get(open) == Some(&b'[') {
            square = 1;
        }
        loop {
            let Some(block) = index.block(place.block) else {
                return Ok(None);
            };
            let opening = block.opening & place.bits;
            let mut closing = block.closing & place.bits;
            // Only then can it be in this block.
            if closing.count_ones() >= depth {
                let mut closed = 0;
                while closing != 0 {
                    let bit = closing & closing.wrapping_neg();
                    closed += 1;
                    if depth + (opening & (bit - 1)).count_ones() == closed {
                        let close = index.position(place.block, bit);
                        square |= block.square & place.bits & (bit | (bit - 1));
                        // Only lists make it possible that brackets are balanced and do not match.
                        if square != 0 {
                            self.check_kinds(open, close)?;
                        }
                        return Ok(Some(close));
                    }
                    closing ^= bit;
                }
            }
            depth += opening.count_ones();
            depth -= (block.closing & place.bits).count_ones();
            square |= block.square & place.bits;
            place = place.next();
        }
    }

    /// Checks that every bracket is closed by one of its kind, where they are known to be balanced.
    #[inline(always)]
    fn check_kinds(self, open: usize, close: usize) -> Result<(), Irregular> {
        let index = self.index;
        let mut place = index.place(open);
        let last = index.place(close);
        // The kinds of the brackets that are open, the innermost in the last bit.
        let (mut kinds, mut depth) = (0_u64, 0_u32);
        let mut mismatches = 0;
        while let Some(block) = index.block(place.block) {
            let mut brackets = (block.opening | block.closing) & place.bits;
            if place.block == last.block {
                // Up to the one that closes.
                brackets &= !(last.bits << 1);
            }
            while brackets != 0 {
                let bit = brackets & brackets.wrapping_neg();
                let kind = u64::from(block.square & bit != 0);
                if block.opening & bit != 0 {
                    kinds = kinds << 1 | kind;
                    depth += 1;
                    if depth > DEEPEST {
                        return Err(Irregular);
                    }
                } else {
                    mismatches |= (kinds ^ kind) & 1;
                    kinds >>= 1;
                    depth -= 1;
                }
                brackets ^= bit;
            }
            if place.block == last.block {
                break;
            }
            place = place.next();
        }
        if mismatches == 0 {
            Ok(())
        } else {
            Err(Irregular)
        }
    }

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
