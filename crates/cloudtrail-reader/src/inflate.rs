//! Inflates gzip, told by its first bytes and not by a name.

use std::borrow::Cow;
use std::io::Read;

use flate2::bufread::GzDecoder;
use libdeflater::{DecompressionError, Decompressor};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// Compression method 8, the only one that gzip knows.
const DEFLATE: u8 = 8;
/// The least a gzip member takes: header and trailer.
const LEAST_MEMBER: usize = 18;

/// Why an object's bytes could not be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InflateError {
    #[error("the gzip data is damaged or cut short")]
    Damaged,
    #[error("more than {0} bytes, the limit for one object")]
    TooLarge(usize),
}

/// The bytes themselves, or what they inflate to; not more than `limit` bytes either way.
pub(crate) fn inflate(bytes: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, InflateError> {
    if !bytes.starts_with(&GZIP_MAGIC) {
        if bytes.len() > limit {
            return Err(InflateError::TooLarge(limit));
        }
        return Ok(Cow::Borrowed(bytes));
    }
    if bytes.len() < LEAST_MEMBER {
        return Err(InflateError::Damaged);
    }
    let (crc, size) = trailer(bytes);
    if (crc, size) == (0, 0) {
        // Zeros after the last member, or an empty one: the size is not known.
        return inflate_members(bytes, limit);
    }
    // A deflate stream is at most some 1032 times its size: a trailer that says more is lying.
    let most = bytes.len().saturating_mul(1_040).min(limit);
    let mut inflated = vec![0; (size as usize).clamp(1, most.max(1))];
    loop {
        match Decompressor::new().gzip_decompress(bytes, &mut inflated) {
            Ok(length) => {
                inflated.truncate(length);
                break;
            }
            Err(DecompressionError::InsufficientSpace) if inflated.len() < most => {
                inflated = vec![0; inflated.len().saturating_mul(4).min(most)];
            }
            Err(DecompressionError::InsufficientSpace) if most == limit => {
                return Err(InflateError::TooLarge(limit));
            }
            Err(_) => return Err(InflateError::Damaged),
        }
    }
    // libdeflate inflates the first member of several and says nothing of the others. Only when the
    // file ends with this member's trailer, and the trailer stands nowhere else, was it the only one.
    if u32::try_from(inflated.len() & 0xffff_ffff) == Ok(size)
        && libdeflater::crc32(&inflated) == crc
        && !trailer_recurs(bytes)
    {
        return Ok(Cow::Owned(inflated));
    }
    inflate_members(bytes, limit)
}

/// Whether the last member's trailer also ends a member before it: the same object twice, with
/// others between them or not, or with bytes between them that are no member.
fn trailer_recurs(bytes: &[u8]) -> bool {
    // Most objects have no second header; this looks at all bytes without a branch, and so fast.
    let [second, third] = [1, 2].map(|from| bytes.get(from..).unwrap_or_default());
    let headers = bytes
        .iter()
        .zip(second)
        .zip(third)
        .fold(0_u64, |found, ((a, b), c)| {
            found + u64::from((*a == GZIP_MAGIC[0]) & (*b == GZIP_MAGIC[1]) & (*c == DEFLATE))
        });
    let Some((before, trailer)) = bytes
        .split_last()
        .map(|(_, before)| before)
        .zip(bytes.last_chunk::<8>())
    else {
        return false;
    };
    headers > 1 && before.windows(8).any(|window| window == trailer)
}

/// One member after the other. Zeros after the last one are padding, as `gzip -d` has it: tapes and
/// block devices are filled up with them.
fn inflate_members(bytes: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, InflateError> {
    let mut inflated = Vec::new();
    let mut rest = bytes;
    loop {
        let left = limit.saturating_sub(inflated.len());
        let most = u64::try_from(left).unwrap_or(u64::MAX).saturating_add(1);
        let mut member = GzDecoder::new(rest);
        member
            .by_ref()
            .take(most)
            .read_to_end(&mut inflated)
            .map_err(|_| InflateError::Damaged)?;
        if inflated.len() > limit {
            return Err(InflateError::TooLarge(limit));
        }
        rest = member.into_inner();
        if rest.iter().all(|byte| *byte == 0) {
            return Ok(Cow::Owned(inflated));
        }
    }
}

/// The checksum and the size modulo 2^32 that the last member ends with.
fn trailer(bytes: &[u8]) -> (u32, u32) {
    let mut words = bytes
        .rchunks(4)
        .filter_map(|word| word.try_into().ok())
        .map(u32::from_le_bytes);
    let size = words.next().unwrap_or_default();
    (words.next().unwrap_or_default(), size)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn one_member_several_members_or_none() {
        let text = b"some text, some text, some text".repeat(50);
        assert_eq!(inflate(&text, 1 << 20).unwrap(), &*text);
        assert_eq!(inflate(&gzip(&text), 1 << 20).unwrap(), &*text);
        let two = [gzip(&text), gzip(b"more")].concat();
        assert_eq!(inflate(&two, 1 << 20).unwrap(), [&*text, b"more"].concat());
        let same = [gzip(&text), gzip(&text)].concat();
        assert_eq!(inflate(&same, 1 << 20).unwrap(), text.repeat(2));
        assert_eq!(inflate(&gzip(b""), 1 << 20).unwrap(), b"".as_slice());
        let same_ends = [gzip(b"a"), gzip(b"b"), gzip(b"a")].concat();
        assert_eq!(inflate(&same_ends, 1 << 20).unwrap(), b"aba".as_slice());
    }

    #[test]
    fn zeros_at_the_end_are_padding() {
        let text = b"some text, some text, some text".repeat(50);
        let two = [gzip(&text), gzip(b"more")].concat();
        let both = [&*text, b"more"].concat();
        for zeros in [1, 2, 3, 4, 5, 7, 8, 9, 18, 512] {
            let padding = vec![0; zeros];
            for (sound, expected) in [
                (gzip(&text), &text),
                (gzip(b""), &vec![]),
                (two.clone(), &both),
            ] {
                let padded = [&*sound, &padding].concat();
                assert_eq!(
                    inflate(&padded, 1 << 20).unwrap()[..],
                    expected[..],
                    "{zeros}"
                );
                let limit = expected.len();
                assert_eq!(
                    inflate(&padded, limit).unwrap()[..],
                    expected[..],
                    "{zeros}"
                );
                for garbage in [[&*padded, b"x"].concat(), [&*padded, &sound].concat()] {
                    assert_eq!(inflate(&garbage, 1 << 20), Err(InflateError::Damaged));
                }
            }
            let padded = [gzip(&text), padding].concat();
            assert_eq!(inflate(&padded, 1_000), Err(InflateError::TooLarge(1_000)));
        }
    }

    #[test]
    fn limits_hold() {
        let bomb = gzip(&vec![b'x'; 1 << 20]);
        assert_eq!(
            inflate(&bomb, 1 << 10),
            Err(InflateError::TooLarge(1 << 10))
        );
        assert_eq!(inflate(&[b'x'; 11], 10), Err(InflateError::TooLarge(10)));
        let two = [gzip(b"a"), bomb].concat();
        assert_eq!(inflate(&two, 1 << 10), Err(InflateError::TooLarge(1 << 10)));
    }

    #[test]
    fn every_cut_is_damage() {
        let whole = gzip(&b"some text, some text, some text".repeat(50));
        for length in 2..whole.len() {
            assert_eq!(
                inflate(&whole[..length], 1 << 20),
                Err(InflateError::Damaged),
                "{length}"
            );
        }
    }

    #[test]
    fn a_lying_trailer_is_found_out() {
        let mut lying = gzip(&b"some text".repeat(100));
        let end = lying.len();
        lying[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
        assert_eq!(inflate(&lying, 1 << 30), Err(InflateError::Damaged));
    }
}
