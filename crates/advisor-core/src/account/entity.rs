//! Entities of an account: users, groups, roles and policies.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use iam_policy_parser::PolicyError;
use petgraph::graph::NodeIndex;
use serde::{Serialize, Serializer};

use crate::ids::{AccountId, UniqueId};

/// The id of a user, group, role or managed policy. Valid only for the
/// [`AccountData`](crate::AccountData) that returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(pub(super) NodeIndex);

/// The id of a policy document. Equal documents have the same id. Valid only for the
/// [`AccountData`](crate::AccountData) that returned it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(pub(super) u32);

impl DocumentId {
    /// The position in [`AccountData::documents`](crate::AccountData::documents).
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// The kind of an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum EntityKind {
    /// An IAM user.
    User,
    /// An IAM group.
    Group,
    /// An IAM role.
    Role,
    /// A managed policy, of the account or of AWS.
    Policy,
}

/// A user, group, role or managed policy, as exported.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntityDetail {
    /// The kind.
    pub kind: EntityKind,
    /// The account; `aws` for AWS managed policies.
    pub account: AccountId,
    /// The name.
    pub name: Box<str>,
    /// The path. It begins and ends with `/`.
    pub path: Box<str>,
    /// The ARN.
    pub arn: Arc<str>,
    /// The unique id. `None` only for managed policies that the export only mentions.
    pub unique_id: Option<UniqueId>,
    /// When the entity was created, if the export has a valid time.
    pub created: Option<DateTime<Utc>>,
    /// The default version of a managed policy; `None` for users, groups and roles.
    pub document: Option<PolicySource>,
    /// The id of the default version of a managed policy, such as `v3`, if the export has it.
    pub default_version: Option<Box<str>>,
    /// When that version was created or, if the export does not say it, when the policy was last updated.
    pub default_version_created: Option<DateTime<Utc>>,
    /// The other versions of a managed policy, in the order of the export.
    pub other_versions: Vec<OtherVersion>,
    /// The groups that the user is in, but that the export does not have.
    pub missing_groups: Vec<Box<str>>,
    /// The tags of a user or role: keys and values.
    pub tags: Vec<(Box<str>, Box<str>)>,
    /// Of how many users, groups and roles the export says that a managed policy is attached to them, or is their permissions
    /// boundary. `None` when it does not say.
    pub policy_uses: Option<u64>,
    /// Of how many users and roles the export says that a managed policy is their permissions boundary.
    pub boundary_uses: Option<u64>,
    /// The ARN of the permissions boundary of a user or role.
    pub permissions_boundary: Option<Arc<str>>,
    /// When a role was last used, as AWS remembers it. `None` also when the export does not say it.
    pub last_used: Option<DateTime<Utc>>,
    /// The Region of that use.
    pub last_used_region: Option<Box<str>>,
    /// Whether the export says that AWS remembers no use of a role: `RoleLastUsed` is there and empty. AWS remembers the last 400 days,
    /// in the Regions where it tracks last use (IAM API Reference, `RoleLastUsed`).
    pub is_never_used: bool,
}

impl EntityDetail {
    /// An entity of which nothing else is known.
    pub(crate) fn new(
        kind: EntityKind,
        account: AccountId,
        name: Box<str>,
        path: Box<str>,
        arn: Arc<str>,
    ) -> Self {
        Self {
            kind,
            account,
            name,
            path,
            arn,
            unique_id: None,
            created: None,
            document: None,
            default_version: None,
            default_version_created: None,
            other_versions: Vec::new(),
            missing_groups: Vec::new(),
            tags: Vec::new(),
            policy_uses: None,
            boundary_uses: None,
            permissions_boundary: None,
            last_used: None,
            last_used_region: None,
            is_never_used: false,
        }
    }
}

/// A version of a managed policy that is not in force.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtherVersion {
    /// Its id, such as `v2`.
    pub id: Option<Box<str>>,
    /// When it was created.
    pub created: Option<DateTime<Utc>>,
    /// Its document. `None` when the export has none, or it is no policy document.
    pub document: Option<DocumentId>,
}

/// An inline policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InlinePolicy {
    pub(crate) name: Box<str>,
    pub(crate) document: PolicySource,
}

/// The document of a policy, or why it cannot be evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicySource {
    /// The document.
    Document(DocumentId),
    /// The reason why there is no document to evaluate.
    NotEvaluated(NotEvaluatedReason),
}

/// Why a policy or group is not evaluated. Serializes as its message.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotEvaluatedReason {
    /// The export does not have the managed policy.
    MissingPolicy,
    /// The export has the managed policy, but no document of its default version.
    MissingDefaultVersion,
    /// The export does not have the group.
    MissingGroup,
    /// The document is not a valid policy.
    InvalidDocument(PolicyError),
    /// A statement of the document has a `Principal` or `NotPrincipal`: the document is not an
    /// identity-based policy.
    ResourcePolicy {
        /// The position of the statement, from 0.
        statement: usize,
    },
    /// The policy or group cannot be read from the export.
    Unreadable(Arc<str>),
}

impl fmt::Display for NotEvaluatedReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MissingPolicy => f.write_str("the export has no document of it"),
            Self::MissingDefaultVersion => {
                f.write_str("the export has no document of its default version")
            }
            Self::MissingGroup => f.write_str("the group is not in the export"),
            Self::InvalidDocument(error) => error.fmt(f),
            Self::ResourcePolicy { statement } => write!(
                f,
                "Statement[{statement}]: has a Principal, so it is not an identity-based policy"
            ),
            Self::Unreadable(reason) => f.write_str(reason),
        }
    }
}

impl Serialize for NotEvaluatedReason {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
