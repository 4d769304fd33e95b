//! Statements of one scope, written as one.
//!
//! Allows with the same elements but their actions grant the same as one of them with the actions of all. A statement with a `Sid` stays
//! by itself: the name says what it is for.

use std::borrow::Cow;

use hashbrown::{HashMap, HashSet};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

/// A statement, as JSON.
pub(super) type StatementJson = Map<String, Value>;

/// A statement that takes the place of one or more.
#[derive(Debug)]
pub(super) struct Merged<'a> {
    pub(super) statement: Cow<'a, StatementJson>,
    /// The positions of those whose place it takes.
    pub(super) of: Vec<usize>,
}

/// Writes statements of one scope as one, in the place of the first. Each stands in a document with a frame: everything but the
/// statements. Only those of equal frames are written as one.
pub(super) fn merged<'a>(
    statements: impl Iterator<Item = (&'a Map<String, Value>, &'a StatementJson)>,
) -> Vec<Merged<'a>> {
    let mut groups: Vec<Vec<(usize, &StatementJson)>> = Vec::new();
    let mut by_scope: HashMap<String, usize> = HashMap::new();
    for (position, (frame, statement)) in statements.enumerate() {
        let next = groups.len();
        let at = match scope(frame, statement) {
            Some(scope) => *by_scope.entry(scope).or_insert(next),
            None => next,
        };
        match groups.get_mut(at) {
            Some(group) => group.push((position, statement)),
            None => groups.push(vec![(position, statement)]),
        }
    }
    let merged = groups.into_iter().filter_map(|group| {
        let (_, first) = group.first()?;
        let statement = match &*group {
            [_] => Cow::Borrowed(*first),
            _ => Cow::Owned(one_of(first, group.iter().map(|(_, it)| *it))),
        };
        let of = group.into_iter().map(|(position, _)| position).collect();
        Some(Merged { statement, of })
    });
    merged.collect()
}

/// What statements that can be written as one have in common; `None` for one that stays by itself.
fn scope(frame: &Map<String, Value>, statement: &StatementJson) -> Option<String> {
    let is_allow = statement.get("Effect").and_then(Value::as_str) == Some("Allow");
    let stays = statement.contains_key("Sid") || !statement.contains_key("Action");
    if !is_allow || stays {
        return None;
    }
    serde_json::to_string(&(frame, WithoutActions(statement))).ok()
}

/// A statement but its actions.
struct WithoutActions<'a>(&'a StatementJson);

impl Serialize for WithoutActions<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let elements = self.0.iter();
        serializer.collect_map(elements.filter(|(key, _)| *key != "Action"))
    }
}

/// A statement with the actions of all.
fn one_of<'a>(
    first: &StatementJson,
    all: impl Iterator<Item = &'a StatementJson>,
) -> StatementJson {
    let mut seen = HashSet::new();
    let all = all.filter_map(|statement| statement.get("Action"));
    let mut list: Vec<Value> = all.flat_map(actions).cloned().collect();
    list.retain(|action| seen.insert(action.as_str().map(str::to_ascii_lowercase)));
    let mut one = first.clone();
    one.insert("Action".to_owned(), Value::Array(list));
    one
}

/// One action or a list of them.
fn actions(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(list) => list.iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> StatementJson {
        match value {
            Value::Object(map) => map,
            _ => panic!("an object"),
        }
    }

    #[test]
    fn allows_without_sid_that_differ_in_their_actions_are_one() {
        let frame = map(json!({"Version": "2012-10-17"}));
        let other_frame = map(json!({"Version": "2008-10-17"}));
        let allow =
            |actions: Value| map(json!({"Effect": "Allow", "Action": actions, "Resource": "*"}));
        let with = |key: &str, value: Value| {
            let mut statement = allow(json!("sns:Publish"));
            statement.insert(key.to_owned(), value);
            statement
        };
        let alone = [
            with("Sid", json!("One")),
            with("Effect", json!("Deny")),
            with("Resource", json!("arn:aws:sns:*:*:a")),
            with("Condition", json!({"Bool": {"x": "true"}})),
            map(json!({"Effect": "Allow", "NotAction": "sns:*", "Resource": "*"})),
        ];
        let first = allow(json!("sqs:GetQueueUrl"));
        let second = allow(json!(["SQS:getqueueurl", "sqs:ListQueues"]));
        let all = [&first].into_iter().chain(&alone).chain([&second]);
        let all = all.map(|statement| (&frame, statement));
        let merged = merged(all.chain([(&other_frame, &first)]));
        assert_eq!(
            *merged[0].statement,
            allow(json!(["sqs:GetQueueUrl", "sqs:ListQueues"]))
        );
        assert_eq!(merged[0].of, [0, 6]);
        for (index, statement) in alone.iter().enumerate() {
            assert_eq!(&*merged[index + 1].statement, statement);
        }
        assert_eq!((merged.len(), &merged[6].of), (7, &vec![7]));
    }
}
