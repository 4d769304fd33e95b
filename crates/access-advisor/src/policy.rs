//! Policy documents, ARNs and wildcard patterns, as exported account data contains them.
//!
//! [`AccountData::documents`](crate::account::AccountData::documents) returns the documents of an account.

#[doc(inline)]
pub use iam_policy_parser::{
    ActionElement, ActionPattern, ActionPatternError, Arn, ArnError, Condition, Effect, IamArn,
    IamArnError, IamEntity, Pattern, PolicyDocument, PolicyError, PolicyErrorKind, ResourceElement,
    ResourcePattern, Statement, Token, Version,
};
