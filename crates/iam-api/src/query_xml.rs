//! JSON as the AWS CLI prints it, turned into the XML of the Query protocol.

use std::fmt::Write as _;

use advisor_core::time;
use serde_json::Value;

/// The XML namespace of answers, and the API version in it.
pub(crate) const NAMESPACE: &str = "https://iam.amazonaws.com/doc/2010-05-08/";

/// The members that are times, in the answers of the operations there are. Source: botocore's
/// `iam/2010-05-08/service-2.json`; no member of these names is anything else.
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

/// Writes `<name>value</name>`: an object's members as elements of their names, a list's as
/// `<member>`, nothing for null.
pub(crate) fn write_element(xml: &mut String, name: &str, value: &Value) {
    if value.is_null() {
        return;
    }
    // Writing to a String does not fail.
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

/// Writes text so that a parser reads the same: a carriage return would become a line feed. What
/// XML 1.0 cannot hold becomes U+FFFD.
pub(crate) fn write_text(xml: &mut String, text: &str) {
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
