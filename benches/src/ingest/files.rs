//! Writes a trail to disk in the layout of a CloudTrail bucket. Files that exist are kept.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::names::ACCOUNT_ID;
use crate::seeded::Seeded;
use chrono::DateTime;

use super::answer::Answer;
use super::block::{BLOCK, Block, Record, Tally};
use super::gzip;
use super::trail::{IngestTrail, TrailKind};

/// Incremented whenever the same parameters generate another trail.
pub const VERSION: u32 = 1;

/// The folder of a trail on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailFiles {
    folder: PathBuf,
}

impl TrailFiles {
    /// A trail with this many records in objects of `object` records each, in a folder for all trails.
    #[must_use]
    pub fn below(folder: &Path, kind: TrailKind, records: u64, object: u64) -> Self {
        Self {
            folder: folder.join(format!("{kind}-{records}-{object}-v{VERSION}")),
        }
    }

    /// The folder that the engines read. It holds the objects and nothing else.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.folder.join("trail")
    }

    /// The file with the expected answer. It is written last, so a trail that has it is complete.
    #[must_use]
    pub fn answer(&self) -> PathBuf {
        self.folder.join("answer.tsv")
    }

    /// Writes the objects that are missing. `progress` gets the number of blocks that are done and the number of all blocks;
    /// it is called from the writing threads.
    ///
    /// # Errors
    /// Returns an error when a file cannot be written. Call again to resume.
    pub fn write(
        &self,
        trail: &IngestTrail,
        object: u64,
        threads: usize,
        progress: &(dyn Fn(u64, u64) + Sync),
    ) -> io::Result<()> {
        if self.answer().is_file() {
            return Ok(());
        }
        let (next, done) = (AtomicU64::new(0), AtomicU64::new(0));
        let write = || {
            let mut tally = Tally::default();
            let mut buffers = Buffers::default();
            loop {
                let index = next.fetch_add(1, Ordering::Relaxed);
                if index >= trail.blocks() {
                    return Ok(trail.answer_of(&tally));
                }
                self.write_block(trail, index, object, &mut buffers, &mut tally)?;
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, trail.blocks());
            }
        };
        let mut answer = Answer::default();
        std::thread::scope(|scope| {
            let writers: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(write)).collect();
            writers.into_iter().try_for_each(|writer| {
                let part: io::Result<Answer> = writer
                    .join()
                    .unwrap_or_else(|_| Err(io::Error::other("a writing thread panicked")));
                answer.merge(&part?);
                io::Result::Ok(())
            })
        })?;
        replace(&self.answer(), answer.to_string().as_bytes())
    }

    fn write_block(
        &self,
        trail: &IngestTrail,
        index: u64,
        object: u64,
        buffers: &mut Buffers,
        tally: &mut Tally,
    ) -> io::Result<()> {
        let block = trail.block(index);
        tally.add(&block);
        let object = object.clamp(1, BLOCK);
        for (index, records) in block.records.chunks(object as usize).enumerate() {
            let first = block.index * BLOCK + index as u64 * object;
            let file = self.file(&block, first, records);
            if file.is_file() {
                continue;
            }
            buffers.json.clear();
            block.write_object(records, &mut buffers.json);
            buffers.gzip.clear();
            let gzip = std::mem::take(&mut buffers.gzip);
            buffers.gzip = gzip::compress(buffers.json.as_bytes(), gzip)?;
            replace(&file, &buffers.gzip)?;
        }
        Ok(())
    }

    fn file(&self, block: &Block, first: u64, records: &[Record]) -> PathBuf {
        let seconds = records.first().map_or(0, |record| record.seconds);
        let time = DateTime::from_timestamp(seconds as i64, 0).unwrap_or_default();
        let unique = Seeded::of(1, "ingest object", first).base32(16);
        let region = block.region;
        let mut path = self.objects();
        path.extend(["AWSLogs", ACCOUNT_ID, "CloudTrail", region]);
        path.push(time.format("%Y/%m/%d").to_string());
        path.push(format!(
            "{ACCOUNT_ID}_CloudTrail_{region}_{}_{unique}.json.gz",
            time.format("%Y%m%dT%H%MZ")
        ));
        path
    }
}

/// Reused from object to object.
#[derive(Default)]
struct Buffers {
    json: String,
    gzip: Vec<u8>,
}

/// Writes a file atomically.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let name =
        |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", file.display()));
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(name)?;
    }
    let part = file.with_extension("part");
    File::create(&part)
        .and_then(|mut written| written.write_all(bytes))
        .and_then(|()| fs::rename(&part, file))
        .map_err(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn objects(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
        let mut found = Vec::new();
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                found.extend(objects(&path));
            } else {
                found.push((path.clone(), fs::read(path).unwrap()));
            }
        }
        found.sort();
        found
    }

    #[test]
    fn interrupted_writing_is_resumed() {
        let folder = tempfile::tempdir().unwrap();
        let trail = IngestTrail::new(TrailKind::Regular, 500);
        let files = TrailFiles::below(folder.path(), TrailKind::Regular, 500, 50);
        files.write(&trail, 50, 2, &|_, _| {}).unwrap();
        let whole = objects(&files.objects());
        assert_eq!(whole.len(), 10);
        let answer = fs::read_to_string(files.answer()).unwrap();
        assert_eq!(Answer::parse(&answer).unwrap(), trail.answer());

        fs::remove_file(files.answer()).unwrap();
        fs::remove_file(&whole[3].0).unwrap();
        files.write(&trail, 50, 1, &|_, _| {}).unwrap();
        assert!(objects(&files.objects()) == whole);
        assert_eq!(fs::read_to_string(files.answer()).unwrap(), answer);
    }
}
