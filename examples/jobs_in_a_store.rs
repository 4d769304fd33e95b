//! Keeps an account and its trail in a store, generates a report as a job, and reads the job page by page.
//!
//!     cargo run -p access-advisor --example jobs_in_a_store --features store -- \
//!         advisor.db testdata/account.json testdata/trail arn:aws:iam::111122223333:user/erin

use std::error::Error;
use std::path::Path;
use std::sync::Arc;

use access_advisor::job::{Caller, MaxItems, PageRequest};
use access_advisor::report::{Granularity, Tracking};
use access_advisor::store::{Store, StoredAdvisor};
use access_advisor::trail::{ReadOptions, TrailReader};
use access_advisor::{account::read_exports, catalog::Catalog, time};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [store, account, trail, arn] = arguments.as_slice() else {
        return Err("give the store, the account export, the trail, and an ARN".into());
    };
    let now = time::parse("2026-11-01T00:00:00Z").ok_or("not a time")?;
    let store = Arc::new(Store::open_or_create(Path::new(store))?);
    store.import_accounts(&read_exports(&[account])?, now)?;
    let reader = TrailReader::new(Catalog::shared(), ReadOptions::new());
    let imported = store.import_trail(&reader, &[trail], &|_| ())?;
    println!("{} objects imported", imported.reconciliation.objects_read);
    let advisor = StoredAdvisor::new(store, Catalog::shared(), Tracking::aws());
    let caller = Caller::local();
    let job = advisor.generate_completed(&caller, arn, Granularity::Service, now, || now)?;
    let max_items = MaxItems::new(2)?;
    let mut marker: Option<String> = None;
    loop {
        let request = PageRequest::new()
            .max_items(max_items)
            .marker(marker.as_deref());
        let page = advisor.services(&caller, job.as_str(), request)?;
        for service in page.services() {
            println!("{service}");
        }
        marker = page.marker().map(str::to_owned);
        if marker.is_none() {
            return Ok(());
        }
    }
}
