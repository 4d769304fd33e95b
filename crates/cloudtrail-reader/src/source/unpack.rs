//! Unpacks objects: compressed streams, archives, and these in each other. Members of archives become objects of their own.

use std::error::Error;
use std::io::Read;

use bzip2::bufread::MultiBzDecoder;
use flate2::bufread::DeflateDecoder;
use lzma_rust2::XzReader;
use rawzip::{CompressionMethod, ZipArchive, ZipArchiveEntryWayfinder, ZipSliceArchive};

use crate::outcome::failure::FailureKind;
use crate::outcome::object_id::ObjectId;
use crate::source::container::Container;
use crate::source::inflate::{InflateError, Inflater};

/// How deep containers can be in each other: a zip of a `.tar.gz` of `.json.gz` has four, and one more.
const MOST_LAYERS: usize = 5;
/// How many members of an archive can fail before the rest of it is given up. Each failure is kept.
const MOST_FAILURES: usize = 10_000;
/// How many times its stored size, beside the limit for one object, an object can hold in all of its members. No deflate stream
/// inflates to more. It bounds the time that archives take whose members overlap.
const MOST_INFLATION: u64 = 1_040;
/// The most memory for a dictionary of xz, in KiB. `xz -9` takes 65 MiB.
const XZ_MEMORY: u32 = 256 << 10;

/// Why an object, or a member of an archive, cannot be unpacked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UnpackError {
    /// A compressed stream or an archive is damaged. Nothing of it is used.
    #[error("the {container} data is damaged or cut short")]
    Damaged {
        /// What is damaged.
        container: Container,
        /// The decoder's error, if it has one.
        #[source]
        error: Option<Box<dyn Error + Send + Sync>>,
    },
    /// There are more bytes than the limit for one object.
    #[error("more than {0} bytes, the limit for one object")]
    TooLarge(usize),
    /// An archive is damaged after some members, which are used.
    #[error("the {0} archive is damaged or cut short: members may be missing")]
    CutShort(Container),
    /// An archive of which too many members fail. The others so far are used.
    #[error(
        "more than {MOST_FAILURES} members of the {0} archive cannot be read: the rest is not read"
    )]
    TooManyFailures(Container),
    /// An archive inflates to far more than its size. The members so far are used.
    #[error("more than {MOST_INFLATION} times its size: the rest is not read")]
    TooMuch,
    /// Archives and streams that are packed in each other too often.
    #[error("packed more than {MOST_LAYERS} times")]
    TooDeep,
    /// An archive without files.
    #[error("the {0} archive has no file")]
    Empty(Container),
    /// A member is a symbolic link.
    #[error("a symbolic link, which is not followed in archives")]
    Link,
    /// A member is encrypted.
    #[error("it is encrypted")]
    Encrypted,
    /// A member of a zip archive is compressed in a way that is not supported. Holds the method's number.
    #[error("compressed with method {0} of zip, which is not supported")]
    Method(u16),
}

impl UnpackError {
    pub(crate) fn kind(&self) -> FailureKind {
        match self {
            Self::Damaged { .. } => FailureKind::Damaged,
            Self::TooLarge(_) => FailureKind::TooLarge,
            Self::CutShort(_) | Self::TooManyFailures(_) | Self::TooMuch => FailureKind::NotListed,
            Self::TooDeep | Self::Link | Self::Encrypted | Self::Method(_) => {
                FailureKind::Unreadable
            }
            Self::Empty(_) => FailureKind::NotCloudTrail,
        }
    }

    fn damaged(container: Container, error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Damaged {
            container,
            error: Some(error.into()),
        }
    }
}

impl From<InflateError> for UnpackError {
    fn from(error: InflateError) -> Self {
        match error {
            InflateError::Damaged => Self::Damaged {
                container: Container::Gzip,
                error: None,
            },
            InflateError::TooLarge(limit) => Self::TooLarge(limit),
        }
    }
}

/// Takes the content of an object or member, or why there is none. Returns whether it could be used.
pub(crate) type Take<'t> = dyn FnMut(&ObjectId, Result<&[u8], UnpackError>) -> bool + 't;

/// Unpacks an object, of which each stream and each member may have `limit` bytes: `take` gets the object's own content or, if
/// it is an archive, that of each file in it, and returns whether it can use it. An archive is given up after 10,000 failures.
///
/// Members whose name, or the name of a folder above them, starts with a dot are skipped, as in folders.
pub fn unpack(object: &ObjectId, bytes: &[u8], limit: usize, take: &mut Take<'_>) {
    Unpacker::default().unpack(object, bytes, limit, take);
}

/// Unpacks objects into buffers that are reused.
#[derive(Debug, Default)]
pub(crate) struct Unpacker {
    /// Not there while it is in use: for a stream in a stream another one is made.
    inflater: Option<Inflater>,
}

/// One object that is being unpacked.
struct Unpacking<'u> {
    limit: usize,
    /// How many more bytes may come out of its members.
    left: u64,
    failures: usize,
    take: &'u mut Take<'u>,
}

impl Unpacking<'_> {
    fn take(&mut self, object: &ObjectId, content: Result<&[u8], UnpackError>) {
        self.failures += usize::from(!(self.take)(object, content));
    }

    /// Whether an archive can be read on, after a member of this size.
    fn check(&mut self, container: Container, member: usize) -> Result<(), UnpackError> {
        let member = u64::try_from(member).unwrap_or(u64::MAX);
        self.left = self.left.checked_sub(member).ok_or(UnpackError::TooMuch)?;
        if self.failures > MOST_FAILURES {
            return Err(UnpackError::TooManyFailures(container));
        }
        Ok(())
    }
}

impl Unpacker {
    /// See [`unpack`].
    pub(crate) fn unpack(
        &mut self,
        object: &ObjectId,
        bytes: &[u8],
        limit: usize,
        take: &mut Take<'_>,
    ) {
        let [size, most] = [bytes.len(), limit].map(|it| u64::try_from(it).unwrap_or(u64::MAX));
        let mut unpacking = Unpacking {
            limit,
            left: size.saturating_mul(MOST_INFLATION).saturating_add(most),
            failures: 0,
            take: &mut |object, content| take(object, content),
        };
        self.layer(object, bytes, MOST_LAYERS, &mut unpacking);
    }

    /// Unpacks one layer, and what is in it.
    fn layer(
        &mut self,
        object: &ObjectId,
        bytes: &[u8],
        layers: usize,
        unpacking: &mut Unpacking<'_>,
    ) {
        let limit = unpacking.limit;
        let Some(container) = Container::detect(bytes) else {
            let is_within = bytes.len() <= limit;
            let content = is_within.then_some(bytes);
            return unpacking.take(object, content.ok_or(UnpackError::TooLarge(limit)));
        };
        let Some(layers) = layers.checked_sub(1) else {
            return unpacking.take(object, Err(UnpackError::TooDeep));
        };
        match container {
            Container::Gzip => {
                let mut inflater = self.inflater.take().unwrap_or_default();
                match inflater.inflate(bytes, limit) {
                    Ok(inflated) => self.layer(object, inflated, layers, unpacking),
                    Err(error) => unpacking.take(object, Err(error.into())),
                }
                inflater.shrink();
                self.inflater = Some(inflater);
            }
            Container::Zstd => {
                // Frames that need a window of more than 128 MiB are rejected.
                let decoder = zstd::stream::read::Decoder::with_buffer(bytes);
                let content = decoder
                    .map_err(|error| UnpackError::damaged(container, error))
                    .and_then(|decoder| read(container, decoder, limit));
                self.stream(object, content, layers, unpacking);
            }
            Container::Bzip2 => {
                let content = read(container, MultiBzDecoder::new(bytes), limit);
                self.stream(object, content, layers, unpacking);
            }
            Container::Xz => {
                let decoder = XzReader::new_mem_limit(bytes, true, XZ_MEMORY);
                self.stream(object, read(container, decoder, limit), layers, unpacking);
            }
            Container::Tar | Container::Zip => {
                let read = if container == Container::Tar {
                    self.tar(object, bytes, layers, unpacking)
                } else {
                    self.zip(object, bytes, layers, unpacking)
                };
                match read {
                    Ok(0) => unpacking.take(object, Err(UnpackError::Empty(container))),
                    Ok(_) => {}
                    Err(error) => unpacking.take(object, Err(error)),
                }
            }
        }
    }

    /// Takes what a stream held.
    fn stream(
        &mut self,
        object: &ObjectId,
        content: Result<Vec<u8>, UnpackError>,
        layers: usize,
        unpacking: &mut Unpacking<'_>,
    ) {
        match content {
            Ok(content) => self.layer(object, &content, layers, unpacking),
            Err(error) => unpacking.take(object, Err(error)),
        }
    }

    /// Takes a member of an archive.
    fn member(
        &mut self,
        archive: &ObjectId,
        container: Container,
        path: &str,
        content: Result<Vec<u8>, UnpackError>,
        layers: usize,
        unpacking: &mut Unpacking<'_>,
    ) -> Result<(), UnpackError> {
        let size = content.as_ref().map_or(0, Vec::len);
        self.stream(&archive.member(path), content, layers, unpacking);
        unpacking.check(container, size)
    }

    /// Reads the members of a tar archive. Returns how many there are.
    fn tar(
        &mut self,
        object: &ObjectId,
        bytes: &[u8],
        layers: usize,
        unpacking: &mut Unpacking<'_>,
    ) -> Result<usize, UnpackError> {
        /// Archives end with two blocks of zeros.
        const BLOCK: usize = 512;
        let cut_short = |_| UnpackError::CutShort(Container::Tar);
        let mut archive = tar::Archive::new(bytes);
        // Archives can follow each other.
        archive.set_ignore_zeros(true);
        let mut members = 0;
        for entry in archive.entries().map_err(cut_short)? {
            let entry = entry.map_err(cut_short)?;
            let kind = entry.header().entry_type();
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            // The file of a hard link is in the archive too.
            let is_file = !(kind.is_dir()
                || kind.is_hard_link()
                || kind.is_character_special()
                || kind.is_block_special()
                || kind.is_fifo()
                || kind.is_pax_global_extensions());
            if !is_file || is_hidden(&path) {
                continue;
            }
            members += 1;
            let content = if kind.is_symlink() {
                Err(UnpackError::Link)
            } else {
                let size = entry.size();
                read(Container::Tar, entry, unpacking.limit).and_then(|content| {
                    let is_whole = u64::try_from(content.len()) == Ok(size);
                    is_whole.then_some(content).ok_or(UnpackError::Damaged {
                        container: Container::Tar,
                        error: None,
                    })
                })
            };
            self.member(object, Container::Tar, &path, content, layers, unpacking)?;
        }
        let is_whole = bytes
            .last_chunk::<BLOCK>()
            .is_some_and(|last| last.iter().all(|byte| *byte == 0));
        is_whole
            .then_some(members)
            .ok_or(UnpackError::CutShort(Container::Tar))
    }

    /// Reads the members of a zip archive. Returns how many there are.
    fn zip(
        &mut self,
        object: &ObjectId,
        bytes: &[u8],
        layers: usize,
        unpacking: &mut Unpacking<'_>,
    ) -> Result<usize, UnpackError> {
        let damaged = |error| UnpackError::damaged(Container::Zip, error);
        let archive = ZipArchive::from_slice(bytes).map_err(damaged)?;
        let (mut members, mut entries) = (0, 0);
        let mut listing = archive.entries();
        while let Some(entry) = listing
            .next_entry()
            .map_err(|_| UnpackError::CutShort(Container::Zip))?
        {
            entries += 1;
            let path = String::from_utf8_lossy(entry.file_path().as_bytes()).into_owned();
            if entry.is_dir() || is_hidden(&path) {
                continue;
            }
            members += 1;
            let content = if entry.mode().is_symlink() {
                Err(UnpackError::Link)
            } else if entry.flags().is_encrypted() {
                Err(UnpackError::Encrypted)
            } else {
                zip_member(
                    &archive,
                    entry.compression_method(),
                    entry.wayfinder(),
                    unpacking.limit,
                )
            };
            self.member(object, Container::Zip, &path, content, layers, unpacking)?;
        }
        (entries == archive.entries_hint())
            .then_some(members)
            .ok_or(UnpackError::CutShort(Container::Zip))
    }
}

fn zip_member(
    archive: &ZipSliceArchive<&[u8]>,
    method: CompressionMethod,
    place: ZipArchiveEntryWayfinder,
    limit: usize,
) -> Result<Vec<u8>, UnpackError> {
    let damaged = |error| UnpackError::damaged(Container::Zip, error);
    let member = archive.get_entry(place).map_err(damaged)?;
    let stored = member.data();
    let decoder: Box<dyn Read> = match method {
        CompressionMethod::STORE => Box::new(stored),
        CompressionMethod::DEFLATE => Box::new(DeflateDecoder::new(stored)),
        other => return Err(UnpackError::Method(other.as_u16())),
    };
    read(Container::Zip, member.verifying_reader(decoder), limit)
}

/// Reads at most `limit` bytes.
fn read(container: Container, reader: impl Read, limit: usize) -> Result<Vec<u8>, UnpackError> {
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let mut content = Vec::new();
    match reader.take(most).read_to_end(&mut content) {
        Ok(_) if content.len() <= limit => Ok(content),
        Ok(_) => Err(UnpackError::TooLarge(limit)),
        Err(error) => Err(UnpackError::damaged(container, error)),
    }
}

/// Whether a name, or that of a folder above it, starts with a dot.
fn is_hidden(path: &str) -> bool {
    path.split('/')
        .any(|name| name.starts_with('.') && !matches!(name, "." | ".."))
}
