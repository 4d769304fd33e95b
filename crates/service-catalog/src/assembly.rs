//! Assembles a catalog piece by piece and enforces its rules: everything sorted, no duplicates, every name known.

use crate::catalog::{AccessLevel, Action, Catalog, EventName, ResourceType, Service, Sources};
use crate::condition::{FieldsNeeded, RecordCondition};
use crate::event_kind::{Alternative, EventKind, Implied, When};
use crate::event_reference::EventReference;
use crate::ids::{ActionId, ResourceTypeId, ServiceId};

/// Why a catalog cannot be assembled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableFault {
    /// A line that belongs to a service comes before the first service.
    #[error("there is no service yet to which this could belong")]
    NoService,
    /// A name is empty or has a character that the table cannot hold.
    #[error("`{0}` cannot be a name")]
    BadName(String),
    /// Entries must come in ascending order, without duplicates, so that equal catalogs have equal tables.
    #[error("`{0}` is out of order or there twice")]
    OutOfOrder(String),
    /// An action names a resource type that its service does not define.
    #[error("the service has no resource type `{0}`")]
    UnknownResourceType(String),
    /// A line names an action that does not exist.
    #[error("there is no action `{0}`")]
    UnknownAction(String),
    /// A line names an event that its service does not know.
    #[error("the service knows no event `{0}`")]
    UnknownEvent(String),
    /// A line names a condition that the header does not define.
    #[error("there is no condition `{0}`")]
    UnknownCondition(String),
    /// A condition without a test, or with one that cannot be read.
    #[error("the condition `{0}` has no test, or one that cannot be read")]
    BadCondition(String),
    /// A resource type has no ARN format.
    #[error("a resource type needs an ARN format")]
    NoArnFormat,
    /// A line is of no known kind, or lacks a field.
    #[error("this is not a line of a catalog")]
    BadLine,
    /// A header line comes after the first service.
    #[error("a header line after the first service")]
    LateHeader,
    /// A header is missing or there twice.
    #[error("the header `{0}` must be there exactly once")]
    Header(&'static str),
    /// More entries than ids.
    #[error("too many entries")]
    TooMany,
}

/// An event name whose action is not looked up yet: it may belong to a service that comes later.
struct PendingEvent {
    service: ServiceId,
    name: Box<str>,
    target: Box<str>,
    /// Where the event was added, for the error.
    place: usize,
}

/// What a line says about an event, once the event and the actions can be looked up.
pub(crate) enum EventFact<'t> {
    /// `when`: another action when a condition holds.
    Alternative { condition: &'t str, action: &'t str },
    /// `implies`: a further action, and the text that says when.
    Implied {
        action: &'t str,
        when: Option<&'t str>,
    },
    /// `data`: logged as a data event of these resource types.
    Data { resource_types: Vec<&'t str> },
    /// `management`: logged as a management event.
    Management,
}

struct PendingFact<'t> {
    service: ServiceId,
    event: &'t str,
    fact: EventFact<'t>,
    place: usize,
}

const EXPECTED_ACTIONS: usize = 25_000;

/// What a catalog says before its first service. The lists are sorted, without duplicates.
#[derive(Debug, Default)]
pub(crate) struct Header {
    pub(crate) sources: Sources,
    pub(crate) unreported: Vec<Box<str>>,
    pub(crate) sources_without_caller: Vec<Box<str>>,
    pub(crate) sources_without_service: Vec<Box<str>>,
    pub(crate) conditions: Vec<RecordCondition>,
}

/// Builds a catalog. Services are added by namespace; within a service, resource types, actions, events and facts about events
/// are each added by name.
#[derive(Default)]
pub(crate) struct Assembly<'t> {
    catalog: Catalog,
    pending_events: Vec<PendingEvent>,
    pending_facts: Vec<PendingFact<'t>>,
}

impl<'t> Assembly<'t> {
    pub(crate) fn new(header: Header) -> Self {
        let mut catalog = Catalog {
            sources: header.sources,
            unreported: header.unreported,
            sources_without_caller: header.sources_without_caller,
            sources_without_service: header.sources_without_service,
            conditions: header.conditions,
            ..Catalog::default()
        };
        // AWS's actions in 2026 and some more: adding them never reallocates.
        catalog.actions.reserve(EXPECTED_ACTIONS);
        catalog.action_index.reserve(EXPECTED_ACTIONS);
        Self {
            catalog,
            pending_events: Vec::new(),
            pending_facts: Vec::new(),
        }
    }

    /// Starts a service. Everything added until the next one belongs to it.
    pub(crate) fn service(&mut self, namespace: &str, name: &str) -> Result<(), TableFault> {
        check_name(namespace, |byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'
        })?;
        check_name(name, is_text)?;
        if self
            .catalog
            .services
            .last()
            .is_some_and(|last| &*last.namespace >= namespace)
        {
            return Err(TableFault::OutOfOrder(namespace.to_owned()));
        }
        next_id(self.catalog.services.len())?;
        let actions = next_id(self.catalog.actions.len())?;
        let resource_types = next_id(self.catalog.resource_types.len())?;
        self.catalog.services.push(Service {
            namespace: namespace.into(),
            name: name.into(),
            actions: actions..actions,
            resource_types: resource_types..resource_types,
            event_names: 0..0,
            event_sources: Vec::new(),
        });
        Ok(())
    }

    /// Adds an event source of the service, without `.amazonaws.com`.
    pub(crate) fn event_source(&mut self, source: &str) -> Result<(), TableFault> {
        check_name(source, |byte| {
            byte.is_ascii_graphic() && !byte.is_ascii_uppercase()
        })?;
        let service = self
            .catalog
            .services
            .last_mut()
            .ok_or(TableFault::NoService)?;
        if &*service.namespace == source
            || service
                .event_sources
                .last()
                .is_some_and(|last| &**last >= source)
        {
            return Err(TableFault::OutOfOrder(source.to_owned()));
        }
        service.event_sources.push(source.into());
        Ok(())
    }

    /// Adds a resource type to the service.
    pub(crate) fn resource_type<'f>(
        &mut self,
        name: &str,
        arn_formats: impl Iterator<Item = &'f str>,
    ) -> Result<(), TableFault> {
        check_name(name, |byte| is_text(byte) && byte != b',')?;
        let id = next_id(self.catalog.resource_types.len())?;
        let (service, entry) = self.current()?;
        entry.resource_types.end = id + 1;
        let first = entry.resource_types.start as usize;
        let mut known = self.catalog.resource_types.iter().skip(first);
        if known.next_back().is_some_and(|last| &*last.name >= name) {
            return Err(TableFault::OutOfOrder(name.to_owned()));
        }
        let arn_formats: Box<[Box<str>]> = arn_formats.map(Box::from).collect();
        if arn_formats.is_empty() {
            return Err(TableFault::NoArnFormat);
        }
        for format in &arn_formats {
            check_name(format, is_text)?;
        }
        self.catalog.resource_types.push(ResourceType {
            name: name.into(),
            service,
            arn_formats,
        });
        Ok(())
    }

    /// Adds an action to the service. The resource types it names must have been added before.
    pub(crate) fn action<'r>(
        &mut self,
        name: &str,
        access_level: AccessLevel,
        tracked: bool,
        event_reference: EventReference,
        resource_types: impl Iterator<Item = &'r str>,
    ) -> Result<(), TableFault> {
        check_name(name, |byte| byte.is_ascii_graphic() && byte != b':')?;
        let id = next_id(self.catalog.actions.len())?;
        let (service, entry) = self.current()?;
        let first_type = entry.resource_types.start;
        let has_earlier_action = !entry.actions.is_empty();
        entry.actions.end = id + 1;
        let last = self.catalog.actions.last().filter(|_| has_earlier_action);
        if last.is_some_and(|last| &*last.name >= name) {
            return Err(TableFault::OutOfOrder(name.to_owned()));
        }
        let defined = self
            .catalog
            .resource_types
            .get(first_type as usize..)
            .unwrap_or_default();
        let resource_types = resource_types
            .map(|wanted| {
                let found = defined.binary_search_by(|known| (*known.name).cmp(wanted));
                let within = found.ok().and_then(|index| u32::try_from(index).ok());
                within
                    .map(|index| ResourceTypeId(first_type + index))
                    .ok_or_else(|| TableFault::UnknownResourceType(wanted.to_owned()))
            })
            .collect::<Result<Box<[_]>, _>>()?;
        self.catalog.actions.push(Action {
            name: name.into(),
            service,
            access_level,
            tracked,
            event_reference,
            resource_types,
        });
        let Catalog {
            actions,
            action_index,
            ..
        } = &mut self.catalog;
        let name_at = |at: u32| {
            actions
                .get(at as usize)
                .map(|action| (action.service, &*action.name))
        };
        match action_index.insert(service, name, id, name_at) {
            None => Ok(()),
            Some(_) => Err(TableFault::OutOfOrder(name.to_owned())),
        }
    }

    /// Adds an event name of the service. `target` is an action's name, or `namespace:Name` for another service's action;
    /// it may come later. `place` comes back in the error of [`Assembly::finish`].
    pub(crate) fn event(
        &mut self,
        name: &str,
        target: &str,
        place: usize,
    ) -> Result<(), TableFault> {
        check_name(name, |byte| byte.is_ascii_graphic())?;
        let (service, _) = self.current()?;
        let last = self
            .pending_events
            .last()
            .filter(|last| last.service == service);
        if last.is_some_and(|last| &*last.name >= name) {
            return Err(TableFault::OutOfOrder(name.to_owned()));
        }
        let (name, target) = (name.into(), target.into());
        self.pending_events.push(PendingEvent {
            service,
            name,
            target,
            place,
        });
        Ok(())
    }

    /// Adds a fact about an event of the service; the event and the actions may come later. `place` comes back in the error
    /// of [`Assembly::finish`].
    pub(crate) fn event_fact(
        &mut self,
        event: &'t str,
        fact: EventFact<'t>,
        place: usize,
    ) -> Result<(), TableFault> {
        check_name(event, |byte| byte.is_ascii_graphic())?;
        let (service, _) = self.current()?;
        let last = self.pending_facts.last();
        let order = (fact.rank(), event, fact.key());
        if last.is_some_and(|last| {
            last.service == service && (last.fact.rank(), last.event, last.fact.key()) >= order
        }) {
            return Err(TableFault::OutOfOrder(event.to_owned()));
        }
        self.pending_facts.push(PendingFact {
            service,
            event,
            fact,
            place,
        });
        Ok(())
    }

    /// Looks up what events and facts name. An error comes with the place of the event or fact.
    pub(crate) fn finish(self) -> Result<Catalog, (usize, TableFault)> {
        let Self {
            mut catalog,
            pending_events,
            pending_facts,
        } = self;
        for event in pending_events {
            let place = event.place;
            add_event(&mut catalog, event).map_err(|fault| (place, fault))?;
        }
        for fact in pending_facts {
            let place = fact.place;
            add_fact(&mut catalog, fact).map_err(|fault| (place, fault))?;
        }
        let ids = (0..).map(ServiceId);
        // The service whose namespace the source is comes first, then the others by namespace.
        for (id, service) in ids.clone().zip(&catalog.services) {
            catalog
                .services_by_source
                .insert(service.namespace.clone(), vec![id]);
        }
        for (id, service) in ids.zip(&catalog.services) {
            for source in &service.event_sources {
                catalog
                    .services_by_source
                    .entry(source.clone())
                    .or_default()
                    .push(id);
            }
        }
        Ok(catalog)
    }

    fn current(&mut self) -> Result<(ServiceId, &mut Service), TableFault> {
        let id = self
            .catalog
            .services
            .len()
            .checked_sub(1)
            .ok_or(TableFault::NoService)?;
        let id = ServiceId(next_id(id)?);
        let service = self
            .catalog
            .services
            .last_mut()
            .ok_or(TableFault::NoService)?;
        Ok((id, service))
    }
}

impl EventFact<'_> {
    /// The order of the kinds of line.
    fn rank(&self) -> u8 {
        match self {
            Self::Alternative { .. } => 0,
            Self::Implied { .. } => 1,
            Self::Data { .. } => 2,
            Self::Management => 3,
        }
    }

    /// What tells the facts of one kind about one event apart.
    fn key(&self) -> &str {
        match self {
            Self::Alternative { condition, .. } => condition,
            Self::Implied { action, .. } => action,
            Self::Data { .. } | Self::Management => "",
        }
    }
}

/// The action `target`: a name, or `namespace:Name` for another service's.
fn find_action(
    catalog: &Catalog,
    service: ServiceId,
    target: &str,
) -> Result<ActionId, TableFault> {
    let (of, name) = match target.split_once(':') {
        Some((namespace, name)) => (catalog.service_by_namespace(namespace), name),
        None => (Some(service), target),
    };
    of.and_then(|of| catalog.action_by_name(of, name))
        .ok_or_else(|| TableFault::UnknownAction(target.to_owned()))
}

fn find_condition(catalog: &Catalog, name: &str) -> Result<usize, TableFault> {
    catalog
        .conditions
        .binary_search_by(|condition| condition.name().cmp(name))
        .map_err(|_| TableFault::UnknownCondition(name.to_owned()))
}

fn add_fact(catalog: &mut Catalog, pending: PendingFact<'_>) -> Result<(), TableFault> {
    let service = pending.service;
    let position = kind_position(catalog, service, pending.event)?;
    match pending.fact {
        EventFact::Alternative { condition, action } => {
            let alternative = Alternative {
                condition: find_condition(catalog, condition)?,
                action: find_action(catalog, service, action)?,
            };
            let end = catalog.alternatives.len();
            let needed = catalog.fields_of(alternative.condition);
            catalog.alternatives.push(alternative);
            if let Some(kind) = catalog.event_kinds.get_mut(position) {
                extend(&mut kind.alternatives, end);
                kind.fields_needed.add(needed);
            }
        }
        EventFact::Implied { action, when } => {
            let implied = Implied {
                action: find_action(catalog, service, action)?,
                when: find_when(catalog, when)?,
            };
            let end = catalog.implied.len();
            let needed = match implied.when {
                When::Exactly(condition) | When::AtLeast(condition) => catalog.fields_of(condition),
                When::Always | When::Undecided => FieldsNeeded::default(),
            };
            catalog.implied.push(implied);
            let at = implied.action.index();
            if catalog.implied_anywhere.len() <= at {
                catalog.implied_anywhere.resize(at + 1, false);
            }
            if let Some(is_implied) = catalog.implied_anywhere.get_mut(at) {
                *is_implied = true;
            }
            if let Some(kind) = catalog.event_kinds.get_mut(position) {
                extend(&mut kind.implied, end);
                kind.fields_needed.add(needed);
            }
        }
        EventFact::Data { resource_types } => {
            let types: Box<[Box<str>]> = resource_types.iter().map(|name| (*name).into()).collect();
            for action in actions_at(catalog, position) {
                let all = catalog.data_resource_types.entry(action).or_default();
                all.extend(types.iter().cloned());
                all.sort_unstable();
                all.dedup();
            }
            if let Some(kind) = catalog.event_kinds.get_mut(position) {
                kind.data_resource_types = types;
            }
        }
        EventFact::Management => {
            let actions = actions_at(catalog, position);
            catalog.management_actions.extend(actions);
            if let Some(kind) = catalog.event_kinds.get_mut(position) {
                kind.is_management = true;
            }
        }
    }
    Ok(())
}

/// All actions of the event at this position. Facts about those that its record decides come first.
fn actions_at(catalog: &Catalog, position: usize) -> Vec<ActionId> {
    let kind = catalog.event_kinds.get(position);
    kind.map_or_else(Vec::new, |kind| catalog.actions_of_kind(kind).collect())
}

/// Facts of one kind about one event come one after the other.
fn extend(range: &mut std::ops::Range<usize>, position: usize) {
    if range.start >= range.end {
        range.start = position;
    }
    range.end = position + 1;
}

fn find_when(catalog: &Catalog, when: Option<&str>) -> Result<When, TableFault> {
    Ok(match when {
        None => When::Undecided,
        Some("always") => When::Always,
        Some(text) => match text.strip_suffix('?') {
            Some(name) => When::AtLeast(find_condition(catalog, name)?),
            None => When::Exactly(find_condition(catalog, text)?),
        },
    })
}

/// The position of the kind of event, which is added when it is new.
fn kind_position(
    catalog: &mut Catalog,
    service: ServiceId,
    name: &str,
) -> Result<usize, TableFault> {
    // Most facts are about the event of the fact before.
    if let Some((last, position)) = catalog
        .event_kinds
        .last()
        .zip(catalog.event_kinds.len().checked_sub(1))
        && last.service == service
        && *last.name == *name
    {
        return Ok(position);
    }
    if let Some(known) = catalog.kind_of(service, name) {
        let kind = catalog.event_kind(known);
        // Two spellings of one event would not be told apart.
        if *kind.name != *name {
            return Err(TableFault::OutOfOrder(name.to_owned()));
        }
        return Ok(known.0 as usize);
    }
    let action = catalog
        .action_of_event(service, name)
        .ok_or_else(|| TableFault::UnknownEvent(name.to_owned()))?;
    let position = catalog.event_kinds.len();
    let id = next_id(position)?;
    catalog.event_kinds.push(EventKind {
        name: name.into(),
        service,
        action,
        alternatives: 0..0,
        implied: 0..0,
        data_resource_types: Box::default(),
        is_management: false,
        fields_needed: FieldsNeeded::default(),
    });
    let Catalog {
        event_kinds,
        kind_index,
        ..
    } = catalog;
    let name_at = |at: u32| {
        event_kinds
            .get(at as usize)
            .map(|kind| (kind.service, &*kind.name))
    };
    kind_index.insert(service, name, id, name_at);
    Ok(position)
}

fn add_event(catalog: &mut Catalog, event: PendingEvent) -> Result<(), TableFault> {
    let PendingEvent {
        service,
        name,
        target,
        ..
    } = event;
    let action = find_action(catalog, service, &target)?;
    if catalog.action_by_name(service, &name).is_some() {
        return Err(TableFault::OutOfOrder(name.into()));
    }
    let position = next_id(catalog.event_names.len())?;
    catalog.event_names.push(EventName {
        name: name.clone(),
        service,
        action,
    });
    let Catalog {
        event_names,
        event_index,
        services,
        ..
    } = catalog;
    let name_at = |at: u32| {
        event_names
            .get(at as usize)
            .map(|event| (event.service, &*event.name))
    };
    if event_index
        .insert(service, &name, position, name_at)
        .is_some()
    {
        return Err(TableFault::OutOfOrder(name.into()));
    }
    if let Some(entry) = services.get_mut(service.index()) {
        if entry.event_names.is_empty() {
            entry.event_names.start = position;
        }
        entry.event_names.end = position + 1;
    }
    Ok(())
}

/// Ids have 32 bits; the largest number is kept free for the end of a range.
fn next_id(count: usize) -> Result<u32, TableFault> {
    u32::try_from(count)
        .ok()
        .filter(|id| *id < u32::MAX)
        .ok_or(TableFault::TooMany)
}

/// Text of one field: anything but what ends the field or the line.
fn is_text(byte: u8) -> bool {
    !byte.is_ascii_control()
}

fn check_name(name: &str, allowed: impl Fn(u8) -> bool) -> Result<(), TableFault> {
    let padded = name.starts_with(' ') || name.ends_with(' ');
    if name.is_empty() || padded || !name.bytes().all(allowed) {
        return Err(TableFault::BadName(name.to_owned()));
    }
    Ok(())
}
