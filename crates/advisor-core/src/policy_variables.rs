//! Policy variables whose value account data tells.
//!
//! Source: IAM User Guide, "AWS global condition context keys", and "Where you can use policy variables" with the values of
//! `aws:username` and `aws:userid` by kind of principal. Names ignore case. Of a role, the name and id of the session are not known.

use std::borrow::Cow;
use std::collections::BTreeMap;

use iam_policy_parser::{Pattern, ResourcePattern};

use crate::account::{EntityDetail, EntityKind};
use crate::ids::UniqueId;

/// The policy variables that have one value in every request of an identity, by name.
#[derive(Clone, Debug, Default)]
pub(crate) struct PolicyVariables(BTreeMap<&'static str, Box<str>>);

impl PolicyVariables {
    /// The variables that are known of an identity; none of a group or policy, which several have.
    pub(crate) fn of(detail: &EntityDetail) -> Self {
        let mut known: BTreeMap<&'static str, Box<str>> = BTreeMap::new();
        match detail.kind {
            EntityKind::User => {
                known.insert("aws:PrincipalType", "User".into());
                known.insert("aws:username", detail.name.clone());
                let id = detail.unique_id.as_ref().map(UniqueId::as_str);
                known.extend(id.map(|id| ("aws:userid", id.into())));
            }
            EntityKind::Role => {
                known.insert("aws:PrincipalType", "AssumedRole".into());
            }
            EntityKind::Group | EntityKind::Policy => return Self::default(),
        }
        known.insert("aws:PrincipalAccount", detail.account.as_str().into());
        known.insert("aws:PrincipalArn", (*detail.arn).into());
        Self(known)
    }

    /// The pattern of a string of a policy, with the values of the variables that are known.
    pub(crate) fn resolve<'a>(&self, resource: &'a ResourcePattern) -> Cow<'a, Pattern> {
        if self.0.is_empty() || !resource.pattern.has_variable() {
            return Cow::Borrowed(&resource.pattern);
        }
        let value = |variable| self.value(variable).map(|(_, value)| value);
        Cow::Owned(resource.with_values(value))
    }

    /// The known variables in a string of a policy, with their values.
    pub(crate) fn named_in(
        &self,
        resource: &ResourcePattern,
    ) -> impl Iterator<Item = (&'static str, &str)> {
        (resource.variables()).filter_map(|variable| self.value(variable))
    }

    /// The name and value of a variable, which can have a default value: `aws:username, 'nobody'`.
    fn value(&self, variable: &str) -> Option<(&'static str, &str)> {
        let name = variable.split(',').next().unwrap_or_default().trim();
        let mut known = self.0.iter();
        let (name, value) = known.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some((name, value))
    }
}

#[cfg(test)]
#[allow(clippy::panic, clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn known_variables_are_replaced_by_their_values() {
        let known = [
            ("aws:username", "a$*".into()),
            ("aws:PrincipalArn", "p".into()),
        ];
        let variables = PolicyVariables(known.into());
        let document = |resource: &str, version: &str| {
            let statement = r#"{"Effect": "Allow", "Action": "*", "Resource":"#;
            format!(r#"{{"Version": "{version}", "Statement": {statement} "{resource}"}}}}"#)
        };
        let resolve = |resource: &str, version| {
            let document = document(resource, version);
            let document = iam_policy_parser::PolicyDocument::parse(&document).unwrap();
            let element = document.statements[0].resources.clone().unwrap();
            let iam_policy_parser::ResourceElement::Resource(patterns) = element else {
                panic!("it is a NotResource");
            };
            let named: Vec<_> = variables
                .named_in(&patterns[0])
                .map(|(name, _)| name)
                .collect();
            (variables.resolve(&patterns[0]).into_owned(), named.len())
        };
        let literal = |text: &str| Pattern::literal(text);
        for (resource, text, number) in [
            ("b/${aws:username}/${AWS:USERNAME}", "b/a$*/a$*", 2),
            ("b/${ aws:username , 'x'}", "b/a$*", 1),
            ("b/${aws:principalarn}${$}${", "b/p$${", 1),
            ("b/é${aws:username}é", "b/éa$*é", 1),
        ] {
            assert_eq!(resolve(resource, "2012-10-17"), (literal(text), number));
        }
        let (other, number) = resolve("b/${aws:username}/${s3:prefix}", "2012-10-17");
        assert!(other.has_variable() && number == 1);
        assert!(other.matches("b/a$*/x") && !other.matches("b/b/x"));
        let (old, number) = resolve("b/${aws:username}", "2008-10-17");
        assert_eq!((old, number), (literal("b/${aws:username}"), 0));
    }
}
