//! Only the server's own pages may call it with a session.

use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, HOST, ORIGIN};

use crate::auth::web_pages;
use crate::error::ApiError;

/// Rejects what a page of another site could send. A browser sends the cookie with requests of the server's own site only
/// (`SameSite=Strict`). Beyond that, it must say that the request is of the same origin, and forms cannot send JSON.
pub(crate) fn check(headers: &HeaderMap, is_loopback: bool) -> Result<(), ApiError> {
    if is_loopback {
        web_pages::reject_other_hosts(headers)?;
    }
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = text(HOST).unwrap_or_default();
    let is_of_origin = headers.get_all(ORIGIN).iter().all(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        origin.split_once("://").is_some_and(|(_, it)| it == host)
    });
    let mut sites = headers.get_all("sec-fetch-site").iter();
    let is_same_site = sites.all(|site| site == "same-origin");
    let is_json = text(CONTENT_TYPE).is_some_and(|kind| {
        let kind = kind.split(';').next().unwrap_or_default().trim();
        kind.eq_ignore_ascii_case("application/json")
    });
    if is_of_origin && is_same_site && is_json {
        return Ok(());
    }
    Err(ApiError::new(
        403,
        "AccessDenied",
        "Only the pages of this server may send this request.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_of_the_same_origin() {
        let own = [
            ("host", "localhost:8787"),
            ("origin", "http://localhost:8787"),
            ("sec-fetch-site", "same-origin"),
            ("content-type", "application/json; charset=utf-8"),
        ];
        let headers = |changed: (&'static str, &str)| {
            let mut headers = HeaderMap::new();
            for (name, value) in own.into_iter().chain([changed]) {
                headers.insert(name, value.parse().unwrap());
            }
            headers
        };
        assert!(check(&headers(own[0]), true).is_ok());
        for changed in [
            ("origin", "http://localhost:8788"),
            ("origin", "null"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "none"),
            ("content-type", "application/x-www-form-urlencoded"),
            ("content-type", "text/plain"),
            ("host", "evil.example:8787"),
        ] {
            assert!(check(&headers(changed), true).is_err(), "{changed:?}");
        }
    }
}
