//! Runs a page's console and Python blocks in one bash session, in a folder of its own that has the test data.
//!
//! - Lines that start with `$ ` are commands, and the lines after them what they print: to stdout or, when stdout is
//!   empty (as with `> file`), to stderr. A line `...` stands for any lines. Every command must succeed.
//! - `cargo run --release --` is the program under test.
//! - A command that ends in `&` is a server: the session goes on when it has printed its address. It listens on a free
//!   port in the place of 8787.
//! - A `text` block after a Python block is what that prints.

use std::fmt::Write;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::page::Page;

pub(crate) enum Outcome {
    /// Why nothing was run.
    Skipped(&'static str),
    Done {
        /// How many outputs were compared.
        outputs: usize,
        /// What is different, as messages.
        failures: Vec<String>,
    },
}

/// One command of a page, or one Python block.
struct Step {
    line: usize,
    kind: Kind,
    /// What the page shows of its output.
    shown: String,
}

enum Kind {
    Shell(String),
    Python(String),
}

/// The address that `serve` listens on when it is not told otherwise.
const DEFAULT_ADDRESS: &str = "127.0.0.1:8787";

pub(crate) fn run(root: &Path, page: &Page) -> Outcome {
    let steps = steps(page);
    let needs_python = |step: &Step| match &step.kind {
        Kind::Shell(command) => command.starts_with("aws "),
        Kind::Python(_) => true,
    };
    let environment = root.join(".venv/bin");
    if steps.iter().any(needs_python) && !has_boto3(&environment) {
        return Outcome::Skipped(".venv has no boto3; cargo xtask test makes it");
    }
    let folder = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(root.join("testdata"), folder.path().join("testdata")).unwrap();
    let outputs = folder.path().join("outputs");
    std::fs::create_dir(&outputs).unwrap();

    let program = PathBuf::from(env!("CARGO_BIN_EXE_access-advisor"));
    let program_folder = program.parent().unwrap();
    let done = Command::new("bash")
        .arg("-c")
        .arg(script(&steps, &outputs))
        .current_dir(folder.path())
        .env_clear()
        .env(
            "PATH",
            format!(
                "{}:{}:/usr/bin:/bin",
                program_folder.display(),
                environment.display()
            ),
        )
        .env("HOME", folder.path())
        .env("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE000000000")
        .env("AWS_SECRET_ACCESS_KEY", "not-looked-at-on-loopback")
        .env("AWS_DEFAULT_REGION", "us-east-1")
        .output()
        .unwrap();
    assert!(
        done.stderr.is_empty(),
        "{}: {}",
        page.name,
        String::from_utf8_lossy(&done.stderr)
    );

    let mut compared = 0;
    let mut failures = Vec::new();
    for (index, step) in steps.iter().enumerate() {
        compared += usize::from(!step.shown.is_empty());
        if let Err(difference) = check(step, index, &outputs) {
            failures.push(format!("{}:{}: {difference}", page.name, step.line));
        }
    }
    Outcome::Done {
        outputs: compared,
        failures,
    }
}

fn has_boto3(environment: &Path) -> bool {
    Command::new(environment.join("python"))
        .args(["-c", "import boto3"])
        .output()
        .is_ok_and(|done| done.status.success())
}

/// What is to be run of a page, in order.
fn steps(page: &Page) -> Vec<Step> {
    let mut steps = Vec::new();
    let skips_python = page.needs_the_python_package();
    let mut follows_python = false;
    for block in &page.blocks {
        let was_python = std::mem::take(&mut follows_python);
        if block.not_run.is_some() {
            continue;
        }
        match block.language.as_str() {
            "console" => steps.extend(commands(&block.text, block.line)),
            "python" if !skips_python => {
                follows_python = true;
                steps.push(Step {
                    line: block.line,
                    kind: Kind::Python(block.text.clone()),
                    shown: String::new(),
                });
            }
            "text" if was_python => {
                if let Some(step) = steps.last_mut() {
                    step.shown.clone_from(&block.text);
                }
            }
            _ => {}
        }
    }
    steps
}

/// The commands of a console block, each with the output that is shown of it.
fn commands(text: &str, first_line: usize) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut continues = false;
    for (index, line) in text.lines().enumerate() {
        if let Some(command) = line.strip_prefix("$ ") {
            steps.push(Step {
                line: first_line + 1 + index,
                kind: Kind::Shell(command.to_owned()),
                shown: String::new(),
            });
        } else if let Some(step) = steps.last_mut() {
            match &mut step.kind {
                Kind::Shell(command) if continues => {
                    command.push('\n');
                    command.push_str(line);
                }
                _ => {
                    step.shown += line;
                    step.shown += "\n";
                    continue;
                }
            }
        }
        continues = line.ends_with('\\');
    }
    steps
}

/// A script that leaves the outputs and the status of each step in files.
fn script(steps: &[Step], outputs: &Path) -> String {
    let mut script = String::from(
        "cargo() { [ \"$1 $2 $3\" = 'run --release --' ] && shift 3 && access-advisor \"$@\"; }\n\
         trap 'kill $(jobs -p) 2> /dev/null' EXIT\n",
    );
    let address = free_address();
    for (index, step) in steps.iter().enumerate() {
        let file = |extension: &str| {
            outputs
                .join(format!("{index}.{extension}"))
                .display()
                .to_string()
        };
        let (out, err, status) = (file("out"), file("err"), file("status"));
        match &step.kind {
            Kind::Python(program) => {
                let path = file("py");
                std::fs::write(&path, program.replace(DEFAULT_ADDRESS, &address)).unwrap();
                writeln!(script, "python '{path}' > '{out}' 2> '{err}'").unwrap();
            }
            Kind::Shell(command) => {
                let command = command.replace(DEFAULT_ADDRESS, &address);
                if let Some(server) = command.strip_suffix(" &") {
                    let pipe = file("pipe");
                    writeln!(
                        script,
                        "mkfifo '{pipe}'\n\
                         {server} --listen {address} > '{out}' 2> '{pipe}' &\n\
                         exec 9< '{pipe}'\n\
                         while read -r line <&9; do case \"$line\" in *http://*) break;; esac; done\n\
                         cat <&9 > '{err}' &"
                    )
                    .unwrap();
                } else {
                    writeln!(script, "{{ {command}\n}} > '{out}' 2> '{err}'").unwrap();
                }
            }
        }
        writeln!(script, "echo $? > '{status}'").unwrap();
    }
    script
}

/// An address that is free until the server listens there: the system gives none of these ports to others.
fn free_address() -> String {
    let start = 20_000 + (std::process::id() % 10_000) as u16;
    let listener = (start..).find_map(|port| TcpListener::bind(("127.0.0.1", port)).ok());
    listener.unwrap().local_addr().unwrap().to_string()
}

fn check(step: &Step, index: usize, outputs: &Path) -> Result<(), String> {
    let read = |extension: &str| {
        std::fs::read_to_string(outputs.join(format!("{index}.{extension}"))).unwrap_or_default()
    };
    let (out, err, status) = (read("out"), read("err"), read("status"));
    let what = match &step.kind {
        Kind::Shell(command) => command,
        Kind::Python(program) => program,
    };
    if status.trim() != "0" {
        return Err(format!("status {}: {what}\n{err}", status.trim()));
    }
    let printed = if out.is_empty() { err } else { out };
    let shown: Vec<&str> = step.shown.lines().collect();
    let printed: Vec<&str> = printed.lines().collect();
    if shown.is_empty() || matches(&shown, &printed) {
        return Ok(());
    }
    Err(format!(
        "{what}\n--- the page shows ---\n{}\n--- it prints ---\n{}",
        shown.join("\n"),
        printed.join("\n")
    ))
}

/// Whether the lines printed are those shown, where `...` is any number of lines.
fn matches(shown: &[&str], printed: &[&str]) -> bool {
    match shown.split_first() {
        None => printed.is_empty(),
        Some((&"...", rest)) => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        Some((line, rest)) => {
            let Some((first, others)) = printed.split_first() else {
                return false;
            };
            line.trim_end() == first.trim_end() && matches(rest, others)
        }
    }
}

#[test]
fn dots_stand_for_any_lines() {
    assert!(matches(&["a", "...", "d"], &["a", "b", "c", "d"]));
    assert!(matches(&["a", "..."], &["a"]));
    assert!(!matches(&["a", "..."], &["b"]));
    assert!(!matches(&["a"], &["a", "b"]));
}

#[test]
fn commands_go_on_after_a_backslash() {
    let steps = commands("$ first \\\n    more\nprinted\n$ second\n", 10);
    let [first, second] = steps.as_slice() else {
        panic!("two commands");
    };
    assert!(matches!(&first.kind, Kind::Shell(command) if command == "first \\\n    more"));
    assert_eq!((first.line, first.shown.as_str()), (11, "printed\n"));
    assert_eq!((second.line, second.shown.as_str()), (14, ""));
}
