//! Lists, for each role, the services that it may use but has not used in AWS's tracking period.
//!
//!     cargo run -p access-advisor --example unused_services -- testdata/account.json testdata/trail 2026-11-01T00:00:00Z

use std::error::Error;

use access_advisor::account::{EntityKind, load_account_data};
use access_advisor::catalog::Catalog;
use access_advisor::report::{Advisor, Granularity, Tracking};
use access_advisor::{time, trail::load_trail};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let mut next = |what: &str| arguments.next().ok_or(format!("{what} is missing"));
    let account = load_account_data(&[next("the account export")?])?;
    let trail = load_trail(&[next("the trail")?])?;
    let now = time::parse(&next("the time")?).ok_or("the time is not as 2026-11-01T00:00:00Z")?;

    let advisor = Advisor::new(
        account,
        &trail.activity,
        Catalog::shared(),
        Tracking::aws(),
        now,
    )?;
    let entities = advisor.account().entities();
    for (id, detail) in entities.filter(|(_, detail)| detail.kind == EntityKind::Role) {
        let report = advisor.report_on(id, Granularity::Service);
        let unused: Vec<&str> = report
            .services()
            .filter(|row| row.last_authenticated.is_none())
            .map(|row| row.service_namespace)
            .collect();
        let granted = report.services().len();
        print!(
            "{}: {} of {granted} services unused",
            detail.name,
            unused.len()
        );
        match unused.as_slice() {
            [] => println!(),
            few if few.len() <= 5 => println!(": {}", few.join(", ")),
            [first, .., last] => println!(": {first} ... {last}"),
            [one] => println!(": {one}"),
        }
    }
    Ok(())
}
