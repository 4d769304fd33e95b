//! The reviewed list: event sources and event names that no published file explains, each with its reason.

use std::collections::{BTreeMap, BTreeSet};

use super::known_actions::KnownActions;

/// The contents of `data/reviewed-events.txt`; the file itself explains its lines.
pub(super) struct Reviewed<'r> {
    /// (source, namespace).
    pub(super) sources: Vec<(&'r str, &'r str)>,
    /// Event sources that hold no identity's calls.
    pub(super) sources_without_caller: BTreeSet<&'r str>,
    /// Event sources without a service that AWS documents outside its table.
    pub(super) sources_without_service: BTreeSet<&'r str>,
    /// (namespace, event name, action).
    events: Vec<(&'r str, &'r str, &'r str)>,
}

impl<'r> Reviewed<'r> {
    pub(super) fn embedded() -> Self {
        Self::read(include_str!("../../data/reviewed-events.txt"))
    }

    fn read(text: &'r str) -> Self {
        let mut reviewed = Self {
            sources: Vec::new(),
            sources_without_caller: BTreeSet::new(),
            sources_without_service: BTreeSet::new(),
            events: Vec::new(),
        };
        for line in text.lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match *words.as_slice() {
                ["source", source, namespace] => reviewed.sources.push((source, namespace)),
                ["no-caller", source] => drop(reviewed.sources_without_caller.insert(source)),
                ["no-service", source] => drop(reviewed.sources_without_service.insert(source)),
                ["event", namespace, name, action] => {
                    reviewed.events.push((namespace, name, action));
                }
                _ => {}
            }
        }
        reviewed
    }

    pub(super) fn events_of(&self, namespace: &str) -> impl Iterator<Item = (&'r str, &'r str)> {
        self.events
            .iter()
            .filter(move |(of, ..)| *of == namespace)
            .map(|(_, name, action)| (*name, *action))
    }

    /// The lines whose service or action does not exist.
    pub(super) fn stale(
        &self,
        known: &KnownActions<'r>,
        services: &BTreeMap<String, String>,
    ) -> Vec<String> {
        let sources = self
            .sources
            .iter()
            .filter(|(_, namespace)| !services.contains_key(*namespace));
        let events = self
            .events
            .iter()
            .filter(|(namespace, _, action)| !known.has(namespace, action));
        sources
            .map(|(source, namespace)| format!("source {source} {namespace}"))
            .chain(events.map(|(of, name, action)| format!("event {of} {name} {action}")))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn every_line_is_a_source_an_event_or_a_reason() {
        let text = include_str!("../../data/reviewed-events.txt");
        let facts = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .count();
        let reviewed = Reviewed::read(text);
        let read = reviewed.sources.len()
            + reviewed.sources_without_caller.len()
            + reviewed.sources_without_service.len()
            + reviewed.events.len();
        assert_eq!(read, facts);
        assert!(facts > 100);
    }

    #[test]
    fn every_line_leads_to_what_the_embedded_catalog_has_and_decides() {
        let catalog = Catalog::embedded();
        let reviewed = Reviewed::embedded();
        for (source, namespace) in reviewed.sources {
            let service = catalog.service_by_namespace(namespace).unwrap();
            let event_source = format!("{source}.amazonaws.com");
            assert!(
                catalog.services_of_source(&event_source).contains(&service),
                "{source}"
            );
        }
        for (namespace, name, target) in reviewed.events {
            let service = catalog.service_by_namespace(namespace).unwrap();
            let (of, action) = target.split_once(':').unwrap_or((namespace, target));
            let of = catalog.service_by_namespace(of).unwrap();
            let action = catalog.action_by_name(of, action);
            assert!(action.is_some(), "{namespace} {name} {target}");
            assert_eq!(
                catalog.action_by_name(service, name),
                None,
                "{namespace} {name} needs no review"
            );
            assert_eq!(
                catalog.action_of_event(service, name),
                action,
                "{namespace} {name}"
            );
        }
    }
}
