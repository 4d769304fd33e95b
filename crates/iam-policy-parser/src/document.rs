//! Policy documents: statements and their elements. Source: IAM User Guide, "Grammar of the IAM JSON
//! policy language".

use crate::action::ActionPattern;
use crate::pattern::{self, Pattern};
use crate::version::Version;

/// A policy document. Elements that the grammar allows as one value or a list are always lists.
///
/// ```
/// use iam_policy_parser::{Effect, PolicyDocument};
/// let policy = PolicyDocument::parse(
///     r#"{"Version": "2012-10-17",
///         "Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}"#,
/// )?;
/// assert_eq!(policy.statements[0].effect, Effect::Deny);
/// # Ok::<(), iam_policy_parser::PolicyError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct PolicyDocument {
    /// Decides whether policy variables are recognized. Defaults to 2008-10-17.
    pub version: Version,
    /// The `Id` element.
    pub id: Option<String>,
    /// The statements, in order.
    pub statements: Vec<Statement>,
}

/// One statement.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Statement {
    /// The `Sid` element.
    pub sid: Option<String>,
    /// The `Effect` element.
    pub effect: Effect,
    /// `Action` or `NotAction`.
    pub actions: ActionElement,
    /// `Resource` or `NotResource`. Only statements with a `Principal` may have neither.
    pub resources: Option<ResourceElement>,
    /// The `Condition` element, kept as JSON. An empty one (`{}`) is `None`.
    pub condition: Option<Condition>,
    /// Whether there is a `Principal` or `NotPrincipal` element. Identity-based policies have none.
    pub has_principal: bool,
}

/// A `Condition` element as written: operators, keys and values.
pub type Condition = serde_json::Map<String, serde_json::Value>;

/// The `Effect` element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

/// The `Action` or `NotAction` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ActionElement {
    /// The statement applies to these actions.
    Action(Vec<ActionPattern>),
    /// The statement applies to all actions except these.
    NotAction(Vec<ActionPattern>),
}

/// The `Resource` or `NotResource` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceElement {
    /// The statement applies to these resources.
    Resource(Vec<ResourcePattern>),
    /// The statement applies to all resources except these.
    NotResource(Vec<ResourcePattern>),
}

/// One string of a [`ResourceElement`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ResourcePattern {
    /// The string as written in the policy.
    pub text: Box<str>,
    /// The string as a pattern, under the document's version.
    pub pattern: Pattern,
}

impl ResourcePattern {
    /// The policy variables in it, as written between `${` and `}`.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        let text = if self.pattern.has_variable() {
            &*self.text
        } else {
            ""
        };
        pattern::variables(text)
    }

    /// The pattern where policy variables have these values, in which no character is a wildcard. Those without a value match any
    /// string.
    ///
    /// ```
    /// use iam_policy_parser::{PolicyDocument, ResourceElement};
    /// let policy = PolicyDocument::parse(
    ///     r#"{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "s3:GetObject",
    ///         "Resource": "arn:aws:s3:::home/${aws:username}/*"}}"#,
    /// )?;
    /// let Some(ResourceElement::Resource(resources)) = &policy.statements[0].resources else {
    ///     unreachable!("it has a Resource");
    /// };
    /// assert!(resources[0].variables().eq(["aws:username"]));
    /// let home = resources[0].with_values(|name| (name == "aws:username").then_some("ann"));
    /// assert!(home.matches("arn:aws:s3:::home/ann/notes.txt"));
    /// assert!(!home.matches("arn:aws:s3:::home/bob/notes.txt"));
    /// # Ok::<(), iam_policy_parser::PolicyError>(())
    /// ```
    #[must_use]
    pub fn with_values<'a>(&'a self, value: impl Fn(&'a str) -> Option<&'a str>) -> Pattern {
        if self.pattern.has_variable() {
            Pattern::with_values(&self.text, value)
        } else {
            self.pattern.clone()
        }
    }
}
