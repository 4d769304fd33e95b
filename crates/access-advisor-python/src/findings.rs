//! What findings are asked for, and the files that they are written to.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use access_advisor::account::read_text;
use access_advisor::findings::{
    Baseline, FindingSettings, Findings, UnmatchedArchiveRule, read_settings_text,
};
use access_advisor::report::Advisor;
use pyo3::prelude::*;

use crate::error;

/// Which findings are asked for.
pub(crate) struct Search {
    settings: FindingSettings,
    baseline: Option<Baseline>,
    with_archived: bool,
}

impl Search {
    pub(crate) fn new(
        settings: Option<PathBuf>,
        unused_days: Option<u32>,
        min_coverage_days: Option<u32>,
        baseline: Option<PathBuf>,
        with_archived: bool,
    ) -> PyResult<Self> {
        let settings = settings.map(|path| read_settings(&path)).transpose()?;
        let mut settings = settings.unwrap_or_default();
        settings.unused_days = unused_days.unwrap_or(settings.unused_days);
        settings.min_coverage_days = min_coverage_days.or(settings.min_coverage_days);
        settings
            .check()
            .map_err(|wrong| error::invalid_input(&wrong.to_string()))?;
        Ok(Self {
            settings,
            baseline: baseline.map(|path| read_baseline(&path)).transpose()?,
            with_archived,
        })
    }

    /// The findings, and archive rules that are for none; with a baseline, these cannot be told.
    pub(crate) fn findings(&self, advisor: &Advisor) -> (Findings, Vec<UnmatchedArchiveRule>) {
        let (mut findings, unmatched) = match &self.baseline {
            Some(baseline) => (advisor.new_findings(&self.settings, baseline), Vec::new()),
            None => {
                let findings = advisor.findings(&self.settings);
                let unmatched = findings.unmatched_archive_rules(&self.settings);
                (findings, unmatched)
            }
        };
        if !self.with_archived {
            findings
                .findings
                .retain(|finding| !finding.status.is_archived());
        }
        (findings, unmatched)
    }
}

/// Warns of archive rules that are for no finding.
pub(crate) fn warn_of_unmatched(py: Python<'_>, rules: &[UnmatchedArchiveRule]) -> PyResult<()> {
    (rules.iter()).try_for_each(|rule| error::warn(py, &rule.to_string()))
}

fn read_settings(path: &Path) -> PyResult<FindingSettings> {
    let text =
        read_settings_text(path).map_err(|failed| error::invalid_input(&failed.to_string()))?;
    FindingSettings::parse(&text)
        .map_err(|wrong| error::invalid_input(&format!("{}: {wrong}", path.display())))
}

fn read_baseline(path: &Path) -> PyResult<Baseline> {
    let text = read_text(path).map_err(|failed| error::invalid_input(&failed.to_string()))?;
    Baseline::parse(&text)
        .map_err(|wrong| error::invalid_input(&format!("{}: {wrong}", path.display())))
}

/// The format of a file of findings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FindingsFormat {
    Json,
    Sarif,
    Ocsf,
}

impl FromStr for FindingsFormat {
    type Err = PyErr;

    fn from_str(name: &str) -> PyResult<Self> {
        match name {
            "json" => Ok(Self::Json),
            "sarif" => Ok(Self::Sarif),
            "ocsf" => Ok(Self::Ocsf),
            other => Err(error::invalid_input(&format!(
                "format must be \"json\", \"sarif\" or \"ocsf\", not {other:?}"
            ))),
        }
    }
}

impl FindingsFormat {
    pub(crate) fn write(self, writer: &mut dyn Write, findings: &Findings) -> io::Result<()> {
        match self {
            Self::Json => serde_json::to_writer_pretty(&mut *writer, findings)?,
            Self::Sarif => serde_json::to_writer_pretty(&mut *writer, &findings.sarif())?,
            Self::Ocsf => {
                for finding in &findings.findings {
                    serde_json::to_writer(&mut *writer, &finding.ocsf())?;
                    writeln!(writer)?;
                }
                return Ok(());
            }
        }
        writeln!(writer)
    }
}
