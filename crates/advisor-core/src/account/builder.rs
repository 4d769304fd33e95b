//! Reads exports entity by entity, so that a broken entity does not affect others.

use std::sync::Arc;

use hashbrown::HashMap;
use iam_policy_parser::{IamArn, IamEntity, PolicyDocument};
use serde::Deserialize;

use super::assemble::{PendingIdentity, PendingPolicy, assemble};
use super::entity::{
    DocumentId, EntityDetail, EntityKind, InlinePolicy, NotEvaluatedReason, OtherVersion,
    PolicySource,
};
use super::export::{
    AttachedPolicy, DocumentText, ExportPage, ExportTime, GroupDetail, ManagedPolicyDetail, Part,
    PartList, PermissionsBoundary, PolicyDetail, RoleDetail, RoleLastUsed, Tag, UserDetail,
};
use super::export_error::ExportError;
use super::graph::AccountData;
use super::issue::{ExportIssueKind, ExportPlace, Issues};

/// Collects exports into an [`AccountData`]. They can be pages of one account, or of several accounts.
/// If an entity occurs again, the last one is used, and where they differ, that is an issue.
///
/// ```
/// use advisor_core::AccountDataBuilder;
/// let mut builder = AccountDataBuilder::new();
/// builder.add("users.json", r#"{"UserDetailList": [{"UserName": "ann", "UserId": "AIDAANN",
///     "Arn": "arn:aws:iam::111122223333:user/ann"}]}"#)?;
/// let account = builder.build()?;
/// assert_eq!(account.entities().count(), 1);
/// # Ok::<(), advisor_core::ExportError>(())
/// ```
#[derive(Debug, Default)]
pub struct AccountDataBuilder {
    identities: Vec<PendingIdentity>,
    policies: Vec<PendingPolicy>,
    documents: Vec<Arc<PolicyDocument>>,
    /// In the order of the documents.
    document_texts: Vec<Arc<str>>,
    /// By JSON text.
    document_ids: HashMap<Box<str>, DocumentId>,
    issues: Issues,
    /// The number of entities in the exports, including those that were left out.
    entities: usize,
}

impl AccountData {
    /// Reads one export. For several, use [`AccountDataBuilder`].
    ///
    /// # Errors
    /// As [`AccountDataBuilder::add`] and [`AccountDataBuilder::build`].
    pub fn from_export(name: &str, text: &str) -> Result<Self, ExportError> {
        let mut builder = AccountDataBuilder::default();
        builder.add(name, text)?;
        builder.build()
    }
}

impl AccountDataBuilder {
    /// Creates an empty builder.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one export: one document, several in sequence, or a list of them. Entities that cannot be
    /// read are left out; see [`AccountData::issues`]. Errors and issues name the export `name`.
    ///
    /// # Errors
    /// The text is not JSON, or not an export. Nothing is added then.
    pub fn add(&mut self, name: &str, text: &str) -> Result<(), ExportError> {
        let pages = ExportPage::parse_all(name, text)?;
        let file: Arc<str> = name.into();
        let has_several = pages.len() > 1;
        let truncated_by = pages.last().and_then(ExportPage::truncated_by);
        for (index, page) in pages.into_iter().enumerate() {
            let prefix = if has_several {
                format!("[{index}].")
            } else {
                String::new()
            };
            self.add_page(&file, &prefix, &page);
        }
        if let Some(field) = truncated_by {
            let json_path = field.into();
            let place = ExportPlace { file, json_path };
            self.issues
                .push(place.issue("", ExportIssueKind::Truncated));
        }
        Ok(())
    }

    fn add_page(&mut self, file: &Arc<str>, prefix: &str, page: &ExportPage<'_>) {
        let list = |list: &str| (file.clone(), format!("{prefix}{list}"));
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

    fn add_list<'a, T: Deserialize<'a>>(
        &mut self,
        (file, list): &(Arc<str>, String),
        parts: &PartList<'a, T>,
        mut add: impl FnMut(&mut Self, ExportPlace, T),
    ) {
        for (index, part) in parts.iter().flatten().enumerate() {
            self.entities += 1;
            let place = ExportPlace {
                file: file.clone(),
                json_path: format!("{list}[{index}]"),
            };
            match part.read_object() {
                Ok(entity) => add(self, place, entity),
                Err(error) => {
                    let reason = error.reason.into();
                    let issue = ExportIssueKind::Unreadable { reason };
                    self.issues.push(place.issue(&error.path, issue));
                }
            }
        }
    }

    fn add_identity(&mut self, place: ExportPlace, identity: Identity<'_>) {
        let Some(mut detail) = self.detail(&place, identity.listed, None) else {
            return;
        };
        detail.tags = self.tags(&place, identity.tags);
        detail.permissions_boundary = self.boundary(&place, identity.permissions_boundary);
        detail.is_never_used = identity.is_never_used;
        if let Some(last_used) = identity.last_used {
            detail.last_used = last_used.last_used_date.time();
            detail.last_used_region = last_used.region.map(Into::into);
        }
        let inline_list = identity.inline_list;
        let mut inline: Vec<InlinePolicy> = Vec::new();
        let mut unread = Unread::default();
        for (index, value) in identity.inline_policies.iter().flatten().enumerate() {
            let below = format!("{inline_list}[{index}]");
            match self.part(&place, &below, value) {
                Ok(policy) => inline.push(InlinePolicy {
                    document: self.document(
                        &place,
                        &format!("{below}.PolicyDocument"),
                        policy.policy_document,
                    ),
                    name: policy.policy_name.into(),
                }),
                Err(part) => unread.push(part),
            }
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
                Err(part) => unread.push(part),
            }
        }
        let mut groups = Vec::new();
        // IAM writes an empty list for a user who is in no group. Without one, a policy of any group may be missing.
        if detail.kind == EntityKind::User && identity.group_list.is_none() {
            let reason: Arc<str> = "is missing, so the groups of the user are not known".into();
            unread.push(self.unreadable(&place, "GroupList".to_owned(), reason));
        }
        for (index, value) in identity.group_list.iter().flatten().enumerate() {
            match value.read() {
                Ok(group) => groups.push(group),
                Err(_) => {
                    let below = format!("GroupList[{index}]");
                    let reason: Arc<str> = "is not the name of a group".into();
                    unread.push(self.unreadable(&place, below, reason));
                }
            }
        }
        inline.extend(unread.into_policies());
        self.identities.push(PendingIdentity {
            place,
            detail,
            inline,
            groups,
            attached,
        });
    }

    /// Reads the tags of an identity. Those that cannot be read are left out, with an issue.
    fn tags(
        &mut self,
        place: &ExportPlace,
        tags: Option<Part<'_, Vec<Tag>>>,
    ) -> Vec<(Box<str>, Box<str>)> {
        let Some(tags) = tags.filter(|tags| tags.json() != "null") else {
            return Vec::new();
        };
        match tags.read() {
            Ok(tags) => {
                let pairs = tags
                    .into_iter()
                    .map(|tag| (tag.key.into(), tag.value.into()));
                pairs.collect()
            }
            Err(error) => {
                let path = format!("Tags{}", error.path);
                let reason = error.reason.into();
                let issue = ExportIssueKind::Unreadable { reason };
                self.issues.push(place.issue(&path, issue));
                Vec::new()
            }
        }
    }

    /// Reads the permissions boundary of an identity.
    fn boundary(
        &mut self,
        place: &ExportPlace,
        boundary: Option<Part<'_, PermissionsBoundary>>,
    ) -> Option<Arc<str>> {
        let boundary = boundary.filter(|boundary| boundary.json() != "null")?;
        match boundary.read() {
            Ok(boundary) => boundary.permissions_boundary_arn.map(Into::into),
            Err(error) => {
                let path = format!("PermissionsBoundary{}", error.path);
                let reason = error.reason.into();
                let issue = ExportIssueKind::Unreadable { reason };
                self.issues.push(place.issue(&path, issue));
                None
            }
        }
    }

    /// Reads a member of a list of an identity. If it cannot be read, an inline policy that is not
    /// evaluated takes its place.
    fn part<'a, T: Deserialize<'a>>(
        &mut self,
        place: &ExportPlace,
        below: &str,
        part: &Part<'a, T>,
    ) -> Result<T, InlinePolicy> {
        part.read_object().map_err(|error| {
            let path = if error.path.is_empty() {
                below.to_owned()
            } else {
                format!("{below}.{}", error.path)
            };
            self.unreadable(place, path, error.reason.into())
        })
    }

    fn unreadable(&mut self, place: &ExportPlace, path: String, reason: Arc<str>) -> InlinePolicy {
        let issue = ExportIssueKind::Unreadable {
            reason: reason.clone(),
        };
        self.issues.push(place.issue(&path, issue));
        InlinePolicy {
            name: path.into(),
            document: PolicySource::NotEvaluated(NotEvaluatedReason::Unreadable(reason)),
        }
    }

    fn add_policy(&mut self, place: ExportPlace, policy: ManagedPolicyDetail<'_>) {
        let default = policy.default_version();
        let default_index = default.map(|(index, _)| index);
        let version = policy.default_version_number();
        let default_version = policy.version_in_force().map(Box::from);
        let document = match default.and_then(|(index, version)| Some((index, version.document?))) {
            Some((index, document)) => self.document(
                &place,
                &format!("PolicyVersionList[{index}].Document"),
                document,
            ),
            None => {
                let reason = NotEvaluatedReason::MissingDefaultVersion;
                self.not_evaluated(&place, "PolicyVersionList", reason)
            }
        };
        let (versions, update_date) = (policy.policy_version_list, policy.update_date.time());
        let listed = Listed {
            kind: EntityKind::Policy,
            name: policy.policy_name,
            unique_id: policy.policy_id,
            arn: policy.arn,
            created: policy.create_date,
        };
        if let Some(mut detail) = self.detail(&place, listed, Some(document)) {
            detail.default_version = default_version;
            for (index, version) in versions.iter().flatten().enumerate() {
                let created = version.create_date.time();
                if default_index == Some(index) {
                    detail.default_version_created = created.or(update_date);
                } else {
                    let text = version.document;
                    let document = text.and_then(|text| self.parse(text).ok());
                    detail.other_versions.push(OtherVersion {
                        id: version.version_id.as_deref().map(Box::from),
                        created,
                        document,
                    });
                }
            }
            let attachments = policy.attachment_count.and_then(|count| count.read().ok());
            let boundaries = policy
                .permissions_boundary_usage_count
                .and_then(|count| count.read().ok());
            detail.boundary_uses = boundaries;
            detail.policy_uses = attachments
                .into_iter()
                .chain(boundaries)
                .reduce(u64::saturating_add);
            self.policies.push(PendingPolicy {
                place,
                detail,
                version,
            });
        }
    }

    /// Checks what all kinds of entities have in common. `None` when the entity must be left out.
    fn detail(
        &mut self,
        place: &ExportPlace,
        listed: Listed,
        document: Option<PolicySource>,
    ) -> Option<EntityDetail> {
        let arn: IamArn = match listed.arn.parse() {
            Ok(arn) => arn,
            Err(error) => {
                let arn = listed.arn;
                let issue = ExportIssueKind::InvalidArn { arn, error };
                self.issues.push(place.issue("Arn", issue));
                return None;
            }
        };
        let ((
            EntityKind::User,
            IamEntity::User {
                path,
                name: arn_name,
            },
        )
        | (
            EntityKind::Group,
            IamEntity::Group {
                path,
                name: arn_name,
            },
        )
        | (
            EntityKind::Role,
            IamEntity::Role {
                path,
                name: arn_name,
            },
        )
        | (
            EntityKind::Policy,
            IamEntity::Policy {
                path,
                name: arn_name,
            },
        )) = (listed.kind, arn.entity())
        else {
            self.issues
                .push(place.issue("Arn", ExportIssueKind::WrongKind));
            return None;
        };
        let name = match listed.name {
            Some(name) => name,
            None => arn_name.to_string(),
        };
        if **arn_name != name {
            let name = name.clone();
            let issue = ExportIssueKind::NameDiffers { name };
            self.issues.push(place.issue("Arn", issue));
        }
        let created = listed.created.time();
        if created.is_none()
            && let Some(json) = listed.created.json()
        {
            let issue = ExportIssueKind::InvalidDate { json };
            self.issues.push(place.issue("CreateDate", issue));
        }
        let account = arn.account().into();
        let known = EntityDetail::new(
            listed.kind,
            account,
            name.into(),
            path.clone(),
            listed.arn.as_str().into(),
        );
        Some(EntityDetail {
            unique_id: listed.unique_id.as_deref().map(Into::into),
            created,
            document,
            ..known
        })
    }

    fn document(
        &mut self,
        place: &ExportPlace,
        below: &str,
        text: DocumentText<'_>,
    ) -> PolicySource {
        match self.parse(text) {
            Ok(id) => PolicySource::Document(id),
            Err(reason) => self.not_evaluated(place, below, reason),
        }
    }

    /// Parses a document. Equal texts are parsed once.
    fn parse(&mut self, text: DocumentText<'_>) -> Result<DocumentId, NotEvaluatedReason> {
        if let Some(id) = self.document_ids.get(text.json()) {
            return Ok(*id);
        }
        let document = text.parse_identity_policy()?;
        let id = DocumentId(u32::try_from(self.documents.len()).unwrap_or(u32::MAX));
        self.documents.push(Arc::new(document));
        // What was parsed can be decoded.
        let decoded = text.decoded().unwrap_or_else(|| "".into());
        self.document_texts.push(decoded);
        self.document_ids.insert(text.json().into(), id);
        Ok(id)
    }

    fn not_evaluated(
        &mut self,
        place: &ExportPlace,
        below: &str,
        reason: NotEvaluatedReason,
    ) -> PolicySource {
        let issue = ExportIssueKind::PolicyNotEvaluated {
            arn: None,
            reason: reason.clone(),
        };
        self.issues.push(place.issue(below, issue));
        PolicySource::NotEvaluated(reason)
    }

    /// Joins all exports.
    ///
    /// # Errors
    /// The exports have entities, but none could be used. The error has the issues.
    pub fn build(self) -> Result<AccountData, ExportError> {
        if self.entities > 0 && self.identities.is_empty() && self.policies.is_empty() {
            let issues = self.issues.into_list();
            return Err(ExportError::nothing_usable(self.entities, issues));
        }
        Ok(assemble(
            self.identities,
            self.policies,
            (self.documents, self.document_texts),
            self.issues,
        ))
    }
}

/// How many members of an identity's lists that cannot be read are kept. They are short in an export, and long in memory.
const MOST_UNREAD: usize = 100;

/// The members of an identity's lists that cannot be read, as policies that are not evaluated.
#[derive(Default)]
struct Unread {
    kept: Vec<InlinePolicy>,
    more: usize,
}

impl Unread {
    fn push(&mut self, policy: InlinePolicy) {
        if self.kept.len() < MOST_UNREAD {
            self.kept.push(policy);
        } else {
            self.more += 1;
        }
    }

    fn into_policies(self) -> impl Iterator<Item = InlinePolicy> {
        let more = (self.more > 0).then(|| {
            let reason = format!("{} more members of its lists cannot be read", self.more);
            InlinePolicy {
                name: "...".into(),
                document: PolicySource::NotEvaluated(NotEvaluatedReason::Unreadable(reason.into())),
            }
        });
        self.kept.into_iter().chain(more)
    }
}

/// What every kind of entity has.
struct Listed {
    kind: EntityKind,
    /// `None` for the name in the ARN.
    name: Option<String>,
    unique_id: Option<String>,
    arn: String,
    created: ExportTime,
}

/// Whether a part of an export is an object without values. Members of other names than AWS's may be a use.
fn is_empty<T>(part: &Part<'_, T>) -> bool {
    let object: Option<serde_json::Map<String, serde_json::Value>> =
        serde_json::from_str(part.json()).ok();
    object.is_some_and(|object| object.values().all(serde_json::Value::is_null))
}

/// A user, group or role. Their details differ only in the names of fields.
struct Identity<'a> {
    listed: Listed,
    /// The name of the list of inline policies.
    inline_list: &'static str,
    inline_policies: PartList<'a, PolicyDetail<'a>>,
    group_list: PartList<'a, String>,
    attached_managed_policies: PartList<'a, AttachedPolicy>,
    permissions_boundary: Option<Part<'a, PermissionsBoundary>>,
    tags: Option<Part<'a, Vec<Tag>>>,
    last_used: Option<RoleLastUsed>,
    /// Whether `RoleLastUsed` is there, and has nothing in it.
    is_never_used: bool,
}

impl<'a> From<UserDetail<'a>> for Identity<'a> {
    fn from(user: UserDetail<'a>) -> Self {
        Self {
            listed: Listed {
                kind: EntityKind::User,
                name: Some(user.user_name),
                unique_id: Some(user.user_id),
                arn: user.arn,
                created: user.create_date,
            },
            inline_list: "UserPolicyList",
            inline_policies: user.user_policy_list,
            group_list: user.group_list,
            attached_managed_policies: user.attached_managed_policies,
            permissions_boundary: user.permissions_boundary,
            tags: user.tags,
            last_used: None,
            is_never_used: false,
        }
    }
}

impl<'a> From<GroupDetail<'a>> for Identity<'a> {
    fn from(group: GroupDetail<'a>) -> Self {
        Self {
            listed: Listed {
                kind: EntityKind::Group,
                name: Some(group.group_name),
                unique_id: Some(group.group_id),
                arn: group.arn,
                created: group.create_date,
            },
            inline_list: "GroupPolicyList",
            inline_policies: group.group_policy_list,
            group_list: None,
            attached_managed_policies: group.attached_managed_policies,
            permissions_boundary: None,
            tags: None,
            last_used: None,
            is_never_used: false,
        }
    }
}

impl<'a> From<RoleDetail<'a>> for Identity<'a> {
    fn from(role: RoleDetail<'a>) -> Self {
        Self {
            listed: Listed {
                kind: EntityKind::Role,
                name: Some(role.role_name),
                unique_id: Some(role.role_id),
                arn: role.arn,
                created: role.create_date,
            },
            inline_list: "RolePolicyList",
            inline_policies: role.role_policy_list,
            group_list: None,
            attached_managed_policies: role.attached_managed_policies,
            permissions_boundary: role.permissions_boundary,
            tags: role.tags,
            is_never_used: role.role_last_used.as_ref().is_some_and(is_empty),
            last_used: role.role_last_used.and_then(|part| part.read_object().ok()),
        }
    }
}
