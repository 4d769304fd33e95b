//! Errors of requests, with IAM's error codes, HTTP statuses and messages.

use iam_policy_parser::{Arn, IamArn, IamArnError, IamEntity};

/// Why a request was rejected, with IAM's code and message. Source: recorded answers, September 2026.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// `NoSuchEntity` (HTTP 404): the entity or job does not exist.
    #[error("{0}")]
    NoSuchEntity(String),
    /// `InvalidInput` (HTTP 400): a parameter has a value that IAM does not support.
    #[error("{0}")]
    InvalidInput(String),
    /// `AccessDenied` (HTTP 403): the caller may not ask about the entity.
    #[error("{0}")]
    AccessDenied(String),
    /// `ValidationError` (HTTP 400): a parameter has a value that cannot be right.
    #[error("{0}")]
    ValidationError(String),
    /// `ValidationError` (HTTP 400): a parameter breaks a constraint of IAM's model. The text is the
    /// violation alone; IAM counts the violations of a request before it lists them.
    #[error("1 validation error detected: {0}")]
    ConstraintViolation(String),
}

impl RequestError {
    /// IAM's error code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchEntity(_) => "NoSuchEntity",
            Self::AccessDenied(_) => "AccessDenied",
            Self::InvalidInput(_) => "InvalidInput",
            Self::ValidationError(_) | Self::ConstraintViolation(_) => "ValidationError",
        }
    }

    /// The HTTP status of IAM's response.
    #[must_use]
    pub fn http_status(&self) -> u16 {
        match self {
            Self::AccessDenied(_) => 403,
            Self::NoSuchEntity(_) => 404,
            Self::InvalidInput(_) | Self::ValidationError(_) | Self::ConstraintViolation(_) => 400,
        }
    }

    /// A parameter breaks a constraint.
    pub(crate) fn constraint(parameter: &str, must: &str) -> Self {
        Self::ConstraintViolation(format!(
            "Value at '{parameter}' failed to satisfy constraint: Member must {must}"
        ))
    }

    pub(crate) fn no_such_arn(arn: &str) -> Self {
        Self::NoSuchEntity(format!("ARN {arn} does not exist."))
    }

    pub(crate) fn unsupported_arn(arn: &str) -> Self {
        Self::InvalidInput(format!("Invalid Entity Arn: {arn} is not supported."))
    }

    /// The entity belongs to another account than the caller.
    #[must_use]
    pub fn other_account(caller: &str, arn: &str) -> Self {
        Self::AccessDenied(format!(
            "User: {caller} is not authorized to perform the operation on {arn}"
        ))
    }

    /// Checks an `Arn` parameter, but not whether the entity exists. `has_partition` tells whether the
    /// accounts are in a partition.
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
            Err(IamArnError::OtherEntity) => Err(Self::unsupported_arn(text)),
            Err(IamArnError::NoName) => Err(Self::no_such_arn(text)),
            Err(_) => Err(Self::ValidationError("Invalid service in ARN".into())),
        }
    }
}
