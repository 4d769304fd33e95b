//! Which event sources belong to which service.
//!
//! Beside its namespace, a service has the event sources that are
//! 1. the name of an SDK client with operations of the service, or that client's endpoint prefix or signing name;
//! 2. one of these with `-` for `.`: CloudTrail writes `participant-connect` for the endpoint `participant.connect`;
//! 3. in the reviewed list;
//! 4. in AWS's table of event sources under the service's display name (`migrationhub`, "AWS Migration Hub"), where nothing
//!    above explains the event source.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::botocore;
use super::error::BuildError;
use super::inputs::BuildInputs;
use super::reviewed::Reviewed;
use super::service_reference::ServiceFile;
use super::services::Services;
use crate::catalog::Catalog;

/// The event sources of a catalog, without `.amazonaws.com`.
pub(super) struct EventSources {
    /// By namespace.
    pub(super) of_services: BTreeMap<String, BTreeSet<String>>,
    /// AWS has these, but no service.
    pub(super) without_service: BTreeSet<String>,
    /// The version of botocore.
    pub(super) botocore: String,
    /// The date of AWS's table.
    pub(super) table_date: Option<String>,
}

/// AWS's table of event sources: the EventBridge reference, "Events from AWS services".
#[derive(Deserialize)]
struct Table {
    /// When it was taken, YYYY-MM-DD.
    extracted: String,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
struct Row {
    service: String,
    /// `null` where the table has none.
    cloudtrail_event_source: Option<String>,
}

impl EventSources {
    pub(super) fn find(
        reference: &[ServiceFile],
        services: &Services<'_>,
        inputs: &BuildInputs<'_>,
        embedded: &Catalog,
    ) -> Result<Self, BuildError> {
        let mut found = Self {
            of_services: BTreeMap::new(),
            without_service: BTreeSet::new(),
            botocore: embedded.sources().botocore.clone(),
            table_date: embedded.sources().event_sources.clone(),
        };
        found.add_clients(reference, services, inputs.botocore)?;
        let reviewed = Reviewed::embedded();
        for (source, namespace) in &reviewed.sources {
            found.add(services, source, namespace);
        }
        if let Some(data) = inputs.botocore {
            found.botocore = botocore::version(data)?;
        }
        if inputs.botocore.is_none() || inputs.event_sources.is_none() {
            for (_, service) in embedded.services() {
                for source in service.event_sources() {
                    found.add(services, source, service.namespace());
                }
            }
        }
        if let Some(path) = inputs.event_sources {
            found.add_table(services, read_table(path)?);
        } else {
            let kept = embedded.sources_without_service.iter();
            found.without_service.extend(kept.map(ToString::to_string));
        }
        let documented = reviewed.sources_without_service.into_iter();
        found.without_service.extend(documented.map(str::to_owned));
        for (namespace, sources) in &mut found.of_services {
            sources.remove(namespace);
        }
        let Self {
            of_services,
            without_service,
            ..
        } = &mut found;
        without_service.retain(|source| {
            !is_explained(of_services, services, source)
                && !services.unreported.contains(source.as_str())
        });
        Ok(found)
    }

    /// The namespaces that an event source may mean, the likeliest first.
    pub(super) fn namespaces<'a>(
        &'a self,
        source: &'a str,
        services: &Services<'_>,
    ) -> impl Iterator<Item = &'a str> {
        let own = services.names.contains_key(source).then_some(source);
        let others = self.of_services.iter();
        let others = others.filter(move |(_, sources)| sources.contains(source));
        own.into_iter()
            .chain(others.map(|(namespace, _)| namespace.as_str()))
    }

    fn add(&mut self, services: &Services<'_>, source: &str, namespace: &str) {
        if services.names.contains_key(namespace) {
            let sources = self.of_services.entry(namespace.to_owned()).or_default();
            sources.insert(source.to_owned());
        }
    }

    /// Rules 1 and 2.
    fn add_clients(
        &mut self,
        reference: &[ServiceFile],
        services: &Services<'_>,
        botocore_data: Option<&Path>,
    ) -> Result<(), BuildError> {
        for file in reference {
            for client in file.clients() {
                self.add(services, &client.to_ascii_lowercase(), &file.namespace);
                let Some(data) = botocore_data else { continue };
                for name in botocore::endpoint_names(data, client)? {
                    self.add(services, &name, &file.namespace);
                    self.add(services, &name.replace('.', "-"), &file.namespace);
                }
            }
        }
        Ok(())
    }

    /// Rule 4.
    fn add_table(&mut self, services: &Services<'_>, table: Table) {
        for row in table.rows {
            let Some(event_source) = row.cloudtrail_event_source else {
                continue;
            };
            let source = event_source.trim_end_matches(".amazonaws.com");
            if is_explained(&self.of_services, services, source) {
                continue;
            }
            let same_name = services
                .names
                .iter()
                .find(|(_, display_name)| **display_name == row.service);
            if let Some((namespace, _)) = same_name {
                self.add(services, source, namespace);
            } else {
                self.without_service.insert(source.to_owned());
            }
        }
        self.table_date = Some(table.extracted);
    }
}

fn is_explained(
    of_services: &BTreeMap<String, BTreeSet<String>>,
    services: &Services<'_>,
    source: &str,
) -> bool {
    services.names.contains_key(source)
        || of_services.values().any(|sources| sources.contains(source))
}

fn read_table(path: &Path) -> Result<Table, BuildError> {
    let bytes = std::fs::read(path).map_err(|source| BuildError::Read {
        path: path.to_owned(),
        source,
    })?;
    serde_json::from_slice(&bytes).map_err(|source| BuildError::Json {
        path: path.to_owned(),
        source,
    })
}
