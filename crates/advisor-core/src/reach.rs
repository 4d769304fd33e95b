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

use std::sync::{Arc, OnceLock};

use hashbrown::HashMap;
use iam_policy_parser::{
    ActionElement, Pattern, PolicyDocument, ResourceElement, Statement, WorkBudget,
    is_anything_left,
};
use service_catalog::{ActionId, Catalog, ServiceId};

use crate::account::{AccountData, EntityId, PolicySource};
use crate::action_set::ActionSet;
use crate::compiled_policy::{COMPILE_STEPS, CompiledPolicy, CompiledStatement, PolicyCompiler};
use crate::statement_resources::Resources;

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

/// How many steps compiling each document may take: together at most [`COMPILE_STEPS`] for the documents
/// of any entity, shared by size.
fn compile_steps(account: &AccountData) -> Vec<u64> {
    let sizes: Vec<u64> = account
        .documents()
        .iter()
        .map(|document| document_size(document))
        .collect();
    let size = |index: &usize| sizes.get(*index).copied().unwrap_or_default();
    let mut steps = vec![COMPILE_STEPS; sizes.len()];
    for (entity, _) in account.entities() {
        let documents = documents_of(account, entity);
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
    let none = ActionSet::empty(compiler.positions());
    let (mut actions, mut contested) = (none.clone(), none.clone());
    let (mut undecided, mut sure) = (none.clone(), none.clone());
    for policy in policies {
        actions.union_with(&policy.possible);
        contested.union_with(&policy.scoped_denied);
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
    for policy in policies {
        actions.subtract(&policy.denied);
    }
    contested.intersect_with(&actions);
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

/// What each question may take at first. Those that need more share what is then left.
const FIRST_STEPS: u64 = 1_000;

/// What a decision costs beside its question: it is looked up, and kept.
const DECISION_STEPS: u64 = 12;

/// Decides the actions that both an allow and a scoped deny cover.
struct Contest<'a> {
    compiler: &'a PolicyCompiler,
    allows: Vec<&'a CompiledStatement>,
    /// The denies with the same actions, in the order of their resources.
    denies: Vec<DenyGroup<'a>>,
}

struct DenyGroup<'a> {
    actions: &'a Arc<ActionSet>,
    denies: Vec<&'a CompiledStatement>,
}

struct Contested {
    impossible: ActionSet,
    undecided: ActionSet,
}

/// Actions that the same statements cover on the same scope: one question.
struct Question {
    positions: Vec<usize>,
    /// The index of the denies that cover them.
    denied: usize,
    /// The allows that cover them and that are not decided yet, with the scope.
    open: Vec<(usize, u32)>,
}

/// What denies cover together. A string is denied if it matches one of `none_of`, or nothing of one of
/// `excepted`.
pub(crate) struct Denied<'a> {
    /// The denies' resources by id, in an order that their content decides.
    pub(crate) ids: Vec<u32>,
    none_of: Vec<&'a Pattern>,
    excepted: Vec<Vec<&'a Pattern>>,
}

impl<'a> Denied<'a> {
    /// What scoped denies cover together; `None` when the work budget ends first.
    pub(crate) fn by(
        mut denies: Vec<&'a CompiledStatement>,
        budget: &mut WorkBudget,
    ) -> Option<Self> {
        // Ids depend on what was compiled first, and how many steps a question takes on the order of the denies.
        denies.sort_by_key(|deny| (deny.resources_hash, deny.resources_id));
        denies.dedup_by_key(|deny| deny.resources_id);
        let mut denied = Self {
            ids: denies.iter().map(|deny| deny.resources_id).collect(),
            none_of: Vec::new(),
            excepted: Vec::new(),
        };
        let mut patterns = 0;
        for deny in denies {
            match &*deny.resources {
                // Compiled to `CompiledPolicy::denied`.
                Resources::All => {}
                Resources::Only(only) => {
                    patterns += only.len();
                    denied.none_of.extend(only);
                }
                Resources::AllBut(but) => {
                    patterns += but.len();
                    denied.excepted.push(but.iter().collect());
                }
            }
        }
        let cost = denied.ids.len() + patterns;
        budget.spend(cost as u64).then_some(denied)
    }
}

impl<'a> Contest<'a> {
    fn new(compiler: &'a PolicyCompiler, policies: &[&'a CompiledPolicy]) -> Self {
        let mut denies: Vec<DenyGroup<'a>> = Vec::new();
        let mut groups: HashMap<u32, usize> = HashMap::new();
        for deny in policies.iter().flat_map(|policy| &policy.scoped_denies) {
            let index = *groups.entry(deny.actions_id).or_insert_with(|| {
                denies.push(DenyGroup {
                    actions: &deny.actions,
                    denies: Vec::new(),
                });
                denies.len() - 1
            });
            if let Some(group) = denies.get_mut(index) {
                group.denies.push(deny);
            }
        }
        Self {
            compiler,
            allows: policies.iter().flat_map(|policy| &policy.allows).collect(),
            denies,
        }
    }

    fn decide(&self, contested: &ActionSet, budget: &mut WorkBudget) -> Contested {
        let mut answer = Contested {
            impossible: ActionSet::empty(self.compiler.positions()),
            undecided: ActionSet::empty(self.compiler.positions()),
        };
        let mut denied = Vec::new();
        let Some(mut open) = self.questions(contested, &mut denied, budget) else {
            answer.undecided = contested.clone();
            return answer;
        };
        // Rounds with a growing share for every question, so that the cheap ones are decided first.
        let mut share = FIRST_STEPS;
        let mut last_share = 0;
        while !open.is_empty() {
            share = share.min(budget.left() / open.len() as u64);
            if share <= last_share {
                break;
            }
            last_share = share;
            open.retain_mut(|question| {
                let Some(denied) = denied.get(question.denied) else {
                    return false;
                };
                let possible = self.ask(question, denied, share, budget);
                if possible == Some(false) {
                    for position in &question.positions {
                        answer.impossible.insert(*position);
                    }
                }
                possible.is_none()
            });
            share *= 8;
        }
        for position in open.iter().flat_map(|question| &question.positions) {
            answer.undecided.insert(*position);
        }
        answer
    }

    /// Groups the contested actions by the statements that cover them; `None` when the work budget ends
    /// first.
    fn questions(
        &self,
        contested: &ActionSet,
        denied: &mut Vec<Denied<'a>>,
        budget: &mut WorkBudget,
    ) -> Option<Vec<Question>> {
        let mut classes = Classes::new(contested, |position| self.compiler.scope_of(position));
        let mut seen: HashMap<u32, ()> = HashMap::new();
        for allow in &self.allows {
            if seen.insert(allow.actions_id, ()).is_none() {
                classes.split(&allow.actions, budget)?;
            }
            for part in [&allow.named, &allow.unsure].into_iter().flatten() {
                classes.split(part, budget)?;
            }
        }
        for group in &self.denies {
            classes.split(group.actions, budget)?;
        }
        let mut questions = Vec::new();
        let mut known: HashMap<Vec<usize>, usize> = HashMap::new();
        for positions in classes.into_classes() {
            let statements = self.allows.len() + self.denies.len();
            if !budget.spend(statements as u64 / 4 + 1) {
                return None;
            }
            let position = *positions.first()?;
            let covering: Vec<usize> = (self.denies.iter().enumerate())
                .filter(|(_, group)| group.actions.contains(position))
                .map(|(index, _)| index)
                .collect();
            let index = match known.get(&covering) {
                Some(index) => *index,
                None => {
                    denied.push(self.denied(&covering, budget)?);
                    known.insert(covering, denied.len() - 1);
                    denied.len() - 1
                }
            };
            let open = (self.allows.iter().enumerate())
                .filter(|(_, allow)| allow.actions.contains(position))
                .map(|(index, allow)| (index, self.compiler.scope_in(allow, position)))
                .collect();
            questions.push(Question {
                positions,
                denied: index,
                open,
            });
        }
        Some(questions)
    }

    /// What groups of denies cover together; `None` when the work budget ends first.
    fn denied(&self, groups: &[usize], budget: &mut WorkBudget) -> Option<Denied<'a>> {
        let denies = groups
            .iter()
            .filter_map(|index| self.denies.get(*index))
            .flat_map(|group| group.denies.iter().copied());
        Denied::by(denies.collect(), budget)
    }

    /// Whether an action is possible: whether one of the open allows has a resource that no deny covers.
    /// Spends at most the share. The answers are cached by resources, so that actions, identities and
    /// policies share them.
    fn ask(
        &self,
        question: &mut Question,
        denied: &Denied<'_>,
        share: u64,
        budget: &mut WorkBudget,
    ) -> Option<bool> {
        let mut own = WorkBudget::steps(share);
        let position = question.positions.first().copied().unwrap_or_default();
        let mut is_possible = false;
        let mut undecided = Vec::new();
        let mut key: Vec<u32> = [0, 0]
            .into_iter()
            .chain(denied.ids.iter().copied())
            .collect();
        for (index, scope) in question.open.drain(..) {
            let Some(allow) = self.allows.get(index) else {
                continue;
            };
            if is_possible || !own.spend(DECISION_STEPS + key.len() as u64 / 16) {
                undecided.push((index, scope));
                continue;
            }
            if let Some(start) = key.first_chunk_mut() {
                *start = [scope, allow.resources_id];
            }
            let decision = self.compiler.decisions().get(&key, own.left(), |budget| {
                is_any_allowed(
                    self.compiler.formats(scope),
                    &allow.resources,
                    denied,
                    budget,
                )
            });
            let is_unsure = allow
                .unsure
                .as_ref()
                .is_some_and(|all| all.contains(position));
            match decision.answer {
                Some(false) => {}
                Some(true) if !is_unsure => is_possible = true,
                _ => undecided.push((index, scope)),
            }
            let _ = own.spend(decision.steps);
        }
        question.open = undecided;
        let _ = budget.spend(own.spent());
        if is_possible {
            Some(true)
        } else {
            question.open.is_empty().then_some(false)
        }
    }
}

/// Sets of positions that no statement distinguishes.
struct Classes {
    /// The class of each contested position.
    class_of: Vec<(usize, u32)>,
    /// The index in `class_of` by position.
    index_of: HashMap<usize, usize>,
    count: u32,
}

impl Classes {
    fn new(contested: &ActionSet, scope: impl Fn(usize) -> u32) -> Self {
        let mut classes: HashMap<u32, u32> = HashMap::new();
        let mut class_of = Vec::new();
        let mut index_of = HashMap::new();
        for position in contested.iter() {
            let next = u32::try_from(classes.len()).unwrap_or(u32::MAX);
            let class = *classes.entry(scope(position)).or_insert(next);
            index_of.insert(position, class_of.len());
            class_of.push((position, class));
        }
        Self {
            count: u32::try_from(classes.len()).unwrap_or(u32::MAX),
            class_of,
            index_of,
        }
    }

    /// Splits each class into what is in the set and what is not; `None` when the work budget ends first.
    fn split(&mut self, set: &ActionSet, budget: &mut WorkBudget) -> Option<()> {
        // Going through the smaller of the set and the contested positions.
        let members = set.len();
        if !budget.spend(members.min(self.class_of.len()) as u64 + 40) {
            return None;
        }
        let mut renamed: HashMap<u32, u32> = HashMap::new();
        let indexes: Vec<usize> = if members < self.class_of.len() {
            (set.iter())
                .filter_map(|position| self.index_of.get(&position).copied())
                .collect()
        } else {
            (self.class_of.iter().enumerate())
                .filter(|(_, (position, _))| set.contains(*position))
                .map(|(index, _)| index)
                .collect()
        };
        for index in indexes {
            if let Some((_, class)) = self.class_of.get_mut(index) {
                *class = *renamed.entry(*class).or_insert_with(|| {
                    self.count += 1;
                    self.count - 1
                });
            }
        }
        Some(())
    }

    /// The positions of each class, ascending; the classes by their first position.
    fn into_classes(self) -> Vec<Vec<usize>> {
        let mut index_of: HashMap<u32, usize> = HashMap::new();
        let mut classes: Vec<Vec<usize>> = Vec::new();
        for (position, class) in self.class_of {
            let index = *index_of.entry(class).or_insert_with(|| {
                classes.push(Vec::new());
                classes.len() - 1
            });
            if let Some(positions) = classes.get_mut(index) {
                positions.push(position);
            }
        }
        classes
    }
}

/// Whether some string of the formats is allowed and not denied; `None` when the work budget ends first.
pub(crate) fn is_any_allowed(
    formats: &[Pattern],
    allowed: &Resources,
    denied: &Denied<'_>,
    budget: &mut WorkBudget,
) -> Option<bool> {
    let own = match allowed {
        Resources::All => 0,
        Resources::Only(patterns) | Resources::AllBut(patterns) => patterns.len(),
    };
    // Listing the patterns costs less than moving a position.
    let listed = own + denied.none_of.len() + denied.excepted.len();
    if !budget.spend(listed as u64 / 4) {
        return None;
    }
    let formats: Vec<&Pattern> = formats.iter().collect();
    let mut all_of: Vec<&[&Pattern]> = vec![&formats];
    all_of.extend(denied.excepted.iter().map(Vec::as_slice));
    let (only, none_of): (Vec<&Pattern>, Vec<&Pattern>);
    let none_of: &[&Pattern] = match allowed {
        Resources::All => &denied.none_of,
        Resources::Only(patterns) => {
            only = patterns.iter().collect();
            all_of.push(&only);
            &denied.none_of
        }
        Resources::AllBut(patterns) => {
            none_of = patterns
                .iter()
                .chain(denied.none_of.iter().copied())
                .collect();
            &none_of
        }
    };
    is_anything_left(&all_of, none_of, budget)
}
