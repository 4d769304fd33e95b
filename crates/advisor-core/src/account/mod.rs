//! Accounts: users, groups, roles and policies as a graph, from exported account data.
//!
//! Nodes are the entities and policies, edges are memberships and attachments. One graph may hold
//! several accounts; an AWS-managed policy is one node for all of them, with the newest document
//! that an export has. The trust policies, permissions boundaries and tags of an export decide
//! nothing here and are not kept.

mod builder;
pub mod export;
mod export_error;
mod owner;
mod split;

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::HashMap;
use iam_policy_parser::{IamArn, IamEntity, PolicyDocument};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

pub use self::builder::AccountDataBuilder;
pub use self::export_error::{ExportError, ExportErrorKind};
pub use self::split::SplitExport;
use crate::request_error::RequestError;
use crate::{AccountId, UniqueId};

/// One or several accounts' identities and policies.
#[derive(Clone, Debug, Default)]
pub struct AccountData {
    graph: DiGraph<Node, Edge>,
    by_name: HashMap<NameKey, EntityId>,
    by_unique_id: HashMap<UniqueId, EntityId>,
    documents: Vec<Arc<PolicyDocument>>,
    /// `aws`, `aws-cn`, `aws-us-gov`: those that entities are in.
    partitions: Vec<Box<str>>,
    issues: Vec<ExportIssue>,
}

/// An entity of an [`AccountData`]: a user, group, role or managed policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(NodeIndex);

/// A policy document of an [`AccountData`]. Equal documents have the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(u32);

impl DocumentId {
    /// The position in [`AccountData::documents`].
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What kind of entity it is.
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

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct NameKey {
    account: AccountId,
    kind: EntityKind,
    name: Box<str>,
}

#[derive(Clone, Debug)]
enum Node {
    Entity(EntityDetail),
    Inline(InlinePolicy),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    /// User to group.
    MemberOf,
    /// User, group or role to managed policy.
    Attached,
    /// User, group or role to inline policy.
    Inline,
}

/// A user, group, role or managed policy as exported.
#[derive(Clone, Debug)]
pub struct EntityDetail {
    /// What it is.
    pub kind: EntityKind,
    /// Its account; `aws` for AWS-managed policies.
    pub account: AccountId,
    /// Its name.
    pub name: Box<str>,
    /// Its path; begins and ends with `/`.
    pub path: Box<str>,
    /// Its ARN.
    pub arn: Arc<str>,
    /// Its unique id. Missing only for managed policies that the export merely mentions.
    pub unique_id: Option<UniqueId>,
    /// When it was made.
    pub created: Option<DateTime<Utc>>,
    /// A managed policy's default version; `None` for users, groups and roles.
    pub document: Option<PolicySource>,
    /// Groups that the export says the user is in, but does not have.
    pub missing_groups: Vec<Box<str>>,
}

/// An inline policy.
#[derive(Clone, Debug)]
pub(crate) struct InlinePolicy {
    /// Its name.
    pub(crate) name: Box<str>,
    /// Its document.
    pub(crate) document: PolicySource,
}

/// A policy's document, or why there is none to evaluate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PolicySource {
    /// The document.
    Document(DocumentId),
    /// The export has no document for it, or a broken one: the reason.
    NotEvaluated(Arc<str>),
}

/// A policy that an entity has, and where it has it from.
#[derive(Clone, Copy, Debug)]
pub struct PolicyInEffect<'a> {
    /// The entity that holds it: the user itself, or one of its groups.
    pub holder: EntityId,
    /// The policy's name.
    pub name: &'a str,
    /// Its ARN when it is a managed policy.
    pub arn: Option<&'a Arc<str>>,
    /// Its document.
    pub document: &'a PolicySource,
}

/// Something in an export that was set aside: the rest was taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportIssue {
    /// The file, as the caller named it.
    pub name: String,
    /// The JSON path in it, as in `UserDetailList[3].UserPolicyList[0]`.
    pub path: String,
    /// What was set aside, and why.
    pub reason: String,
}

impl fmt::Display for ExportIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.name, self.path, self.reason)
    }
}

impl AccountData {
    /// Reads one export. For several files, see [`AccountDataBuilder`].
    ///
    /// # Errors
    /// The text is not JSON to its end, or not an export.
    pub fn from_export(name: &str, text: &str) -> Result<Self, ExportError> {
        let mut builder = AccountDataBuilder::default();
        builder.add(name, text)?;
        Ok(builder.build())
    }

    /// What was set aside while the exports were read.
    #[must_use]
    pub fn issues(&self) -> &[ExportIssue] {
        &self.issues
    }

    /// All policy documents, by [`DocumentId`].
    #[must_use]
    pub fn documents(&self) -> &[Arc<PolicyDocument>] {
        &self.documents
    }

    /// All entities, in the order of the exports.
    pub fn entities(&self) -> impl Iterator<Item = (EntityId, &EntityDetail)> {
        self.graph
            .node_indices()
            .filter_map(|index| match self.graph.node_weight(index)? {
                Node::Entity(detail) => Some((EntityId(index), detail)),
                Node::Inline(_) => None,
            })
    }

    /// The entities that get a report when none is named: all users, groups and roles, and the
    /// managed policies that are the account's own or attached to something; by ARN.
    #[must_use]
    pub fn reported_entities(&self) -> Vec<EntityId> {
        let mut reported: Vec<_> = self
            .entities()
            .filter(|(id, detail)| {
                detail.kind != EntityKind::Policy
                    || !detail.is_aws_managed()
                    || self
                        .neighbours(*id, Edge::Attached, Direction::Incoming)
                        .next()
                        .is_some()
            })
            .collect();
        reported.sort_by(|(_, left), (_, right)| left.arn.cmp(&right.arn));
        reported.into_iter().map(|(id, _)| id).collect()
    }

    /// An entity's details. Ids of another account graph may name nothing.
    #[must_use]
    pub fn entity(&self, id: EntityId) -> Option<&EntityDetail> {
        match self.graph.node_weight(id.0)? {
            Node::Entity(detail) => Some(detail),
            Node::Inline(_) => None,
        }
    }

    /// The user or role with this unique id.
    #[must_use]
    pub fn by_unique_id(&self, id: &str) -> Option<EntityId> {
        self.by_unique_id.get(id).copied()
    }

    /// The entity that an ARN names. As in IAM, the path in the ARN does not matter: the name
    /// decides.
    ///
    /// # Errors
    /// As IAM words them: a string that is no ARN of IAM, another partition, an entity that does
    /// not exist, an account root.
    pub fn resolve(&self, arn: &str) -> Result<EntityId, RequestError> {
        let parsed = RequestError::check_arn(arn, |partition| self.has_partition(partition))?;
        self.named(&parsed)
            .ok_or_else(|| RequestError::no_such_arn(arn))
    }

    /// Whether the accounts are in this partition; a graph without any account is in `aws`.
    fn has_partition(&self, partition: &str) -> bool {
        if self.partitions.is_empty() {
            return partition == "aws";
        }
        self.partitions.iter().any(|known| **known == *partition)
    }

    /// The entity of this account, kind and name.
    pub(crate) fn named(&self, arn: &IamArn) -> Option<EntityId> {
        let (kind, name) = match arn.entity() {
            IamEntity::User { name, .. } => (EntityKind::User, name),
            IamEntity::Group { name, .. } => (EntityKind::Group, name),
            IamEntity::Role { name, .. } => (EntityKind::Role, name),
            IamEntity::Policy { name, .. } => (EntityKind::Policy, name),
            _ => return None,
        };
        let key = NameKey {
            account: arn.account().into(),
            kind,
            name: name.clone(),
        };
        self.by_name.get(&key).copied()
    }

    fn neighbours(
        &self,
        of: EntityId,
        kind: Edge,
        direction: Direction,
    ) -> impl Iterator<Item = NodeIndex> {
        self.graph
            .edges_directed(of.0, direction)
            .filter(move |edge| *edge.weight() == kind)
            .map(move |edge| match direction {
                Direction::Outgoing => edge.target(),
                Direction::Incoming => edge.source(),
            })
    }

    /// The groups a user is in.
    pub fn groups_of(&self, user: EntityId) -> impl Iterator<Item = EntityId> {
        self.neighbours(user, Edge::MemberOf, Direction::Outgoing)
            .map(EntityId)
    }

    /// The users in a group.
    pub fn members_of(&self, group: EntityId) -> impl Iterator<Item = EntityId> {
        self.neighbours(group, Edge::MemberOf, Direction::Incoming)
            .map(EntityId)
    }

    /// The users, groups and roles that a managed policy is attached to.
    pub fn attached_to(&self, policy: EntityId) -> impl Iterator<Item = EntityId> {
        self.neighbours(policy, Edge::Attached, Direction::Incoming)
            .map(EntityId)
    }

    /// The policies that count for an entity: of a user also its groups', of a managed policy
    /// itself. A policy reached in two ways is there twice. Source: IAM User Guide, "Refine
    /// permissions using last accessed information".
    #[must_use]
    pub fn policies_in_effect(&self, id: EntityId) -> Vec<PolicyInEffect<'_>> {
        let mut policies = Vec::new();
        if let Some(detail) = self.entity(id)
            && let Some(document) = &detail.document
        {
            let (name, arn) = (&*detail.name, Some(&detail.arn));
            policies.push(PolicyInEffect {
                holder: id,
                name,
                arn,
                document,
            });
        }
        for holder in std::iter::once(id).chain(self.groups_of(id)) {
            for edge in self.graph.edges(holder.0) {
                policies.extend(match self.graph.node_weight(edge.target()) {
                    Some(Node::Inline(inline)) => Some(PolicyInEffect {
                        holder,
                        name: &inline.name,
                        arn: None,
                        document: &inline.document,
                    }),
                    Some(Node::Entity(detail)) => {
                        detail.document.as_ref().map(|document| PolicyInEffect {
                            holder,
                            name: &detail.name,
                            arn: Some(&detail.arn),
                            document,
                        })
                    }
                    None => None,
                });
            }
        }
        policies
    }
}

impl EntityDetail {
    fn key(&self) -> NameKey {
        NameKey {
            account: self.account.clone(),
            kind: self.kind,
            name: self.name.clone(),
        }
    }
}
