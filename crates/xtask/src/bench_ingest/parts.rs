//! Builds of the reader without a part of it: what the part costs.

use std::fs;
use std::path::{Path, PathBuf};

use crate::bench_ingest::engine::Engine;
use crate::{child, python};

/// A part of the reader: the calls, one per line, without which it does not work.
struct Part {
    engine: Engine,
    name: &'static str,
    file: &'static str,
    call: &'static str,
}

const PARTS: [Part; 2] = [
    Part {
        engine: Engine::WithoutCoverage,
        name: "without-coverage",
        file: "crates/cloudtrail-reader/src/projected/record.rs",
        call: "coverage.see(",
    },
    Part {
        engine: Engine::WithoutDays,
        name: "without-days",
        file: "crates/advisor-core/src/activity/row.rs",
        call: "self.days.insert(",
    },
];

/// Builds the program `ingest` without each part, from copies of the tree in a folder.
pub(super) fn build(folder: &Path) -> Result<Vec<(Engine, PathBuf)>, String> {
    PARTS.iter().map(|part| part.build(folder)).collect()
}

impl Part {
    fn build(&self, folder: &Path) -> Result<(Engine, PathBuf), String> {
        let copy = folder.join(self.name);
        self.copy_tree(&copy)?;
        let target = folder.join("target");
        let mut cargo = child::cargo()?;
        let arguments = "build --quiet --release --package benches --features ingest --bin ingest";
        cargo.current_dir(&copy).env("CARGO_TARGET_DIR", &target);
        // Warns of what only the part needs.
        python::succeed(cargo.args(arguments.split(' ')))?;
        let suffix = std::env::consts::EXE_SUFFIX;
        let program = folder.join(format!("ingest-{}{suffix}", self.name));
        let built = target.join("release").join(format!("ingest{suffix}"));
        fs::copy(&built, &program).map_err(|error| format!("{}: {error}", built.display()))?;
        Ok((self.engine, program))
    }

    /// Copies the files of the repository, without the calls. Files that have not changed keep their times.
    fn copy_tree(&self, copy: &Path) -> Result<(), String> {
        let root = child::workspace_root()?;
        let mut git = child::command("git")?;
        let listed = python::succeed(git.args(["ls-files", "-z"]))?;
        for file in listed.split('\0').filter(|file| !file.is_empty()) {
            let name = |error: std::io::Error| format!("{file}: {error}");
            let (from, to) = (root.join(file), copy.join(file));
            if !from.is_file() {
                continue;
            }
            let mut bytes = fs::read(&from).map_err(name)?;
            if file == self.file {
                let text = String::from_utf8_lossy(&bytes);
                bytes = self.cut(&text)?.into_bytes();
            }
            if fs::read(&to).is_ok_and(|there| there == bytes) {
                continue;
            }
            if let Some(folder) = to.parent() {
                fs::create_dir_all(folder).map_err(name)?;
            }
            fs::write(&to, bytes).map_err(name)?;
        }
        Ok(())
    }

    /// The text without the lines that are calls.
    fn cut(&self, text: &str) -> Result<String, String> {
        let is_call = |line: &str| line.trim_start().starts_with(self.call) && line.ends_with(';');
        let (calls, rest): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| is_call(line));
        if calls.is_empty() {
            return Err(format!("{} has no line `{}...;`", self.file, self.call));
        }
        Ok(rest.join("\n") + "\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_calls_are_where_they_are_looked_for() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for part in PARTS {
            let text = fs::read_to_string(root.join(part.file)).unwrap();
            let cut = part.cut(&text).unwrap();
            assert!(text.contains(part.call) && !cut.contains(part.call));
        }
    }
}
