//! Issues of exports: what was wrong with them, and where.

use std::fmt;
use std::sync::Arc;

use iam_policy_parser::IamArnError;

use super::entity::NotEvaluatedReason;
use crate::ids::UniqueId;

/// Something in an export that could not be used as it is. The rest of the export was used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ExportIssue {
    /// The file, as the caller named it.
    pub path: Arc<str>,
    /// The JSON path in the file, as in `UserDetailList[3].UserPolicyList[0]`.
    pub json_path: String,
    /// What is wrong.
    pub kind: ExportIssueKind,
}

/// Kinds of [`ExportIssue`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExportIssueKind {
    /// The last page of the file says that more pages follow.
    Truncated,
    /// An entity, or a part of it, cannot be read. It is left out, or not evaluated.
    Unreadable {
        /// The parser's message.
        reason: Arc<str>,
    },
    /// The ARN of an entity is invalid. The entity is left out.
    InvalidArn {
        /// The ARN.
        arn: String,
        /// What is wrong with it.
        error: IamArnError,
    },
    /// The ARN names another kind of entity than the list is for. The entity is left out.
    WrongKind,
    /// The ARN has another name than the entity. The entity's name is used.
    NameDiffers {
        /// The entity's name.
        name: String,
    },
    /// The creation date is not a time. The entity is used without it.
    InvalidDate {
        /// The JSON of the value.
        json: String,
    },
    /// Another entity has the same unique id. Activity is attributed to this one.
    SharedUniqueId {
        /// The id.
        unique_id: UniqueId,
    },
    /// The entity occurs again. The last one is used.
    Repeated {
        /// The entity's ARN.
        arn: Arc<str>,
    },
    /// A policy is not evaluated.
    PolicyNotEvaluated {
        /// The ARN, when the issue is about an attachment.
        arn: Option<Arc<str>>,
        /// Why.
        reason: NotEvaluatedReason,
    },
    /// A group of a user is not in the export. Its policies are not evaluated.
    MissingGroup {
        /// The name of the group.
        name: String,
    },
}

impl ExportIssueKind {
    /// The kind's name for programs, in snake case.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Truncated => "truncated",
            Self::Unreadable { .. } => "unreadable",
            Self::InvalidArn { .. } => "invalid_arn",
            Self::WrongKind => "wrong_kind",
            Self::NameDiffers { .. } => "name_differs",
            Self::InvalidDate { .. } => "invalid_date",
            Self::SharedUniqueId { .. } => "shared_unique_id",
            Self::Repeated { .. } => "repeated",
            Self::PolicyNotEvaluated { .. } => "policy_not_evaluated",
            Self::MissingGroup { .. } => "missing_group",
        }
    }
}

impl ExportIssueKind {
    /// Whether something is missing because of the issue: entities, or the activity of an entity.
    #[must_use]
    pub fn loses_data(&self) -> bool {
        match self {
            Self::Truncated
            | Self::Unreadable { .. }
            | Self::InvalidArn { .. }
            | Self::WrongKind
            | Self::SharedUniqueId { .. }
            | Self::MissingGroup { .. } => true,
            Self::NameDiffers { .. }
            | Self::InvalidDate { .. }
            | Self::Repeated { .. }
            | Self::PolicyNotEvaluated { .. } => false,
        }
    }
}

impl fmt::Display for ExportIssueKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Truncated => {
                f.write_str("the last page says that more follow: the export is incomplete")
            }
            Self::Unreadable { reason } => f.write_str(reason),
            Self::InvalidArn { arn, error } => write!(f, "{error} ({arn:?})"),
            Self::WrongKind => f.write_str("is not the ARN of this kind of entity"),
            Self::NameDiffers { name } => {
                write!(f, "the ARN's name is not {name:?}, which is used")
            }
            Self::InvalidDate { json } => write!(f, "{json} is not a time; used without it"),
            Self::SharedUniqueId { unique_id } => write!(
                f,
                "another entity has the unique id {unique_id} too; activity is attributed to this one"
            ),
            Self::Repeated { arn } => write!(f, "{arn} occurs again; the last one is used"),
            Self::PolicyNotEvaluated { arn, reason } => match arn {
                Some(arn) => write!(f, "the policy {arn} is not evaluated: {reason}"),
                None => write!(f, "the policy is not evaluated: {reason}"),
            },
            Self::MissingGroup { name } => write!(
                f,
                "the group {name:?} is not in the export; its policies are not evaluated"
            ),
        }
    }
}

impl fmt::Display for ExportIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}: {}", self.path, self.json_path, self.kind)
    }
}

/// A place in an export.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) file: Arc<str>,
    pub(super) json_path: String,
}

impl Place {
    /// An issue at a path below this place.
    pub(super) fn issue(&self, below: &str, kind: ExportIssueKind) -> ExportIssue {
        let json_path = match below {
            "" => self.json_path.clone(),
            below => format!("{}.{below}", self.json_path),
        };
        ExportIssue {
            path: self.file.clone(),
            json_path,
            kind,
        }
    }
}
