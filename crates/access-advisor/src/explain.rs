//! Explanations: why an identity may use an action, or why not, and how it comes to that.
//!
//! [`Advisor::explain`](crate::report::Advisor::explain) explains one action or service;
//! [`Advisor::explainer`](crate::report::Advisor::explainer) many of one identity.

#[doc(inline)]
pub use advisor_core::{
    DenyEffect, ExplainError, ExplainedAllow, ExplainedDeny, ExplainedResource, ExplainedUse,
    Explainer, Explanation, NotGranted, PlacedStatement, PolicyPath, ResourceOutcome,
};
