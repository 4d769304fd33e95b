//! Protects servers on loopback from web pages, whose browser can reach them.

use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};

use crate::error::ApiError;

/// Rejects a request that a web page could have sent.
pub(crate) fn reject(headers: &HeaderMap) -> Result<(), ApiError> {
    reject_other_hosts(headers)?;
    if is_from_another_site(headers) {
        return Err(ApiError::new(
            403,
            "AccessDenied",
            "Requests that a web page of another site sends are not answered.",
        ));
    }
    Ok(())
}

/// Rejects a request whose `Host` header does not name this machine: a web page could reach the server under
/// a host name of its own (DNS rebinding). Of several such headers, each must: who is between may believe another one.
pub(crate) fn reject_other_hosts(headers: &HeaderMap) -> Result<(), ApiError> {
    let mut hosts = headers.get_all(HOST).iter().peekable();
    if hosts.peek().is_some() && hosts.all(|host| host.to_str().is_ok_and(is_loopback)) {
        return Ok(());
    }
    Err(ApiError::new(
        403,
        "AccessDenied",
        "Only requests to localhost or a loopback address are answered.",
    ))
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
            assert_eq!(reject_other_hosts(&headers).is_ok(), expected, "{host}");
            headers.append(HOST, "evil.example".parse().unwrap());
            assert!(reject_other_hosts(&headers).is_err(), "{host} and another");
        }
        assert!(reject_other_hosts(&HeaderMap::new()).is_err());
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
