//! Stage 2: finds the members of an object by the colons that are its own. Nested objects and lists are jumped over.

use std::ops::Range;

use super::Irregular;
use super::index::Index;
use super::keys::{Keys, trimmed_end};

/// Where something stands in the text. Texts of more than 4 GiB are left to the reference parser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self {
            start: start as u32,
            end: end as u32,
        }
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    #[inline(always)]
    pub(super) fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.range()).unwrap_or_default()
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
const AT_ONCE: usize = 4;

/// Where an object's own colons stand.
#[derive(Debug)]
pub(super) struct Colons {
    positions: [u32; MOST_COLONS + AT_ONCE],
    count: usize,
}

impl Default for Colons {
    fn default() -> Self {
        Self {
            positions: [0; MOST_COLONS + AT_ONCE],
            count: 0,
        }
    }
}

impl Colons {
    /// The positions; `None` if there are too many.
    #[inline(always)]
    fn get(&self) -> Option<&[u32]> {
        (self.positions.get(..self.count)).filter(|_| self.count <= MOST_COLONS)
    }

    /// Adds the colons of a block. Of the first few, those that are not there are written as well: this costs less than
    /// branches that are hard to predict.
    #[inline(always)]
    fn push(&mut self, start: usize, mut colons: u64) {
        let count = colons.count_ones() as usize;
        let mut rest = self.positions.get_mut(self.count..).unwrap_or_default();
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
        self.count += count;
    }
}

/// Finds where the object that opens here closes, and the colons that are its own. `None` if that is beyond the window.
#[inline(always)]
pub(super) fn object(
    index: &Index,
    text: &[u8],
    open: usize,
    colons: &mut Colons,
) -> Result<Option<usize>, Irregular> {
    colons.count = 0;
    let mut place = index.place(open + 1);
    loop {
        let Some(block) = index.block(place.block) else {
            return Ok(None);
        };
        let brackets = (block.opening | block.closing) & place.bits;
        let before_bracket = brackets.wrapping_sub(1) & !brackets;
        let own = block.colons & place.bits & before_bracket;
        colons.push(index.position(place.block, 1), own);
        if brackets == 0 {
            place = place.next();
            continue;
        }
        let at = index.position(place.block, brackets);
        if block.closing & brackets & brackets.wrapping_neg() != 0 {
            let is_object = text.get(at) == Some(&b'}');
            return if is_object {
                Ok(Some(at))
            } else {
                Err(Irregular)
            };
        }
        match skip(index, text, at)? {
            Some(close) => place = index.place(close + 1),
            None => return Ok(None),
        }
    }
}

/// Finds the bracket that closes the one that is here. `None` if that is beyond the window.
#[inline(always)]
fn skip(index: &Index, text: &[u8], open: usize) -> Result<Option<usize>, Irregular> {
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
                        check_kinds(index, open, close)?;
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

/// The deepest nesting in which lists are followed.
const DEEPEST: u32 = 64;

/// Checks that every bracket is closed by one of its kind, where they are known to be balanced.
#[inline(always)]
fn check_kinds(index: &Index, open: usize, close: usize) -> Result<(), Irregular> {
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

/// The values of an object's members, by the number of their keys. A value is everything from its colon to the comma before
/// the next key or to the closing bracket. Absent values are empty spans.
pub(super) type Values<const N: usize> = [Span; N];

/// Finds the values of an object whose own colons were found. The last number is that of all keys that do not count. `None` if
/// the object must be left to the reference parser.
#[inline(always)]
pub(super) fn members<const N: usize, const KEYS: usize>(
    text: &[u8],
    object: Span,
    colons: &Colons,
    keys: &Keys<KEYS>,
) -> Option<Values<N>> {
    let mut values = [Span::default(); N];
    let mut last = N - 1;
    let (mut seen, mut twice) = (0_u32, 0);
    for (position, colon) in colons.get()?.iter().enumerate() {
        let found = keys.find(text, *colon as usize)?;
        let is_first = position == 0;
        let follows = if is_first {
            found.separator == object.start as usize
        } else {
            text.get(found.separator) == Some(&b',')
        };
        if !follows {
            return None;
        }
        if let Some(value) = values.get_mut(last) {
            value.end = found.separator as u32;
        }
        last = usize::from(found.number);
        let bit = 1_u32 << found.number;
        twice |= seen & bit;
        seen |= bit;
        if let Some(value) = values.get_mut(last) {
            value.start = colon + 1;
        }
    }
    values.get_mut(last)?.end = object.end - 1;
    let counted = (1 << (N - 1)) - 1;
    (twice & counted == 0 && seen != 0).then_some(values)
}

/// Finds the values of the object that a value is, and where it stands. `None` if it is something else, or must be left to the
/// reference parser.
#[inline(always)]
pub(super) fn value_members<const N: usize, const KEYS: usize>(
    index: &Index,
    text: &[u8],
    value: Span,
    colons: &mut Colons,
    keys: &Keys<KEYS>,
) -> Result<Option<(Span, Values<N>)>, Irregular> {
    let mut value = value;
    if text.get(value.start as usize) != Some(&b'{') {
        value = value.trimmed(text);
        if text.get(value.start as usize) != Some(&b'{') {
            return Ok(None);
        }
    }
    match object(index, text, value.start as usize, colons)? {
        Some(close) if close + 1 == value.end as usize => {
            Ok(members(text, value, colons, keys).map(|values| (value, values)))
        }
        _ => Ok(None),
    }
}

/// The text that a value is, without its quotes, if it has neither escapes nor is anything else than a text or null. Of a null
/// and an absent value, an empty span at 0.
#[inline(always)]
pub(super) fn plain_text(index: &Index, text: &[u8], value: Span) -> Option<Span> {
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
