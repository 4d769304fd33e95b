//! The output of `aws iam get-account-authorization-details`: the one model of it.
//!
//! Entities, and the members of their lists, are [`Part`]s: each is read on its own, so that a broken
//! one does not affect others. Serialized, an entity is what `GetAccountAuthorizationDetails` returns.
//!
//! Exports that other tools made from an SDK's objects can spell keys in other ways: `userName` (Java and
//! Kotlin), `user_name` (Ruby and Rust), `UserID` and `ARN` (Go). They are read too. An object that has
//! one key in two spellings is ambiguous, and cannot be read.
//!
//! Source: the shapes `UserDetail`, `GroupDetail`, `RoleDetail` and `ManagedPolicyDetail` of botocore's
//! `iam/2010-05-08/service-2.json`.

use std::fmt;
use std::marker::PhantomData;

use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;

pub use super::document_text::DocumentText;
use super::export_error::{ExportError, ExportErrorKind, plain_message};
pub use super::export_time::ExportTime;

/// A list whose members are read one by one.
pub type PartList<'a, T> = Option<Vec<Part<'a, T>>>;

/// A part of an export that has not been read yet.
pub struct Part<'a, T> {
    json: &'a RawValue,
    read_as: PhantomData<fn() -> T>,
}

/// Why a part cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}")]
#[non_exhaustive]
pub struct UnreadablePart {
    /// The JSON path of the broken value in the part, as in `UserPolicyList[0].PolicyName`; empty for
    /// the part as a whole.
    pub path: String,
    /// What is wrong with it.
    pub reason: String,
}

impl<'a, T> Part<'a, T> {
    /// The JSON text.
    #[must_use]
    pub fn json(&self) -> &'a str {
        self.json.get()
    }

    /// Reads the part.
    ///
    /// # Errors
    /// The JSON is not of this shape.
    pub fn read(&self) -> Result<T, UnreadablePart>
    where
        T: Deserialize<'a>,
    {
        let mut deserializer = serde_json::Deserializer::from_str(self.json());
        serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = error.path().to_string();
            UnreadablePart {
                path: if path == "." { String::new() } else { path },
                reason: plain_message(error.inner()),
            }
        })
    }

    /// Reads a part that is an object.
    ///
    /// # Errors
    /// The JSON is not an object, or not of this shape.
    pub fn read_object(&self) -> Result<T, UnreadablePart>
    where
        T: Deserialize<'a>,
    {
        if self.json().starts_with('{') {
            return self.read();
        }
        // Serde would take a list for the fields in order.
        Err(UnreadablePart {
            path: String::new(),
            reason: "not a JSON object".into(),
        })
    }
}

impl<T> fmt::Debug for Part<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Part").field(&self.json()).finish()
    }
}

impl<'de: 'a, 'a, T> Deserialize<'de> for Part<'a, T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self {
            json: <&RawValue>::deserialize(deserializer)?,
            read_as: PhantomData,
        })
    }
}

impl<'a, T: Deserialize<'a> + Serialize> Serialize for Part<'a, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let part = self.read().map_err(S::Error::custom)?;
        part.serialize(serializer)
    }
}

/// One page of the output.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ExportPage<'a> {
    /// The users.
    #[serde(borrow)]
    #[serde(alias = "userDetailList", alias = "user_detail_list")]
    pub user_detail_list: PartList<'a, UserDetail<'a>>,
    /// The groups.
    #[serde(borrow)]
    #[serde(alias = "groupDetailList", alias = "group_detail_list")]
    pub group_detail_list: PartList<'a, GroupDetail<'a>>,
    /// The roles.
    #[serde(borrow)]
    #[serde(alias = "roleDetailList", alias = "role_detail_list")]
    pub role_detail_list: PartList<'a, RoleDetail<'a>>,
    /// The managed policies.
    #[serde(borrow)]
    #[serde(alias = "policies")]
    pub policies: PartList<'a, ManagedPolicyDetail<'a>>,
    /// Whether more pages follow.
    #[serde(alias = "isTruncated", alias = "is_truncated")]
    pub is_truncated: Option<bool>,
    /// Where the next page starts, as `aws --max-items` writes it. Absent on the last page.
    #[serde(borrow)]
    #[serde(alias = "nextToken", alias = "next_token")]
    pub next_token: Option<&'a RawValue>,
    /// Where the next page starts, as the API returns it. Absent on the last page.
    #[serde(borrow)]
    #[serde(alias = "marker")]
    pub marker: Option<&'a RawValue>,
}

impl<'a> ExportPage<'a> {
    /// Splits a file into pages: one document, several one after the other, or a list of them. `name`
    /// stands in errors for the file.
    ///
    /// # Errors
    /// The text is not JSON to its end, or not an export.
    pub fn parse_all(name: &str, text: &'a str) -> Result<Vec<Self>, ExportError> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut pages = Vec::new();
        let mut take = |value: &'a RawValue| -> Result<(), ExportError> {
            let kind = ExportErrorKind::NotAnExport;
            let page: Self = serde_json::from_str(value.get())
                .map_err(|error| ExportError::within(name, kind, text, value.get(), error))?;
            if !page.has_a_list() {
                return Err(ExportError::of_file(name, kind));
            }
            pages.push(page);
            Ok(())
        };
        let kind = ExportErrorKind::Syntax;
        for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
            let value = value.map_err(|error| ExportError::of_json(name, kind, error))?;
            if value.get().starts_with('[') {
                let list: Vec<&RawValue> = serde_json::from_str(value.get())
                    .map_err(|error| ExportError::within(name, kind, text, value.get(), error))?;
                list.into_iter().try_for_each(&mut take)?;
            } else {
                take(value)?;
            }
        }
        if pages.is_empty() {
            return Err(ExportError::of_file(name, ExportErrorKind::Empty));
        }
        Ok(pages)
    }

    /// Returns the field that says that more pages follow.
    pub(crate) fn truncated_by(&self) -> Option<&'static str> {
        let is_token = |token: Option<&RawValue>| token.is_some_and(|token| token.get() != "\"\"");
        if self.is_truncated == Some(true) {
            Some("IsTruncated")
        } else if is_token(self.next_token) {
            Some("NextToken")
        } else if is_token(self.marker) {
            Some("Marker")
        } else {
            None
        }
    }

    fn has_a_list(&self) -> bool {
        self.user_detail_list.is_some()
            || self.group_detail_list.is_some()
            || self.role_detail_list.is_some()
            || self.policies.is_some()
    }
}

/// A user.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct UserDetail<'a> {
    /// Its path.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "path")]
    pub path: Option<Part<'a, String>>,
    /// Its name.
    #[serde(alias = "userName", alias = "user_name")]
    pub user_name: String,
    /// Its unique id.
    #[serde(alias = "userId", alias = "user_id", alias = "UserID")]
    pub user_id: String,
    /// Its ARN.
    #[serde(alias = "arn", alias = "ARN")]
    pub arn: String,
    /// When it was created.
    #[serde(default, skip_serializing_if = "ExportTime::is_none")]
    #[serde(alias = "createDate", alias = "create_date")]
    pub create_date: ExportTime,
    /// Its inline policies.
    #[serde(borrow, serialize_with = "list_or_empty")]
    #[serde(alias = "userPolicyList", alias = "user_policy_list")]
    pub user_policy_list: PartList<'a, PolicyDetail<'a>>,
    /// The names of its groups. IAM writes an empty list for a user who is in none, so without a list they are not known.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "groupList", alias = "group_list")]
    pub group_list: PartList<'a, String>,
    /// The managed policies attached to it.
    #[serde(borrow, serialize_with = "list_or_empty")]
    #[serde(alias = "attachedManagedPolicies", alias = "attached_managed_policies")]
    pub attached_managed_policies: PartList<'a, AttachedPolicy>,
    /// Its permissions boundary.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "permissionsBoundary", alias = "permissions_boundary")]
    pub permissions_boundary: Option<Part<'a, PermissionsBoundary>>,
    /// Its tags.
    #[serde(borrow, serialize_with = "part_or_empty")]
    #[serde(alias = "tags")]
    pub tags: Option<Part<'a, Vec<Tag>>>,
}

/// A group.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct GroupDetail<'a> {
    /// Its path.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "path")]
    pub path: Option<Part<'a, String>>,
    /// Its name.
    #[serde(alias = "groupName", alias = "group_name")]
    pub group_name: String,
    /// Its unique id.
    #[serde(alias = "groupId", alias = "group_id", alias = "GroupID")]
    pub group_id: String,
    /// Its ARN.
    #[serde(alias = "arn", alias = "ARN")]
    pub arn: String,
    /// When it was created.
    #[serde(default, skip_serializing_if = "ExportTime::is_none")]
    #[serde(alias = "createDate", alias = "create_date")]
    pub create_date: ExportTime,
    /// Its inline policies.
    #[serde(borrow, serialize_with = "list_or_empty")]
    #[serde(alias = "groupPolicyList", alias = "group_policy_list")]
    pub group_policy_list: PartList<'a, PolicyDetail<'a>>,
    /// The managed policies attached to it.
    #[serde(borrow, serialize_with = "list_or_empty")]
    #[serde(alias = "attachedManagedPolicies", alias = "attached_managed_policies")]
    pub attached_managed_policies: PartList<'a, AttachedPolicy>,
}

/// A role.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoleDetail<'a> {
    /// Its path.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "path")]
    pub path: Option<Part<'a, String>>,
    /// Its name.
    #[serde(alias = "roleName", alias = "role_name")]
    pub role_name: String,
    /// Its unique id.
    #[serde(alias = "roleId", alias = "role_id", alias = "RoleID")]
    pub role_id: String,
    /// Its ARN.
    #[serde(alias = "arn", alias = "ARN")]
    pub arn: String,
    /// When it was created.
    #[serde(default, skip_serializing_if = "ExportTime::is_none")]
    #[serde(alias = "createDate", alias = "create_date")]
    pub create_date: ExportTime,
    /// Its trust policy.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(
        alias = "assumeRolePolicyDocument",
        alias = "assume_role_policy_document"
    )]
    pub assume_role_policy_document: Option<DocumentText<'a>>,
    /// The instance profiles that contain it.
    #[serde(borrow, serialize_with = "part_or_empty")]
    #[serde(alias = "instanceProfileList", alias = "instance_profile_list")]
    pub instance_profile_list: Option<Part<'a, Vec<InstanceProfile<'a>>>>,
    /// Its inline policies.
    #[serde(borrow, serialize_with = "list_or_empty")]
    #[serde(alias = "rolePolicyList", alias = "role_policy_list")]
    pub role_policy_list: PartList<'a, PolicyDetail<'a>>,
    /// The managed policies attached to it.
    #[serde(borrow, serialize_with = "list_or_empty")]
    #[serde(alias = "attachedManagedPolicies", alias = "attached_managed_policies")]
    pub attached_managed_policies: PartList<'a, AttachedPolicy>,
    /// Its permissions boundary.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "permissionsBoundary", alias = "permissions_boundary")]
    pub permissions_boundary: Option<Part<'a, PermissionsBoundary>>,
    /// Its tags.
    #[serde(borrow, serialize_with = "part_or_empty")]
    #[serde(alias = "tags")]
    pub tags: Option<Part<'a, Vec<Tag>>>,
    /// When it was last used, as IAM says.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "roleLastUsed", alias = "role_last_used")]
    pub role_last_used: Option<Part<'a, RoleLastUsed>>,
}

/// A managed policy, of the account or of AWS.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct ManagedPolicyDetail<'a> {
    /// Its name. Exports of some tools lack it; it is the last part of the ARN.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(alias = "policyName", alias = "policy_name")]
    pub policy_name: Option<String>,
    /// Its unique id.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(alias = "policyId", alias = "policy_id", alias = "PolicyID")]
    pub policy_id: Option<String>,
    /// Its ARN.
    #[serde(alias = "arn", alias = "ARN")]
    pub arn: String,
    /// Its path.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "path")]
    pub path: Option<Part<'a, String>>,
    /// The version in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(
        alias = "defaultVersionId",
        alias = "default_version_id",
        alias = "DefaultVersionID"
    )]
    pub default_version_id: Option<String>,
    /// How many users, groups and roles it is attached to.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "attachmentCount", alias = "attachment_count")]
    pub attachment_count: Option<Part<'a, u64>>,
    /// How many users and roles it is the boundary of.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(
        alias = "permissionsBoundaryUsageCount",
        alias = "permissions_boundary_usage_count"
    )]
    pub permissions_boundary_usage_count: Option<Part<'a, u64>>,
    /// Whether it can be attached.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "isAttachable", alias = "is_attachable")]
    pub is_attachable: Option<Part<'a, bool>>,
    /// What it is for.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "description")]
    pub description: Option<Part<'a, String>>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "ExportTime::is_none")]
    #[serde(alias = "createDate", alias = "create_date")]
    pub create_date: ExportTime,
    /// When its default version was last changed.
    #[serde(default, skip_serializing_if = "ExportTime::is_none")]
    #[serde(alias = "updateDate", alias = "update_date")]
    pub update_date: ExportTime,
    /// Its versions.
    #[serde(borrow, serialize_with = "list_or_empty")]
    #[serde(alias = "policyVersionList", alias = "policy_version_list")]
    pub policy_version_list: Option<Vec<PolicyVersion<'a>>>,
}

impl<'a> ManagedPolicyDetail<'a> {
    /// The policy with the name that its ARN has, if it has no name.
    #[must_use]
    pub fn with_name(mut self) -> Self {
        if self.policy_name.is_none() {
            let name = self.arn.rsplit('/').next().unwrap_or_default();
            self.policy_name = Some(name.to_owned());
        }
        self
    }

    /// The version in force, with its position in the list: the one that is marked so or that `DefaultVersionId` names. `None` when
    /// these are several: which one counts is not known.
    #[must_use]
    pub fn default_version(&self) -> Option<(usize, &PolicyVersion<'a>)> {
        let is_in_force = |version: &PolicyVersion<'_>| {
            let is_named =
                version.version_id.is_some() && version.version_id == self.default_version_id;
            is_named || version.is_default_version == Some(true)
        };
        let versions = self.policy_version_list.iter().flatten().enumerate();
        let mut in_force = versions.filter(|(_, version)| is_in_force(version));
        let only = in_force.next();
        only.filter(|_| in_force.next().is_none())
    }

    /// The id of the version in force, such as `v3`, if the export has it.
    #[must_use]
    pub fn version_in_force(&self) -> Option<&str> {
        self.default_version()
            .and_then(|(_, version)| version.version_id.as_deref())
            .or(self.default_version_id.as_deref())
    }

    /// The number of the version in force; 0 when the export does not say. Of an AWS managed policy
    /// in several exports, the greatest is the newest.
    #[must_use]
    pub fn default_version_number(&self) -> u32 {
        self.version_in_force()
            .and_then(|id| id.strip_prefix('v')?.parse().ok())
            .unwrap_or_default()
    }
}

/// A version of a managed policy.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyVersion<'a> {
    /// Its document.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(alias = "document")]
    pub document: Option<DocumentText<'a>>,
    /// `v1`, `v2`, ...
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(alias = "versionId", alias = "version_id", alias = "VersionID")]
    pub version_id: Option<String>,
    /// Whether it is in force.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(alias = "isDefaultVersion", alias = "is_default_version")]
    pub is_default_version: Option<bool>,
    /// When it was created.
    #[serde(default, skip_serializing_if = "ExportTime::is_none")]
    #[serde(alias = "createDate", alias = "create_date")]
    pub create_date: ExportTime,
}

/// An inline policy.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PolicyDetail<'a> {
    /// Its name.
    #[serde(alias = "policyName", alias = "policy_name")]
    pub policy_name: String,
    /// Its document.
    #[serde(borrow)]
    #[serde(alias = "policyDocument", alias = "policy_document")]
    pub policy_document: DocumentText<'a>,
}

/// A managed policy that is attached to a user, group or role.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct AttachedPolicy {
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(alias = "policyName", alias = "policy_name")]
    pub policy_name: Option<String>,
    /// Its ARN.
    #[serde(alias = "policyArn", alias = "policy_arn", alias = "PolicyARN")]
    pub policy_arn: String,
}

/// A permissions boundary.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct PermissionsBoundary {
    /// `PermissionsBoundaryPolicy`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(alias = "permissionsBoundaryType", alias = "permissions_boundary_type")]
    pub permissions_boundary_type: Option<String>,
    /// The ARN of the managed policy.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(
        alias = "permissionsBoundaryArn",
        alias = "permissions_boundary_arn",
        alias = "PermissionsBoundaryARN"
    )]
    pub permissions_boundary_arn: Option<String>,
}

/// A tag.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    /// Its key.
    #[serde(alias = "key")]
    pub key: String,
    /// Its value.
    #[serde(alias = "value")]
    pub value: String,
}

/// When and where a role was last used.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct RoleLastUsed {
    /// The time, to within an hour or so.
    #[serde(default, skip_serializing_if = "ExportTime::is_none")]
    #[serde(alias = "lastUsedDate", alias = "last_used_date")]
    pub last_used_date: ExportTime,
    /// The Region.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(alias = "region")]
    pub region: Option<String>,
}

/// An instance profile.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceProfile<'a> {
    /// Its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(alias = "path")]
    pub path: Option<String>,
    /// Its name.
    #[serde(alias = "instanceProfileName", alias = "instance_profile_name")]
    pub instance_profile_name: String,
    /// Its unique id.
    #[serde(
        alias = "instanceProfileId",
        alias = "instance_profile_id",
        alias = "InstanceProfileID"
    )]
    pub instance_profile_id: String,
    /// Its ARN.
    #[serde(alias = "arn", alias = "ARN")]
    pub arn: String,
    /// When it was created.
    #[serde(default, skip_serializing_if = "ExportTime::is_none")]
    #[serde(alias = "createDate", alias = "create_date")]
    pub create_date: ExportTime,
    /// The role in it.
    #[serde(borrow, serialize_with = "list_or_empty")]
    #[serde(alias = "roles")]
    pub roles: Option<Vec<InstanceProfileRole<'a>>>,
    /// Its tags.
    #[serde(serialize_with = "list_or_empty")]
    #[serde(alias = "tags")]
    pub tags: Option<Vec<Tag>>,
}

/// The role of an instance profile.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct InstanceProfileRole<'a> {
    /// Its path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[serde(alias = "path")]
    pub path: Option<String>,
    /// Its name.
    #[serde(alias = "roleName", alias = "role_name")]
    pub role_name: String,
    /// Its unique id.
    #[serde(alias = "roleId", alias = "role_id", alias = "RoleID")]
    pub role_id: String,
    /// Its ARN.
    #[serde(alias = "arn", alias = "ARN")]
    pub arn: String,
    /// When it was created.
    #[serde(default, skip_serializing_if = "ExportTime::is_none")]
    #[serde(alias = "createDate", alias = "create_date")]
    pub create_date: ExportTime,
    /// Its trust policy.
    #[serde(borrow, skip_serializing_if = "Option::is_none")]
    #[serde(
        alias = "assumeRolePolicyDocument",
        alias = "assume_role_policy_document"
    )]
    pub assume_role_policy_document: Option<DocumentText<'a>>,
}

/// The API returns an empty list where an export has none.
fn list_or_empty<T: Serialize, S: Serializer>(
    list: &Option<Vec<T>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(list.iter().flatten())
}

fn part_or_empty<'a, T: Deserialize<'a> + Serialize, S: Serializer>(
    list: &Option<Part<'a, Vec<T>>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    match list {
        Some(list) => list.serialize(serializer),
        None => serializer.collect_seq([(); 0]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_export_does_not_say_is_an_empty_list_or_missing() {
        let json = r#"{"UserName": "a", "UserId": "i", "Arn": "arn", "Tags": null}"#;
        let user: UserDetail<'_> = serde_json::from_str(json).unwrap();
        // Not a list of groups: see `UserDetail::group_list`.
        let expected = serde_json::json!({
            "UserName": "a", "UserId": "i", "Arn": "arn", "UserPolicyList": [],
            "AttachedManagedPolicies": [], "Tags": [],
        });
        assert_eq!(serde_json::to_value(user).unwrap(), expected);
    }
}
