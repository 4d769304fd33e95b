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
    /// The entity occurs again, with other content. The last one is used.
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
    /// There are more issues, which are only counted. The last of a list.
    More {
        /// How many.
        count: usize,
        /// How many of them [lose data](ExportIssueKind::loses_data).
        losses: usize,
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
            Self::More { .. } => "more",
        }
    }
}

impl ExportIssueKind {
    /// Whether something is missing because of the issue: entities, or the activity of an entity.
    #[must_use]
    pub fn loses_data(&self) -> bool {
        self.losses() > 0
    }

    /// How many things are missing because of the issue: one at most, but for [`ExportIssueKind::More`].
    #[must_use]
    pub fn losses(&self) -> usize {
        match self {
            Self::Truncated
            | Self::Unreadable { .. }
            | Self::InvalidArn { .. }
            | Self::WrongKind
            | Self::SharedUniqueId { .. }
            | Self::MissingGroup { .. }
            | Self::Repeated { .. } => 1,
            Self::NameDiffers { .. }
            | Self::InvalidDate { .. }
            | Self::PolicyNotEvaluated { .. } => 0,
            Self::More { losses, .. } => *losses,
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
            Self::Repeated { arn } => write!(
                f,
                "{arn} occurs again with other content; the last one is used"
            ),
            Self::PolicyNotEvaluated { arn, reason } => match arn {
                Some(arn) => write!(f, "the policy {arn} is not evaluated: {reason}"),
                None => write!(f, "the policy is not evaluated: {reason}"),
            },
            Self::MissingGroup { name } => write!(
                f,
                "the group {name:?} is not in the export; its policies are not evaluated"
            ),
            Self::More { count, .. } => write!(f, "and {count} more issues"),
        }
    }
}

impl fmt::Display for ExportIssue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.path)?;
        if !self.json_path.is_empty() {
            write!(f, "{}: ", self.json_path)?;
        }
        self.kind.fmt(f)
    }
}

/// How many issues are kept. An export of any size can consist of nothing but issues.
const MOST_ISSUES: usize = 10_000;

/// The issues of exports: the first ones, and how many more there are.
#[derive(Debug, Default)]
pub(super) struct Issues {
    kept: Vec<ExportIssue>,
    more: usize,
    more_losses: usize,
}

impl Issues {
    pub(super) fn push(&mut self, issue: ExportIssue) {
        if self.kept.len() < MOST_ISSUES {
            self.kept.push(issue);
        } else {
            self.more += 1;
            self.more_losses += issue.kind.losses();
        }
    }

    pub(super) fn into_list(self) -> Vec<ExportIssue> {
        let mut issues = self.kept;
        if self.more > 0
            && let Some(last) = issues.last()
        {
            issues.push(ExportIssue {
                path: last.path.clone(),
                json_path: String::new(),
                kind: ExportIssueKind::More {
                    count: self.more,
                    losses: self.more_losses,
                },
            });
        }
        issues
    }
}

/// A place in an export.
#[derive(Clone, Debug)]
pub(super) struct ExportPlace {
    pub(super) file: Arc<str>,
    pub(super) json_path: String,
}

impl ExportPlace {
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
