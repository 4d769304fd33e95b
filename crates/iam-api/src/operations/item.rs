//! Entities as members of answers.

use serde_json::{Map, Value};

use super::directory::{Entity, Policy};
use crate::error::ApiError;

/// An entity whose JSON has not been parsed yet: most entities are on other pages.
#[derive(Clone, Copy)]
pub(crate) enum Item<'a> {
    Entity(&'a Entity),
    Policy(&'a Policy),
}

impl Item<'_> {
    fn members(self) -> Result<Map<String, Value>, ApiError> {
        let detail = match self {
            Self::Entity(entity) => entity.detail(),
            Self::Policy(policy) => policy.detail(),
        };
        detail.map_err(|error| {
            tracing::error!(%error, "an entity of a directory is not JSON");
            ApiError::failure()
        })
    }

    /// All members, as `GetAccountAuthorizationDetails` returns them.
    pub(crate) fn value(self) -> Result<Value, ApiError> {
        self.members().map(Value::Object)
    }

    /// Only these members. Empty `Tags` are left out, as recorded of `GetUser`.
    pub(crate) fn only(self, members: &[&str]) -> Result<Value, ApiError> {
        let mut detail = self.members()?;
        detail.retain(|name, value| {
            let is_empty_list = value.as_array().is_some_and(Vec::is_empty);
            members.contains(&name.as_str()) && !(name == "Tags" && is_empty_list)
        });
        Ok(Value::Object(detail))
    }
}
