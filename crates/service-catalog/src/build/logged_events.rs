//! Which events AWS documents as data events or as management events.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::error::BuildError;
use super::event_sources::EventSources;
use super::known_actions::KnownActions;
use super::principal_action::EventNames;
use super::services::Services;
use crate::catalog::Catalog;

/// The documented events, by (namespace, event).
#[derive(Default)]
pub(super) struct LoggedEvents {
    /// The resource types whose data events it is one of.
    pub(super) data: BTreeMap<(String, String), BTreeSet<String>>,
    pub(super) management: BTreeSet<(String, String)>,
    /// The events of the file without an action.
    pub(super) unknown: Vec<(String, String)>,
    /// The date of the file.
    pub(super) date: Option<String>,
}

/// AWS's lists of data events, as the service guides have them.
#[derive(Deserialize)]
struct File {
    /// When they were taken, YYYY-MM-DD.
    extracted: String,
    data_event_operations: Vec<Group>,
}

#[derive(Deserialize)]
struct Group {
    event_category: Category,
    resource_types: BTreeSet<String>,
    event_source: String,
    operations: Vec<Event>,
}

#[derive(Deserialize, PartialEq, Eq)]
enum Category {
    Data,
    Management,
    #[serde(other)]
    Other,
}

#[derive(Deserialize)]
struct Event {
    event_name: String,
}

impl LoggedEvents {
    /// Reads the events of a file.
    pub(super) fn read(
        path: &Path,
        sources: &EventSources,
        services: &Services<'_>,
        known: &KnownActions<'_>,
        events: &BTreeMap<&str, EventNames<'_>>,
    ) -> Result<Self, BuildError> {
        let bytes = std::fs::read(path).map_err(|source| BuildError::Read {
            path: path.to_owned(),
            source,
        })?;
        let file: File = serde_json::from_slice(&bytes).map_err(|source| BuildError::Json {
            path: path.to_owned(),
            source,
        })?;
        let mut logged = Self {
            date: Some(file.extracted),
            ..Self::default()
        };
        for group in file.data_event_operations {
            let source = group.event_source.trim_end_matches(".amazonaws.com");
            for event in group.operations {
                let knows = |namespace: &&str| {
                    let names = events.get(namespace);
                    names.is_some_and(|names| {
                        names.action(namespace, &event.event_name, known).is_some()
                    })
                };
                let mut namespaces = sources.namespaces(source, services);
                let Some(namespace) = namespaces.find(knows) else {
                    let unknown = (group.event_source.clone(), event.event_name);
                    logged.unknown.push(unknown);
                    continue;
                };
                let key = (namespace.to_owned(), event.event_name);
                match group.event_category {
                    Category::Data => {
                        let types = logged.data.entry(key).or_default();
                        types.extend(group.resource_types.iter().cloned());
                    }
                    Category::Management => drop(logged.management.insert(key)),
                    Category::Other => {}
                }
            }
        }
        Ok(logged)
    }

    /// Checks that no event was skipped that a catalog has an action for: without its line, the action would look as if AWS did not
    /// say how it is logged.
    pub(super) fn check(&self, catalog: &Catalog) -> Result<(), BuildError> {
        let is_resolved = |(source, name): &&(String, String)| {
            catalog.resolve_event(source, name).action.is_some()
        };
        match self.unknown.iter().find(is_resolved) {
            None => Ok(()),
            Some((event_source, event_name)) => Err(BuildError::LoggedEventSkipped {
                event_source: event_source.clone(),
                event_name: event_name.clone(),
            }),
        }
    }

    /// The events of an earlier catalog that are still known.
    pub(super) fn of(
        catalog: &Catalog,
        known: &KnownActions<'_>,
        events: &BTreeMap<&str, EventNames<'_>>,
    ) -> Self {
        let mut logged = Self {
            date: catalog.sources().data_events.clone(),
            ..Self::default()
        };
        for (_, kind) in catalog.event_kinds() {
            let namespace = catalog.service(kind.service()).namespace();
            let names = events.get(namespace);
            if names.is_none_or(|names| names.action(namespace, kind.name(), known).is_none()) {
                continue;
            }
            let key = || (namespace.to_owned(), kind.name().to_owned());
            let types: BTreeSet<String> = kind.data_resource_types().map(str::to_owned).collect();
            if !types.is_empty() {
                logged.data.insert(key(), types);
            }
            if kind.is_management {
                logged.management.insert(key());
            }
        }
        logged
    }
}
