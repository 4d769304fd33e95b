//! Finds the bytes of a text that end a JSON string or need a second look: quotes, backslashes, control characters, and what
//! is beyond ASCII.
//!
//! The one place with `unsafe` in this crate: code for wider registers is chosen at run time. On CloudTrail's objects that
//! takes a quarter of the time of the baseline, which the tests hold it to.

use wide::i8x16;

/// The bytes that one word tells of.
pub(crate) const BLOCK: usize = 64;

/// Adds a word for every block of the text, with a bit for every byte that is special. Of a last block that is not full, the
/// bytes that are not there are special.
pub(crate) fn find(text: &[u8], specials: &mut Vec<u64>) {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512bw") {
        #[allow(unsafe_code, reason = "the feature was detected just now")]
        // SAFETY: the processor has the one feature that the function asks for.
        unsafe {
            return avx512::find(text, specials);
        }
    }
    find_plain(text, specials);
}

#[inline(always)]
fn blocks(text: &[u8], specials: &mut Vec<u64>, of: impl Fn(&[u8; BLOCK]) -> u64) {
    let (blocks, rest) = text.as_chunks::<BLOCK>();
    specials.extend(blocks.iter().map(&of));
    if !rest.is_empty() {
        let mut block = [0; BLOCK];
        for (byte, known) in block.iter_mut().zip(rest) {
            *byte = *known;
        }
        specials.push(of(&block));
    }
}

fn find_plain(text: &[u8], specials: &mut Vec<u64>) {
    blocks(text, specials, |block| {
        let quarters: [i8x16; 4] = bytemuck::cast(*block);
        quarters.into_iter().rev().fold(0, |specials, bytes| {
            let quotes = bytes.simd_eq(i8x16::splat(b'"' as i8));
            let backslashes = bytes.simd_eq(i8x16::splat(b'\\' as i8));
            // As signed bytes, what is beyond ASCII is less than zero.
            let others = bytes.simd_lt(i8x16::splat(b' ' as i8));
            specials << 16 | u64::from((quotes | backslashes | others).to_bitmask())
        })
    });
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use core::arch::x86_64::{
        __m512i, _mm512_cmpeq_epi8_mask, _mm512_cmplt_epi8_mask, _mm512_set1_epi8,
    };

    #[target_feature(enable = "avx512bw")]
    pub(super) fn find(text: &[u8], specials: &mut Vec<u64>) {
        super::blocks(text, specials, |block| {
            let bytes: __m512i = bytemuck::cast(*block);
            let quotes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'"' as i8));
            let backslashes = _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(b'\\' as i8));
            // As signed bytes, what is beyond ASCII is less than zero.
            let others = _mm512_cmplt_epi8_mask(bytes, _mm512_set1_epi8(b' ' as i8));
            quotes | backslashes | others
        });
    }
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
                for find in [find, find_plain] {
                    let mut specials = Vec::new();
                    find(&text, &mut specials);
                    assert_eq!(specials, expected(&text), "{byte} at {at}");
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn any_text_of_any_length(text in prop::collection::vec(any::<u8>(), 0..400)) {
            let (mut found, mut plain) = (vec![7], vec![7]);
            find(&text, &mut found);
            find_plain(&text, &mut plain);
            prop_assert_eq!(&found, &plain);
            prop_assert_eq!(&found[1..], expected(&text));
        }
    }
}
