//! `cargo xtask bench-ingest`: reading a trail, beside inflating alone and beside what people use today.

mod engine;
mod peers;
mod results;

use std::fs;
use std::path::{Path, PathBuf};

use benches::ingest::{Answer, TrailFiles};
use clap::Args;
use service_catalog::Catalog;

use crate::bench_ingest::engine::{Engine, Figures};
use crate::bench_ingest::peers::Peers;
use crate::bench_ingest::results::{Column, Peak, Results};
use crate::child;

/// The records of small and of large objects.
const OBJECTS: [u64; 2] = [50, 5_000];
/// The trails whose peaks `--memory` compares.
const MEMORY: [u64; 2] = [1_000_000, 10_000_000];

/// Times reading a trail: inflating alone, our reader, `ClickHouse`, `DuckDB` and Python, all with the same answer.
///
/// Makes the trail (deterministic: 1,000 principals, 300 days) as small objects of 50 records and as large ones of 5,000,
/// once, under `target/bench-ingest`; installs the others there, pinned by benches/ingest-requirements.txt. Then runs all
/// engines in turn, round after round, and prints medians. Every answer of every run must be the expected one, row for row:
/// the command fails otherwise. How fast anything is fails nothing.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask bench-ingest                         400,000 records: a few minutes
  cargo xtask bench-ingest --records 20000         a look
  cargo xtask bench-ingest --only floor,ours       without the others
  cargo xtask bench-ingest --memory                the reader's peaks for 1 and 10 million records; 6 GB of disk
  cargo xtask bench-ingest --write-results         and puts the tables into benches/RESULTS.md")]
pub(crate) struct BenchIngest {
    /// How many records the trail has.
    #[arg(long, value_name = "N", default_value_t = 400_000, value_parser = clap::value_parser!(u64).range(1..))]
    records: u64,
    /// How many rounds; the slow engines take part in the first three only.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// Threads of all engines; floor and ours also run on one.
    #[arg(long, value_name = "N", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..))]
    threads: u32,
    /// Only these engines.
    #[arg(long, value_name = "ENGINE", value_delimiter = ',')]
    only: Vec<Engine>,
    /// Only objects of so many records.
    #[arg(long, value_name = "50|5000", value_parser = clap::builder::PossibleValuesParser::new(["50", "5000"]))]
    object: Option<String>,
    /// Compares the reader's peak memory for 1 and 10 million records, and nothing else.
    #[arg(long, conflicts_with_all = ["records", "rounds", "only", "object"])]
    memory: bool,
    /// Puts what is printed into benches/RESULTS.md.
    #[arg(long)]
    write_results: bool,
    /// Deletes the trails at the end.
    #[arg(long)]
    delete: bool,
}

impl BenchIngest {
    pub(crate) fn run(&self) -> Result<(), String> {
        let program = program()?;
        let folder = target()?.join("bench-ingest");
        let done = if self.memory {
            self.compare_memory(&program, &folder)
        } else {
            self.compare_times(&program, &folder)
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
        program: &Path,
        folder: &Path,
    ) -> Result<(&'static str, String), String> {
        let columns = self.columns();
        let is_foreign = |column: &Column| column.engine.script().is_some();
        let peers = columns
            .iter()
            .any(is_foreign)
            .then(|| Peers::install(folder))
            .transpose()?;
        let mut text = results::heading(self.records, self.rounds, peers.as_ref());
        for object in OBJECTS {
            let wanted = self.object.as_deref();
            if wanted.is_some_and(|wanted| wanted != object.to_string()) {
                continue;
            }
            let files = self.trail(program, folder, self.records, object)?;
            let expected = Expected::read(&files)?;
            let mut results = Results::new(object, self.records, &columns);
            // A warm-up, so that the files are in memory, and then in turn.
            for round in 0..=self.rounds {
                for column in &columns {
                    if round > column.engine.rounds() || (round == 0 && is_foreign(column)) {
                        continue;
                    }
                    eprintln!(
                        "objects of {object}: round {round} of {}, {}",
                        self.rounds,
                        column.label()
                    );
                    let answer = folder.join("answer.tsv");
                    let command = match &peers {
                        Some(peers) if is_foreign(column) => {
                            peers.command(*column, &files, &answer)?
                        }
                        _ => engine::command(program, *column, &files, &answer)?,
                    };
                    let figures = engine::run(command)?;
                    expected.check(*column, &answer, &figures, self.records)?;
                    if round > 0 {
                        results.add(*column, &figures);
                    }
                }
            }
            text += &results.table();
        }
        Ok(("times", text))
    }

    fn compare_memory(
        &self,
        program: &Path,
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
            let files = self.trail(program, folder, records, object)?;
            let expected = Expected::read(&files)?;
            let answer = folder.join("answer.tsv");
            let figures = engine::run(engine::command(program, column, &files, &answer)?)?;
            expected.check(column, &answer, &figures, records)?;
            peaks.push(Peak {
                object,
                records,
                figures,
            });
        }
        Ok(("memory", results::memory(&peaks, self.threads)))
    }

    /// The floor and ours on one thread and on all, the others on all.
    fn columns(&self) -> Vec<Column> {
        Engine::all()
            .iter()
            .filter(|engine| self.only.is_empty() || self.only.contains(engine))
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
        records: u64,
        object: u64,
    ) -> Result<TrailFiles, String> {
        let trails = folder.join("trails");
        let files = TrailFiles::below(&trails, records, object);
        if !files.answer().is_file() {
            eprintln!("making {records} records in objects of {object}");
            let mut generate = child::command(program)?;
            generate.arg("generate").arg(&trails);
            generate.arg(format!("--records={records}"));
            generate.arg(format!("--object={object}"));
            generate.arg(format!("--threads={}", self.threads));
            let status = generate.status().map_err(|error| error.to_string())?;
            if !status.success() {
                return Err("the trail cannot be made".to_owned());
            }
        }
        Ok(files)
    }
}

/// What the engines must answer: by event, as the others have it, and by operation, as ours has it.
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

    /// Row for row; and no record may be lost on the way.
    fn check(
        &self,
        column: Column,
        answer: &Path,
        figures: &Figures,
        records: u64,
    ) -> Result<(), String> {
        let expected = match column.engine {
            Engine::Floor => return Ok(()),
            Engine::Ours | Engine::Plain => &self.by_operation,
            _ => &self.by_event,
        };
        let label = column.label();
        if figures.records.is_some_and(|read| read != records) {
            return Err(format!(
                "{label} has not read {records} records: {figures:?}"
            ));
        }
        let given = read_answer(answer)?;
        // So that the next engine's is not taken for this one's.
        fs::remove_file(answer).map_err(|error| format!("{}: {error}", answer.display()))?;
        match given.difference(expected) {
            None => Ok(()),
            Some(difference) => Err(format!("{label} has another answer: {difference}")),
        }
    }
}

fn read_answer(file: &Path) -> Result<Answer, String> {
    let name = |error: &dyn std::fmt::Display| format!("{}: {error}", file.display());
    let text = fs::read_to_string(file).map_err(|error| name(&error))?;
    Answer::parse(&text).map_err(|error| name(&error))
}

/// Builds the engines made of Rust; where they are.
fn program() -> Result<PathBuf, String> {
    let mut cargo = child::cargo()?;
    cargo.args(
        "build --quiet --release --package benches --features ingest --bin ingest".split(' '),
    );
    let status = cargo
        .status()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !status.success() {
        return Err("the engines do not build".to_owned());
    }
    let name = format!("ingest{}", std::env::consts::EXE_SUFFIX);
    Ok(target()?.join("release").join(name))
}

/// The target folder: `debug` or `release`, where this program is, stands in it.
fn target() -> Result<PathBuf, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = own.ancestors().nth(2).ok_or("no target folder")?;
    Ok(target.to_owned())
}
