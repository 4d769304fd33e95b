//! What objects are packed in: compressed streams and archives, detected from their first bytes.

use std::fmt;

/// A compressed stream, or an archive of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Container {
    /// gzip, of one or several members.
    Gzip,
    /// Zstandard.
    Zstd,
    /// bzip2.
    Bzip2,
    /// xz.
    Xz,
    /// A tar archive.
    Tar,
    /// A zip archive.
    Zip,
}

impl fmt::Display for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Tar => "tar",
            Self::Zip => "zip",
        })
    }
}

impl Container {
    /// Detects what bytes are packed in. `None` for anything else.
    pub(crate) fn detect(bytes: &[u8]) -> Option<Self> {
        /// Where the magic of tar is in its first header.
        const USTAR: usize = 257;
        match bytes {
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            // A frame, or one that is skipped: pzstd starts with these.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Some(Self::Zstd),
            // A block follows, or the end of the stream.
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..]
            | [b'B', b'Z', b'h', b'1'..=b'9', 0x17, 0x72, 0x45, 0x38, ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            // A file follows, or the end of an archive without files.
            [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(Self::Zip),
            _ => {
                let magic = bytes.get(USTAR..)?;
                magic.starts_with(b"ustar").then_some(Self::Tar)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_by_content() {
        let tar = [&[b'x'; 257][..], b"ustar\x0000"].concat();
        for (bytes, container) in [
            (&b"\x1f\x8b\x08"[..], Some(Container::Gzip)),
            (b"\x28\xb5\x2f\xfd\x24", Some(Container::Zstd)),
            (b"\x50\x2a\x4d\x18\x04", Some(Container::Zstd)),
            (b"BZh91AY&SY", Some(Container::Bzip2)),
            (b"BZh9\x17\x72\x45\x38\x50\x90", Some(Container::Bzip2)),
            (b"\xfd7zXZ\0\0", Some(Container::Xz)),
            (b"PK\x03\x04", Some(Container::Zip)),
            (b"PK\x05\x06", Some(Container::Zip)),
            (&tar, Some(Container::Tar)),
            (b"", None),
            (b"\x1f", None),
            (b"BZh9,eventName", None),
            (b"PAR1", None),
            (b"PK", None),
            (b"{\"Records\":[]}", None),
        ] {
            assert_eq!(Container::detect(bytes), container, "{bytes:?}");
        }
    }
}
