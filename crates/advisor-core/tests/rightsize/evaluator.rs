//! A plain evaluator of identity-based policies, written for these tests from the IAM User Guide ("Policy evaluation logic", "IAM JSON
//! policy elements"). It shares nothing with the crate.

use serde_json::Value;

/// Policies, evaluated for some actions and resources, and for each set of conditions that may hold.
pub(crate) struct Evaluated(Vec<Statement>);

struct Statement {
    is_deny: bool,
    /// By action, and by resource: whether the statement has it.
    actions: Vec<bool>,
    resources: Vec<bool>,
    /// The sets of conditions in which its own holds.
    holds: Sets,
}

/// Sets of up to three conditions, a bit for each: set 5 (binary 101) has the first and the third.
pub(crate) type Sets = u8;

impl Evaluated {
    /// A condition that is not among `conditions` never holds.
    pub(crate) fn new(
        policies: &[&Value],
        actions: &[&str],
        resources: &[&str],
        conditions: &[Value],
    ) -> Self {
        let sets = || 0..1_u8 << conditions.len();
        let with = |is_in: &dyn Fn(u8) -> bool| -> Sets {
            sets().filter(|set| is_in(*set)).map(|set| 1 << set).sum()
        };
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
                holds: match statement.get("Condition") {
                    None => with(&|_| true),
                    Some(own) => match conditions.iter().position(|it| it == own) {
                        Some(at) => with(&|set| set & (1 << at) != 0),
                        None => 0,
                    },
                },
            }
        });
        Self(evaluated.collect())
    }

    /// The sets of conditions in which an action on a resource is allowed: a statement allows it, and none denies it.
    pub(crate) fn allows(&self, action: usize, resource: usize) -> Sets {
        let (mut allowed, mut denied) = (0, 0);
        for statement in &self.0 {
            if statement.actions[action] && statement.resources[resource] {
                let sets = if statement.is_deny {
                    &mut denied
                } else {
                    &mut allowed
                };
                *sets |= statement.holds;
            }
        }
        allowed & !denied
    }
}

/// Whether an action may apply to a resource: an ARN of another service's is none that it has, of the services of these tests.
pub(crate) fn may_apply(action: &str, resource: &str) -> bool {
    resource == "*" || resource.split(':').nth(2) == action.split(':').next()
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
        let conditions = [condition.clone()];
        let evaluated = Evaluated::new(&[&policy], &[action], &[resource], &conditions);
        let set = if holds { 0b10 } else { 0b01 };
        assert_eq!(
            evaluated.allows(0, 0) & set != 0,
            expected,
            "{action} {resource}"
        );
    }
}
