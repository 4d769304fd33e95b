//! What can go wrong with S3.

use std::error::Error;

/// Why a bucket cannot be asked at all.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3OpenError {
    /// A setting of the environment or of the options that cannot be used.
    #[error("{setting}: {reason}")]
    Setting {
        /// The variable, file or option.
        setting: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There is nothing that could give credentials.
    #[error("no AWS credentials: {0}")]
    NoCredentials(String),
    /// The operating system gives no thread.
    #[error("no thread for reading S3: {0}")]
    Thread(#[source] std::io::Error),
}

/// What went wrong with a request to S3.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum S3Fault {
    /// Credentials could not be had.
    #[error("no AWS credentials: {0}")]
    Credentials(String),
    /// S3 refused: its status, and its own code and words.
    #[error("S3 says {status} {code}{}{message}", if message.is_empty() { "" } else { ": " })]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Such as `AccessDenied`, `NoSuchBucket`, `SlowDown`; empty when S3 gave none.
        code: String,
        /// What S3 says to it.
        message: String,
    },
    /// The object is not the one of the listing any more.
    #[error("it changed since it was listed")]
    Changed,
    /// No connection, or one that broke before the answer.
    #[error("no connection: {0}")]
    Connection(String),
    /// Nothing came for as long as the options allow.
    #[error("no answer in time")]
    TimedOut,
    /// The body ended before its time.
    #[error("cut off after {taken} of {size} bytes: {reason}")]
    Cut {
        /// How many bytes of what was asked for came.
        taken: u64,
        /// How many were asked for.
        size: u64,
        /// How it ended.
        reason: String,
    },
    /// Not what S3 would say.
    #[error("a malformed answer: {0}")]
    Malformed(String),
}

impl S3Fault {
    /// Whether the same request may succeed later:
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
pub struct S3Failure {
    /// What went wrong the last time.
    #[source]
    pub fault: S3Fault,
    /// How often it was tried.
    pub attempts: u32,
}

fn tried(attempts: u32) -> String {
    if attempts == 1 {
        String::new()
    } else {
        format!(" (tried {attempts} times)")
    }
}
