//! Writes the actions that a policy grants in few characters, for `benches/shrink/compare.mjs`.
//!
//! `shrink POLICY.json` prints a line of JSON: the actions by name, the characters of the list with safe wildcards, as they stand in a
//! policy that granted all actions of their services, and the milliseconds that it took.

use std::error::Error;
use std::time::Instant;

use advisor_core::{Wildcards, shortest_actions};
use iam_policy_parser::{ActionElement, PolicyDocument};
use serde_json::json;
use service_catalog::{ActionId, Catalog};

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("usage: shrink POLICY.json")?;
    let document = PolicyDocument::parse(&std::fs::read_to_string(path)?)?;
    let catalog = Catalog::embedded();
    let patterns = document
        .statements
        .iter()
        .flat_map(|statement| match &statement.actions {
            ActionElement::Action(patterns) => patterns.as_slice(),
            ActionElement::NotAction(_) => &[],
        });
    let patterns: Vec<_> = patterns.collect();
    let name = |id: ActionId| {
        let action = catalog.action(id);
        (catalog.service(action.service()).namespace(), action.name())
    };
    let actions: Vec<ActionId> = (catalog.actions())
        .map(|(id, _)| id)
        .filter(|id| {
            let (namespace, name) = name(*id);
            patterns
                .iter()
                .any(|pattern| pattern.matches(namespace, name))
        })
        .collect();
    let everything = ActionElement::Action(vec!["*".parse()?]);
    let start = Instant::now();
    let list = shortest_actions(catalog, &actions, &everything, Wildcards::Safe);
    let millis = start.elapsed().as_secs_f64() * 1_000.0;
    let all: Vec<String> = (catalog.actions())
        .map(|(id, _)| name(id))
        .map(|(namespace, name)| format!("{namespace}:{name}"))
        .collect();
    let named = actions.iter().map(|id| name(*id));
    let named: Vec<String> = named
        .map(|(namespace, name)| format!("{namespace}:{name}"))
        .collect();
    let characters: usize = list.iter().map(|text| text.len() + 3).sum();
    let answer = json!({
        "catalog": all, "actions": named, "patterns": list.len(), "characters": characters,
        "milliseconds": millis,
    });
    println!("{answer}");
    Ok(())
}
