//! Compression of objects.

use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;

/// Compresses at level 6, as CloudTrail's objects are, into the buffer that is passed in.
pub(super) fn compress(json: &[u8], buffer: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(buffer, Compression::new(6));
    encoder.write_all(json)?;
    encoder.finish()
}
