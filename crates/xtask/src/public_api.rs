//! `cargo xtask public-api`: the public API of the library `access-advisor`, as a text file, and what must hold of it.
//!
//! The facade re-exports items of the inner crates. rustdoc describes every crate by itself, so the descriptions are joined
//! here: the items of the inner crates that the facade re-exports are listed under the facade's paths. A path of an inner
//! crate that is left in a signature names a type that is not exported.

#[cfg(test)]
mod glossary;
mod growth;
mod listing;
mod rustdoc;

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;
use serde_json::Value;

use crate::{child, python};

pub(crate) use rustdoc::{IS_RUSTDOC, run_rustdoc};

/// Where the API is kept.
const SNAPSHOT: &str = "crates/access-advisor/public-api.txt";
/// Crates that must use the facade only.
const USERS: [&str; 2] = ["access-advisor-cli", "access-advisor-python"];
/// What the library must not depend on with the features that analysts use.
const NOT_IN_LIBRARY: [&str; 3] = ["clap", "axum", "mimalloc"];
/// The features that analysts use.
const LIBRARY_FEATURES: &str = "s3,store,arrow,parquet";

/// Compares the library's public API with crates/access-advisor/public-api.txt.
///
/// Fails when the API differs from the file, when a public signature mentions a type that the library does not export, when
/// a type has two paths, when the command line or the Python package depends on another crate of this workspace, and when the
/// library, without its feature `serve`, depends on clap, axum or mimalloc.
#[derive(Args)]
pub(crate) struct PublicApi {
    /// Write the file instead of comparing with it.
    #[arg(long)]
    update: bool,
}

impl PublicApi {
    pub(crate) fn run(&self) -> Result<(), String> {
        let mut faults = inner_dependencies()?;
        faults.extend(heavy_dependencies()?);
        rustdoc::describe()?;
        let listing = listing::list(&child::workspace_root()?.join("target/doc"))?;
        faults.extend(listing.faults);
        if !faults.is_empty() {
            return Err(faults.join("\n       "));
        }
        let text = text(&listing.lines);
        let path = snapshot()?;
        let at = |error: std::io::Error| format!("{}: {error}", path.display());
        if self.update {
            return std::fs::write(&path, text).map_err(at);
        }
        let known = std::fs::read_to_string(&path).map_err(at)?;
        let differences = differences(&known, &text);
        if differences.is_empty() {
            return Ok(());
        }
        Err(format!(
            "the public API differs from {SNAPSHOT}; note the change in CHANGELOG.md and run \
             `cargo xtask public-api --update`:\n{differences}"
        ))
    }
}

fn snapshot() -> Result<PathBuf, String> {
    Ok(child::workspace_root()?.join(SNAPSHOT))
}

fn text(lines: &BTreeSet<(String, String)>) -> String {
    let mut text =
        String::from("# Written by `cargo xtask public-api --update`. All features are on.\n");
    for (_, line) in lines {
        text += line;
        text.push('\n');
    }
    text
}

/// Lines that only one of two texts has.
fn differences(old: &str, new: &str) -> String {
    let (before, after): (BTreeSet<_>, BTreeSet<_>) =
        (old.lines().collect(), new.lines().collect());
    let mut text = String::new();
    for (sign, lines) in [
        ('-', before.difference(&after)),
        ('+', after.difference(&before)),
    ] {
        for line in lines {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{sign}{line}");
        }
    }
    text
}

/// Crates of this workspace, apart from the facade, that a user of the facade depends on.
fn inner_dependencies() -> Result<Vec<String>, String> {
    let metadata =
        python::succeed(child::cargo()?.args(["metadata", "--no-deps", "--format-version", "1"]))?;
    let metadata: Value = serde_json::from_str(&metadata).map_err(|error| error.to_string())?;
    Ok(USERS
        .iter()
        .flat_map(|user| inner_dependencies_of(&metadata, user))
        .collect())
}

fn inner_dependencies_of(metadata: &Value, user: &str) -> Vec<String> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let Some(package) = packages.into_iter().find(|package| package["name"] == user) else {
        return vec![format!("there is no package {user}")];
    };
    let dependencies = package["dependencies"].as_array().into_iter().flatten();
    dependencies
        .filter(|dependency| dependency["path"].is_string())
        .filter_map(|dependency| dependency["name"].as_str())
        .filter(|name| *name != "access-advisor")
        .map(|name| format!("{user} depends on {name}; it should use access-advisor only"))
        .collect()
}

/// What the library depends on, but must not.
fn heavy_dependencies() -> Result<Vec<String>, String> {
    let tree = python::succeed(child::cargo()?.args([
        "tree",
        "--package=access-advisor",
        "--features",
        LIBRARY_FEATURES,
        "--edges=normal",
        "--prefix=none",
        "--format={lib}",
    ]))?;
    Ok(NOT_IN_LIBRARY
        .iter()
        .filter(|name| tree.lines().any(|line| line.trim() == **name))
        .map(|name| format!("access-advisor with {LIBRARY_FEATURES} depends on {name}"))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inner_crates_are_found_among_dependencies_of_any_kind() {
        let metadata = serde_json::json!({"packages": [{"name": "cli", "dependencies": [
            {"name": "access-advisor", "path": "/crates/access-advisor"},
            {"name": "advisor-core", "path": "/crates/advisor-core", "kind": "dev"},
            {"name": "clap", "kind": null},
        ]}]});
        assert_eq!(
            inner_dependencies_of(&metadata, "cli"),
            ["cli depends on advisor-core; it should use access-advisor only"]
        );
        assert_eq!(
            inner_dependencies_of(&metadata, "gone"),
            ["there is no package gone"]
        );
    }

    #[test]
    fn differences_are_lines_that_one_side_lacks() {
        assert_eq!(differences("a\nb\n", "b\nc\n"), "-a\n+c\n");
        assert_eq!(differences("a\nb\n", "b\na\n"), "");
    }
}
