//! `cargo xtask imports`: files and folders of a crate that import each other in a circle.

mod files;
mod graph;
mod paths;
mod tokens;

use std::path::{Path, PathBuf};

use clap::Args;

use crate::child;

/// Prints the circles in which files or folders of a crate import each other, and the names that cause them.
///
/// A file imports another when a path in its code leads to an item of the other: `use` declarations and paths in
/// expressions, from `crate`, `self`, `super` or a child module. Names that a module re-exports count for the file that
/// defines them. Test modules do not count.
#[derive(Args)]
pub(crate) struct Imports {
    /// Another checkout to look at, without failing.
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
}

impl Imports {
    pub(crate) fn run(&self) -> Result<(), String> {
        match &self.root {
            Some(root) => check(root).map(|_| ()),
            None => {
                let failed = check(&child::workspace_root()?)?;
                if failed.is_empty() {
                    return Ok(());
                }
                Err(format!(
                    "files or folders import each other in a circle: {}",
                    failed.join(", ")
                ))
            }
        }
    }
}

/// Prints the circles of each crate. Returns the crates that must have none and have some.
fn check(root: &Path) -> Result<Vec<String>, String> {
    let mut failed = Vec::new();
    for folder in crates(root)? {
        let name = folder.strip_prefix(root).unwrap_or(&folder).display();
        let name = name.to_string();
        let files = files::read(&folder)?;
        let count = files.len();
        let mut circles = graph::file_circles(&files);
        let involved: usize = circles.iter().map(|circle| circle.members.len()).sum();
        let folders = graph::folder_circles(&files);
        if circles.is_empty() && folders.is_empty() {
            continue;
        }
        println!(
            "{name}: {involved} of {count} files in {} circles, {} circles of folders",
            circles.len(),
            folders.len()
        );
        circles.extend(folders);
        for circle in &circles {
            println!("  {}", circle.members.join(", "));
            for edge in &circle.edges {
                println!(
                    "    {} -> {}: {}",
                    edge.from,
                    edge.to,
                    edge.names.join(", ")
                );
            }
        }
        failed.push(name);
    }
    Ok(failed)
}

/// The source folders of all crates.
fn crates(root: &Path) -> Result<Vec<PathBuf>, String> {
    let folder = root.join("crates");
    let failed = |error| format!("{}: {error}", folder.display());
    let mut found = vec![root.join("benches")];
    for entry in std::fs::read_dir(&folder).map_err(failed)? {
        found.push(entry.map_err(failed)?.path());
    }
    found.retain(|folder| folder.join("src").is_dir());
    found.sort();
    let roots: Vec<_> = found
        .iter()
        .map(|package| files::roots(package))
        .collect::<Result<_, _>>()?;
    Ok(roots.concat())
}
