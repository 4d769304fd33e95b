//! Writes answers of lists entity by entity, as XML or as JSON.

use std::fmt;

use serde_json::Value;

use super::xml;
use crate::operations::answer::EntityLists;

/// How an answer is written.
#[derive(Debug)]
pub(crate) enum ListsFormat {
    /// For clients of the Query protocol.
    Xml {
        operation: &'static str,
        request_id: String,
    },
    /// For the web pages.
    Json,
}

/// An answer of lists that is being written.
pub(crate) struct ListsText {
    format: ListsFormat,
    lists: EntityLists,
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

impl ListsText {
    pub(crate) fn new(format: ListsFormat, lists: EntityLists) -> Self {
        Self {
            format,
            lists,
            part: Part::Begin,
        }
    }

    pub(crate) fn is_done(&self) -> bool {
        matches!(self.part, Part::Done)
    }

    /// Writes the next part, at most one entity. Returns whether there was one.
    pub(crate) fn write_next(&mut self, text: &mut String) -> serde_json::Result<bool> {
        let (list, member) = match self.part {
            Part::Begin => {
                self.format.begin(text);
                self.part = Part::Member(0, 0);
                return Ok(true);
            }
            Part::Member(list, member) => (list, member),
            Part::Done => return Ok(false),
        };
        let Some((name, entities)) = self.lists.lists.get(list) else {
            self.format.end(text, self.lists.next.as_deref());
            self.part = Part::Done;
            return Ok(true);
        };
        if member == 0 {
            self.format.begin_list(text, name);
        }
        if let Some(entity) = entities.get(member) {
            let value = self.lists.read(*entity)?;
            self.format.entity(text, member == 0, &value);
            self.part = Part::Member(list, member + 1);
        } else {
            self.format.end_list(text, name);
            self.part = Part::Member(list + 1, 0);
        }
        Ok(true)
    }
}

impl ListsFormat {
    fn begin(&self, text: &mut String) {
        match self {
            Self::Xml { operation, .. } => {
                text.push_str(&format!("{}<{operation}Result>", xml::begin(operation)));
            }
            Self::Json => text.push('{'),
        }
    }

    fn begin_list(&self, text: &mut String, name: &str) {
        text.push_str(&match self {
            Self::Xml { .. } => format!("<{name}>"),
            Self::Json => format!("\"{name}\":["),
        });
    }

    fn entity(&self, text: &mut String, is_first: bool, entity: &Value) {
        match self {
            Self::Xml { .. } => xml::write_element(text, "member", entity),
            Self::Json => {
                if !is_first {
                    text.push(',');
                }
                text.push_str(&entity.to_string());
            }
        }
    }

    fn end_list(&self, text: &mut String, name: &str) {
        match self {
            Self::Xml { .. } => text.push_str(&format!("</{name}>")),
            Self::Json => text.push_str("],"),
        }
    }

    /// `next` is the marker of the next page.
    fn end(&self, text: &mut String, next: Option<&str>) {
        let is_truncated = next.is_some();
        match self {
            Self::Xml {
                operation,
                request_id,
            } => {
                xml::write_element(text, "IsTruncated", &Value::Bool(is_truncated));
                xml::write_element(text, "Marker", &Value::from(next));
                text.push_str(&format!("</{operation}Result>"));
                text.push_str(&xml::end(operation, request_id));
            }
            Self::Json => {
                text.push_str(&format!("\"IsTruncated\":{is_truncated}"));
                if let Some(next) = next {
                    text.push_str(&format!(",\"Marker\":{}", Value::from(next)));
                }
                text.push('}');
            }
        }
    }
}

impl fmt::Debug for ListsText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListsText")
            .field("format", &self.format)
            .field("part", &self.part)
            .finish_non_exhaustive()
    }
}
