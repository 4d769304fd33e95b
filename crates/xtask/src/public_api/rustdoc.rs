//! Has rustdoc describe the workspace's crates in JSON.
//!
//! rustdoc's JSON is unstable, so `RUSTC_BOOTSTRAP` must be set; but with it in cargo's environment the build scripts of many
//! dependencies run again, and everything is compiled anew. So it is set for rustdoc alone: cargo starts this program in the
//! place of rustdoc, and this program starts rustdoc.

use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::{child, python};

/// Set when this program is started in the place of rustdoc.
pub(crate) const IS_RUSTDOC: &str = "ACCESS_ADVISOR_XTASK_IS_RUSTDOC";

/// Writes `target/doc/<crate>.json` of every library of the workspace.
pub(super) fn describe() -> Result<(), String> {
    let this = std::env::current_exe().map_err(|error| error.to_string())?;
    let mut cargo = child::cargo()?;
    // As `cargo xtask test` runs Clippy, so that dependencies are the same.
    cargo
        .args("doc --quiet --workspace --all-features --no-deps --lib".split(' '))
        .env("RUSTDOC", this)
        .env(IS_RUSTDOC, "1")
        .env(
            "RUSTDOCFLAGS",
            "-Zunstable-options --output-format=json --cap-lints=allow",
        );
    python::succeed(&mut cargo).map(drop)
}

/// Starts rustdoc with this program's arguments.
pub(crate) fn run_rustdoc(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let status = Command::new("rustdoc")
        .args(arguments)
        .env("RUSTC_BOOTSTRAP", "1")
        .status();
    match status {
        Ok(status) if status.success() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("cannot start rustdoc: {error}");
            ExitCode::FAILURE
        }
    }
}
