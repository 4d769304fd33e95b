//! The way from an identity to a statement that counts for it.

use std::sync::Arc;

use iam_policy_parser::Statement;
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use crate::account::{AccountData, DocumentId, EntityDetail, EntityId, PolicyInEffect};

/// The way from an entity to a policy that counts for it: directly, or by one of its groups.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PolicyPath<'a> {
    /// The user, group, role or managed policy that is explained.
    pub entity: &'a EntityDetail,
    /// The group of the user that has the policy. `None` when the entity itself has it.
    pub group: Option<&'a EntityDetail>,
    /// The name of the policy.
    pub policy_name: &'a str,
    /// The ARN of a managed policy; `None` for an inline policy.
    pub policy_arn: Option<&'a Arc<str>>,
    /// The default version of a managed policy, such as `v3`, if the export has it.
    pub version: Option<&'a str>,
    /// The document of the policy.
    pub document: DocumentId,
}

/// A statement of a policy that counts for an entity, and the way to it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PlacedStatement<'a> {
    /// The way to the policy that has the statement.
    pub path: PolicyPath<'a>,
    /// The position of the statement in the policy, from 0.
    pub index: usize,
    /// The statement.
    pub statement: &'a Statement,
}

impl<'a> PolicyPath<'a> {
    pub(super) fn new(
        account: &'a AccountData,
        id: EntityId,
        entity: &'a EntityDetail,
        policy: &PolicyInEffect<'a>,
        document: DocumentId,
    ) -> Self {
        let group = (policy.holder != id).then(|| account.entity(policy.holder));
        Self {
            entity,
            group: group.flatten(),
            policy_name: policy.name,
            policy_arn: policy.arn,
            version: policy.version,
            document,
        }
    }

    /// The user, group or role that has the policy; the policy itself when that is explained.
    #[must_use]
    pub fn holder(&self) -> &'a EntityDetail {
        self.group.unwrap_or(self.entity)
    }
}

impl Serialize for PlacedStatement<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let path = &self.path;
        let mut row = serializer.serialize_struct("Statement", 6)?;
        let entities = std::iter::once(path.entity).chain(path.group);
        let arns: Vec<&str> = entities.map(|entity| &*entity.arn).collect();
        row.serialize_field("Path", &arns)?;
        row.serialize_field("PolicyName", path.policy_name)?;
        if let Some(arn) = path.policy_arn {
            row.serialize_field("PolicyArn", &**arn)?;
        }
        if let Some(version) = path.version {
            row.serialize_field("PolicyVersion", version)?;
        }
        row.serialize_field("Index", &self.index)?;
        if let Some(sid) = &self.statement.sid {
            row.serialize_field("Sid", sid)?;
        }
        row.end()
    }
}
