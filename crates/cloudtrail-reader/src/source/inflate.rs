//! Inflates gzip, which is detected from its first bytes.

use std::fmt;
use std::io::Read;

use flate2::bufread::GzDecoder;
use libdeflater::{DecompressionError, Decompressor};
use memchr::memmem;

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];
/// The start of a member. Compression method 8 is the only one of gzip.
const MEMBER_START: [u8; 3] = [0x1f, 0x8b, 8];
/// A member's header without its optional fields.
const HEADER: usize = 10;
/// The flag of the only optional field that is common: the file's name, up to a zero byte.
const HAS_NAME: u8 = 8;
/// Checksum and size at a member's end.
const TRAILER: usize = 8;
/// A buffer that grew larger than this for one object is freed.
pub(crate) const KEPT_BUFFER: usize = 64 << 20;

/// Why bytes cannot be inflated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InflateError {
    #[error("the gzip data is damaged or cut short")]
    Damaged,
    #[error("more than {0} bytes, the limit for one object")]
    TooLarge(usize),
}

/// Inflates objects into a buffer that is reused.
pub(crate) struct Inflater {
    decompressor: Decompressor,
    /// Never shrinks: its bytes need not be zeroed again.
    buffer: Vec<u8>,
}

impl Default for Inflater {
    fn default() -> Self {
        Self {
            decompressor: Decompressor::new(),
            buffer: Vec::new(),
        }
    }
}

impl fmt::Debug for Inflater {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inflater").finish_non_exhaustive()
    }
}

impl Inflater {
    /// Returns the bytes, inflated if they are gzip; at most `limit` bytes either way.
    pub(crate) fn inflate<'a>(
        &'a mut self,
        bytes: &'a [u8],
        limit: usize,
    ) -> Result<&'a [u8], InflateError> {
        if !bytes.starts_with(&GZIP_MAGIC) {
            if bytes.len() > limit {
                return Err(InflateError::TooLarge(limit));
            }
            return Ok(bytes);
        }
        let length = match self.inflate_one_member(bytes, limit)? {
            Some(length) => length,
            None => {
                self.buffer.clear();
                inflate_members(bytes, limit, &mut self.buffer)?;
                self.buffer.len()
            }
        };
        Ok(self.buffer.get(..length).unwrap_or_default())
    }

    /// Frees the memory of an unusually large object.
    pub(crate) fn shrink(&mut self) {
        if self.buffer.capacity() > KEPT_BUFFER {
            self.buffer = Vec::new();
        }
    }

    /// Inflates bytes that are exactly one member, as almost all are, and returns the length.
    fn inflate_one_member(
        &mut self,
        bytes: &[u8],
        limit: usize,
    ) -> Result<Option<usize>, InflateError> {
        let Some(deflated) = deflated(bytes) else {
            return Ok(None);
        };
        let (crc, size) = trailer(bytes);
        if (crc, size) == (0, 0) {
            // Zeros after the last member, or an empty one: the size is not known.
            return Ok(None);
        }
        // A deflate stream inflates to at most 1032 times its size. A trailer that says more is wrong.
        let most = bytes.len().saturating_mul(1_040).min(limit);
        let mut room = (size as usize).clamp(1, most.max(1));
        let length = loop {
            if self.buffer.len() < room {
                // A new one, because the old content need not be copied; with room to spare for a larger object.
                self.buffer = vec![0; room.saturating_add(room / 4)];
            }
            let output = self.buffer.get_mut(..room).unwrap_or_default();
            match self.decompressor.deflate_decompress(deflated, output) {
                Ok(length) => break length,
                Err(DecompressionError::InsufficientSpace) if room < most => {
                    room = room.saturating_mul(4).min(most);
                }
                Err(DecompressionError::InsufficientSpace) if most == limit => {
                    return Err(InflateError::TooLarge(limit));
                }
                Err(_) => return Ok(None),
            }
        };
        // More members may follow. This is the only one if the bytes end with its trailer, and the trailer does not occur
        // before.
        let inflated = self.buffer.get(..length).unwrap_or_default();
        let is_only = u32::try_from(length & 0xffff_ffff) == Ok(size)
            && libdeflater::crc32(inflated) == crc
            && !trailer_recurs(bytes);
        Ok(is_only.then_some(length))
    }
}

/// Returns the deflate stream of a member that ends with these bytes; `None` for rare headers.
fn deflated(bytes: &[u8]) -> Option<&[u8]> {
    let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
    let rest = match header {
        [0x1f, 0x8b, 8, 0, ..] => rest,
        [0x1f, 0x8b, 8, HAS_NAME, ..] => rest.get(memchr::memchr(0, rest)? + 1..)?,
        _ => return None,
    };
    rest.get(..rest.len().checked_sub(TRAILER)?)
}

/// Whether the trailer of the last member may also end an earlier one: the same object twice, with or without others between
/// them.
fn trailer_recurs(bytes: &[u8]) -> bool {
    let rest = bytes.get(1..).unwrap_or_default();
    let Some((before, trailer)) = bytes
        .split_last()
        .map(|(_, before)| before)
        .zip(bytes.last_chunk::<TRAILER>())
    else {
        return false;
    };
    // Most objects have no second header.
    memmem::find(rest, &MEMBER_START).is_some() && memmem::find(before, trailer).is_some()
}

/// Inflates members one by one. Zeros after the last one are padding, as for `gzip -d`: tapes and block devices add them.
fn inflate_members(bytes: &[u8], limit: usize, inflated: &mut Vec<u8>) -> Result<(), InflateError> {
    let mut rest = bytes;
    loop {
        let left = limit.saturating_sub(inflated.len());
        let most = u64::try_from(left).unwrap_or(u64::MAX).saturating_add(1);
        let mut member = GzDecoder::new(rest);
        member
            .by_ref()
            .take(most)
            .read_to_end(inflated)
            .map_err(|_| InflateError::Damaged)?;
        if inflated.len() > limit {
            return Err(InflateError::TooLarge(limit));
        }
        rest = member.into_inner();
        if rest.iter().all(|byte| *byte == 0) {
            return Ok(());
        }
    }
}

/// Returns the checksum and the size modulo 2^32 at the end of the last member.
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

    fn inflate(bytes: &[u8], limit: usize) -> Result<Vec<u8>, InflateError> {
        // Whatever stands in the buffer from the object before.
        let mut inflater = Inflater {
            buffer: vec![b'?'; 100],
            ..Inflater::default()
        };
        inflater.inflate(bytes, limit).map(<[u8]>::to_vec)
    }

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
