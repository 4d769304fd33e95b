//! Whether the `Action` or `NotAction` of a statement covers what is asked.

use iam_policy_parser::{
    ActionElement, ActionPattern, Effect, Statement, WorkBudget, matches_within,
};
use service_catalog::Catalog;

use super::question::Target;

/// How a statement covers a target.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Cover {
    /// Not at all.
    No,
    Yes,
    /// Its `Action` names the action without a wildcard.
    Named,
}

/// Whether a statement covers a target, as reach decides it (see `compiled_policy`). An allow that the work budget does not
/// suffice to decide covers it, and a deny does not.
pub(super) fn cover(
    statement: &Statement,
    target: Target,
    catalog: &Catalog,
    budget: &mut WorkBudget,
) -> Cover {
    let is_allow = statement.effect == Effect::Allow;
    let (patterns, is_negated) = match &statement.actions {
        ActionElement::Action(patterns) => (patterns, false),
        ActionElement::NotAction(patterns) => (patterns, true),
    };
    if !budget.spend(1 + patterns.len() as u64 / 4) {
        return if is_allow { Cover::Yes } else { Cover::No };
    }
    let is_match = match target {
        Target::Action(id) => {
            let action = catalog.action(id);
            let namespace = catalog.service(action.service()).namespace();
            let name = action.name().to_ascii_lowercase();
            let of_service = patterns
                .iter()
                .filter(|pattern| pattern.names_service(namespace));
            let mut is_match = Some(false);
            for pattern in of_service {
                if !is_negated && is_literal(pattern, &name) {
                    return Cover::Named;
                }
                match matches_within(pattern.name(), &name, budget) {
                    Some(true) => is_match = Some(true),
                    Some(false) => {}
                    None => is_match = is_match.filter(|known| *known),
                }
            }
            is_match
        }
        Target::Service(id) => {
            let namespace = catalog.service(id).namespace();
            // An allow counts when it may cover any of its unknown actions, a deny when it covers all of them.
            Some(patterns.iter().any(|pattern| {
                if is_allow == is_negated {
                    pattern.covers_service(namespace)
                } else {
                    pattern.names_service(namespace)
                }
            }))
        }
    };
    let is_covered = is_match.map_or(is_allow, |is_match| is_match != is_negated);
    if is_covered { Cover::Yes } else { Cover::No }
}

fn is_literal(pattern: &ActionPattern, name: &str) -> bool {
    let literal = pattern.name().as_literal();
    literal.is_some_and(|literal| literal == name)
}
