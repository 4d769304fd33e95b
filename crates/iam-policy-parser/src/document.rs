//! Policy documents: versions, statements and their elements. Source: IAM User Guide, "Grammar of
//! the IAM JSON policy language".

use std::borrow::Cow;

use crate::syntax::{self, PolicyError};
use crate::{ActionPattern, Pattern};

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
pub struct PolicyDocument {
    /// Decides whether policy variables are known; 2008-10-17 when the document does not say.
    pub version: Version,
    /// The `Id` element.
    pub id: Option<String>,
    /// The statements, in order.
    pub statements: Vec<Statement>,
}

/// The version of the policy language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// The first one; `${...}` has no meaning in it.
    #[default]
    V2008_10_17,
    /// The current one.
    V2012_10_17,
}

/// One statement.
#[derive(Clone, Debug, PartialEq)]
pub struct Statement {
    /// The `Sid` element.
    pub sid: Option<String>,
    /// Whether it allows or denies.
    pub effect: Effect,
    /// `Action` or `NotAction`.
    pub actions: ActionElement,
    /// `Resource` or `NotResource`. Only policies with a `Principal` may go without.
    pub resources: Option<ResourceElement>,
    /// The `Condition` element, kept as data. An empty one (`{}`) counts as none.
    pub condition: Option<Condition>,
    /// Whether there is a `Principal` or `NotPrincipal`: then it is no identity's policy.
    pub has_principal: bool,
}

/// The `Condition` element as it was written: operators, keys and values.
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
    /// The statement is about these actions.
    Action(Vec<ActionPattern>),
    /// The statement is about all actions but these.
    NotAction(Vec<ActionPattern>),
}

/// The `Resource` or `NotResource` element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResourceElement {
    /// The statement is about these resources.
    Resource(Vec<ResourcePattern>),
    /// The statement is about all resources but these.
    NotResource(Vec<ResourcePattern>),
}

/// One string of a [`ResourceElement`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ResourcePattern {
    /// The string as the policy has it.
    pub text: Box<str>,
    /// What it stands for in the document's version.
    pub pattern: Pattern,
}

impl PolicyDocument {
    /// Parses a document from JSON.
    ///
    /// # Errors
    /// Names the place as a JSON path (`Statement[2].Action[0]`) with line and column: broken JSON,
    /// a missing, unknown or repeated element, a wrong type or value, an action whose service part
    /// holds a wildcard, both `Action` and `NotAction` (or both or neither of a pair).
    pub fn parse(json: &str) -> Result<Self, PolicyError> {
        syntax::parse(json)
    }

    /// Parses a document as IAM's API returns it: JSON that is URL-encoded (RFC 3986). JSON that is
    /// not encoded is accepted too.
    ///
    /// # Errors
    /// As [`PolicyDocument::parse`], with places in the decoded text.
    ///
    /// ```
    /// use iam_policy_parser::PolicyDocument;
    /// let policy = PolicyDocument::parse_url_encoded("%7B%22Statement%22%3A%5B%5D%7D")?;
    /// assert!(policy.statements.is_empty());
    /// # Ok::<(), iam_policy_parser::PolicyError>(())
    /// ```
    pub fn parse_url_encoded(text: &str) -> Result<Self, PolicyError> {
        let decoded = if text.trim_start().starts_with('{') {
            Cow::Borrowed(text)
        } else {
            percent_encoding::percent_decode_str(text)
                .decode_utf8()
                .map_err(|_| PolicyError::not_utf8())?
        };
        syntax::parse(&decoded)
    }
}
