//! Names of new managed policies.

use hashbrown::HashSet;

use crate::account::{AccountData, EntityDetail, EntityKind};

/// The longest name of a policy. Source: IAM User Guide, "IAM and AWS STS quotas".
const LONGEST: usize = 128;

/// Makes names of managed policies that the account does not have, and that tell what they are for.
pub(super) struct NewNames<'a> {
    account: &'a AccountData,
    detail: &'a EntityDetail,
    used: HashSet<String>,
}

impl<'a> NewNames<'a> {
    pub(super) fn new(account: &'a AccountData, detail: &'a EntityDetail) -> Self {
        Self {
            account,
            detail,
            used: HashSet::new(),
        }
    }

    /// A name for a policy that takes the place of others.
    pub(super) fn next(&mut self, replaces: &[String]) -> String {
        let kind = match self.detail.kind {
            EntityKind::User => "user",
            EntityKind::Group => "group",
            EntityKind::Role | EntityKind::Policy => "role",
        };
        let what = match replaces {
            [one] => one.rsplit('/').next().unwrap_or_default(),
            _ => "rightsized",
        };
        let stem = allowed(&format!("{what}-{kind}-{}", self.detail.name));
        let numbered = (1..).map(|number| match number {
            1 => shortened(&stem, ""),
            _ => shortened(&stem, &format!("-{number}")),
        });
        for name in numbered {
            if !self.is_taken(&name) {
                self.used.insert(name.to_ascii_lowercase());
                return name;
            }
        }
        stem
    }

    /// Whether the account has a policy of this name, or another new one does. IAM ignores case in names.
    fn is_taken(&self, name: &str) -> bool {
        if self.used.contains(&name.to_ascii_lowercase()) {
            return true;
        }
        let partition = self.detail.arn.split(':').nth(1).unwrap_or("aws");
        let account = self.detail.account.as_str();
        let arn = format!("arn:{partition}:iam::{account}:policy/{name}");
        self.account.resolve(&arn).is_ok()
    }
}

/// The text with what names of policies may not have replaced by `-`.
fn allowed(text: &str) -> String {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@_-".contains(c);
    let letters = text.chars().map(|c| if is_allowed(c) { c } else { '-' });
    letters.collect()
}

fn shortened(stem: &str, end: &str) -> String {
    let kept = LONGEST - end.len().min(LONGEST);
    let mut name: String = stem.chars().take(kept).collect();
    name.push_str(end);
    name
}
