//! `cargo xtask bench-ingest`: how fast trails are read, compared with decompression alone and with other tools.

mod engine;
mod parts;
mod peers;
mod results;

use std::fs;
use std::path::{Path, PathBuf};

use benches::ingest::{Answer, TrailFiles, TrailKind};
use clap::Args;
use service_catalog::Catalog;

use crate::bench_ingest::engine::{Column, Engine, Figures, Programs};
use crate::bench_ingest::peers::Peers;
use crate::bench_ingest::results::{Peak, Results, Title};
use crate::child;

/// The records of small and of large objects.
const OBJECTS: [u64; 2] = [50, 5_000];
/// The numbers of records whose peak memory `--memory` compares.
const MEMORY: [u64; 2] = [1_000_000, 10_000_000];
const ROUNDS: u32 = 5;
const QUICK_ROUNDS: u32 = 15;

/// Measures how fast trails are read: decompression alone, our reader, `ClickHouse`, `DuckDB`, and Python.
///
/// Generates a regular and a varied trail, each in objects of 50 and of 5,000 records, and keeps them in
/// `target/bench-ingest`. Installs the other tools there, pinned by benches/ingest-requirements.txt. Then all engines run in
/// turn, round after round, and the medians are printed. Every engine must return the expected answer in every run, row for
/// row; otherwise the command fails. It never fails because of a time.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask bench-ingest                         400,000 records of both trails
  cargo xtask bench-ingest --records 20000         a first impression
  cargo xtask bench-ingest --trail varied          the varied trail only
  cargo xtask bench-ingest --only floor,ours       without the other tools
  cargo xtask bench-ingest --quick                 decompression and our reader: the least of 15 runs
  cargo xtask bench-ingest --quick --baseline PATH the same, and an earlier build of our reader
  cargo xtask bench-ingest --quick --parts         the same, and what coverage and the days of rows cost
  cargo xtask bench-ingest --memory                peak memory for 1 and 10 million records; 6 GB of disk
  cargo xtask bench-ingest --write-results         also writes the tables to benches/RESULTS.md

To keep a build as a baseline, copy target/release/ingest to another place.")]
pub(crate) struct BenchIngest {
    /// The number of records in each trail.
    #[arg(long, value_name = "N", default_value_t = 400_000, value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
    /// The number of rounds [default: 5, with --quick 15]. The slowest engines take part in three at most.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rounds: Option<u32>,
    /// The number of threads. Decompression and our reader also run on one.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    threads: u32,
    /// Only these engines.
    #[arg(long, value_name = "ENGINE", value_delimiter = ',')]
    only: Vec<Engine>,
    /// Only this trail.
    #[arg(long, value_enum)]
    trail: Option<TrailKind>,
    /// Only objects with this many records.
    #[arg(long, value_name = "50|5000", value_parser = clap::builder::PossibleValuesParser::new(["50", "5000"]))]
    object: Option<String>,
    /// Only decompression and our reader; prints the least time of each.
    #[arg(long, conflicts_with_all = ["only", "write_results"])]
    quick: bool,
    /// Another build of the program `ingest`, which runs in turn with this one. Its answers may differ, as its catalog may.
    #[arg(long, value_name = "PATH")]
    baseline: Option<PathBuf>,
    /// Builds our reader without coverage and without the days of rows too, which run in turn with it; prints what each costs, as
    /// the ratio of the least times.
    #[arg(long, requires = "quick")]
    parts: bool,
    /// Compares the reader's peak memory for 1 and 10 million records of the regular trail, and does nothing else.
    #[arg(long, conflicts_with_all = ["records", "rounds", "only", "object", "trail", "quick", "baseline"])]
    memory: bool,
    /// Writes the tables to benches/RESULTS.md too.
    #[arg(long)]
    write_results: bool,
    /// Deletes the trails at the end.
    #[arg(long)]
    delete: bool,
}

impl BenchIngest {
    pub(crate) fn run(&self) -> Result<(), String> {
        let folder = target()?.join("bench-ingest");
        let baseline = self.baseline.as_ref().map(|path| {
            path.canonicalize()
                .map_err(|error| format!("--baseline {}: {error}", path.display()))
        });
        let programs = Programs {
            current: program()?,
            baseline: baseline.transpose()?,
            parts: match self.parts {
                true => parts::build(&folder.join("parts"))?,
                false => Vec::new(),
            },
        };
        let done = if self.memory {
            self.compare_memory(&programs, &folder)
        } else {
            self.compare_times(&programs, &folder)
        };
        if self.delete {
            let trails = folder.join("trails");
            fs::remove_dir_all(&trails)
                .map_err(|error| format!("{}: {error}", trails.display()))?;
        }
        let (section, text) = done?;
        print!("{text}");
        if self.write_results {
            results::write(&child::workspace_root()?, section, &text)?;
        }
        Ok(())
    }

    fn compare_times(
        &self,
        programs: &Programs,
        folder: &Path,
    ) -> Result<(&'static str, String), String> {
        let columns = self.columns();
        let peers = columns
            .iter()
            .any(|column| column.engine.script().is_some())
            .then(|| Peers::install(folder))
            .transpose()?;
        let mut text = results::heading(self.records, self.rounds(), peers.as_ref());
        for trail in TrailKind::ALL {
            for object in OBJECTS {
                if self.wants(trail, object) {
                    let results =
                        self.compare(trail, object, &columns, programs, peers.as_ref(), folder)?;
                    text += &if self.quick {
                        results.least_table()
                    } else {
                        results.table()
                    };
                }
            }
        }
        Ok(("times", text))
    }

    /// Runs all engines on one trail with objects of one size.
    fn compare(
        &self,
        trail: TrailKind,
        object: u64,
        columns: &[Column],
        programs: &Programs,
        peers: Option<&Peers>,
        folder: &Path,
    ) -> Result<Results, String> {
        let files = self.trail(&programs.current, folder, trail, self.records, object)?;
        let expected = Expected::read(&files)?;
        let title = Title {
            trail,
            object,
            records: self.records,
        };
        let mut results = Results::new(title, columns);
        // Round 0 is a warm-up that brings the files into the page cache.
        for round in 0..=self.rounds() {
            for column in columns {
                let peer = peers.filter(|_| column.engine.script().is_some());
                if round > column.engine.rounds() || (round == 0 && peer.is_some()) {
                    continue;
                }
                eprintln!(
                    "{trail} trail, objects of {object}: round {round} of {}, {}",
                    self.rounds(),
                    column.label()
                );
                let answer = folder.join("answer.tsv");
                let command = match peer {
                    Some(peers) => peers.command(*column, &files, &answer)?,
                    None => engine::command(programs, *column, &files, &answer)?,
                };
                let figures = engine::run(command)?;
                expected.check(*column, &answer, &figures, self.records)?;
                if round > 0 {
                    results.add(*column, &figures);
                }
            }
        }
        Ok(results)
    }

    fn compare_memory(
        &self,
        programs: &Programs,
        folder: &Path,
    ) -> Result<(&'static str, String), String> {
        let column = Column {
            engine: Engine::Ours,
            threads: self.threads,
        };
        let mut peaks = Vec::new();
        for (object, records) in OBJECTS
            .iter()
            .flat_map(|object| MEMORY.map(|it| (*object, it)))
        {
            let files = self.trail(
                &programs.current,
                folder,
                TrailKind::Regular,
                records,
                object,
            )?;
            let expected = Expected::read(&files)?;
            let answer = folder.join("answer.tsv");
            let figures = engine::run(engine::command(programs, column, &files, &answer)?)?;
            expected.check(column, &answer, &figures, records)?;
            peaks.push(Peak {
                object,
                records,
                figures,
            });
        }
        Ok(("memory", results::memory(&peaks, self.threads)))
    }

    fn rounds(&self) -> u32 {
        let default = if self.quick { QUICK_ROUNDS } else { ROUNDS };
        self.rounds.unwrap_or(default)
    }

    fn wants(&self, trail: TrailKind, object: u64) -> bool {
        let is_of_size = self.object.as_ref();
        self.trail.is_none_or(|wanted| wanted == trail)
            && is_of_size.is_none_or(|wanted| *wanted == object.to_string())
    }

    /// Engines with their numbers of threads, in the order of the table.
    fn columns(&self) -> Vec<Column> {
        let is_wanted = |engine: Engine| match engine {
            Engine::Baseline if self.baseline.is_none() => false,
            Engine::WithoutCoverage | Engine::WithoutDays if !self.parts => false,
            _ if self.quick => engine.is_quick(),
            _ => self.only.is_empty() || self.only.contains(&engine),
        };
        Engine::all()
            .iter()
            .filter(|engine| is_wanted(**engine))
            .flat_map(|engine| {
                let one = (engine.runs_on_one_thread() && self.threads > 1).then_some(1);
                one.into_iter().chain([self.threads]).map(|threads| Column {
                    engine: *engine,
                    threads,
                })
            })
            .collect()
    }

    fn trail(
        &self,
        program: &Path,
        folder: &Path,
        trail: TrailKind,
        records: u64,
        object: u64,
    ) -> Result<TrailFiles, String> {
        let trails = folder.join("trails");
        let files = TrailFiles::below(&trails, trail, records, object);
        if !files.answer().is_file() {
            eprintln!("generating {records} records of the {trail} trail in objects of {object}");
            let mut generate = child::command(program)?;
            generate.arg("generate").arg(&trails);
            generate.arg(format!("--trail={trail}"));
            generate.arg(format!("--records={records}"));
            generate.arg(format!("--object={object}"));
            generate.arg(format!("--threads={}", self.threads));
            let status = generate.status().map_err(|error| error.to_string())?;
            if !status.success() {
                return Err(format!("cannot generate the {trail} trail"));
            }
        }
        Ok(files)
    }
}

/// The expected answer: by event, as the other tools return it, and by operation, as our reader returns it.
struct Expected {
    by_event: Answer,
    by_operation: Answer,
}

impl Expected {
    fn read(files: &TrailFiles) -> Result<Self, String> {
        let by_event = read_answer(&files.answer())?;
        let by_operation = by_event.by_operation(Catalog::embedded());
        Ok(Self {
            by_event,
            by_operation,
        })
    }

    /// Compares an answer row for row, and the number of records.
    fn check(
        &self,
        column: Column,
        answer: &Path,
        figures: &Figures,
        records: u64,
    ) -> Result<(), String> {
        let expected = match column.engine {
            Engine::Floor => return Ok(()),
            Engine::Ours
            | Engine::WithoutCoverage
            | Engine::WithoutDays
            | Engine::Baseline
            | Engine::Reference => &self.by_operation,
            _ => &self.by_event,
        };
        let label = column.label();
        if figures.records.is_some_and(|read| read != records) {
            return Err(format!(
                "{label} did not read {records} records: {figures:?}"
            ));
        }
        let given = read_answer(answer)?;
        // The next engine must not pass with this answer.
        fs::remove_file(answer).map_err(|error| format!("{}: {error}", answer.display()))?;
        match given.difference(expected) {
            None => Ok(()),
            // An earlier build may have another catalog, which resolves some events differently.
            Some(difference) if column.engine == Engine::Baseline => {
                eprintln!("{label} returned another answer, which is allowed: {difference}");
                Ok(())
            }
            Some(difference) => Err(format!("{label} returned another answer: {difference}")),
        }
    }
}

fn read_answer(file: &Path) -> Result<Answer, String> {
    let name = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(|error| name(&error))?;
    Answer::parse(&text).map_err(|error| name(&error))
}

/// Builds the program with the engines in Rust and returns its path.
fn program() -> Result<PathBuf, String> {
    let mut cargo = child::cargo()?;
    cargo.args(
        "build --quiet --release --package benches --features ingest --bin ingest".split(' '),
    );
    let status = cargo
        .status()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !status.success() {
        return Err("cannot build the program `ingest`".to_owned());
    }
    let name = format!("ingest{}", std::env::consts::EXE_SUFFIX);
    Ok(target()?.join("release").join(name))
}

/// The target folder, two levels above this program.
fn target() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = own.ancestors().nth(2).ok_or("no target folder")?;
    Ok(target.to_owned())
}
