//! The commands on a store, as people run them: whole outputs, exit statuses, and what stderr says.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod answers;
mod file;
mod imports;
mod jobs;

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) const ACCOUNT: &str = "testdata/account.json";
pub(crate) const TRAIL: &str = "testdata/trail";
pub(crate) const NOW: &str = "2026-11-01T00:00:00Z";
pub(crate) const BRUNO: &str = "arn:aws:iam::111122223333:user/engineering/bruno";
pub(crate) const ERIN: &str = "arn:aws:iam::111122223333:user/erin";
pub(crate) const AUDITORS: &str = "arn:aws:iam::111122223333:group/auditors";
pub(crate) const DEVELOPERS: &str = "arn:aws:iam::111122223333:group/developers";

pub(crate) struct Store {
    pub(crate) folder: TempDir,
    pub(crate) path: String,
}

impl Store {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder
            .path()
            .join("advisor.db")
            .to_str()
            .unwrap()
            .to_owned();
        Self { folder, path }
    }

    /// With the small account and its trail.
    pub(crate) fn filled() -> Self {
        let store = Self::new();
        for arguments in [["import", "account", ACCOUNT], ["import", "trail", TRAIL]] {
            assert_eq!(store.run(&arguments).status.code(), Some(0));
        }
        store
    }

    /// Runs a command with `--store`.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        run(&[arguments, &["--store", &self.path]].concat())
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let said = stderr(&output);
        // Of those who are in the group of auditors, whose policy the export lacks.
        let is_other = |line: &&str| !line.starts_with("warning: services may be missing: ");
        assert_eq!(said.lines().find(is_other), None);
        serde_json::from_slice(&output.stdout).unwrap()
    }

    pub(crate) fn generate(&self, arn: &str, more: &[&str]) -> String {
        let arguments = [&["generate", arn, "--now", NOW], more].concat();
        let answer = self.json(&arguments);
        let id = answer["JobId"].as_str().unwrap();
        assert_eq!(id.len(), 36);
        assert_eq!(answer.as_object().unwrap().len(), 1);
        id.to_owned()
    }

    /// What stderr says when the command fails, without the store's folder.
    pub(crate) fn failure(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
        stderr(&output).replace(self.folder.path().to_str().unwrap(), "FOLDER")
    }
}

/// Runs a command from the folder that the test data is in.
pub(crate) fn run(arguments: &[&str]) -> Output {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    Command::new(env!("CARGO_BIN_EXE_access-advisor"))
        .current_dir(root)
        .args(arguments)
        .output()
        .unwrap()
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// The text without what the clock says.
pub(crate) fn without_clock(text: &str) -> String {
    text.lines()
        .map(|line| match line.split_once("\"JobCompletionDate\": ") {
            Some((blanks, _)) => format!("{blanks}\"JobCompletionDate\": THE CLOCK,\n"),
            None => format!("{line}\n"),
        })
        .collect()
}
