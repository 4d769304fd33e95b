//! `cargo xtask fuzz`: runs the fuzz targets with libFuzzer.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::thread::ScopedJoinHandle;

use clap::Args;

use crate::child;

/// LLVM's coverage instrumentation, as libFuzzer needs it.
const INSTRUMENTED: [&str; 6] = [
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
];

/// Searches for inputs that break something, with libFuzzer.
///
/// Needs a C++ compiler. Prints how often each target ran; fails when one was broken, and names the input.
#[derive(Args)]
pub(crate) struct Fuzz {
    /// How long, for all targets together
    #[arg(long, default_value_t = 1)]
    minutes: u64,

    /// Only this target; may be repeated
    #[arg(long, value_name = "NAME")]
    target: Vec<String>,

    /// How many targets run at once
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=64))]
    jobs: u64,

    /// Then replace the corpus by as few inputs, of it and of those found, as reach the same code
    #[arg(long)]
    merge: bool,
}

impl Fuzz {
    pub(crate) fn run(&self) -> Result<(), String> {
        let fuzz = child::workspace_root()?.join("fuzz");
        let mut targets = names(&fuzz.join("fuzz_targets"))?;
        if !self.target.is_empty() {
            targets.retain(|name| self.target.contains(name));
        }
        if targets.is_empty() {
            return Err("there is no such target".to_owned());
        }
        let programs = build(&fuzz)?;
        let count = u64::try_from(targets.len()).unwrap_or(1).max(1);
        let seconds = self.minutes * 60 * self.jobs.min(count) / count;
        let waiting = Mutex::new(targets.into_iter());
        let results = std::thread::scope(|scope| {
            let work = || {
                let mut results = Vec::new();
                loop {
                    let next = waiting
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .next();
                    let Some(name) = next else {
                        return results;
                    };
                    let result = self.run_one(&fuzz, &programs, &name, seconds);
                    results.push((name, result));
                }
            };
            let threads: Vec<_> = (0..self.jobs).map(|_| scope.spawn(work)).collect();
            let results = threads.into_iter().map(ScopedJoinHandle::join);
            results.collect::<Result<Vec<_>, _>>()
        });
        let results = results.map_err(|_| "a thread panicked")?;
        let mut total = 0;
        let mut broken = Vec::new();
        for (name, result) in results.into_iter().flatten() {
            match result? {
                Some(runs) => total += runs,
                None => broken.push(name),
            }
        }
        println!("{total:>14}  executions");
        if broken.is_empty() {
            Ok(())
        } else {
            let inputs = fuzz.join("artifacts");
            Err(format!(
                "broken: {}; the inputs are in {}",
                broken.join(", "),
                inputs.display()
            ))
        }
    }

    /// Runs a target for some seconds. Returns how often it ran; `None` when it was broken.
    fn run_one(
        &self,
        fuzz: &Path,
        programs: &Path,
        name: &str,
        seconds: u64,
    ) -> Result<Option<u64>, String> {
        let runs = fuzz_one(fuzz, programs, name, seconds)?;
        if let Some(runs) = runs {
            println!("{runs:>14}  {name}, {} a second", runs / seconds.max(1));
        }
        if self.merge {
            merge(fuzz, programs, name)?;
        }
        Ok(runs)
    }
}

/// The names of the targets, in order.
fn names(folder: &Path) -> Result<Vec<String>, String> {
    let failed = |error| format!("{}: {error}", folder.display());
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        names.extend(
            path.file_stem()
                .map(|name| name.to_string_lossy().into_owned()),
        );
    }
    names.sort();
    Ok(names)
}

/// Builds the targets. Returns the folder of the programs.
fn build(fuzz: &Path) -> Result<PathBuf, String> {
    // With a target, the flags do not count for build scripts.
    let host = child::captured(child::command("rustc")?.args(["--print", "host-tuple"]))?;
    let host = String::from_utf8_lossy(&host.stdout).trim().to_owned();
    let mut cargo = child::cargo()?;
    cargo
        .args(["build", "--quiet", "--release", "--target", &host])
        .arg("--manifest-path")
        .arg(fuzz.join("Cargo.toml"))
        .env("CARGO_TARGET_DIR", fuzz.join("target"))
        .env("RUSTFLAGS", INSTRUMENTED.join(" "));
    if !child::passed_through(&mut cargo)? {
        return Err("the targets do not build".to_owned());
    }
    Ok(fuzz.join("target").join(host).join("release"))
}

/// Runs a target. Returns how often it ran; `None` when it was broken.
fn fuzz_one(fuzz: &Path, programs: &Path, name: &str, seconds: u64) -> Result<Option<u64>, String> {
    let (found, artifacts) = (
        fuzz.join("found").join(name),
        fuzz.join("artifacts").join(name),
    );
    for folder in [&found, &artifacts] {
        fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    }
    let mut program = child::command(programs.join(name))?;
    program
        .arg(found)
        .arg(fuzz.join("corpus").join(name))
        .arg(format!("-max_total_time={}", seconds.max(1)))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args([
            "-print_final_stats=1",
            "-timeout=20",
            "-rss_limit_mb=4096",
            "-verbosity=0",
        ]);
    let output = child::captured(&mut program)?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let tail: Vec<&str> = said.lines().rev().take(40).collect();
        for line in tail.into_iter().rev() {
            println!("{line}");
        }
        return Ok(None);
    }
    let runs = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .and_then(|number| number.trim().parse().ok());
    runs.map(Some)
        .ok_or_else(|| format!("{name}: libFuzzer does not say how often it ran"))
}

/// Writes as few inputs as reach the same code as the corpus and what was found, into a new folder that then is the corpus.
fn merge(fuzz: &Path, programs: &Path, name: &str) -> Result<(), String> {
    let (corpus, found) = (
        fuzz.join("corpus").join(name),
        fuzz.join("found").join(name),
    );
    let merged = fuzz.join("found").join(format!("{name}.merged"));
    let failed = |error| format!("{name}: the corpus cannot be merged: {error}");
    if merged.exists() {
        fs::remove_dir_all(&merged).map_err(failed)?;
    }
    fs::create_dir_all(&merged).map_err(failed)?;
    let mut program = child::command(programs.join(name))?;
    program
        // How often code runs does not count: that would keep many inputs that differ in lengths only.
        .args(["-set_cover_merge=1", "-use_counters=0", "-verbosity=0"])
        .args([&merged, &corpus, &found]);
    if !child::passed_through(&mut program)? {
        return Err(format!("{name}: the corpus cannot be merged"));
    }
    fs::remove_dir_all(&corpus).map_err(failed)?;
    fs::rename(&merged, &corpus).map_err(failed)
}
