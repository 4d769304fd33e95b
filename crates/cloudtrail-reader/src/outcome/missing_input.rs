//! What of the input is missing from a result.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fmt;

use advisor_core::{AccountData, Activity, Coverage, ExportIssue};

use crate::outcome::reconciliation::Reconciliation;
use crate::outcome::set_aside::SetAside;

/// What of the input was not read, and so may look unused in a result: nothing, by default.
///
/// ```
/// use cloudtrail_reader::{FailedObject, FailureKind, MissingInput, MissingInputKind, Reconciliation};
///
/// let mut reconciliation = Reconciliation::default();
/// let coverage = advisor_core::Coverage::new();
/// assert!(MissingInput::of_trail(&reconciliation, &coverage).is_empty());
/// let error = std::io::Error::other("gone");
/// reconciliation.objects_failed.push(FailedObject::new("a.json".into(), FailureKind::Unreadable, error));
/// let missing = MissingInput::of_trail(&reconciliation, &coverage);
/// assert_eq!(missing.counts().collect::<Vec<_>>(), [(MissingInputKind::ObjectsFailed, 1)]);
/// assert_eq!(missing.to_string(), "1 objects of the trail could not be read");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MissingInput {
    /// Only counts above zero.
    counts: BTreeMap<MissingInputKind, u64>,
}

/// What is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum MissingInputKind {
    /// Objects that could not be read.
    ObjectsFailed,
    /// Objects that hold a part of a result.
    ObjectsTruncated,
    /// Malformed records, and malformed rows of activity files.
    RecordsMalformed,
    /// Records and rows of activity files from the future.
    RecordsFromTheFuture,
    /// Rows of activity files that span the end of the time range.
    RowsSpanningUntil,
    /// Objects that have changed since they were imported, and were not read again.
    ObjectsChanged,
    /// Log files that digests list and that were not read, and objects of which activity files and stores lack something.
    LogFilesMissing,
    /// Parts of account data that were left out.
    AccountData,
    /// Accounts of which the trail has no record.
    AccountsWithoutActivity,
}

impl MissingInputKind {
    /// All kinds.
    pub const ALL: [Self; 9] = [
        Self::ObjectsFailed,
        Self::ObjectsTruncated,
        Self::RecordsMalformed,
        Self::RecordsFromTheFuture,
        Self::RowsSpanningUntil,
        Self::ObjectsChanged,
        Self::LogFilesMissing,
        Self::AccountData,
        Self::AccountsWithoutActivity,
    ];

    /// The kind's name for programs, in snake case.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ObjectsFailed => "objects_failed",
            Self::ObjectsTruncated => "objects_truncated",
            Self::RecordsMalformed => "records_malformed",
            Self::RecordsFromTheFuture => "records_from_the_future",
            Self::RowsSpanningUntil => "rows_spanning_until",
            Self::ObjectsChanged => "objects_changed",
            Self::LogFilesMissing => "log_files_missing",
            Self::AccountData => "account_data",
            Self::AccountsWithoutActivity => "accounts_without_activity",
        }
    }
}

impl fmt::Display for MissingInputKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ObjectsFailed => "objects of the trail could not be read",
            Self::ObjectsTruncated => "objects of the trail are truncated",
            Self::RecordsMalformed => "records of the trail are malformed",
            Self::RecordsFromTheFuture => "records of the trail are from the future",
            Self::RowsSpanningUntil => "activity rows span the end of the report",
            Self::ObjectsChanged => "imported objects have changed and were not read again",
            Self::LogFilesMissing => "log files or other objects were not read whole",
            Self::AccountData => "parts of the account data are missing",
            Self::AccountsWithoutActivity => "accounts have no record in the trail",
        })
    }
}

impl MissingInput {
    /// Returns what is missing of activity: what could not be read now, and what its coverage knows to be missing from digests,
    /// activity files and earlier imports.
    #[must_use]
    pub fn of_trail(reconciliation: &Reconciliation, coverage: &Coverage) -> Self {
        let malformed: BTreeSet<_> = reconciliation
            .examples
            .iter()
            .map(|it| &it.object)
            .collect();
        // Those of which the other counts tell.
        let told = reconciliation.objects_failed.len()
            + reconciliation.objects_truncated.len()
            + malformed.len();
        let missing = coverage.missing_log_files().len();
        let rows = &reconciliation.activity_rows.set_aside_by_reason;
        let spanning = rows.get(&SetAside::SpansUntil).copied();
        Self::default()
            .with(
                MissingInputKind::ObjectsFailed,
                reconciliation.objects_failed.len(),
            )
            .with(
                MissingInputKind::ObjectsTruncated,
                reconciliation.objects_truncated.len(),
            )
            .with(
                MissingInputKind::RecordsMalformed,
                reconciliation.records_malformed(),
            )
            .with(
                MissingInputKind::RecordsFromTheFuture,
                reconciliation.records_from_the_future(),
            )
            .with(
                MissingInputKind::RowsSpanningUntil,
                spanning.unwrap_or_default(),
            )
            .with(
                MissingInputKind::LogFilesMissing,
                missing.saturating_sub(told),
            )
    }

    /// Adds imported objects that have changed since and were not read again.
    #[must_use]
    pub fn with_changed(self, objects: usize) -> Self {
        self.with(MissingInputKind::ObjectsChanged, objects)
    }

    /// Adds the issues of account data that [leave something out](advisor_core::ExportIssueKind::loses_data).
    #[must_use]
    pub fn with_issues(self, issues: &[ExportIssue]) -> Self {
        let losses: usize = issues.iter().map(|issue| issue.kind.losses()).sum();
        self.with(MissingInputKind::AccountData, losses)
    }

    /// Adds the accounts of which the activity has nothing: everything in them looks unused.
    #[must_use]
    pub fn with_accounts(self, accounts: &AccountData, activity: &Activity) -> Self {
        let accounts = accounts.accounts().into_iter();
        let without = accounts.filter(|account| !activity.is_of(account));
        self.with(MissingInputKind::AccountsWithoutActivity, without.count())
    }

    fn with(mut self, kind: MissingInputKind, count: impl TryInto<u64>) -> Self {
        let count = count.try_into().unwrap_or(u64::MAX);
        if count > 0 {
            *self.counts.entry(kind).or_default() += count;
        }
        self
    }

    /// Whether nothing is missing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// Returns how much is missing of each kind, without those of which nothing is.
    pub fn counts(&self) -> impl Iterator<Item = (MissingInputKind, u64)> {
        self.counts.iter().map(|(kind, count)| (*kind, *count))
    }

    /// Fails when anything is missing, so that nobody uses the result as if it were complete.
    ///
    /// # Errors
    /// Itself, when it is not empty.
    pub fn check(self) -> Result<(), Self> {
        if self.is_empty() { Ok(()) } else { Err(self) }
    }
}

impl Error for MissingInput {}

impl fmt::Display for MissingInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, (kind, count)) in self.counts().enumerate() {
            let separator = if position == 0 { "" } else { ", " };
            write!(f, "{separator}{count} {kind}")?;
        }
        Ok(())
    }
}
