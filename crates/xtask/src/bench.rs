//! `cargo xtask bench`: the criterion benches.

use clap::Args;

use crate::child;

/// Runs the criterion benches and prints their results.
///
/// benches/README.md says what they measure and how to read the results.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask bench                            all of them
  cargo xtask bench reports                    those with `reports` in their name
  cargo xtask bench --save-baseline before     to compare with later: --baseline before")]
pub(crate) struct Bench {
    /// Arguments for criterion: part of the benches' names, or options.
    #[arg(
        value_name = "CRITERION ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    criterion: Vec<String>,
}

impl Bench {
    pub(crate) fn run(&self) -> Result<(), String> {
        let mut cargo = child::cargo()?;
        cargo.args(["bench", "--quiet", "--package", "benches", "--", "--quiet"]);
        cargo.args(&self.criterion);
        // Results go to standard output, progress to standard error.
        let status = cargo
            .status()
            .map_err(|error| format!("cannot start cargo: {error}"))?;
        if status.success() {
            return Ok(());
        }
        Err("the benches failed".to_owned())
    }
}
