//! Splits exports with several accounts: each account gets its own entities, and the AWS managed
//! policies. If the accounts shared one graph, the report of an AWS managed policy would tell one
//! account about the users of another.

use std::borrow::Cow;

use iam_policy_parser::Arn;
use serde::Deserialize;

use super::export::{ExportPage, Part};
use super::export_error::ExportError;
use crate::ids::AccountId;

/// The lists of an export, in the order of [`ExportPage`].
const LISTS: [&str; 4] = [
    "UserDetailList",
    "GroupDetailList",
    "RoleDetailList",
    "Policies",
];

/// The entities of an export, with the account that each belongs to.
#[derive(Debug)]
pub struct SplitExport<'a> {
    text: &'a str,
    /// The list, the account and the JSON.
    entities: Vec<(&'static str, AccountId, &'a str)>,
}

impl<'a> SplitExport<'a> {
    /// Reads the export. Entities without an ARN belong to no account and are left out.
    ///
    /// # Errors
    /// As [`ExportPage::parse_all`].
    pub fn new(name: &str, text: &'a str) -> Result<Self, ExportError> {
        let mut entities = Vec::new();
        for page in ExportPage::parse_all(name, text)? {
            let [users, groups, roles, policies] = LISTS;
            add(&mut entities, users, page.user_detail_list);
            add(&mut entities, groups, page.group_detail_list);
            add(&mut entities, roles, page.role_detail_list);
            add(&mut entities, policies, page.policies);
        }
        Ok(Self { text, entities })
    }

    /// The account's part, with the AWS managed policies: the whole text when there is nothing of other
    /// accounts in it, else one document. `None` when nothing belongs to the account.
    #[must_use]
    pub fn part_of(&self, account: &AccountId) -> Option<Cow<'a, str>> {
        self.entities.iter().find(|(_, of, _)| of == account)?;
        let is_wanted = |of: &AccountId| of == account || of.is_aws() || of.as_str().is_empty();
        if self.entities.iter().all(|(_, of, _)| is_wanted(of)) {
            return Some(self.text.into());
        }
        let mut part = String::from("{");
        for (index, list) in LISTS.into_iter().enumerate() {
            let values: Vec<&str> = self
                .entities
                .iter()
                .filter(|(of, owner, _)| *of == list && is_wanted(owner))
                .map(|(_, _, json)| *json)
                .collect();
            let comma = if index == 0 { "" } else { ", " };
            part.push_str(&format!("{comma}\"{list}\": [{}]", values.join(", ")));
        }
        part.push('}');
        Some(part.into())
    }
}

fn add<'a, T>(
    entities: &mut Vec<(&'static str, AccountId, &'a str)>,
    list: &'static str,
    parts: Option<Vec<Part<'a, T>>>,
) {
    for part in parts.into_iter().flatten() {
        if let Some(account) = owner(part.json()) {
            entities.push((list, account, part.json()));
        }
    }
}

/// The account of an entity, as its ARN says.
fn owner(entity: &str) -> Option<AccountId> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Entity {
        #[serde(alias = "arn", alias = "ARN")]
        arn: String,
    }
    if !entity.starts_with('{') {
        return None;
    }
    let Entity { arn } = serde_json::from_str(entity).ok()?;
    let arn: Arn = arn.parse().ok()?;
    Some(arn.account().into())
}
