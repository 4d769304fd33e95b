//! Right-sizing: the smallest policies that keep what an identity needs.
//!
//! An action is removed only when it is `unused`: no attempt shows it, though the trail would have shown one. What is used, implied,
//! unobservable, uncovered or marked by a [`KeepRules`] stays, on the resources and under the conditions of the statements that
//! grant it. Denies stay as they are.
//!
//! A new statement is an old one with fewer actions. So what the new policies grant was granted before, also for actions that AWS
//! will add: a new pattern matches only strings that an old one matched. That this holds is not assumed. [`Proof`] is what the
//! program found when it compared the finished documents with the old ones.

mod access_levels;
mod actions;
mod advice;
mod applicable;
mod basis;
mod diff;
mod document;
mod documents;
mod files;
mod keep_rules;
mod merging;
mod names;
mod needs;
mod options;
mod outcome;
mod packing;
mod paths;
mod proof;
mod reasons;
mod review;
mod rewritten;
mod rightsizer;
mod scripts;
mod short_lists;
mod steps;
mod terraform;
mod wildcards;

pub use self::advice::Advice;
pub use self::basis::Basis;
pub use self::files::RightsizedFile;
pub use self::keep_rules::{KeepRuleError, KeepRules, UnmatchedKeepRule};
pub use self::options::{PolicyLimits, RightsizeOptions, UnknownLimitError, Wildcards};
pub use self::outcome::{
    ChangeReason, KeptActions, NewPolicy, OnlyOneMember, PolicyChange, PolicyPlace, Refusal,
    Rightsized, StatementChange,
};
pub use self::proof::Proof;
pub use self::rightsizer::Rightsizer;
pub use self::wildcards::shortest_actions;
