//! The lists of users, groups and roles: alike but for their names and members.

use super::answer::Answer;
use super::constraints::Checked;
use super::context::Context;
use super::paging::PageOfList;
use crate::error::ApiError;
use crate::operation::Operation;
use advisor_core::EntityKind;

/// A list of entities, filtered by `PathPrefix`.
pub(super) struct EntityList {
    pub(super) operation: Operation,
    /// The list's name in the answer.
    pub(super) name: &'static str,
    /// The members that an entity has in it.
    pub(super) members: &'static [&'static str],
    pub(super) kind: EntityKind,
}

impl EntityList {
    pub(super) fn answer(&self, context: &Context<'_>) -> Result<Answer, ApiError> {
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
        let entities = directory
            .entities(self.kind)
            .filter(|(_, entity)| entity.path.starts_with(prefix))
            .map(|(entity, _)| entity)
            .collect();
        let key = context.advisor.store().marker_key();
        page.answer(
            key,
            &account,
            directory,
            (self.name, entities),
            self.members,
        )
    }
}
