//! Finds the bytes of a text that end a JSON string or need a second look: quotes, backslashes, control characters, and what
//! is beyond ASCII.

use std::sync::LazyLock;

use fearless_simd::{Level, Simd, dispatch, i8x64, prelude::*};

/// The bytes that one word tells of.
pub(crate) const BLOCK: usize = 64;

/// What registers this processor has.
static LEVEL: LazyLock<Level> = LazyLock::new(Level::new);

/// Adds a word for every block of the text, with a bit for every byte that is special. Of a last block that is not full, the
/// bytes that are not there are special.
pub(crate) fn find(text: &[u8], specials: &mut Vec<u64>) {
    dispatch!(*LEVEL, simd => find_with(simd, text, specials));
}

#[inline(always)]
fn find_with<S: Simd>(simd: S, text: &[u8], specials: &mut Vec<u64>) {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    let start = specials.len();
    specials.resize(start + blocks.len(), 0);
    let words = specials.get_mut(start..).unwrap_or_default();
    for (word, block) in words.iter_mut().zip(blocks) {
        *word = specials_of(simd, *block);
    }
    if !rest.is_empty() {
        let mut block = [0; BLOCK];
        for (byte, known) in block.iter_mut().zip(rest) {
            *byte = *known;
        }
        specials.push(specials_of(simd, block));
    }
}

#[inline(always)]
fn specials_of<S: Simd>(simd: S, block: [u8; BLOCK]) -> u64 {
    let bytes: i8x64<S> = bytemuck::cast::<_, [i8; BLOCK]>(block).simd_into(simd);
    let quotes = bytes.simd_eq(i8x64::splat(simd, b'"' as i8));
    let backslashes = bytes.simd_eq(i8x64::splat(simd, b'\\' as i8));
    // As signed bytes, what is beyond ASCII is less than zero.
    let others = bytes.simd_lt(i8x64::splat(simd, b' ' as i8));
    (quotes | backslashes | others).to_bitmask()
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
