//! The users, groups, roles and policies of an account, from its latest exports. Entities that cannot
//! be read as a whole are left out; the import has reported them.

use std::collections::{BTreeMap, HashMap};

use advisor_core::export::{
    AttachedPolicy, ExportPage, GroupDetail, ManagedPolicyDetail, Part, PartList,
    PermissionsBoundary, RoleDetail, UserDetail,
};
use advisor_core::{AccountId, EntityKind};
use advisor_store::AccountSnapshot;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// An account's entities, by name.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) users: Vec<User>,
    pub(crate) groups: Vec<Entity>,
    pub(crate) roles: Vec<Entity>,
    /// The account's own policies and the AWS managed ones.
    pub(crate) policies: Vec<Policy>,
}

/// The place of an entity in its directory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EntityRef {
    pub(crate) kind: EntityKind,
    pub(crate) index: usize,
}

/// What all entities have.
#[derive(Clone, Debug)]
pub(crate) struct Entity {
    pub(crate) name: String,
    pub(crate) path: String,
    /// The entity as `GetAccountAuthorizationDetails` returns it, in JSON.
    detail: String,
    /// The ARNs of the managed policies attached to it.
    attached: Vec<String>,
    /// The ARN of its permissions boundary.
    boundary: Option<String>,
}

/// A user, and the groups it is in.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) entity: Entity,
    pub(crate) groups: Vec<String>,
}

/// A managed policy.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    pub(crate) entity: Entity,
    pub(crate) arn: String,
    pub(crate) is_aws_managed: bool,
    version: u32,
    /// How many users, groups and roles it is attached to.
    pub(crate) attachments: u64,
    /// How many users and roles it is the permissions boundary of.
    pub(crate) boundaries: u64,
    exported_attachments: Option<u64>,
    exported_boundaries: Option<u64>,
}

impl Entity {
    /// The entity as JSON.
    pub(crate) fn detail(&self) -> serde_json::Result<Map<String, Value>> {
        serde_json::from_str(&self.detail)
    }
}

impl Policy {
    /// The policy as JSON.
    pub(crate) fn detail(&self) -> serde_json::Result<Map<String, Value>> {
        let mut detail = self.entity.detail()?;
        detail.insert("AttachmentCount".into(), self.attachments.into());
        let boundaries = self.boundaries.into();
        detail.insert("PermissionsBoundaryUsageCount".into(), boundaries);
        Ok(detail)
    }
}

impl Directory {
    /// The entities of the snapshot's account. Its exports may hold other accounts' as well.
    pub(crate) fn of(snapshot: &AccountSnapshot) -> Self {
        let mut collected = Collected::new(&snapshot.id);
        for (name, text) in &snapshot.exports {
            // The import has read the exports to their end.
            for page in ExportPage::parse_all(name, text).unwrap_or_default() {
                collected.add(page);
            }
        }
        collected.finish()
    }

    /// The entities of a kind, by name.
    pub(crate) fn entities(&self, kind: EntityKind) -> impl Iterator<Item = (EntityRef, &Entity)> {
        let entities: Box<dyn Iterator<Item = &Entity>> = match kind {
            EntityKind::User => Box::new(self.users.iter().map(|user| &user.entity)),
            EntityKind::Group => Box::new(self.groups.iter()),
            EntityKind::Role => Box::new(self.roles.iter()),
            EntityKind::Policy => Box::new(self.policies.iter().map(|policy| &policy.entity)),
        };
        let entities = entities.enumerate();
        entities.map(move |(index, entity)| (EntityRef { kind, index }, entity))
    }
}

/// What has been read so far.
struct Collected<'a> {
    account: &'a AccountId,
    users: BTreeMap<String, User>,
    groups: BTreeMap<String, Entity>,
    roles: BTreeMap<String, Entity>,
    policies: BTreeMap<String, Policy>,
    /// Whether no export holds entities of other accounts.
    is_alone: bool,
}

impl<'a> Collected<'a> {
    fn new(account: &'a AccountId) -> Self {
        Self {
            account,
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
            roles: BTreeMap::new(),
            policies: BTreeMap::new(),
            is_alone: true,
        }
    }

    fn add(&mut self, page: ExportPage<'_>) {
        for user in read(page.user_detail_list) {
            self.add_user(user);
        }
        for group in read(page.group_detail_list) {
            self.add_group(group);
        }
        for role in read(page.role_detail_list) {
            self.add_role(role);
        }
        for policy in read(page.policies) {
            self.add_policy(policy);
        }
    }

    fn add_user(&mut self, user: UserDetail<'_>) {
        let Some(mut entity) = self.entity(&user.user_name, &user.arn, user.path.as_ref(), &user)
        else {
            return;
        };
        entity.attached = arns(&user.attached_managed_policies);
        entity.boundary = arn_of(user.permissions_boundary.as_ref());
        let groups = read_values(&user.group_list).collect();
        self.users.insert(user.user_name, User { entity, groups });
    }

    fn add_group(&mut self, group: GroupDetail<'_>) {
        let path = group.path.as_ref();
        let Some(mut entity) = self.entity(&group.group_name, &group.arn, path, &group) else {
            return;
        };
        entity.attached = arns(&group.attached_managed_policies);
        self.groups.insert(group.group_name, entity);
    }

    fn add_role(&mut self, role: RoleDetail<'_>) {
        let Some(mut entity) = self.entity(&role.role_name, &role.arn, role.path.as_ref(), &role)
        else {
            return;
        };
        entity.attached = arns(&role.attached_managed_policies);
        entity.boundary = arn_of(role.permissions_boundary.as_ref());
        self.roles.insert(role.role_name, entity);
    }

    fn add_policy(&mut self, policy: ManagedPolicyDetail<'_>) {
        let policy = policy.with_name();
        let path = policy.path.as_ref();
        let name = policy.policy_name.as_deref().unwrap_or_default();
        let Some(entity) = self.entity(name, &policy.arn, path, &policy) else {
            return;
        };
        let is_aws_managed = policy.is_aws_managed();
        let version = policy.default_version_number();
        // Of an AWS managed policy the newest version counts, of others the last one read.
        let is_older = is_aws_managed
            && self
                .policies
                .get(&policy.arn)
                .is_some_and(|known| known.version > version);
        if is_older {
            return;
        }
        let count = |count: &Option<Part<'_, u64>>| count.as_ref()?.read().ok();
        let policy = Policy {
            entity,
            is_aws_managed,
            version,
            attachments: 0,
            boundaries: 0,
            exported_attachments: count(&policy.attachment_count),
            exported_boundaries: count(&policy.permissions_boundary_usage_count),
            arn: policy.arn,
        };
        self.policies.insert(policy.arn.clone(), policy);
    }

    /// The entity, when it is the account's or AWS's and can be read as a whole.
    fn entity(
        &mut self,
        name: &str,
        arn: &str,
        path: Option<&Part<'_, String>>,
        detail: &impl Serialize,
    ) -> Option<Entity> {
        // What cannot be read is left out whoever owns it.
        let Value::Object(mut detail) = serde_json::to_value(detail).ok()? else {
            return None;
        };
        let owner = AccountId::of_arn(arn);
        let is_aws = owner.as_ref().is_some_and(AccountId::is_aws);
        let is_own = owner.as_ref() == Some(self.account);
        self.is_alone &= is_own || is_aws;
        if !is_own && !is_aws {
            return None;
        }
        let path = match path {
            Some(path) => path.read().ok()?,
            None => path_of(arn),
        };
        detail.insert("Path".into(), path.as_str().into());
        Some(Entity {
            name: name.to_owned(),
            path,
            detail: serde_json::to_string(&detail).ok()?,
            attached: Vec::new(),
            boundary: None,
        })
    }

    /// Counts what policies are attached to, where the export does not say, or says it of another
    /// account.
    fn finish(self) -> Directory {
        let entities = || {
            let users = self.users.values().map(|user| &user.entity);
            users.chain(self.groups.values()).chain(self.roles.values())
        };
        let attachments = count(entities().flat_map(|entity| &entity.attached));
        let boundaries = count(entities().filter_map(|entity| entity.boundary.as_ref()));
        let mut policies: Vec<Policy> = self.policies.values().cloned().collect();
        for policy in &mut policies {
            let chosen = |counts: &HashMap<&str, u64>, exported: Option<u64>| {
                let counted = counts.get(policy.arn.as_str()).copied().unwrap_or_default();
                exported.filter(|_| self.is_alone).unwrap_or(counted)
            };
            policy.attachments = chosen(&attachments, policy.exported_attachments);
            policy.boundaries = chosen(&boundaries, policy.exported_boundaries);
        }
        policies.sort_by(|left, right| {
            (&left.entity.name, &left.arn).cmp(&(&right.entity.name, &right.arn))
        });
        Directory {
            users: self.users.into_values().collect(),
            groups: self.groups.into_values().collect(),
            roles: self.roles.into_values().collect(),
            policies,
        }
    }
}

/// The entities of a list that can be read.
fn read<'a, T: Deserialize<'a>>(list: PartList<'a, T>) -> impl Iterator<Item = T> {
    let parts = list.into_iter().flatten();
    parts.filter_map(|part| part.read_object().ok())
}

fn read_values<'a, T: Deserialize<'a>>(list: &PartList<'a, T>) -> impl Iterator<Item = T> {
    list.iter().flatten().filter_map(|part| part.read().ok())
}

fn arns(attached: &PartList<'_, AttachedPolicy>) -> Vec<String> {
    read_values(attached)
        .map(|policy| policy.policy_arn)
        .collect()
}

fn arn_of(boundary: Option<&Part<'_, PermissionsBoundary>>) -> Option<String> {
    boundary?.read().ok()?.permissions_boundary_arn
}

fn count<'a>(arns: impl Iterator<Item = &'a String>) -> HashMap<&'a str, u64> {
    let mut counts = HashMap::new();
    for arn in arns {
        *counts.entry(arn.as_str()).or_default() += 1;
    }
    counts
}

/// The path in an ARN: `/team/` in `arn:aws:iam::111122223333:user/team/ada`.
fn path_of(arn: &str) -> String {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let path = resource.split_once('/').map_or("", |(_, rest)| rest);
    match path.rsplit_once('/') {
        Some((path, _)) => format!("/{path}/"),
        None => "/".into(),
    }
}
