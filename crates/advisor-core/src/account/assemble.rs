//! Assembles the entities of all exports into one graph.

use std::sync::Arc;

use hashbrown::HashMap;
use iam_policy_parser::{Arn, IamArn, IamEntity, PolicyDocument};

use super::entity::{
    EntityDetail, EntityId, EntityKind, InlinePolicy, NotEvaluatedReason, PolicySource,
};
use super::graph::{AccountData, NameKey};
use super::issue::{ExportIssueKind, ExportPlace, Issues};

/// A user, group or role as read from an export.
#[derive(Debug)]
pub(super) struct PendingIdentity {
    pub(super) place: ExportPlace,
    pub(super) detail: EntityDetail,
    pub(super) inline: Vec<InlinePolicy>,
    /// The names of its groups.
    pub(super) groups: Vec<String>,
    /// The ARNs and names of the policies attached to it.
    pub(super) attached: Vec<(Box<str>, Box<str>)>,
}

impl PendingIdentity {
    /// Whether it is the same as another one, wherever that was.
    fn has_content_of(&self, other: &Self) -> bool {
        self.detail == other.detail
            && self.inline == other.inline
            && self.groups == other.groups
            && self.attached == other.attached
    }
}

/// A managed policy as read from an export.
#[derive(Debug)]
pub(super) struct PendingPolicy {
    pub(super) place: ExportPlace,
    pub(super) detail: EntityDetail,
    /// The number of the default version. Of an AWS managed policy in several exports, the greatest
    /// is the newest.
    pub(super) version: u32,
}

/// Joins all entities into one graph.
pub(super) fn assemble(
    identities: Vec<PendingIdentity>,
    policies: Vec<PendingPolicy>,
    documents: (Vec<Arc<PolicyDocument>>, Vec<Arc<str>>),
    mut issues: Issues,
) -> AccountData {
    let policies = newest_policies(policies, &mut issues);
    let identities = last_identities(identities, &mut issues);
    let mut account = AccountData::new(documents);
    for policy in policies {
        account.insert(policy);
    }
    let mut ids: Vec<EntityId> = Vec::with_capacity(identities.len());
    for identity in &identities {
        if let Some(unique_id) = &identity.detail.unique_id
            && account.by_unique_id(unique_id.as_str()).is_some()
        {
            let unique_id = unique_id.clone();
            let issue = ExportIssueKind::SharedUniqueId { unique_id };
            issues.push(identity.place.issue("", issue));
        }
        ids.push(account.insert(identity.detail.clone()));
    }
    for (id, identity) in ids.into_iter().zip(identities) {
        connect(&mut account, id, identity, &mut issues);
    }
    account.set_issues(issues.into_list());
    account
}

/// Keeps one of each policy: the newest version of an AWS managed policy, the last of others.
fn newest_policies(pending: Vec<PendingPolicy>, issues: &mut Issues) -> Vec<EntityDetail> {
    let mut kept: Vec<PendingPolicy> = Vec::with_capacity(pending.len());
    let mut position: HashMap<Arc<str>, usize> = HashMap::new();
    for policy in pending {
        let arn = policy.detail.arn.clone();
        match position.get(&arn).and_then(|index| kept.get_mut(*index)) {
            Some(known) => {
                let is_aws = policy.detail.is_aws_managed();
                if !is_aws && policy.detail != known.detail {
                    issues.push(policy.place.issue("Arn", ExportIssueKind::Repeated { arn }));
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

/// Keeps the last of each identity.
fn last_identities(pending: Vec<PendingIdentity>, issues: &mut Issues) -> Vec<PendingIdentity> {
    let mut kept: Vec<PendingIdentity> = Vec::with_capacity(pending.len());
    let mut position: HashMap<NameKey, usize> = HashMap::new();
    for identity in pending {
        let key = NameKey::of(&identity.detail);
        match position.get(&key).and_then(|index| kept.get_mut(*index)) {
            Some(known) => {
                if !identity.has_content_of(known) {
                    let arn = identity.detail.arn.clone();
                    let repeated = ExportIssueKind::Repeated { arn };
                    issues.push(identity.place.issue("Arn", repeated));
                }
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

/// Adds the policies and groups of an identity.
fn connect(
    account: &mut AccountData,
    id: EntityId,
    identity: PendingIdentity,
    issues: &mut Issues,
) {
    for policy in identity.inline {
        account.add_inline(id, policy);
    }
    for (index, name) in identity.groups.into_iter().enumerate() {
        if !account.join_group(id, &name) {
            let below = format!("GroupList[{index}]");
            let issue = ExportIssueKind::MissingGroup { name };
            issues.push(identity.place.issue(&below, issue));
        }
    }
    for (index, (arn, name)) in identity.attached.into_iter().enumerate() {
        let policy = managed_policy(account, &arn).unwrap_or_else(|| {
            let below = format!("AttachedManagedPolicies[{index}]");
            let issue = ExportIssueKind::PolicyNotEvaluated {
                arn: Some((&*arn).into()),
                reason: NotEvaluatedReason::MissingPolicy,
            };
            issues.push(identity.place.issue(&below, issue));
            account.insert(missing_policy(&arn, &name))
        });
        account.attach(id, policy);
    }
}

fn managed_policy(account: &AccountData, arn: &str) -> Option<EntityId> {
    let id = account.named(&arn.parse::<IamArn>().ok()?)?;
    let detail = account.entity(id)?;
    (detail.kind == EntityKind::Policy).then_some(id)
}

/// A managed policy that is attached, but that no export has.
fn missing_policy(arn: &str, name: &str) -> EntityDetail {
    let parsed = arn.parse::<IamArn>().ok();
    let (path, name) = match parsed.as_ref().map(IamArn::entity) {
        Some(IamEntity::Policy { path, name }) => (path.clone(), name.clone()),
        _ => ("/".into(), name.into()),
    };
    let account = arn
        .parse::<Arn>()
        .map_or_else(|_| "".into(), |arn| arn.account().into());
    EntityDetail {
        document: Some(PolicySource::NotEvaluated(
            NotEvaluatedReason::MissingPolicy,
        )),
        ..EntityDetail::new(EntityKind::Policy, account, name, path, arn.into())
    }
}
