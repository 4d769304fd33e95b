//! Which further actions an operation's calls exercise, and what fields of a record decide.
//!
//! The service reference lists, per operation, every action it is authorized by; all but the one that its event resolves to are
//! implied. When they apply comes from the reviewed list `data/reviewed-implied.txt`. Actions that only tag have the condition
//! `tags` unless the operation itself is about tags or the action removes tags. The rest is undecided.

use std::collections::BTreeMap;

use super::known_actions::KnownActions;
use super::principal_action::EventNames;
use super::service_reference::ServiceFile;

/// The contents of `data/reviewed-implied.txt`; the file itself explains its lines.
#[derive(Default)]
pub(super) struct ReviewedImplied<'r> {
    /// The tests of each condition.
    pub(super) conditions: BTreeMap<&'r str, Vec<&'r str>>,
    /// (namespace, event, condition, action).
    when: Vec<(&'r str, &'r str, &'r str, &'r str)>,
    /// (namespace, event, action, when).
    implies: Vec<(&'r str, &'r str, &'r str, &'r str)>,
    /// `namespace:Action` -> when.
    every: BTreeMap<&'r str, &'r str>,
    /// (namespace, action, operations).
    at_least: Vec<(&'r str, &'r str, Vec<&'r str>)>,
}

/// The facts of one service, by event and by what tells facts about one event apart.
#[derive(Default)]
pub(super) struct ImpliedFacts {
    /// (event, condition) -> action.
    pub(super) alternatives: BTreeMap<(String, String), String>,
    /// (event, action) -> when.
    pub(super) implied: BTreeMap<(String, String), Option<String>>,
}

impl<'r> ReviewedImplied<'r> {
    pub(super) fn embedded() -> Self {
        Self::read(include_str!("../../data/reviewed-implied.txt"))
    }

    fn read(text: &'r str) -> Self {
        let mut reviewed = Self::default();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words.as_slice() {
                ["condition", name, tests @ ..] => {
                    reviewed.conditions.insert(name, tests.to_vec());
                }
                ["when", namespace, event, condition, action] => {
                    reviewed.when.push((namespace, event, condition, action));
                }
                ["implies", namespace, event, action, when] => {
                    reviewed.implies.push((namespace, event, action, when));
                }
                ["every", action, when] => {
                    reviewed.every.insert(action, when);
                }
                ["at-least", namespace, action, operations @ ..] => {
                    let operations = operations.to_vec();
                    reviewed.at_least.push((namespace, action, operations));
                }
                _ => {}
            }
        }
        reviewed
    }

    /// The facts of a service. Lines that name what the reference does not have are skipped.
    pub(super) fn facts(
        &self,
        namespace: &'r str,
        file: Option<&'r ServiceFile>,
        known: &KnownActions<'r>,
        events: &EventNames<'r>,
    ) -> ImpliedFacts {
        let mut facts = ImpliedFacts::default();
        for operation in file.into_iter().flat_map(|file| &file.operations) {
            let Some(principal) = events.action(namespace, &operation.name, known) else {
                continue;
            };
            for authorized in &operation.authorized_actions {
                let Some(action) = known.find(&authorized.namespace, &authorized.name) else {
                    continue;
                };
                let target = target(namespace, &authorized.namespace, action.name);
                if target == principal {
                    continue;
                }
                let when = self.when(namespace, &operation.name, &target, action.is_tagging_only);
                let key = (operation.name.clone(), target);
                facts.implied.insert(key, when);
            }
        }
        let here = self.implies.iter().filter(|(of, ..)| *of == namespace);
        for (_, event, action, when) in here {
            if known.has(namespace, action) && events.action(namespace, event, known).is_some() {
                let key = ((*event).to_owned(), (*action).to_owned());
                facts.implied.insert(key, Some((*when).to_owned()));
            }
        }
        let here = self.when.iter().filter(|(of, ..)| *of == namespace);
        for (_, event, condition, action) in here {
            if known.has(namespace, action) && events.action(namespace, event, known).is_some() {
                let key = ((*event).to_owned(), (*condition).to_owned());
                facts.alternatives.insert(key, (*action).to_owned());
            }
        }
        facts
    }

    fn when(
        &self,
        namespace: &str,
        operation: &str,
        target: &str,
        is_tagging_only: bool,
    ) -> Option<String> {
        let full = if target.contains(':') {
            target.to_owned()
        } else {
            format!("{namespace}:{target}")
        };
        let name = full.split_once(':').map_or("", |(_, name)| name);
        let takes_away = ["Untag", "Remove", "Delete"]
            .into_iter()
            .any(|verb| name.starts_with(verb));
        let tags = is_tagging_only && !takes_away && !operation.contains("Tag");
        let condition = self
            .every
            .get(full.as_str())
            .copied()
            .or_else(|| tags.then_some("tags"))?;
        let is_enough = self.at_least.iter().any(|(of, action, operations)| {
            *of == namespace && *action == target && operations.contains(&operation)
        });
        Some(if is_enough && !condition.ends_with('?') {
            format!("{condition}?")
        } else {
            condition.to_owned()
        })
    }

    /// The lines whose service, event or action does not exist.
    pub(super) fn stale(
        &self,
        known: &KnownActions<'r>,
        events: &BTreeMap<&'r str, EventNames<'r>>,
    ) -> Vec<String> {
        let leads = |namespace: &'r str, event: &'r str, action: &'r str| {
            let event = events
                .get(namespace)
                .and_then(|names| names.action(namespace, event, known));
            event.is_some() && known.has(namespace, action)
        };
        let when = self
            .when
            .iter()
            .filter(|(namespace, event, _, action)| !leads(namespace, event, action));
        let implies = self
            .implies
            .iter()
            .filter(|(namespace, event, action, _)| !leads(namespace, event, action));
        let every = self
            .every
            .iter()
            .filter(|(action, _)| !known.has("", action));
        when.map(|(of, event, condition, action)| format!("when {of} {event} {condition} {action}"))
            .chain(
                implies.map(|(of, event, action, when)| {
                    format!("implies {of} {event} {action} {when}")
                }),
            )
            .chain(every.map(|(action, when)| format!("every {action} {when}")))
            .collect()
    }
}

/// An action as the lines of a service name it.
fn target(service: &str, namespace: &str, name: &str) -> String {
    if service == namespace {
        name.to_owned()
    } else {
        format!("{namespace}:{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_a_fact_or_a_reason() {
        let text = include_str!("../../data/reviewed-implied.txt");
        let facts = text
            .lines()
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .count();
        let reviewed = ReviewedImplied::embedded();
        let read = reviewed.conditions.len()
            + reviewed.when.len()
            + reviewed.implies.len()
            + reviewed.every.len()
            + reviewed.at_least.len();
        assert_eq!(read, facts);
        let conditions = reviewed.implies.iter().map(|(.., when)| *when);
        let conditions = conditions
            .chain(reviewed.every.values().copied())
            .chain(reviewed.when.iter().map(|(_, _, condition, _)| *condition))
            .filter(|when| *when != "always");
        for condition in conditions {
            let name = condition.trim_end_matches('?');
            assert!(reviewed.conditions.contains_key(name), "{condition}");
        }
    }

    #[test]
    fn conditions_are_taken_in_order() {
        let reviewed = ReviewedImplied::embedded();
        let when =
            |namespace, operation, target, tags| reviewed.when(namespace, operation, target, tags);
        let role = when("ec2", "RunInstances", "iam:PassRole", false);
        assert_eq!(role.as_deref(), Some("role"));
        let role = when("sns", "CreateTopic", "iam:PassRole", false);
        assert_eq!(role.as_deref(), Some("role?"));
        let tags = when("ec2", "RunInstances", "CreateTags", true);
        assert_eq!(tags.as_deref(), Some("tags"));
        assert_eq!(when("x", "TagThing", "TagResource", true), None);
        assert_eq!(when("x", "CreateThing", "UntagResource", true), None);
        assert_eq!(when("x", "CreateThing", "DescribeThing", false), None);
    }
}
