//! Compares explanations with their definition.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use advisor_core::{
    AccountData, Activity, Advisor, DenyEffect, Explainer, Explanation, NotGranted,
    PlacedStatement, Reach, ResourceOutcome, Tracking,
};
use proptest::test_runner::TestCaseError;
use proptest::{prop_assert, prop_assert_eq};
use service_catalog::{ActionId, Catalog};

use crate::generated::{Document, USER, export, in_effect};
use crate::plain_explanation::{self, PlainExplanation, StatementPlace};
use crate::plain_pattern::Piece;
use crate::plain_reach::{Asked, PlainReach, SERVICES, Target, table, targets};
use crate::runner::compare_many;

const POLICY_SETS_A_THREAD: u32 = 2_500;

/// What the explanations said.
#[derive(Debug, Default)]
struct Seen {
    explained: usize,
    reasons: BTreeMap<Option<NotGranted>, usize>,
    outcomes: BTreeMap<ResourceOutcome, usize>,
    effects: BTreeMap<DenyEffect, usize>,
    examples: usize,
}

impl Seen {
    fn note(&mut self, explanation: &PlainExplanation) {
        self.explained += 1;
        *self.reasons.entry(explanation.not_granted).or_default() += 1;
        for outcome in explanation.allows.values().flatten() {
            *self.outcomes.entry(*outcome).or_default() += 1;
        }
        for effect in explanation.denies.values() {
            *self.effects.entry(*effect).or_default() += 1;
        }
    }

    fn and(mut self, other: Self) -> Self {
        self.explained += other.explained;
        self.examples += other.examples;
        for (reason, count) in other.reasons {
            *self.reasons.entry(reason).or_default() += count;
        }
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        for (effect, count) in other.effects {
            *self.effects.entry(effect).or_default() += count;
        }
        self
    }
}

fn place_of(placed: &PlacedStatement<'_>) -> StatementPlace {
    let document = placed.path.policy_name.strip_prefix('p').unwrap();
    (document.parse().unwrap(), placed.index)
}

fn advisor_of(export: &str, catalog: &Arc<Catalog>) -> Advisor {
    let account = AccountData::from_export("generated", export).unwrap();
    let nothing = Activity::default();
    let now = chrono::DateTime::default();
    Advisor::new(account, &nothing, catalog.clone(), Tracking::aws(), now).unwrap()
}

fn action_of(catalog: &Catalog, (namespace, name): Target) -> Option<ActionId> {
    let service = catalog.service_by_namespace(namespace).unwrap();
    Some(catalog.action_by_name(service, name?).unwrap())
}

fn question((namespace, name): Target) -> String {
    name.map_or_else(
        || namespace.to_owned(),
        |name| format!("{namespace}:{name}"),
    )
}

/// An explanation in the form of its definition.
fn said(explanation: &Explanation<'_>) -> PlainExplanation {
    let outcomes = |allow: &advisor_core::ExplainedAllow<'_>| {
        let outcomes = allow.resources.iter().map(|resource| resource.outcome);
        (place_of(&allow.place), outcomes.collect())
    };
    let denies = explanation.denies.iter();
    PlainExplanation {
        not_granted: explanation.not_granted,
        allows: explanation.allows.iter().map(outcomes).collect(),
        denies: denies
            .map(|deny| (place_of(&deny.place), deny.effect))
            .collect(),
    }
}

/// Resources to ask about: single ones, and patterns of the set.
fn resources(plain: &PlainReach) -> Vec<(String, Asked)> {
    let is_arn = |text: &str| {
        let parts: Vec<&str> = text.splitn(6, ':').collect();
        parts.len() == 6
            && parts[0] == "arn"
            && [1, 2, 5].iter().all(|part| !parts[*part].is_empty())
    };
    let patterns = plain.patterns().iter().enumerate();
    let patterns = patterns.filter_map(|(index, pattern)| {
        let letter = |piece: &Piece| match piece {
            Piece::One(letter) => (!matches!(letter, '*' | '?')).then_some(*letter),
            Piece::AnyOne => Some('?'),
            Piece::Any => Some('*'),
            Piece::AnyWithout(_) => None,
        };
        let text: Option<String> = pattern.iter().map(letter).collect();
        Some((text?, Asked::Pattern(index)))
    });
    let single = plain.texts().map(|text| {
        let asked = Asked::One(plain.resource(text.clone()));
        (text.iter().collect::<String>(), asked)
    });
    let single = single.filter(|(text, _)| !text.contains(['*', '?']));
    patterns
        .chain(single)
        .filter(|(text, _)| is_arn(text))
        .collect()
}

struct Subject<'a> {
    arn: &'a str,
    documents: &'a BTreeSet<usize>,
    explainer: Explainer<'a>,
    reach: Reach,
}

struct Comparison<'a> {
    catalog: &'a Catalog,
    plain: PlainReach,
    export: String,
    seen: &'a RefCell<Seen>,
}

impl Comparison<'_> {
    fn fail(&self, of: &Subject<'_>, target: Target, what: &str) -> TestCaseError {
        let arn = of.arn;
        TestCaseError::fail(format!("{target:?} for {arn}: {what}\n{}", self.export))
    }

    fn explain(
        &self,
        of: &Subject<'_>,
        target: Target,
        (explanation, asked): (&Explanation<'_>, &Asked),
    ) -> Result<(), TestCaseError> {
        let mut expected = plain_explanation::explain(&self.plain, target, of.documents, asked);
        if let (_, None) = target {
            // Of a whole service, resources of other kinds are left out.
            let is_of_action = |outcome: &ResourceOutcome| *outcome != ResourceOutcome::NotOfAction;
            for outcomes in expected.allows.values_mut() {
                if outcomes.iter().any(is_of_action) {
                    outcomes.retain(is_of_action);
                }
            }
        }
        let said = said(explanation);
        if said != expected || explanation.granted != expected.not_granted.is_none() {
            let resource = &explanation.resource;
            let what = format!("on {resource:?}: {said:#?}, by definition {expected:#?}");
            return Err(self.fail(of, target, &what));
        }
        assert!(!explanation.undecided);
        self.seen.borrow_mut().note(&expected);
        let resources = explanation.allows.iter().flat_map(|allow| &allow.resources);
        for example in resources.filter_map(|resource| resource.example.as_deref()) {
            let one = Asked::One(self.plain.resource(example.chars().collect()));
            let expected = plain_explanation::explain(&self.plain, target, of.documents, &one);
            if expected.not_granted.is_some() {
                return Err(self.fail(of, target, &format!("{example} is not granted")));
            }
            self.seen.borrow_mut().examples += 1;
        }
        Ok(())
    }

    /// Compares with reach, and the two ways to find the granting statements. Where the value of a policy variable is known, reach
    /// and the granting statements may be more.
    fn agree(
        &self,
        of: &Subject<'_>,
        target: Target,
        explanation: &Explanation<'_>,
    ) -> Result<(), TestCaseError> {
        let Some(action) = action_of(self.catalog, target) else {
            return Ok(());
        };
        let is_exact = explanation.variables.is_empty();
        let possible = of.reach.contains(action);
        if explanation.granted && !possible || is_exact && explanation.granted != possible {
            return Err(self.fail(of, target, "reach says otherwise"));
        }
        let granting = of.explainer.granting_statements(action);
        let granting: Vec<StatementPlace> = granting.iter().map(place_of).collect();
        let allows = explanation.allows.iter().filter(|allow| allow.is_granted());
        let allows: Vec<StatementPlace> = allows.map(|allow| place_of(&allow.place)).collect();
        let is_part = allows.iter().all(|place| granting.contains(place));
        if granting == allows || !is_exact && is_part {
            return Ok(());
        }
        let what = format!("granted by {granting:?}, and by {allows:?}");
        Err(self.fail(of, target, &what))
    }
}

/// The documents as they count for the user: with its name for the policy variable.
fn of_user(documents: &[Document]) -> Vec<Document> {
    let mut documents = documents.to_vec();
    let new = documents.iter_mut().filter(|one| one.knows_variables());
    let statements = new.flat_map(|document| &mut document.statements);
    for resource in statements.flat_map(|statement| &mut statement.resources) {
        *resource = resource.replace("${aws:username}", "ann");
    }
    documents
}

fn compare(
    documents: &[Document],
    catalog: &Arc<Catalog>,
    seen: &RefCell<Seen>,
) -> Result<(), TestCaseError> {
    let export = export(documents).to_string();
    let advisor = advisor_of(&export, catalog);
    let comparison = |plain: PlainReach| Comparison {
        catalog,
        plain,
        export: export.clone(),
        seen,
    };
    let (of_user, of_others) = (
        comparison(PlainReach::new(&of_user(documents))),
        comparison(PlainReach::new(documents)),
    );
    let (user_resources, other_resources) =
        (resources(&of_user.plain), resources(&of_others.plain));
    // Goes through all resources from set to set.
    let mut next = seen.borrow().explained;
    for (index, (arn, documents)) in in_effect(documents).iter().enumerate() {
        let of = Subject {
            arn,
            documents,
            explainer: advisor.explainer(advisor.account().resolve(arn).unwrap()),
            reach: advisor.reach(arn).unwrap(),
        };
        let (comparison, resources) = if arn == USER {
            (&of_user, &user_resources)
        } else {
            (&of_others, &other_resources)
        };
        for target in targets() {
            let question = question(target);
            let explanation = of.explainer.explain(&question, None).unwrap();
            comparison.agree(&of, target, &explanation)?;
            next += 1;
            // The user has all documents; of the others, some targets are enough.
            if index > 0 && !next.is_multiple_of(4) {
                continue;
            }
            comparison.explain(&of, target, (&explanation, &Asked::Any))?;
            if let Some((text, asked)) = resources.get(next * 7 % resources.len().max(1)) {
                let explanation = of.explainer.explain(&question, Some(text)).unwrap();
                comparison.explain(&of, target, (&explanation, asked))?;
            }
        }
    }
    let reach = advisor.reach(USER).unwrap();
    let user = advisor.explainer(advisor.account().resolve(USER).unwrap());
    for (namespace, _, actions) in SERVICES {
        let explanation = user.explain(namespace, None).unwrap();
        let granted = explanation.granted_actions.unwrap();
        let possible = actions.iter().map(|(name, _)| *name).filter(|name| {
            let action = action_of(catalog, (namespace, Some(name)));
            action.is_some_and(|action| reach.contains(action))
        });
        let possible: Vec<&str> = possible.collect();
        if explanation.variables.is_empty() {
            prop_assert_eq!(granted, possible);
        } else {
            prop_assert!(granted.iter().all(|name| possible.contains(name)));
        }
    }
    Ok(())
}

#[test]
fn explanations_are_what_their_definition_says() {
    let catalog = Arc::new(Catalog::parse(&table()).unwrap());
    let seen = compare_many(
        POLICY_SETS_A_THREAD,
        |documents, seen| compare(documents, &catalog, seen),
        Seen::and,
    );

    // The sets cover what this test is about.
    assert_eq!(seen.reasons.len(), 6);
    assert_eq!(seen.outcomes.len(), 5);
    assert_eq!(seen.effects.len(), 5);
    for count in (seen.reasons.values())
        .chain(seen.outcomes.values())
        .chain(seen.effects.values())
    {
        assert!(*count > 200);
    }
    assert!(seen.examples > 200);
}
