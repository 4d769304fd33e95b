//! What stays in policies although it is unused.

use std::fmt;

use iam_policy_parser::{ActionElement, ActionPattern, ActionPatternError, Pattern, WorkBudget};
use service_catalog::Catalog;

use crate::account::AccountData;
use crate::action_set::ActionSet;
use crate::compiled_policy::PolicyCompiler;
use crate::spelling::nearest_action;

/// What stays although it is unused: actions, of all identities or of some.
///
/// ```
/// use advisor_core::KeepRules;
/// let rules = KeepRules::parse(
///     "# Once a year, in the audit\n\
///      cloudtrail:LookupEvents\n\
///      rds:Restore*  arn:aws:iam::*:role/dba*\n",
/// )?;
/// assert_eq!(rules.len(), 2);
/// # Ok::<(), advisor_core::KeepRuleError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct KeepRules(Vec<KeepRule>);

#[derive(Clone, Debug)]
struct KeepRule {
    actions: ActionPattern,
    /// The ARNs of the entities that it is about; `None` for all.
    entities: Option<Pattern>,
    /// As it was written, without a comment.
    text: Box<str>,
}

/// A keep rule that matches nothing. Its words may be misspelt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UnmatchedKeepRule {
    /// The catalog has no such action. A name without wildcards stays where a policy grants it.
    Action {
        /// The rule.
        rule: Box<str>,
        /// An action of the catalog with nearly this name.
        near: Option<Box<str>>,
        /// Whether its action has wildcards.
        has_wildcards: bool,
    },
    /// The account data has no such user, group, role or policy.
    Entity {
        /// The rule.
        rule: Box<str>,
    },
}

impl fmt::Display for UnmatchedKeepRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Action { rule, near, .. } => {
                write!(f, "keep rule {rule:?}: the catalog has no such action")?;
                match near {
                    Some(near) => write!(f, "; did you mean {near}?"),
                    None => Ok(()),
                }
            }
            Self::Entity { rule } => write!(
                f,
                "keep rule {rule:?}: the account export has no such user, group, role or policy"
            ),
        }
    }
}

impl UnmatchedKeepRule {
    /// Whether the rule can keep nothing, or has a misspelt name: all but a name that is new to the catalog.
    #[must_use]
    pub fn is_mistake(&self) -> bool {
        match self {
            Self::Action {
                near,
                has_wildcards,
                ..
            } => *has_wildcards || near.is_some(),
            Self::Entity { .. } => true,
        }
    }
}

/// Why a text is not a list of rules.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KeepRuleError {
    /// The first word of a line is not an action pattern.
    #[error("line {line}: {error} ({text:?})")]
    Action {
        /// The line, counted from 1.
        line: usize,
        /// The word.
        text: String,
        /// The reason.
        #[source]
        error: ActionPatternError,
    },
    /// The second word of a line is not an ARN, with wildcards or without.
    #[error("line {line}: {text:?} is not an ARN of IAM; write it as arn:aws:iam::*:role/build*")]
    Entity {
        /// The line, counted from 1.
        line: usize,
        /// The word.
        text: String,
    },
    /// A line has a third word.
    #[error("line {line}: {text:?} is one word too many; a line is an action and an ARN")]
    TooMany {
        /// The line, counted from 1.
        line: usize,
        /// The word.
        text: String,
    },
}

impl KeepRules {
    /// Parses rules, one per line: an action, with wildcards as in a policy, and after it the ARN of the users, groups, roles or
    /// policies that the line is about, with wildcards too. Without an ARN it is about all. `#` starts a comment.
    ///
    /// # Errors
    /// A line that is not a rule.
    pub fn parse(text: &str) -> Result<Self, KeepRuleError> {
        let mut rules = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let rule = text.split('#').next().unwrap_or_default();
            let mut words = rule.split_whitespace();
            let Some(actions) = words.next() else {
                continue;
            };
            let actions = actions.parse().map_err(|error| KeepRuleError::Action {
                line,
                text: actions.to_owned(),
                error,
            })?;
            let entities = match words.next() {
                Some(arn) if !arn.starts_with("arn:") => {
                    let text = arn.to_owned();
                    return Err(KeepRuleError::Entity { line, text });
                }
                arn => arn.map(Pattern::wildcard),
            };
            if let Some(text) = words.next() {
                let text = text.to_owned();
                return Err(KeepRuleError::TooMany { line, text });
            }
            rules.push(KeepRule {
                actions,
                entities,
                text: rule.trim().into(),
            });
        }
        Ok(Self(rules))
    }

    /// The number of rules.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no rules.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Both lists of rules.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The actions that stay for an entity.
    pub(super) fn of(&self, arn: &str, compiler: &PolicyCompiler) -> ActionSet {
        let rules = self.0.iter().filter(|rule| rule.is_for(arn));
        matched(rules.map(|rule| rule.actions.clone()).collect(), compiler)
    }

    /// The names that stay for an entity and that the catalog does not know.
    pub(super) fn unknown_names_of(&self, arn: &str, catalog: &Catalog) -> Vec<ActionPattern> {
        let is_unknown = |name: &ActionPattern| {
            let service = name
                .service()
                .and_then(|it| catalog.service_by_namespace(it));
            let literal = name.literal_name();
            literal.is_some_and(|literal| {
                service.is_none_or(|id| catalog.action_by_name(id, literal).is_none())
            })
        };
        let rules = self.0.iter().filter(|rule| rule.is_for(arn));
        let names = rules.map(|rule| &rule.actions);
        names.filter(|name| is_unknown(name)).cloned().collect()
    }

    /// The rules that match no action of the catalog, or no entity.
    pub(super) fn unmatched(
        &self,
        account: &AccountData,
        compiler: &PolicyCompiler,
    ) -> Vec<UnmatchedKeepRule> {
        let mut unmatched = Vec::new();
        for rule in &self.0 {
            let text = || rule.text.clone();
            if matched(vec![rule.actions.clone()], compiler).is_empty() {
                unmatched.push(UnmatchedKeepRule::Action {
                    rule: text(),
                    near: near(&rule.actions, compiler.catalog()),
                    has_wildcards: rule.actions.literal_name().is_none(),
                });
            }
            if !account
                .entities()
                .any(|(_, detail)| rule.is_for(&detail.arn))
            {
                unmatched.push(UnmatchedKeepRule::Entity { rule: text() });
            }
        }
        unmatched
    }
}

impl KeepRule {
    fn is_for(&self, arn: &str) -> bool {
        let entities = self.entities.as_ref();
        entities.is_none_or(|pattern| pattern.matches(arn))
    }
}

/// The action that a mistyped pattern may mean.
fn near(pattern: &ActionPattern, catalog: &Catalog) -> Option<Box<str>> {
    let (namespace, name) = (pattern.service()?, pattern.literal_name()?);
    let action = nearest_action(catalog, catalog.service_by_namespace(namespace)?, name)?;
    Some(format!("{namespace}:{}", catalog.action(action).name()).into())
}

/// The actions of the catalog that one of the patterns matches.
fn matched(patterns: Vec<ActionPattern>, compiler: &PolicyCompiler) -> ActionSet {
    let none = || ActionSet::empty(compiler.positions());
    if patterns.is_empty() {
        return none();
    }
    let element = ActionElement::Action(patterns);
    // Whoever runs the program writes the rules.
    let mut budget = WorkBudget::steps(u64::MAX);
    compiler.matched(&element, &mut budget).unwrap_or_else(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_rules_comments_or_errors() {
        let rules = KeepRules::parse("\n # all\n s3:Get* # why\n* arn:aws:iam::*:user/ann\n");
        assert_eq!(rules.unwrap().len(), 2);
        for (text, expected) in [
            ("GetObject", "line 1: an action starts with its service"),
            ("\ns3:* role/build", "line 2: \"role/build\" is not an ARN"),
            (
                "s3:* arn:aws:iam::*:role/a b",
                "line 1: \"b\" is one word too many",
            ),
        ] {
            let error = KeepRules::parse(text).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
