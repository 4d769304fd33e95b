//! Parquet goes to a file or a pipe, never to a terminal.

use std::io::IsTerminal;
use std::path::Path;

use crate::Failure;

/// Refuses, before the long work, to write Parquet where a terminal would show it.
pub(crate) fn refuse_terminal(output: Option<&Path>) -> Result<(), Failure> {
    if output.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::Message(
            "Parquet is nothing to look at: name a file with --output, or redirect stdout".into(),
        ));
    }
    Ok(())
}
