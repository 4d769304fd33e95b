//! Packs new statements into policies within IAM's limits.

use std::borrow::Cow;

use hashbrown::HashSet;
use serde_json::{Map, Value, json};

use super::merging::{StatementJson, merged};

/// What is to be packed: the statements that take the place of policies.
#[derive(Clone, Debug)]
pub(super) struct Load<'a> {
    /// The policies whose place they take, as [`NewPolicy::replaces`](super::NewPolicy::replaces) has them.
    pub(super) replaces: Vec<String>,
    /// Everything of its document but the statements.
    pub(super) frame: &'a Map<String, Value>,
    pub(super) statements: Vec<Cow<'a, StatementJson>>,
}

/// A packed document.
#[derive(Debug)]
pub(super) struct Packed<'a> {
    pub(super) replaces: Vec<String>,
    frame: &'a Map<String, Value>,
    parts: Vec<Part<'a>>,
    sids: HashSet<&'a str>,
    /// The characters so far.
    length: usize,
}

/// A statement with all of its actions, or with some of its list.
#[derive(Clone, Copy, Debug)]
struct Part<'a> {
    statement: &'a StatementJson,
    actions: Option<&'a [Value]>,
    length: usize,
}

/// The length of JSON without white space between its parts, in characters. Counted without writing it: that was a seventh of the time
/// of right-sizing (bench `reports`).
pub(super) fn characters(value: &Value) -> usize {
    match value {
        Value::String(text) => string_characters(text),
        Value::Array(list) => list_characters(list),
        Value::Object(map) => map_characters(map),
        Value::Null | Value::Bool(true) => 4,
        Value::Bool(false) => 5,
        Value::Number(number) => number.to_string().len(),
    }
}

pub(super) fn map_characters(map: &Map<String, Value>) -> usize {
    let members = map.iter();
    let members = members.map(|(key, value)| string_characters(key) + 1 + characters(value));
    // Commas and brackets.
    members.sum::<usize>() + map.len().max(1) + 1
}

fn list_characters(list: &[Value]) -> usize {
    list.iter().map(characters).sum::<usize>() + list.len().max(1) + 1
}

fn string_characters(text: &str) -> usize {
    let of_byte = |byte: &u8| match byte {
        // A byte that continues a character.
        0x80..=0xbf => 0,
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..=0x1f => 6,
        _ => 1,
    };
    text.as_bytes().iter().map(of_byte).sum::<usize>() + 2
}

/// Packs a load into documents of at most `limit` characters, in the order of its statements.
pub(super) fn one_by_one<'a>(load: &'a Load<'a>, limit: usize) -> Vec<Packed<'a>> {
    let mut packed: Vec<Packed<'_>> = Vec::new();
    for statement in &load.statements {
        let part = Part::whole(statement);
        match packed.last_mut() {
            Some(last) if last.has_room(load, &part, limit) => last.push(load, part),
            _ => add_to_new(&mut packed, load, part, limit),
        }
    }
    packed
}

/// The statements of all loads, each a load by itself, those of one scope as one.
pub(super) fn merged_loads<'a>(loads: impl Iterator<Item = &'a Load<'a>>) -> Vec<Load<'a>> {
    let statements = loads.flat_map(|load| load.statements.iter().map(move |it| (load, &**it)));
    let statements: Vec<(&Load<'_>, &StatementJson)> = statements.collect();
    let merged = merged(statements.iter().map(|(load, it)| (load.frame, *it)));
    let loads = merged.into_iter().filter_map(|merged| {
        let of = || merged.of.iter().filter_map(|at| statements.get(*at));
        let (first, _) = of().next()?;
        let mut replaces: Vec<String> = of().flat_map(|(load, _)| load.replaces.clone()).collect();
        let mut seen = HashSet::new();
        replaces.retain(|key| seen.insert(key.clone()));
        Some(Load {
            replaces,
            frame: first.frame,
            statements: vec![merged.statement],
        })
    });
    loads.collect()
}

/// Packs all loads together into few documents: the longest statements first, each where it fits.
pub(super) fn together<'a>(loads: &'a [Load<'a>], limit: usize) -> Vec<Packed<'a>> {
    let mut parts: Vec<(&Load<'_>, Part<'_>)> = Vec::new();
    for load in loads {
        let of_load = load.statements.iter().map(|it| (load, Part::whole(it)));
        parts.extend(of_load);
    }
    parts.sort_by_key(|(_, part)| std::cmp::Reverse(part.length));
    let mut packed: Vec<Packed<'_>> = Vec::new();
    for (load, part) in parts {
        let mut with_room = packed.iter_mut();
        match with_room.find(|it| it.has_room(load, &part, limit)) {
            Some(found) => found.push(load, part),
            None => add_to_new(&mut packed, load, part, limit),
        }
    }
    packed
}

/// Adds a statement to new documents: to one, or split to as many as it needs.
fn add_to_new<'a>(packed: &mut Vec<Packed<'a>>, load: &Load<'a>, part: Part<'a>, limit: usize) {
    let empty = Packed::new(load).length;
    for part in split(part, limit.saturating_sub(empty)) {
        let mut new = Packed::new(load);
        new.push(load, part);
        packed.push(new);
    }
}

impl<'a> Packed<'a> {
    fn new(load: &Load<'a>) -> Self {
        let mut packed = Self {
            replaces: Vec::new(),
            frame: load.frame,
            parts: Vec::new(),
            sids: HashSet::new(),
            length: 0,
        };
        packed.length = characters(&packed.document());
        packed
    }

    /// Whether a statement can be added: the document has the same version and id, no statement with this `Sid`, and room.
    fn has_room(&self, load: &Load<'_>, part: &Part<'_>, limit: usize) -> bool {
        let has_sid = part.sid().is_some_and(|sid| self.sids.contains(sid));
        self.length + 1 + part.length <= limit && !has_sid && self.frame == load.frame
    }

    fn push(&mut self, load: &Load<'_>, part: Part<'a>) {
        for replaced in &load.replaces {
            if !self.replaces.contains(replaced) {
                self.replaces.push(replaced.clone());
            }
        }
        self.length += part.length + usize::from(!self.parts.is_empty());
        self.sids.extend(part.sid());
        self.parts.push(part);
    }

    /// The document.
    pub(super) fn document(&self) -> Value {
        let mut document = self.frame.clone();
        let statements = self.parts.iter().map(|part| Value::Object(part.json()));
        document.insert("Statement".to_owned(), statements.collect());
        Value::Object(document)
    }
}

impl<'a> Part<'a> {
    fn whole(statement: &'a StatementJson) -> Self {
        Self {
            statement,
            actions: None,
            length: map_characters(statement),
        }
    }

    fn sid(&self) -> Option<&'a str> {
        self.statement.get("Sid")?.as_str()
    }

    fn json(&self) -> StatementJson {
        let Some(actions) = self.actions else {
            return self.statement.clone();
        };
        let elements = self.statement.iter().map(|(key, value)| {
            let value = match key.as_str() {
                "Action" => json!(actions),
                _ => value.clone(),
            };
            (key.clone(), value)
        });
        elements.collect()
    }
}

/// Splits a statement by its actions into statements of at most `limit` characters, all with its other elements. One that has no
/// list of actions, or whose other elements are too long, stays whole.
fn split(whole: Part<'_>, limit: usize) -> Vec<Part<'_>> {
    let actions = match whole.statement.get("Action") {
        Some(Value::Array(actions)) if whole.length > limit => actions,
        _ => return vec![whole],
    };
    // What commas and brackets take is in the length of the list.
    let frame = whole.length + "[]".len() - list_characters(actions);
    let mut parts = Vec::new();
    let (mut start, mut length) = (0, frame);
    for (end, action) in actions.iter().enumerate() {
        let needed = characters(action);
        let comma = usize::from(end > start);
        if end > start && length + comma + needed > limit {
            parts.push((start..end, length));
            (start, length) = (end, frame + needed);
        } else {
            length += comma + needed;
        }
    }
    parts.push((start..actions.len(), length));
    let parts = parts.into_iter().map(|(range, length)| Part {
        actions: actions.get(range),
        length,
        ..whole
    });
    parts.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn statement(sid: Option<&str>, actions: usize) -> StatementJson {
        let actions: Vec<String> = (0..actions).map(|n| format!("s3:Action{n}")).collect();
        let mut value = json!({"Effect": "Allow", "Action": actions, "Resource": "*"});
        if let Some(sid) = sid {
            value["Sid"] = sid.into();
        }
        match value {
            Value::Object(map) => map,
            _ => panic!("an object"),
        }
    }

    fn actions(documents: &[Value]) -> Vec<String> {
        let statements = documents
            .iter()
            .flat_map(|it| it["Statement"].as_array().unwrap());
        let actions = statements.flat_map(|it| it["Action"].as_array().unwrap());
        let mut actions: Vec<String> = actions.map(|it| it.as_str().unwrap().to_owned()).collect();
        actions.sort();
        actions
    }

    #[test]
    fn documents_stay_within_the_limit_and_lose_nothing() {
        let Value::Object(frame) = json!({"Version": "2012-10-17", "Id": "é"}) else {
            panic!("an object");
        };
        let statements = [
            statement(Some("One"), 40),
            statement(None, 3),
            statement(Some("One"), 1),
            statement(Some("Two"), 90),
        ];
        for limit in [150, 200, 333, 1_000, 6_144] {
            let loads = [("a", &statements[..2]), ("b", &statements[2..])];
            let loads = loads.map(|(replaces, statements)| Load {
                replaces: vec![replaces.to_owned()],
                frame: &frame,
                statements: statements.iter().map(Cow::Borrowed).collect(),
            });
            let all = loads.iter().flat_map(|load| one_by_one(load, limit));
            let all: Vec<Packed<'_>> = all.collect();
            let few = together(&loads, limit);
            assert!(few.len() <= all.len(), "{limit}");
            for packed in [&all, &few] {
                let documents: Vec<Value> = packed.iter().map(Packed::document).collect();
                assert_eq!(actions(&documents).len(), 134, "{limit}");
                for (document, packed) in documents.iter().zip(packed) {
                    assert_eq!(characters(document), document.to_string().chars().count());
                    assert_eq!(characters(document), packed.length);
                    assert!(packed.length <= limit, "{limit}: {document:?}");
                    let statements = document["Statement"].as_array().unwrap();
                    let sids: Vec<_> = statements.iter().filter_map(|it| it.get("Sid")).collect();
                    let different: HashSet<String> = sids.iter().map(ToString::to_string).collect();
                    assert_eq!(different.len(), sids.len(), "{document:?}");
                }
            }
        }
    }

    #[test]
    fn characters_are_those_of_the_text() {
        let value = json!({
            "": [], "a\"\\\u{8}\u{c}\n\r\t\u{1f}": {}, "é\u{1f600}": [null, true, false, -12, 1.5e300],
            "x": {"y": ["z", {"w": "\u{7f}"}]},
        });
        assert_eq!(characters(&value), value.to_string().chars().count());
    }

    #[test]
    fn what_cannot_be_split_stays_whole() {
        let is_whole = |statement: &StatementJson| {
            let parts = split(Part::whole(statement), 10);
            parts.len() == 1 && parts[0].json() == *statement
        };
        let mut one = statement(None, 1);
        assert!(is_whole(&one));
        one.insert("Action".to_owned(), json!("s3:*"));
        assert!(is_whole(&one));
    }
}
