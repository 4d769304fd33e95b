//! Explanations: which statements grant an action, on which resources, and what takes it away.

mod explainer;
mod policy_path;

pub use self::explainer::Explainer;
pub use self::policy_path::{PlacedStatement, PolicyPath};
