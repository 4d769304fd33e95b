//! The principal action of an operation: the IAM action that CloudTrail's record of it stands for.
//!
//! Within the namespace whose file lists the operation, it is the first of these that exists:
//! 1. the action of the same name, in any ASCII case;
//! 2. the reviewed list;
//! 3. the only action of the namespace that the operation is authorized by. Actions that only tag are left out unless
//!    the operation is about tags: creating with tags is authorized by `TagResource` too;
//! 4. the only action of the same name in another namespace that the operation is authorized by (OpenSearch's operations
//!    are authorized by `es` actions).

use std::collections::{BTreeMap, BTreeSet};

use super::known_actions::KnownActions;
use super::reviewed::Reviewed;
use super::service_reference::{ApiOperation, ServiceFile};

/// The event names of a namespace that lead to an action of another name, sorted, with that action (`namespace:Name` when it
/// is another namespace's).
pub(super) struct EventNames<'r> {
    targets: BTreeMap<&'r str, String>,
}

impl<'r> EventNames<'r> {
    pub(super) fn of(
        namespace: &'r str,
        file: Option<&'r ServiceFile>,
        known: &KnownActions<'r>,
        reviewed: &Reviewed<'r>,
    ) -> Self {
        let mut targets = BTreeMap::new();
        for operation in file.into_iter().flat_map(|file| &file.operations) {
            if let Some(target) = authorized_action(namespace, operation, known) {
                targets.insert(operation.name.as_str(), target);
            }
        }
        for (event, target) in reviewed.events_of(namespace) {
            if known.has(namespace, target) {
                targets.insert(event, target.to_owned());
            }
        }
        targets.retain(|event, _| known.find(namespace, event).is_none());
        Self { targets }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&'r str, &str)> {
        self.targets
            .iter()
            .map(|(event, target)| (*event, target.as_str()))
    }

    /// The action behind an event of the namespace, as [`EventNames::iter`] names it.
    pub(super) fn action(
        &self,
        namespace: &str,
        event: &str,
        known: &KnownActions<'_>,
    ) -> Option<String> {
        let own = known.find(namespace, event);
        own.map(|action| action.name.to_owned())
            .or_else(|| self.targets.get(event).cloned())
    }
}

/// Rules 3 and 4.
fn authorized_action<'r>(
    namespace: &'r str,
    operation: &'r ApiOperation,
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

/// The value, when there is at least one and all are equal.
fn only(values: impl Iterator<Item = String>) -> Option<String> {
    let distinct: BTreeSet<String> = values.collect();
    let count = distinct.len();
    distinct.into_iter().next().filter(|_| count == 1)
}
