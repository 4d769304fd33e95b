//! Accounts: users, groups, roles and policies as a graph, from exported account data.
//!
//! Nodes are the entities and policies, edges are memberships and attachments. One graph may hold
//! several accounts; an AWS-managed policy is one node for all of them, with the newest document
//! that an export has. The trust policies, permissions boundaries and tags of an export decide
//! nothing here and are not kept.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use hashbrown::HashMap;
use iam_policy_parser::{Arn, IamArn, IamEntity, PolicyDocument};
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use serde_json::value::RawValue;

pub use crate::export::ExportError;
use crate::export::{
    self, AttachedPolicy, GroupDetail, ManagedPolicyDetail, Page, PolicyDetail, RoleDetail,
    UserDetail,
};
use crate::request_error::RequestError;
use crate::{AccountId, UniqueId, time};

/// One or several accounts' identities and policies.
#[derive(Clone, Debug, Default)]
pub struct Account {
    graph: DiGraph<Node, Edge>,
    by_name: HashMap<NameKey, EntityId>,
    by_unique_id: HashMap<UniqueId, EntityId>,
    documents: Vec<Arc<PolicyDocument>>,
    /// `aws`, `aws-cn`, `aws-us-gov`: those that entities are in.
    partitions: Vec<Box<str>>,
    findings: Vec<Finding>,
}

/// An entity of an [`Account`]: a user, group, role or managed policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct EntityId(NodeIndex);

/// A policy document of an [`Account`]. Equal documents have the same id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentId(u32);

impl DocumentId {
    /// The position in [`Account::documents`].
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
pub struct InlinePolicy {
    /// Its name.
    pub name: Box<str>,
    /// Its document.
    pub document: PolicySource,
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
pub struct Finding {
    /// The file, as the caller named it.
    pub name: String,
    /// The JSON path in it, as in `UserDetailList[3].UserPolicyList[0]`.
    pub path: String,
    /// What was set aside, and why.
    pub reason: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.name, self.path, self.reason)
    }
}

impl Account {
    /// Reads one export. For several files, see [`AccountBuilder`].
    ///
    /// # Errors
    /// The text is not JSON to its end, or not an export.
    pub fn from_export(name: &str, text: &str) -> Result<Self, ExportError> {
        let mut builder = AccountBuilder::default();
        builder.add(name, text)?;
        Ok(builder.build())
    }

    /// What was set aside while the exports were read.
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
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
                    || detail.account.as_str() != "aws"
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

/// Collects exports, which may be pages of one account or several accounts, into an [`Account`].
/// An entity that comes again replaces what came before it.
#[derive(Debug, Default)]
pub struct AccountBuilder {
    identities: Vec<PendingIdentity>,
    policies: Vec<PendingPolicy>,
    documents: Vec<Arc<PolicyDocument>>,
    /// By its JSON text.
    document_ids: HashMap<Box<str>, DocumentId>,
    findings: Vec<Finding>,
}

#[derive(Debug)]
struct PendingIdentity {
    place: Place,
    detail: EntityDetail,
    inline: Vec<InlinePolicy>,
    groups: Vec<String>,
    attached: Vec<(Box<str>, Box<str>)>,
}

#[derive(Debug)]
struct PendingPolicy {
    place: Place,
    detail: EntityDetail,
    /// The number of its default version: of an AWS-managed policy in several exports, the
    /// greatest is the newest.
    version: u32,
}

/// Where something stands: file and JSON path.
#[derive(Clone, Debug)]
struct Place {
    name: Arc<str>,
    path: String,
}

impl Place {
    fn finding(&self, below: &str, reason: impl Into<String>) -> Finding {
        let path = match below {
            "" => self.path.clone(),
            below => format!("{}.{below}", self.path),
        };
        Finding {
            name: self.name.to_string(),
            path,
            reason: reason.into(),
        }
    }
}

impl AccountBuilder {
    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one export in: one document, several one after another, or a list of them. An entity
    /// that cannot be read is set aside as a [`Finding`].
    ///
    /// # Errors
    /// The text is not JSON to its end, or not an export; nothing of it is taken then.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), ExportError> {
        let pages = export::pages(name, text)?;
        let name: Arc<str> = name.into();
        let several = pages.len() > 1;
        let is_truncated = pages
            .last()
            .is_some_and(|page| page.is_truncated == Some(true));
        for (index, page) in pages.into_iter().enumerate() {
            let prefix = if several {
                format!("[{index}].")
            } else {
                String::new()
            };
            self.add_page(&name, &prefix, &page);
        }
        if is_truncated {
            let place = Place {
                name,
                path: "IsTruncated".into(),
            };
            self.findings.push(place.finding(
                "",
                "the last page says that more follow: the export is incomplete",
            ));
        }
        Ok(())
    }

    fn add_page(&mut self, name: &Arc<str>, prefix: &str, page: &Page<'_>) {
        let place = |list: &str, index: usize| Place {
            name: name.clone(),
            path: format!("{prefix}{list}[{index}]"),
        };
        for (index, value) in page.user_detail_list.iter().flatten().enumerate() {
            let place = place("UserDetailList", index);
            if let Some(user) = self.entity::<UserDetail<'_>>(&place, value) {
                let listed = Listed {
                    kind: EntityKind::User,
                    name: user.user_name,
                    unique_id: Some(user.user_id),
                    arn: user.arn,
                    created: user.create_date,
                };
                let inline = ("UserPolicyList", user.user_policy_list);
                let groups = user.group_list.unwrap_or_default();
                self.add_identity(
                    place,
                    listed,
                    inline,
                    groups,
                    user.attached_managed_policies,
                );
            }
        }
        for (index, value) in page.group_detail_list.iter().flatten().enumerate() {
            let place = place("GroupDetailList", index);
            if let Some(group) = self.entity::<GroupDetail<'_>>(&place, value) {
                let listed = Listed {
                    kind: EntityKind::Group,
                    name: group.group_name,
                    unique_id: Some(group.group_id),
                    arn: group.arn,
                    created: group.create_date,
                };
                let inline = ("GroupPolicyList", group.group_policy_list);
                self.add_identity(
                    place,
                    listed,
                    inline,
                    Vec::new(),
                    group.attached_managed_policies,
                );
            }
        }
        for (index, value) in page.role_detail_list.iter().flatten().enumerate() {
            let place = place("RoleDetailList", index);
            if let Some(role) = self.entity::<RoleDetail<'_>>(&place, value) {
                let listed = Listed {
                    kind: EntityKind::Role,
                    name: role.role_name,
                    unique_id: Some(role.role_id),
                    arn: role.arn,
                    created: role.create_date,
                };
                let inline = ("RolePolicyList", role.role_policy_list);
                self.add_identity(
                    place,
                    listed,
                    inline,
                    Vec::new(),
                    role.attached_managed_policies,
                );
            }
        }
        for (index, value) in page.policies.iter().flatten().enumerate() {
            let place = place("Policies", index);
            if let Some(policy) = self.entity::<ManagedPolicyDetail<'_>>(&place, value) {
                self.add_policy(place, policy);
            }
        }
    }

    fn entity<'a, T: serde::Deserialize<'a>>(
        &mut self,
        place: &Place,
        value: &'a RawValue,
    ) -> Option<T> {
        match export::entity(value) {
            Ok(entity) => Some(entity),
            Err((below, reason)) => {
                self.findings.push(place.finding(&below, reason));
                None
            }
        }
    }

    fn add_identity(
        &mut self,
        place: Place,
        listed: Listed,
        (list, inline): (&str, Option<Vec<PolicyDetail<'_>>>),
        groups: Vec<String>,
        attached: Option<Vec<AttachedPolicy>>,
    ) {
        let Some(detail) = self.detail(&place, listed, None) else {
            return;
        };
        let inline = inline
            .into_iter()
            .flatten()
            .enumerate()
            .map(|(index, policy)| InlinePolicy {
                document: self.document(
                    &place,
                    &format!("{list}[{index}].PolicyDocument"),
                    policy.policy_document,
                ),
                name: policy.policy_name.into(),
            })
            .collect();
        let attached = attached
            .into_iter()
            .flatten()
            .map(|policy| {
                (
                    policy.policy_arn.into(),
                    policy.policy_name.unwrap_or_default().into(),
                )
            })
            .collect();
        self.identities.push(PendingIdentity {
            place,
            detail,
            inline,
            groups,
            attached,
        });
    }

    fn add_policy(&mut self, place: Place, policy: ManagedPolicyDetail<'_>) {
        let default = policy.default_version();
        let version = default
            .and_then(|(_, version)| version.version_id.as_deref())
            .or(policy.default_version_id.as_deref())
            .and_then(|id| id.strip_prefix('v')?.parse().ok())
            .unwrap_or_default();
        let document = match default.and_then(|(index, version)| Some((index, version.document?))) {
            Some((index, document)) => self.document(
                &place,
                &format!("PolicyVersionList[{index}].Document"),
                document,
            ),
            None => PolicySource::NotEvaluated("the export has no default version of it".into()),
        };
        let listed = Listed {
            kind: EntityKind::Policy,
            name: policy.policy_name,
            unique_id: policy.policy_id,
            arn: policy.arn,
            created: policy.create_date,
        };
        if let Some(detail) = self.detail(&place, listed, Some(document)) {
            self.policies.push(PendingPolicy {
                place,
                detail,
                version,
            });
        }
    }

    /// Checks what all entities have in common.
    fn detail(
        &mut self,
        place: &Place,
        listed: Listed,
        document: Option<PolicySource>,
    ) -> Option<EntityDetail> {
        let arn: IamArn = match listed.arn.parse() {
            Ok(arn) => arn,
            Err(error) => {
                self.findings
                    .push(place.finding("Arn", format!("{error} ({:?})", listed.arn)));
                return None;
            }
        };
        let (kind, path) = match arn.entity() {
            IamEntity::User { path, .. } => (EntityKind::User, path),
            IamEntity::Group { path, .. } => (EntityKind::Group, path),
            IamEntity::Role { path, .. } => (EntityKind::Role, path),
            IamEntity::Policy { path, .. } => (EntityKind::Policy, path),
            _ => {
                self.findings
                    .push(place.finding("Arn", "is not the ARN of this kind of entity"));
                return None;
            }
        };
        if kind != listed.kind {
            self.findings
                .push(place.finding("Arn", "is not the ARN of this kind of entity"));
            return None;
        }
        let created = listed.created.as_deref().and_then(|text| {
            let created = time::parse(text);
            if created.is_none() {
                self.findings.push(place.finding(
                    "CreateDate",
                    format!("{text:?} is no time; taken without it"),
                ));
            }
            created
        });
        Some(EntityDetail {
            kind,
            account: arn.account().into(),
            name: listed.name.into(),
            path: path.clone(),
            arn: listed.arn.as_str().into(),
            unique_id: listed.unique_id.as_deref().map(Into::into),
            created,
            document,
            missing_groups: Vec::new(),
        })
    }

    /// Equal texts are read once.
    fn document(&mut self, place: &Place, below: &str, json: &RawValue) -> PolicySource {
        if let Some(id) = self.document_ids.get(json.get()) {
            return PolicySource::Document(*id);
        }
        match export::policy_document(json) {
            Ok(document) => {
                let id = DocumentId(u32::try_from(self.documents.len()).unwrap_or(u32::MAX));
                self.documents.push(Arc::new(document));
                self.document_ids.insert(json.get().into(), id);
                PolicySource::Document(id)
            }
            Err(reason) => {
                self.findings
                    .push(place.finding(below, format!("the policy is not evaluated: {reason}")));
                PolicySource::NotEvaluated(reason.into())
            }
        }
    }

    /// Joins all that was added into one graph.
    #[must_use]
    pub fn build(self) -> Account {
        let mut account = Account {
            documents: self.documents,
            findings: self.findings,
            ..Account::default()
        };
        let policies = newest_policies(self.policies, &mut account.findings);
        for policy in policies {
            account.insert(policy);
        }
        let identities = last_identities(self.identities, &mut account.findings);
        let ids: Vec<EntityId> = identities
            .iter()
            .map(|identity| account.insert(identity.detail.clone()))
            .collect();
        for (id, identity) in ids.into_iter().zip(identities) {
            account.connect(id, identity);
        }
        account
    }
}

/// What every kind of entity says of itself.
struct Listed {
    kind: EntityKind,
    name: String,
    unique_id: Option<String>,
    arn: String,
    created: Option<String>,
}

/// One detail per policy: of an AWS-managed one the newest version, of others the last one read.
fn newest_policies(pending: Vec<PendingPolicy>, findings: &mut Vec<Finding>) -> Vec<EntityDetail> {
    let mut kept: Vec<PendingPolicy> = Vec::with_capacity(pending.len());
    let mut position: HashMap<Arc<str>, usize> = HashMap::new();
    for policy in pending {
        let arn = policy.detail.arn.clone();
        match position.get(&arn).and_then(|index| kept.get_mut(*index)) {
            Some(known) => {
                let is_aws = policy.detail.account.as_str() == "aws";
                if !is_aws {
                    findings.push(policy.place.finding("Arn", format!("{arn} comes again")));
                }
                if !is_aws || policy.version >= known.version {
                    *known = policy;
                }
            }
            None => {
                position.insert(arn, kept.len());
                kept.push(policy);
            }
        }
    }
    kept.into_iter().map(|policy| policy.detail).collect()
}

fn last_identities(
    pending: Vec<PendingIdentity>,
    findings: &mut Vec<Finding>,
) -> Vec<PendingIdentity> {
    let mut kept: Vec<PendingIdentity> = Vec::with_capacity(pending.len());
    let mut position: HashMap<NameKey, usize> = HashMap::new();
    for identity in pending {
        let key = identity.detail.key();
        match position.get(&key).and_then(|index| kept.get_mut(*index)) {
            Some(known) => {
                let again = format!("{} comes again", identity.detail.arn);
                findings.push(identity.place.finding("Arn", again));
                *known = identity;
            }
            None => {
                position.insert(key, kept.len());
                kept.push(identity);
            }
        }
    }
    kept
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

impl Account {
    fn insert(&mut self, detail: EntityDetail) -> EntityId {
        let key = detail.key();
        let unique_id = detail.unique_id.clone();
        let partition = detail.arn.split(':').nth(1).unwrap_or_default();
        if !self.partitions.iter().any(|known| **known == *partition) {
            self.partitions.push(partition.into());
        }
        let id = EntityId(self.graph.add_node(Node::Entity(detail)));
        self.by_name.insert(key, id);
        if let Some(unique_id) = unique_id {
            self.by_unique_id.insert(unique_id, id);
        }
        id
    }

    fn connect(&mut self, id: EntityId, identity: PendingIdentity) {
        let PendingIdentity {
            place,
            detail,
            inline,
            groups,
            attached,
        } = identity;
        for policy in inline {
            let node = self.graph.add_node(Node::Inline(policy));
            self.graph.add_edge(id.0, node, Edge::Inline);
        }
        for (index, group) in groups.into_iter().enumerate() {
            let key = NameKey {
                account: detail.account.clone(),
                kind: EntityKind::Group,
                name: group.as_str().into(),
            };
            if let Some(group) = self.by_name.get(&key) {
                self.graph.update_edge(id.0, group.0, Edge::MemberOf);
            } else {
                self.findings.push(place.finding(
                    &format!("GroupList[{index}]"),
                    format!(
                        "the group {group:?} is not in the export; its policies are not evaluated"
                    ),
                ));
                if let Some(Node::Entity(detail)) = self.graph.node_weight_mut(id.0) {
                    detail.missing_groups.push(group.into());
                }
            }
        }
        for (index, (arn, name)) in attached.into_iter().enumerate() {
            let below = format!("AttachedManagedPolicies[{index}]");
            let policy = match arn.parse::<IamArn>() {
                Ok(parsed) => self.named(&parsed).filter(|id| {
                    self.entity(*id)
                        .is_some_and(|found| found.kind == EntityKind::Policy)
                }),
                Err(_) => None,
            };
            let policy = policy.unwrap_or_else(|| self.mention(&place, &below, &arn, &name));
            self.graph.update_edge(id.0, policy.0, Edge::Attached);
        }
    }

    /// A node for a managed policy that is attached, but of which the export has no document.
    fn mention(&mut self, place: &Place, below: &str, arn: &str, name: &str) -> EntityId {
        let reason = "the export has no document of it";
        self.findings.push(place.finding(
            below,
            format!("the policy {arn} is not evaluated: {reason}"),
        ));
        let parsed = arn.parse::<IamArn>().ok();
        let (path, own_name) = match parsed.as_ref().map(IamArn::entity) {
            Some(IamEntity::Policy { path, name }) => (path.clone(), name.clone()),
            _ => ("/".into(), name.into()),
        };
        let account = arn
            .parse::<Arn>()
            .map_or_else(|_| "".into(), |arn| arn.account().into());
        self.insert(EntityDetail {
            kind: EntityKind::Policy,
            account,
            name: own_name,
            path,
            arn: arn.into(),
            unique_id: None,
            created: None,
            document: Some(PolicySource::NotEvaluated(reason.into())),
            missing_groups: Vec::new(),
        })
    }
}
