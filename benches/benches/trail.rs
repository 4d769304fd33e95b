//! Reading one object: decompression, parsing, and attribution, and beside it decompression alone.

use std::error::Error;
use std::time::Duration;

use advisor_core::Activity;
use benches::ingest::{BLOCK, IngestTrail, TrailKind};
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
    for kind in TrailKind::ALL {
        let trail = IngestTrail::new(kind, BLOCK);
        for records in [BLOCK, 50] {
            one_object(&mut criterion, &trail, records)?;
        }
    }
    criterion.final_summary();
    Ok(())
}

fn one_object(
    criterion: &mut Criterion,
    trail: &IngestTrail,
    records: u64,
) -> Result<(), Box<dyn Error>> {
    let reader = TrailReader::new(Catalog::shared(), ReadOptions::default());
    let size = trail.object_json(0, records).len();
    let object = trail.object_gzip(0, records)?;
    let name = |measured: &str| BenchmarkId::new(format!("{measured}/{}", trail.kind()), records);
    let mut group = criterion.benchmark_group("trail/one_object");
    group.throughput(Throughput::Bytes(size as u64));
    group.bench_with_input(
        name("inflate_only"),
        object.as_slice(),
        |bencher, object| {
            // A new buffer for each object, as the reader has for its first one.
            bencher.iter(|| {
                let mut inflated = vec![0; size];
                let length = Decompressor::new().gzip_decompress(object, &mut inflated);
                (length, inflated)
            });
        },
    );
    group.bench_with_input(name("read_bytes"), object.as_slice(), |bencher, object| {
        bencher.iter(|| {
            let mut activity = Activity::new();
            let read = reader.read_bytes("generated", object, &mut activity);
            (read, activity)
        });
    });
    group.finish();
    Ok(())
}
