//! Reports as JSON, indented as the AWS CLI does, and as JSON lines.

use std::io::{self, Write};

use access_advisor::catalog::Catalog;
use access_advisor::report::ReportCoverage;
use serde::Serialize;

use super::listed_reports::ListedReports;
use crate::json_output::{INDENT, indented, write_json_line};

/// Writes `{"Reports": [...], "Coverage": {...}, "Catalog": "..."}`.
pub(super) fn write(
    writer: &mut dyn Write,
    reports: ListedReports<'_>,
    coverage: &ReportCoverage,
    catalog: &Catalog,
) -> io::Result<()> {
    write!(writer, "{{\n{INDENT}\"Reports\": [")?;
    let mut separator = "";
    for report in reports.formatted(|report| indented(report, 2)) {
        write!(writer, "{separator}\n{INDENT}{INDENT}")?;
        writer.write_all(&report?)?;
        separator = ",";
    }
    if !separator.is_empty() {
        write!(writer, "\n{INDENT}")?;
    }
    write!(writer, "],\n{INDENT}\"Coverage\": ")?;
    writer.write_all(&indented(coverage, 1)?)?;
    // The fingerprint of the catalog that the reports were made with.
    let catalog = catalog.fingerprint();
    write!(writer, ",\n{INDENT}\"Catalog\": \"{catalog}\"\n}}\n")
}

/// Writes one report per line, and a last line `{"Coverage": {...}, "Catalog": "..."}`.
pub(super) fn write_lines(
    writer: &mut dyn Write,
    reports: ListedReports<'_>,
    coverage: &ReportCoverage,
    catalog: &Catalog,
) -> io::Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct LastLine<'a> {
        coverage: &'a ReportCoverage,
        catalog: String,
    }

    reports.write_each(writer, |report| {
        let mut line = Vec::new();
        write_json_line(&mut line, report)?;
        Ok(line)
    })?;
    let catalog = catalog.fingerprint().to_string();
    write_json_line(writer, &LastLine { coverage, catalog })
}
