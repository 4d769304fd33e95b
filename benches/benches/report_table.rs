//! The table of all reports against the reports themselves: how many times as long it takes.
//!
//! In turn, round after round, as only a ratio of times that were taken under the same conditions says something.

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use advisor_arrow::all_report_batches;
use advisor_core::{Account, Advisor, Granularity, Tracking, time};
use benches::{AccountShape, TrailGenerator};
use service_catalog::Catalog;

const NAME: &str = "reports/10000_identities/table";
const ROUNDS: usize = 25;

fn main() -> Result<(), Box<dyn Error>> {
    if asked_for().is_some_and(|part| !NAME.contains(&part)) {
        return Ok(());
    }
    let shape = AccountShape {
        identities: 10_000,
        ..AccountShape::default()
    };
    let account = Arc::new(Account::from_export("generated", &shape.export())?);
    // As in `reports`.
    let activity = TrailGenerator::new(&shape, 5_000).activity(40, 5_000);
    let now = time::parse("2026-11-01T00:00:00Z").ok_or("no time")?;
    let advisor = Advisor::new(account, &activity, Catalog::shared(), Tracking::aws(), now);
    for (name, granularity) in [
        ("service_level", Granularity::Service),
        ("action_level", Granularity::Action),
    ] {
        let (mut plain, mut table) = (Vec::new(), Vec::new());
        // They also warm up.
        drop(advisor.reports(granularity));
        let batches = all_report_batches(&advisor, granularity)?;
        let rows = batches
            .iter()
            .fold(0, |rows, batch| rows + batch.num_rows());
        drop(batches);
        for _ in 0..ROUNDS {
            plain.push(timed(|| advisor.reports(granularity)));
            table.push(timed(|| all_report_batches(&advisor, granularity)));
        }
        let (plain, table) = (Times::of(plain), Times::of(table));
        println!("{NAME}/{name}: {rows} rows");
        println!("    reports {plain}");
        println!("    table   {table}");
        println!(
            "    table / reports: {:.2} (median), {:.2} (least)",
            table.median / plain.median,
            table.least / plain.least
        );
    }
    Ok(())
}

/// The part of a name that is asked for: of criterion's arguments, the one that is neither an option nor an option's value.
fn asked_for() -> Option<String> {
    let mut is_value = false;
    std::env::args().skip(1).find(|argument| {
        let is_option = argument.starts_with('-');
        let was_value = std::mem::replace(&mut is_value, is_option && argument != "--bench");
        !is_option && !was_value
    })
}

/// How long something takes, with dropping what it makes.
fn timed<T>(make: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    drop(black_box(make()));
    start.elapsed()
}

/// Of some times, in milliseconds.
struct Times {
    least: f64,
    median: f64,
}

impl Times {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let millis = |time: Option<&Duration>| time.map_or(f64::NAN, |it| it.as_secs_f64() * 1e3);
        Self {
            least: millis(times.first()),
            median: millis(times.get(times.len() / 2)),
        }
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { least, median } = self;
        write!(formatter, "{median:.1} ms (median), {least:.1} ms (least)")
    }
}
