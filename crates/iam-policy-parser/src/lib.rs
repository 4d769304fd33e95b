#![doc = include_str!("../README.md")]

mod action;
mod algebra;
mod answer;
mod arn;
mod document;
mod iam_arn;
mod pattern;
mod product;
mod syntax;
mod version;
mod work_budget;

pub use action::{ActionPattern, ActionPatternError};
pub use algebra::{covers, is_anything_left, matches_within, overlaps, overlaps_within, residue};
pub use answer::Residue;
pub use arn::{Arn, ArnError};
pub use document::{
    ActionElement, Condition, Effect, PolicyDocument, ResourceElement, ResourcePattern, Statement,
};
pub use iam_arn::{IamArn, IamArnError, IamEntity};
pub use pattern::{Pattern, Token};
pub use syntax::{PolicyError, PolicyErrorKind};
pub use version::Version;
pub use work_budget::WorkBudget;
