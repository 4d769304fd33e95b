//! Errors as the Query protocol returns them: code, HTTP status, message.

use std::error::Error;
use std::sync::Arc;

use advisor_core::RequestError;
use advisor_store::{OperationError, StoreError};

/// Why a request fails.
#[derive(Clone, Debug)]
pub(crate) struct ApiError {
    pub(crate) status: u16,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// For the log: why the server failed.
    pub(crate) cause: Option<Arc<dyn Error + Send + Sync>>,
}

impl ApiError {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            cause: None,
        }
    }

    /// `ServiceFailure`, 500, with a cause for the log. The caller does not see it.
    pub(crate) fn failure(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            cause: Some(Arc::from(cause.into())),
            ..Self::new(
                500,
                "ServiceFailure",
                "The request processing has failed because of an unknown error, exception or failure.",
            )
        }
    }

    /// `ValidationError`, 400.
    pub(crate) fn validation(message: impl Into<String>) -> Self {
        Self::new(400, "ValidationError", message)
    }

    /// `NoSuchEntity`, 404.
    pub(crate) fn no_such_entity(message: impl Into<String>) -> Self {
        Self::new(404, "NoSuchEntity", message)
    }

    /// `InvalidInput`, 400.
    pub(crate) fn invalid_input(message: impl Into<String>) -> Self {
        Self::new(400, "InvalidInput", message)
    }

    /// `MalformedQueryString`, 400.
    pub(crate) fn malformed_query(message: impl Into<String>) -> Self {
        Self::new(400, "MalformedQueryString", message)
    }

    /// `Throttling`, 400, which SDKs retry after a pause.
    pub(crate) fn throttling() -> Self {
        Self::new(400, "Throttling", "Rate exceeded")
    }

    /// `ServiceUnavailable`, 503.
    pub(crate) fn unavailable() -> Self {
        Self::new(
            503,
            "ServiceUnavailable",
            "The request has failed due to a temporary failure of the server.",
        )
    }
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        Self::new(error.http_status(), error.code(), error.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Replaced(_) => Self {
                cause: Some(Arc::new(error)),
                ..Self::new(
                    503,
                    "ServiceUnavailable",
                    "The file of the server's store was removed or replaced. The server must be restarted.",
                )
            },
            _ => Self::failure(error),
        }
    }
}

#[derive(Debug, thiserror::Error)]
#[error("an answer cannot be read or written as JSON: {0}")]
struct JsonError(#[source] serde_json::Error);

impl From<serde_json::Error> for ApiError {
    fn from(error: serde_json::Error) -> Self {
        Self::failure(JsonError(error))
    }
}

impl From<OperationError> for ApiError {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Request(error) => error.into(),
            OperationError::Store(error) => error.into(),
            error => Self::failure(error),
        }
    }
}
