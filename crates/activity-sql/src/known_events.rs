//! What a query must know of the catalog: which event names belong to which actions.

use std::collections::{BTreeMap, BTreeSet};

use service_catalog::{Catalog, ServiceId};

use crate::dialect::Dialect;
use crate::error::QueryError;

/// The events of one or several event sources that mean the same.
struct Meanings {
    /// The X of the `X.amazonaws.com`.
    sources: BTreeSet<String>,
    /// The namespace of events that are not known.
    namespace: String,
    /// The event names that are known: the action's name alone, `event=action` where it has another
    /// name, `event=namespace:action` where it is another service's.
    names: Vec<String>,
}

/// The rows `('sources', 'namespace', 'names')`, lists being separated by blanks; one a line.
pub(crate) fn rows(catalog: &Catalog, dialect: Dialect) -> Result<String, QueryError> {
    let meanings = meanings(catalog)?;
    let rows: Vec<String> = meanings
        .iter()
        .map(|row| {
            let sources: Vec<&str> = row.sources.iter().map(String::as_str).collect();
            format!(
                "  ({}, {}, {})",
                dialect.literal(&sources.join(" ")),
                dialect.literal(&row.namespace),
                dialect.literal(&row.names.join(" "))
            )
        })
        .collect();
    Ok(rows.join(",\n"))
}

fn meanings(catalog: &Catalog) -> Result<Vec<Meanings>, QueryError> {
    let event_names = event_names(catalog);
    let mut sources: BTreeMap<Vec<ServiceId>, BTreeSet<String>> = BTreeMap::new();
    for (_, service) in catalog.services() {
        for source in std::iter::once(service.namespace()).chain(service.event_sources()) {
            let services = catalog.services_of_source(&format!("{source}.amazonaws.com"));
            sources
                .entry(services.to_vec())
                .or_default()
                .insert(source.to_owned());
        }
    }
    let mut all = Vec::new();
    for (services, sources) in sources {
        let Some((first, source)) = services.first().zip(sources.first()) else {
            continue;
        };
        let namespace = catalog.service(*first).namespace();
        let source = format!("{source}.amazonaws.com");
        let mut names = BTreeMap::new();
        let of_services = services.iter().filter_map(|id| event_names.get(id));
        for name in of_services.flatten() {
            // The catalog itself says what a name means: the services' order decides, in one place.
            let Some(action) = catalog.resolve_event(&source, name).action else {
                continue;
            };
            let action = catalog.action(action);
            let of = catalog.service(action.service()).namespace();
            let name = word(name)?;
            let entry = if of != namespace {
                format!("{name}={of}:{}", word(action.name())?)
            } else if name != action.name() {
                format!("{name}={}", word(action.name())?)
            } else {
                name.to_owned()
            };
            // Two services may spell one name differently; case does not count.
            names.entry(name.to_ascii_lowercase()).or_insert(entry);
        }
        all.push(Meanings {
            sources,
            namespace: namespace.to_owned(),
            names: names.into_values().collect(),
        });
    }
    Ok(all)
}

/// The event names that each service knows: those of its actions, and those its `event` lines have.
fn event_names(catalog: &Catalog) -> BTreeMap<ServiceId, Vec<String>> {
    let mut names: BTreeMap<ServiceId, Vec<String>> = catalog
        .services()
        .map(|(id, service)| {
            let actions = service.actions().map(|action| catalog.action(action));
            (id, actions.map(|action| action.name().to_owned()).collect())
        })
        .collect();
    let mut current = None;
    for line in catalog.to_table().lines() {
        let mut fields = line.split('\t');
        match (fields.next(), fields.next()) {
            (Some("service"), Some(namespace)) => current = catalog.service_by_namespace(namespace),
            (Some("event"), Some(name)) => {
                if let Some(names) = current.and_then(|id| names.get_mut(&id)) {
                    names.push(name.to_owned());
                }
            }
            _ => {}
        }
    }
    names
}

/// A name that can stand in a list of the query. No name of a catalog has a blank.
fn word(name: &str) -> Result<&str, QueryError> {
    if name.contains(['=', ':']) {
        Err(QueryError::CatalogName(name.to_owned()))
    } else {
        Ok(name)
    }
}
