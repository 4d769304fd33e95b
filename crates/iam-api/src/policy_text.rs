//! Policy documents as the API returns them: JSON, URL-encoded as in RFC 3986.

use percent_encoding::utf8_percent_encode;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::value::RawValue;

use crate::signature::RESERVED;

/// A policy document, URL-encoded. An export has it as an object (whose order and words are kept),
/// or already encoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub(crate) struct PolicyText(String);

impl<'de> Deserialize<'de> for PolicyText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let json = raw.get();
        if !json.starts_with('"') {
            return Ok(Self(encode(&compact(json))));
        }
        let text: String = serde_json::from_str(json).map_err(serde::de::Error::custom)?;
        // `{` is `%7B` when it is encoded.
        if text.trim_start().starts_with('{') {
            return Ok(Self(encode(&text)));
        }
        Ok(Self(text))
    }
}

fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

/// JSON without the blanks between its words.
fn compact(json: &str) -> String {
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
    fn objects_and_encoded_texts_are_one() {
        let object = r#"{ "Version": "2012-10-17",  "Sid": "a \" b\\" , "A": [ 1 ] }"#;
        let plain = r#"{"Version":"2012-10-17","Sid":"a \" b\\","A":[1]}"#;
        let encoded = encode(plain);
        let string = serde_json::to_string(plain).unwrap();
        for json in [object, &string, &format!("\"{encoded}\"")] {
            let text: PolicyText = serde_json::from_str(json).unwrap();
            assert_eq!(text.0, encoded, "{json}");
        }
        assert!(encoded.starts_with("%7B%22Version%22%3A%222012-10-17%22"));
    }
}
