//! Decisions about resources, each made once.

use std::sync::{PoisonError, RwLock};

use hashbrown::HashMap;
use iam_policy_parser::WorkBudget;

/// A cache: whether an allow has a resource in a scope that some denies do not cover. The key is the
/// scope, the allow's resources and the denies' resources, by id.
#[derive(Debug, Default)]
pub(crate) struct Decisions(RwLock<HashMap<Box<[u32]>, Decided, foldhash::fast::RandomState>>);

/// An answer, and the work that it took. Undecided (`None`) after the work that was allowed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Decided {
    pub(crate) answer: Option<bool>,
    pub(crate) steps: u64,
}

/// The size limit of the cache. Accounts need a few thousand decisions.
const MAX_DECISIONS: usize = 1 << 20;

/// Longer keys are not cached. Real ones have a few dozen ids.
const MAX_KEY: usize = 1_000;

impl Decisions {
    /// Returns the decision within `allowed` steps, from the cache where possible. It is the same with and
    /// without the cache, and so are its steps.
    pub(crate) fn get(
        &self,
        key: &[u32],
        allowed: u64,
        decide: impl FnOnce(&mut WorkBudget) -> Option<bool>,
    ) -> Decided {
        let known = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(key)
            .copied();
        let undecided = Decided {
            answer: None,
            steps: allowed,
        };
        match known {
            Some(known) if known.answer.is_some() && known.steps <= allowed => return known,
            Some(known) if known.steps >= allowed => return undecided,
            _ => {}
        }
        let mut budget = WorkBudget::steps(allowed);
        let decision = match decide(&mut budget) {
            None => undecided,
            answer => Decided {
                answer,
                steps: budget.spent(),
            },
        };
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if key.len() <= MAX_KEY && known.len() < MAX_DECISIONS {
            known.insert(key.into(), decision);
        }
        decision
    }
}
