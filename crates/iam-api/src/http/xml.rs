//! Writes answers in the XML of the Query protocol, from JSON as the AWS CLI prints it.

use std::fmt::Write as _;

use advisor_core::time;
use serde_json::Value;

use crate::error::ApiError;

/// The XML namespace of answers, which contains the API version.
const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// The members that are times, in the answers of all operations. Source: botocore's
/// `iam/2010-05-08/service-2.json`; members of these names are always times.
const TIMES: [&str; 9] = [
    "CreateDate",
    "JobCompletionDate",
    "JobCreationDate",
    "LastAccessedTime",
    "LastAuthenticated",
    "LastUsedDate",
    "PasswordLastUsed",
    "Timestamp",
    "UpdateDate",
];

/// The answer of an operation.
pub(crate) fn success(operation: &str, value: &Value, id: &str) -> String {
    let mut xml = begin(operation);
    write_element(&mut xml, &format!("{operation}Result"), value);
    xml.push_str(&end(operation, id));
    xml
}

/// What is before the result of an operation.
pub(super) fn begin(operation: &str) -> String {
    format!("<{operation}Response xmlns=\"{NAMESPACE}\">")
}

/// What is after the result of an operation.
pub(super) fn end(operation: &str, id: &str) -> String {
    format!(
        "<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{operation}Response>"
    )
}

/// The answer that a request failed.
pub(crate) fn failure(error: &ApiError, id: &str) -> String {
    let side = if error.status < 500 {
        "Sender"
    } else {
        "Receiver"
    };
    let mut xml = format!(
        "<ErrorResponse xmlns=\"{NAMESPACE}\"><Error><Type>{side}</Type><Code>{}</Code><Message>",
        error.code
    );
    write_text(&mut xml, &error.message);
    xml.push_str(&format!(
        "</Message></Error><RequestId>{id}</RequestId></ErrorResponse>"
    ));
    xml
}

/// Writes `<name>value</name>`: the members of an object as elements of their names, the members of a
/// list as `<member>`, nothing for null.
pub(super) fn write_element(xml: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    // Writing to a String cannot fail.
    let _ = write!(xml, "<{name}>");
    match value {
        Value::Null => {}
        Value::Bool(flag) => {
            let _ = write!(xml, "{flag}");
        }
        Value::Number(number) => {
            let _ = write!(xml, "{number}");
        }
        Value::String(text) => match is_time(name).then(|| time::parse(text)).flatten() {
            Some(time) => {
                let _ = write!(xml, "{}", time.format("%Y-%m-%dT%H:%M:%S%.3fZ"));
            }
            None => write_text(xml, text),
        },
        Value::Array(members) => {
            for member in members {
                write_element(xml, "member", member);
            }
        }
        Value::Object(members) => {
            for (name, value) in members {
                write_element(xml, name, value);
            }
        }
    }
    let _ = write!(xml, "</{name}>");
}

fn is_time(name: &str) -> bool {
    TIMES.contains(&name)
}

/// Escapes text so that a parser reads it unchanged, including carriage returns, which parsers turn into
/// line feeds. Characters that XML 1.0 cannot contain become U+FFFD.
fn write_text(xml: &mut String, text: &str) {
    for letter in text.chars() {
        match letter {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\r' => xml.push_str("&#13;"),
            '\t' | '\n' => xml.push(letter),
            '\0'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => xml.push('\u{fffd}'),
            _ => xml.push(letter),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn shapes() {
        let mut xml = String::new();
        let value = json!({
            "List": [{"A": 1}, "x<&>\"\r\u{1}", true],
            "Empty": [],
            "None": null,
            "Text": "",
            "LastAuthenticated": "2026-09-11T15:26:19+00:00",
            "JobCreationDate": "2026-09-11T15:26:19.516000+00:00",
            "ServiceName": "2026-09-11T15:26:19+00:00",
        });
        write_element(&mut xml, "R", &value);
        for part in [
            "<List><member><A>1</A></member><member>x&lt;&amp;&gt;&quot;&#13;\u{fffd}</member>\
             <member>true</member></List>",
            "<Empty></Empty>",
            "<Text></Text>",
            "<LastAuthenticated>2026-09-11T15:26:19.000Z</LastAuthenticated>",
            "<JobCreationDate>2026-09-11T15:26:19.516Z</JobCreationDate>",
            "<ServiceName>2026-09-11T15:26:19+00:00</ServiceName>",
        ] {
            assert!(xml.contains(part), "{part} not in {xml}");
        }
        assert!(!xml.contains("None"));
    }
}
