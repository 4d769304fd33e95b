//! Reports as CSV: one line per identity or policy, one per service, and at action level one per tracked action. Services
//! and actions that were used without a grant have `Granted` = `false`; those of unknown event sources have nothing there.

use std::io::{self, Write};

use access_advisor::report::{
    Report, ServiceLastAccessed, State, StateReason, TrackedActionLastAccessed,
};
use access_advisor::time;
use chrono::{DateTime, Utc};

use super::listed_reports::ListedReports;
use crate::csv_output::{CsvArguments, CsvWriter};

const COLUMNS: usize = 15;

const HEADER: [&str; COLUMNS] = [
    "Arn",
    "Granularity",
    "ServiceNamespace",
    "ServiceName",
    "ActionName",
    "Granted",
    "LastAccessed",
    "LastAccessedEntity",
    "LastAccessedRegion",
    "TotalAuthenticatedEntities",
    "NotEvaluated",
    "State",
    "StateReason",
    "Undecided",
    "Coverage",
];

/// Writes all reports as one table, each with what was read for it.
pub(crate) fn write(
    writer: &mut dyn Write,
    arguments: CsvArguments,
    reports: ListedReports<'_>,
    coverage_of: &(dyn Fn(&str) -> String + Sync),
) -> io::Result<()> {
    writer.write_all(&lines(arguments, |csv| write_record(csv, HEADER))?)?;
    reports.write_each(writer, |report| {
        lines(arguments, |csv| {
            write_report(csv, report, &coverage_of(report.arn()))
        })
    })
}

/// Some lines of the table.
fn lines(
    arguments: CsvArguments,
    write: impl FnOnce(&mut CsvWriter<'_>) -> io::Result<()>,
) -> io::Result<Vec<u8>> {
    let mut lines = Vec::new();
    let mut csv = CsvWriter::new(&mut lines, arguments);
    write(&mut csv)?;
    csv.flush()?;
    drop(csv);
    Ok(lines)
}

fn write_report(csv: &mut CsvWriter<'_>, report: &Report, coverage: &str) -> io::Result<()> {
    write_entity(csv, report, coverage)?;
    let ungranted: Vec<_> = report.ungranted_actions_used().collect();
    for row in report.services() {
        write_row(csv, report, &row, "true")?;
        for action in &ungranted {
            if action.service_namespace == row.service_namespace {
                write_action(csv, report, &row, &action.action, "false")?;
            }
        }
    }
    for row in report.ungranted_services_used() {
        write_row(csv, report, &row, "false")?;
    }
    for row in report.unknown_event_sources() {
        write_row(csv, report, &row, "")?;
    }
    Ok(())
}

/// The line of the report itself, which also stands when it lists no service: the last access of all, the policies that could
/// not be evaluated, how many actions are undecided, and what was read of the account's trail.
fn write_entity(csv: &mut CsvWriter<'_>, report: &Report, coverage: &str) -> io::Result<()> {
    let last = report.services().max_by_key(|row| row.last_authenticated);
    let last = last.filter(|row| row.last_authenticated.is_some());
    let names: Vec<&str> = report
        .not_evaluated()
        .iter()
        .map(|missing| missing.name.as_str())
        .collect();
    let time = last.as_ref().and_then(|row| row.last_authenticated);
    let entity = last.as_ref().and_then(|row| row.last_authenticated_entity);
    let region = last.as_ref().and_then(|row| row.last_authenticated_region);
    write_record(
        csv,
        [
            report.arn(),
            "ENTITY",
            "",
            "",
            "",
            "",
            &instant(time),
            entity.unwrap_or_default(),
            region.unwrap_or_default(),
            "",
            &names.join(" "),
            "",
            "",
            &report.undecided().to_string(),
            coverage,
        ],
    )
}

fn write_record(csv: &mut CsvWriter<'_>, record: [&str; COLUMNS]) -> io::Result<()> {
    csv.write(record)
}

fn write_row(
    csv: &mut CsvWriter<'_>,
    report: &Report,
    row: &ServiceLastAccessed<'_>,
    granted: &str,
) -> io::Result<()> {
    let total = row.total_authenticated_entities.to_string();
    write_record(
        csv,
        [
            report.arn(),
            "SERVICE",
            row.service_namespace,
            row.service_name,
            "",
            granted,
            &instant(row.last_authenticated),
            row.last_authenticated_entity.unwrap_or_default(),
            row.last_authenticated_region.unwrap_or_default(),
            &total,
            "",
            state(row.state),
            &reason(row.state_reason),
            "",
            "",
        ],
    )?;
    for action in &row.tracked_actions_last_accessed {
        write_action(csv, report, row, action, granted)?;
    }
    Ok(())
}

fn write_action(
    csv: &mut CsvWriter<'_>,
    report: &Report,
    row: &ServiceLastAccessed<'_>,
    action: &TrackedActionLastAccessed<'_>,
    granted: &str,
) -> io::Result<()> {
    write_record(
        csv,
        [
            report.arn(),
            "ACTION",
            row.service_namespace,
            row.service_name,
            action.action_name,
            granted,
            &instant(action.last_accessed_time),
            action.last_accessed_entity.unwrap_or_default(),
            action.last_accessed_region.unwrap_or_default(),
            "",
            "",
            state(action.state),
            &reason(action.state_reason),
            "",
            "",
        ],
    )
}

fn state(state: Option<State>) -> &'static str {
    state.map(State::name).unwrap_or_default()
}

fn reason(reason: Option<&StateReason>) -> String {
    reason.map(StateReason::to_string).unwrap_or_default()
}

fn instant(time: Option<DateTime<Utc>>) -> String {
    time.map(time::format).unwrap_or_default()
}
