//! Finds the bytes of a text that end a JSON string or need a second look: quotes, backslashes, control characters, and what
//! is beyond ASCII.
//!
//! In 16-byte registers, which every x86-64 and AArch64 processor has. In 64-byte ones it would take half the time, which
//! is a hundredth of what reading an object takes: not worth `unsafe`.

use wide::i8x16;

/// The bytes that one word tells of.
pub(crate) const BLOCK: usize = 64;

/// Adds a word for every block of the text, with a bit for every byte that is special. Of a last block that is not full, the
/// bytes that are not there are special.
pub(crate) fn find(text: &[u8], specials: &mut Vec<u64>) {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    specials.extend(blocks.iter().map(specials_of));
    if !rest.is_empty() {
        let mut block = [0; BLOCK];
        for (byte, known) in block.iter_mut().zip(rest) {
            *byte = *known;
        }
        specials.push(specials_of(&block));
    }
}

#[inline(always)]
fn specials_of(block: &[u8; BLOCK]) -> u64 {
    let quarters: [i8x16; 4] = bytemuck::cast(*block);
    quarters.into_iter().rev().fold(0, |specials, bytes| {
        let quotes = bytes.simd_eq(i8x16::splat(b'"' as i8));
        let backslashes = bytes.simd_eq(i8x16::splat(b'\\' as i8));
        // As signed bytes, what is beyond ASCII is less than zero.
        let others = bytes.simd_lt(i8x16::splat(b' ' as i8));
        specials << 16 | u64::from((quotes | backslashes | others).to_bitmask())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expected(text: &[u8]) -> Vec<u64> {
        let words = text.chunks(BLOCK).map(|block| {
            (0..BLOCK).fold(0, |word, at| {
                let is_special = match block.get(at) {
                    Some(byte) => matches!(byte, b'"' | b'\\' | 0..0x20 | 0x80..),
                    None => true,
                };
                word | u64::from(is_special) << at
            })
        });
        words.collect()
    }

    #[test]
    fn every_byte_at_every_place() {
        for byte in 0..=u8::MAX {
            for at in 0..BLOCK {
                let mut text = [b'a'; BLOCK];
                text[at] = byte;
                let mut specials = Vec::new();
                find(&text, &mut specials);
                assert_eq!(specials, expected(&text), "{byte} at {at}");
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_of_any_length(text in prop::collection::vec(any::<u8>(), 0..400)) {
            let mut found = vec![7];
            find(&text, &mut found);
            prop_assert_eq!(&found[1..], expected(&text));
        }
    }
}
