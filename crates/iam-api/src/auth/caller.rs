//! Who the caller is: by a verified signature, or, without credentials, by the access key id alone.

use advisor_core::{AccountId, Caller};
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use chrono::{DateTime, Utc};

use super::authorization_header::Authorization;
use super::credentials::{Credentials, is_access_key_id};
use super::signature::{SignedRequest, check_scope, verify};
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
    if !names_this_machine(request.headers) {
        return Err(ApiError::new(
            403,
            "AccessDenied",
            "Without credentials, only requests to localhost or a loopback address are answered.",
        ));
    }
    if is_from_another_site(request.headers) {
        return Err(ApiError::new(
            403,
            "AccessDenied",
            "Without credentials, requests that a web page of another site sends are not answered.",
        ));
    }
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

/// Whether the `Host` header names this machine. Otherwise a web page could reach the server under a host
/// name of its own (DNS rebinding).
fn names_this_machine(headers: &HeaderMap) -> bool {
    let Some(host) = headers.get(HOST).and_then(|host| host.to_str().ok()) else {
        return false;
    };
    is_loopback(host)
}

/// Whether a browser says that a page of another site sends the request. Pages cannot prevent browsers
/// from saying so.
fn is_from_another_site(headers: &HeaderMap) -> bool {
    let is_cross_site = headers
        .get_all("sec-fetch-site")
        .iter()
        .any(|site| site.as_bytes().eq_ignore_ascii_case(b"cross-site"));
    let is_from_elsewhere = headers.get_all(ORIGIN).iter().any(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        let host = origin.split_once("://").map(|(_, host)| host);
        !host.is_some_and(is_loopback)
    });
    is_cross_site || is_from_elsewhere
}

/// Whether a host, with or without a port, is a loopback address or `localhost`.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let is_address = name
        .parse::<std::net::IpAddr>()
        .is_ok_and(|address| address.is_loopback());
    is_address || name.eq_ignore_ascii_case("localhost")
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

    #[test]
    fn hosts() {
        for (host, expected) in [
            ("localhost:8787", true),
            ("LOCALHOST", true),
            ("127.0.0.1:8787", true),
            ("[::1]:8787", true),
            ("evil.example:8787", false),
            ("127.0.0.1.evil.example", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(HOST, host.parse().unwrap());
            assert_eq!(names_this_machine(&headers), expected, "{host}");
        }
    }

    #[test]
    fn sites() {
        for (name, value, expected) in [
            ("accept", "*/*", false),
            ("sec-fetch-site", "same-origin", false),
            ("sec-fetch-site", "none", false),
            ("sec-fetch-site", "Cross-Site", true),
            ("origin", "http://localhost:3000", false),
            ("origin", "https://127.0.0.1", false),
            ("origin", "http://[::1]:3000", false),
            ("origin", "https://evil.example", true),
            ("origin", "http://localhost.evil.example", true),
            ("origin", "http://evil.example:80", true),
            ("origin", "null", true),
            ("origin", "", true),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            assert_eq!(is_from_another_site(&headers), expected, "{name} {value}");
        }
        let mut headers = HeaderMap::new();
        headers.append("origin", "http://localhost".parse().unwrap());
        headers.append("origin", "https://evil.example".parse().unwrap());
        assert!(is_from_another_site(&headers));
    }
}
