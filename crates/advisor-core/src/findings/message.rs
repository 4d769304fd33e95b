//! Findings in a sentence, for formats with room for one.

use std::fmt::Write;

use super::finding::Finding;
use super::kind::FindingKind;
use crate::text::count;

impl Finding {
    /// What the finding says, in one or two sentences without line ends: what is unused, why it matters and what it rests on.
    #[must_use]
    pub fn message(&self) -> String {
        let mut text = self.what();
        if self.kind != FindingKind::EmptyGroup && self.kind != FindingKind::UnattachedPolicy {
            _ = write!(text, ": {}", self.severity_reason);
        }
        text.push('.');
        if let Some(basis) = self.basis() {
            _ = write!(text, " Rests on: {basis}.");
        }
        if let Some(caveat) = self.boundary_caveat() {
            _ = write!(text, " {caveat}.");
        }
        text
    }

    /// That a permissions boundary may deny what the statements grant, if there are statements and a boundary.
    #[must_use]
    pub fn boundary_caveat(&self) -> Option<String> {
        let boundary = self.permissions_boundary.as_deref();
        let boundary = boundary.filter(|_| !self.granted_by.is_empty())?;
        Some(format!(
            "The permissions boundary {boundary} is not evaluated: it may deny this"
        ))
    }

    /// What the finding rests on, if it says that something is unused.
    #[must_use]
    pub fn basis(&self) -> Option<String> {
        if let Some(until) = self.reported_until {
            let until = until.format("%Y-%m-%d %H:%M");
            return Some(format!(
                "IAM's credential report, which knows uses until {until}"
            ));
        }
        let basis = self.state_reason.as_ref().map(ToString::to_string);
        if !self.rests_on_last_used {
            return basis;
        }
        let separator = if basis.is_some() { "; " } else { "" };
        Some(format!(
            "{}{separator}for what leaves no trace, RoleLastUsed of the export, which is empty: AWS remembers no use of the role in the 400 \
             days before the export, in the Regions that it tracks",
            basis.unwrap_or_default()
        ))
    }

    /// What the finding says, without why.
    #[must_use]
    pub fn what(&self) -> String {
        let services = self.permissions.len();
        let actions = count(self.unused_actions, "action");
        match self.kind {
            FindingKind::UnusedIamRole | FindingKind::UnusedIamUser => {
                format!(
                    "nothing of {} with {actions} was used",
                    count(services, "service")
                )
            }
            FindingKind::UnusedPolicy => {
                format!(
                    "nobody used anything of {} with {actions}",
                    count(services, "service")
                )
            }
            FindingKind::UnusedPermission => {
                let whole = self.unused_services();
                let listed = self.permissions.iter().map(|one| one.actions.len()).sum();
                let of_whole = count(self.unused_actions.saturating_sub(listed), "action");
                let others = count(services - whole, "other service");
                match (whole, listed) {
                    (_, 0) => format!("{} with {of_whole} unused", count(whole, "service")),
                    (0, _) => format!("{actions} of {} unused", count(services, "service")),
                    _ => format!(
                        "{} with {of_whole}, and {} of {others} unused",
                        count(whole, "service"),
                        count(listed, "action")
                    ),
                }
            }
            FindingKind::UnusedPrivilege => format!("{actions} unused ({})", self.subject),
            FindingKind::UngrantedUse => {
                format!("{} used without a grant", count(self.listed(), "action"))
            }
            FindingKind::RepeatedDenials => {
                format!("{} denied repeatedly", count(self.listed(), "action"))
            }
            FindingKind::UnusedIamUserAccessKey => format!("{} was not used", self.subject),
            FindingKind::UnusedIamUserPassword => "nobody signed in with the password".to_owned(),
            FindingKind::UnattachedPolicy => "attached to no user, group or role".to_owned(),
            FindingKind::EmptyGroup => "has no members".to_owned(),
        }
    }

    fn listed(&self) -> usize {
        self.permissions.iter().map(|one| one.actions.len()).sum()
    }
}
