//! The engines, and how one run of an engine is started and measured.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use benches::ingest::TrailFiles;
use clap::ValueEnum;
use serde::Deserialize;

use crate::{child, python};

/// What can be measured, in the order of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Engine {
    /// Lists, reads, and decompresses with libdeflate, and does nothing else.
    Floor,
    /// An earlier build of our reader; needs --baseline.
    Baseline,
    /// Our reader.
    Ours,
    /// Our reader without coverage; needs --parts.
    WithoutCoverage,
    /// Our reader without the days of rows; needs --parts.
    WithoutDays,
    /// Our reader with its reference parser.
    Reference,
    /// `ClickHouse`.
    Clickhouse,
    /// `DuckDB` with the fastest query known.
    Duckdb,
    /// `DuckDB` with `read_json` and named columns.
    DuckdbReadJson,
    /// Python with json and gzip in several processes.
    Python,
}

impl Engine {
    pub(super) fn all() -> &'static [Self] {
        Self::value_variants()
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Floor => "inflate only",
            Self::Baseline => "access-advisor, baseline",
            Self::Ours => "access-advisor",
            Self::WithoutCoverage => "access-advisor without coverage",
            Self::WithoutDays => "access-advisor without days",
            Self::Reference => "access-advisor, reference parser",
            Self::Clickhouse => "ClickHouse",
            Self::Duckdb => "DuckDB, read_json_objects",
            Self::DuckdbReadJson => "DuckDB, read_json",
            Self::Python => "Python json",
        }
    }

    /// The script and its variant, for the other tools.
    pub(super) fn script(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Floor
            | Self::Baseline
            | Self::Ours
            | Self::WithoutCoverage
            | Self::WithoutDays
            | Self::Reference => None,
            Self::Clickhouse => Some(("with_clickhouse.py", "-")),
            Self::Duckdb => Some(("with_duckdb.py", "fastest")),
            Self::DuckdbReadJson => Some(("with_duckdb.py", "documented")),
            Self::Python => Some(("with_json.py", "-")),
        }
    }

    /// The number of rounds that it takes part in at most.
    pub(super) fn rounds(self) -> u32 {
        match self {
            Self::DuckdbReadJson | Self::Python => 3,
            _ => u32::MAX,
        }
    }

    pub(super) fn runs_on_one_thread(self) -> bool {
        self.is_quick()
    }

    /// Whether `--quick` measures it.
    pub(super) fn is_quick(self) -> bool {
        matches!(
            self,
            Self::Floor | Self::Baseline | Self::Ours | Self::WithoutCoverage | Self::WithoutDays
        )
    }
}

/// An engine with a number of threads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(super) engine: Engine,
    pub(super) threads: u32,
}

impl Column {
    pub(super) fn label(self) -> String {
        let threads = if self.threads == 1 {
            "thread"
        } else {
            "threads"
        };
        format!("{}, {} {threads}", self.engine.name(), self.threads)
    }
}

/// The builds of the program `ingest`.
pub(super) struct Programs {
    pub(super) current: PathBuf,
    pub(super) baseline: Option<PathBuf>,
    /// Without a part.
    pub(super) parts: Vec<(Engine, PathBuf)>,
}

/// What one run reported.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Figures {
    /// From listing the folder to the finished table, without the start of the process.
    pub(super) seconds: f64,
    /// The whole process, with writing the answer.
    #[serde(skip)]
    pub(super) process_seconds: f64,
    pub(super) records: Option<u64>,
    pub(super) rows: Option<u64>,
    pub(super) objects: Option<u64>,
    pub(super) stored_bytes: Option<u64>,
    pub(super) inflated_bytes: Option<u64>,
    /// Resident; `None` if the operating system does not tell.
    pub(super) peak_kib: Option<u64>,
}

/// The command of an engine in Rust.
pub(super) fn command(
    programs: &Programs,
    column: Column,
    files: &TrailFiles,
    answer: &Path,
) -> Result<Command, String> {
    let program = match (column.engine, &programs.baseline) {
        (Engine::Baseline, Some(baseline)) => baseline,
        (engine, _) => {
            let mut parts = programs.parts.iter();
            let without = parts.find(|(part, _)| *part == engine);
            without.map_or(&programs.current, |(_, program)| program)
        }
    };
    let mut command = child::command(program)?;
    command.arg(match column.engine {
        Engine::Floor => "floor",
        Engine::Reference => "reference",
        _ => "ours",
    });
    command.arg(files.objects());
    command.arg(format!("--threads={}", column.threads));
    if column.engine != Engine::Floor {
        command.arg("--answer").arg(answer);
    }
    Ok(command)
}

/// Runs a command to its end.
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
