//! Callers: who makes requests, and whose jobs are whose.

use iam_policy_parser::{IamArn, IamArnError, IamEntity};

use crate::ids::AccountId;

/// Who made a request. Jobs belong to their caller.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Caller {
    /// A user, with any of its access keys.
    User {
        /// The user's ARN.
        arn: Box<str>,
    },
    /// A session of a role. Other sessions of the role are other callers.
    Session {
        /// The ARN of the assumed role session.
        arn: Box<str>,
        /// The session's access key id, which distinguishes it from other sessions of the same name.
        access_key_id: Box<str>,
    },
}

impl Caller {
    /// The local user of the machine with the store. It has no account, and may ask about all.
    #[must_use]
    pub fn local() -> Self {
        Self::User {
            arn: "local".into(),
        }
    }

    /// Returns the caller with this ARN. For a session, the access key id is part of its identity.
    ///
    /// # Errors
    /// The ARN does not name a user, the account root or a session.
    pub fn from_arn(arn: &str, access_key_id: &str) -> Result<Self, CallerError> {
        let error = |kind| CallerError {
            arn: arn.into(),
            kind,
        };
        match arn.parse::<IamArn>().map(|arn| arn.entity().clone()) {
            Ok(IamEntity::User { .. } | IamEntity::Root) => Ok(Self::User { arn: arn.into() }),
            Ok(IamEntity::AssumedRole { .. } | IamEntity::FederatedUser { .. }) => {
                Ok(Self::Session {
                    arn: arn.into(),
                    access_key_id: access_key_id.into(),
                })
            }
            Ok(_) => Err(error(CallerErrorKind::NotACaller)),
            Err(source) => Err(error(CallerErrorKind::Arn(source))),
        }
    }

    /// The caller's ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        match self {
            Self::User { arn } | Self::Session { arn, .. } => arn,
        }
    }

    /// The caller's account, if its ARN has one.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        AccountId::of_arn(self.arn())
    }

    /// The text that identifies this caller as the owner of a job.
    #[must_use]
    pub fn owner_key(&self) -> String {
        match self {
            Self::User { arn } => format!("user {arn}"),
            Self::Session { arn, access_key_id } => format!("session {access_key_id} {arn}"),
        }
    }
}

/// Why an ARN cannot be a caller's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{arn}: {kind}")]
pub struct CallerError {
    arn: Box<str>,
    #[source]
    kind: CallerErrorKind,
}

impl CallerError {
    /// The ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.arn
    }

    /// What is wrong with it.
    #[must_use]
    pub fn kind(&self) -> &CallerErrorKind {
        &self.kind
    }
}

/// Kinds of [`CallerError`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CallerErrorKind {
    /// The text is not an ARN of IAM or STS.
    #[error(transparent)]
    Arn(IamArnError),
    /// The ARN names another kind of entity, such as a role or a policy.
    #[error("not the ARN of a user or of a role session")]
    NotACaller,
}
