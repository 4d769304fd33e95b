//! Right-sizing: the smallest policies that keep what identities need, with the proof that they grant nothing new.
//!
//! [`Advisor::rightsizer`](crate::report::Advisor::rightsizer) makes a [`Rightsizer`].

#[doc(inline)]
pub use advisor_core::{
    Advice, Basis, ChangeReason, KeepRuleError, KeepRules, KeptActions, NewPolicy, OnlyOneMember,
    PolicyChange, PolicyLimits, PolicyPlace, Proof, Refusal, RightsizeOptions, Rightsized,
    RightsizedFile, Rightsizer, StatementChange, UnknownLimitError, UnmatchedKeepRule, Wildcards,
    shortest_actions,
};
