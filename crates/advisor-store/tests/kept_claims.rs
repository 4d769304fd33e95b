//! What reports claim is the same whichever way the activity took: read at once, or in parts through activity files or a store.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../../cloudtrail-reader/tests/claims/reports.rs"]
mod reports;
#[path = "../../cloudtrail-reader/tests/claims/trails.rs"]
#[expect(dead_code, reason = "the other test uses all of it")]
mod trails;

use std::fs;

use advisor_core::{Activity, Tracking};
use advisor_store::Store;
use cloudtrail_reader::ObjectId;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;

use reports::{READER, answer, states};
use trails::{Object, Removed, trails};

fn read(objects: &[Object]) -> Activity {
    let mut intake = READER.intake();
    for (name, bytes) in objects {
        intake.take_object(&ObjectId::from(name.as_str()), bytes);
    }
    intake.finish().activity
}

/// Each part as an activity file.
fn through_files(parts: &[&[Object]]) -> Activity {
    let files = parts.iter().enumerate().map(|(number, part)| {
        let mut file = Vec::new();
        advisor_arrow::write_activity(&mut file, &read(part)).unwrap();
        (format!("{number}.parquet"), file)
    });
    read(&files.collect::<Vec<_>>())
}

/// Each part by an import of its own.
fn through_a_store(parts: &[&[Object]]) -> Activity {
    let folder = tempfile::tempdir().unwrap();
    let store = Store::open_or_create(&folder.path().join("store.db")).unwrap();
    for (number, part) in parts
        .iter()
        .enumerate()
        .filter(|(_, part)| !part.is_empty())
    {
        let folder = folder.path().join(number.to_string());
        fs::create_dir(&folder).unwrap();
        for (name, bytes) in *part {
            fs::write(folder.join(name), bytes).unwrap();
        }
        store.import_trail(&READER, &[folder], &|_| ()).unwrap();
    }
    Activity::clone(&store.activity_table().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn claims_are_the_same_through_files_and_stores(
        trails in trails(),
        split in 0..40_usize,
        days_needed in 1..5_u32,
        period in prop::option::of(3..12_u64),
    ) {
        let tracking = Tracking::full()
            .with_period_days(period)
            .with_min_coverage_days(Some(days_needed));
        let objects = trails.objects(Removed::Nothing);
        let (first, second) = objects.split_at(split.min(objects.len()));
        let (report, coverage) = answer(&read(&objects), &tracking);
        let parts = [second, first];
        for activity in [through_files(&parts), through_a_store(&parts)] {
            let (other, other_coverage) = answer(&activity, &tracking);
            prop_assert_eq!(states(&other), states(&report));
            prop_assert_eq!(&other_coverage.accounts[0].gaps, &coverage.accounts[0].gaps);
            prop_assert_eq!(other_coverage, coverage.clone());
        }
    }
}
