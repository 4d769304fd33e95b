//! Writes the trail as CloudTrail delivers it to a bucket, once: what is there already is not made again.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::DateTime;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::account::ACCOUNT_ID;
use crate::seeded::Seeded;

use super::answer::Answer;
use super::caller::Callers;
use super::{BLOCK, Block, Fact, IngestTrail, Tally};

/// Goes up when the same number of records becomes another trail.
pub const VERSION: u32 = 1;

/// The folder of a written trail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrailFiles {
    folder: PathBuf,
}

impl TrailFiles {
    /// The trail of so many records in objects of `object` records each, below a folder for all of them.
    #[must_use]
    pub fn below(folder: &Path, records: u64, object: u64) -> Self {
        Self {
            folder: folder.join(format!("{records}-{object}-v{VERSION}")),
        }
    }

    /// What `TrailReader` and the others are given: the objects and nothing else are below it.
    #[must_use]
    pub fn objects(&self) -> PathBuf {
        self.folder.join("trail")
    }

    /// The expected answer's file. It is written last: where it is, the trail is whole.
    #[must_use]
    pub fn answer(&self) -> PathBuf {
        self.folder.join("answer.tsv")
    }

    /// Writes what is not there yet, on so many threads. `progress` is told how many blocks of how many are done, and is
    /// called from these threads.
    ///
    /// # Errors
    /// Files that cannot be written; what is written already is taken over next time.
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
                    .unwrap_or_else(|_| Err(io::Error::other("a thread that writes panicked")));
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
        let callers = Callers::of(trail, &block);
        let facts: Vec<_> = trail.facts(&block, &callers).collect();
        for fact in &facts {
            tally.count(&block, fact);
        }
        for facts in facts.chunks(object.clamp(1, BLOCK) as usize) {
            let file = self.file(trail.seed, &block, facts);
            if file.is_file() {
                continue;
            }
            buffers.json.clear();
            trail.write_object(&block, facts, &mut buffers.json);
            buffers.gzip.clear();
            let gzip = std::mem::take(&mut buffers.gzip);
            buffers.gzip = self::gzip(buffers.json.as_bytes(), gzip)?;
            replace(&file, &buffers.gzip)?;
        }
        Ok(())
    }

    fn file(&self, seed: u64, block: &Block, facts: &[Fact<'_>]) -> PathBuf {
        let (first, seconds) = facts
            .first()
            .map_or((0, block.start), |fact| (fact.index, fact.seconds));
        let time = DateTime::from_timestamp(seconds as i64, 0).unwrap_or_default();
        let unique = Seeded::of(seed, "ingest object", block.index * BLOCK + first).base32(16);
        let region = block.region();
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

/// Taken over from object to object.
#[derive(Default)]
struct Buffers {
    json: String,
    gzip: Vec<u8>,
}

/// As CloudTrail's objects are: deflate's level 6. The buffer is filled and given back.
pub(super) fn gzip(json: &[u8], buffer: Vec<u8>) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(buffer, Compression::new(6));
    encoder.write_all(json)?;
    encoder.finish()
}

/// A file is there as a whole or not at all.
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
    fn what_was_interrupted_is_finished() {
        let folder = tempfile::tempdir().unwrap();
        let trail = IngestTrail::new(500);
        let files = TrailFiles::below(folder.path(), 500, 50);
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
