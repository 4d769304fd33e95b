//! Pages of lists.

use std::sync::Arc;

use advisor_core::{AccountId, JobId, MarkerKey, MaxItems, Page, PagedOperation};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::answer::{Answer, EntityLists};
use super::directory::{Directory, EntityRef};
use crate::auth::hexadecimal::hex;
use crate::error::ApiError;
use crate::operation::Operation;

/// Which page of which list a request asks for.
pub(crate) struct PageOfList<'a> {
    pub(crate) operation: Operation,
    pub(crate) max_items: Option<MaxItems>,
    pub(crate) marker: Option<&'a str>,
    /// The filters of the list, as the request gives them.
    pub(crate) filters: String,
}

impl PageOfList<'_> {
    /// Returns the items of the page, and the marker of the next one. A marker is valid for its
    /// operation, account and filters only.
    pub(crate) fn cut<T>(
        &self,
        key: &MarkerKey,
        account: &AccountId,
        items: Vec<T>,
    ) -> Result<(Vec<T>, Option<String>), ApiError> {
        let name = format!("{} {account} {}", self.operation.name(), self.filters);
        let digest = hex(&Sha256::digest(name.as_bytes()));
        let list = JobId::from(digest.as_str());
        let operation = PagedOperation::Directory;
        let start = match self.marker {
            Some(marker) => key.open(marker, operation, &list)?,
            None => 0,
        };
        let page = Page {
            start,
            items: self
                .max_items
                .map_or(operation.default_items(), MaxItems::get),
        };
        let next = page
            .next(items.len())
            .map(|position| key.seal(operation, &list, position));
        let items = items
            .into_iter()
            .skip(page.start)
            .take(page.items)
            .collect();
        Ok((items, next))
    }

    /// The answer of a list operation: a page of entities with these members.
    pub(crate) fn answer(
        &self,
        key: &MarkerKey,
        account: &AccountId,
        directory: Arc<Directory>,
        (list, entities): (&'static str, Vec<EntityRef>),
        members: &'static [&'static str],
    ) -> Result<Answer, ApiError> {
        let (page, next) = self.cut(key, account, entities)?;
        Ok(Answer::Lists(EntityLists {
            directory,
            lists: vec![(list, page)],
            members: Some(members),
            next,
        }))
    }
}

/// Adds `IsTruncated` and `Marker` to an answer.
pub(crate) fn with_marker(mut answer: Value, next: Option<&str>) -> Value {
    if let Value::Object(members) = &mut answer {
        members.insert("IsTruncated".into(), json!(next.is_some()));
        members.insert("Marker".into(), json!(next));
    }
    answer
}
