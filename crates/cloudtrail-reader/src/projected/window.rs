//! The part of the text that is indexed, and places in it.

use super::index::Index;

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
}

/// Why the members of an object are not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// It reaches beyond the window.
    Beyond,
    /// It is left to the reference parser.
    Odd,
}

/// A value, and whether it is a string with escapes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value {
    pub(super) end: usize,
    pub(super) is_escaped: bool,
}

impl Value {
    #[inline(always)]
    pub(super) fn until(end: usize) -> Self {
        let is_escaped = false;
        Self { end, is_escaped }
    }
}

impl Window<'_> {
    /// The string that starts here. If it has the usual length, the processor goes on from its end without waiting for the index.
    /// With `userIdentity` walked once, this gains 3 to 5 % of the time with decompression: see `benches/RESULTS.md`.
    #[inline(always)]
    pub(super) fn string(self, start: usize, usual: u8) -> Result<Value, Stop> {
        let mut at = start + 1;
        if self.index.is_next_special(at, usual) && usual > 0 {
            let end = at + usize::from(usual);
            if self.text.get(end) == Some(&b'"') {
                return Ok(Value::until(end + 1));
            }
        }
        let mut is_escaped = false;
        loop {
            let special = self.index.next_special(at).ok_or(Stop::Beyond)?;
            if self.text.get(special) == Some(&b'"') {
                return Ok(Value {
                    end: special + 1,
                    is_escaped,
                });
            }
            is_escaped = true;
            at = special + 2;
        }
    }
}

#[inline(always)]
pub(super) fn skip_space(text: &[u8], mut at: usize) -> usize {
    while let Some(b' ' | b'\n' | b'\r' | b'\t') = text.get(at) {
        at += 1;
    }
    at
}
