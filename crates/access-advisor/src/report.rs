//! Reports: which services and actions an identity may use, and when it last did.
//!
//! An [`Advisor`] holds account data, activity and a catalog, and answers what IAM's Access Advisor answers. [`Tracking`] says
//! what counts: what AWS tracks, or all that the logs hold.

#[doc(inline)]
pub use advisor_core::{
    Advisor, Entity, GrantingPolicy, Granularity, LastAccess, LastByNamespace, NotEvaluated,
    PoliciesGrantingServiceAccess, Reach, Report, ReportVisitor, RequestError, ServiceLastAccessed,
    ServiceRow, TrackedActionLastAccessed, TrackedActions, TrackedRegions, Tracking,
    policies_granting_service_access,
};
