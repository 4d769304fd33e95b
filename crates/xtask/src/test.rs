//! `cargo xtask test`: everything that a change must pass. Prints little about what passes.

use std::io::{self, Write};
use std::process::{Command, Stdio};

use clap::{Args, ValueEnum};

use crate::{child, debian, python, web, wheel};

/// Runs the formatter, the lints and all tests, as CI does.
///
/// All steps but `package-verified` run, also after one has failed. A step that passes prints its command and, for test runners, the summary.
/// Unit and integration tests run with cargo-nextest if it is installed, otherwise with `cargo test`. Tests that use Python
/// run in `.venv`, which is created first. The Python package is built and installed there.
#[derive(Args)]
pub(crate) struct Test {
    /// Run only this step; may be repeated
    #[arg(long, value_name = "STEP")]
    only: Vec<Step>,
}

/// In the order in which they run: the summaries of the test runners come last.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Step {
    /// Formatting, with rustfmt
    Fmt,
    /// That files of a crate do not import each other in a circle
    Imports,
    /// GitHub workflows, with actionlint
    Workflows,
    /// Lints, with Clippy; warnings are errors
    Clippy,
    /// That the documentation builds without warnings
    Doc,
    /// That the public API of the library is the one in crates/access-advisor/public-api.txt
    PublicApi,
    /// That the crates can be packaged for a registry
    Package,
    /// That each builds from its package alone, with the features that nobody else turns on. It builds most of the workspace
    /// again, and runs only when it is asked for
    PackageVerified,
    /// Unit and integration tests
    Tests,
    /// Examples in doc comments and in the crates' pages
    Doctests,
    /// That the built pages of the HTML report are what their sources build
    Web,
    /// Tests of the HTML report in a browser
    Browser,
    /// Tests of the Python package and the examples in its documentation
    Python,
}

/// What a step prints when it passes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Prints {
    Nothing,
    /// `cargo test`: the lines with its results.
    Results,
    /// pytest: its last line.
    LastLine,
    /// Its own output: nextest has options to be brief.
    Itself,
}

impl Test {
    pub(crate) fn run(&self) -> Result<(), String> {
        let mut failed: Vec<String> = Vec::new();
        for step in Step::value_variants() {
            let is_asked_for = if self.only.is_empty() {
                *step != Step::PackageVerified
            } else {
                self.only.contains(step)
            };
            if !is_asked_for {
                continue;
            }
            // What one step needs and lacks keeps no other from running.
            let passed = step.run().unwrap_or_else(|error| {
                println!("{error}");
                false
            });
            if !passed {
                failed.push(step.name());
            }
        }
        if failed.is_empty() {
            return Ok(());
        }
        Err(format!("failed: {}", failed.join(", ")))
    }
}

impl Step {
    fn name(self) -> String {
        self.to_possible_value()
            .map_or_else(String::new, |value| value.get_name().to_owned())
    }

    fn run(self) -> Result<bool, String> {
        let (mut command, prints) = self.command()?;
        println!("==> {}", child::shown(&command));
        if prints == Prints::Itself {
            return child::passed_through(&mut command);
        }
        let output = child::captured(&mut command)?;
        let text = String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            print!("{text}{}", String::from_utf8_lossy(&output.stderr));
        } else if prints == Prints::Results {
            for line in text.lines().filter(|line| is_result(line)) {
                println!("{line}");
            }
        } else if prints == Prints::LastLine {
            println!("{}", text.trim_end().lines().last().unwrap_or_default());
        }
        // A closed pipe is not a failure.
        let _ = io::stdout().flush();
        Ok(output.status.success())
    }

    fn command(self) -> Result<(Command, Prints), String> {
        if self == Self::Tests {
            python::environment(&child::workspace_root()?)?;
        }
        let mut cargo = child::cargo()?;
        let arguments = match self {
            Self::Fmt => "fmt --all --check",
            Self::Clippy => {
                "clippy --quiet --workspace --all-targets --all-features -- -D warnings"
            }
            Self::Doc => {
                cargo.env("RUSTDOCFLAGS", "-D warnings");
                "doc --quiet --workspace --no-deps"
            }
            Self::Package => {
                "package --quiet --workspace --no-verify --allow-dirty --exclude-lockfile"
            }
            Self::PackageVerified => "package --quiet --workspace --allow-dirty",
            Self::Tests if has_nextest()? => {
                "nextest run --workspace --all-features --cargo-quiet --status-level fail \
                 --final-status-level fail --no-fail-fast"
            }
            Self::Tests => {
                "test --quiet --workspace --all-features --lib --bins --tests --no-fail-fast"
            }
            Self::Doctests => "test --quiet --workspace --all-features --doc --no-fail-fast",
            Self::Imports => {
                let this = std::env::current_exe().map_err(|error| error.to_string())?;
                let mut xtask = child::command(this)?;
                xtask.arg("imports");
                return Ok((xtask, Prints::Nothing));
            }
            Self::PublicApi => {
                let this = std::env::current_exe().map_err(|error| error.to_string())?;
                let mut xtask = child::command(this)?;
                xtask.arg("public-api");
                return Ok((xtask, Prints::Nothing));
            }
            Self::Web => {
                let this = std::env::current_exe().map_err(|error| error.to_string())?;
                let mut xtask = child::command(this)?;
                xtask.args(["web", "--check"]);
                return Ok((xtask, Prints::Nothing));
            }
            Self::Browser => {
                let tests = web::browser_tests(&child::workspace_root()?)?;
                let mut build = child::cargo()?;
                // The same build as for the tests: other features would build the dependencies again.
                build.args([
                    "test",
                    "--quiet",
                    "--workspace",
                    "--all-features",
                    "--no-run",
                ]);
                build.args(["--lib", "--bins", "--examples", "--tests"]);
                python::succeed(&mut build)?;
                return Ok((tests, Prints::Results));
            }
            Self::Workflows => {
                let python = python::environment(&child::workspace_root()?)?;
                let mut actionlint = child::command(python.with_file_name("actionlint"))?;
                actionlint.arg(".github/workflows/ci.yml");
                return Ok((actionlint, Prints::Nothing));
            }
            Self::Python => {
                // Spark's tests say that they need it.
                if let Err(error) = debian::require("java", &["openjdk-17-jre-headless"]) {
                    println!("{error}");
                }
                let mut pytest = child::command(wheel::install(&child::workspace_root()?)?)?;
                pytest.args(
                    "-m pytest --quiet -p no:cacheprovider crates/access-advisor-python".split(' '),
                );
                return Ok((pytest, Prints::LastLine));
            }
        };
        // No argument contains a space.
        cargo.args(arguments.split_ascii_whitespace());
        let prints = match self {
            Self::Fmt
            | Self::Imports
            | Self::Workflows
            | Self::Clippy
            | Self::Doc
            | Self::PublicApi
            | Self::Package
            | Self::PackageVerified
            | Self::Web => Prints::Nothing,
            Self::Tests if arguments.starts_with("nextest") => Prints::Itself,
            Self::Tests | Self::Doctests | Self::Browser => Prints::Results,
            Self::Python => Prints::LastLine,
        };
        Ok((cargo, prints))
    }
}

/// Whether this is the summary of a test binary that has tests, or a count of Node's test runner.
fn is_result(line: &str) -> bool {
    let of_node = ["tests ", "pass ", "fail ", "skipped "]
        .iter()
        .any(|count| {
            let rest = line.strip_prefix("ℹ ").or(line.strip_prefix("# "));
            rest.is_some_and(|rest| rest.starts_with(count))
        });
    of_node || line.starts_with("test result:") && !line.contains(" 0 passed; 0 failed; 0 ignored")
}

fn has_nextest() -> Result<bool, String> {
    let version = child::cargo()?
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    Ok(version.is_ok_and(|status| status.success()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summaries_of_nothing_are_left_out() {
        let tail = "0 measured; 0 filtered out; finished in 0.00s";
        assert!(is_result(&format!(
            "test result: ok. 3 passed; 0 failed; 0 ignored; {tail}"
        )));
        assert!(is_result(&format!(
            "test result: ok. 10 passed; 0 failed; 0 ignored; {tail}"
        )));
        assert!(!is_result(&format!(
            "test result: ok. 0 passed; 0 failed; 0 ignored; {tail}"
        )));
        assert!(!is_result("running 3 tests"));
    }
}
