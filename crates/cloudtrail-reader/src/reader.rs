//! Reads objects in parallel into one activity table.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use advisor_core::Activity;
use chrono::{DateTime, Utc};
use rayon::prelude::*;
use serde::Deserialize;

use service_catalog::Catalog;

use crate::attribution::{self, SetAside};
use crate::inflate::{self, InflateError};
use crate::listing::{self, ListingError};
use crate::object::{self, Entry, LookupEvent, Object};
use crate::reconciliation::{FailedObject, Reconciliation, SkippedObject};
use crate::record::EventRecord;
use crate::utf8;

/// How to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOptions {
    /// Records later than this are set aside: a report made as of an instant must not see them.
    pub not_after: Option<DateTime<Utc>>,
    /// The most bytes that one object may have, inflated. Each thread holds one object at a time.
    pub object_limit: usize,
}

/// No instant, and 1 GiB an object.
impl Default for ReadOptions {
    fn default() -> Self {
        Self {
            not_after: None,
            object_limit: 1 << 30,
        }
    }
}

/// Reads CloudTrail objects.
#[derive(Clone, Debug)]
pub struct TrailReader {
    catalog: Arc<Catalog>,
    options: ReadOptions,
}

/// What was read, and what became of it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TrailRead {
    /// The attempts of IAM identities.
    pub activity: Activity,
    /// What became of all objects and records.
    pub reconciliation: Reconciliation,
}

impl TrailRead {
    fn merge(mut self, other: Self) -> Self {
        // The smaller into the larger.
        let (into, from) = if self.activity.len() >= other.activity.len() {
            (self.activity, other.activity)
        } else {
            (other.activity, self.activity)
        };
        self.activity = into;
        self.activity.merge(&from);
        self.reconciliation.merge(other.reconciliation);
        self
    }
}

/// Said to the caller when an object is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObjectRead {
    /// How many objects there are in all.
    pub objects: u64,
    /// The object's size as it is stored.
    pub bytes: u64,
    /// The records that were in it.
    pub records: u64,
}

impl TrailReader {
    /// A reader that names services and actions by this catalog.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>, options: ReadOptions) -> Self {
        Self { catalog, options }
    }

    /// Reads files, and folders with all that is below them, on the threads of the current rayon
    /// pool. `progress` is called from these threads. The table does not depend on the number or
    /// order of threads.
    ///
    /// # Errors
    /// A path that is not there or cannot be listed, a folder without files. What is wrong with
    /// single objects and records is in the [`Reconciliation`].
    pub fn read<P: AsRef<Path>>(
        &self,
        paths: &[P],
        progress: &(dyn Fn(ObjectRead) + Sync),
    ) -> Result<TrailRead, ListingError> {
        Ok(self.read_files(&listing::list(paths)?, progress))
    }

    /// Lists the files that [`TrailReader::read`] reads, in the same order. Dead links, link loops and
    /// closed folders below a path are among them, at the end: reading them fails and names the reason.
    ///
    /// # Errors
    /// As there.
    pub fn list<P: AsRef<Path>>(paths: &[P]) -> Result<Vec<PathBuf>, ListingError> {
        listing::list(paths)
    }

    /// Reads these files, as [`TrailReader::read`] does. `progress` counts them only.
    pub fn read_files(
        &self,
        files: &[PathBuf],
        progress: &(dyn Fn(ObjectRead) + Sync),
    ) -> TrailRead {
        let objects = u64::try_from(files.len()).unwrap_or(u64::MAX);
        files
            .par_iter()
            .fold(TrailRead::default, |mut taken, file| {
                let part = self.take_file(file, &mut taken.activity);
                progress(ObjectRead {
                    objects,
                    bytes: part.bytes,
                    records: part.records_read,
                });
                taken.reconciliation.add(part);
                taken
            })
            .reduce(TrailRead::default, TrailRead::merge)
    }

    fn take_file(&self, file: &Path, activity: &mut Activity) -> Reconciliation {
        let name = file.display().to_string();
        match self.read_file(file) {
            Ok(bytes) => self.take_object(&name, &bytes, activity),
            Err(error) => failed(&name, error.to_string()),
        }
    }

    /// A file larger than the limit is not even read: memory is bounded by the limit.
    fn read_file(&self, file: &Path) -> io::Result<Vec<u8>> {
        let limit = self.options.object_limit;
        let metadata = std::fs::metadata(file)?;
        if metadata.is_dir() {
            return Err(listing::folder_fault(file));
        }
        if metadata.len() > u64::try_from(limit).unwrap_or(u64::MAX) {
            return Err(io::Error::other(InflateError::TooLarge(limit)));
        }
        std::fs::read(file)
    }

    /// Takes one object's bytes, gzip or not, into the table. An object that cannot be read as a
    /// whole adds nothing.
    pub fn take_object(&self, name: &str, bytes: &[u8], activity: &mut Activity) -> Reconciliation {
        let stored = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let inflated = match inflate::inflate(bytes, self.options.object_limit) {
            Ok(inflated) => inflated,
            Err(error) => {
                return Reconciliation {
                    bytes: stored,
                    ..failed(name, error.to_string())
                };
            }
        };
        let decoded = utf8::decode(&inflated);
        let entries = match object::read(&decoded.text) {
            Ok(Object::Records(entries)) => entries,
            Ok(Object::Digest) => {
                let objects_skipped = [(SkippedObject::Digest, 1)].into();
                return Reconciliation {
                    bytes: stored,
                    objects_skipped,
                    ..Default::default()
                };
            }
            Err(error) => {
                return Reconciliation {
                    bytes: stored,
                    ..failed(name, error.to_string())
                };
            }
        };
        let mut taken = Reconciliation {
            objects_read: 1,
            bytes: stored,
            ..Default::default()
        };
        let mut insights = 0;
        for entry in entries {
            taken.records_read += 1;
            match self.take_entry(&entry, decoded.marker, activity) {
                Ok(()) => taken.records_attributed += 1,
                Err(reason) => {
                    insights += u64::from(reason.is_insight());
                    taken.set_record_aside(name, taken.records_read, reason);
                }
            }
        }
        if insights > 0 && insights == taken.records_read {
            let objects_skipped = [(SkippedObject::Insight, 1)].into();
            return Reconciliation {
                bytes: stored,
                objects_skipped,
                ..Default::default()
            };
        }
        taken
    }

    fn take_entry(
        &self,
        entry: &Entry<'_>,
        marker: Option<char>,
        activity: &mut Activity,
    ) -> Result<(), SetAside> {
        match entry {
            Entry::Record(record) => self.take_record(record.get(), marker, activity),
            Entry::LookupEvent(event) => {
                let event: LookupEvent<'_> = parse(event.get())?;
                let record = event
                    .cloud_trail_event
                    .as_deref()
                    .ok_or_else(|| SetAside::missing("CloudTrailEvent"))?;
                self.take_record(record, marker, activity)
            }
            Entry::Broken(reason) => Err(SetAside::Malformed(shortened(reason))),
        }
    }

    fn take_record(
        &self,
        json: &str,
        marker: Option<char>,
        activity: &mut Activity,
    ) -> Result<(), SetAside> {
        if marker.is_some_and(|marker| json.contains(marker)) {
            return Err(SetAside::Malformed("not UTF-8".into()));
        }
        let record: EventRecord<'_> = parse(json)?;
        attribution::attribute(&record, &self.catalog, self.options.not_after, activity)
    }
}

/// The longest reason that is kept, in characters. The parser quotes the values that it does not like.
const LONGEST_REASON: usize = 200;

fn shortened(reason: &str) -> Box<str> {
    match reason.char_indices().nth(LONGEST_REASON) {
        Some((end, _)) => reason
            .get(..end)
            .map_or_else(Box::default, |start| format!("{start}...").into()),
        None => reason.into(),
    }
}

fn failed(name: &str, reason: String) -> Reconciliation {
    let object = FailedObject {
        name: name.to_owned(),
        reason,
    };
    Reconciliation {
        objects_failed: vec![object],
        ..Default::default()
    }
}

fn parse<'a, T: Deserialize<'a>>(json: &'a str) -> Result<T, SetAside> {
    if !json.trim_ascii_start().starts_with('{') {
        // A list would be taken for a record's fields in order.
        return Err(SetAside::Malformed("not an object".into()));
    }
    serde_json::from_str(json).map_err(|_| {
        // Once more, to name the field; broken records are few.
        let mut again = serde_json::Deserializer::from_str(json);
        let error = serde_path_to_error::deserialize::<_, T>(&mut again);
        SetAside::Malformed(match error {
            Err(error) => shortened(&error.to_string()),
            Ok(_) => "not JSON".into(),
        })
    })
}
