//! Explanations by their definition: every resource that the patterns can distinguish is tried.

use std::collections::{BTreeMap, BTreeSet};

use advisor_core::{DenyEffect, NotGranted, ResourceOutcome};

use crate::plain_reach::{Asked, PlainReach, Resource, Statement, Target};

/// A statement: the index of its document in the set, and its position in it.
pub(crate) type StatementPlace = (usize, usize);

/// What an explanation must say.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct PlainExplanation {
    pub(crate) not_granted: Option<NotGranted>,
    /// What becomes of the resources of each allow, string by string.
    pub(crate) allows: BTreeMap<StatementPlace, Vec<ResourceOutcome>>,
    pub(crate) denies: BTreeMap<StatementPlace, DenyEffect>,
}

pub(crate) fn explain(
    plain: &PlainReach,
    target: Target,
    documents: &BTreeSet<usize>,
    asked: &Asked,
) -> PlainExplanation {
    let (allows, denies) = plain.about(target, documents);
    let place = |statement: &Statement| (statement.document, statement.index);
    let mut explanation = PlainExplanation::default();
    let mut allowed: Vec<&Resource> = Vec::new();
    let mut is_of_action = false;
    for allow in &allows {
        let candidates = plain.asked(target, allow, asked);
        is_of_action |= !candidates.is_empty();
        let of_action = plain.asked(target, allow, &Asked::Any);
        let outcomes = parts(plain, allow).into_iter().map(|covers| {
            let covered: Vec<&Resource> =
                candidates.iter().copied().filter(|it| covers(it)).collect();
            let is_denied =
                |resource: &&&Resource| denies.iter().any(|deny| plain.is_denied(deny, resource));
            let denied = covered.iter().filter(is_denied).count();
            allowed.extend(&covered);
            match covered.len() {
                0 if of_action.iter().any(&covers) => ResourceOutcome::NotAsked,
                0 => ResourceOutcome::NotOfAction,
                _ if denied == 0 => ResourceOutcome::Granted,
                all if denied == all => ResourceOutcome::Denied,
                _ => ResourceOutcome::Narrowed,
            }
        });
        explanation.allows.insert(place(allow), outcomes.collect());
    }
    for deny in &denies {
        let taken = allowed
            .iter()
            .filter(|resource| plain.is_denied(deny, resource));
        let effect = match taken.count() {
            0 if !allowed.iter().any(|resource| may_deny(deny, resource)) => DenyEffect::Apart,
            0 if deny.has_condition => DenyEffect::Conditional,
            0 => DenyEffect::Variable,
            taken if taken == allowed.len() => DenyEffect::RemovesAll,
            _ => DenyEffect::RemovesPart,
        };
        explanation.denies.insert(place(deny), effect);
    }
    let outcomes: Vec<ResourceOutcome> = explanation.allows.values().flatten().copied().collect();
    explanation.not_granted = if allows.is_empty() {
        Some(NotGranted::NoStatement)
    } else if outcomes.iter().any(|outcome| outcome.is_granted()) {
        None
    } else if !allowed.is_empty() {
        Some(NotGranted::Denied)
    } else if !matches!(asked, Asked::Any) && !is_of_action {
        Some(NotGranted::NotAResourceOfTheAction)
    } else if outcomes.contains(&ResourceOutcome::NotAsked) {
        Some(NotGranted::OnlyOtherResources)
    } else {
        Some(NotGranted::OnlyOtherKindsOfResources)
    };
    explanation
}

/// Whether a resource is among those of a string.
type Covers<'a> = Box<dyn Fn(&&Resource) -> bool + 'a>;

/// The strings of an allow, each with what it covers; one for a whole `NotResource`.
fn parts<'a>(plain: &'a PlainReach, allow: &'a Statement) -> Vec<Covers<'a>> {
    if allow.is_not_resource {
        return vec![Box::new(move |resource| plain.is_allowed(allow, resource))];
    }
    let each = allow.resources.iter();
    each.map(|text| -> Covers<'a> { Box::new(move |resource| resource.matched[text.pattern]) })
        .collect()
}

/// Whether a deny may apply to a resource in some request.
fn may_deny(deny: &Statement, resource: &Resource) -> bool {
    let mut texts = deny.resources.iter();
    if deny.is_not_resource {
        return !texts.any(|text| !text.has_variable && resource.matched[text.pattern]);
    }
    texts.any(|text| resource.matched[text.pattern])
}
