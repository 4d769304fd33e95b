//! Python environments. The project's own is `.venv`, with the packages of `requirements.txt`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::child;

/// The interpreter of the project's environment, which is created if it is missing and updated if it differs from
/// `requirements.txt`.
pub(crate) fn environment(root: &Path) -> Result<PathBuf, String> {
    environment_in(&root.join(".venv"), &root.join("requirements.txt"))
}

/// The same for any environment and requirements file.
pub(crate) fn environment_in(venv: &Path, requirements: &Path) -> Result<PathBuf, String> {
    let python = venv.join(if cfg!(windows) {
        "Scripts/python.exe"
    } else {
        "bin/python"
    });
    let installed = venv.join("requirements.txt");
    let is_current = python.is_file()
        && std::fs::read(&installed)
            .ok()
            .is_some_and(|known| std::fs::read(requirements).is_ok_and(|now| now == known));
    if is_current {
        return Ok(python);
    }
    if !python.is_file() {
        succeed(child::command("python3")?.args(["-m", "venv"]).arg(venv))?;
    }
    pip(&python, |pip| {
        pip.arg("-r").arg(requirements);
    })?;
    std::fs::copy(requirements, &installed)
        .map_err(|error| format!("{}: {error}", installed.display()))?;
    Ok(python)
}

/// Runs `pip install` in an environment.
pub(crate) fn pip(python: &Path, what: impl FnOnce(&mut Command)) -> Result<(), String> {
    let mut pip = child::command(python)?;
    pip.args("-m pip install --quiet --disable-pip-version-check --no-input".split(' '));
    what(&mut pip);
    succeed(&mut pip).map(drop)
}

/// Runs a command that must succeed. Returns its standard output.
pub(crate) fn succeed(command: &mut Command) -> Result<String, String> {
    let output = child::captured(command)?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!(
        "{} failed:\n{}",
        child::shown(command),
        String::from_utf8_lossy(&output.stderr).trim_end()
    ))
}
