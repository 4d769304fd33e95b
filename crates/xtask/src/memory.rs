//! `cargo xtask memory`: memory and time of the reports on a large account, in every format.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use benches::{AccountShape, TrailGenerator};
use clap::{Args, ValueEnum};

use crate::child;

/// Objects of the trail, and records in each.
const OBJECTS: u64 = 40;
const RECORDS: usize = 5_000;
/// The most identities with activity.
const ACTIVE: usize = 5_000;
const NOW: &str = "2026-11-01T00:00:00Z";
/// How often the memory of the process is read. The kernel keeps the peak.
const POLL: Duration = Duration::from_millis(20);

/// Makes the reports on a generated account with `access-advisor report`, and prints the peak memory and the time of each
/// format. The reports are written to /dev/null.
///
/// Builds the release program. Reads /proc, so it runs on Linux. Fails if a run takes more memory than --most.
#[derive(Args)]
#[command(after_help = "\
Examples:
  cargo xtask memory                                    100,000 identities, at action level, in every format
  cargo xtask memory --account one-policy               an administrator policy on 100,000 roles and users
  cargo xtask memory --tracking full --format parquet   every action, as Parquet only")]
pub(crate) struct Memory {
    /// The accounts to report on.
    #[arg(long, value_enum, num_args = 1.., default_values_t = [Account::Generated])]
    account: Vec<Account>,
    /// Number of users and roles.
    #[arg(long, value_name = "N", default_value_t = 100_000)]
    identities: usize,
    /// The levels.
    #[arg(long, num_args = 1.., default_values_t = ["action".to_owned()], value_parser = ["service", "action"])]
    granularity: Vec<String>,
    /// The trackings.
    #[arg(long, num_args = 1.., default_values_t = ["aws".to_owned()], value_parser = ["aws", "full"])]
    tracking: Vec<String>,
    /// The formats.
    #[arg(long, num_args = 1.., default_values_t = FORMATS.map(str::to_owned), value_parser = FORMATS)]
    format: Vec<String>,
    /// The most memory that a run may take, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 2_048)]
    most: u64,
    /// Measure this program, such as an earlier version, instead of building it.
    #[arg(long, value_name = "PATH")]
    program: Option<PathBuf>,
}

const FORMATS: [&str; 6] = ["table", "json", "jsonl", "csv", "parquet", "html"];

#[derive(Clone, Copy, ValueEnum)]
enum Account {
    /// Managed policies of many kinds, most of them attached to few; 2 of 100 identities are administrators.
    Generated,
    /// One policy, which allows everything, attached to all.
    OnePolicy,
}

impl Account {
    fn shape(self, identities: usize) -> AccountShape {
        let generated = AccountShape {
            identities,
            ..AccountShape::default()
        };
        match self {
            Self::Generated => generated,
            Self::OnePolicy => AccountShape {
                managed_policies: 1,
                inline_percent: 0,
                administrator_percent: 100,
                ..generated
            },
        }
    }
}

impl Memory {
    pub(crate) fn run(&self) -> Result<(), String> {
        let program = match &self.program {
            Some(program) => program.clone(),
            None => child::release("access-advisor-cli", "access-advisor")?,
        };
        let mut too_much = Vec::new();
        println!("| account | level | tracking | format | peak memory | time |");
        println!("| --- | --- | --- | --- | ---: | ---: |");
        for account in &self.account {
            let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
            generate(folder.path(), &account.shape(self.identities))?;
            let account = account.to_possible_value();
            let account = account.as_ref().map_or("", |value| value.get_name());
            for level in &self.granularity {
                for tracking in &self.tracking {
                    for format in &self.format {
                        let options = ["--granularity", level, "--tracking", tracking];
                        let format_option = ["--format", format];
                        let options = [&options[..], &format_option].concat();
                        let (mib, time) = measure(&program, folder.path(), &options)?;
                        let row = format!(
                            "| {account} | {level} | {tracking} | {format} | {mib} MiB | {:.1} s |",
                            time.as_secs_f64()
                        );
                        println!("{row}");
                        if mib > self.most {
                            too_much.push(row);
                        }
                    }
                }
            }
        }
        if too_much.is_empty() {
            return Ok(());
        }
        Err(format!(
            "more than {} MiB:\n{}",
            self.most,
            too_much.join("\n")
        ))
    }
}

fn generate(folder: &Path, shape: &AccountShape) -> Result<(), String> {
    let write = |file: PathBuf, bytes: &[u8]| {
        std::fs::write(&file, bytes).map_err(|error| format!("{}: {error}", file.display()))
    };
    write(folder.join("account.json"), shape.export().as_bytes())?;
    let trail = folder.join("trail");
    std::fs::create_dir(&trail).map_err(|error| error.to_string())?;
    let generator = TrailGenerator::new(shape, ACTIVE);
    for object in 0..OBJECTS {
        let gzip = generator.object_gzip(object, RECORDS);
        let gzip = gzip.map_err(|error| error.to_string())?;
        write(trail.join(format!("{object}.json.gz")), &gzip)?;
    }
    Ok(())
}

/// The peak memory in MiB, and the time, of one run.
fn measure(program: &Path, folder: &Path, options: &[&str]) -> Result<(u64, Duration), String> {
    let started = Instant::now();
    let mut process = child::command(program)?
        .args(["report", "--now", NOW, "--output", "/dev/null"])
        .arg("--account")
        .arg(folder.join("account.json"))
        .arg("--trail")
        .arg(folder.join("trail"))
        .args(options)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("cannot start {}: {error}", program.display()))?;
    let status = format!("/proc/{}/status", process.id());
    let mut peak = None;
    loop {
        peak = std::fs::read_to_string(&status)
            .ok()
            .and_then(|status| peak_kib(&status))
            .or(peak);
        if let Some(status) = process.try_wait().map_err(|error| error.to_string())? {
            let time = started.elapsed();
            let peak = peak.ok_or("/proc does not tell the memory of processes")?;
            return match status.success() {
                true => Ok((peak.div_ceil(1_024), time)),
                false => Err(format!("access-advisor report {options:?}: {status}")),
            };
        }
        std::thread::sleep(POLL);
    }
}

/// The peak of resident memory, in a process's status.
fn peak_kib(status: &str) -> Option<u64> {
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    peak.trim().strip_suffix("kB")?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    #[test]
    fn peaks_are_read() {
        let status = "Name:\treport\nVmHWM:\t  123456 kB\nVmRSS:\t  1000 kB\n";
        assert_eq!(super::peak_kib(status), Some(123_456));
        // A process that has ended.
        assert_eq!(super::peak_kib("Name:\treport\nState:\tZ (zombie)\n"), None);
    }
}
