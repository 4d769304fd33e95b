//! `ListUsers` and `GetUser`.

use advisor_core::EntityKind;
use iam_policy_parser::{IamArn, IamEntity};
use serde_json::{Value, json};

use super::answer::Answer;
use super::constraints::{Checked, NAME_TO_128};
use super::context::Context;
use super::entity_list::EntityList;
use super::item::Item;
use crate::error::ApiError;
use crate::operation::Operation;

/// The members of a `User` in a list.
pub(crate) const USER: &[&str] = &["Path", "UserName", "UserId", "Arn", "CreateDate"];

/// `ListUsers`.
pub(crate) fn list(context: &Context<'_>) -> Result<Answer, ApiError> {
    let list = EntityList {
        operation: Operation::ListUsers,
        name: "Users",
        members: USER,
        kind: EntityKind::User,
    };
    list.answer(context)
}

/// `GetUser`: without a name, the caller.
pub(crate) fn get(context: &Context<'_>) -> Result<Value, ApiError> {
    let mut checked = Checked::new(context.parameters);
    let name = checked.text("UserName", &NAME_TO_128);
    checked.finish()?;
    let own;
    let name = if let Some(name) = name {
        name
    } else {
        let caller = context.caller.arn().parse::<IamArn>();
        own = match caller.map(|arn| arn.entity().clone()) {
            Ok(IamEntity::User { name, .. }) => name,
            _ => {
                return Err(ApiError::validation(
                    "Must specify userName when calling with non-User credentials",
                ));
            }
        };
        &own
    };
    let (_, directory) = context.directory()?;
    let user = directory
        .users
        .iter()
        .map(|user| &user.entity)
        .find(|user| user.name == name)
        .ok_or_else(|| {
            ApiError::no_such_entity(format!("The user with name {name} cannot be found."))
        })?;
    let members = [USER, &["PermissionsBoundary", "Tags"]].concat();
    Ok(json!({ "User": Item::Entity(user).only(&members)? }))
}
