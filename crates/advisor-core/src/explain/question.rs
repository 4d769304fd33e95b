//! What is asked: an action or a service, and a resource.

use iam_policy_parser::{Arn, ArnError, Pattern};
use service_catalog::{ActionId, Catalog, ServiceId};

use crate::spelling::nearest_action;

use super::error::{ExplainError, MAX_RESOURCE};

/// What is asked of an entity.
#[derive(Clone, Debug)]
pub(super) struct Question {
    pub(super) service: ServiceId,
    /// `None` for the whole service.
    pub(super) action: Option<ActionId>,
    /// The resource as text, unless any counts.
    pub(super) resource: Option<Box<str>>,
    pub(super) pattern: Option<Pattern>,
}

/// One thing that a statement covers or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Target {
    Action(ActionId),
    /// A service without known actions.
    Service(ServiceId),
}

impl Question {
    /// About a whole service, on any resource.
    pub(super) fn of_service(service: ServiceId) -> Self {
        Self {
            service,
            action: None,
            resource: None,
            pattern: None,
        }
    }

    /// Reads `s3:GetObject` or `s3`, and a resource. In a resource, `*` and `?` are wildcards.
    pub(super) fn parse(
        catalog: &Catalog,
        asked: &str,
        resource: Option<&str>,
    ) -> Result<Self, ExplainError> {
        let (namespace, name) = match asked.split_once(':') {
            Some((namespace, name)) => (namespace, Some(name)),
            None => (asked, None),
        };
        if asked.contains(['*', '?']) {
            return Err(ExplainError::WildcardAction {
                action: asked.to_owned(),
            });
        }
        let service = catalog
            .service_by_namespace(&namespace.to_ascii_lowercase())
            .ok_or_else(|| ExplainError::UnknownService {
                namespace: namespace.to_owned(),
            })?;
        let action = match name {
            Some(name) => Some(action_named(catalog, service, name)?),
            None => None,
        };
        let resource = match resource {
            Some(text) if text != "*" => Some(checked(text)?),
            _ => None,
        };
        Ok(Self {
            service,
            action,
            pattern: resource.map(Pattern::wildcard),
            resource: resource.map(Box::from),
        })
    }

    /// What is asked, one by one.
    pub(super) fn targets(&self, catalog: &Catalog) -> Vec<Target> {
        if let Some(action) = self.action {
            return vec![Target::Action(action)];
        }
        let service = catalog.service(self.service);
        if service.action_range().is_empty() {
            return vec![Target::Service(self.service)];
        }
        service.actions().map(Target::Action).collect()
    }
}

fn action_named(
    catalog: &Catalog,
    service: ServiceId,
    name: &str,
) -> Result<ActionId, ExplainError> {
    if let Some(action) = catalog.action_by_name(service, name) {
        return Ok(action);
    }
    let namespace = catalog.service(service).namespace();
    let usual = format!("{namespace}.amazonaws.com");
    let others = catalog.service(service).event_sources();
    let mut sources = std::iter::once(usual.as_str()).chain(others);
    let authorized_as = sources.find_map(|source| {
        let action = catalog.action(catalog.resolve_event(source, name).action?);
        let namespace = catalog.service(action.service()).namespace();
        Some(format!("{namespace}:{}", action.name()))
    });
    Err(ExplainError::UnknownAction {
        service: namespace.to_owned(),
        action: name.to_owned(),
        authorized_as,
        similar: nearest_action(catalog, service, name)
            .map(|action| format!("{namespace}:{}", catalog.action(action).name())),
    })
}

fn checked(resource: &str) -> Result<&str, ExplainError> {
    let length = resource.chars().count();
    if length > MAX_RESOURCE {
        return Err(ExplainError::LongResource { length });
    }
    let parsed: Result<Arn, ArnError> = resource.parse();
    match parsed {
        Ok(_) => Ok(resource),
        Err(error) => Err(ExplainError::Resource {
            resource: resource.to_owned(),
            error,
        }),
    }
}

impl Target {
    /// The position in the sets of a [`PolicyCompiler`](crate::compiled_policy::PolicyCompiler).
    pub(super) fn position(self, catalog: &Catalog) -> usize {
        match self {
            Self::Action(action) => action.index(),
            Self::Service(service) => {
                let services = catalog.services();
                let before = services
                    .take_while(|(id, _)| *id != service)
                    .filter(|(_, service)| service.action_range().is_empty());
                catalog.action_count() + before.count()
            }
        }
    }

    /// The name of the action.
    pub(super) fn action_name(self, catalog: &Catalog) -> Option<&str> {
        match self {
            Self::Action(action) => Some(catalog.action(action).name()),
            Self::Service(_) => None,
        }
    }
}
