//! `access-advisor generate`, `get`, `entities` and `jobs`: reports that a store keeps.

use std::path::PathBuf;

use access_advisor::job::{JobAnswer, JobId, JobState, MaxItems, PageRequest};
use access_advisor::report::Tracking;
use access_advisor::store::{JobRetention, Store, StoredAdvisor};
use access_advisor::time;
use access_advisor::trail::{MissingInput, Reconciliation};
use chrono::{DateTime, TimeDelta, Utc};
use clap::{Args, Subcommand};
use serde::Serialize;
use serde_json::json;

use crate::arguments::{
    GranularityArgument, StoreArguments, TrackingArguments, parse_age, parse_time,
};
use crate::exit_status;
use crate::failure::Failure;
use crate::json_output::write_json;
use crate::plain_table::PlainTable;
use crate::{input, output};

#[derive(Debug, Args)]
#[command(after_help = exit_status::store_help!("\
Example:
  access-advisor generate arn:aws:iam::111122223333:role/build \\
      --store advisor.db
  access-advisor get JOB_ID --store advisor.db"))]
pub(crate) struct GenerateArguments {
    /// The user, group, role or managed policy
    arn: String,

    #[command(flatten)]
    store: StoreArguments,

    /// Services only, or their actions too
    #[arg(long, value_enum, ignore_case = true, default_value_t = GranularityArgument::Service)]
    granularity: GranularityArgument,

    #[command(flatten)]
    tracking: TrackingArguments,

    /// Report as of this time [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<DateTime<Utc>>,

    /// Report also when no activity of the account was imported; everything is unused then
    #[arg(long)]
    allow_empty_activity: bool,
}

#[derive(Debug, Args)]
struct PageArguments {
    /// The most items to print, 1 to 1000
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    max_items: Option<i64>,

    /// Where to continue: the Marker of the previous page
    #[arg(long, value_name = "MARKER")]
    marker: Option<String>,
}

#[derive(Debug, Args)]
#[command(after_help = exit_status::store_help!("\
Example:
  access-advisor get JOB_ID --store advisor.db --max-items 100"))]
pub(crate) struct GetArguments {
    /// The JobId that `access-advisor generate` printed
    job_id: String,

    #[command(flatten)]
    store: StoreArguments,

    #[command(flatten)]
    page: PageArguments,
}

#[derive(Debug, Args)]
#[command(after_help = exit_status::store_help!("\
Example:
  access-advisor entities JOB_ID s3 --store advisor.db"))]
pub(crate) struct EntitiesArguments {
    /// The JobId that `access-advisor generate` printed
    job_id: String,

    /// The service namespace, such as s3
    namespace: String,

    #[command(flatten)]
    store: StoreArguments,

    #[command(flatten)]
    page: PageArguments,
}

#[derive(Debug, Subcommand)]
pub(crate) enum JobsCommand {
    /// List all jobs of all callers, newest first
    #[command(after_help = exit_status::help!("\
Example:
  access-advisor jobs list --store advisor.db"))]
    List {
        /// The store
        #[arg(long, value_name = "FILE")]
        store: PathBuf,
    },
    /// Delete jobs and their reports
    ///
    /// The file does not get smaller: later jobs and imports use the space.
    #[command(after_help = exit_status::help!("\
Examples:
  access-advisor jobs delete JOB_ID --store advisor.db
  access-advisor jobs delete --older-than 30d --store advisor.db"))]
    Delete {
        /// The JobIds
        #[arg(required_unless_present = "older_than", value_name = "JOB_ID")]
        job_ids: Vec<String>,

        /// Delete the jobs of all callers that finished before this time ago, as in 30d, 12h or 90m. Jobs in
        /// progress stay
        #[arg(long, value_name = "AGE", value_parser = parse_age, conflicts_with = "job_ids")]
        older_than: Option<TimeDelta>,

        /// The store
        #[arg(long, value_name = "FILE")]
        store: PathBuf,
    },
}

pub(crate) fn generate(arguments: &GenerateArguments) -> Result<(), Failure> {
    let tracking = arguments.tracking.tracking();
    let advisor =
        open(&arguments.store, tracking)?.allow_empty_activity(arguments.allow_empty_activity);
    let caller = arguments.store.caller();
    let now = arguments.now.unwrap_or_else(input::clock);
    let granularity = arguments.granularity.into();
    let id = advisor.generate_completed(&caller, &arguments.arn, granularity, now, input::clock)?;
    print(&json!({ "JobId": id }))?;
    let first = PageRequest::new().max_items(MaxItems::new(1)?);
    warn_of_gaps(&advisor.services(&caller, id.as_str(), first)?);
    check_input(&advisor)
}

pub(crate) fn get(arguments: &GetArguments) -> Result<(), Failure> {
    let advisor = open(&arguments.store, Tracking::aws())?;
    let request = page(&arguments.page)?;
    let answer = advisor.services(&arguments.store.caller(), &arguments.job_id, request)?;
    print(&answer)?;
    warn_of_gaps(&answer);
    check_input(&advisor)
}

/// Says what a report does not tell for certain.
fn warn_of_gaps(answer: &JobAnswer) {
    let missing = answer.not_evaluated().iter();
    let missing = missing
        .map(|missing| format!("warning: services may be missing: not evaluated: {missing}"));
    output::say_each(missing, "policies and groups were not evaluated");
    if answer.undecided() > 0 {
        output::say(format_args!(
            "warning: {} of the actions may be denied; the policies ask more than one report's work",
            answer.undecided()
        ));
    }
}

pub(crate) fn entities(arguments: &EntitiesArguments) -> Result<(), Failure> {
    let advisor = open(&arguments.store, Tracking::aws())?;
    let request = page(&arguments.page)?;
    let caller = arguments.store.caller();
    let answer = advisor.entities(&caller, &arguments.job_id, &arguments.namespace, request)?;
    print(&answer)?;
    warn_of_gaps(&answer);
    check_input(&advisor)
}

/// Fails, after the answer, when something of the trails that were imported could not be read.
fn check_input(advisor: &StoredAdvisor) -> Result<(), Failure> {
    let coverage = advisor.store().coverage()?;
    Ok(MissingInput::of_trail(&Reconciliation::default(), &coverage).check()?)
}

fn open(arguments: &StoreArguments, tracking: Tracking) -> Result<StoredAdvisor, Failure> {
    let catalog = arguments.catalog.load()?;
    input::stored_advisor(&arguments.store, catalog, tracking)
}

fn page(arguments: &PageArguments) -> Result<PageRequest<'_>, Failure> {
    let max_items = arguments.max_items.map(MaxItems::new).transpose()?;
    Ok(PageRequest::new()
        .max_items(max_items)
        .marker(arguments.marker.as_deref()))
}

pub(crate) fn run(command: &JobsCommand) -> Result<(), Failure> {
    match command {
        JobsCommand::List { store } => list_jobs(&Store::open(store)?),
        JobsCommand::Delete {
            job_ids,
            older_than,
            store,
        } => {
            let store = Store::open(store)?;
            if let Some(age) = older_than {
                let keep = JobRetention::Within(*age);
                let deleted = store.delete_finished_jobs(keep, input::clock())?;
                output::say(format_args!("deleted {deleted} jobs"));
            }
            for id in job_ids {
                let id = JobId::check(id)?;
                if !store.delete_job(&id)? {
                    return Err(id.not_found().into());
                }
            }
            Ok(())
        }
    }
}

fn list_jobs(store: &Store) -> Result<(), Failure> {
    let mut table = PlainTable::with_header(&[
        "JOB",
        "STATUS",
        "CREATED",
        "LEVEL",
        "SERVICES",
        "NOT EVALUATED",
        "SIZE",
        "ARN",
        "BY",
    ]);
    for summary in store.jobs()? {
        let job = &summary.job;
        let (services, not_evaluated, size) = match job.state {
            JobState::Completed { .. } => (
                summary.services.to_string(),
                summary.not_evaluated.to_string(),
                size(summary.bytes),
            ),
            JobState::InProgress | JobState::Failed { .. } => Default::default(),
        };
        table.add_row([
            job.id.as_str(),
            job.state.status(),
            &time::format(job.created),
            job.granularity.name(),
            &services,
            &not_evaluated,
            &size,
            &job.arn,
            &job.owner,
        ]);
    }
    output::write_lines(|lines| table.write(lines, ""))
}

/// A size as people read it: `512 B`, `3.4 KiB`, `12.0 MiB`.
fn size(bytes: u64) -> String {
    const UNIT: u64 = 1024;
    if bytes < UNIT {
        return format!("{bytes} B");
    }
    let (unit, name) = if bytes < UNIT * UNIT {
        (UNIT, "KiB")
    } else {
        (UNIT * UNIT, "MiB")
    };
    let tenths = bytes.saturating_mul(10) / unit;
    format!("{}.{} {name}", tenths / 10, tenths % 10)
}

fn print(answer: &impl Serialize) -> Result<(), Failure> {
    output::write_result(None, |writer| write_json(writer, answer))
}
