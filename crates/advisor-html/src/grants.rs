//! Which statements grant the actions of a service: found once for all entities whose policies say the same of it.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use advisor_core::{
    Advisor, DenyEffect, DocumentId, EntityId, ExplainedResource, Explainer, PlacedStatement,
    PolicyInEffect, PolicySource, ResourceOutcome,
};
use hashbrown::{HashMap, HashSet};
use iam_policy_parser::{ActionElement, PolicyDocument, ResourceElement};
use service_catalog::{Catalog, ServiceId};

use crate::varint;

/// The work on one service of an entity.
const SERVICE_STEPS: u64 = 1_000_000;
/// The work on all services of an entity, whether done for it or for another one with the same policies: so the file is the
/// same whatever comes first. Most take less than a hundredth.
const ENTITY_STEPS: u64 = 50_000_000;
/// How many bytes of answers are kept, about.
const MOST_KNOWN: usize = 32 << 20;

/// Finds which statements grant what.
#[derive(Debug)]
pub(crate) struct GrantFinder {
    /// By document: which services it names.
    named: Vec<OnceLock<Named>>,
    known: Mutex<KnownAnswers>,
}

#[derive(Debug, Default)]
struct KnownAnswers {
    by_question: HashMap<Question, Known>,
    /// In bytes, about.
    size: usize,
}

/// A service, and the documents that name it.
type Question = (ServiceId, Box<[DocumentId]>);

#[derive(Clone, Debug)]
struct Known {
    statements: Arc<[StatementPart]>,
    steps: u64,
}

/// The services of which a document may say something.
#[derive(Debug)]
enum Named {
    All,
    Only(HashSet<ServiceId>),
}

/// A statement that grants or denies actions of a service.
#[derive(Debug)]
pub(crate) struct StatementPart {
    pub(crate) document: DocumentId,
    /// Its position in the document.
    pub(crate) statement: u32,
    pub(crate) effect: EffectPart,
    /// How many actions; none when the service has no known actions.
    pub(crate) count: u32,
    /// Their positions among the service's actions, each as the distance from the one before.
    pub(crate) positions: Box<[u8]>,
    /// What becomes of its resources; empty when all of them are granted, and for denies.
    pub(crate) resources: Vec<ResourcePart>,
}

/// What a statement does. The numbers are those in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EffectPart {
    Grants = 0,
    RemovesAll = 1,
    RemovesPart = 2,
    Conditional = 3,
    Variable = 4,
}

/// What becomes of one string of an allow's `Resource`, or of its `NotResource`.
#[derive(Debug)]
pub(crate) struct ResourcePart {
    /// Its position in the statement.
    pub(crate) index: u32,
    pub(crate) outcome: OutcomePart,
    /// What denies take away.
    pub(crate) except: Vec<Box<str>>,
    /// The lists of which denies leave only what matches.
    pub(crate) only: Vec<Vec<Box<str>>>,
}

/// An outcome. The numbers are those in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OutcomePart {
    Granted = 0,
    Narrowed = 1,
    Denied = 2,
    Undecided = 3,
}

impl GrantFinder {
    pub(crate) fn new(advisor: &Advisor) -> Self {
        let documents = advisor.account().documents().iter();
        Self {
            named: documents.map(|_| OnceLock::new()).collect(),
            known: Mutex::default(),
        }
    }

    /// The grants of an entity.
    pub(crate) fn of<'a>(&'a self, advisor: &'a Advisor, entity: EntityId) -> EntityGrants<'a> {
        let account = advisor.account();
        let policies = account.policies_in_effect(entity);
        let mut documents: Vec<DocumentId> = policies.iter().filter_map(document_of).collect();
        documents.sort_unstable();
        documents.dedup();
        let named = documents.into_iter().filter_map(|id| {
            let named = self.named.get(id.index())?;
            let document = account.documents().get(id.index())?;
            Some((
                id,
                named.get_or_init(|| Named::of(document, advisor.catalog())),
            ))
        });
        EntityGrants {
            finder: self,
            catalog: advisor.catalog(),
            explainer: advisor.explainer(entity),
            named: named.collect(),
            steps: ENTITY_STEPS,
        }
    }
}

impl KnownAnswers {
    fn add(&mut self, question: Question, known: Known) {
        let parts = known.statements.iter().map(StatementPart::size);
        let size =
            parts.sum::<usize>() + size_of_val(&*question.1) + size_of::<(Question, Known)>();
        if self.size.saturating_add(size) > MOST_KNOWN {
            *self = Self::default();
        }
        self.size += size;
        self.by_question.insert(question, known);
    }
}

impl StatementPart {
    /// Its bytes in memory, about.
    fn size(&self) -> usize {
        let texts = |texts: &Vec<Box<str>>| {
            let texts = texts.iter().map(|text| size_of_val(text) + text.len());
            size_of::<Vec<Box<str>>>() + texts.sum::<usize>()
        };
        let resources = self.resources.iter().map(|resource| {
            let only = resource.only.iter().map(texts).sum::<usize>();
            size_of_val(resource) + texts(&resource.except) + only
        });
        size_of_val(self) + self.positions.len() + resources.sum::<usize>()
    }
}

/// The document of a policy, if it can be evaluated.
pub(crate) fn document_of(policy: &PolicyInEffect<'_>) -> Option<DocumentId> {
    match policy.document {
        PolicySource::Document(id) => Some(*id),
        _ => None,
    }
}

impl Named {
    fn of(document: &PolicyDocument, catalog: &Catalog) -> Self {
        let mut only = HashSet::new();
        for statement in &document.statements {
            let ActionElement::Action(patterns) = &statement.actions else {
                return Self::All;
            };
            for pattern in patterns {
                let Some(namespace) = pattern.service() else {
                    return Self::All;
                };
                only.extend(catalog.service_by_namespace(namespace));
            }
        }
        Self::Only(only)
    }

    fn contains(&self, service: ServiceId) -> bool {
        match self {
            Self::All => true,
            Self::Only(only) => only.contains(&service),
        }
    }
}

/// The grants of one entity.
#[derive(Debug)]
pub(crate) struct EntityGrants<'a> {
    finder: &'a GrantFinder,
    catalog: &'a Catalog,
    explainer: Explainer<'a>,
    named: Vec<(DocumentId, &'a Named)>,
    /// The steps of work that are left.
    steps: u64,
}

impl EntityGrants<'_> {
    /// The statements that grant actions of a service, and the denies that touch what they grant. `None` when that would take
    /// too much work.
    pub(crate) fn of_service(&mut self, service: ServiceId) -> Option<Arc<[StatementPart]>> {
        let naming = self
            .named
            .iter()
            .filter(|(_, named)| named.contains(service));
        let question: Question = (service, naming.map(|(id, _)| *id).collect());
        let known = self.known().by_question.get(&question).cloned();
        let known = match known {
            Some(known) => known,
            None if self.steps < SERVICE_STEPS => return None,
            None => {
                let found = self.find(service);
                self.known().add(question, found.clone());
                found
            }
        };
        self.steps = self.steps.checked_sub(known.steps)?;
        Some(known.statements)
    }

    fn known(&self) -> MutexGuard<'_, KnownAnswers> {
        // What is in it is complete, also when a thread that had it panicked.
        (self.finder.known.lock()).unwrap_or_else(PoisonError::into_inner)
    }

    fn find(&self, service: ServiceId) -> Known {
        let (allows, denies, steps) = self.explainer.covering_statements(service, SERVICE_STEPS);
        let allows = allows.iter().filter(|allow| allow.is_granted());
        let mut statements: Vec<StatementPart> = Vec::new();
        for allow in allows {
            let resources = resource_parts(&allow.place, &allow.resources);
            let effect = EffectPart::Grants;
            statements.extend(self.part(service, &allow.place, effect, &allow.actions, resources));
        }
        for deny in &denies {
            let effect = match deny.effect {
                DenyEffect::RemovesAll => EffectPart::RemovesAll,
                DenyEffect::RemovesPart => EffectPart::RemovesPart,
                DenyEffect::Conditional => EffectPart::Conditional,
                DenyEffect::Variable => EffectPart::Variable,
                // It touches nothing that is granted.
                _ => continue,
            };
            statements.extend(self.part(service, &deny.place, effect, &deny.actions, Vec::new()));
        }
        Known {
            statements: statements.into(),
            steps,
        }
    }

    fn part(
        &self,
        service: ServiceId,
        place: &PlacedStatement<'_>,
        effect: EffectPart,
        actions: &[&str],
        resources: Vec<ResourcePart>,
    ) -> Option<StatementPart> {
        let first = self.catalog.service(service).action_range().start;
        let positions = actions.iter().filter_map(|name| {
            let action = self.catalog.action_by_name(service, name)?;
            u32::try_from(action.index().checked_sub(first)?).ok()
        });
        let mut positions: Vec<u32> = positions.collect();
        positions.sort_unstable();
        let (mut bytes, mut before) = (Vec::with_capacity(positions.len()), 0);
        for position in &positions {
            varint::push(&mut bytes, position.saturating_sub(before).into());
            before = *position;
        }
        Some(StatementPart {
            document: place.path.document,
            statement: u32::try_from(place.index).ok()?,
            effect,
            count: u32::try_from(positions.len()).ok()?,
            positions: bytes.into(),
            resources,
        })
    }
}

fn resource_parts(
    place: &PlacedStatement<'_>,
    resources: &[ExplainedResource<'_>],
) -> Vec<ResourcePart> {
    let written: Vec<&str> = match &place.statement.resources {
        Some(ResourceElement::Resource(patterns)) => {
            patterns.iter().map(|pattern| &*pattern.text).collect()
        }
        // One outcome for all of it.
        _ => vec!["*"],
    };
    let is_whole = |it: &ExplainedResource<'_>| it.outcome == ResourceOutcome::Granted;
    if resources.len() == written.len() && resources.iter().all(is_whole) {
        return Vec::new();
    }
    let texts = |texts: &[&str]| texts.iter().map(|text| Box::from(*text)).collect();
    let parts = resources.iter().filter_map(|resource| {
        let index = written.iter().position(|text| *text == resource.resource)?;
        Some(ResourcePart {
            index: u32::try_from(index).ok()?,
            outcome: match resource.outcome {
                ResourceOutcome::Granted => OutcomePart::Granted,
                ResourceOutcome::Narrowed => OutcomePart::Narrowed,
                ResourceOutcome::Denied => OutcomePart::Denied,
                ResourceOutcome::Undecided => OutcomePart::Undecided,
                // The actions cannot apply to it.
                _ => return None,
            },
            except: texts(&resource.except),
            only: resource.only.iter().map(|only| texts(only)).collect(),
        })
    });
    parts.collect()
}
