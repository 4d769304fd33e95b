//! The documentation is right: every command and every program in it is run, and every link leads somewhere.
//!
//! Pages are README.md, CONTRIBUTING.md, SECURITY.md, all of docs/, and the pages beside the code and the test data. Of
//! their fenced blocks,
//!
//! - `console` blocks are run here, in one shell session per page;
//! - `python` blocks are run here in the same session, except on pages that import `access_advisor`: those are run by
//!   `crates/access-advisor-python/tests/test_documentation.py`, which has the package;
//! - `rust` blocks are quotations of a program that another test runs: `<!-- from: PATH -->` stands before the block. In the
//!   README that a crate includes as its documentation, rustdoc runs them.
//!
//! A block that cannot be run is marked with `<!-- not run: REASON -->` in the line before it. There is no third way: a
//! block without a language, or with an unknown one, fails.
#![cfg(unix)]
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod links;
mod page;
mod session;

use std::path::{Path, PathBuf};
use std::process::Command;

use page::{Block, Page};

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().unwrap()
}

/// All Markdown files below a folder.
fn markdown_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.ends_with("node_modules") {
            // Packages of others.
        } else if path.is_dir() {
            found.extend(markdown_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn pages() -> Vec<Page> {
    let root = root();
    let top = ["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root.join(name));
    let below = ["docs", "crates", "benches", "testdata"]
        .into_iter()
        .flat_map(|folder| markdown_files(&root.join(folder)));
    top.into_iter()
        .chain(below)
        .map(|path| Page::read(&root, &path))
        .collect()
}

#[test]
fn the_readme_is_short() {
    let size = std::fs::metadata(root().join("README.md")).unwrap().len();
    assert!(
        size <= 8_000,
        "README.md has {size} bytes; move something to docs/"
    );
}

#[test]
fn every_block_is_run_or_marked() {
    let mut wrong = Vec::new();
    for page in pages() {
        for block in &page.blocks {
            if let Err(reason) = check_block(&page, block) {
                wrong.push(format!("{}:{}: {reason}", page.name, block.line));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn check_block(page: &Page, block: &Block) -> Result<(), String> {
    match block.language.as_str() {
        "console" if !block.text.starts_with("$ ") => {
            Err("a console block starts with a command: `$ ...`".to_owned())
        }
        // The sessions run them; what is marked has a reason.
        "console" | "python" => match &block.not_run {
            Some(reason) if reason.is_empty() => Err("say why it is not run".to_owned()),
            _ => Ok(()),
        },
        "rust" if is_run_by_rustdoc(page) => Ok(()),
        "rust" => {
            let source = block
                .from
                .as_ref()
                .ok_or("a rust block needs `<!-- from: PATH -->`")?;
            check_quotation(source, &block.text)
        }
        "text" | "toml" | "mermaid" => Ok(()),
        other => Err(format!("blocks in {other:?} are not known to this test")),
    }
}

/// Whether the page is the README that a crate includes as its documentation.
fn is_run_by_rustdoc(page: &Page) -> bool {
    let Some(folder) = page.name.strip_suffix("/README.md") else {
        return false;
    };
    let library = root().join(folder).join("src/lib.rs");
    std::fs::read_to_string(library)
        .is_ok_and(|text| text.starts_with("#![doc = include_str!(\"../README.md\")]"))
}

/// The block stands in this file, where another test runs it.
fn check_quotation(source: &str, text: &str) -> Result<(), String> {
    let file = std::fs::read_to_string(root().join(source))
        .map_err(|error| format!("{source}: {error}"))?;
    if without_comment_marks(&file).contains(&without_comment_marks(text)) {
        return Ok(());
    }
    Err(format!("this is not in {source}"))
}

/// A file's lines without indentation, without the marks of doc comments and without the lines that rustdoc hides.
fn without_comment_marks(text: &str) -> String {
    let lines = text.lines().map(|line| {
        let line = line.trim();
        let line = line
            .strip_prefix("//!")
            .or(line.strip_prefix("///"))
            .unwrap_or(line);
        line.trim()
    });
    let shown = lines.filter(|line| *line != "#" && !line.starts_with("# "));
    shown.flat_map(|line| [line, "\n"]).collect()
}

/// Runs the pages, each in a shell of its own.
#[test]
fn blocks_print_what_the_pages_show() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for page in pages() {
        match session::run(&root(), &page) {
            session::Outcome::Skipped(reason) => eprintln!("skipped: {}: {reason}", page.name),
            session::Outcome::Done { outputs, failures } => {
                compared += outputs;
                wrong.extend(failures);
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(compared >= 8, "only {compared} outputs were compared");
}

/// The README's first command names no package.
#[test]
fn cargo_run_runs_the_command_line() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "metadata",
            "--no-deps",
            "--offline",
            "--format-version",
            "1",
        ])
        .current_dir(root())
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let members = metadata["workspace_default_members"].as_array().unwrap();
    assert_eq!(members.len(), 1);
    assert!(
        members[0]
            .as_str()
            .unwrap()
            .contains("/access-advisor-cli#")
    );
}

#[test]
fn links_lead_somewhere() {
    let root = root();
    let broken: Vec<String> = pages()
        .iter()
        .flat_map(|page| links::broken(&root, &root.join(&page.name)))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

/// The picture in the README is of what the program prints now.
#[test]
fn the_picture_of_the_report_is_current() {
    let root = root();
    let folder = tempfile::tempdir().unwrap();
    let picture = folder.path().join("report.svg");
    let done = Command::new("python3")
        .arg(root.join("docs/images/render.py"))
        .arg(env!("CARGO_BIN_EXE_access-advisor"))
        .arg(&picture)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let same = std::fs::read(picture).unwrap()
        == std::fs::read(root.join("docs/images/report.svg")).unwrap();
    assert!(
        same,
        "run: python3 docs/images/render.py target/debug/access-advisor docs/images/report.svg"
    );
}
