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

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use hashbrown::HashMap;
use iam_policy_parser::{
    ActionElement, ActionPattern, Effect, Pattern, PolicyDocument, ResourceElement,
    ResourcePattern, Statement, Token, WorkBudget, overlaps, residue,
};
use service_catalog::{ActionId, Catalog, ResourceTypeId, ServiceId};

use crate::action_set::ActionSet;

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
    /// Equal resources of different statements have the same id.
    resource_ids: Mutex<HashMap<Arc<Resources>, u32>>,
    decisions: Decisions,
}

/// A cache: whether an allow has a resource in a scope that some denies do not cover. The key is the
/// scope, the allow's resources and the denies' resources, by id.
#[derive(Debug, Default)]
pub(crate) struct Decisions(RwLock<HashMap<Box<[u32]>, bool, foldhash::fast::RandomState>>);

/// The size limit of the cache. Accounts need a few thousand decisions.
const MAX_DECISIONS: usize = 1 << 20;

impl Decisions {
    /// Returns the cached decision, or makes and caches it.
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
            if known.len() < MAX_DECISIONS {
                known.insert(key.into(), decision);
            }
            decision
        })
    }
}

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
}

/// A compiled statement.
#[derive(Clone, Debug)]
pub(crate) struct CompiledStatement {
    pub(crate) actions: ActionSet,
    /// In an allow: the actions without resource types that it names without a wildcard, if any.
    named: Option<ActionSet>,
    pub(crate) resources: Arc<Resources>,
    /// Equal for equal resources.
    pub(crate) resources_id: u32,
}

/// The resources that a statement covers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Resources {
    All,
    Only(Vec<Pattern>),
    AllBut(Vec<Pattern>),
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
            any_scope,
            untyped,
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
            // The most common pattern: `Describe*`.
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

    /// The actions that a statement covers. A service without known actions is in the set of an allow
    /// (`generous`) when the statement may cover any of its actions, and in the set of a deny when it
    /// covers all of them.
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
                // A deny with a condition does not apply to every request, so it removes nothing.
                Effect::Deny if statement.condition.is_none() => {
                    self.compile_deny(statement, &mut compiled);
                }
                Effect::Deny => {}
            }
        }
        compiled
    }

    /// A condition of an allow counts as met, as recorded answers of IAM show.
    fn compile_allow(&self, statement: &Statement, compiled: &mut CompiledPolicy) {
        let Some(resources) = allowed_resources(statement.resources.as_ref()) else {
            return;
        };
        let mut actions = self.actions(&statement.actions, true);
        let named = self.named(&statement.actions);
        if resources != Resources::All {
            let mut reaches: HashMap<u32, bool> = HashMap::new();
            let unreachable: Vec<usize> = actions
                .iter()
                .filter(|position| {
                    let scope = self.scope(named.as_ref(), *position);
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
        compiled
            .allows
            .push(self.statement(actions, named, resources));
    }

    /// The actions without resource types that an `Action` element names without a wildcard.
    fn named(&self, element: &ActionElement) -> Option<ActionSet> {
        let ActionElement::Action(patterns) = element else {
            return None;
        };
        let literal = patterns
            .iter()
            .filter(|pattern| pattern.name().as_literal().is_some());
        let mut named = ActionSet::empty(self.positions);
        for pattern in literal {
            self.expand_into(pattern, &mut named);
        }
        named.intersect_with(&self.untyped);
        (!named.is_empty()).then_some(named)
    }

    fn statement(
        &self,
        actions: ActionSet,
        named: Option<ActionSet>,
        resources: Resources,
    ) -> CompiledStatement {
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
            named,
            resources,
            resources_id,
        }
    }

    pub(crate) fn decisions(&self) -> &Decisions {
        &self.decisions
    }

    /// Whether a resource of the scope is among `resources`.
    fn reaches(&self, resources: &Resources, scope: u32) -> bool {
        let formats = self.formats(scope);
        match resources {
            Resources::All => true,
            Resources::Only(patterns) => patterns
                .iter()
                .any(|pattern| formats.iter().any(|format| overlaps(pattern, format))),
            Resources::AllBut(patterns) => {
                let formats: Vec<&Pattern> = formats.iter().collect();
                let patterns: Vec<&Pattern> = patterns.iter().collect();
                residue(&[&formats], &patterns, &mut WorkBudget::default()).is_possible()
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
                .push(self.statement(actions, None, resources));
        }
    }
}

/// The resources that an allow covers for some value of its policy variables; `None` for none. A
/// variable matches any string, so a pattern with one excludes nothing from `NotResource`.
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

/// The resources that a deny covers for every value of its policy variables; `None` for none. A
/// resource with a variable removes nothing. A `NotResource` with one makes the statement remove
/// nothing.
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

/// The formats of a service's actions without resource types: the string `*`, and ARNs of the service
/// with nothing but `*` as their resource.
fn untyped_formats(namespace: &str) -> Vec<Pattern> {
    let before_resource = Pattern::arn_format(&format!("arn:*:{namespace}:*:*:"));
    let star = [Token::Char('*')];
    let tokens = before_resource.tokens().iter().copied().chain(star);
    vec![Pattern::literal("*"), Pattern::from_tokens(tokens)]
}

/// The formats of these resource types.
fn formats(catalog: &Catalog, types: &[ResourceTypeId]) -> Vec<Pattern> {
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
            // Nothing is known of a type without a format, so it matches anything.
            return vec![Pattern::wildcard("*")];
        }
    }
    formats
}

/// An index as an id. Catalogs have about 20,000 actions.
fn small(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}
