//! Why a command failed: the message on stderr and the exit status.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use access_advisor::account::{AccountData, LoadError};
use access_advisor::activity::CatalogMismatch;
use access_advisor::arrow::ReadError;
use access_advisor::catalog::CatalogError;
use access_advisor::catalog::build::BuildError;
use access_advisor::explain::ExplainError;
use access_advisor::findings::{BaselineError, SettingsError, Severity};
use access_advisor::report::RequestError;
use access_advisor::rightsize::{KeepRuleError, UnknownLimitError};
use access_advisor::serve::{CredentialsError, ServeError};
use access_advisor::store::{AccountImportError, OperationError, StoreError, TrailImportError};
use access_advisor::trail::{ListingError, MissingInput};

use crate::exit_status;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("{0}")]
    Message(String),
    #[error("stopped: {0}")]
    Stopped(String),
    /// There is a result, and something is missing from it.
    #[error("{0}; what they hold may be missing from the result")]
    Incomplete(#[from] MissingInput),
    /// There is a result, and findings in it are as severe as the command was told to fail on.
    #[error("--fail-on {severity}: {number} of the findings are {severity} or worse")]
    Found { severity: Severity, number: usize },
    #[error("{}: {error}", path.display())]
    Settings {
        path: PathBuf,
        #[source]
        error: SettingsError,
    },
    #[error("{}: {error}", path.display())]
    Baseline {
        path: PathBuf,
        #[source]
        error: BaselineError,
    },
    /// With the code that the IAM API has for it.
    #[error("{0} ({code})", code = .0.code())]
    Request(#[from] RequestError),
    #[error("{}: {error}", path.display())]
    File {
        path: PathBuf,
        #[source]
        error: io::Error,
    },
    #[error("{}: {error}", path.display())]
    Catalog {
        path: PathBuf,
        #[source]
        error: CatalogError,
    },
    #[error(transparent)]
    CatalogBuild(#[from] BuildError),
    #[error(transparent)]
    Explain(ExplainError),
    #[error(transparent)]
    Threads(#[from] rayon::ThreadPoolBuildError),
    #[error(transparent)]
    Load(#[from] LoadError),
    #[error(transparent)]
    OtherCatalog(#[from] CatalogMismatch),
    #[error("{}: {mismatch}", path.display())]
    FileOfOtherCatalog {
        path: PathBuf,
        #[source]
        mismatch: CatalogMismatch,
    },
    /// With what the account data has instead.
    #[error("{error} ({code}) Did you mean {suggested}?", code = .error.code())]
    Unresolved {
        #[source]
        error: RequestError,
        suggested: String,
    },
    /// From an argument or a file.
    #[error("{from}: {error}")]
    KeepRule {
        from: String,
        #[source]
        error: KeepRuleError,
    },
    #[error(transparent)]
    Limit(#[from] UnknownLimitError),
    #[error("--strict: {}; {outcome}", with_issues(*issues, missing))]
    Strict {
        /// Issues in the account data.
        issues: usize,
        #[source]
        missing: MissingInput,
        outcome: &'static str,
    },
    #[error(transparent)]
    Table(#[from] ReadError),
    #[error(transparent)]
    Listing(#[from] ListingError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Credentials(#[from] CredentialsError),
    #[error(transparent)]
    Serve(#[from] ServeError),
    #[error(transparent)]
    ImportAccounts(#[from] AccountImportError),
    #[error(transparent)]
    ImportTrail(#[from] TrailImportError),
    #[error(transparent)]
    Operation(OperationError),
    #[error("writing the result: {0}")]
    Output(#[from] io::Error),
}

impl From<OperationError> for Failure {
    fn from(error: OperationError) -> Self {
        match error {
            OperationError::Request(error) => error.into(),
            OperationError::Store(error) => error.into(),
            other => Self::Operation(other),
        }
    }
}

/// The most ARNs that a text may mean and that are named.
const MOST_SUGGESTED: usize = 3;

impl Failure {
    /// Makes the failure of work on a file.
    pub(crate) fn at(path: &Path) -> impl Fn(io::Error) -> Self {
        move |error| Self::File {
            path: path.to_owned(),
            error,
        }
    }

    /// That a text is no ARN of the account data, with those that may be meant.
    pub(crate) fn unresolved(error: RequestError, text: &str, account: &AccountData) -> Self {
        let suggested = account.suggest(text).into_iter().take(MOST_SUGGESTED);
        let suggested: Vec<&str> = suggested.map(|arn| &**arn).collect();
        let suggested = suggested.join(" or ");
        match (text.starts_with("arn:"), suggested.is_empty()) {
            (true, true) => Self::Request(error),
            (true, false) => Self::Unresolved { error, suggested },
            (false, true) => Self::Message(format!(
                "{text:?} is not an ARN; write one, as in arn:aws:iam::111122223333:user/ann"
            )),
            (false, false) => Self::Message(format!("{text:?} is not an ARN; write {suggested}")),
        }
    }

    /// The line on stderr; none when the reader of a pipe has seen enough, as with `| head`.
    pub(crate) fn message(&self) -> Option<String> {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => None,
            Self::Stopped(_) => Some(self.to_string()),
            _ => Some(format!("error: {self}")),
        }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
            Self::Stopped(_) => exit_status::STOPPED.into(),
            Self::Incomplete(_) => exit_status::INCOMPLETE.into(),
            Self::Found { .. } => exit_status::FOUND.into(),
            _ => exit_status::FAILED.into(),
        }
    }
}

fn with_issues(issues: usize, missing: &MissingInput) -> String {
    let issues = (issues > 0).then(|| format!("{issues} issues in the account data"));
    let missing = (!missing.is_empty()).then(|| missing.to_string());
    let all: Vec<_> = issues.into_iter().chain(missing).collect();
    all.join(", ")
}
