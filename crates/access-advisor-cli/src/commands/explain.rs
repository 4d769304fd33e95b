//! `access-advisor explain`.

mod condition;
mod text;

use std::path::PathBuf;
use std::sync::Arc;

use access_advisor::activity::Activity;
use access_advisor::report::{Advisor, Tracking};
use access_advisor::trail::MissingInput;
use chrono::{DateTime, Utc};
use clap::{Args, ValueEnum};

use crate::arguments::{ReadingArguments, parse_time};
use crate::exit_status;
use crate::failure::Failure;
use crate::json_output::write_json;
use crate::{input, output};

#[derive(Debug, Args)]
#[command(after_help = exit_status::trail_help!("\
Examples:
  Why may this user read objects, and when did it last?
    access-advisor explain arn:aws:iam::111122223333:user/ann s3:GetObject \\
        --account account.json --trail AWSLogs/

  This object, from the policies alone:
    access-advisor explain arn:aws:iam::111122223333:user/ann s3:GetObject \\
        --resource arn:aws:s3:::photos/cat.jpg --account account.json

  What of DynamoDB may a role use, and by which statements?
    access-advisor explain arn:aws:iam::111122223333:role/app dynamodb --account account.json

Only permission policies are evaluated. A condition of an allow counts as met; a deny with a condition takes
nothing away. Statements are counted from 0, as in Statement[0]. The exit status does not tell whether it
is granted; in JSON, Granted does."))]
pub(crate) struct ExplainArguments {
    /// The user, group, role or managed policy
    arn: String,

    /// An action, such as s3:GetObject, or a whole service, such as s3
    #[arg(value_name = "NAMESPACE[:ACTION]")]
    action: String,

    /// On this resource only. * and ? are wildcards: some resource that matches
    #[arg(long, value_name = "ARN")]
    resource: Option<String>,

    /// Exports of aws iam get-account-authorization-details, of one or several accounts
    #[arg(long, required = true, num_args = 1.., value_name = "FILE")]
    account: Vec<PathBuf>,

    /// The trail that shows the last uses: files, folders (read recursively), or `s3://bucket/prefix`, as for
    /// `access-advisor report`
    #[arg(long, num_args = 1.., value_name = "PATH")]
    trail: Vec<PathBuf>,

    /// Use this catalog (made by `access-advisor catalog build`) instead of the built-in one
    #[arg(long, value_name = "FILE")]
    catalog: Option<PathBuf>,

    /// Explain as of this time, as in 2026-11-01T00:00:00Z; later events are skipped [default: now]
    #[arg(long, value_name = "TIME", value_parser = parse_time)]
    now: Option<DateTime<Utc>>,

    /// Call nothing unused in accounts with fewer days read than this [default: 90]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    min_coverage: Option<u32>,

    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,

    #[command(flatten)]
    reading: ReadingArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// All of it
    Json,
}

pub(crate) fn run(arguments: &ExplainArguments) -> Result<(), Failure> {
    arguments.reading.on_threads(|| explain(arguments))
}

fn explain(arguments: &ExplainArguments) -> Result<(), Failure> {
    let (arn, action) = (&arguments.arn, &arguments.action);
    let resource = arguments.resource.as_deref();
    let now = arguments.now.unwrap_or_else(input::clock);
    let tracking = Tracking::full().with_min_coverage_days(arguments.min_coverage);
    let catalog = input::catalog(arguments.catalog.as_deref())?;
    let account = Arc::new(input::account(&arguments.account)?);
    // Fail before the trail is read.
    let nothing = Activity::default();
    let advisor = Advisor::new(
        account.clone(),
        &nothing,
        catalog.clone(),
        tracking.clone(),
        now,
    )?;
    advisor.explain(arn, action, resource)?;
    if arguments.trail.is_empty() {
        return print(&advisor, arguments);
    }
    let visible = tracking.visible_until(now);
    let until = arguments
        .reading
        .until
        .map_or(visible, |it| it.min(visible));
    let reader =
        arguments
            .reading
            .reader_until(Some(until), now.max(input::clock()), catalog.clone());
    let trail = input::trail(&arguments.trail, &reader)?;
    let missing = MissingInput::of_trail(&trail.reconciliation, trail.activity.coverage())
        .with_issues(account.issues())
        .with_accounts(&account, &trail.activity);
    let advisor = Advisor::new(account, &trail.activity, catalog, tracking, now)?;
    print(&advisor, arguments)?;
    Ok(missing.check()?)
}

fn print(advisor: &Advisor, arguments: &ExplainArguments) -> Result<(), Failure> {
    let resource = arguments.resource.as_deref();
    let explanation = advisor.explain(&arguments.arn, &arguments.action, resource)?;
    match arguments.format {
        Format::Text => output::write_lines(|lines| {
            text::write(lines, &explanation, !arguments.trail.is_empty())
        }),
        Format::Json => output::write_result(None, |writer| write_json(writer, &explanation)),
    }
}
