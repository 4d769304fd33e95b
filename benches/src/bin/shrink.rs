//! Writes the actions that a policy grants in few characters, for `benches/shrink/compare.mjs`.
//!
//! `shrink POLICY.json` prints a line of JSON: the actions of the catalog, those of the policy, and lists of patterns that match them, with
//! their characters and the milliseconds that they took:
//!
//! - the shortest with safe wildcards, where the old policy granted all actions of their services;
//! - the shortest with safe wildcards, where this is the old policy;
//! - the policy's own list;
//! - of that list, the names that none of its wildcards matches. Whatever grants the same and nothing that the policy does not grant,
//!   today or later, has each of them.

use std::error::Error;
use std::time::Instant;

use advisor_core::{Wildcards, shortest_actions};
use iam_policy_parser::{ActionElement, ActionPattern, PolicyDocument};
use serde_json::{Value, json};
use service_catalog::{ActionId, Catalog};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: shrink POLICY.json")?;
    let document = PolicyDocument::parse(&std::fs::read_to_string(path)?)?;
    let catalog = Catalog::embedded();
    let mut patterns: Vec<ActionPattern> = Vec::new();
    for statement in &document.statements {
        if let ActionElement::Action(of_statement) = &statement.actions {
            patterns.extend(of_statement.iter().cloned());
        }
    }
    let name = |id: ActionId| {
        let action = catalog.action(id);
        (catalog.service(action.service()).namespace(), action.name())
    };
    let is_granted = |id: &ActionId| {
        let (namespace, name) = name(*id);
        patterns.iter().any(|it| it.matches(namespace, name))
    };
    let all = || catalog.actions().map(|(id, _)| id);
    let actions: Vec<ActionId> = all().filter(is_granted).collect();
    let text = |id: ActionId| {
        let (namespace, name) = name(id);
        format!("{namespace}:{name}")
    };

    let own: Vec<String> = patterns.iter().map(|it| it.as_str().to_owned()).collect();
    let (wildcards, names): (Vec<&ActionPattern>, Vec<_>) = patterns
        .iter()
        .partition(|it| it.name().as_literal().is_none());
    let needed = names.into_iter().filter(|name| {
        let (service, literal) = (name.service(), name.name().as_literal());
        let (Some(service), Some(literal)) = (service, literal) else {
            return true;
        };
        !wildcards.iter().any(|it| it.matches(service, &literal))
    });
    let needed: Vec<String> = needed.map(|it| it.as_str().to_owned()).collect();
    let everything = ActionElement::Action(vec!["*".parse()?]);
    let this = ActionElement::Action(patterns.clone());
    let shortest = |old| shortest_actions(catalog, &actions, old, Wildcards::Safe);
    let answer = json!({
        "catalog": all().map(text).collect::<Vec<_>>(),
        "actions": actions.iter().map(|id| text(*id)).collect::<Vec<_>>(),
        "results": [
            result("safe wildcards, all of the services granted", || shortest(&everything)),
            result("safe wildcards, the policy granted", || shortest(&this)),
            result("the policy", || own),
            result("names that no wildcard of the policy matches", || needed),
        ],
    });
    println!("{answer}");
    Ok(())
}

/// The length of a list as JSON, and the time that it took.
fn result(name: &str, make: impl FnOnce() -> Vec<String>) -> Value {
    let start = Instant::now();
    let list = make();
    let millis = start.elapsed().as_secs_f64() * 1_000.0;
    let characters: usize = list.iter().map(|text| text.len() + 3).sum();
    json!({"name": name, "patterns": list.len(), "characters": characters, "milliseconds": millis})
}
