//! Policy documents in exports.

use std::sync::Arc;

use iam_policy_parser::PolicyDocument;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::ser::Error as _;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::value::RawValue;

use super::entity::NotEvaluatedReason;
use super::export_error::plain_message;

/// Everything but RFC 3986's unreserved characters.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A policy document in an export: an object, or URL-encoded JSON in a string as the API returns it. It
/// serializes as the API returns it.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(transparent)]
pub struct DocumentText<'a>(#[serde(borrow)] &'a RawValue);

impl<'a> DocumentText<'a> {
    /// The JSON text.
    #[must_use]
    pub fn json(self) -> &'a str {
        self.0.get()
    }

    /// The document as plain JSON: as it stands in the export, or decoded. `None` when it cannot be decoded.
    pub(crate) fn decoded(self) -> Option<Arc<str>> {
        if !self.json().starts_with('"') {
            return Some(self.json().into());
        }
        let text: String = serde_json::from_str(self.json()).ok()?;
        if text.trim_start().starts_with('{') {
            return Some(text.into());
        }
        let decoded = percent_encoding::percent_decode_str(&text).decode_utf8();
        decoded.ok().map(Into::into)
    }

    /// Parses an identity-based policy.
    ///
    /// # Errors
    /// Why the policy cannot be evaluated.
    pub(crate) fn parse_identity_policy(self) -> Result<PolicyDocument, NotEvaluatedReason> {
        let json = self.json();
        let document = if json.starts_with('"') {
            let text: String = serde_json::from_str(json)
                .map_err(|error| NotEvaluatedReason::Unreadable(plain_message(&error).into()))?;
            PolicyDocument::parse_url_encoded(&text)
        } else {
            PolicyDocument::parse(json)
        };
        let document = document.map_err(NotEvaluatedReason::InvalidDocument)?;
        let resource_policy = document.statements.iter().position(|s| s.has_principal);
        match resource_policy {
            Some(statement) => Err(NotEvaluatedReason::ResourcePolicy { statement }),
            None => Ok(document),
        }
    }

    /// The document URL-encoded as in RFC 3986, as the API returns it. The order and spelling of an
    /// object are kept, its insignificant whitespace is not.
    fn url_encoded(self) -> Result<String, serde_json::Error> {
        let json = self.json();
        if !json.starts_with('"') {
            return Ok(encode(&without_whitespace(json)));
        }
        let text: String = serde_json::from_str(json)?;
        // An encoded document starts with %7B.
        if text.trim_start().starts_with('{') {
            return Ok(encode(&text));
        }
        Ok(text)
    }
}

impl Serialize for DocumentText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let text = self.url_encoded().map_err(S::Error::custom)?;
        serializer.serialize_str(&text)
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// JSON without the whitespace between its tokens.
fn without_whitespace(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    let mut in_string = false;
    let mut is_escaped = false;
    for letter in json.chars() {
        if in_string {
            in_string = is_escaped || letter != '"';
            is_escaped = !is_escaped && letter == '\\';
        } else if letter.is_ascii_whitespace() {
            continue;
        } else {
            in_string = letter == '"';
        }
        text.push(letter);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_serialized_url_encoded() {
        let object = r#"{ "Version": "2012-10-17",  "Sid": "a \" b\\" , "A": [ 1 ] }"#;
        let plain = r#"{"Version":"2012-10-17","Sid":"a \" b\\","A":[1]}"#;
        let encoded = encode(plain);
        let string = serde_json::to_string(plain).unwrap();
        for json in [object, &string, &format!("\"{encoded}\"")] {
            let text: DocumentText<'_> = serde_json::from_str(json).unwrap();
            assert_eq!(serde_json::to_value(text).unwrap(), encoded, "{json}");
        }
        assert!(encoded.starts_with("%7B%22Version%22%3A%222012-10-17%22"));
    }
}
