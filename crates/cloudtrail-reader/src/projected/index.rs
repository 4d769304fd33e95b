//! Stage 1: bitmaps of quotes and brackets, one bit for each byte of a 64-byte block.
//!
//! The text is indexed once, from its start to its end, in a window that slides along. Strings are checked on the way: their
//! escapes, control characters in them, and that the text is UTF-8. What is outside of strings is left to stage 2.

use fearless_simd::{Simd, i8x64, prelude::*, u64x8};

/// The object must be left to the reference parser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Irregular;

/// Bytes of a block.
const BLOCK: usize = 64;
/// Blocks that are indexed together.
const GROUP: usize = 32;
/// Bitmaps that a register has.
const LANES: usize = 8;

/// A block's bitmaps. Brackets in strings are left out.
#[derive(Clone, Copy, Debug, Default)]
struct Block {
    /// `{` and `[`.
    opening: u64,
    /// `}` and `]`.
    closing: u64,
    /// Quotes and backslashes, wherever they are.
    special: u64,
}

/// The bitmaps of a window of the text.
#[derive(Debug, Default)]
pub(super) struct Index {
    blocks: Vec<Block>,
    /// Where the window starts: a multiple of [`BLOCK`].
    start: usize,
    scan: Scan,
}

/// What the blocks before a block tell about it.
#[derive(Clone, Copy, Debug, Default)]
struct Scan {
    /// All ones if the block starts in a string.
    in_string: u64,
    /// 1 if the first byte of the block is escaped.
    escaped: u64,
    /// Up to where the text is known to be UTF-8, if that is past the last block.
    checked: usize,
}

impl Index {
    /// Starts a new text.
    pub(super) fn clear(&mut self) {
        self.blocks.clear();
        self.start = 0;
        self.scan = Scan::default();
    }

    /// Gives back the memory of an unusually large window.
    pub(super) fn shrink(&mut self, blocks: usize) {
        self.blocks.clear();
        self.blocks.shrink_to(blocks);
    }

    /// Moves the start of the window to the block that has this byte of it.
    pub(super) fn slide(&mut self, to: usize) {
        let passed = self.number_of(to).min(self.blocks.len());
        self.blocks.drain(..passed);
        self.start += passed * BLOCK;
    }

    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Whether the window reaches the end of the text.
    pub(super) fn is_at_end_of(&self, text: &[u8]) -> bool {
        self.end() >= text.len()
    }

    fn end(&self) -> usize {
        self.start + self.blocks.len() * BLOCK
    }

    #[inline(always)]
    fn block(&self, number: usize) -> Option<&Block> {
        self.blocks.get(number)
    }

    /// The number of the block that has this byte.
    #[inline(always)]
    fn number_of(&self, at: usize) -> usize {
        at.wrapping_sub(self.start) / BLOCK
    }

    /// Which of the next 64 bytes are quotes and backslashes. `None` beyond the window.
    #[inline(always)]
    fn specials(&self, at: usize) -> Option<u64> {
        let number = self.number_of(at);
        let block = self.block(number)?;
        let after = self.block(number + 1).map_or(0, |after| after.special);
        // Wherever a block ends in them: a branch would be hard to predict.
        let shift = at % BLOCK;
        Some(block.special >> shift | after << 1 << (BLOCK - 1 - shift))
    }

    /// Whether the first quote or backslash is so many bytes from here, at most 63.
    #[inline(always)]
    pub(super) fn is_next_special(&self, at: usize, distance: u8) -> bool {
        let there = 1 << (distance % 64);
        self.specials(at)
            .is_some_and(|next| next & (there | (there - 1)) == there)
    }

    /// Where the first quote or backslash is, here or later. `None` if that is beyond the window.
    #[inline(always)]
    pub(super) fn next_special(&self, mut at: usize) -> Option<usize> {
        loop {
            let next = self.specials(at)?;
            if next != 0 {
                return Some(at + next.trailing_zeros() as usize);
            }
            at += BLOCK;
        }
    }

    /// Finds the bracket that closes the one that is here, whatever their kinds. `None` if that is beyond the window.
    #[inline(always)]
    pub(super) fn skip(&self, open: usize) -> Option<usize> {
        let mut number = self.number_of(open + 1);
        let mut bits = u64::MAX << ((open + 1) % BLOCK);
        let mut depth = 1;
        loop {
            let block = self.block(number)?;
            let (opening, closing) = (block.opening & bits, block.closing & bits);
            // Only then can it be in this block.
            if closing.count_ones() >= depth {
                let mut rest = closing;
                let mut closed = 0;
                while rest != 0 {
                    closed += 1;
                    let before = (rest - 1) & !rest;
                    if depth + (opening & before).count_ones() == closed {
                        let start = self.start + number * BLOCK;
                        return Some(start + rest.trailing_zeros() as usize);
                    }
                    rest &= rest - 1;
                }
            }
            depth = depth + opening.count_ones() - closing.count_ones();
            (number, bits) = (number + 1, u64::MAX);
        }
    }

    /// Indexes at least so many more blocks, or what is left.
    #[inline(always)]
    pub(super) fn extend<S: Simd>(
        &mut self,
        simd: S,
        text: &[u8],
        blocks: usize,
    ) -> Result<(), Irregular> {
        let rest = text.get(self.end()..).unwrap_or_default();
        let (groups, tail) = rest.as_chunks::<{ GROUP * BLOCK }>();
        let wanted = blocks.div_ceil(GROUP);
        for group in groups.iter().take(wanted) {
            self.read(simd, text, group)?;
        }
        if groups.len() < wanted && !tail.is_empty() {
            let mut last = [b' '; GROUP * BLOCK];
            if let Some(start) = last.get_mut(..tail.len()) {
                start.copy_from_slice(tail);
            }
            self.read(simd, text, &last)?;
        }
        Ok(())
    }

    /// Makes the bitmaps of the next blocks. Where strings are is worked out for eight of them in one register.
    #[inline(always)]
    fn read<S: Simd>(
        &mut self,
        simd: S,
        text: &[u8],
        group: &[u8; GROUP * BLOCK],
    ) -> Result<(), Irregular> {
        let group: &[[u8; BLOCK]; GROUP] = bytemuck::cast_ref(group);
        let start = self.end();
        let splat = |byte: u8| i8x64::splat(simd, byte as i8);
        let load = |block: &[u8; BLOCK]| -> i8x64<S> {
            bytemuck::cast::<_, [i8; BLOCK]>(*block).simd_into(simd)
        };
        let mut scan = self.scan;
        let known = self.blocks.len();
        self.blocks.resize(known + GROUP, Block::default());
        let blocks = self.blocks.get_mut(known..).unwrap_or_default();
        let mut marks = [Marks::default(); GROUP];
        let mut quotes = [[0; LANES]; GROUP / LANES];
        let all = blocks
            .iter_mut()
            .zip(&mut marks)
            .zip(quotes.as_flattened_mut());
        for (bytes, ((block, marks), quotes)) in group.iter().zip(all) {
            let bytes = load(bytes);
            // The two kinds of brackets differ in this bit.
            let curly = bytes | splat(0x20);
            block.opening = curly.simd_eq(splat(b'{')).to_bitmask();
            block.closing = curly.simd_eq(splat(b'}')).to_bitmask();
            // As signed bytes, what is beyond ASCII is less than zero.
            marks.unusual = bytes.simd_lt(splat(b' ')).to_bitmask();
            marks.backslashes = bytes.simd_eq(splat(b'\\')).to_bitmask();
            if marks.backslashes | scan.escaped != 0 {
                marks.escaped = scan.find_escaped(marks.backslashes);
            }
            let all_quotes = bytes.simd_eq(splat(b'"')).to_bitmask();
            block.special = all_quotes | marks.backslashes;
            *quotes = all_quotes & !marks.escaped;
        }
        // In every bit, whether the number of quotes up to it is odd.
        for bits in &mut quotes {
            let mut odd: u64x8<S> = (*bits).simd_into(simd);
            for shift in [1, 2, 4, 8, 16, 32] {
                odd ^= odd << shift;
            }
            *bits = odd.into();
        }
        let all = blocks.iter_mut().zip(&marks).zip(quotes.as_flattened());
        for (number, (bytes, ((block, marks), odd))) in group.iter().zip(all).enumerate() {
            let inside = odd ^ scan.in_string;
            scan.in_string = (inside.cast_signed() >> 63).cast_unsigned();
            block.opening &= !inside;
            block.closing &= !inside;
            let start = start + number * BLOCK;
            let unknown_escapes = marks.escaped & !block.special;
            if marks.backslashes & !inside != 0 {
                return Err(Irregular);
            }
            if unknown_escapes != 0 {
                check_escapes(text, start, unknown_escapes)?;
            }
            if marks.unusual != 0 {
                let beyond_ascii = load(bytes).simd_lt(splat(0)).to_bitmask();
                if marks.unusual & !beyond_ascii & inside != 0 {
                    return Err(Irregular);
                }
                if beyond_ascii != 0 {
                    scan.checked = check_utf8(text, start, scan.checked)?;
                }
            }
        }
        self.scan = scan;
        Ok(())
    }
}

/// What else is marked in a block, wherever it is.
#[derive(Clone, Copy, Default)]
struct Marks {
    backslashes: u64,
    /// Bytes after a backslash that escapes them.
    escaped: u64,
    /// Control characters and bytes beyond ASCII.
    unusual: u64,
}

impl Scan {
    /// The bytes that a backslash escapes: those after an odd number of backslashes. See Langdale and Lemire, "Parsing
    /// Gigabytes of JSON per Second", section 3.1.1.
    #[inline(always)]
    fn find_escaped(&mut self, backslashes: u64) -> u64 {
        const EVEN: u64 = 0x5555_5555_5555_5555;
        let backslashes = backslashes & !self.escaped;
        let after = backslashes << 1 | self.escaped;
        let odd_starts = backslashes & !EVEN & !after;
        let (from_even, overflow) = odd_starts.overflowing_add(backslashes);
        self.escaped = u64::from(overflow);
        (EVEN ^ from_even << 1) & after
    }
}

/// Checks escapes other than `\"` and `\\`, given where the bytes after the backslashes are.
#[cold]
#[inline(never)]
fn check_escapes(text: &[u8], start: usize, mut escaped: u64) -> Result<(), Irregular> {
    while escaped != 0 {
        let at = start + escaped.trailing_zeros() as usize;
        escaped &= escaped - 1;
        let is_sound = match text.get(at) {
            Some(b'/' | b'b' | b'f' | b'n' | b'r' | b't') => true,
            Some(b'u') => text
                .get(at + 1..at + 5)
                .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit)),
            _ => false,
        };
        if !is_sound {
            return Err(Irregular);
        }
    }
    Ok(())
}

/// Checks that a block is UTF-8, and the rest of a character that begins in it; returns up to where it checked.
#[cold]
#[inline(never)]
fn check_utf8(text: &[u8], start: usize, checked: usize) -> Result<usize, Irregular> {
    let start = start.max(checked);
    let mut end = (start / BLOCK + 1) * BLOCK;
    while text.get(end).is_some_and(|byte| byte & 0xc0 == 0x80) {
        end += 1;
    }
    let end = end.min(text.len());
    let bytes = text.get(start..end).unwrap_or_default();
    match std::str::from_utf8(bytes) {
        Ok(_) => Ok(end),
        Err(_) => Err(Irregular),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use fearless_simd::{Level, dispatch};

    use super::*;

    pub(crate) fn index(text: &[u8]) -> Result<Index, Irregular> {
        let mut index = Index::default();
        dispatch!(Level::new(), simd => index.extend(simd, text, usize::MAX))?;
        Ok(index)
    }

    /// A text at every place of a block.
    fn moved(text: &[u8]) -> impl Iterator<Item = (usize, Vec<u8>)> {
        (0..130).map(|by| (by, [" ".repeat(by).as_bytes(), text].concat()))
    }

    #[test]
    fn strings_are_told_from_structure() {
        let inner = r#"{"a:{\"[":["\\",{}],"\\\"]}é":":"}"#.as_bytes();
        for (by, text) in moved(inner) {
            let index = index(&text).unwrap();
            let places = |bits: fn(&Block) -> u64| -> Vec<usize> {
                (0..text.len())
                    .filter(|at| bits(&index.blocks[at / BLOCK]) >> (at % BLOCK) & 1 != 0)
                    .map(|at| at - by)
                    .collect()
            };
            assert_eq!(places(|block| block.opening), [0, 10, 16]);
            assert_eq!(places(|block| block.closing), [17, 18, 34]);
            assert_eq!(index.skip(by), Some(by + 34));
            assert_eq!(index.skip(by + 10), Some(by + 18));
            assert_eq!(index.next_special(by + 2), Some(by + 5));
            assert_eq!(index.next_special(by + 5), Some(by + 5));
            assert_eq!(index.next_special(by + 34), None);
            assert!(index.is_next_special(by + 2, 3));
            assert!(!index.is_next_special(by + 2, 4));
            assert!(!index.is_next_special(by + 2, 2));
            assert!(!index.is_next_special(text.len() + 64, 0));
        }
    }

    #[test]
    fn broken_strings_are_irregular() {
        for broken in [
            b"{\"a\nb\"}".as_slice(),
            b"{\"a\\x\"}",
            b"{\"a\\u12g4\"}",
            b"{\\}",
            b"{\"\xff\"}",
            b"{\"\xc3\"}",
        ] {
            for (by, text) in moved(broken) {
                assert_eq!(index(&text).err(), Some(Irregular), "{broken:?} at {by}");
            }
        }
    }

    #[test]
    fn what_closes_beyond_the_window_is_not_found() {
        let text = [b"[".repeat(200), b"]".repeat(199)].concat();
        let index = index(&text).unwrap();
        assert_eq!(index.skip(0), None);
        assert_eq!(index.skip(1), Some(398));
    }
}
