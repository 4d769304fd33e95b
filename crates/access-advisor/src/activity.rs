//! The activity table: which principal attempted which action in which Region, and when first and last.
//!
//! A trail is read into this table once; reports are made from it. Tables merge: those of parts of a trail give that of the
//! whole, in any order. Attempts from a source of your own are recorded with [`Activity::record`].

#[doc(inline)]
pub use advisor_core::{
    Activity, ActivityRow, AppearanceId, Attempt, CallCoverage, CatalogMismatch, Coverage,
    CoverageId, CoverageSummary, CredentialId, CredentialUse, CreditedAction, CreditedActionId,
    DaySet, Digest, EventCategory, Evidence, InternedAttempt, ListedLogFile, LogFileCoverage,
    MissingLogFile, Principal, RecordCoverage, RegionId, UserCredential, call_tells,
};
