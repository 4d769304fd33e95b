//! `ClickHouse`, `DuckDB`, and Python, installed into their own Python environment.

use std::path::{Path, PathBuf};
use std::process::Command;

use benches::ingest::TrailFiles;

use crate::bench_ingest::engine::Column;
use crate::{child, python};

/// The installed tools.
pub(super) struct Peers {
    python: PathBuf,
    scripts: PathBuf,
    /// Pinned names and versions.
    pub(super) versions: String,
}

impl Peers {
    /// Installs the pinned packages unless they are installed.
    pub(super) fn install(folder: &Path) -> Result<Self, String> {
        let benches = child::workspace_root()?.join("benches");
        let requirements = benches.join("ingest-requirements.txt");
        let pinned = std::fs::read_to_string(&requirements)
            .map_err(|error| format!("{}: {error}", requirements.display()))?;
        eprintln!("installing ClickHouse and DuckDB if they are missing");
        let python = python::environment_in(&folder.join("peers"), &requirements)?;
        let version = python::succeed(child::command(&python)?.arg("--version"))?;
        let versions: Vec<String> = pinned
            .lines()
            .filter(|line| ["chdb", "duckdb"].iter().any(|name| line.starts_with(name)))
            .map(|line| line.replace("==", " "))
            .chain([version.trim().to_owned()])
            .collect();
        Ok(Self {
            python,
            scripts: benches.join("ingest"),
            versions: versions.join(", "),
        })
    }

    /// The command of a tool.
    pub(super) fn command(
        &self,
        column: Column,
        files: &TrailFiles,
        answer: &Path,
    ) -> Result<Command, String> {
        let (script, form) = column
            .engine
            .script()
            .ok_or_else(|| format!("{} has no script", column.label()))?;
        let mut command = child::command(&self.python)?;
        // Nothing is written beside the scripts.
        command.arg("-B").arg(self.scripts.join(script)).arg(form);
        command.arg(files.objects());
        command.arg(column.threads.to_string()).arg(answer);
        Ok(command)
    }
}
