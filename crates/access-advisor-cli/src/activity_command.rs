//! `access-advisor activity`: activity files.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use access_advisor::activity::{Activity, ActivityRow, CreditedAction};
use access_advisor::arrow::rows_in_order;
use access_advisor::parquet::{read_activity, write_activity};
use access_advisor::store::Store;
use access_advisor::time;
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::arguments::{
    ActivityExportArguments, ActivityMergeArguments, ActivityShowArguments, RowFormat,
};
use crate::{Failure, binary_output, input, output, plain_table};

/// Makes an activity file of a trail, or of what a store holds.
pub(crate) fn export(arguments: &ActivityExportArguments) -> Result<(), Failure> {
    match &arguments.store {
        Some(store) => export_store(store, arguments.output.as_deref()),
        None => input::on_threads(&arguments.reading, || export_trail(arguments)),
    }
}

fn export_store(path: &Path, destination: Option<&Path>) -> Result<(), Failure> {
    binary_output::refuse_terminal(destination)?;
    output::refuse_inputs(destination, &[path.to_owned()])?;
    let activity = Store::open(path)?.activity_table()?;
    if activity.is_empty() {
        return Err(Failure::Message(format!(
            "{}: there is no activity in this store; `access-advisor import trail` takes a trail in",
            path.display()
        )));
    }
    write_file(destination, &activity)
}

fn export_trail(arguments: &ActivityExportArguments) -> Result<(), Failure> {
    let destination = arguments.output.as_deref();
    binary_output::refuse_terminal(destination)?;
    output::refuse_inputs(destination, &arguments.paths)?;
    let catalog = input::catalog(arguments.catalog.as_deref())?;
    let reader = input::reader(&arguments.reading, catalog);
    let trail = input::trail(&arguments.paths, &reader)?;
    if arguments.strict && trail.reconciliation.has_faults() {
        return Err(Failure::Message(
            "--strict: some of the trail was set aside".into(),
        ));
    }
    write_file(destination, &trail.activity)?;
    input::check_whole(&trail.reconciliation)
}

/// Makes one activity file of several.
pub(crate) fn merge(arguments: &ActivityMergeArguments) -> Result<(), Failure> {
    let destination = arguments.output.as_deref();
    binary_output::refuse_terminal(destination)?;
    output::refuse_inputs(destination, &arguments.files)?;
    let activity = read_files(&arguments.files)?;
    write_file(destination, &activity)
}

fn write_file(path: Option<&Path>, activity: &Activity) -> Result<(), Failure> {
    output::write_result(path, |writer| write_activity(writer, activity))?;
    let principals: BTreeSet<_> = activity.rows().map(|row| principal(&row)).collect();
    output::say(format_args!(
        "activity: {} rows of {} users and roles",
        activity.len(),
        principals.len()
    ));
    Ok(())
}

/// Prints what is in activity files.
pub(crate) fn show(arguments: &ActivityShowArguments) -> Result<(), Failure> {
    let activity = read_files(&arguments.files)?;
    let mut rows = rows_in_order(&activity);
    if !arguments.arn.is_empty() {
        let is_wanted = |row: &ActivityRow<'_>| {
            let arn = row.principal.arn;
            arn.is_some_and(|arn| arguments.arn.iter().any(|wanted| wanted == arn))
        };
        rows.retain(is_wanted);
        for wanted in &arguments.arn {
            if rows.iter().all(|row| row.principal.arn != Some(wanted)) {
                output::say(format_args!("note: no attempts of {wanted}"));
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

/// Several files, as one table.
fn read_files(files: &[PathBuf]) -> Result<Activity, Failure> {
    let at =
        |path: &Path, error: io::Error| Failure::Message(format!("{}: {error}", path.display()));
    let mut seen = BTreeSet::new();
    let mut activity = Activity::new();
    for path in files {
        let known = path.canonicalize().map_err(|error| at(path, error))?;
        if !seen.insert(known) {
            return Err(Failure::Message(format!(
                "{}: named twice; its attempts would count twice",
                path.display()
            )));
        }
        let file = File::open(path).map_err(|error| at(path, error))?;
        activity.merge(&read_activity(file, &path.display().to_string(), None)?);
    }
    Ok(activity)
}

/// Whom to show: the ARN, or the unique id of somebody whose ARN is not known.
fn principal<'a>(row: &ActivityRow<'a>) -> &'a str {
    let who = row.principal;
    who.arn.or(who.unique_id).unwrap_or_default()
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
        let operation = match row.operation {
            CreditedAction::Action(name) => name.to_owned(),
            CreditedAction::Event(name) => format!("{name} (event)"),
        };
        let last = instant(row.last_millis).format("%Y-%m-%d %H:%M");
        table.add_row([
            principal(row),
            row.service,
            &operation,
            row.region,
            &last.to_string(),
            &row.attempts.to_string(),
            &row.denied.to_string(),
        ]);
    }
    plain_table::write(writer, &table, "")
}

fn instant(millis: i64) -> DateTime<Utc> {
    let last = if millis < 0 {
        DateTime::<Utc>::MIN_UTC
    } else {
        DateTime::<Utc>::MAX_UTC
    };
    DateTime::from_timestamp_millis(millis).unwrap_or(last)
}

/// A row with the columns of the file.
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
}

impl<'a> Line<'a> {
    fn new(row: &ActivityRow<'a>) -> Self {
        let (action_name, event_name) = match row.operation {
            CreditedAction::Action(name) => (Some(name), None),
            CreditedAction::Event(name) => (None, Some(name)),
        };
        let text = |millis| time::format(instant(millis));
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
        }
    }
}

fn write_json(writer: &mut dyn Write, rows: &[ActivityRow<'_>]) -> io::Result<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Table<'a> {
        activity: Vec<Line<'a>>,
    }
    let activity = rows.iter().map(Line::new).collect();
    output::write_json(writer, &Table { activity })
}

fn write_json_lines(mut writer: &mut dyn Write, rows: &[ActivityRow<'_>]) -> io::Result<()> {
    for row in rows {
        serde_json::to_writer(&mut writer, &Line::new(row))?;
        writeln!(writer)?;
    }
    Ok(())
}

fn write_csv(writer: &mut dyn Write, rows: &[ActivityRow<'_>]) -> io::Result<()> {
    // The header also stands where there is no row.
    let mut csv = csv::WriterBuilder::new()
        .has_headers(false)
        .from_writer(writer);
    let written = csv.write_record(COLUMNS).and_then(|()| {
        rows.iter()
            .try_for_each(|row| csv.serialize(Line::new(row)))
    });
    // A closed pipe must be seen as one, whatever wraps it.
    written.map_err(|error| match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    })?;
    csv.flush()
}

const COLUMNS: [&str; 13] = [
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
];
