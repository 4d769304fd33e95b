//! Compressed texts: exports and reports.

use libdeflater::{CompressionLvl, Compressor, Decompressor};

/// Compresses a text.
pub(crate) fn deflate(text: &str) -> Vec<u8> {
    let mut compressor = Compressor::new(CompressionLvl::default());
    let mut deflated = vec![0; compressor.zlib_compress_bound(text.len())];
    // The buffer is large enough, so this cannot fail; an empty result would not inflate.
    let length = compressor
        .zlib_compress(text.as_bytes(), &mut deflated)
        .unwrap_or(0);
    deflated.truncate(length);
    deflated
}

/// Decompresses a text of this length; `None` when it is not one.
pub(crate) fn inflate(bytes: &[u8], length: usize) -> Option<String> {
    // zlib compresses at most about 1032 times, so a greater length was not written here.
    if length > bytes.len().saturating_mul(1_040) {
        return None;
    }
    let mut inflated = vec![0; length];
    let written = Decompressor::new()
        .zlib_decompress(bytes, &mut inflated)
        .ok()?;
    (written == length).then_some(())?;
    String::from_utf8(inflated).ok()
}
