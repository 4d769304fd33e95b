//! What policy documents say about a request.
//!
//! Other than in reports, only what is certain allows: conditions and policy variables are not
//! evaluated, so an allow under one does not count, and a deny under one does.
//! Source: IAM User Guide, "Policy evaluation logic".

use iam_policy_parser::{
    ActionElement, ActionPattern, Effect, PolicyDocument, ResourceElement, ResourcePattern,
    Statement,
};

/// The service of all operations.
const SERVICE: &str = "iam";

/// What policies say about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allowed,
    NotAllowed,
    Denied,
}

/// Evaluates documents together. A deny wins.
pub(crate) fn evaluate<'a>(
    documents: impl Iterator<Item = &'a PolicyDocument>,
    action: &str,
    resource: &str,
) -> Decision {
    let mut decision = Decision::NotAllowed;
    for statement in documents.flat_map(|document| &document.statements) {
        if applies(statement, action, resource) {
            match statement.effect {
                Effect::Deny => return Decision::Denied,
                Effect::Allow => decision = Decision::Allowed,
            }
        }
    }
    decision
}

/// Whether a statement applies to a request. When that depends on a condition or a policy variable, an
/// allow does not apply, and a deny does.
fn applies(statement: &Statement, action: &str, resource: &str) -> bool {
    let in_doubt = statement.effect == Effect::Deny;
    if (statement.condition.is_some() || statement.has_principal) && !in_doubt {
        return false;
    }
    let names = |patterns: &[ActionPattern]| {
        patterns
            .iter()
            .any(|pattern| pattern.matches(SERVICE, action))
    };
    let is_about_action = match &statement.actions {
        ActionElement::Action(patterns) => names(patterns),
        ActionElement::NotAction(patterns) => !names(patterns),
    };
    // Here a variable matches any text. A pattern that does not match even so never matches.
    let covers = |patterns: &[ResourcePattern], in_doubt: bool| {
        patterns.iter().any(|ResourcePattern { pattern, .. }| {
            pattern.matches(resource) && (in_doubt || !pattern.has_variable())
        })
    };
    let is_about_resource = match &statement.resources {
        Some(ResourceElement::Resource(patterns)) => covers(patterns, in_doubt),
        Some(ResourceElement::NotResource(patterns)) => !covers(patterns, !in_doubt),
        None => in_doubt,
    };
    is_about_action && is_about_resource
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADA: &str = "arn:aws:iam::1:user/ada";

    /// What statements say about `GetUser`.
    fn of(statements: &[&str], resource: &str) -> Decision {
        let text = statements.join(",");
        let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{text}]}}"#);
        let document = PolicyDocument::parse(&text).unwrap();
        evaluate([&document].into_iter(), "GetUser", resource)
    }

    const ALLOW: &str = r#"{"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}"#;

    #[test]
    fn actions() {
        let one = |statement: &str| of(&[statement], ADA);
        assert_eq!(one(ALLOW), Decision::Allowed);
        for (element, expected) in [
            (r#""Action": "IAM:getuser""#, Decision::Allowed),
            (r#""Action": "*""#, Decision::Allowed),
            (r#""Action": ["s3:*", "iam:List*"]"#, Decision::NotAllowed),
            (r#""NotAction": "s3:*""#, Decision::Allowed),
            (r#""NotAction": "iam:*""#, Decision::NotAllowed),
        ] {
            let allow = format!(r#"{{"Effect": "Allow", {element}, "Resource": "*"}}"#);
            assert_eq!(one(&allow), expected, "{element}");
            let deny = format!(r#"{{"Effect": "Deny", {element}, "Resource": "*"}}"#);
            let denied = match expected {
                Decision::Allowed => Decision::Denied,
                _ => Decision::Allowed,
            };
            for statements in [[ALLOW, &deny], [&deny, ALLOW]] {
                assert_eq!(of(&statements, ADA), denied, "{element}");
            }
        }
    }

    #[test]
    fn resources() {
        use Decision::{Allowed, Denied, NotAllowed};
        // The decisions for an allow of the resource, and for a deny of it beside an allow of everything.
        for (element, resource, allow, deny) in [
            (r#""Resource": "*""#, "*", Allowed, Denied),
            (
                r#""Resource": "arn:aws:iam::1:user/*""#,
                ADA,
                Allowed,
                Denied,
            ),
            (
                r#""Resource": "arn:aws:iam::1:user/*""#,
                "*",
                NotAllowed,
                Allowed,
            ),
            (
                r#""Resource": "arn:aws:iam::1:user/x/*""#,
                ADA,
                NotAllowed,
                Allowed,
            ),
            (
                r#""NotResource": "arn:aws:iam::1:user/*""#,
                ADA,
                NotAllowed,
                Allowed,
            ),
            (
                r#""NotResource": "arn:aws:iam::1:role/*""#,
                ADA,
                Allowed,
                Denied,
            ),
            // A variable neither allows nor makes an exception from a deny, whatever its value.
            (
                r#""Resource": "arn:aws:iam::1:user/${aws:username}""#,
                ADA,
                NotAllowed,
                Denied,
            ),
            (
                r#""Resource": "arn:aws:iam::1:role/${aws:username}""#,
                ADA,
                NotAllowed,
                Allowed,
            ),
            (
                r#""Resource": ["arn:aws:iam::1:${a}", "*"]"#,
                ADA,
                Allowed,
                Denied,
            ),
            (
                r#""NotResource": "arn:aws:iam::1:user/${aws:username}""#,
                ADA,
                NotAllowed,
                Denied,
            ),
        ] {
            let statement = |effect: &str| {
                format!(r#"{{"Effect": "{effect}", "Action": "iam:GetUser", {element}}}"#)
            };
            let case = format!("{element} {resource}");
            assert_eq!(of(&[&statement("Allow")], resource), allow, "{case}");
            assert_eq!(of(&[ALLOW, &statement("Deny")], resource), deny, "{case}");
        }
    }

    #[test]
    fn conditions() {
        let statement = |effect: &str| {
            format!(
                r#"{{"Effect": "{effect}", "Action": "iam:GetUser", "Resource": "*",
                     "Condition": {{"Bool": {{"aws:MultiFactorAuthPresent": "true"}}}}}}"#
            )
        };
        assert_eq!(of(&[&statement("Allow")], ADA), Decision::NotAllowed);
        assert_eq!(of(&[ALLOW, &statement("Deny")], ADA), Decision::Denied);
    }
}
