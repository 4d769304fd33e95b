//! `ListGroups` and `GetGroup`.

use advisor_core::EntityKind;
use serde_json::{Value, json};

use super::answer::Answer;
use super::constraints::{Checked, NAME_TO_128};
use super::context::Context;
use super::entity_list::EntityList;
use super::item::Item;
use super::paging::{PageOfList, with_marker};
use super::users::USER;
use crate::error::ApiError;
use crate::operation::Operation;

/// The members of a `Group`.
const GROUP: &[&str] = &["Path", "GroupName", "GroupId", "Arn", "CreateDate"];

/// `ListGroups`.
pub(crate) fn list(context: &Context<'_>) -> Result<Answer, ApiError> {
    let list = EntityList {
        operation: Operation::ListGroups,
        name: "Groups",
        members: GROUP,
        kind: EntityKind::Group,
    };
    list.answer(context)
}

/// `GetGroup`: the group with a page of its users.
pub(crate) fn get(context: &Context<'_>) -> Result<Value, ApiError> {
    let mut checked = Checked::new(context.parameters);
    let name = checked.required_text("GroupName", &NAME_TO_128);
    let max_items = checked.max_items()?;
    let marker = checked.marker();
    checked.finish()?;
    let (account, directory) = context.directory()?;
    let group = directory
        .groups
        .iter()
        .find(|group| group.name == name)
        .ok_or_else(|| {
            ApiError::no_such_entity(format!("The group with name {name} cannot be found."))
        })?;
    let page = PageOfList {
        operation: Operation::GetGroup,
        max_items,
        marker,
        filters: name.to_owned(),
    };
    let users = directory
        .users
        .iter()
        .filter(|user| user.groups.iter().any(|group| group == name))
        .map(|user| Item::Entity(&user.entity))
        .collect();
    let key = context.advisor.store().marker_key();
    let (users, next) = page.cut(key, &account, users)?;
    let users = users
        .into_iter()
        .map(|user| user.only(USER))
        .collect::<Result<Vec<_>, _>>()?;
    let group = Item::Entity(group).only(GROUP)?;
    Ok(with_marker(
        json!({ "Group": group, "Users": users }),
        next.as_deref(),
    ))
}
