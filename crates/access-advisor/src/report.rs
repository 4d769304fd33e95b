//! Reports: which services and actions an identity may use, and when it last did.
//!
//! An [`Advisor`] holds account data, activity and a catalog, and answers what IAM's Access Advisor answers. [`Tracking`] says
//! what counts: what AWS tracks, or all that the logs hold.

#[doc(inline)]
pub use advisor_core::{
    AccountCoverage, ActionRow, Advisor, Cancellation, Cancelled, CategoryCoverage, DayRange,
    EntityAccess, Grant, GrantingPolicy, Granularity, LastAccess, LastByNamespace, MappedReports,
    MissingLogFiles, NotEvaluated, PoliciesGrantingAnswer, PoliciesGrantingServiceAccess, Reach,
    RegionCoverage, Report, ReportCoverage, ReportVisitor, Reports, RequestError,
    ServiceLastAccessed, ServiceRow, State, StateReason, TrackedActionLastAccessed, TrackedActions,
    TrackedRegions, Tracking, UngrantedActionUsed, UnseenUse, UseSource,
    policies_granting_service_access,
};
