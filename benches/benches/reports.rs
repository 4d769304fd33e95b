//! Reports on 10,000 identities with 500 managed policies and their activity.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use advisor_core::{
    AccountData, Advisor, DaySet, FindingSettings, Granularity, RightsizeOptions, Rightsized,
    Tracking, Wildcards, time,
};
use benches::{AccountShape, TrailGenerator};
use criterion::{Criterion, SamplingMode, Throughput};
use mimalloc::MiMalloc;
use rayon::prelude::*;
use service_catalog::Catalog;

/// The allocator of the command line.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

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
    let export = shape.export();
    let account = Arc::new(AccountData::from_export("generated", &export)?);
    // Half of the identities are active, with 200,000 attempts.
    let activity = TrailGenerator::new(&shape, 5_000).activity(40, 5_000);
    let now = time::parse("2026-11-01T00:00:00Z").ok_or("no time")?;
    let advise = || {
        Advisor::new(
            account.clone(),
            &activity,
            Catalog::shared(),
            Tracking::aws(),
            now,
        )
    };
    let advisor = advise()?;

    let mut group = criterion.benchmark_group("reports/10000_identities");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(10_000));
    group.bench_function("account_from_export", |bencher| {
        bencher.iter(|| AccountData::from_export("generated", &export));
    });
    group.bench_function("advisor_new", |bencher| bencher.iter(advise));
    for (name, granularity) in [
        ("service_level", Granularity::Service),
        ("action_level", Granularity::Action),
    ] {
        group.bench_function(name, |bencher| {
            bencher.iter(|| advisor.reports(granularity).for_each(drop));
        });
    }
    // Both kinds of management event on all days of the tracking period.
    let mut covered = activity.clone();
    let last = DaySet::day_of(now.timestamp_millis());
    benches::cover(&mut covered, 90, last);
    let catalog = Catalog::shared();
    let advisor = Advisor::new(account.clone(), &covered, catalog, Tracking::full(), now)?;
    let settings = FindingSettings::default();
    let findings = advisor.findings(&settings);
    println!("{} findings", findings.findings.len());
    group.bench_function("findings", |bencher| {
        bencher.iter(|| drop(advisor.findings(&settings)));
    });
    for (name, wildcards) in [
        ("rightsize", Wildcards::None),
        ("rightsize_wildcards", Wildcards::Safe),
    ] {
        let all = || -> Vec<Rightsized> {
            let options = RightsizeOptions::default().wildcards(wildcards);
            let rightsizer = advisor.rightsizer(options);
            let entities = rightsizer.entities().into_par_iter();
            let sized = entities.filter_map(|entity| rightsizer.rightsize_entity(entity));
            sized.collect()
        };
        let sized = all();
        let changed = sized.iter().filter(|it| it.changes()).count();
        let refused = sized.iter().filter(|it| it.refused.is_some()).count();
        println!("{name}: {changed} change, {refused} are refused");
        drop(sized);
        group.bench_function(name, |bencher| bencher.iter(all));
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
