//! `access-advisor activity`: activity files, and the SQL that makes the same table.

mod credentials;
mod export;
mod files;
mod merge;
mod show;
mod sql;

use clap::Subcommand;

use crate::failure::Failure;

#[derive(Debug, Subcommand)]
pub(crate) enum ActivityCommand {
    /// Write the activity of a trail or a store to an activity file
    Export(export::ExportArguments),
    /// Merge several activity files into one
    Merge(merge::MergeArguments),
    /// Print the rows of activity files
    Show(show::ShowArguments),
    /// Print which access keys and passwords of users were used, as activity files have it
    Credentials(credentials::CredentialsArguments),
    /// Print a query that makes the activity table where the logs are: Athena, CloudTrail Lake, Spark,
    /// DuckDB
    Sql(sql::SqlArguments),
}

pub(crate) fn run(command: &ActivityCommand) -> Result<(), Failure> {
    match command {
        ActivityCommand::Export(arguments) => export::run(arguments),
        ActivityCommand::Merge(arguments) => merge::run(arguments),
        ActivityCommand::Show(arguments) => show::run(arguments),
        ActivityCommand::Credentials(arguments) => credentials::run(arguments),
        ActivityCommand::Sql(arguments) => sql::run(arguments),
    }
}
