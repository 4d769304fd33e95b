//! Compares the engine's reach with reach by its definition.
//!
//! The definition uses the generated statements. It parses no document, compiles no set and uses no set algebra. It tries
//! every resource that the patterns can distinguish: an allow must match it, and no deny.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use advisor_core::AccountData;
use advisor_core::ReachEngine;
use proptest::test_runner::TestCaseError;
use service_catalog::Catalog;

use crate::generated::{Document, export, in_effect};
use crate::plain_reach::{self, MISTAKES, Mistake, PlainReach, SERVICES, Target, table, targets};
use crate::runner::compare_many;

/// Two threads share a run of 10,000 policy sets.
const POLICY_SETS_A_THREAD: u32 = 5_000;
/// One set in this many is also evaluated with the mistakes.
const MISTAKEN_EVERY: usize = 6;

/// What the policy sets covered.
#[derive(Debug, Default)]
struct Seen {
    sets: usize,
    /// Results compared: actions and services without known actions, for every identity and policy.
    compared: usize,
    /// Sets in which denies remove all allowed resources of an action.
    swallowed: usize,
    /// Sets in which denies remove some of the allowed resources of an action.
    partly: usize,
    /// Sets in which some actions are possible and some are not.
    mixed: usize,
    mistaken_sets: usize,
    /// Sets that detect a mistake.
    shown: BTreeMap<Mistake, usize>,
}

impl Seen {
    fn and(mut self, other: Self) -> Self {
        self.sets += other.sets;
        self.compared += other.compared;
        self.swallowed += other.swallowed;
        self.partly += other.partly;
        self.mixed += other.mixed;
        self.mistaken_sets += other.mistaken_sets;
        for (mistake, count) in other.shown {
            *self.shown.entry(mistake).or_default() += count;
        }
        self
    }
}

/// What is possible according to the engine, from an export.
fn engine_says(export: &str, catalog: &Arc<Catalog>, arns: &[&str]) -> Vec<BTreeSet<Target>> {
    let account = AccountData::from_export("generated", export).unwrap();
    assert_eq!(account.issues(), []);
    let engine = ReachEngine::new(&account, catalog.clone());
    let on = |arn: &&str| {
        let reach = engine.reach(&account, account.resolve(arn).unwrap());
        let listed: Vec<&str> = reach
            .services(catalog)
            .into_iter()
            .map(|id| catalog.service(id).namespace())
            .collect();
        let possible: BTreeSet<Target> = targets()
            .filter(|(namespace, action)| match action {
                None => listed.contains(namespace),
                Some(action) => {
                    let service = catalog.service_by_namespace(namespace).unwrap();
                    reach.contains(catalog.action_by_name(service, action).unwrap())
                }
            })
            .collect();
        // A service with possible actions is listed once, by namespace.
        let with_something: BTreeSet<&str> =
            possible.iter().map(|(namespace, _)| *namespace).collect();
        assert_eq!(listed, with_something.into_iter().collect::<Vec<_>>());
        possible
    };
    arns.iter().map(on).collect()
}

fn look(documents: &[Document], plain: &PlainReach, seen: &mut Seen) {
    let all: BTreeSet<usize> = (0..documents.len()).collect();
    let contests: Vec<_> = targets()
        .map(|target| plain.contest(target, &all))
        .collect();
    seen.sets += 1;
    let is_swallowed =
        |contest: &plain_reach::Contest<'_>| contest.left.is_empty() && !contest.taken.is_empty();
    seen.swallowed += usize::from(contests.iter().any(is_swallowed));
    seen.partly += usize::from(
        contests
            .iter()
            .any(|contest| !contest.left.is_empty() && !contest.taken.is_empty()),
    );
    let possible = contests
        .iter()
        .filter(|contest| contest.is_possible())
        .count();
    seen.mixed += usize::from(possible > 0 && possible < contests.len());

    if !seen.sets.is_multiple_of(MISTAKEN_EVERY) {
        return;
    }
    seen.mistaken_sets += 1;
    let right = plain.possible(&all);
    for mistake in MISTAKES {
        let wrong = plain.mistaken(documents, mistake).possible(&all);
        *seen.shown.entry(mistake).or_default() += usize::from(wrong != right);
    }
}

/// Compares the two on one policy set.
fn compare(
    documents: &[Document],
    catalog: &Arc<Catalog>,
    seen: &mut Seen,
) -> Result<(), TestCaseError> {
    let in_effect = in_effect(documents);
    let arns: Vec<&str> = in_effect.iter().map(|(arn, _)| arn.as_str()).collect();
    let export = export(documents).to_string();
    let fast = engine_says(&export, catalog, &arns);
    let plain = PlainReach::new(documents);
    for ((arn, documents), fast) in in_effect.iter().zip(fast) {
        let slow = plain.possible(documents);
        if let Some(target) = fast.symmetric_difference(&slow).next() {
            let contest = plain.contest(*target, documents);
            let example = contest
                .left
                .first()
                .map(|text| text.iter().collect::<String>());
            return Err(TestCaseError::fail(format!(
                "{target:?} for {arn}: the engine says {}, the definition {} (on {example:?})\n{export}",
                fast.contains(target),
                slow.contains(target),
            )));
        }
        seen.compared += targets().count();
    }
    look(documents, &plain, seen);
    Ok(())
}

#[test]
fn reach_is_what_its_definition_says() {
    let catalog = Arc::new(Catalog::parse(&table()).unwrap());
    assert_eq!(catalog.services().count(), SERVICES.len());
    let seen = compare_many(
        POLICY_SETS_A_THREAD,
        |documents, seen| compare(documents, &catalog, &mut seen.borrow_mut()),
        Seen::and,
    );

    // The sets cover what this test is about.
    assert!(seen.sets >= 10_000);
    let percent = |count: usize, of: usize| count * 100 / of;
    assert!(percent(seen.swallowed, seen.sets) > 10);
    assert!(percent(seen.partly, seen.sets) > 8);
    assert!(percent(seen.mixed, seen.sets) > 30);
    assert_eq!(seen.shown.len(), MISTAKES.len());
    let shown = |mistake| percent(seen.shown[&mistake], seen.mistaken_sets);
    assert!(shown(Mistake::IgnoresScopedDenies) > 8);
    assert!(shown(Mistake::IgnoresNotResourceDenies) > 2);
    for mistake in MISTAKES {
        let count = seen.shown[&mistake];
        assert!(
            count > 0,
            "{mistake:?} would have shown in {count} of {} sets",
            seen.mistaken_sets
        );
    }
}
