//! `access-advisor activity show`.

use std::io::{self, Write};
use std::path::PathBuf;

use access_advisor::activity::{ActivityRow, CreditedAction, DaySet, Evidence};
use access_advisor::arrow::rows_in_order;
use access_advisor::time;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::files::{self, principal};
use crate::exit_status;
use crate::failure::Failure;
use crate::{output, plain_table};

#[derive(Debug, Args)]
#[command(after_help = exit_status::help!("\
Example:
  access-advisor activity show activity.parquet --arn arn:aws:iam::111122223333:role/build"))]
pub(crate) struct ShowArguments {
    /// Activity files, also those of other engines; several are merged
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Show this user or role only; may be repeated
    #[arg(long, value_name = "ARN")]
    arn: Vec<String>,

    /// How to print the rows
    #[arg(long, value_enum, default_value_t = RowFormat::Table)]
    format: RowFormat,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum RowFormat {
    /// For people
    Table,
    /// {"Activity": [...]}
    Json,
    /// One row per line
    Jsonl,
    /// One row per line, with a header
    Csv,
}

pub(super) fn run(arguments: &ShowArguments) -> Result<(), Failure> {
    let activity = files::read(&arguments.files)?;
    let mut rows = rows_in_order(&activity);
    if !arguments.arn.is_empty() {
        let is_wanted = |row: &ActivityRow<'_>| {
            let arn = row.principal.arn;
            arn.is_some_and(|arn| arguments.arn.iter().any(|wanted| wanted == arn))
        };
        rows.retain(is_wanted);
        for wanted in &arguments.arn {
            if rows.iter().all(|row| row.principal.arn != Some(wanted)) {
                output::say(format_args!("note: no attempts by {wanted}"));
            }
        }
    }
    output::write_result(None, |writer| match arguments.format {
        RowFormat::Table => write_table(writer, &rows),
        RowFormat::Json => write_json(writer, &rows),
        RowFormat::Jsonl => write_json_lines(writer, &rows),
        RowFormat::Csv => write_csv(writer, &rows),
    })
}

fn write_table(writer: &mut dyn Write, rows: &[ActivityRow<'_>]) -> io::Result<()> {
    let mut table = plain_table::with_header(&[
        "PRINCIPAL",
        "SERVICE",
        "ACTION",
        "REGION",
        "LAST ACCESSED",
        "ATTEMPTS",
        "DENIED",
    ]);
    for row in rows {
        let action = match row.action {
            CreditedAction::Action(name) => name.to_owned(),
            CreditedAction::Event(name) => format!("{name} (event)"),
            CreditedAction::Exercised(name) => format!("{name} (by another call)"),
            CreditedAction::Implied(name) => format!("{name} (maybe, by another call)"),
        };
        let last = time::from_millis(row.last_millis).format("%Y-%m-%d %H:%M");
        table.add_row([
            principal(row),
            row.service,
            &action,
            row.region,
            &last.to_string(),
            &row.attempts.to_string(),
            &row.denied.to_string(),
        ]);
    }
    plain_table::write(writer, &table, "")
}

/// A row with the columns of the file, in their order. The days are a list, or one text in CSV.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Line<'a, D> {
    account_id: Option<&'a str>,
    principal_id: Option<&'a str>,
    principal_arn: Option<&'a str>,
    principal_arn_seen: Option<String>,
    service_namespace: &'a str,
    action_name: Option<&'a str>,
    event_name: Option<&'a str>,
    aws_region: &'a str,
    last_accessed: String,
    last_event_id: &'a str,
    attempts: u64,
    denied_attempts: u64,
    first_accessed: String,
    days: D,
    days_complete: bool,
    evidence: &'static str,
}

fn dates(row: &ActivityRow<'_>) -> Vec<String> {
    let dates = row.days.iter().filter_map(DaySet::date_of);
    dates.map(|date| date.to_string()).collect()
}

fn evidence(row: &ActivityRow<'_>) -> &'static str {
    match row.action.evidence() {
        Evidence::Record => "record",
        Evidence::Implied => "implied",
        _ => "event",
    }
}

impl<'a, D> Line<'a, D> {
    fn new(row: &ActivityRow<'a>, days: D) -> Self {
        let (action_name, event_name) = match row.action {
            CreditedAction::Event(name) => (None, Some(name)),
            credited => (Some(credited.name()), None),
        };
        let text = |millis| time::format(time::from_millis(millis));
        Self {
            account_id: row.principal.account,
            principal_id: row.principal.unique_id,
            principal_arn: row.principal.arn,
            principal_arn_seen: row.arn_seen_millis.map(text),
            service_namespace: row.service,
            action_name,
            event_name,
            aws_region: row.region,
            last_accessed: text(row.last_millis),
            last_event_id: row.last_event_id,
            attempts: row.attempts,
            denied_attempts: row.denied,
            first_accessed: text(row.first_millis),
            days,
            days_complete: row.days_complete,
            evidence: evidence(row),
        }
    }
}

fn write_json(writer: &mut dyn Write, rows: &[ActivityRow<'_>]) -> io::Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Table<'a> {
        activity: Vec<Line<'a, Vec<String>>>,
    }
    let activity = rows.iter().map(|row| Line::new(row, dates(row)));
    let activity = activity.collect();
    output::write_json(writer, &Table { activity })
}

fn write_json_lines(mut writer: &mut dyn Write, rows: &[ActivityRow<'_>]) -> io::Result<()> {
    for row in rows {
        serde_json::to_writer(&mut writer, &Line::new(row, dates(row)))?;
        writeln!(writer)?;
    }
    Ok(())
}

fn write_csv(writer: &mut dyn Write, rows: &[ActivityRow<'_>]) -> io::Result<()> {
    // The header is also written when there are no rows.
    let mut csv = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(writer);
    let written = csv.write_record(COLUMNS).and_then(|()| {
        rows.iter()
            .try_for_each(|row| csv.serialize(Line::new(row, dates(row).join(" "))))
    });
    // Keeps the kind of a closed pipe.
    written.map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    })?;
    csv.flush()
}

const COLUMNS: [&str; 16] = [
    "AccountId",
    "PrincipalId",
    "PrincipalArn",
    "PrincipalArnSeen",
    "ServiceNamespace",
    "ActionName",
    "EventName",
    "AwsRegion",
    "LastAccessed",
    "LastEventId",
    "Attempts",
    "DeniedAttempts",
    "FirstAccessed",
    "Days",
    "DaysComplete",
    "Evidence",
];
