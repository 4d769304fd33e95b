//! Compares explanations with their definition, on generated policy sets: see `reach_property`.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

#[allow(dead_code, reason = "shared with reach_property")]
#[path = "reach_property/generated.rs"]
mod generated;
#[path = "reach_property/plain_pattern.rs"]
mod plain_pattern;
#[allow(dead_code, reason = "shared with reach_property")]
#[path = "reach_property/plain_reach.rs"]
mod plain_reach;

use std::collections::BTreeSet;
use std::sync::Arc;

use advisor_core::{AccountData, Activity, Advisor, PlacedStatement, Tracking};
use proptest::test_runner::{Config, FileFailurePersistence, TestCaseError, TestRunner};
use service_catalog::Catalog;

use generated::{Document, GROUP, Home, USER, export, policy_arn, policy_sets};
use plain_reach::{PlainReach, table, targets};

const POLICY_SETS: u32 = 5_000;

/// A statement: the index of its document in the set, and its position in it.
type Place = (usize, usize);

fn place_of(placed: &PlacedStatement<'_>) -> Place {
    let document = placed.path.policy_name.strip_prefix('p').unwrap();
    (document.parse().unwrap(), placed.index)
}

/// The documents that count for each ARN: of the user, of the group, and of one managed policy.
fn in_effect(documents: &[Document]) -> Vec<(String, BTreeSet<usize>)> {
    let at = |homes: &[Home]| -> BTreeSet<usize> {
        (0..documents.len())
            .filter(|index| homes.contains(&documents[*index].home))
            .collect()
    };
    let mut in_effect = vec![
        (USER.to_owned(), (0..documents.len()).collect()),
        (
            GROUP.to_owned(),
            at(&[Home::GroupInline, Home::GroupAttached]),
        ),
    ];
    if at(&[Home::UserAttached, Home::GroupAttached]).contains(&0) {
        in_effect.push((policy_arn(0), BTreeSet::from([0])));
    }
    in_effect
}

fn advisor_of(documents: &[Document], catalog: &Arc<Catalog>) -> Advisor {
    let account = AccountData::from_export("generated", &export(documents).to_string()).unwrap();
    let activity = Activity::default();
    Advisor::new(
        account,
        &activity,
        catalog.clone(),
        Tracking::aws(),
        chrono::DateTime::default(),
    )
    .unwrap()
}

fn compare(documents: &[Document], catalog: &Arc<Catalog>) -> Result<(), TestCaseError> {
    let advisor = advisor_of(documents, catalog);
    let plain = PlainReach::new(documents);
    for (arn, in_effect) in in_effect(documents) {
        let explainer = advisor.explainer(advisor.account().resolve(&arn).unwrap());
        for target in targets() {
            let (namespace, Some(name)) = target else {
                continue;
            };
            let service = catalog.service_by_namespace(namespace).unwrap();
            let action = catalog.action_by_name(service, name).unwrap();
            let granting = explainer.granting_statements(action);
            let granting: BTreeSet<Place> = granting.iter().map(place_of).collect();
            let expected = plain.granting(target, &in_effect);
            if granting != expected {
                return Err(TestCaseError::fail(format!(
                    "{namespace}:{name} for {arn}: granted by {granting:?}, by definition by {expected:?}\n{}",
                    export(documents)
                )));
            }
        }
    }
    Ok(())
}

#[test]
fn explanations_are_what_their_definition_says() {
    let catalog = Arc::new(Catalog::parse(&table()).unwrap());
    let config = Config {
        cases: POLICY_SETS,
        source_file: Some(file!()),
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&policy_sets(), |documents| compare(&documents, &catalog))
        .unwrap_or_else(|error| panic!("{error}"));
}
