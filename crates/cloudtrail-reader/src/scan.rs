//! A cursor over JSON text that skips values as fast as it can and still reads them as strictly as `serde_json` does.
//!
//! Skipping checks everything that `serde_json` checks of a value it ignores: the grammar, literals, numbers, escapes,
//! control characters, and that the text is UTF-8. Where anything is wrong the cursor only says so ([`Irregular`]): the
//! plain reader then reads the object again and tells what.

use std::ops::Range;

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

/// Deeper nesting is left to the plain reader.
const DEEPEST: u32 = 64;

/// The bytes that are looked at ahead of the cursor, so few that they stay in the processor's nearest memory.
const AHEAD: usize = 16 << 10;

/// Where the next special byte stands at a place or after it, as far as the text was looked at.
#[inline(always)]
fn next_special(specials: &[u64], at: usize) -> Option<usize> {
    let (block, bit) = (at / BLOCK, (at % BLOCK) as u32);
    // The 64 bytes from here on, wherever a block ends: most strings do before that, and nothing has to be guessed.
    let [this, next] = specials.get(block..)?.first_chunk()?;
    let ahead = this >> bit | (next << 1) << (63 - bit);
    if ahead != 0 {
        return Some(at + ahead.trailing_zeros() as usize);
    }
    far_special(specials, block + 1)
}

/// The first special byte in a block or after it.
#[inline(never)]
fn far_special(specials: &[u64], block: usize) -> Option<usize> {
    let blocks = specials.get(block..)?;
    let (after, ahead) = (blocks.iter().enumerate()).find(|(_, ahead)| **ahead != 0)?;
    Some((block + after) * BLOCK + ahead.trailing_zeros() as usize)
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

    /// Goes back to where it was.
    pub(crate) fn go_back(&mut self, at: usize) {
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
        let end = next_special(self.specials, self.at)?;
        let text = self.bytes.get(self.at..end)?;
        if self.bytes.get(end) != Some(&b'"') {
            return None;
        }
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
    fn skip_string_tail(&mut self) -> Result<(), Irregular> {
        let start = self.at;
        self.go_to_special();
        if self.byte() == Some(b'"') {
            self.at += 1;
            return Ok(());
        }
        self.uncommon_string(start).map(drop)
    }

    /// The rest of a string with escapes, characters beyond ASCII, or so near the end of the text that no block is left.
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

    /// Goes past a key and its colon.
    #[inline(always)]
    fn key(&mut self) -> Result<(), Irregular> {
        self.expect(b'"')?;
        self.skip_string_tail()?;
        self.expect(b':')
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

    /// Goes past an object or a list, without recursion. Each bit of `objects` is a level: set for an object.
    fn skip_nested(&mut self) -> Result<(), Irregular> {
        let (mut depth, mut objects) = (0_u32, 0_u64);
        loop {
            if objects & 1 == 1 {
                self.skip_text_members();
            }
            // A value.
            match self.peek().ok_or(Irregular)? {
                b'"' => {
                    self.at += 1;
                    self.skip_string_tail()?;
                }
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    let is_object = open == b'{';
                    let close = if is_object { b'}' } else { b']' };
                    if self.peek() == Some(close) {
                        self.at += 1;
                        if depth == 0 {
                            return Ok(());
                        }
                    } else {
                        if depth == DEEPEST {
                            return Err(Irregular);
                        }
                        depth += 1;
                        objects = objects << 1 | u64::from(is_object);
                        if is_object {
                            self.key()?;
                        }
                        continue;
                    }
                }
                byte => self.skip_scalar(byte)?,
            }
            // What follows a value.
            loop {
                let is_object = objects & 1 == 1;
                match self.peek().ok_or(Irregular)? {
                    b',' => {
                        self.at += 1;
                        if is_object {
                            self.key()?;
                        }
                        break;
                    }
                    b'}' if is_object => {}
                    b']' if !is_object => {}
                    _ => return Err(Irregular),
                }
                self.at += 1;
                depth -= 1;
                objects >>= 1;
                if depth == 0 {
                    return Ok(());
                }
            }
        }
    }

    /// In an object, at a value: goes past members as long as their values are texts with nothing special in them or in
    /// the next key, as most are, and stops at a value.
    #[inline(always)]
    fn skip_text_members(&mut self) {
        let (bytes, specials) = (self.bytes, self.specials.as_slice());
        let mut at = self.at;
        while bytes.get(at) == Some(&b'"') {
            let Some(value_end) = next_special(specials, at + 1) else {
                break;
            };
            let Some([b'"', b',', b'"']) = bytes.get(value_end..value_end + 3) else {
                break;
            };
            let Some(key_end) = next_special(specials, value_end + 3) else {
                break;
            };
            let Some([b'"', b':']) = bytes.get(key_end..key_end + 2) else {
                break;
            };
            at = key_end + 2;
        }
        self.at = at;
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

    fn skip_number(&mut self) -> Result<(), Irregular> {
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
