//! The trail: one object inflated, parsed and attributed; beside it what inflating alone takes.

use std::error::Error;
use std::time::Duration;

use advisor_core::Activity;
use benches::{AccountShape, TrailGenerator};
use cloudtrail_reader::{ReadOptions, TrailReader};
use criterion::{BenchmarkId, Criterion, Throughput};
use libdeflater::Decompressor;
use service_catalog::Catalog;

fn main() -> Result<(), Box<dyn Error>> {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .sample_size(30)
        .configure_from_args();
    let trail = TrailGenerator::new(&AccountShape::default(), 1_000);
    let reader = TrailReader::new(Catalog::shared(), ReadOptions::default());

    let mut group = criterion.benchmark_group("trail/one_object");
    for records in [5_000, 50] {
        let size = trail.object_json(0, records).len();
        let object = trail.object_gzip(0, records)?;
        group.throughput(Throughput::Bytes(size as u64));
        let inflate = BenchmarkId::new("inflate_only", records);
        group.bench_with_input(inflate, object.as_slice(), |bencher, object| {
            // A fresh buffer each time, as an object takes one.
            bencher.iter(|| {
                let mut inflated = vec![0; size];
                let length = Decompressor::new().gzip_decompress(object, &mut inflated);
                (length, inflated)
            });
        });
        let take = BenchmarkId::new("take_object", records);
        group.bench_with_input(take, object.as_slice(), |bencher, object| {
            bencher.iter(|| {
                let mut activity = Activity::new();
                let read = reader.take_object("generated", object, &mut activity);
                (read, activity)
            });
        });
    }
    group.finish();
    criterion.final_summary();
    Ok(())
}
