//! What a caller asked for wrongly: IAM's error codes, HTTP statuses and messages, word for word.

use iam_policy_parser::{Arn, IamArn, IamArnError, IamEntity};

/// A refused request. [`RequestError::code`] and [`RequestError::http_status`] are what IAM answers
/// with; the message is IAM's. Source: recorded answers, September 2026.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// `NoSuchEntity`, 404.
    #[error("{0}")]
    NoSuchEntity(String),
    /// `InvalidInput`, 400.
    #[error("{0}")]
    InvalidInput(String),
    /// `AccessDenied`, 403.
    #[error("{0}")]
    AccessDenied(String),
    /// `ValidationError`, 400.
    #[error("{0}")]
    ValidationError(String),
}

impl RequestError {
    /// The error code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchEntity(_) => "NoSuchEntity",
            Self::AccessDenied(_) => "AccessDenied",
            Self::InvalidInput(_) => "InvalidInput",
            Self::ValidationError(_) => "ValidationError",
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::AccessDenied(_) => 403,
            Self::NoSuchEntity(_) => 404,
            Self::InvalidInput(_) | Self::ValidationError(_) => 400,
        }
    }

    /// One parameter breaks one constraint.
    pub(crate) fn constraint(parameter: &str, must: &str) -> Self {
        Self::ValidationError(format!(
            "1 validation error detected: Value at '{parameter}' failed to satisfy constraint: \
             Member must {must}"
        ))
    }

    pub(crate) fn no_such_arn(arn: &str) -> Self {
        Self::NoSuchEntity(format!("ARN {arn} does not exist."))
    }

    pub(crate) fn unsupported_arn(arn: &str) -> Self {
        Self::InvalidInput(format!("Invalid Entity Arn: {arn} is not supported."))
    }

    /// An entity of another account than the caller's.
    #[must_use]
    pub fn other_account(caller: &str, arn: &str) -> Self {
        Self::AccessDenied(format!(
            "User: {caller} is not authorized to perform the operation on {arn}"
        ))
    }

    /// Checks an `Arn` parameter as far as it can be without looking for the entity. `has_partition`
    /// says whether the accounts are in a partition.
    pub(crate) fn check_arn(
        text: &str,
        has_partition: impl Fn(&str) -> bool,
    ) -> Result<IamArn, Self> {
        if text.chars().count() < 20 {
            return Err(Self::constraint(
                "arn",
                "have length greater than or equal to 20",
            ));
        }
        if let Ok(arn) = text.parse::<Arn>() {
            if arn.service() != "iam" {
                return Err(Self::ValidationError("Invalid service in ARN".into()));
            }
            if !has_partition(arn.partition()) {
                return Err(Self::ValidationError("Invalid ARN partition".into()));
            }
        }
        match text.parse::<IamArn>() {
            Ok(arn) if *arn.entity() == IamEntity::Root => Err(Self::unsupported_arn(text)),
            Ok(arn) => Ok(arn),
            Err(IamArnError::Arn(_) | IamArnError::OtherService) => {
                Err(Self::ValidationError("Invalid service in ARN".into()))
            }
            Err(IamArnError::OtherEntity) => Err(Self::unsupported_arn(text)),
            Err(IamArnError::NoName) => Err(Self::no_such_arn(text)),
        }
    }
}
