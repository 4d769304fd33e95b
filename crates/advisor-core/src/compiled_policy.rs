//! Policy documents compiled against a catalog: the actions and resources that each statement covers.
//!
//! A *position* of an [`ActionSet`] is an action of the catalog or, after these, a service whose
//! actions the catalog does not know. A *scope* is what an action can apply to: the ARN formats of its
//! resource types; for an action without resource types the string `*`, and ARNs of its service with
//! nothing but `*` as their resource; for a service without known actions the string `*` and every ARN
//! of the service. Actions of one scope are decided together.
//!
//! AWS's service reference lacks the resource types of some actions: AWS documents
//! `ssmmessages:OpenDataChannel` on ARNs of sessions, and `s3:ListAllMyBuckets` on `arn:aws:s3:::*`.
//! So that no permission is wrongly called impossible, an allow that names an action without resource
//! types, without a wildcard, covers it on any resource.
//!
//! The work is bounded, in steps of a [`WorkBudget`] ([`COMPILE_STEPS`]); statements share what their document
//! may take. What is not decided within it counts for an allow and not for a deny, and is *unsure*.

mod action_expansion;

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use iam_policy_parser::{
    Effect, Pattern, PolicyDocument, ResourceElement, ResourcePattern, Statement, Token,
    WorkBudget, is_anything_left, overlaps_within,
};
use service_catalog::{ActionId, Catalog, ServiceId};

use crate::action_set::ActionSet;
use crate::decisions::Decisions;
use crate::interner::Interner;
use crate::patterns_by_service::{ByService, arn_service};
use crate::scope_formats::{formats, untyped_formats};
use crate::statement_resources::{Resources, allowed_resources, denied_resources};

/// Compiles policy documents against a catalog.
#[derive(Debug)]
pub struct PolicyCompiler {
    catalog: Arc<Catalog>,
    /// Action names in lower case, by position.
    names: Vec<Box<str>>,
    /// The services without known actions, in the order of their positions.
    nameless: Vec<ServiceId>,
    scope_of: Vec<u32>,
    scopes: Vec<Vec<Pattern>>,
    /// The scope that every string is in.
    any_scope: u32,
    /// The actions without resource types.
    untyped: ActionSet,
    positions: usize,
    /// Positions, sorted by service and name in lower case.
    sorted: Vec<usize>,
    /// The positions of each scope, ascending.
    positions_of: Vec<Vec<usize>>,
    /// The service part of each format of each scope; `None` when it is open.
    services_of: Vec<Vec<Option<u32>>>,
    /// The index of each service part.
    arn_services: HashMap<Box<str>, u32>,
    /// The scopes with a format of each service part, and those with an open one.
    scopes_of: Vec<Vec<u32>>,
    open_scopes: Vec<u32>,
    /// Equal resources of different statements have the same id.
    resource_ids: Interner<Resources>,
    action_ids: Interner<ActionSet>,
    decisions: Decisions,
}

/// The work budget for compiling the documents of an identity. AWS-managed policies need at most a
/// seventh of it.
pub(crate) const COMPILE_STEPS: u64 = 2_500_000;

/// What the sets of actions of a statement cost.
const STATEMENT_STEPS: u64 = 200;

/// What a resource costs beside its characters: it is copied, and its service is looked up.
const RESOURCE_STEPS: u64 = 16;

/// What a scope costs beside its positions and formats.
const SCOPE_STEPS: u64 = 2;

/// A compiled policy document.
#[derive(Clone, Debug)]
pub struct CompiledPolicy {
    /// The statements that allow actions.
    pub(crate) allows: Vec<CompiledStatement>,
    /// The denies without conditions that cover some resources only.
    pub(crate) scoped_denies: Vec<CompiledStatement>,
    /// What is allowed on some resource, before any deny.
    pub(crate) possible: ActionSet,
    /// What is denied on every resource, without conditions.
    pub(crate) denied: ActionSet,
    /// What the scoped denies cover.
    pub(crate) scoped_denied: ActionSet,
    /// What is in `possible` only because the work budget ended.
    pub(crate) unsure_possible: Option<ActionSet>,
    /// What a deny may cover, and is not counted as covered because the work budget ended.
    pub(crate) unsure_denied: Option<ActionSet>,
    /// The work that compiling took.
    steps: u64,
}

impl CompiledPolicy {
    /// The work that compiling took, in steps of a [`WorkBudget`].
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// Whether an answer may be "possible" only because the work budget of the document ended.
    #[must_use]
    pub fn is_undecided(&self) -> bool {
        self.unsure_possible.is_some() || self.unsure_denied.is_some()
    }
}

/// The actions that patterns match.
struct Expansion {
    matched: ActionSet,
    /// What they may match besides: the work budget ended first.
    unsure: Option<ActionSet>,
}

/// A compiled statement.
#[derive(Clone, Debug)]
pub(crate) struct CompiledStatement {
    /// Its position in the document.
    pub(crate) index: usize,
    pub(crate) actions: Arc<ActionSet>,
    /// Equal for equal actions.
    pub(crate) actions_id: u32,
    /// In an allow: the actions without resource types that it names without a wildcard, if any.
    pub(crate) named: Option<ActionSet>,
    /// In an allow: the actions that are in it only because the work budget ended, if any.
    pub(crate) unsure: Option<ActionSet>,
    pub(crate) resources: Arc<Resources>,
    /// Equal for equal resources.
    pub(crate) resources_id: u32,
    /// A hash of the resources, the same in every run.
    pub(crate) resources_hash: u64,
}

impl PolicyCompiler {
    /// Creates a compiler for a catalog.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>) -> Self {
        let nameless: Vec<ServiceId> = catalog
            .services()
            .filter(|(_, service)| service.action_range().is_empty())
            .map(|(id, _)| id)
            .collect();
        let positions = catalog.action_count() + nameless.len();

        let mut scopes: Vec<Vec<Pattern>> = Vec::new();
        let mut known: HashMap<(Option<ServiceId>, Vec<usize>), u32> = HashMap::new();
        let mut scope_of = Vec::with_capacity(positions);
        let mut untyped = ActionSet::empty(positions);
        for (id, action) in catalog.actions() {
            let types = action.resource_types();
            if types.is_empty() {
                untyped.insert(id.index());
            }
            let service = types.is_empty().then(|| action.service());
            let key = (service, types.iter().map(|id| id.index()).collect());
            let scope = *known.entry(key).or_insert_with(|| {
                scopes.push(match service {
                    Some(service) => untyped_formats(catalog.service(service).namespace()),
                    None => formats(&catalog, types),
                });
                small(scopes.len() - 1)
            });
            scope_of.push(scope);
        }
        for id in &nameless {
            let namespace = catalog.service(*id).namespace();
            scope_of.push(small(scopes.len()));
            let arns = Pattern::arn_format(&format!("arn:*:{namespace}:*:*:*"));
            scopes.push(vec![Pattern::literal("*"), arns]);
        }
        let any_scope = small(scopes.len());
        scopes.push(vec![Pattern::wildcard("*")]);
        let names: Vec<Box<str>> = catalog
            .actions()
            .map(|(_, action)| action.name().to_ascii_lowercase().into())
            .collect();
        let mut sorted: Vec<usize> = (0..names.len()).collect();
        for (_, service) in catalog.services() {
            if let Some(of_service) = sorted.get_mut(service.action_range()) {
                of_service.sort_unstable_by_key(|position| names.get(*position));
            }
        }
        let mut positions_of: Vec<Vec<usize>> = vec![Vec::new(); scopes.len()];
        for (position, scope) in scope_of.iter().enumerate() {
            if let Some(of_scope) = positions_of.get_mut(*scope as usize) {
                of_scope.push(position);
            }
        }
        let mut arn_services: HashMap<Box<str>, u32> = HashMap::new();
        let (mut services_of, mut scopes_of) = (Vec::new(), Vec::<Vec<u32>>::new());
        let mut open_scopes = Vec::new();
        for (scope, formats) in (0..).zip(&scopes) {
            let mut services = Vec::new();
            for format in formats {
                if matches!(format.tokens().first(), Some(Token::Char(first)) if *first != 'a') {
                    // No ARN, so no pattern of a service's ARNs overlaps it.
                    services.push(Some(u32::MAX));
                    continue;
                }
                let Some(service) = arn_service(format) else {
                    services.push(None);
                    open_scopes.push(scope);
                    continue;
                };
                let next = small(arn_services.len());
                let index = *arn_services.entry(service.into()).or_insert(next);
                if index == next {
                    scopes_of.push(Vec::new());
                }
                if let Some(scopes) = scopes_of.get_mut(index as usize) {
                    scopes.push(scope);
                }
                services.push(Some(index));
            }
            services_of.push(services);
        }
        open_scopes.retain(|scope| *scope != any_scope);
        Self {
            catalog,
            positions_of,
            services_of,
            arn_services,
            scopes_of,
            open_scopes,
            names,
            nameless,
            scope_of,
            scopes,
            any_scope,
            untyped,
            positions,
            sorted,
            resource_ids: Interner::default(),
            action_ids: Interner::default(),
            decisions: Decisions::default(),
        }
    }

    /// The catalog that the positions belong to.
    #[must_use]
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The number of positions of this compiler's sets.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// The action at a position; `None` for a service without known actions.
    #[must_use]
    pub fn action_at(&self, position: usize) -> Option<ActionId> {
        self.catalog.action_at(position)
    }

    /// The scope of a position.
    pub(crate) fn scope_of(&self, position: usize) -> u32 {
        self.scope(None, position)
    }

    /// The scope of a position in an allow.
    pub(crate) fn scope_in(&self, allow: &CompiledStatement, position: usize) -> u32 {
        self.scope(allow.named.as_ref(), position)
    }

    fn scope(&self, named: Option<&ActionSet>, position: usize) -> u32 {
        if named.is_some_and(|named| named.contains(position)) {
            return self.any_scope;
        }
        self.scope_of.get(position).copied().unwrap_or_default()
    }

    /// The formats of the resources of a scope.
    pub(crate) fn formats(&self, scope: u32) -> &[Pattern] {
        self.scopes.get(scope as usize).map_or(&[], Vec::as_slice)
    }

    /// The position of a service without known actions.
    pub(crate) fn position_of_service(&self, service: ServiceId) -> Option<usize> {
        let offset = self.nameless.binary_search(&service).ok()?;
        Some(self.catalog.action_count() + offset)
    }

    /// Compiles a document.
    #[must_use]
    pub fn compile(&self, document: &PolicyDocument) -> CompiledPolicy {
        self.compile_within(document, COMPILE_STEPS)
    }

    /// Compiles a document within a number of steps.
    pub(crate) fn compile_within(&self, document: &PolicyDocument, steps: u64) -> CompiledPolicy {
        let mut compiled = CompiledPolicy {
            allows: Vec::new(),
            scoped_denies: Vec::new(),
            possible: ActionSet::empty(self.positions),
            denied: ActionSet::empty(self.positions),
            scoped_denied: ActionSet::empty(self.positions),
            unsure_possible: None,
            unsure_denied: None,
            steps: 0,
        };
        // Only what is sure, until the last statement.
        let mut unsure = ActionSet::empty(self.positions);
        let statements = document.statements.iter().enumerate();
        for (index, statement) in statements {
            let statements_left = (document.statements.len() - index) as u64;
            // An eighth, so that the first of many statements is not held to an equal share.
            let mut budget = WorkBudget::steps((steps - compiled.steps) / statements_left.min(8));
            // When nothing is left, what a statement costs in any case is not worth stopping for.
            let _ = budget.spend(statement_steps(statement));
            match statement.effect {
                Effect::Allow => {
                    let to = (&mut compiled, &mut unsure);
                    self.compile_allow(index, statement, to, &mut budget);
                }
                // A deny with a condition does not apply to every request, so it removes nothing.
                Effect::Deny if statement.condition.is_none() => {
                    self.compile_deny(index, statement, &mut compiled, &mut budget);
                }
                Effect::Deny => {}
            }
            compiled.steps += budget.spent();
        }
        unsure.subtract(&compiled.possible);
        compiled.possible.union_with(&unsure);
        compiled.unsure_possible = (!unsure.is_empty()).then_some(unsure);
        compiled
    }

    /// A condition of an allow counts as met, as recorded answers of IAM show.
    fn compile_allow(
        &self,
        index: usize,
        statement: &Statement,
        (compiled, unsure): (&mut CompiledPolicy, &mut ActionSet),
        budget: &mut WorkBudget,
    ) {
        let Some(resources) = allowed_resources(statement.resources.as_ref()) else {
            return;
        };
        let mut actions = self.actions(&statement.actions, true, budget);
        let named = self.named(&statement.actions);
        if resources != Resources::All {
            actions = self.reachable(&actions, named.as_ref(), &resources, budget);
        }
        let Expansion {
            matched: sure,
            unsure: own,
        } = actions;
        let mut actions = sure.clone();
        if let Some(own) = &own {
            actions.union_with(own);
        }
        compiled.possible.union_with(&sure);
        if let Some(own) = &own {
            unsure.union_with(own);
        }
        compiled.allows.push(CompiledStatement {
            unsure: own,
            ..self.statement(index, actions, named, resources)
        });
    }

    fn statement(
        &self,
        index: usize,
        actions: ActionSet,
        named: Option<ActionSet>,
        resources: Resources,
    ) -> CompiledStatement {
        let (actions, actions_id) = self.action_ids.intern(actions);
        let resources_hash = FixedState::default().hash_one(&resources);
        let (resources, resources_id) = self.resource_ids.intern(resources);
        CompiledStatement {
            index,
            actions,
            actions_id,
            named,
            unsure: None,
            resources,
            resources_id,
            resources_hash,
        }
    }

    pub(crate) fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    /// The actions that can apply to one of the resources.
    fn reachable(
        &self,
        actions: &Expansion,
        named: Option<&ActionSet>,
        resources: &Resources,
        budget: &mut WorkBudget,
    ) -> Expansion {
        let none = ActionSet::empty(self.positions);
        let sure = &actions.matched;
        let unsure = actions.unsure.as_ref().unwrap_or(&none);
        let (patterns, is_negated) = match resources {
            Resources::All => (&[][..], true),
            Resources::Only(patterns) => (&**patterns, false),
            Resources::AllBut(patterns) => (&**patterns, true),
        };
        let by_service = ByService::new(patterns, &self.arn_services);
        let asked = self.scopes_reached_by(&by_service);
        let positions = || asked.iter().flat_map(|scope| self.positions_in(*scope));
        // The scopes that are not asked share no string with any of the patterns.
        let (mut reached, mut maybe) = (none.clone(), none.clone());
        let are_all_asked = !by_service.open.is_empty();
        let count = if are_all_asked {
            self.positions
        } else {
            positions().count()
        };
        if !budget.spend(count as u64 / 2 + SCOPE_STEPS * asked.len() as u64) {
            maybe.union_with(sure);
            maybe.union_with(unsure);
            return Expansion {
                matched: reached,
                unsure: Some(maybe),
            };
        }
        if is_negated && !are_all_asked {
            reached = sure.clone();
            maybe = unsure.clone();
            for position in positions() {
                reached.remove(*position);
                maybe.remove(*position);
            }
        }
        for scope in asked {
            let mut positions = self
                .positions_in(scope)
                .iter()
                .filter(|position| sure.contains(**position) || unsure.contains(**position))
                .peekable();
            if positions.peek().is_none() {
                continue;
            }
            let reaches = self.reaches(resources, &by_service, scope, budget);
            for position in positions {
                match reaches {
                    Some(false) => {}
                    Some(true) if sure.contains(*position) => reached.insert(*position),
                    _ => maybe.insert(*position),
                }
            }
        }
        if let Some(named) = named {
            let reaches = self.reaches(resources, &by_service, self.any_scope, budget);
            for position in named.iter().filter(|position| sure.contains(*position)) {
                reached.remove(position);
                maybe.remove(position);
                match reaches {
                    Some(false) => {}
                    Some(true) => reached.insert(position),
                    None => maybe.insert(position),
                }
            }
        }
        Expansion {
            matched: reached,
            unsure: (!maybe.is_empty()).then_some(maybe),
        }
    }

    /// Those of some actions that can apply to one of the resources of an allow. `None` when the work budget ends first.
    pub(crate) fn applicable(
        &self,
        actions: &ActionSet,
        resources: Option<&ResourceElement>,
        budget: &mut WorkBudget,
    ) -> Option<ActionSet> {
        let Some(resources) = allowed_resources(resources) else {
            return Some(ActionSet::empty(self.positions));
        };
        let actions = Expansion {
            matched: actions.clone(),
            unsure: None,
        };
        let reached = self.reachable(&actions, None, &resources, budget);
        reached.unsure.is_none().then_some(reached.matched)
    }

    fn positions_in(&self, scope: u32) -> &[usize] {
        self.positions_of.get(scope as usize).map_or(&[], |all| all)
    }

    /// Whether a resource of the scope is among `resources`; `None` when the work budget ends first.
    fn reaches(
        &self,
        resources: &Resources,
        by_service: &ByService<'_>,
        scope: u32,
        budget: &mut WorkBudget,
    ) -> Option<bool> {
        let formats = self.formats(scope);
        match resources {
            Resources::All => Some(true),
            Resources::Only(_) => {
                let services = self.services_of.get(scope as usize)?;
                for (format, service) in formats.iter().zip(services) {
                    for pattern in by_service.relevant(*service) {
                        if overlaps_within(pattern, format, budget)? {
                            return Some(true);
                        }
                    }
                }
                Some(false)
            }
            Resources::AllBut(_) => {
                let formats: Vec<&Pattern> = formats.iter().collect();
                is_anything_left(&[&formats], &by_service.all, budget)
            }
        }
    }

    fn compile_deny(
        &self,
        index: usize,
        statement: &Statement,
        compiled: &mut CompiledPolicy,
        budget: &mut WorkBudget,
    ) {
        let Some(resources) = denied_resources(statement.resources.as_ref()) else {
            return;
        };
        let Expansion {
            matched: actions,
            unsure,
        } = self.actions(&statement.actions, false, budget);
        if let Some(unsure) = unsure {
            compiled
                .unsure_denied
                .get_or_insert_with(|| ActionSet::empty(self.positions))
                .union_with(&unsure);
        }
        if resources == Resources::All {
            compiled.denied.union_with(&actions);
        } else {
            compiled.scoped_denied.union_with(&actions);
            compiled
                .scoped_denies
                .push(self.statement(index, actions, None, resources));
        }
    }

    /// The scopes with formats that the patterns can overlap, ascending.
    fn scopes_reached_by(&self, by_service: &ByService<'_>) -> Vec<u32> {
        if !by_service.open.is_empty() {
            return (0..self.any_scope).collect();
        }
        let mut scopes = self.open_scopes.clone();
        for service in by_service.services() {
            scopes.extend(self.scopes_of.get(service as usize).into_iter().flatten());
        }
        scopes.sort_unstable();
        scopes.dedup();
        scopes
    }
}

/// What a statement costs in any case: its sets of actions, and its resources, which are copied and hashed.
fn statement_steps(statement: &Statement) -> u64 {
    let resources = match &statement.resources {
        Some(ResourceElement::Resource(all) | ResourceElement::NotResource(all)) => &**all,
        None => &[],
    };
    let steps = |resource: &ResourcePattern| {
        let characters = resource.pattern.tokens().len() as u64;
        RESOURCE_STEPS + characters / 2
    };
    STATEMENT_STEPS + resources.iter().map(steps).sum::<u64>()
}

/// An index as an id. Catalogs have about 20,000 actions.
fn small(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
