//! Any split of a trail into imports gives the same table as reading it at once, and no object is counted
//! twice.

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;

use proptest::prelude::*;
use proptest::test_runner::FileFailurePersistence;
use serde_json::{Value, json};

use crate::support::{activity, attempts, import, write_object};
use crate::{TrailAndStore, ann, in_memory};

#[derive(Clone, Debug)]
struct Sample {
    id: Option<usize>,
    arn: usize,
    account: usize,
    event: usize,
    region: usize,
    second: u32,
    event_id: usize,
    denied: bool,
}

fn sample() -> impl Strategy<Value = Sample> {
    (
        prop::option::of(0..2_usize),
        0..3_usize,
        0..2_usize,
        0..4_usize,
        0..2_usize,
        0..4_u32,
        0..3_usize,
        any::<bool>(),
    )
        .prop_map(
            |(id, arn, account, event, region, second, event_id, denied)| Sample {
                id,
                arn,
                account,
                event,
                region,
                second,
                event_id,
                denied,
            },
        )
}

fn record(sample: &Sample) -> Value {
    let (source, event) = [
        ("s3", "ListBuckets"),
        ("s3", "NoSuchCall"),
        ("sqs", "ListQueues"),
        ("nosuchservice", "ListQueues"),
    ][sample.event];
    let account = ["123456789012", "999999999999"][sample.account];
    let name = ["a", "moved/a", "Ä"][sample.arn];
    let region = ["eu-west-1", "us-east-1"][sample.region];
    let event_id = ["e1", "e2", "é"][sample.event_id];
    let mut record = json!({
        "userIdentity": {
            "type": "IAMUser",
            "arn": format!("arn:aws:iam::{account}:user/{name}"),
            "accountId": account,
        },
        "eventTime": format!("2026-10-01T00:00:0{}Z", sample.second),
        "eventSource": format!("{source}.amazonaws.com"),
        "eventName": event,
        "awsRegion": region,
        "eventID": event_id,
        "eventType": "AwsApiCall",
    });
    if let Some(id) = sample.id {
        record["userIdentity"]["principalId"] =
            ["AIDAONEOFTHESEUSERS01", "AIDATWOOFTHESEUSERS02"][id].into();
    }
    if sample.denied {
        record["errorCode"] = "AccessDenied".into();
    }
    record
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 48,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_split_into_objects_and_imports_gives_the_same_table(
        objects in prop::collection::vec(prop::collection::vec(sample(), 0..5), 1..8),
        imports in prop::collection::vec(0..3_usize, 8),
    ) {
        let place = TrailAndStore::new();
        let files: Vec<PathBuf> = objects
            .iter()
            .enumerate()
            .map(|(index, samples)| {
                let records: Vec<Value> = samples.iter().map(record).collect();
                write_object(&place.trail(), &index.to_string(), &records)
            })
            .collect();
        for import_number in 0..3 {
            let chosen: Vec<&PathBuf> = files
                .iter()
                .zip(&imports)
                .filter(|(_, number)| **number == import_number)
                .map(|(file, _)| file)
                .collect();
            import(&place.store, &chosen);
            // The store has the table of the objects imported so far.
            let so_far: Vec<&PathBuf> = files
                .iter()
                .zip(&imports)
                .filter(|(_, number)| **number <= import_number)
                .map(|(file, _)| file)
                .collect();
            prop_assert_eq!(activity(&place.path()), in_memory(&so_far));
        }
        // Importing the whole folder finds nothing new.
        let again = import(&place.store, &[place.trail()]);
        prop_assert_eq!(again.known, files.len() as u64);
        prop_assert_eq!(again.reconciliation, Default::default());
        prop_assert_eq!(activity(&place.path()), in_memory(&files));
    }

    /// Of objects with the same name, the first that can be read is imported, in any split into imports.
    #[test]
    fn every_object_is_accounted_for(
        imports in prop::collection::vec(prop::collection::vec((0..3_usize, 0..4_usize), 1..8), 1..3),
    ) {
        let place = TrailAndStore::new();
        let (mut taken, mut number) = (HashMap::new(), 0);
        for objects in imports {
            let (mut read, mut failed, mut known) = (0, vec![], 0);
            let (mut changed, mut paths) = (vec![], vec![]);
            for (name, content) in objects {
                number += 1;
                let folder = place.folder.path().join(format!("{number:03}"));
                let path = write_object(&folder, &name.to_string(), &vec![ann("e"); content]);
                if content == 0 {
                    fs::write(&path, "{").unwrap();
                }
                let text = path.to_str().unwrap().to_owned();
                match taken.get(&name) {
                    None if content == 0 => failed.push(text),
                    None => {
                        taken.insert(name, content);
                        read += 1;
                    }
                    Some(taken) if *taken == content => known += 1,
                    Some(_) => changed.push(text),
                }
                paths.push(path);
            }
            let imported = import(&place.store, &paths);
            let names = imported.reconciliation.objects_failed.into_iter();
            prop_assert_eq!(names.map(|it| it.object().to_string()).collect::<Vec<_>>(), failed);
            prop_assert_eq!(imported.reconciliation.objects_read, read);
            prop_assert_eq!((imported.known, imported.changed), (known, changed));
            prop_assert_eq!(attempts(&place.path()), taken.values().sum::<usize>() as u64);
        }
    }
}
