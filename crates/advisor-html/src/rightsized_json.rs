//! Right-sized policies as the page shows them.

use advisor_core::Rightsized;
use serde_json::{Map, Value};

/// Of a statement, further removed actions are counted: their names stand in the services of the report.
const MOST_REMOVED: usize = 5;
/// The members that the page shows.
const SHOWN: [&str; 10] = [
    "Refused",
    "Advice",
    "Kept",
    "RemovedActions",
    "RemovedPrivileges",
    "RemovedWrites",
    "PermissionsBoundary",
    "Policies",
    "NewPolicies",
    "Proof",
];
/// Those of a policy of today.
const SHOWN_OF_POLICY: [&str; 6] = [
    "PolicyName",
    "PolicyType",
    "Changes",
    "LeftUnattached",
    "NotEvaluated",
    "Statements",
];

/// As `access-advisor rightsize` prints it, without what the page does not show, and without today's statements, which stand in
/// the documents of the policies: `Old` says that there is one. So thousands of them fit into a file.
pub(crate) fn rightsized_json(rightsized: &Rightsized) -> serde_json::Result<Value> {
    let mut json = serde_json::to_value(rightsized)?;
    if let Some(members) = json.as_object_mut() {
        members.retain(|name, _| SHOWN.contains(&name.as_str()));
        flag(members, "Proof");
    }
    let policies = json.get_mut("Policies").and_then(Value::as_array_mut);
    let policies = policies.into_iter().flatten();
    for policy in policies.filter_map(Value::as_object_mut) {
        policy.retain(|name, _| SHOWN_OF_POLICY.contains(&name.as_str()));
        let statements = policy.get_mut("Statements").and_then(Value::as_array_mut);
        let statements = statements.into_iter().flatten();
        for statement in statements.filter_map(Value::as_object_mut) {
            flag(statement, "Old");
            shorten(statement, "RemovedActions", "MoreRemovedActions");
            shorten(statement, "RemovedServices", "MoreRemovedServices");
        }
    }
    Ok(json)
}

/// Keeps only that a member is there.
fn flag(object: &mut Map<String, Value>, name: &str) {
    if let Some(value) = object.get_mut(name) {
        *value = true.into();
    }
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
