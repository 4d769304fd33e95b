//! The part of the catalog that a query needs: which event names belong to which actions.

use std::collections::{BTreeMap, BTreeSet};

use service_catalog::{Catalog, ServiceId};

use crate::dialect::Dialect;
use crate::error::QueryError;

/// The known events of event sources that have the same events.
struct Meanings {
    /// The X of the `X.amazonaws.com`.
    sources: BTreeSet<String>,
    /// The namespace for unknown events.
    namespace: String,
    /// The known events: the action's name alone, `event=action` if the action has another name, `event=namespace:action` if it
    /// is of another service.
    names: Vec<String>,
}

/// Returns the rows `('sources', 'namespace', 'names')`, one per line. Lists are separated by blanks.
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
        let of_services = services.iter().map(|id| catalog.event_names_of(*id));
        for name in of_services.flatten() {
            // The catalog decides which service a name belongs to.
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
            // Case does not count: two services can spell one name differently.
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

/// Checks that a name can stand in a list of the query. Names of a catalog have no blanks.
fn word(name: &str) -> Result<&str, QueryError> {
    if name.contains(['=', ':']) {
        Err(QueryError::CatalogName(name.to_owned()))
    } else {
        Ok(name)
    }
}
