//! Packs new statements into policies within IAM's limits.

use hashbrown::HashSet;
use serde_json::{Map, Value, json};

/// A statement, as JSON.
pub(super) type StatementJson = Map<String, Value>;

/// What is to be packed: the statements that take the place of a policy.
#[derive(Clone, Debug)]
pub(super) struct Load {
    /// The policy whose place they take, as [`NewPolicy::replaces`](super::NewPolicy::replaces) has it.
    pub(super) replaces: String,
    /// Everything of its document but the statements.
    pub(super) frame: Map<String, Value>,
    pub(super) statements: Vec<StatementJson>,
}

/// A packed document.
#[derive(Clone, Debug)]
pub(super) struct Packed {
    pub(super) replaces: Vec<String>,
    pub(super) document: Value,
}

/// The length of a document without white space between its parts.
pub(super) fn characters(document: &Value) -> usize {
    document.to_string().chars().count()
}

/// Packs each load into documents of its own, of at most `limit` characters.
pub(super) fn one_by_one(loads: &[Load], limit: usize) -> Vec<Packed> {
    let mut packed = Vec::new();
    for load in loads {
        let mut bins = Bins::new(limit);
        for statement in &load.statements {
            bins.add_in_order(load, statement);
        }
        packed.extend(bins.finish());
    }
    packed
}

/// Packs all loads together into few documents: the longest statements first, each where it fits.
pub(super) fn together(loads: &[Load], limit: usize) -> Vec<Packed> {
    let mut statements: Vec<(usize, &Load, &StatementJson)> = loads
        .iter()
        .flat_map(|load| load.statements.iter().map(move |it| (length(it), load, it)))
        .collect();
    statements.sort_by_key(|(length, _, _)| std::cmp::Reverse(*length));
    let mut bins = Bins::new(limit);
    for (_, load, statement) in statements {
        bins.add_where_it_fits(load, statement);
    }
    bins.finish()
}

/// Documents that are being filled.
struct Bins {
    limit: usize,
    bins: Vec<Bin>,
}

struct Bin {
    frame: Map<String, Value>,
    replaces: Vec<String>,
    statements: Vec<StatementJson>,
    sids: HashSet<String>,
    /// The characters so far.
    length: usize,
}

impl Bins {
    fn new(limit: usize) -> Self {
        Self {
            limit,
            bins: Vec::new(),
        }
    }

    /// Adds a statement to the last document, or to a new one.
    fn add_in_order(&mut self, load: &Load, statement: &StatementJson) {
        let limit = self.limit;
        let last = self.bins.last_mut();
        if let Some(bin) = last.filter(|bin| bin.has_room(load, statement, limit)) {
            return bin.push(load, statement.clone());
        }
        self.add_to_new(load, statement);
    }

    /// Adds a statement to the first document where it fits, or to a new one.
    fn add_where_it_fits(&mut self, load: &Load, statement: &StatementJson) {
        let limit = self.limit;
        let mut bins = self.bins.iter_mut();
        if let Some(bin) = bins.find(|bin| bin.has_room(load, statement, limit)) {
            return bin.push(load, statement.clone());
        }
        self.add_to_new(load, statement);
    }

    fn add_to_new(&mut self, load: &Load, statement: &StatementJson) {
        let room = self.limit.saturating_sub(Bin::new(load).length);
        for part in split(statement, room) {
            let mut bin = Bin::new(load);
            bin.push(load, part);
            self.bins.push(bin);
        }
    }

    fn finish(self) -> Vec<Packed> {
        let packed = self.bins.into_iter().map(|bin| {
            let mut document = bin.frame;
            let statements = bin.statements.into_iter().map(Value::Object).collect();
            document.insert("Statement".to_owned(), Value::Array(statements));
            Packed {
                replaces: bin.replaces,
                document: Value::Object(document),
            }
        });
        packed.collect()
    }
}

impl Bin {
    fn new(load: &Load) -> Self {
        let mut empty = load.frame.clone();
        empty.insert("Statement".to_owned(), json!([]));
        Self {
            frame: load.frame.clone(),
            replaces: Vec::new(),
            statements: Vec::new(),
            sids: HashSet::new(),
            length: characters(&Value::Object(empty)),
        }
    }

    /// Whether a statement can be added: the document has the same version and id, no statement with this `Sid`, and room.
    fn has_room(&self, load: &Load, statement: &StatementJson, limit: usize) -> bool {
        let has_sid = sid(statement).is_some_and(|sid| self.sids.contains(sid));
        self.frame == load.frame && !has_sid && self.length + 1 + length(statement) <= limit
    }

    fn push(&mut self, load: &Load, statement: StatementJson) {
        if !self.replaces.contains(&load.replaces) {
            self.replaces.push(load.replaces.clone());
        }
        self.length += length(&statement) + usize::from(!self.statements.is_empty());
        self.sids.extend(sid(&statement).map(str::to_owned));
        self.statements.push(statement);
    }
}

fn sid(statement: &StatementJson) -> Option<&str> {
    statement.get("Sid")?.as_str()
}

fn length(statement: &StatementJson) -> usize {
    serde_json::to_string(statement).map_or(0, |text| text.chars().count())
}

/// Splits a statement by its actions into statements of at most `limit` characters, all with its other elements. One that has no
/// list of actions, or whose other elements are too long, stays whole.
fn split(statement: &StatementJson, limit: usize) -> Vec<StatementJson> {
    let whole = || vec![statement.clone()];
    if length(statement) <= limit {
        return whole();
    }
    let Some(Value::Array(actions)) = statement.get("Action") else {
        return whole();
    };
    let with = |actions: Vec<Value>| {
        let mut part = statement.clone();
        part.insert("Action".to_owned(), Value::Array(actions));
        part
    };
    let frame = length(&with(Vec::new()));
    let mut parts: Vec<Vec<Value>> = vec![Vec::new()];
    let mut used = frame;
    for action in actions {
        let needed = action.to_string().chars().count() + 1;
        let is_first = parts.last().is_none_or(Vec::is_empty);
        if !is_first && used + needed > limit + 1 {
            parts.push(Vec::new());
            used = frame;
        }
        used += needed;
        if let Some(part) = parts.last_mut() {
            part.push(action.clone());
        }
    }
    parts.into_iter().map(with).collect()
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

    fn load(replaces: &str, statements: Vec<StatementJson>) -> Load {
        let Value::Object(frame) = json!({"Version": "2012-10-17"}) else {
            panic!("an object");
        };
        Load {
            replaces: replaces.to_owned(),
            frame,
            statements,
        }
    }

    fn actions(packed: &[Packed]) -> Vec<String> {
        let statements = packed
            .iter()
            .flat_map(|it| it.document["Statement"].as_array().unwrap());
        let actions = statements.flat_map(|it| it["Action"].as_array().unwrap());
        let mut actions: Vec<String> = actions.map(|it| it.as_str().unwrap().to_owned()).collect();
        actions.sort();
        actions
    }

    #[test]
    fn documents_stay_within_the_limit_and_lose_nothing() {
        for limit in [150, 200, 333, 1_000, 6_144] {
            let loads = [
                load("a", vec![statement(Some("One"), 40), statement(None, 3)]),
                load(
                    "b",
                    vec![statement(Some("One"), 1), statement(Some("Two"), 90)],
                ),
            ];
            let all: Vec<Packed> = one_by_one(&loads, limit);
            let few = together(&loads, limit);
            assert!(few.len() <= all.len(), "{limit}");
            for packed in [&all, &few] {
                assert_eq!(actions(packed).len(), 134, "{limit}");
                for document in packed {
                    assert!(
                        characters(&document.document) <= limit,
                        "{limit}: {document:?}"
                    );
                    let statements = document.document["Statement"].as_array().unwrap();
                    let sids: Vec<_> = statements.iter().filter_map(|it| it.get("Sid")).collect();
                    let different: HashSet<String> = sids.iter().map(ToString::to_string).collect();
                    assert_eq!(different.len(), sids.len(), "{document:?}");
                }
            }
        }
    }

    #[test]
    fn what_cannot_be_split_stays_whole() {
        let long = statement(None, 1);
        assert_eq!(split(&long, 10), vec![long.clone()]);
        let mut one = long;
        one.insert("Action".to_owned(), json!("s3:*"));
        assert_eq!(split(&one, 10), vec![one.clone()]);
    }
}
