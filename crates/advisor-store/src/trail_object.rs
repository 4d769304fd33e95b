//! By what an object of a trail is known, and whether it is still what it was when it was taken.
//!
//! CloudTrail gives every object a name of its own, wherever it lies and whether it is compressed; other files are known
//! by their paths. Content is told by its size and, for files, the time of the last change or, when that is another, by
//! a checksum; for objects of buckets by the entity tag. Where one is compressed and the other is not, the checksum alone
//! tells.

use std::fmt::Write;
use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::time::SystemTime;

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use cloudtrail_reader::TrailObject;
use libdeflater::Crc;
use rusqlite::{OptionalExtension, Transaction, params};

/// An object that was listed.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) listed: TrailObject,
    /// What it is known by.
    pub(crate) name: String,
    pub(crate) content: Content,
}

/// What tells an object's content from another, as far as it is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// Bytes, as stored.
    pub(crate) size: i64,
    /// Whether it is stored under a name that ends with `.gz`.
    is_gzip: bool,
    /// When a file was changed last, in nanoseconds since 1970.
    modified: Option<i64>,
    /// The entity tag of an object of a bucket.
    etag: Option<String>,
    /// CRC-32 and length of a file: see [`checksum`].
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
        // What cannot be read does not take the place of a file of the same name.
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

    /// Whether this is what was taken before, or the same in another form: a file may have been copied or uncompressed
    /// since. Where there is nothing to tell two contents of one size apart by, they are the same.
    pub(crate) fn is(&self, taken: &Content) -> bool {
        let found = &self.content;
        let has = |path: &Path, taken: i64| checksum(path).is_ok_and(|found| found == taken);
        if found.is_gzip != taken.is_gzip {
            return match (&self.listed, taken.checksum) {
                (TrailObject::File(path), Some(checksum)) => has(path, checksum),
                _ => true,
            };
        }
        if found.size != taken.size {
            return false;
        }
        if let (Some(found), Some(taken)) = (&found.etag, &taken.etag) {
            return found == taken;
        }
        match (&self.listed, taken.modified) {
            (TrailObject::File(path), Some(modified)) if found.modified != Some(modified) => {
                (taken.checksum).is_some_and(|checksum| has(path, checksum))
            }
            _ => true,
        }
    }

    /// Whether something of these times may be in it, as far as its name tells: CloudTrail delivers within a day.
    pub(crate) fn may_be_of(
        &self,
        since: Option<DateTime<Utc>>,
        until: Option<DateTime<Utc>>,
    ) -> bool {
        let file_name = self.listed.file_name().unwrap_or_default();
        delivered(&file_name).is_none_or(|delivered| {
            // The name has no seconds.
            since.is_none_or(|since| delivered + TimeDelta::minutes(1) > since)
                && until.is_none_or(|until| delivered - TimeDelta::days(1) <= until)
        })
    }

    /// Adds the checksum of a file that was read, unless it has changed since it was listed.
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

/// Where an object is, whatever way it was named.
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

/// A path as a text that no other has. A byte that is not of UTF-8 is written as `//ff`: a canonical path has no two slashes
/// together.
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
    // What stands for bytes that are not of UTF-8 may stand for others in another name.
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

/// When CloudTrail delivered an object, as its name says; what is recorded in it happened before.
fn delivered(file_name: &str) -> Option<DateTime<Utc>> {
    if !is_cloudtrail_name(file_name) {
        return None;
    }
    let time = file_name.split('_').nth(3)?;
    let time = NaiveDateTime::parse_from_str(time, "%Y%m%dT%H%MZ").ok()?;
    Some(time.and_utc())
}

/// CRC-32 and length (modulo 2^32) of a file's content: in the upper and the lower half. Of a gzip file these are the ones
/// of the content inflated, which stand at its end, so that it need not be read; of several members, which CloudTrail does not
/// write, those of the last one.
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

/// The content that the object of this name had when it was taken; none if it was not.
pub(crate) fn taken(
    transaction: &Transaction<'_>,
    name: &str,
) -> rusqlite::Result<Option<Content>> {
    let query = "SELECT size, is_gzip, modified, etag, checksum FROM trail_objects WHERE name = ?1";
    transaction
        .prepare_cached(query)?
        .query_row([name], |row| {
            Ok(Content {
                size: row.get(0)?,
                is_gzip: row.get(1)?,
                modified: row.get(2)?,
                etag: row.get(3)?,
                checksum: row.get(4)?,
            })
        })
        .optional()
}

/// Remembers an object. The answer is whether it was not known.
pub(crate) fn remember(transaction: &Transaction<'_>, object: &Object) -> rusqlite::Result<bool> {
    let Content {
        size,
        is_gzip,
        modified,
        etag,
        checksum,
    } = &object.content;
    let insert = "INSERT INTO trail_objects (name, size, is_gzip, modified, etag, checksum)
                  VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING";
    let inserted = transaction.prepare_cached(insert)?.execute(params![
        object.name,
        size,
        is_gzip,
        modified,
        etag,
        checksum
    ])?;
    Ok(inserted > 0)
}
