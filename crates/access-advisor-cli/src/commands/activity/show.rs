//! `access-advisor activity show`.

use std::io;
use std::path::PathBuf;

use access_advisor::activity::{ActivityRow, CreditedAction, DaySet, Evidence};
use access_advisor::arrow::rows_in_order;
use access_advisor::time;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::files::{self, principal};
use crate::csv_output::{CsvArguments, CsvWriter};
use crate::exit_status;
use crate::failure::Failure;
use crate::json_output::{write_json, write_json_line};
use crate::lines::Lines;
use crate::output;
use crate::plain_table::PlainTable;
use crate::wording::instant;

#[derive(Debug, Args)]
#[command(after_help = exit_status::help!("\
Example:
  access-advisor activity show activity.parquet \\
      --arn arn:aws:iam::111122223333:role/build"))]
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

    #[command(flatten)]
    csv: CsvArguments,
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
        RowFormat::Table => write_table(&mut Lines::new(writer), &rows),
        RowFormat::Json => {
            let activity = rows.iter().map(Line::new).collect();
            write_json(writer, &Table { activity })
        }
        RowFormat::Jsonl => rows
            .iter()
            .try_for_each(|row| write_json_line(&mut *writer, &Line::new(row))),
        RowFormat::Csv => write_csv(&mut CsvWriter::new(writer, arguments.csv), &rows),
    })
}

fn write_table(lines: &mut Lines<'_>, rows: &[ActivityRow<'_>]) -> io::Result<()> {
    let mut table = PlainTable::with_header(&[
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
        let last = instant(time::from_millis(row.last_millis));
        table.add_row([
            principal(row),
            row.service,
            &action,
            row.region,
            &last,
            &row.attempts.to_string(),
            &row.denied.to_string(),
        ]);
    }
    table.write(lines, "")
}

/// A row with the columns of the file, in their order. The days are a list, or one text in CSV.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Line<'a> {
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
    days: Vec<String>,
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

impl<'a> Line<'a> {
    fn new(row: &ActivityRow<'a>) -> Self {
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
            days: dates(row),
            days_complete: row.days_complete,
            evidence: evidence(row),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Table<'a> {
    activity: Vec<Line<'a>>,
}

fn write_csv(csv: &mut CsvWriter<'_>, rows: &[ActivityRow<'_>]) -> io::Result<()> {
    csv.write(COLUMNS)?;
    for row in rows {
        let line = Line::new(row);
        csv.write([
            line.account_id.unwrap_or_default(),
            line.principal_id.unwrap_or_default(),
            line.principal_arn.unwrap_or_default(),
            line.principal_arn_seen.as_deref().unwrap_or_default(),
            line.service_namespace,
            line.action_name.unwrap_or_default(),
            line.event_name.unwrap_or_default(),
            line.aws_region,
            &line.last_accessed,
            line.last_event_id,
            &line.attempts.to_string(),
            &line.denied_attempts.to_string(),
            &line.first_accessed,
            &line.days.join(" "),
            &line.days_complete.to_string(),
            line.evidence,
        ])?;
    }
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
