//! `access-advisor completions` and `access-advisor man`: made from the definitions of the command line.

use std::path::PathBuf;

use clap::{Args, CommandFactory};

use crate::exit_status;
use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
#[command(after_help = exit_status::help!("\
Example:
  access-advisor completions bash \\
      > ~/.local/share/bash-completion/completions/access-advisor"))]
pub(crate) struct CompletionsArguments {
    /// The shell
    shell: clap_complete::Shell,
}

/// Prints a completion script.
pub(crate) fn completions<C: CommandFactory>(
    arguments: &CompletionsArguments,
) -> Result<(), Failure> {
    let mut command = C::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut command, name, &mut script);
    output::write_result(None, |writer| writer.write_all(&script))
}

#[derive(Debug, Args)]
#[command(after_help = exit_status::help!("\
Examples:
  access-advisor man | man -l -
  access-advisor man --folder ~/.local/share/man/man1"))]
pub(crate) struct ManArguments {
    /// Write the pages of all commands to this folder, which must exist: access-advisor.1,
    /// access-advisor-report.1 and so on
    #[arg(long, value_name = "DIR")]
    folder: Option<PathBuf>,
}

/// Prints the manual page, or writes all pages.
pub(crate) fn man<C: CommandFactory>(arguments: &ManArguments) -> Result<(), Failure> {
    match &arguments.folder {
        Some(folder) => clap_mangen::generate_to(C::command(), folder).map_err(Failure::at(folder)),
        None => output::write_result(None, |writer| {
            clap_mangen::Man::new(C::command()).render(writer)
        }),
    }
}
