//! Whether account data has everybody who has a managed policy, and all members of a group.

use std::fmt;
use std::sync::Arc;

use hashbrown::HashSet;

use super::entity::{EntityDetail, EntityId, EntityKind};
use super::graph::AccountData;
use super::issue::ExportIssueKind;
use crate::ids::AccountId;

/// Why the use of a managed policy or group is not known: account data lacks users, groups or roles that may have it, or somebody has
/// the policy in another way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnknownHolders {
    /// An export is truncated, or has entities or parts of them that cannot be read.
    Incomplete,
    /// A policy is attached to more users, groups and roles than the export has.
    Missing {
        /// How many it has.
        known: usize,
        /// How many there are, as the export says.
        attached: u64,
    },
    /// A policy is attached to a group, and the export has no users of the account.
    NoUsers,
    /// A policy is the permissions boundary of a user or role.
    Boundary,
}

impl fmt::Display for UnknownHolders {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Incomplete => f.write_str(
                "the account export is truncated, or has parts that cannot be read, so others may have it; export the account again",
            ),
            Self::Missing { known, attached } => write!(
                f,
                "the account export has {known} of the {attached} users, groups and roles that it is attached to; export the whole account"
            ),
            Self::NoUsers => f.write_str(
                "it is attached to a group, and the account export has no users; export the whole account",
            ),
            Self::Boundary => f.write_str(
                "it is a permissions boundary, and what it loses, those that have it as their boundary lose",
            ),
        }
    }
}

/// What tells whether the holders of policies and groups are known.
#[derive(Clone, Debug)]
pub(crate) struct Holders {
    /// Whether an export lacks entities, or parts of them.
    pub(crate) is_incomplete: bool,
    accounts_with_users: HashSet<AccountId>,
    /// The ARNs of the policies that entities have as their boundary.
    boundaries: HashSet<Arc<str>>,
}

impl Holders {
    pub(crate) fn new(account: &AccountData) -> Self {
        let details = || account.entities().map(|(_, detail)| detail);
        let users = details().filter(|detail| detail.kind == EntityKind::User);
        let boundaries = details().filter_map(|detail| detail.permissions_boundary.clone());
        Self {
            is_incomplete: account.issues().iter().any(|issue| {
                matches!(
                    issue.kind,
                    ExportIssueKind::Truncated
                        | ExportIssueKind::Unreadable { .. }
                        | ExportIssueKind::InvalidArn { .. }
                        | ExportIssueKind::WrongKind
                        | ExportIssueKind::More { losses: 1.., .. }
                )
            }),
            accounts_with_users: users.map(|detail| detail.account.clone()).collect(),
            boundaries: boundaries.collect(),
        }
    }

    /// Whether the account data has users of an account. Without any, the export may have been filtered.
    pub(crate) fn has_users(&self, account: &AccountId) -> bool {
        self.accounts_with_users.contains(account)
    }

    /// Checks that all users and roles that have a managed policy, or are members of a group, are known, and that nobody has the policy
    /// as a boundary.
    pub(crate) fn check(
        &self,
        account: &AccountData,
        id: EntityId,
        detail: &EntityDetail,
    ) -> Result<(), UnknownHolders> {
        if detail.kind == EntityKind::Policy {
            let is_boundary = detail.boundary_uses.is_some_and(|uses| uses > 0)
                || self.boundaries.contains(&detail.arn);
            if is_boundary {
                return Err(UnknownHolders::Boundary);
            }
        }
        if self.is_incomplete {
            return Err(UnknownHolders::Incomplete);
        }
        if detail.kind != EntityKind::Policy {
            return Ok(());
        }
        let known = account.attached_to(id).count();
        // Without a boundary, all uses are attachments.
        let attached = detail.policy_uses.unwrap_or_default();
        if usize::try_from(attached).map_or(true, |attached| attached > known) {
            return Err(UnknownHolders::Missing { known, attached });
        }
        let holders = account.attached_to(id).filter_map(|id| account.entity(id));
        let mut groups = holders.filter(|holder| holder.kind == EntityKind::Group);
        if groups.any(|group| !self.has_users(&group.account)) {
            return Err(UnknownHolders::NoUsers);
        }
        Ok(())
    }
}
