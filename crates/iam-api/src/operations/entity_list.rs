//! The lists of users, groups and roles: alike but for their names and members.

use serde_json::Value;

use super::constraints::Checked;
use super::context::Context;
use super::directory::{Directory, Entity};
use super::item::Item;
use super::paging::PageOfList;
use crate::error::ApiError;
use crate::operation::Operation;

/// A list of entities, filtered by `PathPrefix`.
pub(super) struct EntityList {
    pub(super) operation: Operation,
    /// The list's name in the answer.
    pub(super) name: &'static str,
    /// The members that an entity has in it.
    pub(super) members: &'static [&'static str],
    pub(super) entities: fn(&Directory) -> Vec<&Entity>,
}

impl EntityList {
    pub(super) fn answer(&self, context: &Context<'_>) -> Result<Value, ApiError> {
        let mut checked = Checked::new(context.parameters);
        let prefix = checked.path_prefix();
        let max_items = checked.max_items()?;
        let marker = checked.marker();
        checked.finish()?;
        let (account, directory) = context.directory()?;
        let page = PageOfList {
            operation: self.operation,
            max_items,
            marker,
            filters: prefix.to_owned(),
        };
        let entities = (self.entities)(&directory).into_iter();
        let entities = entities.filter(|entity| entity.path.starts_with(prefix));
        let key = context.advisor.store().marker_key();
        page.answer(
            key,
            &account,
            self.name,
            entities.map(Item::Entity).collect(),
            self.members,
        )
    }
}
