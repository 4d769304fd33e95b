//! `GetAccountAuthorizationDetails`.

use serde_json::{Map, Value, json};

use super::constraints::Checked;
use super::context::Context;
use super::item::Item;
use super::paging::{PageOfList, with_marker};
use crate::error::ApiError;
use crate::operation::Operation;

/// The values of `Filter`.
const FILTERS: [&str; 5] = [
    "Role",
    "AWSManagedPolicy",
    "User",
    "LocalManagedPolicy",
    "Group",
];

/// The lists of an answer, in the order in which pages go through them.
const LISTS: [&str; 4] = [
    "UserDetailList",
    "GroupDetailList",
    "RoleDetailList",
    "Policies",
];

/// Answers the operation.
pub(crate) fn get(context: &Context<'_>) -> Result<Value, ApiError> {
    let mut checked = Checked::new(context.parameters);
    let filter = checked.words("Filter", &FILTERS);
    let max_items = checked.max_items()?;
    let marker = checked.marker();
    checked.finish()?;
    let wanted = |word: &str| {
        filter
            .as_ref()
            .is_none_or(|words| words.iter().any(|known| known == word))
    };
    let (account, directory) = context.directory()?;
    let page = PageOfList {
        operation: Operation::GetAccountAuthorizationDetails,
        max_items,
        marker,
        filters: FILTERS
            .map(|word| if wanted(word) { "1" } else { "0" })
            .concat(),
    };
    let [users, groups, roles, policies] = LISTS;
    let mut items: Vec<(&str, Item<'_>)> = Vec::new();
    if wanted("User") {
        let entities = directory.users.iter().map(|user| &user.entity);
        items.extend(entities.map(|user| (users, Item::Entity(user))));
    }
    if wanted("Group") {
        let entities = directory.groups.iter();
        items.extend(entities.map(|group| (groups, Item::Entity(group))));
    }
    if wanted("Role") {
        let entities = directory.roles.iter();
        items.extend(entities.map(|role| (roles, Item::Entity(role))));
    }
    let is_wanted = |is_aws_managed: bool| {
        wanted(if is_aws_managed {
            "AWSManagedPolicy"
        } else {
            "LocalManagedPolicy"
        })
    };
    let wanted_policies = directory.policies.iter();
    let wanted_policies = wanted_policies.filter(|policy| is_wanted(policy.is_aws_managed));
    items.extend(wanted_policies.map(|policy| (policies, Item::Policy(policy))));

    let key = context.advisor.store().marker_key();
    let (items, next) = page.cut(key, &account, items)?;
    let mut lists: Map<String, Value> = LISTS
        .into_iter()
        .map(|list| (list.to_owned(), json!([])))
        .collect();
    for (list, item) in items {
        if let Some(Value::Array(members)) = lists.get_mut(list) {
            members.push(item.value()?);
        }
    }
    Ok(with_marker(Value::Object(lists), next.as_deref()))
}
