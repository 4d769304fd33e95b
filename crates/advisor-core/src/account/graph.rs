//! Account data as a graph: entities and policies as nodes, memberships and attachments as edges.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::HashMap;
use iam_policy_parser::{IamArn, IamEntity, PolicyDocument};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;

use super::entity::{
    DocumentId, EntityDetail, EntityId, EntityKind, InlinePolicy, OtherVersion, PolicySource,
};
use super::issue::ExportIssue;
use crate::ids::{AccountId, UniqueId};
use crate::request_error::RequestError;
use crate::spelling::nearest;

/// The identities and policies of one or several accounts.
#[derive(Clone, Debug, Default)]
pub struct AccountData {
    graph: DiGraph<Node, Edge>,
    by_name: HashMap<NameKey, EntityId>,
    by_unique_id: HashMap<UniqueId, EntityId>,
    documents: Vec<Arc<PolicyDocument>>,
    /// The documents as they are in the exports, decoded.
    document_texts: Vec<Arc<str>>,
    /// The partitions of the entities: `aws`, `aws-cn`, `aws-us-gov`.
    partitions: Vec<Box<str>>,
    issues: Vec<ExportIssue>,
}

/// What identifies an entity in IAM.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct NameKey {
    pub(super) account: AccountId,
    pub(super) kind: EntityKind,
    pub(super) name: Box<str>,
}

impl NameKey {
    pub(super) fn of(detail: &EntityDetail) -> Self {
        Self {
            account: detail.account.clone(),
            kind: detail.kind,
            name: detail.name.clone(),
        }
    }
}

#[derive(Clone, Debug)]
enum Node {
    Entity(Box<EntityDetail>),
    Inline(InlinePolicy),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Edge {
    /// From a user to a group.
    MemberOf,
    /// From a user, group or role to a managed policy.
    Attached,
    /// From a user, group or role to an inline policy.
    Inline,
}

/// A policy that counts for an entity, and the entity that has it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct PolicyInEffect<'a> {
    /// The entity that has the policy: the entity itself, or one of its groups.
    pub holder: EntityId,
    /// The name of the policy.
    pub name: &'a str,
    /// The ARN of a managed policy.
    pub arn: Option<&'a Arc<str>>,
    /// The default version of a managed policy, such as `v3`, if the export has it.
    pub version: Option<&'a str>,
    /// When that version was created, else when the policy was last updated, else when the policy was created, as far as the export
    /// says it.
    pub version_created: Option<DateTime<Utc>>,
    /// The other versions of a managed policy.
    pub other_versions: &'a [OtherVersion],
    /// The document.
    pub document: &'a PolicySource,
}

impl<'a> PolicyInEffect<'a> {
    fn managed(holder: EntityId, detail: &'a EntityDetail, document: &'a PolicySource) -> Self {
        Self {
            holder,
            name: &detail.name,
            arn: Some(&detail.arn),
            version: detail.default_version.as_deref(),
            version_created: detail.default_version_created.or(detail.created),
            other_versions: &detail.other_versions,
            document,
        }
    }
}

impl AccountData {
    /// What could not be used of the exports as it is. Of many thousands, the last is [`ExportIssueKind::More`].
    ///
    /// [`ExportIssueKind::More`]: crate::ExportIssueKind::More
    #[must_use]
    pub fn issues(&self) -> &[ExportIssue] {
        &self.issues
    }

    /// All policy documents, in the order of their [`DocumentId`]s.
    #[must_use]
    pub fn documents(&self) -> &[Arc<PolicyDocument>] {
        &self.documents
    }

    /// The JSON text of a document as it is in the export, decoded. Empty for ids of other account data.
    #[must_use]
    pub fn document_text(&self, id: DocumentId) -> &str {
        self.document_texts.get(id.index()).map_or("", |text| text)
    }

    /// [`AccountData::document_text`], shared.
    pub(crate) fn document_text_shared(&self, id: DocumentId) -> Option<&Arc<str>> {
        self.document_texts.get(id.index())
    }

    /// All entities, in the order of the exports.
    pub fn entities(&self) -> impl Iterator<Item = (EntityId, &EntityDetail)> {
        self.graph
            .node_indices()
            .filter_map(|index| match self.graph.node_weight(index)? {
                Node::Entity(detail) => Some((EntityId(index), &**detail)),
                Node::Inline(_) => None,
            })
    }

    /// The entities that are reported on by default: all users, groups and roles, and the managed
    /// policies that are attached or the account's own. Sorted by ARN.
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

    /// The details of an entity. May be `None` for ids of other account data.
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

    /// The entity that an ARN names. As in IAM, the name decides; the path in the ARN does not matter.
    ///
    /// # Errors
    /// IAM's errors for text that is not an ARN of IAM, another partition, an entity that does not
    /// exist, and an account root.
    pub fn resolve(&self, arn: &str) -> Result<EntityId, RequestError> {
        let parsed = RequestError::check_arn(arn, |partition| self.has_partition(partition))?;
        self.named(&parsed)
            .ok_or_else(|| RequestError::no_such_arn(arn))
    }

    /// The ARNs of the entities that a name or a wrong ARN may mean: those with this name, else the one whose name is a mistype away.
    #[must_use]
    pub fn suggest(&self, text: &str) -> Vec<&Arc<str>> {
        let name = text.rsplit(['/', ':']).next().unwrap_or(text);
        let entities = || self.entities().map(|(_, detail)| detail);
        let same = entities().filter(|detail| detail.name.eq_ignore_ascii_case(name));
        let mut arns: Vec<&Arc<str>> = same.map(|detail| &detail.arn).collect();
        if arns.is_empty() {
            let others = entities().map(|detail| (&*detail.name, &detail.arn));
            arns.extend(nearest(name, others));
        }
        arns.sort();
        arns
    }

    /// Checks that a report can be made for an ARN: that [`AccountData::resolve`] finds an entity, or
    /// that it is an AWS managed policy that no export has. The report on such a policy says that it is
    /// not evaluated.
    ///
    /// # Errors
    /// As [`AccountData::resolve`].
    pub fn check(&self, arn: &str) -> Result<(), RequestError> {
        match self.resolve(arn) {
            Err(RequestError::NoSuchEntity(_)) if self.lacks_aws_policy(arn) => Ok(()),
            resolved => resolved.map(|_| ()),
        }
    }

    /// Whether this is the ARN of an AWS managed policy that no export has. Exports have only the AWS
    /// managed policies that are attached, or none of them.
    pub(crate) fn lacks_aws_policy(&self, arn: &str) -> bool {
        arn.parse::<IamArn>().is_ok_and(|arn| {
            AccountId::from(arn.account()).is_aws()
                && matches!(arn.entity(), IamEntity::Policy { .. })
                && self.has_partition(arn.arn().partition())
                && self.named(&arn).is_none()
        })
    }

    /// Whether the entities are in this partition. Data without entities is in `aws`.
    fn has_partition(&self, partition: &str) -> bool {
        if self.partitions.is_empty() {
            return partition == "aws";
        }
        self.partitions.iter().any(|known| **known == *partition)
    }

    /// The entity with the account, kind and name in an ARN.
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

    /// The groups of a user.
    pub fn groups_of(&self, user: EntityId) -> impl Iterator<Item = EntityId> {
        self.neighbours(user, Edge::MemberOf, Direction::Outgoing)
            .map(EntityId)
    }

    /// The members of a group.
    pub fn members_of(&self, group: EntityId) -> impl Iterator<Item = EntityId> {
        self.neighbours(group, Edge::MemberOf, Direction::Incoming)
            .map(EntityId)
    }

    /// The users, groups and roles that a managed policy is attached to.
    pub fn attached_to(&self, policy: EntityId) -> impl Iterator<Item = EntityId> {
        self.neighbours(policy, Edge::Attached, Direction::Incoming)
            .map(EntityId)
    }

    /// The policies that count for an entity: its own, for a user also those of its groups, and for a
    /// managed policy the policy itself. A policy that is reached in two ways is listed twice. Source:
    /// IAM User Guide, "Refine permissions using last accessed information".
    #[must_use]
    pub fn policies_in_effect(&self, id: EntityId) -> Vec<PolicyInEffect<'_>> {
        let mut policies = Vec::new();
        if let Some(detail) = self.entity(id)
            && let Some(document) = &detail.document
        {
            policies.push(PolicyInEffect::managed(id, detail, document));
        }
        for holder in std::iter::once(id).chain(self.groups_of(id)) {
            for edge in self.graph.edges(holder.0) {
                policies.extend(match self.graph.node_weight(edge.target()) {
                    Some(Node::Inline(inline)) => Some(PolicyInEffect {
                        holder,
                        name: &inline.name,
                        arn: None,
                        version: None,
                        version_created: None,
                        other_versions: &[],
                        document: &inline.document,
                    }),
                    Some(Node::Entity(detail)) => (detail.document.as_ref())
                        .map(|document| PolicyInEffect::managed(holder, detail, document)),
                    None => None,
                });
            }
        }
        policies
    }
}

/// How the graph is built.
impl AccountData {
    pub(super) fn new(
        (documents, document_texts): (Vec<Arc<PolicyDocument>>, Vec<Arc<str>>),
    ) -> Self {
        Self {
            documents,
            document_texts,
            ..Self::default()
        }
    }

    pub(super) fn set_issues(&mut self, issues: Vec<ExportIssue>) {
        self.issues = issues;
    }

    /// Adds an entity. It replaces an earlier one with the same unique id in
    /// [`AccountData::by_unique_id`].
    pub(super) fn insert(&mut self, detail: EntityDetail) -> EntityId {
        let key = NameKey::of(&detail);
        let unique_id = detail.unique_id.clone();
        let partition = detail.arn.split(':').nth(1).unwrap_or_default();
        if !self.partitions.iter().any(|known| **known == *partition) {
            self.partitions.push(partition.into());
        }
        let id = EntityId(self.graph.add_node(Node::Entity(Box::new(detail))));
        self.by_name.insert(key, id);
        if let Some(unique_id) = unique_id {
            self.by_unique_id.insert(unique_id, id);
        }
        id
    }

    pub(super) fn add_inline(&mut self, holder: EntityId, policy: InlinePolicy) {
        let node = self.graph.add_node(Node::Inline(policy));
        self.graph.add_edge(holder.0, node, Edge::Inline);
    }

    pub(super) fn attach(&mut self, holder: EntityId, policy: EntityId) {
        self.graph.update_edge(holder.0, policy.0, Edge::Attached);
    }

    /// Adds a user to a group. Returns `false` when there is no such group; it is then one of the
    /// user's missing groups.
    pub(super) fn join_group(&mut self, user: EntityId, group: &str) -> bool {
        let Some(Node::Entity(detail)) = self.graph.node_weight_mut(user.0) else {
            return false;
        };
        let key = NameKey {
            account: detail.account.clone(),
            kind: EntityKind::Group,
            name: group.into(),
        };
        if let Some(group) = self.by_name.get(&key) {
            self.graph.update_edge(user.0, group.0, Edge::MemberOf);
            return true;
        }
        detail.missing_groups.push(group.into());
        false
    }
}
