//! `access-advisor coverage`: what a trail, activity files or a store cover.

mod heat_map;
mod runs_of_days;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use access_advisor::activity::{Activity, Coverage, CoverageSummary};
use access_advisor::trail::{MissingInput, Reconciliation};
use clap::{Args, ValueEnum};

use crate::arguments::{CatalogArguments, ReadingArguments};
use crate::csv_output::{CsvArguments, CsvWriter};
use crate::exit_status;
use crate::failure::Failure;
use crate::wording::count;
use crate::{input, json_output, output, terminal};

/// The width of the map when the output is not a terminal.
const USUAL_WIDTH: usize = 80;

#[derive(Debug, Args)]
#[command(after_help = exit_status::trail_help!("\
Examples:
  access-advisor coverage AWSLogs/
  access-advisor coverage activity.parquet
  access-advisor coverage --store advisor.db --format json

A permission is not shown to be unused by days, Regions or kinds of event that
were not read. The rows of an account are its Regions and kinds of event:
management events that read or write, data events by resource type, network
activity; and the log files that were read, and the hours that digest files
cover. A kind of event without a row is not in the trail at all. CSV has one
line per run of days."))]
pub(crate) struct CoverageArguments {
    /// CloudTrail files, folders (read recursively), `s3://bucket/prefix`, or activity files
    #[arg(required_unless_present = "store", value_name = "PATH")]
    paths: Vec<PathBuf>,

    /// Show what this store covers instead: all trails that were imported
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with_all = ["paths", "since", "until", "object_limit", "assume_complete", "threads"]
    )]
    store: Option<PathBuf>,

    /// How to print it
    #[arg(long, value_enum, default_value_t = CoverageFormat::Map)]
    format: CoverageFormat,

    #[command(flatten)]
    csv: CsvArguments,

    #[command(flatten)]
    catalog: CatalogArguments,

    #[command(flatten)]
    reading: ReadingArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum CoverageFormat {
    /// For people: a heat map by day, or by several days where the terminal has too few columns
    Map,
    /// All of it
    Json,
    /// Runs of days
    Csv,
}

pub(crate) fn run(arguments: &CoverageArguments) -> Result<(), Failure> {
    match &arguments.store {
        Some(store) => {
            let catalog = arguments.catalog.load()?;
            let store = input::store(store, &catalog)?;
            let activity = store.activity_table()?;
            print(activity.coverage(), arguments)?;
            say_what_is_not_covered(&activity);
            let nothing = Reconciliation::default();
            Ok(MissingInput::of_trail(&nothing, activity.coverage()).check()?)
        }
        None => arguments.reading.on_threads(|| run_on_trail(arguments)),
    }
}

fn run_on_trail(arguments: &CoverageArguments) -> Result<(), Failure> {
    let catalog = arguments.catalog.load()?;
    let reader = arguments.reading.reader(catalog);
    let trail = input::trail(&arguments.paths, &reader)?;
    print(trail.activity.coverage(), arguments)?;
    say_what_is_not_covered(&trail.activity);
    Ok(MissingInput::of_trail(&trail.reconciliation, trail.activity.coverage()).check()?)
}

/// Names the accounts of which users and roles made attempts, and no day is covered: their records are in the trails of other
/// accounts, in log files with another account in their names, or in files that do not say what they cover.
fn say_what_is_not_covered(activity: &Activity) {
    let coverage = activity.coverage();
    let with_records = coverage.records().filter(|it| !it.days.is_empty());
    let with_records = with_records.map(|it| it.account);
    let covered: BTreeSet<&str> = coverage
        .log_files()
        .map(|it| it.account)
        .chain(with_records)
        .collect();
    let mut attempts: BTreeMap<&str, u64> = BTreeMap::new();
    for row in activity.rows() {
        let account = row.principal.account.unwrap_or_default();
        if !account.is_empty() && !covered.contains(account) {
            *attempts.entry(account).or_default() += row.attempts;
        }
    }
    let messages = attempts.iter().map(|(account, attempts)| {
        let attempts = count(usize::try_from(*attempts).unwrap_or(usize::MAX), "attempt");
        format!("account {account}: {attempts} of its users and roles, and no day is covered")
    });
    output::say_each(messages, "accounts without a covered day");
}

fn print(coverage: &Coverage, arguments: &CoverageArguments) -> Result<(), Failure> {
    match arguments.format {
        CoverageFormat::Map => output::write_lines(|lines| {
            heat_map::write(lines, coverage, terminal::width().unwrap_or(USUAL_WIDTH))
        }),
        CoverageFormat::Json => output::write_result(None, |writer| {
            json_output::write_json(writer, &CoverageSummary(coverage))
        }),
        CoverageFormat::Csv => output::write_result(None, |writer| {
            runs_of_days::write(&mut CsvWriter::new(writer, arguments.csv), coverage)
        }),
    }
}
