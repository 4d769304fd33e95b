//! `access-advisor activity export`.

use std::path::{Path, PathBuf};

use access_advisor::trail::{MissingInput, Reconciliation};
use clap::Args;

use super::files;
use crate::arguments::{CatalogArguments, OutputArguments, ReadingArguments};
use crate::exit_status;
use crate::failure::Failure;
use crate::input;

#[derive(Debug, Args)]
#[command(after_help = exit_status::trail_help!("\
Examples:
  access-advisor activity export AWSLogs/ --output activity.parquet
  access-advisor activity export s3://YOUR-TRAIL-BUCKET/AWSLogs/ \\
      --since 2026-10-01T00:00:00Z \\
      --until 2026-11-01T00:00:00Z --output october.parquet
  access-advisor activity export --store advisor.db --output activity.parquet
  duckdb -c \"SELECT principal_arn, max(last_accessed)
      FROM 'activity.parquet' GROUP BY ALL\"

A row is one principal, service, action and Region. Columns: account_id,
principal_id, principal_arn, principal_arn_seen, service_namespace, action_name,
event_name (where the action of an event is unknown), aws_region, last_accessed,
last_event_id, attempts, denied_attempts, first_accessed, days (a list of
dates), days_complete, evidence (event; record or implied where another call
exercised the action). Times and days are UTC. The file's metadata has what the
trail covers: access-advisor coverage prints it. The files of the parts of a
trail merge into the file of the whole."))]
pub(crate) struct ExportArguments {
    /// CloudTrail files, folders (read recursively), `s3://bucket/prefix`, or activity files
    #[arg(required_unless_present = "store", value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Export the activity of this store instead: of all trails that were imported
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["paths", "strict", "since", "until", "object_limit", "assume_complete", "threads"]
    )]
    store: Option<PathBuf>,

    #[command(flatten)]
    output: OutputArguments,

    #[command(flatten)]
    catalog: CatalogArguments,

    /// Fail, without a result, when anything of the trail is missing from it (where the exit status
    /// would be 3)
    #[arg(long)]
    strict: bool,

    #[command(flatten)]
    reading: ReadingArguments,
}

pub(super) fn run(arguments: &ExportArguments) -> Result<(), Failure> {
    match &arguments.store {
        Some(store) => export_store(store, arguments),
        None => arguments.reading.on_threads(|| export_trail(arguments)),
    }
}

fn export_store(path: &Path, arguments: &ExportArguments) -> Result<(), Failure> {
    arguments.output.check(&[path.to_owned()], true)?;
    let catalog = arguments.catalog.load()?;
    let store = input::store(path, &catalog)?;
    let activity = input::stored_activity(path, &store)?;
    files::write(&arguments.output, &activity)?;
    let nothing = Reconciliation::default();
    Ok(MissingInput::of_trail(&nothing, activity.coverage()).check()?)
}

fn export_trail(arguments: &ExportArguments) -> Result<(), Failure> {
    arguments.output.check(&arguments.paths, true)?;
    let catalog = arguments.catalog.load()?;
    let reader = arguments.reading.reader(catalog);
    let trail = input::trail(&arguments.paths, &reader)?;
    let missing = MissingInput::of_trail(&trail.reconciliation, trail.activity.coverage());
    if arguments.strict && !missing.is_empty() {
        let outcome = "nothing was written";
        return Err(Failure::Strict {
            issues: 0,
            missing,
            outcome,
        });
    }
    files::write(&arguments.output, &trail.activity)?;
    Ok(missing.check()?)
}
