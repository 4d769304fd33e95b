//! The actions of a new statement: those of the old one that must stay.

use hashbrown::{HashMap, HashSet};
use iam_policy_parser::{ActionElement, ActionPattern, WorkBudget};
use service_catalog::{Catalog, Service, ServiceId};

use crate::action_set::ActionSet;
use crate::compiled_policy::PolicyCompiler;

use super::needs::Needs;
use super::options::Wildcards;
use super::outcome::ChangeReason;
use super::short_lists::ShortLists;

/// What becomes of the actions of an allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NewActions {
    /// They stay as they are, for a reason if they could not be made fewer.
    Same(Option<ChangeReason>),
    /// An `Action` list takes their place. Empty: nothing of the statement is needed.
    List(Vec<String>),
}

/// A group of actions that are written together: of one service, granted by one old pattern.
pub(super) struct Part<'a> {
    pub(super) service: ServiceId,
    /// The old pattern; `None` for what a `NotAction` leaves.
    pub(super) old: Option<&'a ActionPattern>,
    /// The positions to keep.
    pub(super) kept: Vec<usize>,
}

/// One entry of a new list.
pub(super) enum Entry<'a> {
    /// As it is written in the policy, or a whole service.
    Text(String),
    /// Actions of a service.
    Part(Part<'a>),
}

/// Finds the actions of an allow that must stay: of its element, given with those that can apply to its resources. `None` when the work
/// budget ends first.
pub(super) fn new_actions<'a>(
    compiler: &PolicyCompiler,
    (element, applicable): (&'a ActionElement, &ActionSet),
    needs: &Needs,
    budget: &mut WorkBudget,
) -> Option<Result<Vec<Entry<'a>>, ChangeReason>> {
    let rewriting = Rewriting {
        compiler,
        catalog: compiler.catalog(),
        needs,
        applicable,
    };
    let entries = match element {
        ActionElement::Action(patterns) => rewriting.of_patterns(patterns, budget)?,
        ActionElement::NotAction(patterns) => rewriting.of_rest(patterns),
    };
    Some(entries.map(|mut entries| {
        let names = needs.marked_names_in(element);
        entries.extend(names.map(|name| Entry::Text(name.as_str().to_owned())));
        entries
    }))
}

struct Rewriting<'a> {
    compiler: &'a PolicyCompiler,
    catalog: &'a Catalog,
    needs: &'a Needs,
    applicable: &'a ActionSet,
}

impl Rewriting<'_> {
    /// The entries for an `Action` element.
    fn of_patterns<'p>(
        &self,
        patterns: &'p [ActionPattern],
        budget: &mut WorkBudget,
    ) -> Option<Result<Vec<Entry<'p>>, ChangeReason>> {
        let mut entries = Vec::new();
        let mut written = ActionSet::empty(self.compiler.positions());
        for pattern in patterns {
            if pattern.service().is_none()
                && let Some(source) = &self.needs.unknown_source
            {
                let source = source.clone();
                return Some(Err(ChangeReason::UnknownEventSource { source }));
            }
            let mut matched = self.compiler.matched_by(pattern, budget)?;
            if pattern.service().is_none() {
                matched.intersect_with(self.applicable);
            }
            self.push(pattern, &matched, &mut written, &mut entries);
        }
        Some(Ok(entries))
    }

    /// Adds what must stay of a pattern, unless it is written already.
    fn push<'p>(
        &self,
        pattern: &'p ActionPattern,
        matched: &ActionSet,
        written: &mut ActionSet,
        entries: &mut Vec<Entry<'p>>,
    ) {
        let Some(namespace) = pattern.service() else {
            let services = self.catalog.services();
            entries.extend(services.filter_map(|(id, service)| {
                let entry = self.of_service(id, service, Some(pattern), matched, written)?;
                Some(self.by_service(service, matched, entry))
            }));
            return;
        };
        let known = self.catalog.service_by_namespace(namespace);
        let is_whole = known.is_some_and(|id| self.is_whole(id));
        // Nothing is known of what it matches, or of what was used of the service.
        if matched.is_empty() || is_whole {
            entries.push(Entry::Text(pattern.as_str().to_owned()));
            return;
        }
        let Some(id) = known else { return };
        let service = self.catalog.service(id);
        if service.action_range().is_empty() {
            let position = self.compiler.position_of_service(id);
            if position.is_some_and(|position| self.needs.keep.contains(position)) {
                entries.push(Entry::Text(pattern.as_str().to_owned()));
            }
            return;
        }
        let range = service.action_range();
        if self.needs.is_by_service && self.keeps_all(matched, range) {
            entries.push(Entry::Text(pattern.as_str().to_owned()));
            return;
        }
        entries.extend(self.of_service(id, service, Some(pattern), matched, written));
    }

    /// The entries for what a `NotAction` element leaves.
    fn of_rest<'p>(&self, patterns: &'p [ActionPattern]) -> Result<Vec<Entry<'p>>, ChangeReason> {
        if let Some(source) = &self.needs.unknown_source {
            let source = source.clone();
            return Err(ChangeReason::UnknownEventSource { source });
        }
        let names = |namespace: &str| {
            let mut patterns = patterns.iter();
            patterns.any(|pattern| pattern.names_service(namespace))
        };
        let matched = self.applicable;
        let mut written = ActionSet::empty(self.compiler.positions());
        let mut entries = Vec::new();
        for (id, service) in self.catalog.services() {
            let namespace = service.namespace();
            let is_kept_by_name = self.is_whole(id) || service.action_range().is_empty();
            if is_kept_by_name && names(namespace) {
                let covers = |pattern: &ActionPattern| pattern.covers_service(namespace);
                if patterns.iter().any(covers) {
                    continue;
                }
                let service = namespace.into();
                return Err(ChangeReason::NotActionOfUnknown { service });
            }
            let entry = self.of_service(id, service, None, matched, &mut written);
            entries.extend(entry.map(|entry| {
                if names(namespace) {
                    entry
                } else {
                    self.by_service(service, matched, entry)
                }
            }));
        }
        Ok(entries)
    }

    /// What stays of a service of which the old actions are all: by service, all of it.
    fn by_service<'p>(
        &self,
        service: &Service,
        matched: &ActionSet,
        entry: Entry<'p>,
    ) -> Entry<'p> {
        let is_all = || self.keeps_all(matched, service.action_range());
        match entry {
            Entry::Part(_) if self.needs.is_by_service && is_all() => {
                Entry::Text(format!("{}:*", service.namespace()))
            }
            entry => entry,
        }
    }

    /// Whether something of a service is matched, and all of that must stay.
    fn keeps_all(&self, matched: &ActionSet, range: std::ops::Range<usize>) -> bool {
        let mut of_service = matched.iter_range(range).peekable();
        of_service.peek().is_some() && of_service.all(|at| self.needs.keep.contains(at))
    }

    /// What must stay of one service.
    fn of_service<'p>(
        &self,
        id: ServiceId,
        service: &Service,
        old: Option<&'p ActionPattern>,
        matched: &ActionSet,
        written: &mut ActionSet,
    ) -> Option<Entry<'p>> {
        let whole = || Some(Entry::Text(format!("{}:*", service.namespace())));
        let range = service.action_range();
        if range.is_empty() {
            let position = self.compiler.position_of_service(id)?;
            let is_kept = matched.contains(position) && self.needs.keep.contains(position);
            return if is_kept { whole() } else { None };
        }
        if self.is_whole(id) {
            return whole();
        }
        let kept = matched.iter_common(&self.needs.keep, range);
        let kept: Vec<usize> = kept.filter(|at| !written.contains(*at)).collect();
        for position in &kept {
            written.insert(*position);
        }
        (!kept.is_empty()).then_some(Entry::Part(Part {
            service: id,
            old,
            kept,
        }))
    }

    fn is_whole(&self, service: ServiceId) -> bool {
        self.needs.whole_services.binary_search(&service).is_ok()
    }
}

/// What a name takes that is written.
const NAME_STEPS: u64 = 32;

/// Writes the entries of a statement, given with its position, as a list. What old patterns of one service leave is written together, in the place of the first of them.
/// `None` when the work budget ends first.
pub(super) fn written(
    catalog: &Catalog,
    entries: &[Entry<'_>],
    old: (usize, &ActionElement),
    (wildcards, lists): (Wildcards, &ShortLists),
    budget: &mut WorkBudget,
) -> Option<Vec<String>> {
    let mut list: Vec<String> = Vec::new();
    let mut by_service = match wildcards {
        Wildcards::None => HashMap::new(),
        _ => kept_by_service(entries),
    };
    for entry in entries {
        let part = match entry {
            Entry::Text(text) => {
                list.push(text.clone());
                continue;
            }
            Entry::Part(part) => part,
        };
        if wildcards == Wildcards::None {
            // A name stays as it is written in the policy.
            let old_name = part.old.filter(|old| old.name().as_literal().is_some());
            if let Some(old_name) = old_name {
                list.push(old_name.as_str().to_owned());
                continue;
            }
        }
        let kept = match wildcards {
            Wildcards::None => part.kept.clone(),
            _ => match by_service.remove(&part.service) {
                Some(kept) => kept,
                None => continue,
            },
        };
        if !budget.spend(NAME_STEPS * kept.len() as u64) {
            return None;
        }
        let kept = kept.iter().filter_map(|at| catalog.action_at(*at));
        list.extend(lists.get(catalog, old, kept.collect(), wildcards, budget)?);
    }
    let mut seen = HashSet::new();
    list.retain(|text| seen.insert(text.to_ascii_lowercase()));
    Some(list)
}

/// The positions that are kept of each service, in order.
fn kept_by_service(entries: &[Entry<'_>]) -> HashMap<ServiceId, Vec<usize>> {
    let mut by_service: HashMap<ServiceId, Vec<usize>> = HashMap::new();
    for entry in entries {
        if let Entry::Part(part) = entry {
            let kept = by_service.entry(part.service).or_default();
            kept.extend(&part.kept);
        }
    }
    for kept in by_service.values_mut() {
        kept.sort_unstable();
        kept.dedup();
    }
    by_service
}
