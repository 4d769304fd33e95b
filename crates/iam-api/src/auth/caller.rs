//! Who the caller is: by a verified signature, or, without credentials, by the access key id alone.

use advisor_core::{AccountId, Caller};
use chrono::{DateTime, Utc};

use super::authorization_header::Authorization;
use super::credentials::{Credentials, is_access_key_id};
use super::signature::{SignedRequest, check_scope, verify};
use super::web_pages;
use crate::error::ApiError;

/// `InvalidClientTokenId`, 403.
fn invalid_token() -> ApiError {
    ApiError::new(
        403,
        "InvalidClientTokenId",
        "The security token included in the request is invalid.",
    )
}

/// Returns the caller of a signed request.
pub(crate) fn signed(
    credentials: &Credentials,
    request: &SignedRequest<'_>,
    now: DateTime<Utc>,
) -> Result<Caller, ApiError> {
    let authorization = Authorization::of(request.headers, request.query)?;
    check_scope(&authorization, now)?;
    let credential = credentials
        .get(&authorization.access_key_id)
        .ok_or_else(invalid_token)?;
    if !credential.has_session_token(authorization.session_token.as_deref()) {
        return Err(invalid_token());
    }
    verify(&authorization, request, credential.secret_access_key())?;
    Ok(credential.caller().clone())
}

/// Returns the access key id of a request whose signature cannot be verified for lack of credentials.
pub(crate) fn unverified(request: &SignedRequest<'_>) -> Result<String, ApiError> {
    web_pages::reject(request.headers)?;
    let authorization = Authorization::of(request.headers, request.query)?;
    if !is_access_key_id(&authorization.access_key_id) {
        return Err(invalid_token());
    }
    Ok(authorization.access_key_id)
}

/// Returns the caller for an access key id: a user of the account whose number it is, else of the store's
/// only account, else of no account. In the last case the ARN in the request selects the account.
pub(crate) fn by_name(access_key_id: &str, accounts: &[AccountId]) -> Caller {
    let account = accounts
        .iter()
        .find(|account| account.as_str() == access_key_id)
        .or(match accounts {
            [only] => Some(only),
            _ => None,
        });
    Caller::User {
        arn: format!(
            "arn:aws:iam::{}:user/{access_key_id}",
            account.map_or("", AccountId::as_str)
        )
        .into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let accounts = |ids: &[&str]| {
            ids.iter()
                .map(|id| AccountId::from(*id))
                .collect::<Vec<_>>()
        };
        let arn = |name: &str, ids: &[&str]| by_name(name, &accounts(ids)).arn().to_owned();
        assert_eq!(arn("me", &["1"]), "arn:aws:iam::1:user/me");
        assert_eq!(arn("me", &["1", "2"]), "arn:aws:iam:::user/me");
        assert_eq!(arn("2", &["1", "2"]), "arn:aws:iam::2:user/2");
        assert_eq!(by_name("me", &accounts(&["1", "2"])).account(), None);
    }
}
