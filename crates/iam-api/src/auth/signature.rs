//! Verifies Signature Version 4.
//!
//! Implemented here with `hmac` and `sha2`, because scratchstack-aws-signature 0.11.4 rejects presigned
//! requests as SDKs make them (it splits the credential before it decodes `%2F`), ignores
//! `X-Amz-Expires`, accepts only secrets of 40 characters, panics on forms of more than 64 KiB, and logs
//! the expected signature.
//!
//! Source: AWS General Reference, "Create a signed AWS API request"; the messages are AWS's.

use std::fmt::Write as _;

use axum::http::{HeaderMap, Method};
use chrono::{DateTime, Duration, Utc};
use hmac::{Hmac, KeyInit, Mac};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest, Sha256};

use super::authorization_header::{ALGORITHM, Authorization, BASIC_FORMAT};
use super::hexadecimal::{hex, unhex};
use crate::error::ApiError;
use crate::parameters::Parameters;

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// How far the time of a request may differ from the server's.
const SKEW: Duration = Duration::minutes(15);
const SERVICE: &str = "iam";
const TERMINATOR: &str = "aws4_request";

/// The parts of a request that are signed. Its path is `/`.
pub(crate) struct SignedRequest<'a> {
    pub(crate) method: &'a Method,
    pub(crate) query: &'a Parameters,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: &'a [u8],
}

fn mismatch(message: impl Into<String>) -> ApiError {
    ApiError::new(403, "SignatureDoesNotMatch", message)
}

/// Checks the time and the scope of a signature, which needs no secret.
pub(crate) fn check_scope(
    authorization: &Authorization,
    now: DateTime<Utc>,
) -> Result<(), ApiError> {
    let basic = |time: DateTime<Utc>| time.format(BASIC_FORMAT).to_string();
    let time = authorization.time;
    // Differences, because a sum with a time from outside could overflow.
    let age = now.signed_duration_since(time);
    if authorization.expires.is_some_and(|expires| age > expires) {
        return Err(ApiError::new(400, "RequestExpired", "Request has expired."));
    }
    if authorization.expires.is_none() && age > SKEW {
        return Err(mismatch(format!(
            "Signature expired: {} is now earlier than {} ({} - 15 min.)",
            basic(time),
            basic(now - SKEW),
            basic(now)
        )));
    }
    if age < -SKEW {
        return Err(mismatch(format!(
            "Signature not yet current: {} is still later than {} ({} + 15 min.)",
            basic(time),
            basic(now + SKEW),
            basic(now)
        )));
    }
    if authorization.scope.service != SERVICE {
        return Err(mismatch(
            "Credential should be scoped to correct service: 'iam'.",
        ));
    }
    if authorization.scope.terminator != TERMINATOR {
        return Err(mismatch(
            "Credential should be scoped with a valid terminator: 'aws4_request'.",
        ));
    }
    if authorization.scope.date != time.format("%Y%m%d").to_string() {
        return Err(mismatch(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
             from HTTP: '{}' != '{}', from '{}'.",
            authorization.scope.date,
            time.format("%Y%m%d"),
            basic(time)
        )));
    }
    Ok(())
}

/// Checks a signature, in constant time.
pub(crate) fn verify(
    authorization: &Authorization,
    request: &SignedRequest<'_>,
    secret_access_key: &str,
) -> Result<(), ApiError> {
    if !authorization
        .signed_headers
        .iter()
        .any(|name| name == "host")
    {
        return Err(mismatch(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
        ));
    }
    let unsigned = request.headers.keys().find(|name| {
        name.as_str().starts_with("x-amz-")
            && !authorization
                .signed_headers
                .iter()
                .any(|known| known == name.as_str())
    });
    if let Some(name) = unsigned {
        return Err(mismatch(format!(
            "'{name}' must be a 'SignedHeader' in the AWS Authorization."
        )));
    }
    let canonical = Sha256::digest(canonical_request(authorization, request).as_bytes());
    let scope = &authorization.scope;
    let to_sign = format!(
        "{ALGORITHM}\n{}\n{}/{}/{}/{}\n{}",
        authorization.time.format(BASIC_FORMAT),
        scope.date,
        scope.region,
        scope.service,
        scope.terminator,
        hex(&canonical)
    );
    let wrong = || {
        mismatch(
            "The request signature we calculated does not match the signature you provided. \
             Check your AWS Secret Access Key and signing method. Consult the service \
             documentation for details.",
        )
    };
    let mut key = format!("AWS4{secret_access_key}").into_bytes();
    for part in [
        &scope.date,
        &scope.region,
        &scope.service,
        &scope.terminator,
    ] {
        key = mac(&key, part.as_bytes())
            .ok_or_else(wrong)?
            .finalize()
            .into_bytes()
            .to_vec();
    }
    let signature = unhex(&authorization.signature).ok_or_else(wrong)?;
    mac(&key, to_sign.as_bytes())
        .ok_or_else(wrong)?
        .verify_slice(&signature)
        .map_err(|_| wrong())
}

fn canonical_request(authorization: &Authorization, request: &SignedRequest<'_>) -> String {
    let mut text = format!("{}\n/\n", request.method);
    let encode = |text: &str| utf8_percent_encode(text, RESERVED).to_string();
    let mut query: Vec<(String, String)> = request
        .query
        .iter()
        .filter(|(name, _)| *name != "X-Amz-Signature")
        .map(|(name, value)| (encode(name), encode(value)))
        .collect();
    query.sort();
    for (index, (name, value)) in query.iter().enumerate() {
        let separator = if index == 0 { "" } else { "&" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{separator}{name}={value}");
    }
    text.push('\n');
    for name in &authorization.signed_headers {
        let values: Vec<String> = request
            .headers
            .get_all(name)
            .iter()
            .map(|value| {
                let value = String::from_utf8_lossy(value.as_bytes());
                value
                    .split(' ')
                    .filter(|word| !word.is_empty())
                    .collect::<Vec<_>>()
                    .join(" ")
            })
            .collect();
        let _ = writeln!(text, "{name}:{}", values.join(","));
    }
    let body = hex(&Sha256::digest(request.body));
    let _ = write!(text, "\n{}\n{body}", authorization.signed_headers.join(";"));
    text
}

fn mac(key: &[u8], message: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).ok()?;
    mac.update(message);
    Some(mac)
}
