//! `access-advisor activity merge`.

use std::path::PathBuf;

use clap::Args;

use super::files;
use crate::arguments::OutputArguments;
use crate::exit_status;
use crate::failure::Failure;

#[derive(Debug, Args)]
#[command(after_help = exit_status::help!("\
Example:
  access-advisor activity merge january.parquet february.parquet \\
      --output activity.parquet

Rows are merged by principal, service, action and Region: the latest last
attempt, the earliest first attempt, the sums of the attempts, and the union of
the days. Attempts in parts of a trail that overlap count twice. What the parts
cover is merged too; files of query engines do not say it. Files that different
catalogs credited are refused."))]
pub(crate) struct MergeArguments {
    /// Activity files; also those of other engines
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    output: OutputArguments,
}

pub(super) fn run(arguments: &MergeArguments) -> Result<(), Failure> {
    arguments.output.check(&arguments.files, true)?;
    let activity = files::read(&arguments.files)?;
    files::say_unknown_coverage(&activity);
    files::write(&arguments.output, &activity)
}
