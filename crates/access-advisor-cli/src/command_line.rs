//! The command line as clap defines it. Help, completions and the manual pages are made from these definitions.

use std::env;

use access_advisor::text::Printable;
use clap::{Parser, Subcommand};

use crate::commands::activity::{self, ActivityCommand};
use crate::commands::catalog::{self, CatalogCommand};
use crate::commands::coverage::{self, CoverageArguments};
use crate::commands::documentation::{self, CompletionsArguments, ManArguments};
use crate::commands::explain::{self, ExplainArguments};
use crate::commands::findings::{self, FindingsArguments};
use crate::commands::import::{self, ImportCommand};
use crate::commands::jobs::{
    self, EntitiesArguments, GenerateArguments, GetArguments, JobsCommand,
};
use crate::commands::policies::{self, PoliciesArguments};
use crate::commands::report::{self, ReportArguments};
use crate::commands::rightsize::{self, RightsizeArguments};
use crate::commands::serve::{self, ServeArguments};
use crate::exit_status;
use crate::failure::Failure;
use crate::{interruption, output};

/// Report which services and actions each IAM identity may use, and when each was last used.
///
/// Works offline, from exported account data (aws iam get-account-authorization-details) and
/// CloudTrail logs. Only permission policies are evaluated: no resource-based policies, ACLs, SCPs,
/// permissions boundaries, session policies or trust policies.
#[derive(Debug, Parser)]
#[command(name = "access-advisor", version, arg_required_else_help = true)]
#[command(after_help = exit_status::help!("\
Results go to stdout, everything else to stderr."))]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Report when identities last accessed the services (and actions) they may use
    Report(ReportArguments),
    /// Explain why an identity may use an action, or why not: statements, the way to them, denies, last uses
    Explain(ExplainArguments),
    /// Find what identities, credentials and policies an account could do without, worst first
    Findings(FindingsArguments),
    /// Make smaller policies that keep what identities need, with the proof that they grant nothing new
    Rightsize(RightsizeArguments),
    /// Import account data or trails into a store
    #[command(subcommand)]
    Import(ImportCommand),
    /// Generate a report from a store: prints the JobId
    Generate(GenerateArguments),
    /// Print the services of a job's report, page by page
    Get(GetArguments),
    /// Print who used a service of a job's report, page by page
    Entities(EntitiesArguments),
    /// List which policies of a user, group or role grant access to services
    Policies(PoliciesArguments),
    /// List or delete the jobs of a store
    #[command(subcommand)]
    Jobs(JobsCommand),
    /// Export, merge or show activity files: who attempted what, and when last, as Parquet
    #[command(subcommand)]
    Activity(ActivityCommand),
    /// Show which days, Regions and kinds of event a trail, an activity file or a store covers
    Coverage(CoverageArguments),
    /// Serve the IAM API from a store, to unmodified AWS clients
    Serve(ServeArguments),
    /// Show or rebuild the catalog of services and actions
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Print a completion script for a shell
    Completions(CompletionsArguments),
    /// Print the manual page, or write those of all commands to a folder
    Man(ManArguments),
}

/// Reads the arguments. Exits with clap's message when they are wrong, which quotes them: so it is made of arguments in which
/// what does not print is escaped.
pub(crate) fn parse() -> CommandLine {
    let wrong = match CommandLine::try_parse() {
        Ok(command_line) => return command_line,
        Err(wrong) => wrong,
    };
    let given = env::args_os().map(|argument| argument.to_string_lossy().into_owned());
    let printable: Vec<String> = given
        .map(|argument| Printable(argument).to_string())
        .collect();
    match CommandLine::try_parse_from(printable) {
        Err(wrong) => wrong.exit(),
        // Arguments that are right once they are escaped.
        Ok(_) => {
            output::say(&wrong);
            std::process::exit(wrong.exit_code());
        }
    }
}

/// Runs the command.
pub(crate) fn run(command_line: &CommandLine) -> Result<(), Failure> {
    if !matches!(command_line.command, Command::Serve(_)) {
        // A server shuts down gracefully.
        interruption::watch();
    }
    match &command_line.command {
        Command::Report(arguments) => report::run(arguments),
        Command::Explain(arguments) => explain::run(arguments),
        Command::Findings(arguments) => findings::run(arguments),
        Command::Rightsize(arguments) => rightsize::run(arguments),
        Command::Import(command) => import::run(command),
        Command::Generate(arguments) => jobs::generate(arguments),
        Command::Get(arguments) => jobs::get(arguments),
        Command::Entities(arguments) => jobs::entities(arguments),
        Command::Policies(arguments) => policies::run(arguments),
        Command::Jobs(command) => jobs::run(command),
        Command::Activity(command) => activity::run(command),
        Command::Coverage(arguments) => coverage::run(arguments),
        Command::Serve(arguments) => serve::run(arguments),
        Command::Catalog(command) => catalog::run(command),
        Command::Completions(arguments) => documentation::completions::<CommandLine>(arguments),
        Command::Man(arguments) => documentation::man::<CommandLine>(arguments),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_definitions_are_sound() {
        super::CommandLine::command().debug_assert();
    }
}
