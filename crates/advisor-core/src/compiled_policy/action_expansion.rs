//! Which actions of the catalog an `Action` or `NotAction` covers.

use iam_policy_parser::{ActionElement, ActionPattern, Token, WorkBudget, matches_within};

use service_catalog::{Catalog, ServiceId};

use super::{Expansion, PolicyCompiler};
use crate::action_set::ActionSet;

/// What an action costs beside the names that it is compared with: it is looked up.
const ACTION_STEPS: u64 = 24;

/// Finds the services of patterns. Lists name the actions of one service one after the other.
struct ServiceLookup<'a> {
    catalog: &'a Catalog,
    last: Option<(&'a str, Option<ServiceId>)>,
}

impl<'a> ServiceLookup<'a> {
    fn new(catalog: &'a Catalog) -> Self {
        Self {
            catalog,
            last: None,
        }
    }

    /// The service that a pattern names, if the catalog has it.
    fn find(&mut self, pattern: &'a ActionPattern) -> Option<ServiceId> {
        let namespace = pattern.service()?;
        match self.last {
            Some((last, id)) if last == namespace => id,
            _ => {
                let id = self.catalog.service_by_namespace(namespace);
                self.last = Some((namespace, id));
                id
            }
        }
    }
}

impl PolicyCompiler {
    /// Adds the actions that a pattern matches; `None` when the work budget ends first.
    fn expand_into<'a>(
        &self,
        pattern: &'a ActionPattern,
        services: &mut ServiceLookup<'a>,
        set: &mut ActionSet,
        budget: &mut WorkBudget,
    ) -> Option<()> {
        let Some(id) = services.find(pattern) else {
            return Some(());
        };
        if let Some(name) = pattern.literal_name() {
            if let Some(action) = self.catalog.action_by_name(id, name) {
                set.insert(action.index());
            }
            return Some(());
        }
        let range = self.catalog.service(id).action_range();
        if pattern.name().is_universal() {
            set.insert_range(range);
            return Some(());
        }
        if budget.left() == 0 {
            return None;
        }
        let prefix: String = pattern
            .name()
            .tokens()
            .iter()
            .map_while(|token| match token {
                Token::Char(character) => Some(*character),
                _ => None,
            })
            .collect();
        // Nothing but a star follows: what starts so matches.
        let is_prefix = matches!(
            pattern.name().tokens().split_last(),
            Some((Token::AnyString, before)) if before.len() == prefix.chars().count()
        );
        let name = |position: &usize| self.names.get(*position).map_or("", |name| &**name);
        let sorted = self.sorted.get(range).unwrap_or_default();
        let (_, rest) =
            sorted.split_at(sorted.partition_point(|position| name(position) < prefix.as_str()));
        for position in rest
            .iter()
            // Comparing with nothing is slow: glibc's memcmp then loads from the address of an empty string, which is
            // not mapped.
            .take_while(|position| prefix.is_empty() || name(position).starts_with(&prefix))
        {
            let is_match = if is_prefix {
                budget.spend(1).then_some(true)
            } else {
                matches_within(pattern.name(), name(position), budget)
            };
            if is_match? {
                set.insert(*position);
            }
        }
        budget.spend(8).then_some(())
    }

    /// The actions of the service of a pattern.
    fn all_of_service(&self, pattern: &ActionPattern, set: &mut ActionSet) {
        if let Some(id) = pattern
            .service()
            .and_then(|namespace| self.catalog.service_by_namespace(namespace))
        {
            set.insert_range(self.catalog.service(id).action_range());
        }
    }

    fn expand<'a>(
        &self,
        patterns: impl Iterator<Item = &'a ActionPattern>,
        budget: &mut WorkBudget,
    ) -> Expansion {
        let mut matched = ActionSet::empty(self.positions);
        let mut unsure: Option<ActionSet> = None;
        let services = &mut ServiceLookup::new(&self.catalog);
        for pattern in patterns {
            // Looking up a name needs no budget, and is not worth stopping for.
            let _ = budget.spend(ACTION_STEPS);
            if pattern.service().is_none() {
                // Whatever the others match.
                return Expansion {
                    matched: ActionSet::full(self.positions),
                    unsure: None,
                };
            }
            let expanded = self.expand_into(pattern, services, &mut matched, budget);
            if expanded.is_none() {
                let unsure = unsure.get_or_insert_with(|| ActionSet::empty(self.positions));
                self.all_of_service(pattern, unsure);
            }
        }
        if let Some(unsure) = &mut unsure {
            unsure.subtract(&matched);
        }
        Expansion { matched, unsure }
    }

    /// The actions that a statement covers. A service without known actions is in the set of an allow
    /// (`generous`) when the statement may cover any of its actions, and in the set of a deny when it
    /// covers all of them.
    pub(super) fn actions(
        &self,
        element: &ActionElement,
        generous: bool,
        budget: &mut WorkBudget,
    ) -> Expansion {
        let (patterns, negated) = match element {
            ActionElement::Action(patterns) => (patterns, false),
            ActionElement::NotAction(patterns) => (patterns, true),
        };
        let mut expansion = self.expand(patterns.iter(), budget);
        let set = &mut expansion.matched;
        self.set_nameless(set, patterns, generous == negated);
        if negated {
            let mut all = ActionSet::full(self.positions);
            all.subtract(set);
            if let Some(unsure) = &expansion.unsure {
                all.subtract(unsure);
            }
            *set = all;
        }
        expansion
    }

    /// The actions that an element matches, with the services without known actions of which it may match any action. `None`
    /// when the work budget ends first.
    pub(crate) fn matched(
        &self,
        element: &ActionElement,
        budget: &mut WorkBudget,
    ) -> Option<ActionSet> {
        let expansion = self.actions(element, true, budget);
        expansion.unsure.is_none().then_some(expansion.matched)
    }

    /// The positions that one pattern matches, as [`PolicyCompiler::matched`].
    pub(crate) fn matched_by(
        &self,
        pattern: &ActionPattern,
        budget: &mut WorkBudget,
    ) -> Option<ActionSet> {
        self.matched(&ActionElement::Action(vec![pattern.clone()]), budget)
    }

    /// Sets the positions of services without known actions: those that a pattern names, or covers.
    fn set_nameless(&self, set: &mut ActionSet, patterns: &[ActionPattern], is_covered: bool) {
        let first = self.catalog.action_count();
        for position in first..self.positions {
            set.remove(position);
        }
        let counts = |pattern: &&ActionPattern| !is_covered || pattern.name().covers_every_name();
        let mut services = ServiceLookup::new(&self.catalog);
        for pattern in patterns.iter().filter(counts) {
            match pattern.service() {
                None => set.insert_range(first..self.positions),
                Some(_) => {
                    let id = services.find(pattern);
                    let offset = id.and_then(|id| self.nameless.binary_search(&id).ok());
                    if let Some(offset) = offset {
                        set.insert(first + offset);
                    }
                }
            }
        }
    }

    /// The actions without resource types that an `Action` element names without a wildcard.
    pub(super) fn named(&self, element: &ActionElement) -> Option<ActionSet> {
        let ActionElement::Action(patterns) = element else {
            return None;
        };
        let literal = patterns
            .iter()
            .filter(|pattern| pattern.name().as_literal().is_some());
        // Looking up a name spends no budget.
        let mut named = self.expand(literal, &mut WorkBudget::steps(0)).matched;
        named.intersect_with(&self.untyped);
        (!named.is_empty()).then_some(named)
    }
}
