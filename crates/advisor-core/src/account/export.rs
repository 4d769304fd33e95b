//! What `aws iam get-account-authorization-details` writes, as it stands in the file. Every entity
//! is read on its own, so that a broken one loses no other.
//!
//! Shape: the response syntax of `GetAccountAuthorizationDetails` in the IAM API reference.

use std::fmt;

use iam_policy_parser::PolicyDocument;
use serde::Deserialize;
use serde_json::value::RawValue;

/// One page of the answer, entities unread.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Page<'a> {
    #[serde(borrow)]
    pub(crate) user_detail_list: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(crate) group_detail_list: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(crate) role_detail_list: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(crate) policies: Option<Vec<&'a RawValue>>,
    pub(crate) is_truncated: Option<bool>,
}

impl Page<'_> {
    fn is_one(&self) -> bool {
        self.user_detail_list.is_some()
            || self.group_detail_list.is_some()
            || self.role_detail_list.is_some()
            || self.policies.is_some()
    }
}

/// A user, group or role: the three are listed alike, but for the names of some fields. What it has
/// lists of is unread, so that a broken member loses no other.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct IdentityDetail<'a> {
    #[serde(rename = "UserName", alias = "GroupName", alias = "RoleName")]
    pub(crate) name: String,
    #[serde(rename = "UserId", alias = "GroupId", alias = "RoleId")]
    pub(crate) unique_id: String,
    pub(crate) arn: String,
    pub(crate) create_date: Option<String>,
    #[serde(
        borrow,
        rename = "UserPolicyList",
        alias = "GroupPolicyList",
        alias = "RolePolicyList"
    )]
    pub(crate) inline_policies: Option<Vec<&'a RawValue>>,
    /// Of users only.
    #[serde(borrow)]
    pub(crate) group_list: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    pub(crate) attached_managed_policies: Option<Vec<&'a RawValue>>,
}

/// An inline policy.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyDetail<'a> {
    pub(crate) policy_name: String,
    #[serde(borrow)]
    pub(crate) policy_document: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct AttachedPolicy {
    pub(crate) policy_name: Option<String>,
    pub(crate) policy_arn: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ManagedPolicyDetail<'a> {
    pub(crate) policy_name: String,
    pub(crate) policy_id: Option<String>,
    pub(crate) arn: String,
    pub(crate) create_date: Option<String>,
    pub(crate) default_version_id: Option<String>,
    #[serde(borrow)]
    pub(crate) policy_version_list: Option<Vec<PolicyVersion<'a>>>,
}

impl<'a> ManagedPolicyDetail<'a> {
    /// The version in force: the one marked so, else the one that `DefaultVersionId` names.
    pub(crate) fn default_version(&self) -> Option<(usize, &PolicyVersion<'a>)> {
        let versions = || self.policy_version_list.iter().flatten().enumerate();
        versions()
            .find(|(_, version)| version.is_default_version == Some(true))
            .or_else(|| {
                versions().find(|(_, version)| {
                    version.version_id.is_some() && version.version_id == self.default_version_id
                })
            })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicyVersion<'a> {
    #[serde(borrow)]
    pub(crate) document: Option<&'a RawValue>,
    pub(crate) version_id: Option<String>,
    pub(crate) is_default_version: Option<bool>,
}

/// An export that cannot be read at all, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {message}{}", At(*.line, *.column))]
pub struct ExportError {
    name: String,
    message: String,
    line: usize,
    column: usize,
}

struct At(usize, usize);

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(0, _) => Ok(()),
            Self(line, column) => write!(f, " (line {line}, column {column})"),
        }
    }
}

impl ExportError {
    /// The file, as the caller named it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The line that it is about, counted from 1; `None` when it is about the file as a whole.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        (self.line > 0).then_some(self.line)
    }

    /// The byte of the line, counted from 1; 0 at the end of the line before. `None` as for the line.
    #[must_use]
    pub fn column(&self) -> Option<usize> {
        self.line().map(|_| self.column)
    }

    /// An error of a part of a text.
    fn within(name: &str, text: &str, part: &str, error: &serde_json::Error) -> Self {
        let mut this = Self::new(name, error);
        let start = part.as_ptr().addr().checked_sub(text.as_ptr().addr());
        let before = start.and_then(|start| text.get(..start));
        if let Some(before) = before
            && this.line > 0
        {
            let last_line = before.rsplit('\n').next().unwrap_or_default();
            if this.line == 1 {
                this.column += last_line.len();
            }
            this.line += before.matches('\n').count();
        }
        this
    }

    fn new(name: &str, error: &serde_json::Error) -> Self {
        let (line, column) = (error.line(), error.column());
        Self {
            name: name.into(),
            message: plain_message(error),
            line,
            column,
        }
    }
}

/// The message without the place that `serde_json` puts behind it.
pub(crate) fn plain_message(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    text.strip_suffix(&place).unwrap_or(&text).to_owned()
}

/// Splits a file into pages: one document, several one after the other, or a list of them.
pub(crate) fn pages<'a>(name: &str, text: &'a str) -> Result<Vec<Page<'a>>, ExportError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut pages = Vec::new();
    let mut take = |value: &'a RawValue| -> Result<(), ExportError> {
        let page: Page<'a> = serde_json::from_str(value.get()).map_err(|error| ExportError {
            message: format!(
                "not the output of get-account-authorization-details: {}",
                plain_message(&error)
            ),
            ..ExportError::within(name, text, value.get(), &error)
        })?;
        if !page.is_one() {
            return Err(ExportError {
                name: name.into(),
                message: "not the output of get-account-authorization-details: none of \
                          UserDetailList, GroupDetailList, RoleDetailList, Policies is there"
                    .into(),
                line: 0,
                column: 0,
            });
        }
        pages.push(page);
        Ok(())
    };
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.map_err(|error| ExportError::new(name, &error))?;
        if value.get().starts_with('[') {
            let list: Vec<&RawValue> = serde_json::from_str(value.get())
                .map_err(|error| ExportError::within(name, text, value.get(), &error))?;
            list.into_iter().try_for_each(&mut take)?;
        } else {
            take(value)?;
        }
    }
    if pages.is_empty() {
        return Err(ExportError {
            name: name.into(),
            message: "there is no page in the file".into(),
            line: 0,
            column: 0,
        });
    }
    Ok(pages)
}

/// Reads one entity; an error names the field (`UserPolicyList[0].PolicyName`) and the reason.
pub(crate) fn entity<'a, T: Deserialize<'a>>(value: &'a RawValue) -> Result<T, (String, String)> {
    if !value.get().starts_with('{') {
        // A list would be taken for the fields in order.
        return Err((String::new(), "not a JSON object".into()));
    }
    let mut deserializer = serde_json::Deserializer::from_str(value.get());
    serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        (
            if path == "." { String::new() } else { path },
            plain_message(error.inner()),
        )
    })
}

/// Reads a policy document: an object, or URL-encoded JSON in a string as the API returns it.
pub(crate) fn policy_document(value: &RawValue) -> Result<PolicyDocument, String> {
    let json = value.get();
    let document = if json.starts_with('"') {
        let text: String = serde_json::from_str(json).map_err(|error| plain_message(&error))?;
        PolicyDocument::parse_url_encoded(&text)
    } else {
        PolicyDocument::parse(json)
    };
    let document = document.map_err(|error| error.to_string())?;
    let resource_policy = document.statements.iter().position(|s| s.has_principal);
    match resource_policy {
        Some(index) => Err(format!(
            "Statement[{index}]: has a Principal, so it is no identity-based policy"
        )),
        None => Ok(document),
    }
}
