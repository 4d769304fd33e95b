//! The principal action of an operation: what CloudTrail's record of it means as an IAM action.
//!
//! In this order, within the namespace in whose file the operation stands:
//! 1. the action of the same name, in any ASCII case;
//! 2. the reviewed list;
//! 3. the only action of the namespace that the operation is authorized by. Actions that only tag are left out unless
//!    the operation is about tags: creating with tags is authorized by `TagResource` too;
//! 4. the only action of the same name in another namespace that the operation is authorized by (OpenSearch's operations
//!    are authorized by `es` actions).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::reviewed::Reviewed;
use super::service_reference::{Operation, ServiceFile};

/// The actions that exist, by namespace and name in lower case.
pub(super) struct KnownActions<'r> {
    by_name: HashMap<(&'r str, String), KnownAction<'r>>,
}

#[derive(Clone, Copy)]
struct KnownAction<'r> {
    name: &'r str,
    is_tagging_only: bool,
}

impl<'r> KnownActions<'r> {
    pub(super) fn of(files: impl Iterator<Item = &'r ServiceFile>) -> Self {
        let mut by_name = HashMap::new();
        for file in files {
            for action in &file.actions {
                let key = (file.namespace.as_str(), action.name.to_ascii_lowercase());
                let is_tagging_only = action.annotations.properties.is_tagging_only;
                by_name.insert(
                    key,
                    KnownAction {
                        name: &action.name,
                        is_tagging_only,
                    },
                );
            }
        }
        Self { by_name }
    }

    fn find(&self, namespace: &'r str, name: &str) -> Option<KnownAction<'r>> {
        self.by_name
            .get(&(namespace, name.to_ascii_lowercase()))
            .copied()
    }

    /// Whether `target`, an action's name or `namespace:Name`, exists, seen from a namespace.
    pub(super) fn has(&self, namespace: &'r str, target: &'r str) -> bool {
        let (namespace, name) = target.split_once(':').unwrap_or((namespace, target));
        self.find(namespace, name).is_some()
    }
}

/// The event names of a namespace that lead to an action of another name, sorted, with that action (`namespace:Name` when it
/// is another namespace's).
pub(super) fn event_names<'r>(
    namespace: &'r str,
    file: Option<&'r ServiceFile>,
    known: &KnownActions<'r>,
    reviewed: &Reviewed<'r>,
) -> BTreeMap<&'r str, String> {
    let mut events = BTreeMap::new();
    for operation in file.into_iter().flat_map(|file| &file.operations) {
        if let Some(target) = authorized_action(namespace, operation, known) {
            events.insert(operation.name.as_str(), target);
        }
    }
    for (event, target) in reviewed.events_of(namespace) {
        if known.has(namespace, target) {
            events.insert(event, target.to_owned());
        }
    }
    events.retain(|event, _| known.find(namespace, event).is_none());
    events
}

/// Rules 3 and 4.
fn authorized_action<'r>(
    namespace: &'r str,
    operation: &'r Operation,
    known: &KnownActions<'r>,
) -> Option<String> {
    let authorized = || {
        operation.authorized_actions.iter().filter_map(|action| {
            let found = known.find(&action.namespace, &action.name)?;
            Some((action.namespace.as_str(), found))
        })
    };
    let about_tags = operation.name.contains("Tag");
    let own = authorized()
        .filter(|(of, action)| *of == namespace && (about_tags || !action.is_tagging_only))
        .map(|(_, action)| action.name.to_owned());
    let foreign = authorized()
        .filter(|(of, action)| {
            *of != namespace && action.name.eq_ignore_ascii_case(&operation.name)
        })
        .map(|(of, action)| format!("{of}:{}", action.name));
    only(own).or_else(|| only(foreign))
}

/// The only value, when all values are equal and there is one.
fn only(values: impl Iterator<Item = String>) -> Option<String> {
    let distinct: BTreeSet<String> = values.collect();
    let count = distinct.len();
    distinct.into_iter().next().filter(|_| count == 1)
}
