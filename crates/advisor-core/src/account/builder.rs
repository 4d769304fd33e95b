//! From exports to an account graph: reads entities one by one, sets aside what is broken, and joins
//! the rest.

use std::sync::Arc;

use hashbrown::HashMap;
use iam_policy_parser::{Arn, IamArn, IamEntity, PolicyDocument};

use super::export::{
    AttachedPolicy, DocumentText, ExportPage, GroupDetail, ManagedPolicyDetail, Part, PartList,
    PolicyDetail, RoleDetail, UserDetail,
};
use super::export_error::ExportError;
use super::{
    AccountData, DocumentId, Edge, EntityDetail, EntityId, EntityKind, ExportIssue, InlinePolicy,
    NameKey, Node, PolicySource,
};
use crate::time;

/// Collects exports, which may be pages of one account or several accounts, into an [`AccountData`].
/// An entity that comes again replaces what came before it.
#[derive(Debug, Default)]
pub struct AccountDataBuilder {
    identities: Vec<PendingIdentity>,
    policies: Vec<PendingPolicy>,
    documents: Vec<Arc<PolicyDocument>>,
    /// By its JSON text.
    document_ids: HashMap<Box<str>, DocumentId>,
    issues: Vec<ExportIssue>,
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
    fn issue(&self, below: &str, reason: impl Into<String>) -> ExportIssue {
        let path = match below {
            "" => self.path.clone(),
            below => format!("{}.{below}", self.path),
        };
        ExportIssue {
            name: self.name.to_string(),
            path,
            reason: reason.into(),
        }
    }
}

impl AccountDataBuilder {
    /// An empty collection.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes one export in: one document, several one after another, or a list of them. An entity
    /// that cannot be read is set aside as a [`ExportIssue`].
    ///
    /// # Errors
    /// The text is not JSON to its end, or not an export; nothing of it is taken then.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), ExportError> {
        let pages = ExportPage::parse_all(name, text)?;
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
            self.issues.push(place.issue(
                "",
                "the last page says that more follow: the export is incomplete",
            ));
        }
        Ok(())
    }

    fn add_page(&mut self, name: &Arc<str>, prefix: &str, page: &ExportPage<'_>) {
        let list = |list: &str| (name.clone(), format!("{prefix}{list}"));
        self.add_list(
            &list("UserDetailList"),
            &page.user_detail_list,
            |this, place, user| {
                this.add_identity(place, Identity::from(user));
            },
        );
        self.add_list(
            &list("GroupDetailList"),
            &page.group_detail_list,
            |this, place, group| {
                this.add_identity(place, Identity::from(group));
            },
        );
        self.add_list(
            &list("RoleDetailList"),
            &page.role_detail_list,
            |this, place, role| {
                this.add_identity(place, Identity::from(role));
            },
        );
        self.add_list(&list("Policies"), &page.policies, Self::add_policy);
    }

    fn add_list<'a, T: serde::Deserialize<'a>>(
        &mut self,
        (name, list): &(Arc<str>, String),
        parts: &PartList<'a, T>,
        mut add: impl FnMut(&mut Self, Place, T),
    ) {
        for (index, part) in parts.iter().flatten().enumerate() {
            let place = Place {
                name: name.clone(),
                path: format!("{list}[{index}]"),
            };
            match part.read_object() {
                Ok(entity) => add(self, place, entity),
                Err(error) => self.issues.push(place.issue(&error.path, error.reason)),
            }
        }
    }

    fn add_identity(&mut self, place: Place, identity: Identity<'_>) {
        let Some(detail) = self.detail(&place, identity.listed, None) else {
            return;
        };
        let inline_list = identity.inline_list;
        let mut inline: Vec<InlinePolicy> = Vec::new();
        for (index, value) in identity.inline_policies.iter().flatten().enumerate() {
            let below = format!("{inline_list}[{index}]");
            inline.push(match self.part(&place, &below, value) {
                Ok(policy) => InlinePolicy {
                    document: self.document(
                        &place,
                        &format!("{below}.PolicyDocument"),
                        policy.policy_document,
                    ),
                    name: policy.policy_name.into(),
                },
                Err(unread) => unread,
            });
        }
        let mut attached = Vec::new();
        let attachments = identity.attached_managed_policies.iter().flatten();
        for (index, value) in attachments.enumerate() {
            let below = format!("AttachedManagedPolicies[{index}]");
            match self.part(&place, &below, value) {
                Ok(policy) => attached.push((
                    policy.policy_arn.into(),
                    policy.policy_name.unwrap_or_default().into(),
                )),
                Err(unread) => inline.push(unread),
            }
        }
        let mut groups = Vec::new();
        for (index, value) in identity.group_list.iter().flatten().enumerate() {
            match value.read() {
                Ok(group) => groups.push(group),
                Err(_) => {
                    let below = format!("GroupList[{index}]");
                    let reason = "is not the name of a group";
                    self.issues.push(place.issue(&below, reason));
                    inline.push(InlinePolicy {
                        name: below.into(),
                        document: PolicySource::NotEvaluated(reason.into()),
                    });
                }
            }
        }
        self.identities.push(PendingIdentity {
            place,
            detail,
            inline,
            groups,
            attached,
        });
    }

    /// Reads a member of an identity's list; one that cannot be read stands as a policy that is not
    /// evaluated.
    fn part<'a, T: serde::Deserialize<'a>>(
        &mut self,
        place: &Place,
        below: &str,
        part: &Part<'a, T>,
    ) -> Result<T, InlinePolicy> {
        part.read_object().map_err(|error| {
            let path = if error.path.is_empty() {
                below.to_owned()
            } else {
                format!("{below}.{}", error.path)
            };
            self.issues.push(place.issue(&path, &*error.reason));
            InlinePolicy {
                name: path.into(),
                document: PolicySource::NotEvaluated(error.reason.into()),
            }
        })
    }

    fn add_policy(&mut self, place: Place, policy: ManagedPolicyDetail<'_>) {
        let default = policy.default_version();
        let version = policy.default_version_number();
        let document = match default.and_then(|(index, version)| Some((index, version.document?))) {
            Some((index, document)) => self.document(
                &place,
                &format!("PolicyVersionList[{index}].Document"),
                document,
            ),
            None => {
                let reason = "the export has no default version of it";
                self.issues.push(place.issue(
                    "PolicyVersionList",
                    format!("the policy is not evaluated: {reason}"),
                ));
                PolicySource::NotEvaluated(reason.into())
            }
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
                self.issues
                    .push(place.issue("Arn", format!("{error} ({:?})", listed.arn)));
                return None;
            }
        };
        let (kind, path, name) = match arn.entity() {
            IamEntity::User { path, name } => (EntityKind::User, path, name),
            IamEntity::Group { path, name } => (EntityKind::Group, path, name),
            IamEntity::Role { path, name } => (EntityKind::Role, path, name),
            IamEntity::Policy { path, name } => (EntityKind::Policy, path, name),
            _ => {
                self.issues
                    .push(place.issue("Arn", "is not the ARN of this kind of entity"));
                return None;
            }
        };
        if **name != listed.name {
            let reason = format!(
                "the ARN's name is not {:?}; taken by that name",
                listed.name
            );
            self.issues.push(place.issue("Arn", reason));
        }
        if kind != listed.kind {
            self.issues
                .push(place.issue("Arn", "is not the ARN of this kind of entity"));
            return None;
        }
        let created = listed.created.as_deref().and_then(|text| {
            let created = time::parse(text);
            if created.is_none() {
                self.issues.push(place.issue(
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
    fn document(&mut self, place: &Place, below: &str, text: DocumentText<'_>) -> PolicySource {
        if let Some(id) = self.document_ids.get(text.json()) {
            return PolicySource::Document(*id);
        }
        match text.parse_identity_policy() {
            Ok(document) => {
                let id = DocumentId(u32::try_from(self.documents.len()).unwrap_or(u32::MAX));
                self.documents.push(Arc::new(document));
                self.document_ids.insert(text.json().into(), id);
                PolicySource::Document(id)
            }
            Err(reason) => {
                self.issues
                    .push(place.issue(below, format!("the policy is not evaluated: {reason}")));
                PolicySource::NotEvaluated(reason.into())
            }
        }
    }

    /// Joins all that was added into one graph.
    #[must_use]
    pub fn build(self) -> AccountData {
        let mut account = AccountData {
            documents: self.documents,
            issues: self.issues,
            ..AccountData::default()
        };
        let policies = newest_policies(self.policies, &mut account.issues);
        for policy in policies {
            account.insert(policy);
        }
        let identities = last_identities(self.identities, &mut account.issues);
        let mut ids: Vec<EntityId> = Vec::with_capacity(identities.len());
        for identity in &identities {
            if let Some(unique_id) = &identity.detail.unique_id
                && account.by_unique_id.contains_key(unique_id)
            {
                let reason = format!("{unique_id} is another entity's too; activity is this one's");
                account.issues.push(identity.place.issue("", reason));
            }
            ids.push(account.insert(identity.detail.clone()));
        }
        for (id, identity) in ids.into_iter().zip(identities) {
            account.connect(id, identity);
        }
        account
    }
}

/// A user, group or role: their details differ only in the names of fields.
struct Identity<'a> {
    listed: Listed,
    /// The name of the list of inline policies.
    inline_list: &'static str,
    inline_policies: PartList<'a, PolicyDetail<'a>>,
    group_list: PartList<'a, String>,
    attached_managed_policies: PartList<'a, AttachedPolicy>,
}

impl<'a> From<UserDetail<'a>> for Identity<'a> {
    fn from(user: UserDetail<'a>) -> Self {
        Self {
            listed: Listed {
                kind: EntityKind::User,
                name: user.user_name,
                unique_id: Some(user.user_id),
                arn: user.arn,
                created: user.create_date,
            },
            inline_list: "UserPolicyList",
            inline_policies: user.user_policy_list,
            group_list: user.group_list,
            attached_managed_policies: user.attached_managed_policies,
        }
    }
}

impl<'a> From<GroupDetail<'a>> for Identity<'a> {
    fn from(group: GroupDetail<'a>) -> Self {
        Self {
            listed: Listed {
                kind: EntityKind::Group,
                name: group.group_name,
                unique_id: Some(group.group_id),
                arn: group.arn,
                created: group.create_date,
            },
            inline_list: "GroupPolicyList",
            inline_policies: group.group_policy_list,
            group_list: None,
            attached_managed_policies: group.attached_managed_policies,
        }
    }
}

impl<'a> From<RoleDetail<'a>> for Identity<'a> {
    fn from(role: RoleDetail<'a>) -> Self {
        Self {
            listed: Listed {
                kind: EntityKind::Role,
                name: role.role_name,
                unique_id: Some(role.role_id),
                arn: role.arn,
                created: role.create_date,
            },
            inline_list: "RolePolicyList",
            inline_policies: role.role_policy_list,
            group_list: None,
            attached_managed_policies: role.attached_managed_policies,
        }
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
fn newest_policies(
    pending: Vec<PendingPolicy>,
    issues: &mut Vec<ExportIssue>,
) -> Vec<EntityDetail> {
    let mut kept: Vec<PendingPolicy> = Vec::with_capacity(pending.len());
    let mut position: HashMap<Arc<str>, usize> = HashMap::new();
    for policy in pending {
        let arn = policy.detail.arn.clone();
        match position.get(&arn).and_then(|index| kept.get_mut(*index)) {
            Some(known) => {
                let is_aws = policy.detail.is_aws_managed();
                if !is_aws {
                    issues.push(policy.place.issue("Arn", format!("{arn} comes again")));
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
    issues: &mut Vec<ExportIssue>,
) -> Vec<PendingIdentity> {
    let mut kept: Vec<PendingIdentity> = Vec::with_capacity(pending.len());
    let mut position: HashMap<NameKey, usize> = HashMap::new();
    for identity in pending {
        let key = identity.detail.key();
        match position.get(&key).and_then(|index| kept.get_mut(*index)) {
            Some(known) => {
                let again = format!("{} comes again", identity.detail.arn);
                issues.push(identity.place.issue("Arn", again));
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

impl AccountData {
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
                self.issues.push(place.issue(
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
        self.issues.push(place.issue(
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
