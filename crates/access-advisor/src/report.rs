//! Reports: which services and actions an identity may use, and when it last did.
//!
//! An [`Advisor`] holds account data, activity and a catalog, and answers what IAM's Access Advisor answers. [`Tracking`] says
//! what counts: what AWS tracks, or all that the logs hold.

#[doc(inline)]
pub use advisor_core::RequestError;
#[doc(inline)]
pub use advisor_core::advisor::Advisor;
#[doc(inline)]
pub use advisor_core::grants::{
    GrantingPolicy, PoliciesGrantingServiceAccess, policies_granting_service_access,
};
#[doc(inline)]
pub use advisor_core::report::{
    Entity, Granularity, LastAccess, NotEvaluated, Report, ReportRows, ServiceLastAccessed,
    ServiceRow, TrackedActionLastAccessed,
};
#[doc(inline)]
pub use advisor_core::tracking::{TrackedActions, TrackedRegions, Tracking};
