//! Reports as tables for people: an overview with one line per report, then each report with the services that were used
//! and those that were not.

use std::io::{self, Write};

use access_advisor::report::{Granularity, Report, ServiceLastAccessed};
use chrono::{DateTime, Utc};
use comfy_table::{CellAlignment, Table};

use crate::plain_table;

/// The time that reports cover.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Period {
    /// `None`: as far back as the activity goes.
    pub(crate) start: Option<DateTime<Utc>>,
    pub(crate) end: DateTime<Utc>,
}

/// The width at which lists of names are wrapped.
const WIDTH: usize = 100;
/// Longer lists of unused names are truncated ...
const MOST_NAMES: usize = 60;
/// ... to this many names and the count of the others.
const CUT_NAMES: usize = 12;

/// Writes the overview, when there are several reports, and each report.
pub(crate) fn write(writer: &mut dyn Write, reports: &[Report], period: Period) -> io::Result<()> {
    let day = |time: DateTime<Utc>| time.format("%Y-%m-%d").to_string();
    match period.start {
        Some(start) => writeln!(
            writer,
            "Last accessed, {} to {}",
            day(start),
            day(period.end)
        )?,
        None => writeln!(writer, "Last accessed, up to {}", day(period.end))?,
    }
    if reports.len() > 1 {
        writeln!(writer)?;
        write_overview(writer, reports, period)?;
    }
    for report in reports {
        writeln!(writer)?;
        write_report(writer, report, period)?;
    }
    Ok(())
}

fn write_overview(writer: &mut dyn Write, reports: &[Report], period: Period) -> io::Result<()> {
    let mut table = plain_table::with_header(&[
        "IDENTITY OR POLICY",
        "SERVICES",
        "USED",
        "UNUSED",
        "LAST ACCESSED",
        "",
    ]);
    for column in 1..=3 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for report in reports {
        let services = report.services().len();
        let used = report.services().filter(is_used).count();
        let last = report
            .services()
            .filter_map(|row| row.last_authenticated)
            .max();
        table.add_row([
            short_name(report.arn()).to_owned(),
            services.to_string(),
            used.to_string(),
            (services - used).to_string(),
            last.map_or_else(|| "never".into(), instant),
            last.map(|time| ago(time, period.end)).unwrap_or_default(),
        ]);
    }
    plain_table::write(writer, &table, "")
}

fn write_report(writer: &mut dyn Write, report: &Report, period: Period) -> io::Result<()> {
    let services = report.services().len();
    let mut used: Vec<_> = report.services().filter(is_used).collect();
    used.sort_by(|left, right| {
        (right.last_authenticated.cmp(&left.last_authenticated))
            .then_with(|| left.service_namespace.cmp(right.service_namespace))
    });
    writeln!(writer, "{}", report.arn())?;
    match (services, used.len()) {
        (0, _) => writeln!(writer, "  no service is granted")?,
        (_, 0) => writeln!(
            writer,
            "  {} granted, none used",
            count(services, "service")
        )?,
        (_, number) => writeln!(
            writer,
            "  {} granted, {number} used",
            count(services, "service")
        )?,
    }
    if !used.is_empty() {
        let table = rows_of(report, &used, period);
        plain_table::write(writer, &table, "  ")?;
    }
    let unused: Vec<&str> = report
        .services()
        .filter(|row| !is_used(row))
        .map(|row| row.service_namespace)
        .collect();
    write_names(writer, "  not used: ", &unused)?;
    if report.granularity() == Granularity::Action {
        for row in report.services() {
            write_unused_actions(writer, &row)?;
        }
    }
    let ungranted: Vec<_> = report.ungranted_services_used().collect();
    if !ungranted.is_empty() {
        writeln!(writer, "  used, though no permission policy grants it:")?;
        let table = rows_of(report, &ungranted, period);
        plain_table::write(writer, &table, "  ")?;
    }
    for missing in report.not_evaluated() {
        writeln!(writer, "  NOT EVALUATED: {missing}")?;
    }
    Ok(())
}

/// A table of used services, each followed by its used actions.
fn rows_of(report: &Report, rows: &[ServiceLastAccessed<'_>], period: Period) -> Table {
    let is_own = |entity: &str| entity == report.arn();
    let has_others = rows.iter().any(|row| {
        row.last_authenticated_entity
            .is_some_and(|entity| !is_own(entity))
    });
    let mut header = vec!["SERVICE", "LAST ACCESSED", "", "REGION"];
    if has_others {
        header.extend(["BY", "ENTITIES"]);
    }
    let mut table = plain_table::with_header(&header);
    if let Some(column) = table.column_mut(5) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let cells = |name: String,
                 time: Option<DateTime<Utc>>,
                 region: Option<&str>,
                 entity: Option<&str>,
                 total: String| {
        let mut cells = vec![
            name,
            time.map(instant).unwrap_or_default(),
            time.map(|time| ago(time, period.end)).unwrap_or_default(),
            region.unwrap_or_default().to_owned(),
        ];
        if has_others {
            cells.push(entity.map(short_name).unwrap_or_default().to_owned());
            cells.push(total);
        }
        cells
    };
    for row in rows {
        table.add_row(cells(
            row.service_namespace.to_owned(),
            row.last_authenticated,
            row.last_authenticated_region,
            row.last_authenticated_entity,
            row.total_authenticated_entities.to_string(),
        ));
        let mut actions: Vec<_> = row
            .tracked_actions_last_accessed
            .iter()
            .filter(|action| action.last_accessed_time.is_some())
            .collect();
        actions.sort_by(|left, right| {
            (right.last_accessed_time.cmp(&left.last_accessed_time))
                .then_with(|| left.action_name.cmp(right.action_name))
        });
        for action in actions {
            table.add_row(cells(
                format!("  {}", action.action_name),
                action.last_accessed_time,
                action.last_accessed_region,
                action.last_accessed_entity,
                String::new(),
            ));
        }
    }
    table
}

/// Lists the unused actions of a service that was used. An unused service is listed as such, without its actions.
fn write_unused_actions(writer: &mut dyn Write, row: &ServiceLastAccessed<'_>) -> io::Result<()> {
    if !is_used(row) {
        return Ok(());
    }
    let unused: Vec<&str> = row
        .tracked_actions_last_accessed
        .iter()
        .filter(|action| action.last_accessed_time.is_none())
        .map(|action| action.action_name)
        .collect();
    write_names(
        writer,
        &format!("  {}, not used: ", row.service_namespace),
        &unused,
    )
}

/// AWS looks back further for actions than for services, so an action may have been used although its service was not.
fn is_used(row: &ServiceLastAccessed<'_>) -> bool {
    row.last_authenticated.is_some()
        || row
            .tracked_actions_last_accessed
            .iter()
            .any(|action| action.last_accessed_time.is_some())
}

/// Writes a label and names, wrapped; nothing when there are no names.
fn write_names(writer: &mut dyn Write, label: &str, names: &[&str]) -> io::Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let shown = if names.len() > MOST_NAMES {
        CUT_NAMES
    } else {
        names.len()
    };
    let more = names.len() - shown;
    let more = (more > 0).then(|| format!("and {more} more (--format csv lists all)"));
    let shown = names.iter().take(shown).map(|name| (*name).to_owned());
    let mut line = label.to_owned();
    let indent = label.len().min(12);
    let mut is_first = true;
    for name in shown.chain(more) {
        if !is_first {
            line.push(',');
            if line.len() + 1 + name.len() > WIDTH {
                writeln!(writer, "{line}")?;
                line = " ".repeat(indent);
            } else {
                line.push(' ');
            }
        }
        line.push_str(&name);
        is_first = false;
    }
    writeln!(writer, "{line}")
}

/// `user/team/ann` of `arn:aws:iam::111122223333:user/team/ann`.
fn short_name(arn: &str) -> &str {
    arn.splitn(6, ':').nth(5).unwrap_or(arn)
}

fn instant(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M").to_string()
}

fn ago(time: DateTime<Utc>, now: DateTime<Utc>) -> String {
    match now.signed_duration_since(time).num_days() {
        ..=0 => "today".to_owned(),
        1 => "yesterday".to_owned(),
        days => format!("{days} days ago"),
    }
}

fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}
