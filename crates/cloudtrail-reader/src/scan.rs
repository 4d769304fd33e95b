//! A cursor over JSON text that skips values as fast as it can and still reads them as strictly as `serde_json` does.
//!
//! Skipping checks everything that `serde_json` checks of a value it ignores: the grammar, literals, numbers, escapes,
//! control characters, and that the text is UTF-8. Where anything is wrong the cursor only says so ([`Irregular`]): the
//! plain reader then reads the object again and tells what.

use std::ops::Range;

use crate::nesting::{Expected, Nesting};
use crate::special_bytes::{self, BLOCK};

/// The text is no JSON, or not of the kind that the fast path reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Irregular;

/// A string as it stands between its quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RawText<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) has_escapes: bool,
}

/// The bytes that are looked at ahead of the cursor, so few that they stay in the processor's nearest memory.
const AHEAD: usize = 16 << 10;

/// The special bytes among the 64 from a place on, wherever blocks end, if they were looked at.
#[inline(always)]
fn specials_from(specials: &[u64], at: usize) -> Option<u64> {
    let (block, bit) = (at / BLOCK, (at % BLOCK) as u32);
    let [this, next] = specials.get(block..)?.first_chunk()?;
    Some(this >> bit | (next << 1) << (63 - bit))
}

/// Where the next special byte stands at a place or after it, as far as the text was looked at.
#[inline(always)]
fn next_special(specials: &[u64], at: usize) -> Option<usize> {
    let ahead = specials_from(specials, at)?;
    if ahead != 0 {
        return Some(at + ahead.trailing_zeros() as usize);
    }
    far_special(specials, at / BLOCK + 1)
}

/// The first special byte in a block or after it.
#[inline(never)]
fn far_special(specials: &[u64], block: usize) -> Option<usize> {
    let blocks = specials.get(block..)?;
    let (after, ahead) = (blocks.iter().enumerate()).find(|(_, ahead)| **ahead != 0)?;
    Some((block + after) * BLOCK + ahead.trailing_zeros() as usize)
}

/// Where a string whose opening quote was passed has its closing quote, if nothing in it is special.
#[inline(always)]
pub(crate) fn end_of_plain_string(bytes: &[u8], specials: &[u64], at: usize) -> Option<usize> {
    let end = next_special(specials, at)?;
    (bytes.get(end) == Some(&b'"')).then_some(end)
}

/// A text, and the special bytes of its start: a word for every block of 64 bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) specials: &'a [u64],
}

#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The special bytes of the text so far: a word for every block of 64 bytes.
    specials: &'a mut Vec<u64>,
}

impl<'a> Cursor<'a> {
    /// At the start of a text. The buffer is for the cursor's own use.
    pub(crate) fn new(bytes: &'a [u8], specials: &'a mut Vec<u64>) -> Self {
        specials.clear();
        specials.reserve(bytes.len() / BLOCK + 3);
        Self {
            bytes,
            at: 0,
            specials,
        }
    }

    pub(crate) fn at(&self) -> usize {
        self.at
    }

    pub(crate) fn slice(&self, range: Range<usize>) -> &'a [u8] {
        self.bytes.get(range).unwrap_or_default()
    }

    /// The text, as far as it was looked at.
    #[inline(always)]
    pub(crate) fn text(&self) -> Text<'_> {
        Text {
            bytes: self.bytes,
            specials: self.specials,
        }
    }

    /// The text from here on.
    #[inline]
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    #[inline]
    fn byte(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    /// The next byte that is no white space.
    #[inline(always)]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        match self.byte() {
            Some(byte) if byte > b' ' => Some(byte),
            _ => self.peek_after_space(),
        }
    }

    #[cold]
    fn peek_after_space(&mut self) -> Option<u8> {
        while let Some(byte) = self.byte() {
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
        None
    }

    /// Goes to a place.
    pub(crate) fn go_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Goes past a byte that was looked at.
    #[inline]
    pub(crate) fn advance(&mut self, bytes: usize) {
        self.at += bytes;
    }

    /// Goes past white space and this byte, which must follow.
    #[inline(always)]
    pub(crate) fn expect(&mut self, wanted: u8) -> Result<(), Irregular> {
        if self.peek() != Some(wanted) {
            return Err(Irregular);
        }
        self.at += 1;
        Ok(())
    }

    /// Whether these bytes follow just here; goes past them if so.
    #[inline]
    pub(crate) fn take(&mut self, wanted: &[u8]) -> bool {
        let follows = self.rest().starts_with(wanted);
        if follows {
            self.at += wanted.len();
        }
        follows
    }

    /// A string whose opening quote is next.
    #[inline]
    pub(crate) fn string(&mut self) -> Result<RawText<'a>, Irregular> {
        self.expect(b'"')?;
        self.string_tail()
    }

    /// Goes to the next byte that ends a string or needs a second look: a quote, a backslash, a control character, or what
    /// is beyond ASCII. The end of the text is one, too.
    #[inline(always)]
    fn go_to_special(&mut self) {
        self.at = match next_special(self.specials, self.at) {
            Some(at) => at,
            None => self.look_for_special(),
        };
    }

    /// The next special byte, some way ahead of what was looked at or just at its end.
    #[cold]
    #[inline(never)]
    fn look_for_special(&mut self) -> usize {
        let mut block = self.at / BLOCK;
        let mut passed = u64::MAX << (self.at % BLOCK);
        loop {
            let Some(specials) = self.specials.get(block) else {
                self.look_ahead();
                continue;
            };
            let ahead = specials & passed;
            if ahead != 0 {
                return block * BLOCK + ahead.trailing_zeros() as usize;
            }
            passed = u64::MAX;
            block += 1;
        }
    }

    /// Finds the special bytes of the text that comes next. Beyond its end, all are.
    fn look_ahead(&mut self) {
        let start = self.specials.len() * BLOCK;
        let ahead = self.bytes.get(start..).unwrap_or_default();
        match ahead.get(..AHEAD) {
            Some(ahead) => special_bytes::find(ahead, self.specials),
            None => {
                special_bytes::find(ahead, self.specials);
                // Two, as two are always looked at.
                self.specials.extend([u64::MAX; 2]);
            }
        }
    }

    /// A string whose opening quote was passed, if nothing in it is special; else the cursor stays.
    #[inline(always)]
    pub(crate) fn plain_string_tail(&mut self) -> Option<&'a [u8]> {
        let end = end_of_plain_string(self.bytes, self.specials, self.at)?;
        let text = self.bytes.get(self.at..end)?;
        self.at = end + 1;
        Some(text)
    }

    /// A string whose opening quote was passed.
    pub(crate) fn string_tail(&mut self) -> Result<RawText<'a>, Irregular> {
        let start = self.at;
        self.go_to_special();
        if self.byte() == Some(b'"') {
            let bytes = self.slice(start..self.at);
            self.at += 1;
            return Ok(RawText {
                bytes,
                has_escapes: false,
            });
        }
        self.uncommon_string(start)
    }

    /// Goes past a string whose opening quote was passed.
    #[inline(always)]
    pub(crate) fn skip_string_tail(&mut self) -> Result<(), Irregular> {
        let start = self.at;
        self.go_to_special();
        if self.byte() == Some(b'"') {
            self.at += 1;
            return Ok(());
        }
        self.uncommon_string(start).map(drop)
    }

    /// The rest of a string with escapes or characters beyond ASCII, or without an end.
    #[cold]
    #[inline(never)]
    fn uncommon_string(&mut self, start: usize) -> Result<RawText<'a>, Irregular> {
        let (mut has_escapes, mut is_ascii) = (false, true);
        loop {
            self.go_to_special();
            match self.byte().ok_or(Irregular)? {
                b'"' => {
                    let bytes = self.slice(start..self.at);
                    self.at += 1;
                    if !is_ascii && std::str::from_utf8(bytes).is_err() {
                        return Err(Irregular);
                    }
                    return Ok(RawText { bytes, has_escapes });
                }
                b'\\' => {
                    has_escapes = true;
                    self.at += 1;
                    match self.byte() {
                        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => {
                            self.at += 1;
                        }
                        Some(b'u') => {
                            let digits = self.bytes.get(self.at + 1..self.at + 5);
                            if !digits
                                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
                            {
                                return Err(Irregular);
                            }
                            self.at += 5;
                        }
                        _ => return Err(Irregular),
                    }
                }
                0..0x20 => return Err(Irregular),
                byte => {
                    is_ascii &= byte.is_ascii();
                    self.at += 1;
                }
            }
        }
    }

    /// Goes past a value of any kind.
    pub(crate) fn skip_value(&mut self) -> Result<(), Irregular> {
        match self.peek().ok_or(Irregular)? {
            b'"' => {
                self.at += 1;
                self.skip_string_tail()
            }
            b'{' | b'[' => self.skip_nested(),
            byte => self.skip_scalar(byte),
        }
    }

    /// Goes past an object or a list, without recursion.
    fn skip_nested(&mut self) -> Result<(), Irregular> {
        let mut nesting = Nesting::START;
        loop {
            match nesting.expected() {
                Expected::Value => nesting = self.open_or_skip(nesting)?,
                Expected::Key => {
                    self.expect(b'"')?;
                    self.skip_string_tail()?;
                    self.expect(b':')?;
                    nesting = nesting.expecting(Expected::Value);
                }
                Expected::AfterValue => nesting = self.end_of_value(nesting)?,
            }
            if nesting.depth() == 0 {
                return Ok(());
            }
        }
    }

    /// Goes past a value's opening bracket, or past the value if it has none or nothing inside.
    pub(crate) fn open_or_skip(&mut self, nesting: Nesting) -> Result<Nesting, Irregular> {
        match self.peek().ok_or(Irregular)? {
            b'"' => {
                self.at += 1;
                self.skip_string_tail()?;
            }
            open @ (b'{' | b'[') => {
                self.at += 1;
                let is_object = open == b'{';
                let opened = nesting.opened(is_object).ok_or(Irregular)?;
                let close = if is_object { b'}' } else { b']' };
                if self.peek() != Some(close) {
                    return Ok(opened);
                }
                self.at += 1;
            }
            byte => self.skip_scalar(byte)?,
        }
        Ok(nesting.expecting(Expected::AfterValue))
    }

    /// Goes past the comma or the closing bracket after a value.
    pub(crate) fn end_of_value(&mut self, nesting: Nesting) -> Result<Nesting, Irregular> {
        let nesting = match self.peek() {
            Some(b',') => nesting.next(),
            Some(b'}') if nesting.is_object() => nesting.closed(),
            Some(b']') if !nesting.is_object() => nesting.closed(),
            _ => return Err(Irregular),
        };
        self.at += 1;
        Ok(nesting)
    }

    fn skip_scalar(&mut self, first: u8) -> Result<(), Irregular> {
        let is_literal = match first {
            b't' => self.take(b"true"),
            b'f' => self.take(b"false"),
            b'n' => self.take(b"null"),
            _ => return self.skip_number(),
        };
        if is_literal { Ok(()) } else { Err(Irregular) }
    }

    /// Goes past a number.
    pub(crate) fn skip_number(&mut self) -> Result<(), Irregular> {
        if self.byte() == Some(b'-') {
            self.at += 1;
        }
        if self.byte() == Some(b'0') {
            self.at += 1;
        } else {
            self.skip_digits()?;
        }
        if self.byte() == Some(b'.') {
            self.at += 1;
            self.skip_digits()?;
        }
        if matches!(self.byte(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.byte(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.skip_digits()?;
        }
        Ok(())
    }

    /// One digit or more.
    fn skip_digits(&mut self) -> Result<(), Irregular> {
        let start = self.at;
        while self.byte().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        if self.at > start {
            Ok(())
        } else {
            Err(Irregular)
        }
    }
}
