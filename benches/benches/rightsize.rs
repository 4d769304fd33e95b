//! Right-sizes 10,000 identities with 500 managed policies, by action.

use std::error::Error;
use std::time::Duration;

use advisor_core::{
    AccountData, Advisor, DaySet, EventCategory, RightsizeOptions, Rightsized, Tracking, Wildcards,
    time,
};
use benches::{AccountShape, TrailGenerator};
use criterion::{Criterion, SamplingMode, Throughput};
use rayon::prelude::*;
use service_catalog::Catalog;

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(5))
        .sample_size(10)
        .configure_from_args();
    let shape = AccountShape {
        identities: 10_000,
        ..AccountShape::default()
    };
    let account = AccountData::from_export("generated", &shape.export())?;
    // Half of the identities are active, with 200,000 attempts.
    let mut activity = TrailGenerator::new(&shape, 5_000).activity(40, 5_000);
    let now = time::parse("2026-11-01T00:00:00Z").ok_or("no time")?;
    let last = DaySet::day_of(now.timestamp_millis());
    // A trail that shows all management events of the last 100 days.
    for account in account.accounts() {
        for day in last - 100..last {
            for region in ["eu-west-1", "us-east-1"] {
                for kind in [
                    EventCategory::ManagementRead,
                    EventCategory::ManagementWrite,
                ] {
                    let coverage = activity.coverage_mut();
                    coverage.see_record(account.as_str(), region, kind, day);
                }
            }
        }
    }
    let tracking = Tracking::full();
    let advisor = Advisor::new(account, &activity, Catalog::shared(), tracking, now)?;
    let mut group = criterion.benchmark_group("rightsize/10000_identities");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(10_000));
    for (name, wildcards) in [
        ("by_name", Wildcards::None),
        ("safe_wildcards", Wildcards::Safe),
    ] {
        let options = || RightsizeOptions::default().with_wildcards(wildcards);
        let all = || -> Vec<Rightsized> {
            let rightsizer = advisor.rightsizer(options());
            let entities = rightsizer.entities().into_par_iter();
            entities
                .filter_map(|entity| rightsizer.rightsize_entity(entity))
                .collect()
        };
        let sized = all();
        let changed = sized.iter().filter(|it| it.changes()).count();
        let refused = sized.iter().filter(|it| it.refused.is_some()).count();
        let removed: usize = sized.iter().map(|it| it.removed_actions).sum();
        println!("{name}: {changed} change, {refused} refused, {removed} actions removed");
        drop(sized);
        group.bench_function(name, |bencher| bencher.iter(all));
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
