//! A bound on the work of questions about patterns.

/// How much work questions may do together. Work is counted in steps, not in time, so that answers are
/// the same on every machine.
///
/// ```
/// use iam_policy_parser::{Pattern, Residue, WorkBudget, residue};
/// let mut budget = WorkBudget::steps(1_000);
/// let all = Pattern::wildcard("b/*");
/// assert!(residue(&[&[&all]], &[], &mut budget).is_possible());
/// assert!(budget.spent() > 0 && budget.left() < 1_000);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkBudget {
    steps: u64,
    spent: u64,
}

impl WorkBudget {
    /// A budget of this many steps. A step moves one position of a pattern by one character; a million
    /// take about ten milliseconds.
    #[must_use]
    pub const fn steps(steps: u64) -> Self {
        Self { steps, spent: 0 }
    }

    /// The steps that were spent.
    #[must_use]
    pub const fn spent(&self) -> u64 {
        self.spent
    }

    /// The steps that are left.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.steps - self.spent
    }

    /// Spends steps; `false` when fewer are left, which spends these.
    #[must_use]
    pub fn spend(&mut self, steps: u64) -> bool {
        let is_enough = steps <= self.left();
        self.spent += steps.min(self.left());
        is_enough
    }
}

/// Two million steps. Questions about real policies need a few thousand.
impl Default for WorkBudget {
    fn default() -> Self {
        Self::steps(2_000_000)
    }
}
