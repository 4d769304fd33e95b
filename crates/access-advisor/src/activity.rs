//! The activity table: which principal attempted which action in which Region, and when first and last.
//!
//! A trail is read into this table once; reports are made from it. Tables merge: those of parts of a trail give that of the
//! whole, in any order. Attempts from a source of your own are recorded with [`Activity::record`].

#[doc(inline)]
pub use advisor_core::{
    Activity, ActivityRow, AppearanceId, Attempt, CatalogMismatch, Coverage, CoverageId,
    CoverageSummary, CreditedAction, CreditedActionId, DaySet, EventCategory, Evidence,
    InternedAttempt, LogFileCoverage, Principal, RecordCoverage, RegionId,
};
