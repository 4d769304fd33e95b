//! Entities as members of answers.

use advisor_core::EntityKind;
use serde_json::{Map, Value};

use super::directory::{Directory, Entity, EntityRef, Policy};

/// An entity whose JSON has not been parsed yet: most entities are on other pages.
#[derive(Clone, Copy)]
pub(crate) enum Item<'a> {
    Entity(&'a Entity),
    Policy(&'a Policy),
}

impl<'a> Item<'a> {
    /// Looks an entity up; `None` when it is of another directory.
    pub(crate) fn of(directory: &'a Directory, entity: EntityRef) -> Option<Self> {
        let index = entity.index;
        match entity.kind {
            EntityKind::User => directory.users.get(index).map(|user| &user.entity),
            EntityKind::Group => directory.groups.get(index),
            EntityKind::Role => directory.roles.get(index),
            EntityKind::Policy => return directory.policies.get(index).map(Self::Policy),
        }
        .map(Self::Entity)
    }

    /// All members, as `GetAccountAuthorizationDetails` returns them.
    pub(crate) fn value(self) -> serde_json::Result<Value> {
        self.members().map(Value::Object)
    }

    /// Only these members. Empty `Tags` are left out, as recorded of `GetUser`.
    pub(crate) fn only(self, members: &[&str]) -> serde_json::Result<Value> {
        let mut detail = self.members()?;
        detail.retain(|name, value| {
            let is_empty_list = value.as_array().is_some_and(Vec::is_empty);
            members.contains(&name.as_str()) && !(name == "Tags" && is_empty_list)
        });
        Ok(Value::Object(detail))
    }

    fn members(self) -> serde_json::Result<Map<String, Value>> {
        match self {
            Self::Entity(entity) => entity.detail(),
            Self::Policy(policy) => policy.detail(),
        }
    }
}
