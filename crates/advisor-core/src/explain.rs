//! Explanations: which statements grant an action, on which resources, and what takes it away.
//!
//! [`Explainer`] answers in two ways. [`Explainer::granting_statements`] takes compiled policies and is made for asking about every
//! action of every identity; findings use it. [`Explainer::explain`] reads the statements of the policies again and says all there
//! is to say about one action or service; [`Explainer::covering_statements`] is the part of it that lists statements. Both ways
//! decide as [`Reach`](crate::Reach) does; a property test compares the three with their definition.

mod answer;
mod covering;
mod error;
mod explainer;
mod explanation;
mod policy_path;
mod question;
mod resources;
mod uses;

pub use self::error::ExplainError;
pub use self::explainer::Explainer;
pub(crate) use self::explainer::Granting;
pub use self::explanation::{DenyEffect, ExplainedAllow, ExplainedDeny, Explanation, NotGranted};
pub use self::policy_path::{PlacedStatement, PolicyPath};
pub use self::resources::{ExplainedResource, ResourceOutcome};
pub use self::uses::ExplainedUse;
