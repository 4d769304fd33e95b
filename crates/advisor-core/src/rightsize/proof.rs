//! The proof that new policies keep what is needed and grant nothing new.
//!
//! Old and new policies are sets of statements. Each claim is checked for every string, not for the actions and resources that are
//! known today, with the exact algebra of patterns:
//!
//! - *new ⊆ old*: every action pattern of a new allow is within an old allow: it matches only what the old actions match, the
//!   resources are within the old ones, and the condition is the same. Every old deny is within a new deny.
//! - *needed ⊆ new*: what an old allow grants of the needed actions, new allows with at least its resources and its condition grant
//!   too. Every new deny is within an old deny.

use hashbrown::HashMap;
use iam_policy_parser::{
    ActionElement, ActionPattern, Effect, Pattern, PolicyDocument, ResourceElement,
    ResourcePattern, Statement, WorkBudget, is_anything_left, overlaps_within,
};
use serde::Serialize;
use service_catalog::Catalog;

use crate::action_set::ActionSet;
use crate::compiled_policy::PolicyCompiler;

use super::needs::{Needs, grants};

/// The work that a proof may take. Those of real policies take a thousandth.
const PROOF_STEPS: u64 = 20_000_000;

/// What was proved about the new policies of an entity: everything that it needs is still granted, and nothing is granted that was
/// not granted before. There is no proof that failed: what cannot be proved is not proposed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
#[non_exhaustive]
pub struct Proof {
    /// Needed ⊆ new: how many granted actions are needed and stay granted, on all resources of the old policies. Those that stay
    /// without need, as in a statement that stays whole, do not count.
    pub needed_within_new: usize,
    /// New ⊆ old: how many statements there will be, each within those of today, for all actions and resources, also those that AWS
    /// will add.
    pub new_within_old: usize,
    /// The steps of work that it took.
    pub steps: u64,
}

/// Proves the claims of this module about old statements, each with the actions that it matches, and new documents. `None` when one
/// does not hold, or the work budget ends first. Also returns the needed actions that stay granted.
pub(super) fn prove(
    compiler: &PolicyCompiler,
    old: &[(&Statement, &ActionSet)],
    new: &[&PolicyDocument],
    needs: &Needs,
) -> Option<(Proof, ActionSet)> {
    let old_statements: Vec<&Statement> = old.iter().map(|(statement, _)| *statement).collect();
    let new: Vec<&Statement> = new.iter().flat_map(|it| &it.statements).collect();
    let budget = &mut WorkBudget::steps(PROOF_STEPS);
    for statement in &new {
        let is_within = match statement.effect {
            Effect::Allow => is_within_allows(statement, &old_statements, budget)?,
            Effect::Deny => is_within_one_of(statement, &old_statements, budget)?,
        };
        if !is_within {
            return None;
        }
    }
    let mut new_allows = Vec::new();
    for statement in new.iter().filter(|it| it.effect == Effect::Allow) {
        new_allows.push((*statement, compiler.matched(&statement.actions, budget)?));
    }
    let mut needed = ActionSet::empty(compiler.positions());
    for (statement, matched) in old {
        if statement.effect == Effect::Deny {
            if !is_within_one_of(statement, &new, budget)? {
                return None;
            }
            continue;
        }
        let mut granting = Vec::new();
        for (candidate, matched) in &new_allows {
            if has_scope_of(statement, candidate, budget)? {
                granting.push((&candidate.actions, matched));
            }
        }
        let mut covered = ActionSet::empty(compiler.positions());
        for (_, matched) in &granting {
            covered.union_with(matched);
        }
        let granting: Vec<&ActionElement> = granting.into_iter().map(|(it, _)| it).collect();
        let actions = (&statement.actions, *matched);
        if !covers_needs(
            compiler.catalog(),
            actions,
            (&granting, &covered),
            needs,
            budget,
        )? {
            return None;
        }
        covered.intersect_with(matched);
        covered.intersect_with(&needs.keep);
        needed.union_with(&covered);
    }
    let proof = Proof {
        needed_within_new: needed.len(),
        new_within_old: new.len(),
        steps: budget.spent(),
    };
    Some((proof, needed))
}

/// Whether each action pattern of an allow is within an allow of the others. Its patterns grant as much as allows with one each.
fn is_within_allows(
    inner: &Statement,
    outer: &[&Statement],
    budget: &mut WorkBudget,
) -> Option<bool> {
    let ActionElement::Action(patterns) = &inner.actions else {
        return is_within_one_of(inner, outer, budget);
    };
    let mut left: Vec<&ActionPattern> = patterns.iter().collect();
    for candidate in outer {
        if left.is_empty() {
            break;
        }
        if candidate.effect == Effect::Allow && has_scope_of(inner, candidate, budget)? {
            left = not_within(&left, &candidate.actions, budget)?;
        }
    }
    Some(left.is_empty())
}

/// Whether everything that a statement matches, one of the others matches too, with the same effect.
fn is_within_one_of(
    inner: &Statement,
    outer: &[&Statement],
    budget: &mut WorkBudget,
) -> Option<bool> {
    for candidate in outer {
        if candidate.effect == inner.effect
            && has_scope_of(inner, candidate, budget)?
            && actions_within(&inner.actions, &candidate.actions, budget)?
        {
            return Some(true);
        }
    }
    Some(false)
}

/// Whether a statement has at least the resources of another one, under the same condition or none.
fn has_scope_of(inner: &Statement, outer: &Statement, budget: &mut WorkBudget) -> Option<bool> {
    if outer.condition.is_some() && outer.condition != inner.condition {
        return Some(false);
    }
    resources_within(inner.resources.as_ref(), outer.resources.as_ref(), budget)
}

/// Whether new actions cover what is needed of an old element, both with the actions of the catalog that they match: the needed
/// actions of the catalog, and of services of which the needed actions are not known, everything that the old element matches.
pub(super) fn covers_needs(
    catalog: &Catalog,
    (old, matched): (&ActionElement, &ActionSet),
    (new, covered): (&[&ActionElement], &ActionSet),
    needs: &Needs,
    budget: &mut WorkBudget,
) -> Option<bool> {
    let mut missing = matched.clone();
    missing.intersect_with(&needs.keep);
    missing.subtract(covered);
    if !missing.is_empty() {
        return Some(false);
    }
    for service in &needs.whole_services {
        let namespace = catalog.service(*service).namespace();
        if !covers_service(namespace, old, new, budget)? {
            return Some(false);
        }
    }
    for name in needs.marked_names_in(old) {
        if !new.iter().any(|element| grants(element, name)) {
            return Some(false);
        }
    }
    if needs.unknown_source.is_some() && old_may_grant_unknown(old) {
        return Some(new.contains(&old));
    }
    Some(true)
}

/// Whether an element grants actions of services that it does not name.
fn old_may_grant_unknown(old: &ActionElement) -> bool {
    match old {
        ActionElement::Action(patterns) => patterns.iter().any(|it| it.service().is_none()),
        ActionElement::NotAction(_) => true,
    }
}

/// Whether new actions match every name of a service that an old element matches.
fn covers_service(
    namespace: &str,
    old: &ActionElement,
    new: &[&ActionElement],
    budget: &mut WorkBudget,
) -> Option<bool> {
    if new.contains(&old) {
        return Some(true);
    }
    let of_service = |patterns: &[ActionPattern]| -> Vec<Pattern> {
        let patterns = patterns.iter().filter(|it| it.names_service(namespace));
        patterns.map(|it| it.name().clone()).collect()
    };
    let mut outer = Vec::new();
    for element in new {
        if let ActionElement::Action(patterns) = element {
            outer.extend(of_service(patterns));
        }
    }
    let every_name = Pattern::wildcard("*");
    let inner = match old {
        ActionElement::Action(patterns) => of_service(patterns),
        ActionElement::NotAction(patterns) => {
            outer.extend(of_service(patterns));
            vec![every_name]
        }
    };
    is_covered(&inner, &outer, budget)
}

/// Whether the second patterns match every string that the first ones match.
fn is_covered(inner: &[Pattern], outer: &[Pattern], budget: &mut WorkBudget) -> Option<bool> {
    let outer: Vec<&Pattern> = outer.iter().collect();
    let inner: Vec<&Pattern> = inner.iter().collect();
    is_nothing_left(&[&inner], &outer, budget)
}

fn is_nothing_left(
    all_of: &[&[&Pattern]],
    none_of: &[&Pattern],
    budget: &mut WorkBudget,
) -> Option<bool> {
    is_anything_left(all_of, none_of, budget).map(|is_left| !is_left)
}

/// The patterns of which not everything is among some actions, whatever actions there are. `None` when the work budget ends first.
fn not_within<'a>(
    inner: &[&'a ActionPattern],
    outer: &ActionElement,
    budget: &mut WorkBudget,
) -> Option<Vec<&'a ActionPattern>> {
    let mut left = Vec::new();
    match outer {
        ActionElement::Action(outer) => {
            let outer = ByNamespace::new(outer);
            for pattern in inner {
                if !is_action_covered(pattern, &outer, budget)? {
                    left.push(*pattern);
                }
            }
        }
        ActionElement::NotAction(excepted) => {
            for pattern in inner {
                if meets_one_of(pattern, excepted, budget)? {
                    left.push(*pattern);
                }
            }
        }
    }
    Some(left)
}

/// Whether the first actions are among the second, whatever actions there are. `None` when the work budget ends first.
pub(super) fn actions_within(
    inner: &ActionElement,
    outer: &ActionElement,
    budget: &mut WorkBudget,
) -> Option<bool> {
    if inner == outer {
        return Some(true);
    }
    match (inner, outer) {
        (ActionElement::Action(inner), _) => {
            let inner: Vec<&ActionPattern> = inner.iter().collect();
            Some(not_within(&inner, outer, budget)?.is_empty())
        }
        (ActionElement::NotAction(inner), ActionElement::NotAction(outer)) => {
            let inner = ByNamespace::new(inner);
            for pattern in outer {
                if !is_action_covered(pattern, &inner, budget)? {
                    return Some(false);
                }
            }
            Some(true)
        }
        (ActionElement::NotAction(_), ActionElement::Action(outer)) => {
            Some(outer.iter().any(|pattern| pattern.service().is_none()))
        }
    }
}

/// Patterns by the service that they name.
struct ByNamespace<'a> {
    named: HashMap<&'a str, Vec<&'a Pattern>>,
    /// Whether one of them matches every action of every service.
    has_all: bool,
}

impl<'a> ByNamespace<'a> {
    fn new(patterns: &'a [ActionPattern]) -> Self {
        let mut named: HashMap<&str, Vec<&Pattern>> = HashMap::new();
        let mut has_all = false;
        for pattern in patterns {
            match pattern.service() {
                Some(service) => named.entry(service).or_default().push(pattern.name()),
                None => has_all = true,
            }
        }
        Self { named, has_all }
    }
}

/// Whether patterns together match every action that a pattern matches.
fn is_action_covered(
    inner: &ActionPattern,
    outer: &ByNamespace<'_>,
    budget: &mut WorkBudget,
) -> Option<bool> {
    if outer.has_all {
        return Some(true);
    }
    let of_service = inner.service().and_then(|service| outer.named.get(service));
    let Some(outer) = of_service else {
        return Some(false);
    };
    is_nothing_left(&[&[inner.name()]], outer, budget)
}

fn meets_one_of(
    pattern: &ActionPattern,
    others: &[ActionPattern],
    budget: &mut WorkBudget,
) -> Option<bool> {
    for other in others {
        if do_meet(pattern, other, budget)? {
            return Some(true);
        }
    }
    Some(false)
}

fn do_meet(left: &ActionPattern, right: &ActionPattern, budget: &mut WorkBudget) -> Option<bool> {
    match (left.service(), right.service()) {
        (Some(one), Some(other)) if one != other => Some(false),
        _ => overlaps_within(left.name(), right.name(), budget),
    }
}

/// Whether the first resources are among the second, whatever resources there are. Elements with policy variables are not sets that
/// are known, so they must be equal.
fn resources_within(
    inner: Option<&ResourceElement>,
    outer: Option<&ResourceElement>,
    budget: &mut WorkBudget,
) -> Option<bool> {
    if inner == outer {
        return Some(true);
    }
    let (Some(inner), Some(outer)) = (inner, outer) else {
        return Some(false);
    };
    let (inner, is_inner_negated) = patterns_of(inner);
    let (outer, is_outer_negated) = patterns_of(outer);
    if inner.iter().chain(&outer).any(|it| it.has_variable()) {
        return Some(false);
    }
    let everything = Pattern::wildcard("*");
    match (is_inner_negated, is_outer_negated) {
        (false, false) => is_nothing_left(&[&inner], &outer, budget),
        (false, true) => is_nothing_left(&[&inner, &outer], &[], budget),
        (true, true) => is_nothing_left(&[&outer], &inner, budget),
        (true, false) => {
            let both: Vec<&Pattern> = inner.into_iter().chain(outer).collect();
            is_nothing_left(&[&[&everything]], &both, budget)
        }
    }
}

fn patterns_of(element: &ResourceElement) -> (Vec<&Pattern>, bool) {
    let (patterns, is_negated): (&[ResourcePattern], _) = match element {
        ResourceElement::Resource(patterns) => (patterns, false),
        ResourceElement::NotResource(patterns) => (patterns, true),
    };
    (patterns.iter().map(|it| &it.pattern).collect(), is_negated)
}
