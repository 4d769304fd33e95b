//! The Rust library's part of `benches/reports.py`: generates the inputs, and makes reports on request.

use std::error::Error;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, BufRead, BufWriter, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use access_advisor::account::load_account_data;
use access_advisor::arrow::all_report_batches;
use access_advisor::arrow::arrow_array::RecordBatch;
use access_advisor::catalog::Catalog;
use access_advisor::parquet::{read_activity, write_activity};
use access_advisor::report::{Advisor, Granularity, Tracking};
use access_advisor::time;
use benches::{AccountShape, TrailGenerator};
use chrono::NaiveDate;
use clap::{Parser, Subcommand};

/// The allocator of the command line and of the Python package.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Makes reports for `benches/reports.py`.
#[derive(Parser)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Generates account.json and activity.parquet: 500 managed policies, half of the identities active, 200,000 attempts.
    Generate {
        /// The folder to write to.
        folder: PathBuf,
        /// The number of users and roles.
        #[arg(long)]
        identities: usize,
        /// The date of the last of 400 days that the activity covers, such as 2026-10-31. Without it, it does not say what it
        /// covers.
        #[arg(long)]
        covered_until: Option<NaiveDate>,
    },
    /// Reads these files. Then, for each line `reports|table service|action` of standard input, makes all reports or their
    /// table, drops them, and prints the seconds and the number of services or rows.
    Time {
        /// The folder with the files.
        folder: PathBuf,
        /// The time of the reports.
        #[arg(long)]
        now: String,
    },
}

fn main() -> Result<(), Box<dyn Error>> {
    match CommandLine::parse().command {
        Command::Generate {
            folder,
            identities,
            covered_until,
        } => {
            let shape = AccountShape {
                identities,
                ..AccountShape::default()
            };
            fs::write(folder.join("account.json"), shape.export())?;
            let mut activity = TrailGenerator::new(&shape, 5_000).activity(40, 5_000);
            if let Some(last) = covered_until {
                benches::cover(&mut activity, 400, last.to_epoch_days());
            }
            let file = BufWriter::new(File::create(folder.join("activity.parquet"))?);
            Ok(write_activity(file, &activity)?)
        }
        Command::Time { folder, now } => {
            let account = Arc::new(load_account_data(&[folder.join("account.json")])?);
            let file = folder.join("activity.parquet");
            let activity = read_activity(File::open(&file)?, &file.display().to_string(), None)?;
            let now = time::parse(&now).ok_or("no time")?;
            let advisor =
                Advisor::new(account, &activity, Catalog::shared(), Tracking::aws(), now)?;
            serve(&advisor)
        }
    }
}

fn serve(advisor: &Advisor) -> Result<(), Box<dyn Error>> {
    let mut answers = io::stdout().lock();
    for request in io::stdin().lock().lines() {
        let request = request?;
        let (what, level) = request.split_once(' ').ok_or("what, at which level?")?;
        let granularity = match level {
            "service" => Granularity::Service,
            "action" => Granularity::Action,
            _ => return Err(format!("no level: {level}").into()),
        };
        let start = Instant::now();
        let count: usize = match what {
            "reports" => {
                let reports = advisor.reports(granularity);
                let services = reports.map(|report| black_box(report).services().len());
                services.sum()
            }
            "table" => {
                let batches = all_report_batches(advisor, granularity);
                let batches = black_box(batches.collect::<Result<Vec<_>, _>>()?);
                batches.iter().map(RecordBatch::num_rows).sum()
            }
            _ => return Err(format!("cannot make {what}").into()),
        };
        let seconds = start.elapsed().as_secs_f64();
        writeln!(answers, "{seconds} {count}")?;
        answers.flush()?;
    }
    Ok(())
}
