//! Reports on attempts from a source of your own: lines of time, ARN, service, action and Region.
//!
//!     echo '2026-10-30T12:00:00Z arn:aws:iam::111122223333:role/idle-worker sqs SendMessage eu-west-1' |
//!         cargo run -p access-advisor --example own_events -- testdata/account.json 2026-11-01T00:00:00Z

use std::error::Error;

use access_advisor::activity::{Activity, Attempt, CreditedAction, Principal};
use access_advisor::report::{Advisor, Granularity, Tracking};
use access_advisor::{account::load_account_data, catalog::Catalog, time};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [account, now] = arguments.as_slice() else {
        return Err("give the account export and the time".into());
    };
    let account = load_account_data(&[account])?;
    let now = time::parse(now).ok_or("the time is not as 2026-11-01T00:00:00Z")?;
    let mut activity = Activity::new();
    for line in std::io::stdin().lines() {
        let line = line?;
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [when, arn, service, action, region] = fields[..] else {
            return Err(format!("not five fields: {line}").into());
        };
        let when = time::parse(when).ok_or("the first field is not a time")?;
        let principal = Principal::from_arn(arn);
        let action = CreditedAction::Action(action);
        activity.record(&Attempt::new(principal, service, action, region, when));
    }

    let advisor = Advisor::new(account, &activity, Catalog::shared(), Tracking::full(), now)?;
    for report in advisor.reports(Granularity::Service) {
        for row in report.services().chain(report.ungranted_services_used()) {
            if let Some(last) = row.last_authenticated.map(time::format) {
                println!("{} {} {last}", report.arn(), row.service_namespace);
            }
        }
    }
    Ok(())
}
