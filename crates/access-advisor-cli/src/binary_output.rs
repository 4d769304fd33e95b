//! Parquet is written to files and pipes, never to a terminal.

use std::io::IsTerminal;
use std::path::Path;

use crate::failure::Failure;

/// Fails, before the trail is read, when Parquet would be written to a terminal.
pub(crate) fn refuse_terminal(output: Option<&Path>) -> Result<(), Failure> {
    if output.is_none() && std::io::stdout().is_terminal() {
        return Err(Failure::Message(
            "Parquet is not printed on a terminal: name a file with --output, or redirect stdout"
                .into(),
        ));
    }
    Ok(())
}
