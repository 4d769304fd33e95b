//! What stays in policies although it is unused.

use iam_policy_parser::{ActionElement, ActionPattern, ActionPatternError, Pattern, WorkBudget};

use crate::action_set::ActionSet;
use crate::compiled_policy::PolicyCompiler;

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
            rules.push(KeepRule { actions, entities });
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
        let none = || ActionSet::empty(compiler.positions());
        let of_entity = |rule: &&KeepRule| {
            let entities = rule.entities.as_ref();
            entities.is_none_or(|pattern| pattern.matches(arn))
        };
        let patterns: Vec<ActionPattern> = (self.0.iter().filter(of_entity))
            .map(|rule| rule.actions.clone())
            .collect();
        if patterns.is_empty() {
            return none();
        }
        let element = ActionElement::Action(patterns);
        // Whoever runs the program writes the rules.
        let mut budget = WorkBudget::steps(u64::MAX);
        compiler.matched(&element, &mut budget).unwrap_or_else(none)
    }
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
