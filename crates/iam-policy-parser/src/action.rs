//! The strings of `Action` and `NotAction`: `service:ActionName`, with wildcards in the name, or `*`.

use std::fmt;
use std::str::FromStr;

use crate::pattern::Pattern;

/// A string of an `Action` or `NotAction` element. Both parts are compared case-insensitively.
///
/// ```
/// use iam_policy_parser::ActionPattern;
/// let pattern: ActionPattern = "S3:Get*".parse()?;
/// assert_eq!(pattern.service(), Some("s3"));
/// assert!(pattern.matches("s3", "GetObject") && !pattern.matches("ec2", "GetObject"));
/// # Ok::<(), iam_policy_parser::ActionPatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ActionPattern {
    text: Box<str>,
    /// Lower-cased; `None` for `*`.
    service: Option<Box<str>>,
    /// Lower-cased.
    name: Pattern,
}

impl ActionPattern {
    /// The service namespace in lower case; `None` when the pattern is `*`.
    #[must_use]
    pub fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// The pattern of the action name, in lower case.
    #[must_use]
    pub fn name(&self) -> &Pattern {
        &self.name
    }

    /// The name as written in the policy, if it has no wildcard.
    #[must_use]
    pub fn literal_name(&self) -> Option<&str> {
        let (_, name) = self.text.split_once(':')?;
        (!name.contains(['*', '?'])).then_some(name)
    }

    /// The string as written in the policy.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether the pattern names the service's namespace or is `*`.
    #[must_use]
    pub fn names_service(&self, namespace: &str) -> bool {
        self.service()
            .is_none_or(|service| service.eq_ignore_ascii_case(namespace))
    }

    /// Whether the pattern matches every possible action name of the service, as `namespace:*` and `*` do.
    #[must_use]
    pub fn covers_service(&self, namespace: &str) -> bool {
        self.names_service(namespace) && self.name.covers_every_name()
    }

    /// Whether the pattern matches the action.
    #[must_use]
    pub fn matches(&self, namespace: &str, action: &str) -> bool {
        self.names_service(namespace) && self.name.matches(&action.to_ascii_lowercase())
    }
}

impl FromStr for ActionPattern {
    type Err = ActionPatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // IAM's own tools write `*:*` for `*`. No other wildcard is allowed in the service.
        if text == "*" || text == "*:*" {
            return Ok(Self {
                text: text.into(),
                service: None,
                name: Pattern::wildcard("*"),
            });
        }
        let Some((service, name)) = text.split_once(':') else {
            return Err(if text.contains(['*', '?']) {
                ActionPatternError::WildcardService
            } else {
                ActionPatternError::NoService
            });
        };
        if service.contains(['*', '?']) {
            return Err(ActionPatternError::WildcardService);
        }
        if service.is_empty()
            || !service
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
        {
            return Err(ActionPatternError::NoService);
        }
        if name.is_empty() {
            return Err(ActionPatternError::NoName);
        }
        Ok(Self {
            text: text.into(),
            service: Some(service.to_ascii_lowercase().into()),
            name: Pattern::wildcard(&name.to_ascii_lowercase()),
        })
    }
}

impl fmt::Display for ActionPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Why a string is not an action pattern. The first message is IAM's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ActionPatternError {
    /// `s*:Get*`.
    #[error("Action vendors (e.g., aws, ec2, etc.) must not contain wildcards.")]
    WildcardService,
    /// `GetObject`, `:GetObject`.
    #[error("an action starts with its service, as in s3:GetObject")]
    NoService,
    /// `s3:`.
    #[error("an action has a name after its service, as in s3:GetObject")]
    NoName,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_name_may_hold_wildcards() {
        for text in [
            "*",
            "*:*",
            "s3:*",
            "s3:Get?bject",
            "execute-api:Invoke",
            "S3:GETOBJECT",
        ] {
            let pattern: ActionPattern = text.parse().unwrap();
            let literal = pattern.literal_name().map(str::to_ascii_lowercase);
            assert_eq!(literal, pattern.name().as_literal(), "{text}");
        }
        for (text, error) in [
            ("s*:Get*", ActionPatternError::WildcardService),
            ("*:GetObject", ActionPatternError::WildcardService),
            ("**", ActionPatternError::WildcardService),
            ("?", ActionPatternError::WildcardService),
            ("GetObject", ActionPatternError::NoService),
            ("", ActionPatternError::NoService),
            (":Get", ActionPatternError::NoService),
            ("s 3:Get", ActionPatternError::NoService),
            ("s3:", ActionPatternError::NoName),
        ] {
            assert_eq!(text.parse::<ActionPattern>(), Err(error), "{text}");
        }
    }

    #[test]
    fn whole_services() {
        let covers = |text: &str| text.parse::<ActionPattern>().unwrap().covers_service("s3");
        assert!(covers("*") && covers("s3:*") && covers("S3:**") && covers("s3:?*"));
        assert!(!covers("s3:Get*") && !covers("iam:*") && !covers("s3:??*"));
    }
}
