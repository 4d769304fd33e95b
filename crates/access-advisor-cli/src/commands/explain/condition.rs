//! Conditions of statements for people: one line per key.

use access_advisor::policy::Condition;
use access_advisor::serde_json::Value;

/// `StringEquals aws:RequestedRegion: eu-west-1, eu-west-2`, for each operator and key.
pub(super) fn lines(condition: &Condition) -> Vec<String> {
    let mut lines = Vec::new();
    for (operator, keys) in condition {
        match keys {
            Value::Object(keys) => {
                let of_key = |(key, value): (&String, &Value)| {
                    format!("{operator} {key}: {}", values(value))
                };
                lines.extend(keys.iter().map(of_key));
            }
            other => lines.push(format!("{operator}: {}", values(other))),
        }
    }
    lines
}

fn values(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(all) => all.iter().map(values).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}
