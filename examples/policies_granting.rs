//! Lists the policies that grant a user, group or role each of the services that it has used.
//!
//!     cargo run -p access-advisor --example policies_granting -- \
//!         testdata/account.json testdata/trail arn:aws:iam::111122223333:user/engineering/bruno

use std::error::Error;

use access_advisor::account::load_account_data;
use access_advisor::catalog::Catalog;
use access_advisor::report::{Advisor, Granularity, Tracking};
use access_advisor::{time, trail::load_trail};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [account, trail, arn] = arguments.as_slice() else {
        return Err("give the account export, the trail, and an ARN".into());
    };
    let account = load_account_data(&[account])?;
    let trail = load_trail(&[trail])?;
    let now = time::parse("2026-11-01T00:00:00Z").ok_or("not a time")?;
    let advisor = Advisor::new(
        account,
        &trail.activity,
        Catalog::shared(),
        Tracking::aws(),
        now,
    )?;

    let report = advisor.report(arn, Granularity::Service)?;
    let used: Vec<&str> = report
        .services()
        .filter(|row| row.last_authenticated.is_some())
        .map(|row| row.service_namespace)
        .collect();
    if used.is_empty() {
        println!("no service was used");
        return Ok(());
    }
    for service in advisor.policies_granting(arn, &used)? {
        let namespace = &service.service_namespace;
        for policy in &service.policies {
            println!("{namespace} {} {}", policy.policy_type, policy.policy_name);
        }
    }
    Ok(())
}
