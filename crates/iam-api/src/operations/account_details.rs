//! `GetAccountAuthorizationDetails`.

use super::answer::{Answer, EntityLists};
use super::constraints::Checked;
use super::context::Context;
use super::directory::EntityRef;
use super::paging::PageOfList;
use crate::error::ApiError;
use crate::operation::Operation;
use advisor_core::EntityKind;

/// The values of `Filter`.
const FILTERS: [&str; 5] = [
    "Role",
    "AWSManagedPolicy",
    "User",
    "LocalManagedPolicy",
    "Group",
];

/// The lists of an answer, in the order in which pages go through them.
const LISTS: [(&str, EntityKind); 4] = [
    ("UserDetailList", EntityKind::User),
    ("GroupDetailList", EntityKind::Group),
    ("RoleDetailList", EntityKind::Role),
    ("Policies", EntityKind::Policy),
];

/// Answers the operation.
pub(crate) fn get(context: &Context<'_>) -> Result<Answer, ApiError> {
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
    let mut entities: Vec<EntityRef> = Vec::new();
    for (word, kind) in [
        ("User", EntityKind::User),
        ("Group", EntityKind::Group),
        ("Role", EntityKind::Role),
    ] {
        if wanted(word) {
            entities.extend(directory.entities(kind).map(|(entity, _)| entity));
        }
    }
    let policies = directory.policies.iter().enumerate();
    let policies = policies.filter(|(_, policy)| {
        wanted(if policy.is_aws_managed {
            "AWSManagedPolicy"
        } else {
            "LocalManagedPolicy"
        })
    });
    entities.extend(policies.map(|(index, _)| EntityRef {
        kind: EntityKind::Policy,
        index,
    }));

    let key = context.advisor.store().marker_key();
    let (page, next) = page.cut(key, &account, entities)?;
    let of = |kind: EntityKind| {
        page.iter()
            .copied()
            .filter(move |entity| entity.kind == kind)
    };
    Ok(Answer::Lists(EntityLists {
        lists: LISTS
            .map(|(list, kind)| (list, of(kind).collect()))
            .to_vec(),
        directory,
        members: None,
        next,
    }))
}
