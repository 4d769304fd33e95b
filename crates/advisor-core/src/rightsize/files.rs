//! The files that a right-sized entity is reviewed and applied with.

use crate::account::EntityKind;

use super::diff::diff;
use super::outcome::Rightsized;
use super::paths::{file_name, json_text, new_path, today_path};
use super::review::review;
use super::scripts::{apply, roll_back};
use super::terraform::terraform;

/// A file of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RightsizedFile {
    /// The path in the folder, with `/`. Its parts are of letters, digits and `+=,.@_-`, and none begins with a dot.
    pub path: String,
    /// The content.
    pub content: String,
    /// Whether it is a program.
    pub is_executable: bool,
}

impl Rightsized {
    /// The files to review and apply what is proposed, in a folder for each account and entity: the documents of today and the new
    /// ones, `review.md` (what is lost, and why the rest stays), `changes.diff`, `apply.sh` and `rollback.sh` for the AWS CLI, `main.tf` for Terraform, and all of it as
    /// `rightsized.json`. None when nothing is proposed. A managed policy of which nothing is needed has no scripts and no Terraform: no
    /// version says that; it is to be detached.
    #[must_use]
    pub fn files(&self) -> Vec<RightsizedFile> {
        if self.new_policies.is_empty() && self.removed_policies().next().is_none() {
            return Vec::new();
        }
        let account = file_name(self.account.as_str());
        let folder = format!("{account}/{}-{}", self.kind_word(), file_name(&self.name));
        let file = |name: &str, content: String| RightsizedFile {
            path: format!("{folder}/{name}"),
            content,
            is_executable: name.ends_with(".sh"),
        };
        let mut files = Vec::new();
        for policy in self.changed_policies() {
            files.push(file(&today_path(policy), policy.document.to_string()));
        }
        for policy in &self.new_policies {
            let document = json_text(&policy.policy_document);
            files.push(file(&new_path(policy), document));
        }
        if let Some(reasons) = &self.reasons {
            files.push(file("review.md", review(self, reasons)));
        }
        files.push(file("changes.diff", diff(self)));
        if self.entity_type != EntityKind::Policy || !self.new_policies.is_empty() {
            files.push(file("apply.sh", apply(self)));
            files.push(file("rollback.sh", roll_back(self)));
            files.push(file("main.tf", terraform(self)));
        }
        files.push(file("rightsized.json", json_text(self)));
        files
    }
}
