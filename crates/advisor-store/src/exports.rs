//! Exports of several accounts, taken apart: an account's picture holds its own entities and AWS's
//! policies. An AWS-managed policy would else join the accounts: its report would tell one account
//! of the other's users.

use std::borrow::Cow;
use std::collections::BTreeMap;

use advisor_core::AccountId;
use iam_policy_parser::Arn;
use serde_json::value::RawValue;

/// A page's fields, by name.
type Fields<'a> = BTreeMap<String, &'a RawValue>;

const LISTS: [&str; 4] = [
    "UserDetailList",
    "GroupDetailList",
    "RoleDetailList",
    "Policies",
];

/// An export with all its entities: which list, whose, and the JSON.
pub(crate) struct TakenApart<'a> {
    entities: Vec<(&'static str, AccountId, &'a RawValue)>,
}

impl<'a> TakenApart<'a> {
    /// Takes an export apart that [`advisor_core::account::AccountDataBuilder`] could read. Entities
    /// without an ARN are nobody's and left out, as they are there.
    pub(crate) fn new(text: &'a str) -> serde_json::Result<Self> {
        let mut entities = Vec::new();
        let mut take = |page: &'a RawValue| -> serde_json::Result<()> {
            let fields: Fields<'a> = serde_json::from_str(page.get())?;
            for list in LISTS {
                let Some(values) = fields.get(list) else {
                    continue;
                };
                let values: Option<Vec<&RawValue>> = serde_json::from_str(values.get())?;
                for value in values.into_iter().flatten() {
                    if let Some(account) = account_of(value) {
                        entities.push((list, account, value));
                    }
                }
            }
            Ok(())
        };
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            let value = value?;
            if value.get().starts_with('[') {
                let pages: Vec<&RawValue> = serde_json::from_str(value.get())?;
                pages.into_iter().try_for_each(&mut take)?;
            } else {
                take(value)?;
            }
        }
        Ok(Self { entities })
    }

    /// The account's part, with AWS's policies: as it came (which is `text`) when there is nobody
    /// else's in it, else one document. `None` when there is nothing of the account's own.
    pub(crate) fn part_of<'t>(&self, account: &AccountId, text: &'t str) -> Option<Cow<'t, str>> {
        self.entities.iter().find(|(_, of, _)| of == account)?;
        let is_wanted = |of: &AccountId| of == account || is_aws(of);
        if self.entities.iter().all(|(_, of, _)| is_wanted(of)) {
            return Some(text.into());
        }
        let mut part = String::from("{");
        for (index, list) in LISTS.into_iter().enumerate() {
            let values: Vec<&str> = self
                .entities
                .iter()
                .filter(|(of, whose, _)| *of == list && is_wanted(whose))
                .map(|(_, _, value)| value.get())
                .collect();
            let comma = if index == 0 { "" } else { ", " };
            part.push_str(&format!("{comma}\"{list}\": [{}]", values.join(", ")));
        }
        part.push('}');
        Some(part.into())
    }
}

/// Whether this stands for AWS in ARNs of AWS-managed policies.
pub(crate) fn is_aws(account: &AccountId) -> bool {
    matches!(account.as_str(), "aws" | "")
}

fn account_of(entity: &RawValue) -> Option<AccountId> {
    let fields: Fields<'_> = serde_json::from_str(entity.get()).ok()?;
    let arn: String = serde_json::from_str(fields.get("Arn")?.get()).ok()?;
    let arn: Arn = arn.parse().ok()?;
    Some(arn.account().into())
}
