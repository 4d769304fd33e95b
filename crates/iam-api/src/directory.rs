//! The users, groups, roles and policies of an account as its exports show them, in the API's
//! shapes. Read entity by entity, so that a broken one loses no other.
//!
//! Source: the shapes `UserDetail`, `GroupDetail`, `RoleDetail` and `ManagedPolicyDetail` of
//! botocore's `iam/2010-05-08/service-2.json`.

use std::collections::{BTreeMap, HashMap};

use advisor_store::AccountPicture;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::policy_text::PolicyText;

/// An account's entities, by name.
#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) users: Vec<UserDetail>,
    pub(crate) groups: Vec<GroupDetail>,
    pub(crate) roles: Vec<RoleDetail>,
    /// The account's own and AWS's.
    pub(crate) policies: Vec<ManagedPolicyDetail>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct UserDetail {
    pub(crate) path: Option<String>,
    pub(crate) user_name: String,
    pub(crate) user_id: String,
    pub(crate) arn: String,
    pub(crate) create_date: Option<String>,
    #[serde(default, deserialize_with = "or_none")]
    pub(crate) user_policy_list: Vec<PolicyDetail>,
    #[serde(default, deserialize_with = "or_none")]
    pub(crate) group_list: Vec<String>,
    #[serde(default, deserialize_with = "or_none")]
    pub(crate) attached_managed_policies: Vec<AttachedPolicy>,
    pub(crate) permissions_boundary: Option<PermissionsBoundary>,
    #[serde(default, deserialize_with = "or_none")]
    pub(crate) tags: Vec<Tag>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GroupDetail {
    pub(crate) path: Option<String>,
    pub(crate) group_name: String,
    pub(crate) group_id: String,
    pub(crate) arn: String,
    pub(crate) create_date: Option<String>,
    #[serde(default, deserialize_with = "or_none")]
    pub(crate) group_policy_list: Vec<PolicyDetail>,
    #[serde(default, deserialize_with = "or_none")]
    pub(crate) attached_managed_policies: Vec<AttachedPolicy>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RoleDetail {
    pub(crate) path: Option<String>,
    pub(crate) role_name: String,
    pub(crate) role_id: String,
    pub(crate) arn: String,
    pub(crate) create_date: Option<String>,
    pub(crate) assume_role_policy_document: Option<PolicyText>,
    #[serde(default, deserialize_with = "or_none")]
    pub(crate) instance_profile_list: Vec<InstanceProfile>,
    #[serde(default, deserialize_with = "or_none")]
    pub(crate) role_policy_list: Vec<PolicyDetail>,
    #[serde(default, deserialize_with = "or_none")]
    pub(crate) attached_managed_policies: Vec<AttachedPolicy>,
    pub(crate) permissions_boundary: Option<PermissionsBoundary>,
    #[serde(default, deserialize_with = "or_none")]
    pub(crate) tags: Vec<Tag>,
    pub(crate) role_last_used: Option<RoleLastUsed>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ManagedPolicyDetail {
    pub(crate) policy_name: String,
    pub(crate) policy_id: Option<String>,
    pub(crate) arn: String,
    pub(crate) path: Option<String>,
    pub(crate) default_version_id: Option<String>,
    pub(crate) attachment_count: Option<u64>,
    pub(crate) permissions_boundary_usage_count: Option<u64>,
    pub(crate) is_attachable: Option<bool>,
    pub(crate) description: Option<String>,
    pub(crate) create_date: Option<String>,
    pub(crate) update_date: Option<String>,
    #[serde(default, deserialize_with = "or_none")]
    pub(crate) policy_version_list: Vec<PolicyVersion>,
}

/// An inline policy.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyDetail {
    policy_name: String,
    policy_document: PolicyText,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyVersion {
    document: Option<PolicyText>,
    version_id: Option<String>,
    is_default_version: Option<bool>,
    create_date: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttachedPolicy {
    policy_name: Option<String>,
    policy_arn: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PermissionsBoundary {
    permissions_boundary_type: Option<String>,
    permissions_boundary_arn: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    key: String,
    value: String,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RoleLastUsed {
    last_used_date: Option<String>,
    region: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InstanceProfile {
    path: Option<String>,
    instance_profile_name: String,
    instance_profile_id: String,
    arn: String,
    create_date: Option<String>,
    #[serde(default, deserialize_with = "or_none")]
    roles: Vec<ProfileRole>,
    #[serde(default, deserialize_with = "or_none")]
    tags: Vec<Tag>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ProfileRole {
    path: Option<String>,
    role_name: String,
    role_id: String,
    arn: String,
    create_date: Option<String>,
    assume_role_policy_document: Option<PolicyText>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Export<'a> {
    #[serde(borrow)]
    user_detail_list: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    group_detail_list: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    role_detail_list: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    policies: Option<Vec<&'a RawValue>>,
}

/// `null` is an empty list.
fn or_none<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Option::<Vec<T>>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// What has an ARN and a name.
trait Named {
    fn arn(&self) -> &str;
    fn name(&self) -> &str;
    fn path_mut(&mut self) -> &mut Option<String>;
}

macro_rules! named {
    ($($kind:ident $name:ident),*) => {$(
        impl Named for $kind {
            fn arn(&self) -> &str {
                &self.arn
            }
            fn name(&self) -> &str {
                &self.$name
            }
            fn path_mut(&mut self) -> &mut Option<String> {
                &mut self.path
            }
        }
    )*};
}

named!(UserDetail user_name, GroupDetail group_name, RoleDetail role_name,
       ManagedPolicyDetail policy_name);

impl Directory {
    /// The entities of the picture's account; the exports may have other accounts' beside them.
    pub(crate) fn of(picture: &AccountPicture) -> Self {
        let account = picture.id.as_str();
        let mut users = BTreeMap::new();
        let mut groups = BTreeMap::new();
        let mut roles = BTreeMap::new();
        let mut policies: BTreeMap<String, ManagedPolicyDetail> = BTreeMap::new();
        let mut is_alone = true;
        for (_, text) in &picture.exports {
            for export in exports(text) {
                let mut own = |arn: &str| {
                    let of = account_of(arn);
                    is_alone &= of == account || of == "aws";
                    of == account
                };
                keep(&mut users, export.user_detail_list, &mut own);
                keep(&mut groups, export.group_detail_list, &mut own);
                keep(&mut roles, export.role_detail_list, &mut own);
                for policy in read::<ManagedPolicyDetail>(export.policies) {
                    let is_aws = account_of(&policy.arn) == "aws";
                    if !is_aws && !own(&policy.arn) {
                        continue;
                    }
                    // Of an AWS-managed policy the newest version counts, of others the last read.
                    let is_older = is_aws
                        && policies
                            .get(&policy.arn)
                            .is_some_and(|known| version(known) > version(&policy));
                    if !is_older {
                        policies.insert(policy.arn.clone(), policy);
                    }
                }
            }
        }
        let mut policies: Vec<ManagedPolicyDetail> = policies.into_values().collect();
        policies.sort_by(|left, right| {
            (&left.policy_name, &left.arn).cmp(&(&right.policy_name, &right.arn))
        });
        let mut directory = Self {
            users: users.into_values().collect(),
            groups: groups.into_values().collect(),
            roles: roles.into_values().collect(),
            policies,
        };
        directory.count_attachments(is_alone);
        directory
    }

    /// Counts what policies are attached to, where the export does not say, or says it of another
    /// account.
    fn count_attachments(&mut self, as_exported: bool) {
        let mut attachments: HashMap<&str, u64> = HashMap::new();
        let mut boundaries: HashMap<&str, u64> = HashMap::new();
        let users = self.users.iter();
        let roles = self.roles.iter();
        for attached in users
            .clone()
            .map(|user| &user.attached_managed_policies)
            .chain(
                self.groups
                    .iter()
                    .map(|group| &group.attached_managed_policies),
            )
            .chain(roles.clone().map(|role| &role.attached_managed_policies))
            .flatten()
        {
            *attachments.entry(&attached.policy_arn).or_default() += 1;
        }
        for boundary in users
            .map(|user| &user.permissions_boundary)
            .chain(roles.map(|role| &role.permissions_boundary))
            .flatten()
        {
            if let Some(arn) = &boundary.permissions_boundary_arn {
                *boundaries.entry(arn).or_default() += 1;
            }
        }
        for policy in &mut self.policies {
            let count = |counts: &HashMap<&str, u64>, exported: Option<u64>| {
                let counted = counts.get(policy.arn.as_str()).copied().unwrap_or_default();
                exported.filter(|_| as_exported).unwrap_or(counted)
            };
            policy.attachment_count = Some(count(&attachments, policy.attachment_count));
            policy.permissions_boundary_usage_count =
                Some(count(&boundaries, policy.permissions_boundary_usage_count));
        }
    }
}

fn keep<T: Named + for<'de> Deserialize<'de>>(
    kept: &mut BTreeMap<String, T>,
    list: Option<Vec<&RawValue>>,
    own: &mut impl FnMut(&str) -> bool,
) {
    for entity in read::<T>(list) {
        if own(entity.arn()) {
            kept.insert(entity.name().to_owned(), entity);
        }
    }
}

/// The entities of a list that can be read; the import has told of the others.
fn read<T: Named + for<'de> Deserialize<'de>>(
    list: Option<Vec<&RawValue>>,
) -> impl Iterator<Item = T> {
    list.into_iter().flatten().filter_map(|value| {
        let mut entity: T = serde_json::from_str(value.get()).ok()?;
        if entity.path_mut().is_none() {
            let path = path_of(entity.arn());
            *entity.path_mut() = Some(path);
        }
        Some(entity)
    })
}

/// One document, several one after the other, or a list of them; the import has read them to their
/// end.
fn exports(text: &str) -> Vec<Export<'_>> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut exports = Vec::new();
    for value in serde_json::Deserializer::from_str(text)
        .into_iter::<&RawValue>()
        .map_while(Result::ok)
    {
        if value.get().starts_with('[') {
            exports
                .extend(serde_json::from_str::<Vec<Export<'_>>>(value.get()).unwrap_or_default());
        } else {
            exports.extend(serde_json::from_str::<Export<'_>>(value.get()));
        }
    }
    exports
}

fn account_of(arn: &str) -> &str {
    arn.split(':').nth(4).unwrap_or_default()
}

fn path_of(arn: &str) -> String {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let path = resource.split_once('/').map_or("", |(_, rest)| rest);
    match path.rsplit_once('/') {
        Some((path, _)) => format!("/{path}/"),
        None => "/".into(),
    }
}

/// The number of a policy's default version.
fn version(policy: &ManagedPolicyDetail) -> u32 {
    let id = policy.default_version_id.as_deref().unwrap_or_default();
    id.trim_start_matches('v').parse().unwrap_or_default()
}
