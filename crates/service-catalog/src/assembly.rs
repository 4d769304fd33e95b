//! Puts a catalog together piece by piece and keeps its rules: sorted, without duplicates, and every name resolvable.

use crate::catalog::{
    AccessLevel, Action, ActionId, Catalog, EventName, ResourceType, ResourceTypeId, Service,
    ServiceId, Sources,
};

/// Why a catalog cannot be put together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TableFault {
    /// An action, resource type or event stands before any service.
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
    /// An event name leads to an action that does not exist.
    #[error("there is no action `{0}`")]
    UnknownAction(String),
    /// A resource type has no ARN format.
    #[error("a resource type needs an ARN format")]
    NoArnFormat,
    /// A line is of no known kind, or misses a field.
    #[error("this is not a line of a catalog")]
    BadLine,
    /// A header line comes after the first service.
    #[error("a header line after the first service")]
    LateHeader,
    /// A header says something twice or a header is missing.
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

const EXPECTED_ACTIONS: usize = 25_000;

/// What a catalog says before its first service. The lists are sorted, without duplicates.
#[derive(Debug, Default)]
pub(crate) struct Header {
    pub(crate) sources: Sources,
    pub(crate) unreported: Vec<Box<str>>,
    pub(crate) nobodys_sources: Vec<Box<str>>,
    pub(crate) sources_without_service: Vec<Box<str>>,
}

/// A catalog in the making. Services come by namespace; within one, resource types, actions and events by name.
#[derive(Default)]
pub(crate) struct Assembly {
    catalog: Catalog,
    pending_events: Vec<PendingEvent>,
}

impl Assembly {
    pub(crate) fn new(header: Header) -> Self {
        let mut catalog = Catalog {
            sources: header.sources,
            unreported: header.unreported,
            nobodys_sources: header.nobodys_sources,
            sources_without_service: header.sources_without_service,
            ..Catalog::default()
        };
        // AWS's actions in 2026, and room to grow: nothing has to move while they are added.
        catalog.actions.reserve(EXPECTED_ACTIONS);
        catalog.action_index.reserve(EXPECTED_ACTIONS);
        Self {
            catalog,
            pending_events: Vec::new(),
        }
    }

    /// Starts a service; what is added next belongs to it.
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

    /// Adds what CloudTrail may write before `.amazonaws.com` for the service, beside its namespace.
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

    /// Looks up the events' actions and gives the catalog, or the place of the event that has none.
    pub(crate) fn finish(self) -> Result<Catalog, (usize, TableFault)> {
        let Self {
            mut catalog,
            pending_events,
        } = self;
        for event in pending_events {
            let place = event.place;
            add_event(&mut catalog, event).map_err(|fault| (place, fault))?;
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

fn add_event(catalog: &mut Catalog, event: PendingEvent) -> Result<(), TableFault> {
    let PendingEvent {
        service,
        name,
        target,
        ..
    } = event;
    let (of, action_name) = match target.split_once(':') {
        Some((namespace, action)) => (catalog.service_by_namespace(namespace), action),
        None => (Some(service), &*target),
    };
    let action = of.and_then(|of| catalog.action_by_name(of, action_name));
    let action: ActionId = action.ok_or_else(|| TableFault::UnknownAction(target.to_string()))?;
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

/// Ids are 32 bits wide, with room for one past the end.
fn next_id(count: usize) -> Result<u32, TableFault> {
    u32::try_from(count)
        .ok()
        .filter(|id| *id < u32::MAX)
        .ok_or(TableFault::TooMany)
}

/// Text of one field: anything that does not end the field or the line.
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
