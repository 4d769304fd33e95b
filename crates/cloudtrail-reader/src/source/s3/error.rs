//! What can go wrong with S3.

use std::error::Error;
use std::sync::Arc;

/// What to do when there are no credentials.
const HOW_TO_GIVE_CREDENTIALS: &str = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or \
     AWS_PROFILE, or run where a role gives them (container, instance, web identity)";

/// Why a location cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3OpenError {
    /// An invalid setting in the environment or the options.
    #[error("{setting}: {}", chain(&**source))]
    Setting {
        /// The variable, file or option.
        setting: String,
        /// What is wrong with it.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There are no credentials.
    #[error("no AWS credentials: {HOW_TO_GIVE_CREDENTIALS}")]
    NoCredentials,
    /// The profile gets its credentials in a way that is not supported.
    #[error(
        "no AWS credentials: the profile {profile} has no access keys of its own; let the AWS CLI give them: \
         aws configure export-credentials --profile {profile} --format env"
    )]
    NoKeysInProfile {
        /// The name of the profile.
        profile: String,
    },
    /// The credentials in the environment are incomplete or contradictory.
    #[error("no AWS credentials: {}", chain(&**.0))]
    InvalidCredentials(#[source] Box<dyn Error + Send + Sync>),
    /// No HTTP client could be made.
    #[error("no HTTP client: {}", chain(&**.0))]
    Client(#[source] Box<dyn Error + Send + Sync>),
    /// No thread could be started.
    #[error("no thread for reading S3: {0}")]
    Thread(#[source] std::io::Error),
}

impl S3OpenError {
    pub(crate) fn setting(
        setting: impl Into<String>,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        S3OpenError::Setting {
            setting: setting.into(),
            source: source.into(),
        }
    }
}

/// What went wrong with a request to S3.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum S3Fault {
    /// Credentials could not be obtained.
    #[error("no AWS credentials: {}; {HOW_TO_GIVE_CREDENTIALS}", chain(&**.0))]
    NoCredentials(#[source] Arc<dyn Error + Send + Sync>),
    /// The credentials cannot be put into a header.
    #[error(
        "invalid AWS credentials: the access key, its secret or the session token holds a space or a control character"
    )]
    InvalidCredentials,
    /// The request could not be made or signed.
    #[error("the request cannot be made: {}", chain(&**.0))]
    InvalidRequest(#[source] Arc<dyn Error + Send + Sync>),
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
    #[error("no connection: {}", chain(&**.0))]
    Connection(#[source] Arc<dyn Error + Send + Sync>),
    /// No byte arrived within the timeout.
    #[error("no answer in time")]
    TimedOut,
    /// The body ended early.
    #[error("cut off after {taken} of {size} bytes{}", because(cause.as_deref()))]
    Cut {
        /// How many of the requested bytes arrived.
        taken: u64,
        /// How many bytes were requested.
        size: u64,
        /// The fault that ended it; `None` when the server did.
        #[source]
        cause: Option<Box<S3Fault>>,
    },
    /// A response that sends the request to another address. S3 never needs it: the Region of the bucket is in its answer.
    #[error(
        "the server redirects to {location:?}, which is not followed; if that is right, name it as the endpoint"
    )]
    Redirected {
        /// The address; empty if the response has none.
        location: String,
    },
    /// A listing that would never end.
    #[error("the listing does not end: {0}")]
    Endless(EndlessListing),
    /// A response that is not S3's.
    #[error("a malformed answer: {}", chain(&**.0))]
    Malformed(#[source] Arc<dyn Error + Send + Sync>),
    /// The task that made the request ended early.
    #[error("the request was interrupted: {0}")]
    Interrupted(#[source] Arc<dyn Error + Send + Sync>),
}

impl S3Fault {
    /// Whether a retry may succeed:
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>.
    pub(crate) fn passes(&self) -> bool {
        match self {
            S3Fault::NoCredentials(_)
            | S3Fault::InvalidCredentials
            | S3Fault::InvalidRequest(_)
            | S3Fault::Changed
            | S3Fault::Redirected { .. }
            | S3Fault::Endless(_)
            | S3Fault::Interrupted(_) => false,
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

    pub(crate) fn malformed(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        S3Fault::Malformed(Arc::from(cause.into()))
    }
}

/// How it is known that a listing would never end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndlessListing {
    /// A page has the continuation token of an earlier one.
    #[error("a continuation token comes again")]
    RepeatedToken,
    /// A page begins with the same key as an earlier one.
    #[error("a page comes again")]
    RepeatedPage,
    /// Too many pages in a row hold nothing to read.
    #[error("{0} pages in a row hold nothing to read")]
    EmptyPages(u32),
    /// A folder has more folders than CloudTrail makes in one.
    #[error("it has more than {0} folders")]
    Folders(u32),
    /// Too many folders of the location do not end.
    #[error("{0} of its folders do not end")]
    EndlessFolders(u32),
}

fn because(cause: Option<&S3Fault>) -> String {
    cause.map_or_else(
        || ": the answer ended".to_owned(),
        |fault| format!(": {fault}"),
    )
}

/// The message of an error with its sources, without repetitions.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.contains(&cause_text) {
            text = format!("{text}: {cause_text}");
        }
        source = cause.source();
    }
    text
}

/// A request that failed, also when it was repeated.
#[derive(Clone, Debug, thiserror::Error)]
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
