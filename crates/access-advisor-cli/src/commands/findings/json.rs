//! Findings as JSON.

use std::io::{self, Write};

use access_advisor::findings::{Findings, FindingsSummary};
use access_advisor::report::ReportCoverage;
use serde::Serialize;

use crate::json_output::{INDENT, indented};

/// What the findings rest on, and what they come to.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Ours<'a> {
    summary: FindingsSummary,
    judged: usize,
    excluded: usize,
    too_young: usize,
    service_linked: usize,
    coverage: &'a ReportCoverage,
}

/// Writes `{"findings": [...], "accessAdvisor": {...}}`.
pub(super) fn write(writer: &mut dyn Write, findings: &Findings) -> io::Result<()> {
    write!(writer, "{{\n{INDENT}\"findings\": [")?;
    let mut separator = "";
    for finding in &findings.findings {
        write!(writer, "{separator}\n{INDENT}{INDENT}")?;
        writer.write_all(&indented(finding, 2)?)?;
        separator = ",";
    }
    if !separator.is_empty() {
        write!(writer, "\n{INDENT}")?;
    }
    write!(writer, "],\n{INDENT}\"accessAdvisor\": ")?;
    let ours = Ours {
        summary: findings.summary(),
        judged: findings.judged,
        excluded: findings.excluded,
        too_young: findings.too_young,
        service_linked: findings.service_linked,
        coverage: &findings.coverage,
    };
    writer.write_all(&indented(&ours, 1)?)?;
    writeln!(writer, "\n}}")
}
