//! What an operation answers.

use std::sync::Arc;

use serde_json::Value;

use super::directory::{Directory, EntityRef};
use super::item::Item;

/// The answer of an operation.
pub(crate) enum Answer {
    /// The members of the result.
    Value(Value),
    /// Lists of entities.
    Lists(EntityLists),
}

/// Pages of lists of entities. The entities' texts stay in the directory, which all answers share: they are
/// read one by one when the answer is written.
pub(crate) struct EntityLists {
    pub(crate) directory: Arc<Directory>,
    /// The lists by name.
    pub(crate) lists: Vec<(&'static str, Vec<EntityRef>)>,
    /// The members of an entity; `None` for all.
    pub(crate) members: Option<&'static [&'static str]>,
    /// The marker of the next page.
    pub(crate) next: Option<String>,
}

impl EntityLists {
    /// An entity as a member of its list.
    pub(crate) fn read(&self, entity: EntityRef) -> serde_json::Result<Value> {
        let Some(item) = Item::of(&self.directory, entity) else {
            return Ok(Value::Null);
        };
        match self.members {
            Some(members) => item.only(members),
            None => item.value(),
        }
    }
}
