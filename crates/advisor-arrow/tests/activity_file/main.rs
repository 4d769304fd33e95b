//! Activity files: tables that were written are read back, also after another engine has written them.
//! Errors name the file, row and column.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod columns;
mod days;
mod faults;

use advisor_arrow::{activity_batches, activity_from_batches, read_activity, write_activity};
use advisor_core::{Activity, Attempt, CreditedAction, Principal};
use arrow_array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use arrow_schema::{Field, Schema};
use bytes::Bytes;
use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use std::sync::Arc;

/// Attempts of a few principals, so that keys, ARNs and times are often equal.
#[derive(Clone, Debug)]
struct Sample {
    id: Option<usize>,
    arn: usize,
    account: Option<usize>,
    service: usize,
    action: usize,
    known: bool,
    time: i64,
    event: usize,
    denied: bool,
}

const IDS: [&str; 3] = ["AIDA1", "AIDA2", "AROA1"];
const ACCOUNTS: [&str; 2] = ["111122223333", "444455556666"];
const ARNS: [&str; 3] = [
    "arn:aws:iam::111122223333:user/a",
    "arn:aws:iam::111122223333:user/büro/b",
    "arn:aws:iam::444455556666:role/r",
];
const SERVICES: [&str; 3] = ["s3", "iam", "new-service"];
const ACTIONS: [&str; 3] = ["GetUser", "ListBuckets", ""];
const EVENTS: [&str; 4] = ["e1", "e2", "e3", "e4"];

fn sample() -> impl Strategy<Value = Sample> {
    let who = (
        prop::option::of(0..3_usize),
        0..3_usize,
        prop::option::of(0..2_usize),
    );
    let what = (0..3_usize, 0..3_usize, any::<bool>());
    let when = (-2..1_793_491_200_000_i64, 0..4_i64, any::<bool>());
    let when = when.prop_map(|(far, near, is_far)| if is_far { far } else { near });
    (who, what, when, 0..4_usize, any::<bool>()).prop_map(
        |((id, arn, account), (service, action, known), time, event, denied)| Sample {
            id,
            arn,
            account,
            service,
            action,
            known,
            time,
            event,
            denied,
        },
    )
}

fn table(samples: &[Sample]) -> Activity {
    let mut activity = Activity::new();
    for sample in samples {
        let name = ACTIONS[sample.action];
        activity.record(&Attempt {
            principal: Principal {
                unique_id: sample.id.map(|id| IDS[id]),
                arn: Some(ARNS[sample.arn]),
                account: sample.account.map(|account| ACCOUNTS[account]),
            },
            service: SERVICES[sample.service],
            action: if sample.known {
                CreditedAction::Action(name)
            } else {
                CreditedAction::Event(name)
            },
            region: "us-east-1",
            time_millis: sample.time,
            event_id: EVENTS[sample.event],
            denied: sample.denied,
        });
    }
    activity
}

fn file(activity: &Activity) -> Bytes {
    let mut bytes = Vec::new();
    write_activity(&mut bytes, activity).unwrap();
    bytes.into()
}

fn samples() -> impl Strategy<Value = Vec<Sample>> {
    prop::collection::vec(sample(), 0..24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))), ..ProptestConfig::default() })]

    #[test]
    fn tables_are_read_back(samples in samples()) {
        let activity = table(&samples);
        let bytes = file(&activity);
        prop_assert_eq!(&read_activity(bytes.clone(), "a", None).unwrap(), &activity);
        prop_assert_eq!(&activity_from_batches("a", activity_batches(&activity), None).unwrap(), &activity);
        // Equal tables give equal files, whatever the order of their attempts.
        let mut turned = samples;
        turned.reverse();
        prop_assert_eq!(file(&table(&turned)), bytes);
    }

    #[test]
    fn partial_files_merge_into_the_same_table(samples in samples(), parts in 1..5_usize, seed: usize) {
        let mut split = vec![Vec::new(); parts];
        for (index, sample) in samples.iter().enumerate() {
            split[(index * 7 + seed % 11 * index) % parts].push(sample.clone());
        }
        let mut merged = Activity::new();
        for part in split {
            merged.merge(&read_activity(file(&table(&part)), "part", None).unwrap());
        }
        prop_assert_eq!(file(&merged), file(&table(&samples)));
    }

    /// A key has rows in several files, or two in one file, as a UNION ALL makes them.
    #[test]
    fn rows_of_one_key_merge(samples in samples(), cut in 0..24_usize) {
        let (left, right) = samples.split_at(cut.min(samples.len()));
        let (left, right) = (table(left), table(right));
        let batches = activity_batches(&left).chain(activity_batches(&right));
        prop_assert_eq!(activity_from_batches("both", batches, None).unwrap(), table(&samples));
    }

    #[test]
    fn a_damaged_file_is_an_error_or_a_table(
        samples in prop::collection::vec(sample(), 1..24),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut bytes = file(&table(&samples)).to_vec();
        for (place, value) in places {
            let place = place.index(bytes.len());
            bytes[place] = value;
        }
        if let Err(error) = read_activity(Bytes::from(bytes), "damaged.parquet", None) {
            prop_assert!(error.to_string().starts_with("damaged.parquet: "), "{error}");
        }
    }

    #[test]
    fn a_file_that_is_cut_short_is_an_error(
        samples in prop::collection::vec(sample(), 1..24),
        cut: prop::sample::Index,
    ) {
        let bytes = file(&table(&samples));
        let cut = bytes.slice(..cut.index(bytes.len()));
        let error = read_activity(cut, "cut.parquet", None).unwrap_err().to_string();
        prop_assert!(error.starts_with("cut.parquet: not a valid Parquet file: "), "{error}");
    }
}

/// Two rows: an action of a user, an event of a role without unique id.
fn two_rows() -> (Activity, RecordBatch) {
    let mut activity = Activity::new();
    for (principal, action, denied) in [
        (
            Principal {
                unique_id: Some("AIDA1"),
                arn: Some(ARNS[0]),
                account: Some(ACCOUNTS[0]),
            },
            CreditedAction::Action("ListBuckets"),
            true,
        ),
        (
            Principal {
                unique_id: None,
                arn: Some(ARNS[2]),
                account: Some(ACCOUNTS[1]),
            },
            CreditedAction::Event("NewEvent"),
            false,
        ),
    ] {
        activity.record(&Attempt {
            principal,
            service: "s3",
            action,
            region: "eu-west-1",
            time_millis: 1_700_000_000_000,
            event_id: "e1",
            denied,
        });
    }
    let batch = activity_batches(&activity).next().unwrap().unwrap();
    (activity, batch)
}

/// The batch with this column instead of the one of its name.
#[allow(clippy::needless_pass_by_value)]
fn with(batch: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let schema = batch.schema();
    let columns = schema.fields().iter().zip(batch.columns());
    let columns = columns.map(|(field, array)| {
        if field.name() == name {
            (
                Field::new(name, column.data_type().clone(), true),
                column.clone(),
            )
        } else {
            (field.as_ref().clone().with_nullable(true), array.clone())
        }
    });
    let (fields, columns): (Vec<_>, Vec<_>) = columns.unzip();
    let schema = Schema::new_with_metadata(fields, schema.metadata().clone());
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

fn read(batch: RecordBatch) -> Result<Activity, String> {
    activity_from_batches("t", [Ok(batch)], None).map_err(|error| error.to_string())
}

/// The activity, as of a table that does not say what it covers.
fn from_unknown_source(activity: &Activity) -> Activity {
    let mut activity = activity.clone();
    activity.coverage_mut().see_unknown_source();
    activity.coverage_mut().see_unread_credentials();
    activity
}

fn text(values: [Option<&str>; 2]) -> ArrayRef {
    Arc::new(StringArray::from(values.to_vec()))
}

fn numbers(values: [Option<i64>; 2]) -> ArrayRef {
    Arc::new(Int64Array::from(values.to_vec()))
}
