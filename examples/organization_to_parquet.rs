//! Writes the reports of all accounts of an organization, with every action, to one Parquet file.
//!
//!     cargo run -p access-advisor --example organization_to_parquet --features parquet -- \
//!         access.parquet 2026-11-01T00:00:00Z testdata/trail testdata/account.json

use std::error::Error;
use std::fs::File;

use access_advisor::account::load_account_data;
use access_advisor::catalog::Catalog;
use access_advisor::parquet::write_reports;
use access_advisor::report::{Advisor, Granularity, Tracking};
use access_advisor::time;
use access_advisor::trail::{ReadOptions, TrailReader};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [output, now, trail, accounts @ ..] = arguments.as_slice() else {
        return Err("give the output, the time, the trail, and the account exports".into());
    };
    let now = time::parse(now).ok_or("the time is not as 2026-11-01T00:00:00Z")?;
    let account = load_account_data(accounts)?;
    for issue in account.issues() {
        eprintln!("warning: {issue}");
    }

    // Records from after `now` must not count.
    let reader = TrailReader::new(Catalog::shared(), ReadOptions::new().until(now));
    let trail = reader.read(&[trail], &|_| ())?;
    eprintln!("{}", trail.reconciliation);

    let tracking = Tracking::full();
    let advisor = Advisor::new(account, &trail.activity, Catalog::shared(), tracking, now)?;
    let reports = advisor.reports(Granularity::Action);
    let number = reports.len();
    // The reports are made as they are written, so that an organization of any size fits in memory.
    write_reports(File::create(output)?, &advisor.coverage(), reports)?;
    println!("{number} reports written");
    Ok(())
}
