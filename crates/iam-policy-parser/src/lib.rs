#![doc = include_str!("../README.md")]

pub mod action;
pub mod algebra;
pub mod arn;
pub mod document;
pub mod iam_arn;
pub mod pattern;
mod syntax;

pub use action::{ActionPattern, ActionPatternError};
pub use algebra::{Residue, WorkBound, covers, overlaps, residue};
pub use arn::{Arn, ArnError};
pub use document::{
    ActionElement, Condition, Effect, PolicyDocument, ResourceElement, ResourcePattern, Statement,
    Version,
};
pub use iam_arn::{IamArn, IamArnError, IamEntity};
pub use pattern::{Pattern, Token};
pub use syntax::PolicyError;
