//! The `Authorization` header, or the query string of a presigned request: who a request says sent it.
//!
//! Source: AWS General Reference, "Signature Version 4 signing process"; the messages are AWS's.

use axum::http::HeaderMap;
use chrono::{DateTime, Duration, NaiveDateTime, Utc};

use crate::error::ApiError;
use crate::parameters::Parameters;

/// The supported algorithm.
pub(crate) const ALGORITHM: &str = "AWS4-HMAC-SHA256";
/// The format of times in signatures.
pub(crate) const BASIC_FORMAT: &str = "%Y%m%dT%H%M%SZ";
/// The query parameter that marks a presigned request.
const PRESIGNED: &str = "X-Amz-Algorithm";
/// The longest validity of a presigned request.
const LONGEST_SECONDS: i64 = 7 * 24 * 60 * 60;

/// Who a request says sent it, and its signature. Nothing of it is verified yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Authorization {
    pub(crate) access_key_id: String,
    /// `20261101/us-east-1/iam/aws4_request`.
    pub(crate) scope: Scope,
    /// The names of the signed headers, in the order of signing.
    pub(crate) signed_headers: Vec<String>,
    /// Hexadecimal.
    pub(crate) signature: String,
    pub(crate) time: DateTime<Utc>,
    pub(crate) session_token: Option<String>,
    /// The validity of a presigned request.
    pub(crate) expires: Option<Duration>,
}

/// The scope of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) date: String,
    pub(crate) region: String,
    pub(crate) service: String,
    pub(crate) terminator: String,
}

fn incomplete(message: impl Into<String>) -> ApiError {
    ApiError::new(400, "IncompleteSignature", message)
}

/// `MissingAuthenticationToken`, 403.
pub(crate) fn missing() -> ApiError {
    ApiError::new(
        403,
        "MissingAuthenticationToken",
        "Request is missing Authentication Token",
    )
}

impl Authorization {
    /// Parses the headers or the query string of a request.
    pub(crate) fn of(headers: &HeaderMap, query: &Parameters) -> Result<Self, ApiError> {
        let presigned = query.get(PRESIGNED);
        match (headers.get("authorization"), presigned) {
            (None, None) => Err(missing()),
            (Some(_), Some(_)) => Err(incomplete(
                "A request is signed in its Authorization header or in its query string, not both.",
            )),
            (Some(header), None) => {
                let header = header
                    .to_str()
                    .map_err(|_| incomplete("The Authorization header is not ASCII text."))?;
                Self::of_header(header.trim(), headers)
            }
            (None, Some(algorithm)) => Self::of_query(algorithm, query),
        }
    }

    fn of_header(header: &str, headers: &HeaderMap) -> Result<Self, ApiError> {
        let (algorithm, fields) = header.split_once(' ').unwrap_or((header, ""));
        if algorithm != ALGORITHM {
            return Err(incomplete(format!(
                "Unsupported AWS 'algorithm': '{}'.",
                shown(algorithm)
            )));
        }
        let mut credential = None;
        let mut signed_headers = None;
        let mut signature = None;
        for field in fields.split(',').map(str::trim) {
            if field.is_empty() {
                continue;
            }
            let Some((name, value)) = field.split_once('=') else {
                return Err(incomplete(
                    "Authorization header has a field that is not a key=value pair.",
                ));
            };
            match name {
                "Credential" => credential = Some(value),
                "SignedHeaders" => signed_headers = Some(value),
                "Signature" => signature = Some(value),
                _ => {}
            }
        }
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let date = text("x-amz-date").or_else(|| text("date"));
        let (Some(credential), Some(signed_headers), Some(signature), Some(date)) =
            (credential, signed_headers, signature, date)
        else {
            let mut message = String::new();
            for (is_missing, part) in [
                (credential.is_none(), "'Credential' parameter"),
                (signature.is_none(), "'Signature' parameter"),
                (signed_headers.is_none(), "'SignedHeaders' parameter"),
                (
                    date.is_none(),
                    "existence of either a 'X-Amz-Date' or a 'Date' header",
                ),
            ] {
                if is_missing {
                    message.push_str(&format!("Authorization header requires {part}. "));
                }
            }
            return Err(incomplete(message.trim_end()));
        };
        let (access_key_id, scope) = parse_credential(credential)?;
        Ok(Self {
            access_key_id,
            scope,
            signed_headers: signed_headers.split(';').map(str::to_owned).collect(),
            signature: signature.to_owned(),
            time: parse_time(date)?,
            session_token: text("x-amz-security-token").map(|token| token.trim().to_owned()),
            expires: None,
        })
    }

    fn of_query(algorithm: &str, query: &Parameters) -> Result<Self, ApiError> {
        if algorithm != ALGORITHM {
            return Err(incomplete(format!(
                "Unsupported AWS 'algorithm': '{}'.",
                shown(algorithm)
            )));
        }
        let required = |name: &str| {
            query.get(name).ok_or_else(|| {
                incomplete(format!(
                    "AWS query-string parameters must include '{name}'. Re-examine the \
                     query-string parameters."
                ))
            })
        };
        let (access_key_id, scope) = parse_credential(required("X-Amz-Credential")?)?;
        let seconds = match query.get("X-Amz-Expires") {
            None => 15 * 60,
            Some(text) => text
                .parse::<i64>()
                .ok()
                .filter(|seconds| (1..=LONGEST_SECONDS).contains(seconds))
                .ok_or_else(|| incomplete("X-Amz-Expires must be between 1 and 604800 seconds."))?,
        };
        Ok(Self {
            access_key_id,
            scope,
            signed_headers: required("X-Amz-SignedHeaders")?
                .split(';')
                .map(str::to_owned)
                .collect(),
            signature: required("X-Amz-Signature")?.to_owned(),
            time: parse_time(required("X-Amz-Date")?)?,
            session_token: query.get("X-Amz-Security-Token").map(str::to_owned),
            expires: Some(Duration::seconds(seconds)),
        })
    }
}

fn parse_credential(text: &str) -> Result<(String, Scope), ApiError> {
    match text.split('/').collect::<Vec<_>>().as_slice() {
        [access_key_id, date, region, service, terminator] => Ok((
            (*access_key_id).to_owned(),
            Scope {
                date: (*date).to_owned(),
                region: (*region).to_owned(),
                service: (*service).to_owned(),
                terminator: (*terminator).to_owned(),
            },
        )),
        _ => Err(incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. \
             keyid/date/region/service/term.",
        )),
    }
}

/// Parses a time in the basic format of ISO 8601, or in that of RFC 1123, which the `Date` header may have.
fn parse_time(text: &str) -> Result<DateTime<Utc>, ApiError> {
    let text = text.trim();
    let is_basic = text.len() == "20261101T000000Z".len();
    NaiveDateTime::parse_from_str(text, BASIC_FORMAT)
        .ok()
        .filter(|_| is_basic)
        .map(|time| time.and_utc())
        .or_else(|| {
            let time = DateTime::parse_from_rfc2822(text).ok()?;
            Some(time.to_utc())
        })
        .ok_or_else(|| {
            incomplete(format!(
                "Date must be in ISO-8601 'basic format'. Got '{}'. See \
                 http://en.wikipedia.org/wiki/ISO_8601",
                shown(text)
            ))
        })
}

/// The beginning of a text, for messages.
fn shown(text: &str) -> String {
    text.chars().take(64).collect()
}
