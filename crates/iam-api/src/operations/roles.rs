//! `ListRoles` and `GetRole`.

use advisor_core::EntityKind;
use serde_json::{Value, json};

use super::answer::Answer;
use super::constraints::{Checked, NAME_TO_64};
use super::context::Context;
use super::entity_list::EntityList;
use super::item::Item;
use crate::error::ApiError;
use crate::operation::Operation;

/// The members of a `Role` in a list.
const ROLE: &[&str] = &[
    "Path",
    "RoleName",
    "RoleId",
    "Arn",
    "CreateDate",
    "AssumeRolePolicyDocument",
];

/// `ListRoles`.
pub(crate) fn list(context: &Context<'_>) -> Result<Answer, ApiError> {
    let list = EntityList {
        operation: Operation::ListRoles,
        name: "Roles",
        members: ROLE,
        kind: EntityKind::Role,
    };
    list.answer(context)
}

/// `GetRole`.
pub(crate) fn get(context: &Context<'_>) -> Result<Value, ApiError> {
    let mut checked = Checked::new(context.parameters);
    let name = checked.required_text("RoleName", &NAME_TO_64);
    checked.finish()?;
    let (_, directory) = context.directory()?;
    let role = directory
        .roles
        .iter()
        .find(|role| role.name == name)
        .ok_or_else(|| {
            ApiError::no_such_entity(format!("The role with name {name} cannot be found."))
        })?;
    let members = [ROLE, &["PermissionsBoundary", "Tags", "RoleLastUsed"]].concat();
    Ok(json!({ "Role": Item::Entity(role).only(&members)? }))
}
