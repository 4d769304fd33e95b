//! `ListRoles` and `GetRole`.

use serde_json::{Value, json};

use super::constraints::{Checked, NAME_TO_64};
use super::context::Context;
use super::item::Item;
use super::operation::Operation;
use super::paging::PageOfList;
use crate::error::ApiError;

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
pub(crate) fn list(context: &Context<'_>) -> Result<Value, ApiError> {
    let mut checked = Checked::new(context.parameters);
    let prefix = checked.path_prefix();
    let max_items = checked.max_items()?;
    let marker = checked.marker();
    checked.finish()?;
    let (account, directory) = context.directory()?;
    let page = PageOfList {
        operation: Operation::ListRoles,
        max_items,
        marker,
        filters: prefix.to_owned(),
    };
    let roles = directory.roles.iter();
    let roles = roles.filter(|role| role.path.starts_with(prefix));
    let key = context.advisor.store().marker_key();
    page.answer(
        key,
        &account,
        "Roles",
        roles.map(Item::Entity).collect(),
        ROLE,
    )
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
