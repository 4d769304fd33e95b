//! Objects of a trail: how they are identified, and how changed content is detected.
//!
//! CloudTrail gives every object a unique name, which stays the same in other folders and whether the
//! object is compressed. Other files are identified by their paths. Content is compared by size and, for
//! files, by the time of modification or, when that differs, by checksum; for objects in S3 by entity
//! tag. A compressed and an uncompressed file are compared by checksum only.

use std::fmt::Write;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use cloudtrail_reader::TrailObject;
use libdeflater::Crc;

use crate::error::Fault;
use crate::tables::TRAIL_OBJECTS;
use crate::transaction::{Reader, Writer};

/// A listed object.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) listed: TrailObject,
    /// What identifies it: the name that CloudTrail gave it, without `.gz`, else its path.
    pub(crate) name: String,
    pub(crate) content: Content,
}

/// What is known about the content of an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// The size in bytes, as stored.
    pub(crate) size: i64,
    /// Whether the name ends with `.gz`.
    is_gzip: bool,
    /// When a file was last modified, in nanoseconds since 1970.
    modified: Option<i64>,
    /// The entity tag of an object in S3.
    etag: Option<String>,
    /// The CRC-32 and length of a file: see [`checksum`].
    checksum: Option<i64>,
}

impl Object {
    pub(crate) fn new(listed: TrailObject) -> Self {
        let file_name = listed.file_name().unwrap_or_default();
        let is_gzip = file_name.ends_with(".gz");
        let (content, is_there) = match &listed {
            TrailObject::File(path) => {
                let metadata = path.metadata().ok();
                let content = Content {
                    size: metadata.as_ref().map_or(0, |metadata| size(metadata.len())),
                    is_gzip,
                    modified: metadata.as_ref().and_then(modified),
                    etag: None,
                    checksum: None,
                };
                (content, metadata.is_some())
            }
            #[cfg(feature = "s3")]
            TrailObject::S3 { object, .. } => {
                let content = Content {
                    size: size(object.size),
                    is_gzip,
                    modified: None,
                    etag: object.etag.clone(),
                    checksum: None,
                };
                (content, true)
            }
        };
        // A file that cannot be read must not stand for another file of its name.
        let name = if is_there && is_cloudtrail_name(&file_name) {
            let name = file_name.strip_suffix(".gz").unwrap_or(&file_name);
            name.to_owned()
        } else {
            place(&listed)
        };
        Self {
            listed,
            name,
            content,
        }
    }

    /// Whether the object has the imported content, possibly copied or decompressed since. Contents of the
    /// same size without anything else to compare count as equal.
    pub(crate) fn is(&self, imported: &Content) -> bool {
        let found = &self.content;
        let has = |path: &Path, wanted: i64| checksum(path).is_ok_and(|found| found == wanted);
        if found.is_gzip != imported.is_gzip {
            return match (&self.listed, imported.checksum) {
                (TrailObject::File(path), Some(checksum)) => has(path, checksum),
                _ => true,
            };
        }
        if found.size != imported.size {
            return false;
        }
        if let (Some(found), Some(imported)) = (&found.etag, &imported.etag) {
            return found == imported;
        }
        match (&self.listed, imported.modified) {
            (TrailObject::File(path), Some(modified)) if found.modified != Some(modified) => {
                (imported.checksum).is_some_and(|checksum| has(path, checksum))
            }
            _ => true,
        }
    }

    /// Whether the object may contain records of this time range, by the time in its name: CloudTrail
    /// delivers within a day.
    pub(crate) fn may_be_of(
        &self,
        since: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
    ) -> bool {
        let file_name = self.listed.file_name().unwrap_or_default();
        delivered(&file_name).is_none_or(|delivered| {
            // The time in the name has no seconds.
            since.is_none_or(|since| delivered + TimeDelta::minutes(1) > since)
                && until.is_none_or(|until| delivered - TimeDelta::days(1) <= until)
        })
    }

    /// Adds the checksum of a file that was read, unless the file has changed since it was listed.
    pub(crate) fn add_checksum(&mut self) {
        #[cfg_attr(not(feature = "s3"), expect(irrefutable_let_patterns))]
        let TrailObject::File(path) = &self.listed else {
            return;
        };
        let checksum = checksum(path).ok();
        let is_as_listed = path.metadata().is_ok_and(|metadata| {
            size(metadata.len()) == self.content.size
                && modified(&metadata) == self.content.modified
        });
        self.content.checksum = checksum.filter(|_| is_as_listed);
    }
}

fn size(bytes: u64) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

fn modified(metadata: &Metadata) -> Option<i64> {
    let modified = metadata.modified().ok()?;
    let since = modified.duration_since(SystemTime::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_nanos()).ok()
}

/// The canonical path or URL of an object.
fn place(listed: &TrailObject) -> String {
    match listed {
        TrailObject::File(path) => {
            let place = path.canonicalize();
            text_of(place.as_ref().unwrap_or(path))
        }
        #[cfg(feature = "s3")]
        TrailObject::S3 { object, .. } => object.to_string(),
    }
}

/// A path as unique text. Bytes that are not UTF-8 are written as `//ff`, because a canonical path never
/// contains two slashes in a row.
fn text_of(path: &Path) -> String {
    let mut text = String::new();
    for chunk in path.as_os_str().as_encoded_bytes().utf8_chunks() {
        text.push_str(chunk.valid());
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            _ = write!(text, "//{byte:02x}");
        }
    }
    text
}

/// `111122223333_CloudTrail_eu-west-1_20261012T0905Z_JbvNemAuhObvFmuY.json.gz`
fn is_cloudtrail_name(name: &str) -> bool {
    // A replacement character may stand for different bytes in different names.
    if name.contains(char::REPLACEMENT_CHARACTER) {
        return false;
    }
    let parts: Vec<&str> = name.split('_').collect();
    matches!(parts.as_slice(), [account, kind, _, _, rest]
        if account.len() == 12
            && account.bytes().all(|byte| byte.is_ascii_digit())
            && kind.starts_with("CloudTrail")
            && rest.contains(".json"))
}

/// When CloudTrail delivered an object, according to its name. Its records are earlier.
fn delivered(file_name: &str) -> Option<DateTime<Utc>> {
    if !is_cloudtrail_name(file_name) {
        return None;
    }
    let time = file_name.split('_').nth(3)?;
    let time = NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%MZ").ok()?;
    Some(time.and_utc())
}

/// The CRC-32 (upper half) and the length modulo 2^32 (lower half) of a file's content. Of a gzip file
/// they are those of the decompressed content, read from its last eight bytes; of a file with several
/// members, which CloudTrail does not write, those of the last member.
fn checksum(path: &Path) -> io::Result<i64> {
    const GZIP: [u8; 2] = [0x1f, 0x8b];
    let mut file = File::open(path)?;
    let mut start = [0; 2];
    let is_gzip = file.read_exact(&mut start).is_ok() && start == GZIP;
    if is_gzip && file.seek(SeekFrom::End(-8)).is_ok() {
        let mut crc = [0; 4];
        let mut length = [0; 4];
        file.read_exact(&mut crc)?;
        file.read_exact(&mut length)?;
        return Ok(combined(
            u32::from_le_bytes(crc),
            u32::from_le_bytes(length),
        ));
    }
    file.seek(SeekFrom::Start(0))?;
    let (mut crc, mut length) = (Crc::new(), 0_u32);
    let mut buffer = vec![0; 1 << 18];
    loop {
        let read = file.read(&mut buffer)?;
        let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else {
            return Ok(combined(crc.sum(), length));
        };
        crc.update(part);
        length = length.wrapping_add(u32::try_from(read).unwrap_or_default());
    }
}

fn combined(crc: u32, length: u32) -> i64 {
    (u64::from(crc) << 32 | u64::from(length)).cast_signed()
}

/// Returns the content of the object with this name when it was imported; `None` if it was not.
pub(crate) fn imported(reader: &Reader<'_>, name: &str) -> Result<Option<Content>, Fault> {
    reader.row(&TRAIL_OBJECTS, [name], |row| {
        Ok(Content {
            size: row.get(1)?,
            is_gzip: row.get(2)?,
            modified: row.get(3)?,
            etag: row.get(4)?,
            checksum: row.get(5)?,
        })
    })
}

/// Records an object as imported.
pub(crate) fn insert(writer: &Writer<'_>, object: &Object) -> Result<(), Fault> {
    let Content {
        size,
        is_gzip,
        modified,
        etag,
        checksum,
    } = &object.content;
    writer.insert(
        &TRAIL_OBJECTS,
        &[&object.name, size, is_gzip, modified, etag, checksum],
    )
}
