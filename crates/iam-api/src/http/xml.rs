//! Writes answers in the XML of the Query protocol, from JSON as the AWS CLI prints it.

use std::fmt::{self, Write as _};

use advisor_core::time;
use serde_json::Value;

use crate::error::ApiError;
use crate::operations::answer::EntityLists;

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

fn begin(operation: &str) -> String {
    format!("<{operation}Response xmlns=\"{NAMESPACE}\">")
}

fn end(operation: &str, id: &str) -> String {
    format!(
        "<ResponseMetadata><RequestId>{id}</RequestId></ResponseMetadata></{operation}Response>"
    )
}

/// Writes an answer of lists, entity by entity.
pub(crate) struct ListsXml {
    operation: &'static str,
    lists: EntityLists,
    id: String,
    part: Part,
}

/// What of an answer is written next.
#[derive(Clone, Copy, Debug)]
enum Part {
    Begin,
    /// The entity with this index in the list with that index.
    Member(usize, usize),
    Done,
}

impl ListsXml {
    pub(crate) fn new(operation: &'static str, lists: EntityLists, id: &str) -> Self {
        Self {
            operation,
            lists,
            id: id.to_owned(),
            part: Part::Begin,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.part, Part::Done)
    }

    /// Writes the next part, at most one entity. Returns whether there was one.
    pub(crate) fn write_next(&mut self, xml: &mut String) -> serde_json::Result<bool> {
        let operation = self.operation;
        let (list, member) = match self.part {
            Part::Begin => {
                xml.push_str(&format!("{}<{operation}Result>", begin(operation)));
                self.part = Part::Member(0, 0);
                return Ok(true);
            }
            Part::Member(list, member) => (list, member),
            Part::Done => return Ok(false),
        };
        let Some((name, entities)) = self.lists.lists.get(list) else {
            let next = self.lists.next.as_deref();
            write_element(xml, "IsTruncated", &Value::Bool(next.is_some()));
            write_element(xml, "Marker", &Value::from(next));
            xml.push_str(&format!("</{operation}Result>{}", end(operation, &self.id)));
            self.part = Part::Done;
            return Ok(true);
        };
        if member == 0 {
            xml.push_str(&format!("<{name}>"));
        }
        if let Some(entity) = entities.get(member) {
            write_element(xml, "member", &self.lists.read(*entity)?);
            self.part = Part::Member(list, member + 1);
        } else {
            xml.push_str(&format!("</{name}>"));
            self.part = Part::Member(list + 1, 0);
        }
        Ok(true)
    }
}

impl fmt::Debug for ListsXml {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListsXml")
            .field("operation", &self.operation)
            .field("part", &self.part)
            .finish_non_exhaustive()
    }
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
fn write_element(xml: &mut String, name: &str, value: &Value) {
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
