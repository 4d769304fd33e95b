//! Checks of request parameters, with IAM's messages.

use service_catalog::{Catalog, ServiceId};

use crate::request_error::RequestError;

/// The most namespaces that one request may name.
const MAX_NAMESPACES: usize = 200;

/// Checks a `ServiceNamespace` parameter. IAM does this before it looks for the job.
///
/// # Errors
/// IAM's `ValidationError` when it is empty, longer than 64 characters, or has other than word
/// characters.
pub fn check_service_namespace(namespace: &str) -> Result<(), RequestError> {
    let length = namespace.chars().count();
    let must = if length < 1 {
        "have length greater than or equal to 1"
    } else if length > 64 {
        "have length less than or equal to 64"
    } else if !namespace.chars().all(is_word) {
        "satisfy regular expression pattern: [\\w-]*"
    } else {
        return Ok(());
    };
    Err(RequestError::constraint("serviceNamespace", must))
}

/// Checks a `ServiceNamespaces` parameter.
///
/// # Errors
/// IAM's `ValidationError` when the list is empty, has more than 200 members, or has a malformed
/// one.
pub fn check_service_namespaces<S: AsRef<str>>(namespaces: &[S]) -> Result<(), RequestError> {
    let constraint = |must: &str| Err(RequestError::constraint("serviceNamespaces", must));
    if namespaces.is_empty() {
        return constraint("not be null");
    }
    if namespaces.len() > MAX_NAMESPACES {
        return constraint("have length less than or equal to 200");
    }
    let is_valid = |namespace: &str| {
        (1..=64).contains(&namespace.chars().count()) && namespace.chars().all(is_word)
    };
    if !namespaces
        .iter()
        .all(|namespace| is_valid(namespace.as_ref()))
    {
        return constraint(
            "satisfy constraint: [Member must have length less than or equal to 64, Member must \
             have length greater than or equal to 1, Member must satisfy regular expression \
             pattern: [\\w-]*, Member must not be null]",
        );
    }
    Ok(())
}

/// Checks a `Marker` parameter before it is decoded.
///
/// # Errors
/// IAM's `ValidationError` when it is empty or has other than printable ASCII characters.
pub fn check_marker(marker: &str) -> Result<(), RequestError> {
    if marker.is_empty() || !marker.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return Err(RequestError::ValidationError(
            "The specified value for marker is invalid. It must contain only printable ASCII \
             characters."
                .into(),
        ));
    }
    Ok(())
}

/// Finds the service that a `ServiceNamespace` parameter names.
///
/// # Errors
/// IAM's `InvalidInput` when the catalog has no such service.
pub fn find_service(catalog: &Catalog, namespace: &str) -> Result<ServiceId, RequestError> {
    catalog.service_by_namespace(namespace).ok_or_else(|| {
        RequestError::InvalidInput(format!(
            // IAM's spelling.
            "Service namepace {namespace} is either invalid or unsupported."
        ))
    })
}

/// Whether `[\w-]` matches the character.
fn is_word(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '_' | '-')
}
