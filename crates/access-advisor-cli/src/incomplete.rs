//! What is missing from a result.

use std::collections::BTreeSet;
use std::fmt;

use access_advisor::account::ExportIssue;
use access_advisor::trail::{Reconciliation, SetAside};

/// What could not be read of the input, and so may look unused in the result.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Incomplete {
    objects_failed: usize,
    objects_truncated: usize,
    malformed: u64,
    from_the_future: u64,
    rows_beyond: u64,
    changed: usize,
    account_issues: usize,
    accounts_without_activity: BTreeSet<String>,
}

impl Incomplete {
    pub(crate) fn of_trail(reconciliation: &Reconciliation) -> Self {
        let rows = &reconciliation.activity_rows.set_aside_by_reason;
        Self {
            objects_failed: reconciliation.objects_failed.len(),
            objects_truncated: reconciliation.objects_truncated.len(),
            malformed: reconciliation.records_malformed(),
            from_the_future: reconciliation.records_from_the_future(),
            rows_beyond: rows.get(&SetAside::SpansUntil).copied().unwrap_or_default(),
            ..Self::default()
        }
    }

    /// Adds imported objects that have changed since and were not read again.
    pub(crate) fn changed(mut self, changed: usize) -> Self {
        self.changed = changed;
        self
    }

    /// Adds the issues of account data that leave something out.
    pub(crate) fn account(mut self, issues: &[ExportIssue]) -> Self {
        self.account_issues = issues
            .iter()
            .filter(|issue| issue.kind.loses_data())
            .count();
        self
    }

    /// Adds accounts of which the trail has nothing.
    pub(crate) fn without_activity(mut self, accounts: BTreeSet<String>) -> Self {
        self.accounts_without_activity = accounts;
        self
    }

    /// Fails when anything is missing, so that nobody uses the result as if it were complete.
    pub(crate) fn check(self) -> Result<(), Self> {
        if self == Self::default() {
            Ok(())
        } else {
            Err(self)
        }
    }
}

impl std::error::Error for Incomplete {}

impl fmt::Display for Incomplete {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let counts = [
            (
                size(self.objects_failed),
                "objects of the trail could not be read",
            ),
            (
                size(self.objects_truncated),
                "objects of the trail are truncated",
            ),
            (self.malformed, "records of the trail are malformed"),
            (
                self.from_the_future,
                "records of the trail are from the future",
            ),
            (self.rows_beyond, "activity rows span the end of the report"),
            (
                size(self.changed),
                "imported objects have changed and were not read again",
            ),
            (
                size(self.account_issues),
                "parts of the account data are missing",
            ),
            (
                size(self.accounts_without_activity.len()),
                "accounts have no record in the trail",
            ),
        ];
        let counts = counts.iter().filter(|(count, _)| *count > 0);
        for (position, (count, what)) in counts.enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}{count} {what}")?;
        }
        f.write_str("; what they hold may be missing from the result")
    }
}
