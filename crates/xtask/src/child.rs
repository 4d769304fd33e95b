//! Child processes: started in the workspace's root, without standard input, printed as one line.

use std::ffi::OsString;
use std::fmt::Write;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The workspace's root, found from the package folder that `cargo run` sets.
pub(crate) fn workspace_root() -> Result<PathBuf, String> {
    let manifest = std::env::var_os("CARGO_MANIFEST_DIR")
        .ok_or("CARGO_MANIFEST_DIR is not set; start this with `cargo xtask`")?;
    let root = Path::new(&manifest).ancestors().nth(2);
    Ok(root.ok_or("this package is not in a workspace")?.to_owned())
}

/// A command that runs in the workspace's root, without standard input.
pub(crate) fn command(program: impl Into<OsString>) -> Result<Command, String> {
    let mut command = Command::new(program.into());
    command.current_dir(workspace_root()?).stdin(Stdio::null());
    Ok(command)
}

/// The cargo that started this program.
pub(crate) fn cargo() -> Result<Command, String> {
    command(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// The command as a line for the shell, with its environment variables.
pub(crate) fn shown(command: &Command) -> String {
    let mut line = String::new();
    // The search path is of this machine, and long; so are paths to a program's own script.
    let telling = command.get_envs().filter(|(name, _)| *name != "PATH");
    for (name, value) in telling {
        // Writing to a string cannot fail.
        let _ = write!(line, "{}={:?} ", name.display(), value.unwrap_or_default());
    }
    let program = Path::new(command.get_program());
    let _ = write!(
        line,
        "{}",
        program.file_stem().unwrap_or_default().display()
    );
    for argument in command.get_args() {
        let path = Path::new(argument);
        let shown = if path.is_absolute() {
            path.file_name()
        } else {
            None
        };
        let _ = write!(line, " {}", shown.unwrap_or(argument).display());
    }
    line
}

/// Runs a command and captures its output.
pub(crate) fn captured(command: &mut Command) -> Result<Output, String> {
    command
        .output()
        .map_err(|error| cannot_start(command, &error))
}

/// Runs a command with both streams on standard output, so that their order is kept. Returns whether it succeeded.
pub(crate) fn passed_through(command: &mut Command) -> Result<bool, String> {
    let status = command
        .stdout(io::stdout())
        .stderr(io::stdout())
        .status()
        .map_err(|error| cannot_start(command, &error))?;
    Ok(status.success())
}

fn cannot_start(command: &Command, error: &io::Error) -> String {
    format!("cannot start {}: {error}", command.get_program().display())
}

/// Builds a program as users have it; where it is.
pub(crate) fn release(package: &str, program: &str) -> Result<PathBuf, String> {
    let mut cargo = cargo()?;
    cargo.args(["build", "--quiet", "--release", "--package", package]);
    let status = cargo
        .status()
        .map_err(|error| format!("cannot start cargo: {error}"))?;
    if !status.success() {
        return Err(format!("{package} does not build"));
    }
    // Beside `debug` or `release`, where this program is.
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let target = own.ancestors().nth(2).ok_or("no target folder")?;
    let name = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    Ok(target.join("release").join(name))
}
