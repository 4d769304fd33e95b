//! `access-advisor explain`.

mod condition;
mod text;

use std::path::PathBuf;

use access_advisor::explain::{ExplainError, Explanation};
use access_advisor::report::{Advisor, Tracking};
use clap::{Args, ValueEnum};

use crate::arguments::InputArguments;
use crate::exit_status;
use crate::failure::Failure;
use crate::json_output::write_json;
use crate::output;

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
    access-advisor explain arn:aws:iam::111122223333:role/app dynamodb \\
        --account account.json

Only permission policies are evaluated. A condition of an allow counts as met; a
deny with a condition takes nothing away. Statements are counted from 0, as in
Statement[0]. The exit status does not tell whether it is granted; in JSON,
Granted does."))]
pub(crate) struct ExplainArguments {
    /// The user, group, role or managed policy
    arn: String,

    /// An action, such as s3:GetObject, or a whole service, such as s3
    #[arg(value_name = "NAMESPACE[:ACTION]")]
    action: String,

    /// On this resource only. * and ? are wildcards: some resource that matches
    #[arg(long, value_name = "ARN")]
    resource: Option<String>,

    #[command(flatten)]
    input: InputArguments,

    /// The trail that shows the last uses: files, folders (read recursively), or `s3://bucket/prefix`, as for
    /// `access-advisor report`
    #[arg(long, num_args = 1.., value_name = "PATH")]
    trail: Vec<PathBuf>,

    /// Call nothing unused in accounts with fewer days read than this [default: 90]
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..))]
    min_coverage: Option<u32>,

    /// How to print it
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// All of it
    Json,
}

pub(crate) fn run(arguments: &ExplainArguments) -> Result<(), Failure> {
    arguments.input.reading.on_threads(|| explain(arguments))
}

fn explain(arguments: &ExplainArguments) -> Result<(), Failure> {
    let tracking = Tracking::full().min_coverage_days(arguments.min_coverage);
    let accounts = arguments.input.accounts()?;
    let explain = |advisor: &Advisor, has_trail| {
        let explanation = explained(advisor, arguments)?;
        print(&explanation, arguments.format, has_trail)
    };
    if !accounts.have_trail(&arguments.trail)? {
        return explain(&accounts.without_trail(tracking)?, false);
    }
    // Fail before the trail is read.
    explained(&accounts.without_trail(tracking.clone())?, arguments)?;
    let joined = accounts.read(&arguments.trail, tracking)?;
    explain(&joined.advisor, true)?;
    Ok(joined.missing.check()?)
}

fn explained<'a>(
    advisor: &'a Advisor,
    arguments: &ExplainArguments,
) -> Result<Explanation<'a>, Failure> {
    let resource = arguments.resource.as_deref();
    let explanation = advisor.explain(&arguments.arn, &arguments.action, resource);
    explanation.map_err(|error| match error {
        ExplainError::Entity(error) => {
            Failure::unresolved(error, &arguments.arn, advisor.account())
        }
        other => Failure::Explain(other),
    })
}

fn print(explanation: &Explanation, format: Format, has_trail: bool) -> Result<(), Failure> {
    match format {
        Format::Text => output::write_lines(|lines| text::write(lines, explanation, has_trail)),
        Format::Json => output::write_result(None, |writer| write_json(writer, explanation)),
    }
}
