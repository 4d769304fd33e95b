//! The catalog: services, actions and resource types, with dense ids and lookups by name.

use std::ops::Range;
use std::sync::{Arc, OnceLock};

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

use crate::condition::RecordCondition;
use crate::event_kind::{Alternative, EventKind, Implied};
use crate::event_reference::EventReference;
use crate::ids::{ActionId, ResourceTypeId, ServiceId};
use crate::name_index::NameIndex;

/// The access level of an action, as the IAM User Guide defines it ("access levels in policy summaries").
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AccessLevel {
    /// Lists resources.
    List,
    /// Reads the content of resources.
    Read,
    /// Creates, changes or deletes resources.
    Write,
    /// Grants or changes permissions on resources.
    PermissionsManagement,
    /// Changes the tags of resources and nothing else.
    Tagging,
}

impl AccessLevel {
    /// The name as the service authorization reference writes it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "List",
            Self::Read => "Read",
            Self::Write => "Write",
            Self::PermissionsManagement => "Permissions management",
            Self::Tagging => "Tagging",
        }
    }

    /// The first letter of the name, which is different for each.
    #[must_use]
    pub fn letter(self) -> char {
        match self {
            Self::List => 'L',
            Self::Read => 'R',
            Self::Write => 'W',
            Self::PermissionsManagement => 'P',
            Self::Tagging => 'T',
        }
    }
}

/// A service as IAM reports it.
#[derive(Debug, Clone)]
pub struct Service {
    pub(crate) namespace: Box<str>,
    pub(crate) name: Box<str>,
    pub(crate) actions: Range<u32>,
    pub(crate) resource_types: Range<u32>,
    pub(crate) event_names: Range<u32>,
    pub(crate) event_sources: Vec<Box<str>>,
}

impl Service {
    /// The service namespace, the part before the colon in an action: for instance `s3`.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The display name, for instance `Amazon S3`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The service's actions.
    pub fn actions(&self) -> impl ExactSizeIterator<Item = ActionId> + use<> {
        self.actions.clone().map(ActionId)
    }

    /// The positions of the service's actions among [`Catalog::actions`].
    #[must_use]
    pub fn action_range(&self) -> Range<usize> {
        self.actions.start as usize..self.actions.end as usize
    }

    /// The service's resource types.
    pub fn resource_types(&self) -> impl ExactSizeIterator<Item = ResourceTypeId> + use<> {
        self.resource_types.clone().map(ResourceTypeId)
    }

    /// The event sources of this service beside its namespace, without `.amazonaws.com`.
    pub fn event_sources(&self) -> impl Iterator<Item = &str> {
        self.event_sources.iter().map(|source| &**source)
    }
}

/// An action of a service.
#[derive(Debug, Clone)]
pub struct Action {
    pub(crate) name: Box<str>,
    pub(crate) service: ServiceId,
    pub(crate) access_level: AccessLevel,
    pub(crate) tracked: bool,
    pub(crate) event_reference: EventReference,
    pub(crate) resource_types: Box<[ResourceTypeId]>,
}

impl Action {
    /// The name without the namespace, in AWS's spelling, for instance `GetObject`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The service whose action this is.
    #[must_use]
    pub fn service(&self) -> ServiceId {
        self.service
    }

    /// The access level.
    #[must_use]
    pub fn access_level(&self) -> AccessLevel {
        self.access_level
    }

    /// Whether AWS tracks when the action was last accessed (`SupportedBy."IAM Action Last Accessed"`).
    #[must_use]
    pub fn is_tracked(&self) -> bool {
        self.tracked
    }

    /// Whether IAM Access Analyzer's policy generation sees the action in CloudTrail
    /// (`SupportedBy."IAM Access Analyzer Policy Generation"`).
    #[must_use]
    pub fn is_seen_by_policy_generation(&self) -> bool {
        self.event_reference == EventReference::PolicyGeneration
    }

    /// The resource types the action can apply to. Empty when the service reference names none: the action applies to the
    /// resource `*`, or AWS left the types out.
    #[must_use]
    pub fn resource_types(&self) -> &[ResourceTypeId] {
        &self.resource_types
    }
}

/// A type of resource of a service.
#[derive(Debug, Clone)]
pub struct ResourceType {
    pub(crate) name: Box<str>,
    pub(crate) service: ServiceId,
    pub(crate) arn_formats: Box<[Box<str>]>,
}

impl ResourceType {
    /// The name in the service reference, for instance `bucket`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The service that defines the type.
    #[must_use]
    pub fn service(&self) -> ServiceId {
        self.service
    }

    /// The ARN formats as AWS writes them, for instance `arn:${Partition}:s3:::${BucketName}`.
    pub fn arn_formats(&self) -> impl ExactSizeIterator<Item = &str> {
        self.arn_formats.iter().map(|format| &**format)
    }
}

/// The dates and versions of a catalog's sources.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Sources {
    /// The date of AWS's service reference (actions, resource types, operations), as YYYY-MM-DD.
    pub service_reference: String,
    /// The date on which IAM reported the services and their display names, as YYYY-MM-DD.
    pub service_names: String,
    /// The version of botocore that the endpoint names come from.
    pub botocore: String,
    /// The date of AWS's table of CloudTrail event sources, as YYYY-MM-DD. `None` when the catalog was built without it.
    pub event_sources: Option<String>,
    /// The date of AWS's lists of data events, as YYYY-MM-DD. `None` when the catalog was built without them.
    pub data_events: Option<String>,
}

/// A CloudTrail event name whose action has another name or belongs to another service.
#[derive(Debug, Clone)]
pub(crate) struct EventName {
    pub(crate) name: Box<str>,
    pub(crate) service: ServiceId,
    pub(crate) action: ActionId,
}

/// AWS's services with their actions, resource types and CloudTrail events.
///
/// Ids belong to the catalog that made them.
#[derive(Debug, Clone, Default)]
pub struct Catalog {
    pub(crate) sources: Sources,
    pub(crate) unreported: Vec<Box<str>>,
    pub(crate) services: Vec<Service>,
    pub(crate) actions: Vec<Action>,
    pub(crate) resource_types: Vec<ResourceType>,
    pub(crate) event_names: Vec<EventName>,
    pub(crate) action_index: NameIndex,
    pub(crate) event_index: NameIndex,
    /// By name.
    pub(crate) conditions: Vec<RecordCondition>,
    pub(crate) event_kinds: Vec<EventKind>,
    pub(crate) kind_index: NameIndex,
    pub(crate) alternatives: Vec<Alternative>,
    pub(crate) implied: Vec<Implied>,
    /// By action: whether any kind of event implies it. Shorter than the actions when the last ones are not.
    pub(crate) implied_anywhere: Vec<bool>,
    /// The actions that AWS documents as management events.
    pub(crate) management_actions: HashSet<ActionId, FixedState>,
    /// The actions that AWS documents as data events, with the resource types.
    pub(crate) data_resource_types: HashMap<ActionId, Vec<Box<str>>, FixedState>,
    pub(crate) fingerprint: OnceLock<u64>,
    /// Event sources (without `.amazonaws.com`) of CloudTrail records that no identity's permissions decide.
    pub(crate) sources_without_caller: Vec<Box<str>>,
    /// Event sources that AWS lists but that belong to no service which IAM reports.
    pub(crate) sources_without_service: Vec<Box<str>>,
    /// Event source without `.amazonaws.com` -> the services it may mean, the likeliest first.
    pub(crate) services_by_source: HashMap<Box<str>, Vec<ServiceId>, FixedState>,
}

impl Catalog {
    /// The catalog built into this crate, from `data/catalog.txt`. Parsed once, at the first call.
    #[must_use]
    pub fn embedded() -> &'static Self {
        Self::embedded_once()
    }

    /// The built-in catalog as a shared pointer.
    #[must_use]
    pub fn shared() -> Arc<Self> {
        Self::embedded_once().clone()
    }

    fn embedded_once() -> &'static Arc<Self> {
        static EMBEDDED: OnceLock<Arc<Catalog>> = OnceLock::new();
        EMBEDDED.get_or_init(|| {
            // A test makes sure that the file parses.
            Arc::new(Self::parse(include_str!("../data/catalog.txt")).unwrap_or_default())
        })
    }

    /// All services, by namespace.
    pub fn services(&self) -> impl Iterator<Item = (ServiceId, &Service)> {
        (0..).map(ServiceId).zip(&self.services)
    }

    /// A service of this catalog.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids are made by this catalog only")]
    pub fn service(&self, id: ServiceId) -> &Service {
        &self.services[id.index()]
    }

    /// The service with this namespace, exactly as AWS writes it (lower case).
    #[must_use]
    pub fn service_by_namespace(&self, namespace: &str) -> Option<ServiceId> {
        let found = self
            .services
            .binary_search_by(|service| (*service.namespace).cmp(namespace));
        found
            .ok()
            .and_then(|index| u32::try_from(index).ok())
            .map(ServiceId)
    }

    /// All actions, by namespace and name.
    pub fn actions(&self) -> impl Iterator<Item = (ActionId, &Action)> {
        (0..).map(ActionId).zip(&self.actions)
    }

    /// The number of actions. Action ids are below it.
    #[must_use]
    pub fn action_count(&self) -> usize {
        self.actions.len()
    }

    /// An action of this catalog.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids are made by this catalog only")]
    pub fn action(&self, id: ActionId) -> &Action {
        &self.actions[id.index()]
    }

    /// The action at this position among [`Catalog::actions`]: the inverse of [`ActionId::index`].
    #[must_use]
    pub fn action_at(&self, index: usize) -> Option<ActionId> {
        let id = u32::try_from(index).ok()?;
        (index < self.actions.len()).then_some(ActionId(id))
    }

    /// The action of a service with this name. ASCII case does not matter, as in policies.
    #[must_use]
    pub fn action_by_name(&self, service: ServiceId, name: &str) -> Option<ActionId> {
        self.action_index
            .find(service, name, |at| self.action_name_at(at))
            .map(ActionId)
    }

    /// The actions of a service, by name.
    pub fn actions_of(
        &self,
        service: ServiceId,
    ) -> impl ExactSizeIterator<Item = ActionId> + use<> {
        self.service(service).actions()
    }

    /// All resource types, by namespace and name.
    pub fn resource_types(&self) -> impl Iterator<Item = (ResourceTypeId, &ResourceType)> {
        (0..).map(ResourceTypeId).zip(&self.resource_types)
    }

    /// A resource type of this catalog.
    #[must_use]
    #[expect(clippy::indexing_slicing, reason = "ids are made by this catalog only")]
    pub fn resource_type(&self, id: ResourceTypeId) -> &ResourceType {
        &self.resource_types[id.index()]
    }

    /// The dates and versions of the catalog's sources.
    #[must_use]
    pub fn sources(&self) -> &Sources {
        &self.sources
    }

    /// The namespaces that AWS's service reference has but IAM does not report; they are not services of the catalog.
    pub fn unreported_namespaces(&self) -> impl Iterator<Item = &str> {
        self.unreported.iter().map(|namespace| &**namespace)
    }

    pub(crate) fn action_name_at(&self, position: u32) -> Option<(ServiceId, &str)> {
        self.actions
            .get(position as usize)
            .map(|action| (action.service, &*action.name))
    }

    pub(crate) fn event_name_at(&self, position: u32) -> Option<(ServiceId, &str)> {
        self.event_names
            .get(position as usize)
            .map(|event| (event.service, &*event.name))
    }
}
