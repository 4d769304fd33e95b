//! Right-sized policies as the page shows them.

use advisor_core::Rightsized;
use serde_json::{Map, Value};

/// Of a statement, further removed actions are counted: their names stand in the services of the report.
const MOST_REMOVED: usize = 50;

/// As `access-advisor rightsize` prints it, without long lists of removed actions.
pub(crate) fn rightsized_json(rightsized: &Rightsized) -> serde_json::Result<Value> {
    let mut json = serde_json::to_value(rightsized)?;
    let policies = json.get_mut("Policies").and_then(Value::as_array_mut);
    let statements = policies
        .into_iter()
        .flatten()
        .filter_map(|policy| policy.get_mut("Statements")?.as_array_mut());
    for statement in statements.flatten().filter_map(Value::as_object_mut) {
        shorten(statement, "RemovedActions", "MoreRemovedActions");
        shorten(statement, "RemovedServices", "MoreRemovedServices");
    }
    Ok(json)
}

/// Cuts a list, and adds how many members were cut.
fn shorten(statement: &mut Map<String, Value>, list: &str, more: &str) {
    let Some(members) = statement.get_mut(list).and_then(Value::as_array_mut) else {
        return;
    };
    let cut = members.len().saturating_sub(MOST_REMOVED);
    if cut > 0 {
        members.truncate(MOST_REMOVED);
        statement.insert(more.to_owned(), cut.into());
    }
}
