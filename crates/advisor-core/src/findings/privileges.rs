//! Actions with which an identity could get more permissions, or credentials.
//!
//! Two sources decide: AWS's access level *Permissions management* (Service Authorization Reference), and the reviewed [`list`]. Of an
//! action that has both, the list says the class.

mod class;
// A table: one line for each action.
#[rustfmt::skip]
mod list;

use std::sync::LazyLock;

use hashbrown::HashMap;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};
use service_catalog::{AccessLevel, ActionId, Catalog};

pub use self::class::PrivilegeClass;
use self::list::{LISTS, Source};

/// An action of the reviewed list of those that can lead to more permissions or to credentials. Serializes with its source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Privilege {
    /// The action, such as `iam:PutRolePolicy`.
    pub action: &'static str,
    /// Its class.
    pub class: PrivilegeClass,
    /// Whether by itself it leads to any permission when it is granted on all resources.
    pub takes_over: bool,
    /// What it gives, in words that follow "which": `writes a policy of a role of the caller`.
    pub gives: &'static str,
    source: Source,
}

static LISTED: LazyLock<HashMap<&str, Privilege>> = LazyLock::new(|| {
    let rows = LISTS.iter().flat_map(|(class, takes_over, rows)| {
        rows.iter().map(|(action, gives, source)| Privilege {
            action,
            class: *class,
            takes_over: *takes_over,
            gives,
            source: *source,
        })
    });
    rows.map(|row| (row.action, row)).collect()
});

impl Privilege {
    /// What the list says of an action, such as `iam:PutRolePolicy`.
    #[must_use]
    pub fn listed(action: &str) -> Option<&'static Self> {
        LISTED.get(action)
    }

    /// Where it is described that it leads to more permissions or to credentials.
    #[must_use]
    pub fn source(&self) -> String {
        self.source.to_string()
    }
}

impl Serialize for Privilege {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut privilege = serializer.serialize_struct("Privilege", 4)?;
        privilege.serialize_field("action", self.action)?;
        privilege.serialize_field("class", self.class.name())?;
        privilege.serialize_field("gives", self.gives)?;
        privilege.serialize_field("source", &self.source())?;
        privilege.end()
    }
}

/// The privileges of a catalog.
#[derive(Debug)]
pub(crate) struct Privileges<'a> {
    catalog: &'a Catalog,
    listed: HashMap<ActionId, &'static Privilege>,
    pass_role: Option<ActionId>,
}

impl<'a> Privileges<'a> {
    pub(crate) fn new(catalog: &'a Catalog) -> Self {
        let listed = LISTED.values().filter_map(|privilege| {
            let (namespace, name) = privilege.action.split_once(':')?;
            let service = catalog.service_by_namespace(namespace)?;
            Some((catalog.action_by_name(service, name)?, privilege))
        });
        let iam = catalog.service_by_namespace("iam");
        Self {
            catalog,
            listed: listed.collect(),
            pass_role: iam.and_then(|iam| catalog.action_by_name(iam, "PassRole")),
        }
    }

    /// Why an action is a privilege; `None` when it is not.
    pub(crate) fn class_of(&self, action: ActionId) -> Option<PrivilegeClass> {
        let listed = self.listed(action).map(|privilege| privilege.class);
        listed.or_else(|| {
            let level = self.catalog.action(action).access_level();
            (level == AccessLevel::PermissionsManagement)
                .then_some(PrivilegeClass::PermissionsManagement)
        })
    }

    /// What the reviewed list says of an action.
    pub(super) fn listed(&self, action: ActionId) -> Option<&'static Privilege> {
        self.listed.get(&action).copied()
    }

    /// `iam:PassRole`.
    pub(super) fn pass_role(&self) -> Option<ActionId> {
        self.pass_role
    }
}

/// The actions that everybody may call. "No permissions are required" (STS API Reference).
pub(crate) fn without_permission(catalog: &Catalog) -> Vec<ActionId> {
    let sts = catalog.service_by_namespace("sts");
    let names = ["GetCallerIdentity", "GetSessionToken"];
    let actions = names.iter();
    actions
        .filter_map(|name| catalog.action_by_name(sts?, name))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_has_every_listed_action() {
        let catalog = Catalog::embedded();
        for privilege in LISTED.values() {
            let (namespace, name) = privilege.action.split_once(':').unwrap();
            let service = catalog.service_by_namespace(namespace);
            let action = service.and_then(|service| catalog.action_by_name(service, name));
            let action = action.unwrap_or_else(|| panic!("{}", privilege.action));
            // Policies and findings write names as the catalog does.
            assert_eq!(catalog.action(action).name(), name);
        }
    }

    #[test]
    fn each_list_is_sorted_and_no_action_is_listed_twice() {
        for (_, _, rows) in LISTS {
            assert!(rows.is_sorted_by_key(|(action, _, _)| action.split_once(':')));
        }
        let rows: usize = LISTS.iter().map(|(_, _, rows)| rows.len()).sum();
        assert_eq!(LISTED.len(), rows);
    }

    #[test]
    fn what_an_action_gives_follows_which() {
        for privilege in LISTED.values() {
            let (first, _) = privilege.gives.split_once(' ').unwrap();
            let is_verb = first.ends_with('s') && first.chars().all(|c| c.is_ascii_lowercase());
            assert!(is_verb && !privilege.gives.ends_with('.'), "{privilege:?}");
        }
    }
}
