//! `access-advisor report`.

mod csv;
mod html;
mod json;
mod listed_reports;
mod table;
pub(crate) mod trust;

use std::collections::BTreeSet;
use std::path::PathBuf;

use access_advisor::activity::{Activity, DaySet};
use access_advisor::parquet::write_reports;
use access_advisor::report::{Advisor, DayRange, Granularity, ReportCoverage, Tracking};
use access_advisor::time;
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};

use self::listed_reports::{ListedReports, Unobservable};
use crate::arguments::{
    GranularityArgument, InputArguments, JoinedInput, OutputArguments, TrackingArguments,
};
use crate::csv_output::CsvArguments;
use crate::exit_status;
use crate::failure::Failure;
use crate::html_output::HtmlArguments;
use crate::lines::Lines;
use crate::output;
use crate::wording::count;

#[derive(Debug, Args)]
#[command(after_help = exit_status::trail_help!("\
Examples:
  Everything, as a table:
    access-advisor report --account account.json --trail AWSLogs/

  One role with its actions, as the AWS CLI prints it:
    access-advisor report --account account.json --trail AWSLogs/ \\
        --arn arn:aws:iam::111122223333:role/build --granularity action \\
        --format json

  A whole organization for a spreadsheet, every action, all of the logs:
    access-advisor report --account accounts/*.json --trail AWSLogs/ \\
        --granularity action --tracking full --format csv --output access.csv

  The same for DuckDB, Spark, Polars or Athena, typed and compressed:
    access-advisor report --account accounts/*.json --trail AWSLogs/ \\
        --granularity action --tracking full --format parquet \\
        --output access.parquet

  To look at, in a browser:
    access-advisor report --account accounts/*.json --trail AWSLogs/ \\
        --granularity action --tracking full --format html --output access.html

  The last days, straight from the bucket, with the AWS CLI's credentials:
    AWS_PROFILE=audit AWS_REGION=eu-west-1 access-advisor report \\
        --account account.json \\
        --trail s3://YOUR-TRAIL-BUCKET/AWSLogs/ --since 2026-10-25T00:00:00Z

For S3, credentials and the Region are looked up as AWS's own tools do:
AWS_PROFILE, AWS_REGION, AWS_ACCESS_KEY_ID, ..., the shared files, or the role
of the machine. AWS_ENDPOINT_URL_S3 names another server. Rows of activity files
without days that span --until or --now are skipped and reported."))]
pub(crate) struct ReportArguments {
    #[command(flatten)]
    input: InputArguments,

    /// CloudTrail files, folders (read recursively), or `s3://bucket/prefix`: objects as delivered to
    /// S3, JSON lines, output of aws cloudtrail lookup-events, results of queries in Athena or
    /// CloudTrail Lake, activity files
    #[arg(long, required_unless_present = "store", num_args = 1.., value_name = "PATH")]
    trail: Vec<PathBuf>,

    /// Report on this user, group, role or managed policy only; may be repeated. Without it: on every
    /// user, group, role, and attached or customer-managed policy
    #[arg(long, value_name = "ARN")]
    arn: Vec<String>,

    /// Services only, or their actions too
    #[arg(long, value_enum, ignore_case = true, default_value_t = GranularityArgument::Service)]
    granularity: GranularityArgument,

    #[command(flatten)]
    tracking: TrackingArguments,

    /// How to print the reports
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,

    #[command(flatten)]
    csv: CsvArguments,

    #[command(flatten)]
    html: HtmlArguments,

    #[command(flatten)]
    output: OutputArguments,

    /// Fail, without a result, when anything of the input is missing from it (where the exit status
    /// would be 3), or when the account data has issues, such as policies that cannot be evaluated
    #[arg(long)]
    strict: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// {"Reports": [...], "Coverage": ...}, rows as the AWS CLI prints them
    Json,
    /// One report per line, and a last line {"Coverage": ..., "Catalog": ...}
    Jsonl,
    /// One line per service or action
    Csv,
    /// The same as CSV, as a typed Parquet file
    Parquet,
    /// One file to open in a browser: an overview, tables to search and filter, a page per identity,
    /// policy and service. It is self-contained
    Html,
}

pub(crate) fn run(arguments: &ReportArguments) -> Result<(), Failure> {
    arguments.input.reading.on_threads(|| report(arguments))
}

fn report(arguments: &ReportArguments) -> Result<(), Failure> {
    let tracking = arguments.tracking.tracking();
    let granularity: Granularity = arguments.granularity.into();
    let inputs = arguments.input.inputs(&arguments.trail);
    let is_parquet = arguments.format == Format::Parquet;
    arguments.output.check(&inputs, is_parquet)?;
    let accounts = arguments.input.accounts()?;
    for arn in &arguments.arn {
        // Fail before the trail is read.
        let checked = accounts.data.check(arn);
        checked.map_err(|error| Failure::unresolved(error, arn, &accounts.data))?;
    }
    let JoinedInput {
        advisor,
        activity,
        missing,
        until,
    } = accounts.read(&arguments.trail, tracking.clone())?;
    let now = advisor.now();
    let issues = advisor.account().issues().len();
    if arguments.strict && (issues > 0 || !missing.is_empty()) {
        let outcome = "nothing was written";
        return Err(Failure::Strict {
            issues,
            missing,
            outcome,
        });
    }
    warn_of_old_trail(&activity, &tracking, now);
    note_untracked_regions(&activity, &tracking);
    note_unmatched_principals(&advisor);
    let reports = if arguments.arn.is_empty() {
        advisor.reports(granularity)
    } else {
        advisor.reports_on(&arguments.arn, granularity)?
    };

    let coverage = advisor.coverage();
    if !tracking.has_states() {
        note_days_not_read(&coverage);
    }
    let unobservable = Unobservable::none(advisor.catalog());
    // The time that was read, not the whole period.
    let start = tracking
        .period_start(now)
        .max(arguments.input.reading.since);
    let end = until.min(now);
    let day = |time: DateTime<Utc>| DaySet::day_of(time.timestamp_millis());
    let asked_for = DayRange {
        first: arguments.input.reading.since.map(day),
        last: day(end),
    };
    let trust = || trust::line(&coverage, asked_for, unobservable.count());
    let reports = ListedReports::new(reports, &unobservable);
    arguments.output.write(|writer| match arguments.format {
        Format::Table => {
            let period = table::Period {
                start,
                end,
                now,
                accounts: &coverage.accounts,
            };
            table::write(writer, reports, period)?;
            let mut lines = Lines::new(writer);
            writeln!(lines)?;
            writeln!(lines, "{}", trust())
        }
        Format::Json => json::write(writer, reports, &coverage, advisor.catalog()),
        Format::Jsonl => json::write_lines(writer, reports, &coverage, advisor.catalog()),
        Format::Csv => csv::write(writer, arguments.csv, reports, &|arn| {
            trust::of_report(arn, &coverage, asked_for)
        }),
        Format::Parquet => write_reports(writer, &coverage, reports.each()),
        Format::Html => html::write(writer, arguments.html, &advisor, reports, granularity),
    })?;
    if arguments.format != Format::Table {
        output::say(trust());
    }
    Ok(missing.check()?)
}

/// Warns when the trail ends before the tracking period: nothing would count as used.
fn warn_of_old_trail(activity: &Activity, tracking: &Tracking, now: DateTime<Utc>) {
    let Some(newest) = activity.newest() else {
        output::say(format_args!(
            "warning: no record of the trail was made by an IAM user or role"
        ));
        return;
    };
    if let Some(start) = tracking.period_start(now)
        && newest < start
    {
        output::say(format_args!(
            "warning: the newest event is from {}, before the tracking period, which begins on {}: \
             no service counts as used. To report as of that event: --now {}",
            time::format(newest),
            start.format("%Y-%m-%d"),
            newest.format("%Y-%m-%dT%H:%M:%SZ"),
        ));
    }
}

/// How many Regions are named.
const MOST_REGIONS: usize = 20;

/// AWS's own reports leave these attempts out without a word, and what was used in these Regions only looks unused.
fn note_untracked_regions(activity: &Activity, tracking: &Tracking) {
    let rows = activity.rows();
    let untracked = rows.filter(|row| !tracking.sees_region(row.region));
    let (mut attempts, mut regions) = (0, BTreeSet::new());
    for row in untracked {
        attempts += row.attempts;
        regions.insert(row.region);
    }
    if attempts > 0 {
        let names: Vec<&str> = regions.iter().copied().take(MOST_REGIONS).collect();
        let more = if regions.len() > names.len() {
            ", ..."
        } else {
            ""
        };
        let calls = if attempts == 1 { "attempt" } else { "attempts" };
        output::say(format_args!(
            "note: {attempts} {calls} in Regions that AWS does not track ({}{more}) left out; --tracking full counts them",
            names.join(", ")
        ));
    }
}

/// What happened on days that were not read is in AWS's answer, and not in this one.
fn note_days_not_read(coverage: &ReportCoverage) {
    if coverage.has_unknown_sources {
        output::say("note: some of the activity does not say what it covers");
    }
    for account in &coverage.accounts {
        let id = &account.account;
        if account.days_read == 0 {
            output::say(format_args!(
                "warning: no whole day of the trail of account {id} was read: nothing of it is known to be unused"
            ));
            continue;
        }
        let gaps: Vec<_> = account.gaps.iter().filter_map(DayRange::days).collect();
        let days: u32 = gaps.iter().sum();
        if let Some(longest) = account.gaps.iter().max_by_key(|gap| gap.days()) {
            output::say(format_args!(
                "note: {} of account {id} not read, the longest run {longest:#}",
                count(days as usize, "day")
            ));
        }
    }
}

fn note_unmatched_principals(advisor: &Advisor) {
    let known = advisor.identities_with_activity();
    match advisor.unmatched_principals() {
        0 => {}
        unmatched if known == 0 => output::say(format_args!(
            "warning: none of the {unmatched} users and roles in the trail is in the account data"
        )),
        unmatched => output::say(format_args!(
            "note: {known} users and roles of the account data are in the trail; {unmatched} others are of \
             other accounts, or were deleted"
        )),
    }
}
