//! Policy documents compiled against a catalog: which actions each statement is about, and on
//! which resources.
//!
//! A *position* of an [`ActionSet`] is an action of the catalog or, behind those, a service that
//! the catalog knows by name only. A *scope* is what an action can apply to: the ARN formats of its
//! resource types; for an action without resource types the string `*`; for a service known by
//! name only, that string and every ARN of the service. Actions of one scope are decided together.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hashbrown::HashMap;
use iam_policy_parser::{
    ActionElement, ActionPattern, Effect, Pattern, PolicyDocument, ResourceElement,
    ResourcePattern, Statement, Token, WorkBound, overlaps, residue,
};
use service_catalog::{ActionId, Catalog, ServiceId};

use crate::action_set::ActionSet;

/// Compiles documents, and knows what the positions stand for.
#[derive(Debug)]
pub struct PolicyCompiler {
    catalog: Arc<Catalog>,
    /// Lower-cased, by position; as action patterns are.
    names: Vec<Box<str>>,
    /// The services known by name only, in the order of their positions.
    nameless: Vec<ServiceId>,
    scope_of: Vec<u32>,
    scopes: Vec<Vec<Pattern>>,
    positions: usize,
    /// Equal resources of different statements have one id.
    resource_ids: Mutex<HashMap<Arc<Resources>, u32>>,
    decisions: Decisions,
}

/// What was decided before: whether anything is left of the resources of a scope that an allow is
/// about when those of some denies are taken away. The key is the scope, the allow's resources and
/// the denies' resources, by id.
#[derive(Debug, Default)]
pub(crate) struct Decisions(RwLock<HashMap<Box<[u32]>, bool, foldhash::fast::RandomState>>);

/// Accounts ask for a few thousand different ones; more than these are decided anew each time.
const MOST_DECISIONS: usize = 1 << 20;

impl Decisions {
    /// Answers from memory, or decides and remembers.
    pub(crate) fn get(&self, key: &[u32], decide: impl FnOnce() -> bool) -> bool {
        let known = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .copied();
        known.unwrap_or_else(|| {
            let decision = decide();
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if known.len() < MOST_DECISIONS {
                known.insert(key.into(), decision);
            }
            decision
        })
    }
}

/// A document, compiled.
#[derive(Clone, Debug)]
pub struct CompiledPolicy {
    /// Statements that allow something.
    pub(crate) allows: Vec<CompiledStatement>,
    /// Unconditional statements that deny something on some resources only.
    pub(crate) scoped_denies: Vec<CompiledStatement>,
    /// What the allows leave possible on some resource, before any deny.
    pub(crate) possible: ActionSet,
    /// What is denied on every resource without condition.
    pub(crate) denied: ActionSet,
    /// What the scoped denies are about.
    pub(crate) scoped_denied: ActionSet,
}

/// A statement, compiled.
#[derive(Clone, Debug)]
pub(crate) struct CompiledStatement {
    pub(crate) actions: ActionSet,
    pub(crate) resources: Arc<Resources>,
    /// The same for equal resources.
    pub(crate) resources_id: u32,
}

/// The resources a statement is about.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Resources {
    All,
    Only(Vec<Pattern>),
    AllBut(Vec<Pattern>),
}

impl PolicyCompiler {
    /// Prepares a catalog.
    #[must_use]
    pub fn new(catalog: Arc<Catalog>) -> Self {
        let nameless: Vec<ServiceId> = catalog
            .services()
            .filter(|(_, service)| service.action_range().is_empty())
            .map(|(id, _)| id)
            .collect();
        let positions = catalog.action_count() + nameless.len();

        let mut scopes: Vec<Vec<Pattern>> = Vec::new();
        let mut known: HashMap<Vec<usize>, u32> = HashMap::new();
        let mut scope_of = Vec::with_capacity(positions);
        for (_, action) in catalog.actions() {
            let types = action.resource_types();
            let key: Vec<usize> = types.iter().map(|id| id.index()).collect();
            let scope = *known.entry(key).or_insert_with(|| {
                scopes.push(formats(&catalog, types));
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
        let names = catalog
            .actions()
            .map(|(_, action)| action.name().to_ascii_lowercase().into())
            .collect();
        Self {
            catalog,
            names,
            nameless,
            scope_of,
            scopes,
            positions,
            resource_ids: Mutex::default(),
            decisions: Decisions::default(),
        }
    }

    /// The catalog that the positions belong to.
    #[must_use]
    pub fn catalog(&self) -> &Arc<Catalog> {
        &self.catalog
    }

    /// The number of positions: what every set of this compiler has.
    #[must_use]
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// The service that a position belongs to.
    #[must_use]
    pub fn service_at(&self, position: usize) -> Option<ServiceId> {
        match self.catalog.action_at(position) {
            Some(action) => Some(self.catalog.action(action).service()),
            None => self
                .nameless
                .get(position - self.catalog.action_count())
                .copied(),
        }
    }

    /// The action at a position; `None` for a service known by name only.
    #[must_use]
    pub fn action_at(&self, position: usize) -> Option<ActionId> {
        self.catalog.action_at(position)
    }

    pub(crate) fn scope_at(&self, position: usize) -> u32 {
        self.scope_of.get(position).copied().unwrap_or_default()
    }

    /// The strings that resources of a scope can be.
    pub(crate) fn scope(&self, scope: u32) -> &[Pattern] {
        self.scopes.get(scope as usize).map_or(&[], Vec::as_slice)
    }

    fn expand_into(&self, pattern: &ActionPattern, set: &mut ActionSet) {
        let Some(namespace) = pattern.service() else {
            *set = ActionSet::full(self.positions);
            return;
        };
        let Some(id) = self.catalog.service_by_namespace(namespace) else {
            return;
        };
        if let Some(literal) = pattern.name().as_literal() {
            if let Some(action) = self.catalog.action_by_name(id, &literal) {
                set.insert(action.index());
            }
            return;
        }
        let matches: &dyn Fn(&str) -> bool = match pattern.name().tokens() {
            [Token::AnyString] => &|_| true,
            // The commonest pattern by far: `Describe*`.
            [prefix @ .., Token::AnyString]
                if prefix.iter().all(|token| matches!(token, Token::Char(_))) =>
            {
                &|name| {
                    let mut letters = name.chars();
                    prefix
                        .iter()
                        .all(|token| letters.next().is_some_and(|c| token.accepts(c)))
                }
            }
            _ => &|name| pattern.name().matches(name),
        };
        let range = self.catalog.service(id).action_range();
        for (position, name) in range
            .clone()
            .zip(self.names.get(range).into_iter().flatten())
        {
            if matches(name) {
                set.insert(position);
            }
        }
    }

    /// The actions a statement is about. What a service known by name only may do is not known:
    /// for an allow (`generous`) its position is in when any of it may be meant, for a deny when
    /// all of it is.
    fn actions(&self, element: &ActionElement, generous: bool) -> ActionSet {
        let (patterns, negated) = match element {
            ActionElement::Action(patterns) => (patterns, false),
            ActionElement::NotAction(patterns) => (patterns, true),
        };
        let mut set = ActionSet::empty(self.positions);
        for pattern in patterns {
            self.expand_into(pattern, &mut set);
        }
        for (offset, id) in self.nameless.iter().enumerate() {
            let namespace = self.catalog.service(*id).namespace();
            let position = self.catalog.action_count() + offset;
            let is_in = patterns.iter().any(|pattern| {
                if generous == negated {
                    pattern.covers_service(namespace)
                } else {
                    pattern.names_service(namespace)
                }
            });
            if is_in {
                set.insert(position);
            } else {
                set.remove(position);
            }
        }
        if negated {
            let mut all = ActionSet::full(self.positions);
            all.subtract(&set);
            return all;
        }
        set
    }

    /// Compiles a document.
    #[must_use]
    pub fn compile(&self, document: &PolicyDocument) -> CompiledPolicy {
        let mut compiled = CompiledPolicy {
            allows: Vec::new(),
            scoped_denies: Vec::new(),
            possible: ActionSet::empty(self.positions),
            denied: ActionSet::empty(self.positions),
            scoped_denied: ActionSet::empty(self.positions),
        };
        for statement in &document.statements {
            match statement.effect {
                Effect::Allow => self.compile_allow(statement, &mut compiled),
                // A deny with a condition does not apply to every request: it removes nothing.
                Effect::Deny if statement.condition.is_none() => {
                    self.compile_deny(statement, &mut compiled);
                }
                Effect::Deny => {}
            }
        }
        compiled
    }

    /// A condition on an allow counts as met; see `aws-behaviour.md`, section 1.
    fn compile_allow(&self, statement: &Statement, compiled: &mut CompiledPolicy) {
        let Some(resources) = allowed_resources(statement.resources.as_ref()) else {
            return;
        };
        let mut actions = self.actions(&statement.actions, true);
        if resources != Resources::All {
            let mut reaches: HashMap<u32, bool> = HashMap::new();
            let unreachable: Vec<usize> = actions
                .iter()
                .filter(|position| {
                    let scope = self.scope_at(*position);
                    !*reaches
                        .entry(scope)
                        .or_insert_with(|| self.reaches(&resources, scope))
                })
                .collect();
            for position in unreachable {
                actions.remove(position);
            }
        }
        compiled.possible.union_with(&actions);
        compiled.allows.push(self.statement(actions, resources));
    }

    fn statement(&self, actions: ActionSet, resources: Resources) -> CompiledStatement {
        let mut ids = self
            .resource_ids
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let next = small(ids.len());
        let (resources, resources_id) = match ids.get_key_value(&resources) {
            Some((known, id)) => (known.clone(), *id),
            None => {
                let resources = Arc::new(resources);
                ids.insert(resources.clone(), next);
                (resources, next)
            }
        };
        CompiledStatement {
            actions,
            resources,
            resources_id,
        }
    }

    pub(crate) fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    /// Whether some resource of the scope is among `resources`.
    fn reaches(&self, resources: &Resources, scope: u32) -> bool {
        let formats = self.scope(scope);
        match resources {
            Resources::All => true,
            Resources::Only(patterns) => patterns
                .iter()
                .any(|pattern| formats.iter().any(|format| overlaps(pattern, format))),
            Resources::AllBut(patterns) => {
                let formats: Vec<&Pattern> = formats.iter().collect();
                let patterns: Vec<&Pattern> = patterns.iter().collect();
                residue(&[&formats], &patterns, WorkBound::default()).is_possible()
            }
        }
    }

    fn compile_deny(&self, statement: &Statement, compiled: &mut CompiledPolicy) {
        let Some(resources) = denied_resources(statement.resources.as_ref()) else {
            return;
        };
        let actions = self.actions(&statement.actions, false);
        if resources == Resources::All {
            compiled.denied.union_with(&actions);
        } else {
            compiled.scoped_denied.union_with(&actions);
            compiled
                .scoped_denies
                .push(self.statement(actions, resources));
        }
    }
}

/// What an allow may be about for some value of its variables; `None` for nothing. A variable
/// stands for any string, so that `NotResource` with one excludes nothing for certain.
fn allowed_resources(element: Option<&ResourceElement>) -> Option<Resources> {
    match element? {
        ResourceElement::Resource(patterns) => {
            if patterns
                .iter()
                .any(|resource| resource.pattern.is_universal())
            {
                return Some(Resources::All);
            }
            Some(Resources::Only(own(patterns.iter())))
        }
        ResourceElement::NotResource(patterns) => {
            if patterns
                .iter()
                .any(|r| r.pattern.is_universal() && !r.pattern.has_variable())
            {
                return None;
            }
            all_but(own(patterns
                .iter()
                .filter(|resource| !resource.pattern.has_variable())))
        }
    }
}

/// What a deny is about whatever the values of its variables; `None` for nothing. A resource with
/// a variable removes nothing, and `NotResource` with one makes the whole statement remove nothing.
fn denied_resources(element: Option<&ResourceElement>) -> Option<Resources> {
    match element? {
        ResourceElement::Resource(patterns) => {
            let certain = own(patterns
                .iter()
                .filter(|resource| !resource.pattern.has_variable()));
            if certain.iter().any(Pattern::is_universal) {
                return Some(Resources::All);
            }
            (!certain.is_empty()).then_some(Resources::Only(certain))
        }
        ResourceElement::NotResource(patterns) => {
            let removes = patterns.iter().all(|resource| {
                !resource.pattern.has_variable() && !resource.pattern.is_universal()
            });
            if removes {
                all_but(own(patterns.iter()))
            } else {
                None
            }
        }
    }
}

fn all_but(patterns: Vec<Pattern>) -> Option<Resources> {
    Some(if patterns.is_empty() {
        Resources::All
    } else {
        Resources::AllBut(patterns)
    })
}

fn own<'a>(patterns: impl Iterator<Item = &'a ResourcePattern>) -> Vec<Pattern> {
    patterns.map(|resource| resource.pattern.clone()).collect()
}

/// What the resources of these types look like; of no type: the string `*`.
fn formats(catalog: &Catalog, types: &[service_catalog::ResourceTypeId]) -> Vec<Pattern> {
    if types.is_empty() {
        return vec![Pattern::literal("*")];
    }
    let mut formats = Vec::new();
    for id in types {
        let before = formats.len();
        formats.extend(
            catalog
                .resource_type(*id)
                .arn_formats()
                .map(Pattern::arn_format),
        );
        if formats.len() == before {
            // A type without a format: nothing is known of it, so anything may be one.
            return vec![Pattern::wildcard("*")];
        }
    }
    formats
}

/// Catalogs have some ten thousand actions.
fn small(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
