//! Builds a catalog from AWS's published files: the service reference, the names that IAM reports, botocore's service models, the
//! table of event sources, and the lists of data events.
//!
//! What these leave open comes from two reviewed lists in this repository, `data/reviewed-events.txt` and
//! `data/reviewed-implied.txt`.

use std::collections::{BTreeMap, BTreeSet};

use crate::assembly::{Assembly, EventFact, Header, TableFault};
use crate::catalog::{AccessLevel, Catalog, Sources};
use crate::condition::RecordCondition;
use crate::event_reference::EventReference;

mod botocore;
mod coverage;
mod error;
mod event_sources;
mod implied;
mod inputs;
mod known_actions;
mod logged_events;
mod principal_action;
mod reviewed;
mod service_names;
mod service_reference;
mod services;

pub use coverage::{OperationCoverage, UnresolvedOperation};
pub use error::BuildError;
pub use inputs::BuildInputs;

use event_sources::EventSources;
use implied::{ImpliedFacts, ReviewedImplied};
use known_actions::KnownActions;
use logged_events::LoggedEvents;
use principal_action::EventNames;
use reviewed::Reviewed;
use service_reference::ServiceFile;
use services::Services;

/// A new catalog and what was noticed while it was built.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Built {
    /// The new catalog.
    pub catalog: Catalog,
    /// How many operations of the reference lead to an action.
    pub coverage: OperationCoverage,
    /// Services without a display name; they have their namespace instead.
    pub unnamed_services: Vec<String>,
    /// Lines of the reviewed lists that name something this reference does not have; they were skipped.
    pub stale_reviews: Vec<String>,
}

/// Builds a catalog.
///
/// # Errors
/// When a file cannot be read or parsed (the error names it), and when files contradict each other.
pub fn build(inputs: &BuildInputs<'_>) -> Result<Built, BuildError> {
    let embedded = Catalog::embedded();
    let reference = service_reference::read(inputs.service_reference)?;
    let services = Services::choose(&reference, inputs.service_names, embedded)?;
    let event_sources = EventSources::find(&reference, &services, inputs, embedded)?;
    let reviewed = Reviewed::embedded();
    let reviewed_implied = ReviewedImplied::embedded();
    let known = KnownActions::of(
        reference
            .iter()
            .filter(|file| services.names.contains_key(&file.namespace)),
    );
    let file_of = |namespace: &str| reference.iter().find(|file| file.namespace == *namespace);
    let events: BTreeMap<&str, EventNames<'_>> = services
        .names
        .keys()
        .map(|namespace| {
            let names = EventNames::of(namespace, file_of(namespace), &known, &reviewed);
            (namespace.as_str(), names)
        })
        .collect();
    let logged = match inputs.data_events {
        Some(path) => LoggedEvents::read(path, &event_sources, &services, &known, &events)?,
        None => LoggedEvents::of(embedded, &known, &events),
    };
    let implied: BTreeMap<&str, ImpliedFacts> = events
        .iter()
        .map(|(namespace, names)| {
            let file = file_of(namespace);
            (
                *namespace,
                reviewed_implied.facts(namespace, file, &known, names),
            )
        })
        .collect();
    let conditions = reviewed_implied.conditions.iter().map(|(name, tests)| {
        RecordCondition::parse(name, tests.iter().copied())
            .ok_or_else(|| contradiction("", TableFault::BadCondition((*name).to_owned())))
    });
    let header = Header {
        sources: Sources {
            service_reference: inputs.service_reference_date.to_owned(),
            service_names: inputs.service_names.map_or_else(
                || embedded.sources().service_names.clone(),
                |names| names.date.to_owned(),
            ),
            botocore: event_sources.botocore.clone(),
            event_sources: event_sources.table_date.clone(),
            data_events: logged.date.clone(),
        },
        unreported: boxed(services.unreported.iter()),
        sources_without_caller: boxed(reviewed.sources_without_caller.iter()),
        sources_without_service: boxed(event_sources.without_service.iter()),
        conditions: conditions.collect::<Result<_, _>>()?,
    };
    let named = NamedActions::find(&reference, &known, &events, &implied, &logged);

    let mut assembly = Assembly::new(header);
    // Events are looked up at the end; their place is the position of their service.
    for (place, (namespace, name)) in services.names.iter().enumerate() {
        let sources = event_sources.of_services.get(namespace);
        add_service(
            &mut assembly,
            namespace,
            name,
            sources,
            file_of(namespace),
            &named,
        )
        .and_then(|()| {
            let names = events.get(namespace.as_str());
            names
                .into_iter()
                .flat_map(EventNames::iter)
                .try_for_each(|(event, target)| assembly.event(event, target, place))
        })
        .and_then(|()| {
            let facts = implied.get(namespace.as_str());
            add_facts(&mut assembly, namespace, facts, &logged, place)
        })
        .map_err(|fault| contradiction(namespace, fault))?;
    }
    let catalog = assembly.finish().map_err(|(place, fault)| {
        contradiction(
            services.names.keys().nth(place).map_or("", String::as_str),
            fault,
        )
    })?;
    logged.check(&catalog)?;
    let coverage = OperationCoverage::of(&catalog, &reference);
    let mut stale_reviews = reviewed.stale(&known, &services.names);
    stale_reviews.extend(reviewed_implied.stale(&known, &events));
    Ok(Built {
        catalog,
        coverage,
        unnamed_services: services.unnamed,
        stale_reviews,
    })
}

fn contradiction(namespace: &str, fault: TableFault) -> BuildError {
    BuildError::Contradiction {
        namespace: namespace.to_owned(),
        fault,
    }
}

fn boxed<T: ToString>(entries: impl Iterator<Item = T>) -> Vec<Box<str>> {
    entries.map(|entry| entry.to_string().into()).collect()
}

/// The actions that at least one event leads to, as `namespace:Action`.
struct NamedActions(BTreeSet<String>);

impl NamedActions {
    fn find(
        reference: &[ServiceFile],
        known: &KnownActions<'_>,
        events: &BTreeMap<&str, EventNames<'_>>,
        implied: &BTreeMap<&str, ImpliedFacts>,
        logged: &LoggedEvents,
    ) -> Self {
        let mut named = Self(BTreeSet::new());
        for file in reference {
            let Some(names) = events.get(file.namespace.as_str()) else {
                continue;
            };
            for operation in &file.operations {
                let action = names.action(&file.namespace, &operation.name, known);
                named.extend(&file.namespace, action);
            }
        }
        for (namespace, names) in events {
            named.extend(namespace, names.iter().map(|(_, target)| target.to_owned()));
        }
        for (namespace, facts) in implied {
            named.extend(namespace, facts.alternatives.values().cloned());
        }
        for (namespace, event) in logged.data.keys().chain(&logged.management) {
            let names = events.get(namespace.as_str());
            named.extend(
                namespace,
                names.and_then(|names| names.action(namespace, event, known)),
            );
        }
        named
    }

    fn extend(&mut self, namespace: &str, targets: impl IntoIterator<Item = String>) {
        let full = targets.into_iter().map(|target| {
            if target.contains(':') {
                target
            } else {
                format!("{namespace}:{target}")
            }
        });
        self.0.extend(full);
    }

    fn has(&self, namespace: &str, action: &str) -> bool {
        self.0.contains(&format!("{namespace}:{action}"))
    }
}

fn add_facts<'t>(
    assembly: &mut Assembly<'t>,
    namespace: &str,
    facts: Option<&'t ImpliedFacts>,
    logged: &'t LoggedEvents,
    place: usize,
) -> Result<(), TableFault> {
    if let Some(facts) = facts {
        for ((event, condition), action) in &facts.alternatives {
            let fact = EventFact::Alternative { condition, action };
            assembly.event_fact(event, fact, place)?;
        }
        for ((event, action), when) in &facts.implied {
            let when = when.as_deref();
            assembly.event_fact(event, EventFact::Implied { action, when }, place)?;
        }
    }
    for ((of, event), types) in &logged.data {
        if of == namespace {
            let resource_types = types.iter().map(String::as_str).collect();
            assembly.event_fact(event, EventFact::Data { resource_types }, place)?;
        }
    }
    for (of, event) in &logged.management {
        if of == namespace {
            assembly.event_fact(event, EventFact::Management, place)?;
        }
    }
    Ok(())
}

fn add_service(
    assembly: &mut Assembly<'_>,
    namespace: &str,
    name: &str,
    sources: Option<&BTreeSet<String>>,
    file: Option<&ServiceFile>,
    named: &NamedActions,
) -> Result<(), TableFault> {
    assembly.service(namespace, name)?;
    for source in sources.into_iter().flatten() {
        assembly.event_source(source)?;
    }
    let Some(file) = file else { return Ok(()) };
    let types: BTreeMap<&str, _> = file
        .resources
        .iter()
        .map(|resource| (resource.name.as_str(), resource))
        .collect();
    for (name, resource) in types {
        assembly.resource_type(name, resource.arn_formats.iter().map(String::as_str))?;
    }
    let actions: BTreeMap<&str, _> = file
        .actions
        .iter()
        .map(|action| (action.name.as_str(), action))
        .collect();
    for (name, action) in actions {
        let properties = &action.annotations.properties;
        let access_level = if properties.is_list {
            AccessLevel::List
        } else if properties.is_permission_management {
            AccessLevel::PermissionsManagement
        } else if properties.is_tagging_only {
            AccessLevel::Tagging
        } else if properties.is_write {
            AccessLevel::Write
        } else {
            AccessLevel::Read
        };
        let tracked = action.supported_by.last_accessed;
        let event_reference = if action.supported_by.policy_generation {
            EventReference::PolicyGeneration
        } else if named.has(namespace, name) {
            EventReference::Named
        } else if file.operations.is_empty() {
            EventReference::Unknown
        } else {
            EventReference::Unnamed
        };
        let types: BTreeSet<&str> = action
            .resources
            .iter()
            .map(|resource| resource.name.as_str())
            .collect();
        assembly.action(
            name,
            access_level,
            tracked,
            event_reference,
            types.into_iter(),
        )?;
    }
    Ok(())
}
