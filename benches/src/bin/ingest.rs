//! The engines of `cargo xtask bench-ingest` in Rust: decompression alone, and this project's reader. A process is one run of
//! one engine, and prints its measurements as JSON.

use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use benches::ingest::{Answer, IngestTrail, TrailFiles, TrailKind};
use clap::{Args, Parser, Subcommand};
use cloudtrail_reader::{Parser as RecordParser, ReadOptions, TrailObject, TrailReader};
use libdeflater::Decompressor;
use serde_json::json;
use service_catalog::Catalog;

/// The allocator of the command line.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Generates a trail, or runs one engine of `cargo xtask bench-ingest` once.
#[derive(Parser)]
struct CommandLine {
    #[command(subcommand)]
    engine: Engine,
}

#[derive(Subcommand)]
enum Engine {
    /// Generates a trail. Files that exist are kept.
    Generate {
        /// The folder for all trails.
        folder: PathBuf,
        /// Which trail.
        #[arg(long, value_enum)]
        trail: TrailKind,
        /// The number of records.
        #[arg(long)]
        records: u64,
        /// The number of records in an object.
        #[arg(long)]
        object: u64,
        /// The number of threads.
        #[arg(long)]
        threads: usize,
    },
    /// Lists, reads, and decompresses the objects, and does nothing else.
    Floor(Run),
    /// This project's reader.
    Ours(Run),
    /// The reader with its reference parser.
    Reference(Run),
}

#[derive(Args)]
struct Run {
    /// The folder with the objects.
    trail: PathBuf,
    /// The number of threads.
    #[arg(long)]
    threads: usize,
    /// The file to write the answer to.
    #[arg(long)]
    answer: Option<PathBuf>,
}

fn main() -> Result<(), Box<dyn Error>> {
    match CommandLine::parse().engine {
        Engine::Generate {
            folder,
            trail,
            records,
            object,
            threads,
        } => {
            let files = TrailFiles::below(&folder, trail, records, object);
            let progress = |done: u64, all: u64| {
                if done.is_multiple_of(50) || done == all {
                    eprintln!("{} of {records} records", done * records / all);
                }
            };
            Ok(files.write(
                &IngestTrail::new(trail, records),
                object,
                threads,
                &progress,
            )?)
        }
        Engine::Floor(run) => run.floor(),
        Engine::Ours(run) => run.read(ReadOptions::default()),
        Engine::Reference(run) => run.read(ReadOptions::new().parser(RecordParser::Reference)),
    }
}

/// What a thread of the floor did.
#[derive(Default)]
struct Inflated {
    objects: u64,
    stored: u64,
    bytes: u64,
}

impl Run {
    fn floor(&self) -> Result<(), Box<dyn Error>> {
        let reader = TrailReader::new(Catalog::shared(), ReadOptions::default());
        let started = Instant::now();
        let objects = reader
            .list(&[&self.trail])?
            .filter_map(|object| match object {
                Ok(TrailObject::File(file)) => Some(file),
                _ => None,
            });
        let files = Mutex::new(objects);
        let next = || files.lock().unwrap_or_else(PoisonError::into_inner).next();
        let mut all = Inflated::default();
        std::thread::scope(|scope| {
            let threads: Vec<_> = (0..self.threads)
                .map(|_| scope.spawn(|| inflate(&next)))
                .collect();
            threads.into_iter().try_for_each(|thread| {
                let part = thread
                    .join()
                    .unwrap_or_else(|_| Err(io::Error::other("a thread panicked")))?;
                all.objects += part.objects;
                all.stored += part.stored;
                all.bytes += part.bytes;
                io::Result::Ok(())
            })
        })?;
        let seconds = started.elapsed().as_secs_f64();
        println!(
            "{}",
            json!({
                "seconds": seconds,
                "objects": all.objects,
                "stored_bytes": all.stored,
                "inflated_bytes": all.bytes,
                "peak_kib": peak_kib(),
            })
        );
        Ok(())
    }

    fn read(&self, options: ReadOptions) -> Result<(), Box<dyn Error>> {
        // Loading the catalog is not measured, and neither is loading the other tools.
        let reader = TrailReader::new(Catalog::shared(), options);
        let started = Instant::now();
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(self.threads)
            .build()?;
        let read = pool.install(|| reader.read(&[&self.trail], &|_| {}))?;
        let seconds = started.elapsed().as_secs_f64();
        let peak_kib = peak_kib();
        if let Some(failed) = read.reconciliation.objects_failed.first() {
            return Err(failed.to_string().into());
        }
        if let Some(answer) = &self.answer {
            fs::write(answer, Answer::of(&read.activity).to_string())?;
        }
        println!(
            "{}",
            json!({
                "seconds": seconds,
                "objects": read.reconciliation.objects_read,
                "records": read.reconciliation.records_read,
                "rows": read.activity.len(),
                "stored_bytes": read.reconciliation.bytes,
                "peak_kib": peak_kib,
            })
        );
        Ok(())
    }
}

/// Decompresses objects until none is left.
fn inflate(next: &impl Fn() -> Option<PathBuf>) -> io::Result<Inflated> {
    let mut decompressor = Decompressor::new();
    let (mut stored, mut inflated) = (Vec::new(), Vec::new());
    let mut done = Inflated::default();
    while let Some(file) = next() {
        read_file(&file, &mut stored)?;
        // Gzip ends with the size.
        let size = stored
            .last_chunk()
            .map_or(0, |size| u32::from_le_bytes(*size)) as usize;
        if inflated.len() < size {
            inflated.resize(size, 0);
        }
        let bytes = decompressor
            .gzip_decompress(&stored, &mut inflated)
            .map_err(|error| io::Error::other(format!("{}: {error}", file.display())))?;
        done.objects += 1;
        done.stored += stored.len() as u64;
        done.bytes += bytes as u64;
    }
    Ok(done)
}

fn read_file(file: &Path, into: &mut Vec<u8>) -> io::Result<()> {
    let mut file = File::open(file)?;
    into.clear();
    into.reserve(usize::try_from(file.metadata()?.len()).unwrap_or_default());
    file.read_to_end(into)?;
    Ok(())
}

/// The peak of this process's resident memory, if the operating system tells it.
fn peak_kib() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}
