//! Reach: which actions are possible for an identity or a policy, by permission policies alone.
//!
//! The rule is that of AWS's last accessed reports. An action is possible when an allow, with any
//! conditions, covers it on at least one resource that the action can apply to, and denies without
//! conditions do not cover all of these. Permissions boundaries, SCPs, resource-based policies, ACLs,
//! session policies and trust policies do not count. Source: IAM User Guide, "Refine permissions in
//! AWS using last accessed information", and recorded answers of the service.
//!
//! The work is bounded: [`REPORT_STEPS`] for the questions that scoped denies raise about one entity, shared
//! fairly by them, beside what compiling its documents may take. An action whose question is not decided within
//! them counts as possible, and as *undecided*. Steps are counted, not time, so that answers are the same on
//! every machine, and in every order.

mod contest;

use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;
use iam_policy_parser::{ActionElement, PolicyDocument, ResourceElement, Statement, WorkBudget};
use service_catalog::{ActionId, Catalog, ServiceId};

use self::contest::Contest;
use crate::account::{AccountData, EntityId, PolicySource};
use crate::action_set::ActionSet;
use crate::compiled_policy::{COMPILE_STEPS, CompiledPolicy, CompiledStatement, PolicyCompiler};

/// The actions that are possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    actions: ActionSet,
    undecided: ActionSet,
    steps: u64,
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

    /// How many actions, and services without known actions, are only possible because the work budget ended
    /// before that was decided. Zero for all but policies that were made to be expensive.
    #[must_use]
    pub fn undecided(&self) -> usize {
        self.undecided.len()
    }

    /// The work that it took, in steps of a [`WorkBudget`]: compiling the documents, and the questions that their
    /// denies raise. What came from a cache counts as much.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// The bound of [`Reach::steps`].
    pub const MAX_STEPS: u64 = COMPILE_STEPS + REPORT_STEPS;

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

    /// The possible actions of a service that are in a set, sorted by name.
    pub(crate) fn actions_in<'a>(
        &'a self,
        catalog: &'a Catalog,
        service: ServiceId,
        set: &'a ActionSet,
    ) -> impl Iterator<Item = ActionId> + 'a {
        let range = catalog.service(service).action_range();
        self.actions
            .iter_common(set, range)
            .filter_map(|position| catalog.action_at(position))
    }

    /// All possible actions, sorted by namespace and name.
    pub fn actions<'a>(&'a self, catalog: &'a Catalog) -> impl Iterator<Item = ActionId> + 'a {
        self.actions
            .iter()
            .filter_map(|position| catalog.action_at(position))
    }
}

/// Computes reach for the entities of one [`AccountData`]. Compiles every distinct document once, when it is first
/// needed: a report costs what the entity's own policies cost, not what others in the account do.
#[derive(Debug)]
pub struct ReachEngine {
    compiler: PolicyCompiler,
    /// By document id.
    documents: Vec<LazyDocument>,
}

/// A document that is compiled when it is first needed.
#[derive(Debug)]
struct LazyDocument {
    /// How many steps compiling it may take.
    steps: u64,
    compiled: OnceLock<CompiledPolicy>,
}

impl ReachEngine {
    /// Creates the engine for an account's documents.
    #[must_use]
    pub fn new(account: &AccountData, catalog: Arc<Catalog>) -> Self {
        let lazy = |steps| LazyDocument {
            steps,
            compiled: OnceLock::new(),
        };
        Self {
            compiler: PolicyCompiler::new(catalog),
            documents: compile_steps(account).into_iter().map(lazy).collect(),
        }
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
        let documents = documents_of(account, entity);
        let policies: Vec<&CompiledPolicy> = documents
            .iter()
            .filter_map(|index| self.compiled(account, *index))
            .collect();
        reach_of(&self.compiler, &policies)
    }

    /// A document of the account, compiled. `None` for ids of other account data.
    pub(crate) fn compiled(&self, account: &AccountData, index: usize) -> Option<&CompiledPolicy> {
        let (lazy, document) = self
            .documents
            .get(index)
            .zip(account.documents().get(index))?;
        let compile = || self.compiler.compile_within(document, lazy.steps);
        Some(lazy.compiled.get_or_init(compile))
    }
}

/// The documents that count for an entity, without duplicates.
fn documents_of(account: &AccountData, entity: EntityId) -> Vec<usize> {
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
    documents
}

/// The documents of the versions, not in force, of the managed policies of an entity.
fn other_versions_of(account: &AccountData, entity: EntityId) -> impl Iterator<Item = usize> {
    let policies = account.policies_in_effect(entity).into_iter();
    let versions = policies.flat_map(|policy| policy.other_versions);
    versions.filter_map(|version| Some(version.document?.index()))
}

/// How many steps compiling each document may take: together at most [`COMPILE_STEPS`] for the documents
/// of any entity, and other versions of them, shared by size.
fn compile_steps(account: &AccountData) -> Vec<u64> {
    let sizes: Vec<u64> = account
        .documents()
        .iter()
        .map(|document| document_size(document))
        .collect();
    let size = |index: &usize| sizes.get(*index).copied().unwrap_or_default();
    let mut steps = vec![COMPILE_STEPS; sizes.len()];
    for (entity, _) in account.entities() {
        let mut documents = documents_of(account, entity);
        documents.extend(other_versions_of(account, entity));
        documents.sort_unstable();
        documents.dedup();
        let total: u64 = documents.iter().map(size).sum();
        for index in documents {
            let share = COMPILE_STEPS * size(&index) / total.max(1);
            if let Some(steps) = steps.get_mut(index) {
                *steps = share.min(*steps);
            }
        }
    }
    steps
}

/// What is possible under these policies together.
#[must_use]
pub(crate) fn reach_of(compiler: &PolicyCompiler, policies: &[&CompiledPolicy]) -> Reach {
    let (mut actions, contested) = allowed_and_contested(compiler, policies);
    let none = ActionSet::empty(compiler.positions());
    let (mut undecided, mut sure) = (none.clone(), none);
    for policy in policies {
        if let Some(unsure) = &policy.unsure_possible {
            undecided.union_with(unsure);
        }
    }
    if !undecided.is_empty() {
        for policy in policies {
            let mut possible = policy.possible.clone();
            if let Some(unsure) = &policy.unsure_possible {
                possible.subtract(unsure);
            }
            sure.union_with(&possible);
        }
        undecided.subtract(&sure);
    }
    for policy in policies {
        if let Some(unsure) = &policy.unsure_denied {
            undecided.union_with(unsure);
        }
    }
    let mut steps = policies.iter().map(|policy| policy.steps()).sum();
    if !contested.is_empty() {
        let mut budget = WorkBudget::steps(REPORT_STEPS);
        let contest = Contest::new(compiler, policies).decide(&contested, &mut budget);
        actions.subtract(&contest.impossible);
        undecided.union_with(&contest.undecided);
        steps += budget.spent();
    }
    undecided.intersect_with(&actions);
    Reach {
        actions,
        undecided,
        steps,
    }
}

/// What these policies allow and do not deny on every resource.
pub(crate) fn allowed(compiler: &PolicyCompiler, policies: &[&CompiledPolicy]) -> ActionSet {
    let (actions, _) = allowed_and_contested(compiler, policies);
    actions
}

/// What these policies allow and do not deny on every resource, and what of that they deny on some.
fn allowed_and_contested(
    compiler: &PolicyCompiler,
    policies: &[&CompiledPolicy],
) -> (ActionSet, ActionSet) {
    let none = ActionSet::empty(compiler.positions());
    let (mut actions, mut contested) = (none.clone(), none);
    for policy in policies {
        actions.union_with(&policy.possible);
        contested.union_with(&policy.scoped_denied);
    }
    for policy in policies {
        actions.subtract(&policy.denied);
    }
    contested.intersect_with(&actions);
    (actions, contested)
}

/// An allow of some policies, and what it grants.
#[derive(Clone, Debug)]
pub(crate) struct GrantingAllow<'a> {
    /// The index of its policy.
    pub(crate) policy: usize,
    pub(crate) allow: &'a CompiledStatement,
    pub(crate) actions: ActionSet,
}

/// The allows of these policies, each with the actions that it grants: on some resource that no deny covers. What is not decided
/// within the work budget of a report counts as granted.
pub(crate) fn granting_allows<'a>(
    compiler: &PolicyCompiler,
    policies: &[&'a CompiledPolicy],
) -> Vec<GrantingAllow<'a>> {
    let (actions, contested) = allowed_and_contested(compiler, policies);
    let mut budget = WorkBudget::steps(REPORT_STEPS);
    let taken = if contested.is_empty() {
        HashMap::new()
    } else {
        Contest::new(compiler, policies).taken_from_allows(&contested, &mut budget)
    };
    let allows = policies.iter().enumerate().flat_map(|(policy, compiled)| {
        let allows = compiled.allows.iter();
        allows.map(move |allow| (policy, allow))
    });
    let granting = allows.enumerate().map(|(index, (policy, allow))| {
        let mut granted = ActionSet::clone(&allow.actions);
        granted.intersect_with(&actions);
        if let Some(taken) = taken.get(&index) {
            granted.subtract(taken);
        }
        GrantingAllow {
            policy,
            allow,
            actions: granted,
        }
    });
    granting.collect()
}

/// The size of a document for sharing a work budget: the characters of its actions and resources, and a
/// constant for each statement.
fn document_size(document: &PolicyDocument) -> u64 {
    let size = |statement: &Statement| -> usize {
        let (ActionElement::Action(actions) | ActionElement::NotAction(actions)) =
            &statement.actions;
        let actions = actions.iter().map(|pattern| pattern.as_str().len());
        let resources = match &statement.resources {
            Some(ResourceElement::Resource(all) | ResourceElement::NotResource(all)) => &**all,
            None => &[],
        };
        let resources = resources.iter().map(|resource| resource.text.len());
        40 + actions.chain(resources).sum::<usize>()
    };
    document.statements.iter().map(size).sum::<usize>() as u64
}

/// The work budget of the questions of a report.
pub(crate) const REPORT_STEPS: u64 = 3_500_000;
