//! What can go wrong with S3.

use std::error::Error;

/// Why a location cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3OpenError {
    /// An invalid setting in the environment or the options.
    #[error("{setting}: {reason}")]
    Setting {
        /// The variable, file or option.
        setting: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There are no credentials.
    #[error("no AWS credentials: {0}")]
    NoCredentials(String),
    /// No thread could be started.
    #[error("no thread for reading S3: {0}")]
    Thread(#[source] std::io::Error),
}

/// What went wrong with a request to S3.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum S3Fault {
    /// Credentials could not be obtained.
    #[error("no AWS credentials: {0}")]
    Credentials(String),
    /// S3 returned an error.
    #[error("S3 says {status} {code}{}{message}", if message.is_empty() { "" } else { ": " })]
    Refused {
        /// The HTTP status.
        status: u16,
        /// The code, such as `AccessDenied`, `NoSuchBucket` or `SlowDown`; empty if S3 gave none.
        code: String,
        /// The message of S3.
        message: String,
    },
    /// The object was replaced since it was listed.
    #[error("it changed since it was listed")]
    Changed,
    /// No connection, or one that broke before the response.
    #[error("no connection: {0}")]
    Connection(String),
    /// No byte arrived within the timeout.
    #[error("no answer in time")]
    TimedOut,
    /// The body ended early.
    #[error("cut off after {taken} of {size} bytes: {reason}")]
    Cut {
        /// How many of the requested bytes arrived.
        taken: u64,
        /// How many bytes were requested.
        size: u64,
        /// How it ended.
        reason: String,
    },
    /// A response that is not S3's.
    #[error("a malformed answer: {0}")]
    Malformed(String),
}

impl S3Fault {
    /// Whether a retry may succeed:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
    pub(crate) fn passes(&self) -> bool {
        match self {
            S3Fault::Credentials(_) | S3Fault::Changed => false,
            S3Fault::Refused { status, code, .. } => {
                *status >= 500
                    || matches!(*status, 408 | 429)
                    || matches!(
                        code.as_str(),
                        "InternalError" | "RequestTimeout" | "SlowDown" | "Throttling"
                    )
            }
            S3Fault::Connection(_)
            | S3Fault::TimedOut
            | S3Fault::Cut { .. }
            | S3Fault::Malformed(_) => true,
        }
    }

    pub(crate) fn malformed(reason: impl Into<String>) -> Self {
        S3Fault::Malformed(reason.into())
    }

    pub(crate) fn unreadable<E: Error>(error: E) -> Self {
        S3Fault::Malformed(error.to_string())
    }
}

/// A request that failed, also when it was repeated.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{fault}{}", tried(*.attempts))]
#[non_exhaustive]
pub struct S3Failure {
    /// What went wrong at the last attempt.
    #[source]
    pub fault: S3Fault,
    /// How many attempts were made.
    pub attempts: u32,
}

fn tried(attempts: u32) -> String {
    if attempts == 1 {
        String::new()
    } else {
        format!(" (tried {attempts} times)")
    }
}
