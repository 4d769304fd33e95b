//! A plain evaluator of identity-based policies, written for these tests from the IAM User Guide ("Policy evaluation logic", "IAM JSON
//! policy elements"). It shares nothing with the crate.

use serde_json::Value;

/// Policies, evaluated for some actions and resources.
pub(crate) struct Evaluated(Vec<Statement>);

struct Statement {
    is_deny: bool,
    /// By action, and by resource: whether the statement has it.
    actions: Vec<bool>,
    resources: Vec<bool>,
    condition: Option<Value>,
}

impl Evaluated {
    pub(crate) fn new(policies: &[&Value], actions: &[&str], resources: &[&str]) -> Self {
        let actions: Vec<String> = actions.iter().map(|it| it.to_lowercase()).collect();
        let statements = policies
            .iter()
            .flat_map(|policy| many(&policy["Statement"]));
        let evaluated = statements.map(|statement| {
            let lists = |name: &str, texts: &[&str], is_lower: bool| {
                let (list, is_negated) = match statement.get(name) {
                    Some(list) => (list, false),
                    None => (&statement[format!("Not{name}")], true),
                };
                let patterns = many(list).map(|it| it.as_str().unwrap());
                let patterns: Vec<String> = patterns
                    .map(|it| {
                        if is_lower {
                            it.to_lowercase()
                        } else {
                            it.to_owned()
                        }
                    })
                    .collect();
                let has = |text: &&str| {
                    let mut patterns = patterns.iter();
                    patterns.any(|it| glob(it.as_bytes(), text.as_bytes())) != is_negated
                };
                texts.iter().map(has).collect()
            };
            let lower: Vec<&str> = actions.iter().map(String::as_str).collect();
            Statement {
                is_deny: statement["Effect"] == "Deny",
                actions: lists("Action", &lower, true),
                resources: lists("Resource", resources, false),
                condition: statement.get("Condition").cloned(),
            }
        });
        Self(evaluated.collect())
    }

    /// Whether an action on a resource is allowed when some conditions hold: a statement allows it, and none denies it.
    pub(crate) fn allows(&self, action: usize, resource: usize, holding: &[&Value]) -> bool {
        let mut is_allowed = false;
        for statement in &self.0 {
            let condition = statement.condition.as_ref();
            let holds = condition.is_none_or(|it| holding.contains(&it));
            if holds && statement.actions[action] && statement.resources[resource] {
                if statement.is_deny {
                    return false;
                }
                is_allowed = true;
            }
        }
        is_allowed
    }
}

/// One value or a list of them.
fn many(value: &Value) -> impl Iterator<Item = &Value> {
    match value {
        Value::Array(list) => list.iter(),
        one => std::slice::from_ref(one).iter(),
    }
}

/// Whether a pattern with `*` and `?` matches a text.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern.first(), text.first()) {
        (None, None) => true,
        (Some(b'*'), _) => {
            glob(&pattern[1..], text) || !text.is_empty() && glob(pattern, &text[1..])
        }
        (Some(b'?'), Some(_)) => glob(&pattern[1..], &text[1..]),
        (Some(expected), Some(found)) if expected == found => glob(&pattern[1..], &text[1..]),
        _ => false,
    }
}

#[test]
fn the_evaluator_is_right() {
    let condition = serde_json::json!({"Bool": {"x": "true"}});
    let policy = serde_json::json!({"Statement": [
        {"Effect": "Allow", "Action": ["S3:Get*"], "NotResource": "arn:b/secret*"},
        {"Effect": "Allow", "NotAction": "s3:*", "Resource": "*", "Condition": condition},
        {"Effect": "Deny", "Action": "s3:?etAcl", "Resource": "arn:b/*"},
    ]});
    for (action, resource, holds, expected) in [
        ("s3:getobject", "arn:b/x", false, true),
        ("s3:GetObject", "arn:b/secret", false, false),
        ("s3:GetAcl", "arn:b/x", false, false),
        ("s3:GetAcl", "arn:c", false, true),
        ("sqs:Send", "arn:c", false, false),
        ("sqs:Send", "arn:c", true, true),
        ("s3:PutObject", "arn:c", true, false),
    ] {
        let holding: Vec<&Value> = holds.then_some(&condition).into_iter().collect();
        let evaluated = Evaluated::new(&[&policy], &[action], &[resource]);
        assert_eq!(
            evaluated.allows(0, 0, &holding),
            expected,
            "{action} {resource}"
        );
    }
}
