//! The activity table: which principal attempted which action in which Region, and when first and last.
//!
//! A trail is read into this table once; reports are made from it. Tables merge: those of parts of a trail give that of the
//! whole, in any order.
//!
//! # Attempts from a source of your own
//!
//! [`Activity::record`] takes them one by one. They show use. They do not show that anything was *not* used: with
//! [`Tracking::full`](crate::report::Tracking::full), all that they do not show is
//! [`State::Uncovered`](crate::report::State::Uncovered). If the source has everything that happened on some days, say so in
//! the table's [`Coverage`]:
//!
//! ```
//! use access_advisor::activity::{Activity, Attempt, CreditedAction, DaySet, EventCategory, Principal};
//!
//! let mut activity = Activity::new();
//! let role = Principal::from_arn("arn:aws:iam::111122223333:role/idle-worker");
//! let time = access_advisor::time::parse("2026-10-30T12:00:00Z").ok_or("not a time")?;
//! activity.record(&Attempt::new(role, "sqs", CreditedAction::Action("SendMessage"), "eu-west-1", time));
//!
//! // The source has all management events of this account and Region on this day, whoever made the calls.
//! let day = DaySet::day_of(time.timestamp_millis());
//! let coverage = activity.coverage_mut();
//! coverage.see_record("111122223333", "eu-west-1", EventCategory::ManagementRead, day);
//! coverage.see_record("111122223333", "eu-west-1", EventCategory::ManagementWrite, day);
//! // It does not say which further actions a call exercised, such as iam:PassRole. These are implied, not unused.
//! coverage.see_undecided_uses();
//! # assert_eq!(coverage.covered_days("111122223333").len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[doc(inline)]
pub use advisor_core::{
    Activity, ActivityRow, AppearanceId, Attempt, CallCoverage, CatalogMismatch, Coverage,
    CoverageId, CoverageSummary, CredentialId, CredentialUse, CreditedAction, CreditedActionId,
    DaySet, Digest, EventCategory, Evidence, InternedAttempt, ListedLogFile, LogFileCoverage,
    MissingLogFile, Principal, RecordCoverage, RegionId, UserCredential, call_tells,
};
