//! Why something cannot be explained.

use iam_policy_parser::ArnError;

use crate::request_error::RequestError;

/// Why something cannot be explained.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExplainError {
    /// The ARN is not that of a user, group, role or managed policy of the account data.
    #[error(transparent)]
    Entity(#[from] RequestError),
    /// The ARN is that of an AWS managed policy that no export has.
    #[error("{arn}: the export has no document of it")]
    MissingPolicy {
        /// The ARN.
        arn: String,
    },
    /// The catalog has no such service.
    #[error(
        "{namespace:?} is not a service of the catalog; write a namespace as policies do, such as s3"
    )]
    UnknownService {
        /// The namespace.
        namespace: String,
    },
    /// The service has no such action.
    #[error(
        "{service} has no action {action:?} in the catalog; policies that name it grant nothing{hint}",
        hint = hint(.authorized_as.as_deref(), .similar.as_deref())
    )]
    UnknownAction {
        /// The namespace of the service.
        service: String,
        /// The name.
        action: String,
        /// The action that authorizes the API operation of this name, if there is one.
        authorized_as: Option<String>,
        /// The action with the most similar name, if that is a mistype away.
        similar: Option<String>,
    },
    /// The action has a wildcard.
    #[error("{action:?}: name one action, such as s3:GetObject, or a whole service, such as s3")]
    WildcardAction {
        /// The action.
        action: String,
    },
    /// The resource is neither an ARN nor `*`.
    #[error("resource {resource:?}: {error}; or write * for any resource")]
    Resource {
        /// The resource.
        resource: String,
        /// What is wrong with it.
        #[source]
        error: ArnError,
    },
    /// The resource is longer than any ARN.
    #[error("the resource has {length} characters, and an ARN at most {MAX_RESOURCE}")]
    LongResource {
        /// Its length in characters.
        length: usize,
    },
}

/// The length of the longest ARN that IAM accepts (API reference, `arnType`), in characters.
pub(super) const MAX_RESOURCE: usize = 2048;

fn hint(authorized_as: Option<&str>, similar: Option<&str>) -> String {
    match (authorized_as, similar) {
        (Some(action), _) => {
            format!(". The API operation of this name is authorized as {action}")
        }
        (None, Some(action)) => format!(". Did you mean {action}?"),
        (None, None) => String::new(),
    }
}
