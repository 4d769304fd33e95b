//! Reach: which actions are possible for an identity or a policy, by permission policies alone.
//!
//! The rule is that of AWS's last accessed reports. An action is possible when an allow, whatever its
//! conditions, covers it on at least one resource that the action can apply to, and denies without
//! conditions do not cover all of these. Permissions boundaries, SCPs, resource-based policies, ACLs,
//! session policies and trust policies do not count. Source: IAM User Guide, "Refine permissions in
//! AWS using last accessed information", and recorded answers of the service.

use std::sync::Arc;

use iam_policy_parser::{Pattern, WorkBudget, overlaps, residue};
use rayon::prelude::*;
use service_catalog::{ActionId, Catalog, ServiceId};

use crate::account::{AccountData, EntityId, PolicySource};
use crate::action_set::ActionSet;
use crate::compiled_policy::{CompiledPolicy, CompiledStatement, PolicyCompiler, Resources};

/// The actions that are possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    actions: ActionSet,
}

impl Reach {
    /// The services of which an action is possible, sorted by namespace.
    #[must_use]
    pub fn services(&self, catalog: &Catalog) -> Vec<ServiceId> {
        let mut services: Vec<ServiceId> = Vec::new();
        // These have the last positions, in this order.
        let mut without_actions = catalog
            .services()
            .filter(|(_, service)| service.action_range().is_empty())
            .zip(catalog.action_count()..);
        for position in self.actions.iter() {
            let service = match catalog.action_at(position) {
                Some(action) => Some(catalog.action(action).service()),
                None => without_actions
                    .find(|(_, at)| *at == position)
                    .map(|((id, _), _)| id),
            };
            if service != services.last().copied() {
                services.extend(service);
            }
        }
        services.sort_unstable();
        services
    }

    /// Whether the action is possible.
    #[must_use]
    pub fn contains(&self, action: ActionId) -> bool {
        self.actions.contains(action.index())
    }

    /// The possible actions of a service, sorted by name.
    pub fn actions_of<'a>(
        &'a self,
        catalog: &'a Catalog,
        service: ServiceId,
    ) -> impl Iterator<Item = ActionId> + 'a {
        let range = catalog.service(service).action_range();
        self.actions
            .iter_range(range)
            .filter_map(|position| catalog.action_at(position))
    }

    /// All possible actions, sorted by namespace and name.
    pub fn actions<'a>(&'a self, catalog: &'a Catalog) -> impl Iterator<Item = ActionId> + 'a {
        self.actions
            .iter()
            .filter_map(|position| catalog.action_at(position))
    }
}

/// Computes reach for the entities of one [`AccountData`]. Compiles every distinct document once.
#[derive(Debug)]
pub struct ReachEngine {
    compiler: PolicyCompiler,
    /// By document id.
    compiled: Vec<CompiledPolicy>,
}

impl ReachEngine {
    /// Compiles the account's documents.
    #[must_use]
    pub fn new(account: &AccountData, catalog: Arc<Catalog>) -> Self {
        let compiler = PolicyCompiler::new(catalog);
        let compiled = account
            .documents()
            .par_iter()
            .map(|document| compiler.compile(document))
            .collect();
        Self { compiler, compiled }
    }

    /// The compiler of the documents.
    #[must_use]
    pub fn compiler(&self) -> &PolicyCompiler {
        &self.compiler
    }

    /// The reach of an entity: of a user by its own and its groups' policies, of a group or role by its
    /// own policies, of a managed policy by itself.
    #[must_use]
    pub fn reach(&self, account: &AccountData, entity: EntityId) -> Reach {
        let mut documents: Vec<usize> = account
            .policies_in_effect(entity)
            .iter()
            .filter_map(|policy| match policy.document {
                PolicySource::Document(id) => Some(id.index()),
                PolicySource::NotEvaluated(_) => None,
            })
            .collect();
        documents.sort_unstable();
        documents.dedup();
        let policies: Vec<&CompiledPolicy> = documents
            .iter()
            .filter_map(|index| self.compiled.get(*index))
            .collect();
        reach_of(&self.compiler, &policies)
    }
}

/// What is possible under these policies together.
#[must_use]
pub(crate) fn reach_of(compiler: &PolicyCompiler, policies: &[&CompiledPolicy]) -> Reach {
    let mut actions = ActionSet::empty(compiler.positions());
    let mut contested = actions.clone();
    for policy in policies {
        actions.union_with(&policy.possible);
        contested.union_with(&policy.scoped_denied);
    }
    for policy in policies {
        actions.subtract(&policy.denied);
    }
    contested.intersect_with(&actions);
    if !contested.is_empty() {
        let impossible = Contest::new(compiler, policies).impossible(&contested);
        for position in impossible {
            actions.remove(position);
        }
    }
    Reach { actions }
}

/// Decides the actions that both an allow and a scoped deny cover.
struct Contest<'a> {
    compiler: &'a PolicyCompiler,
    allows: Vec<&'a CompiledStatement>,
    denies: Vec<&'a CompiledStatement>,
}

impl<'a> Contest<'a> {
    fn new(compiler: &'a PolicyCompiler, policies: &[&'a CompiledPolicy]) -> Self {
        let mut denies: Vec<_> = policies
            .iter()
            .flat_map(|policy| &policy.scoped_denies)
            .collect();
        // Sorted, so that the same denies give the same key.
        denies.sort_by_key(|deny| deny.resources_id);
        Self {
            compiler,
            allows: policies.iter().flat_map(|policy| &policy.allows).collect(),
            denies,
        }
    }

    /// The contested actions that are not possible on any resource.
    fn impossible(&self, contested: &ActionSet) -> Vec<usize> {
        let mut key: Vec<u32> = Vec::new();
        contested
            .iter()
            .filter(|position| !self.is_possible(*position, &mut key))
            .collect()
    }

    /// Whether one of the allows of an action has a resource that no deny covers. The answers are cached
    /// by resources, so that actions, identities and policies share them.
    fn is_possible(&self, position: usize, key: &mut Vec<u32>) -> bool {
        let covers = |statement: &&&CompiledStatement| statement.actions.contains(position);
        // The scope and the allow's resources, which are set below, then the denies' resources.
        key.clear();
        key.extend([0, 0]);
        for deny in self.denies.iter().filter(covers) {
            if key.len() == 2 || key.last() != Some(&deny.resources_id) {
                key.push(deny.resources_id);
            }
        }
        self.allows.iter().filter(covers).any(|allow| {
            let scope = self.compiler.scope_in(allow, position);
            if let Some(start) = key.first_chunk_mut() {
                *start = [scope, allow.resources_id];
            }
            self.compiler.decisions().get(key, || {
                let denies = self
                    .denies
                    .iter()
                    .filter(covers)
                    .map(|deny| &*deny.resources);
                is_anything_left(self.compiler.formats(scope), &allow.resources, denies)
            })
        })
    }
}

/// Whether some string of the formats is allowed and not denied.
fn is_anything_left<'a>(
    formats: &[Pattern],
    allowed: &Resources,
    denies: impl Iterator<Item = &'a Resources>,
) -> bool {
    let formats: Vec<&Pattern> = formats.iter().collect();
    // A string is denied if it matches one of these patterns, or none of one of these groups.
    let mut none_of: Vec<&Pattern> = Vec::new();
    let mut excepted: Vec<Vec<&Pattern>> = Vec::new();
    for deny in denies {
        match deny {
            Resources::All => return false,
            Resources::Only(patterns) => none_of.extend(
                // A pattern that matches no format denies nothing.
                patterns
                    .iter()
                    .filter(|p| formats.iter().any(|format| overlaps(p, format))),
            ),
            Resources::AllBut(patterns) => excepted.push(patterns.iter().collect()),
        }
    }
    let mut all_of: Vec<&[&Pattern]> = vec![&formats];
    all_of.extend(excepted.iter().map(Vec::as_slice));
    let only: Vec<&Pattern>;
    match allowed {
        Resources::All => {}
        Resources::Only(patterns) => {
            only = patterns.iter().collect();
            all_of.push(&only);
        }
        Resources::AllBut(patterns) => none_of.extend(patterns),
    }
    residue(&all_of, &none_of, &mut WorkBudget::default()).is_possible()
}
