//! What reports claim is the same whichever way the activity took: read at once, or in parts through activity files or a store.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[path = "../../cloudtrail-reader/tests/claims/exports.rs"]
mod exports;
#[path = "../../cloudtrail-reader/tests/claims/reports.rs"]
mod reports;
#[path = "../../cloudtrail-reader/tests/claims/trails.rs"]
#[expect(dead_code, reason = "the other test uses all of it")]
mod trails;

use std::fs;
use std::sync::Arc;

use advisor_core::{Activity, Caller, Granularity, PageRequest, Tracking};
use advisor_store::{Store, StoredAdvisor};
use cloudtrail_reader::ObjectId;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use tempfile::TempDir;

use exports::{Export, exports};
use reports::{CATALOG, READER, answer, now, states};
use trails::{ANN, Object, Removed, trails};

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

/// Each part by an import of its own, in this folder.
fn through_a_store(folder: &TempDir, parts: &[&[Object]]) -> (Store, Activity) {
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
    let activity = Activity::clone(&store.activity_table().unwrap());
    (store, activity)
}

/// The rows of a job, as JSON.
fn job_rows(store: Store, export: &Export, tracking: Tracking) -> serde_json::Value {
    let exports = [("export.json".into(), export.json())];
    store.import_accounts(&exports, now()).unwrap();
    let operations =
        StoredAdvisor::new(Arc::new(store), CATALOG.clone(), tracking).allow_empty_activity(true);
    let caller = Caller::local();
    let level = Granularity::Action;
    let job = operations.generate_completed(&caller, ANN, level, now(), now);
    let answer = operations.services(&caller, job.unwrap().as_str(), PageRequest::new());
    serde_json::to_value(answer.unwrap().services()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn claims_are_the_same_through_files_and_stores(
        trails in trails(),
        export in exports(),
        split in 0..40_usize,
        days_needed in 1..5_u32,
        period in prop::option::of(3..12_u64),
    ) {
        let tracking = Tracking::full()
            .period_days(period)
            .min_coverage_days(days_needed);
        let objects = trails.objects(Removed::Nothing);
        let (first, second) = objects.split_at(split.min(objects.len()));
        let (report, coverage) = answer(&export, &read(&objects), &tracking);
        let parts = [second, first];
        let folder = tempfile::tempdir().unwrap();
        let (store, stored) = through_a_store(&folder, &parts);
        for activity in [through_files(&parts), stored] {
            let (other, other_coverage) = answer(&export, &activity, &tracking);
            prop_assert_eq!(states(&other), states(&report));
            prop_assert_eq!(&other_coverage.accounts[0].gaps, &coverage.accounts[0].gaps);
            prop_assert_eq!(other_coverage, coverage.clone());
        }
        let rows = serde_json::to_value(report.services().collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(job_rows(store, &export, tracking), rows);
    }
}
