//! Where a result is written to.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;

use crate::failure::Failure;
use crate::output;

#[derive(Debug, Args)]
pub(crate) struct OutputArguments {
    /// Write the result to this file instead of stdout
    #[arg(long, value_name = "PATH")]
    output: Option<PathBuf>,
}

impl OutputArguments {
    /// Fails, before anything is read, when the result would overwrite an input, or when Parquet would be written to a terminal.
    pub(crate) fn check(&self, inputs: &[PathBuf], is_parquet: bool) -> Result<(), Failure> {
        if is_parquet && self.output.is_none() && io::stdout().is_terminal() {
            return Err(Failure::Message(
                "Parquet is not printed on a terminal: name a file with --output, or redirect stdout"
                    .into(),
            ));
        }
        output::refuse_inputs(self.output.as_deref(), inputs)
    }

    /// Writes the result. A file is replaced only when all of the result is written.
    pub(crate) fn write(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), Failure> {
        output::write_result(self.output.as_deref(), write)
    }
}
