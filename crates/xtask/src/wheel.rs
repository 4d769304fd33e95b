//! `cargo xtask wheel`: builds the Python package.

use std::path::{Path, PathBuf};

use clap::Args;

use crate::{child, python};

/// Builds the Python package `access_advisor` as an optimized wheel for Python 3.10 and later, in target/wheels.
///
/// Uses maturin from `.venv`, which is created if it is missing.
#[derive(Args)]
pub(crate) struct Wheel {}

impl Wheel {
    pub(crate) fn run(&self) -> Result<(), String> {
        let root = child::workspace_root()?;
        let wheel = build(&python::environment(&root)?, "release", "target/wheels")?;
        println!("{}", wheel.display());
        Ok(())
    }
}

/// Builds the package in the `dev` profile and installs it into `.venv`. Returns the environment's interpreter.
pub(crate) fn install(root: &Path) -> Result<PathBuf, String> {
    let python = python::environment(root)?;
    let wheel = build(&python, "dev", "target/wheels/tests")?;
    python::pip(&python, |pip| {
        pip.args(["--no-deps", "--force-reinstall"]).arg(&wheel);
    })?;
    Ok(python)
}

/// Builds the wheel in a cargo profile into a folder of the workspace. Returns its path.
fn build(python: &Path, profile: &str, folder: &str) -> Result<PathBuf, String> {
    let folder = child::workspace_root()?.join(folder);
    let is_wheel = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "whl");
    let wheels = || -> Result<Vec<PathBuf>, String> {
        let failed = |error| format!("{}: {error}", folder.display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir(&folder).map_err(failed)? {
            found.push(entry.map_err(failed)?.path());
        }
        Ok(found.into_iter().filter(is_wheel).collect())
    };
    if folder.is_dir() {
        // Wheels of earlier versions: the folder should contain one wheel only.
        for earlier in wheels()? {
            std::fs::remove_file(&earlier)
                .map_err(|error| format!("{}: {error}", earlier.display()))?;
        }
    }
    let mut maturin = child::command(python)?;
    maturin
        .args("-m maturin build --quiet --manifest-path".split(' '))
        .arg("crates/access-advisor-python/Cargo.toml")
        .args(["--profile", profile, "--interpreter"])
        .arg(python)
        .arg("--out")
        .arg(&folder);
    python::succeed(&mut maturin)?;
    match wheels()?.as_slice() {
        [wheel] => Ok(wheel.clone()),
        found => Err(format!("{}: {} wheels", folder.display(), found.len())),
    }
}
