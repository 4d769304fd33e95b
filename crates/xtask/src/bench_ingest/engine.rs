//! The engines, and one run of one of them.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use benches::ingest::TrailFiles;
use clap::ValueEnum;
use serde::Deserialize;

use crate::bench_ingest::results::Column;
use crate::{child, python};

/// What can be timed, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// Lists, reads and inflates with libdeflate, and nothing else.
    Floor,
    /// Our reader.
    Ours,
    /// Our reader with its plain parser.
    Plain,
    /// `ClickHouse`.
    Clickhouse,
    /// `DuckDB`, by the fastest query that was found.
    Duckdb,
    /// `DuckDB`, by `read_json` with the columns named.
    DuckdbReadJson,
    /// Python's json and gzip in processes.
    Python,
}

impl Engine {
    pub(super) fn all() -> &'static [Self] {
        Self::value_variants()
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Floor => "inflate only",
            Self::Ours => "access-advisor",
            Self::Plain => "access-advisor, plain parser",
            Self::Clickhouse => "ClickHouse",
            Self::Duckdb => "DuckDB, read_json_objects",
            Self::DuckdbReadJson => "DuckDB, read_json",
            Self::Python => "Python json",
        }
    }

    /// The script and its form, of those that are not ours.
    pub(super) fn script(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Floor | Self::Ours | Self::Plain => None,
            Self::Clickhouse => Some(("with_clickhouse.py", "-")),
            Self::Duckdb => Some(("with_duckdb.py", "fastest")),
            Self::DuckdbReadJson => Some(("with_duckdb.py", "documented")),
            Self::Python => Some(("with_json.py", "-")),
        }
    }

    /// The most rounds it takes part in.
    pub(super) fn rounds(self) -> u32 {
        match self {
            Self::DuckdbReadJson | Self::Python => 3,
            _ => u32::MAX,
        }
    }

    pub(super) fn runs_on_one_thread(self) -> bool {
        matches!(self, Self::Floor | Self::Ours)
    }
}

/// What one run took.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Figures {
    /// From the first look at the folder to the table, without the process's start.
    pub(super) seconds: f64,
    /// The process from start to end, its answer written.
    #[serde(skip)]
    pub(super) process_seconds: f64,
    pub(super) records: Option<u64>,
    pub(super) rows: Option<u64>,
    pub(super) objects: Option<u64>,
    pub(super) stored_bytes: Option<u64>,
    pub(super) inflated_bytes: Option<u64>,
    /// Resident; nothing where the system does not tell.
    pub(super) peak_kib: Option<u64>,
}

/// A run of an engine made of Rust.
pub(super) fn command(
    program: &Path,
    column: Column,
    files: &TrailFiles,
    answer: &Path,
) -> Result<Command, String> {
    let mut command = child::command(program)?;
    command.arg(match column.engine {
        Engine::Floor => "floor",
        Engine::Plain => "plain",
        _ => "ours",
    });
    command.arg(files.objects());
    command.arg(format!("--threads={}", column.threads));
    if column.engine != Engine::Floor {
        command.arg("--answer").arg(answer);
    }
    Ok(command)
}

/// Runs it to the end.
pub(super) fn run(mut command: Command) -> Result<Figures, String> {
    let started = Instant::now();
    let printed = python::succeed(&mut command)?;
    let process_seconds = started.elapsed().as_secs_f64();
    let figures: Figures = serde_json::from_str(&printed)
        .map_err(|error| format!("{} printed {printed:?}: {error}", child::shown(&command)))?;
    Ok(Figures {
        process_seconds,
        ..figures
    })
}
