#![doc = include_str!("../README.md")]

pub mod account;
pub mod action_set;
pub mod activity;
pub mod advisor;
pub mod compiled_policy;
pub mod grants;
mod ids;
mod interned;
pub mod job;
pub mod page;
pub mod reach;
pub mod report;
pub mod request_error;
pub mod time;
pub mod tracking;

pub use account::export;
pub use account::{AccountData, AccountDataBuilder, ExportIssue, SplitExport};
pub use activity::{
    Activity, ActivityRow, AppearanceId, Attempt, CreditedAction, CreditedActionId,
    InternedAttempt, Principal, RegionId,
};
pub use advisor::Advisor;
pub use grants::{GrantingPolicy, PoliciesGrantingServiceAccess};
pub use ids::{AccountId, JobId, UniqueId};
pub use job::{Caller, FrozenReport, Job, JobAnswer, JobState};
pub use page::{MarkerKey, MaxItems, Page, PagedOperation};
pub use report::{Entity, Granularity, Report, ServiceLastAccessed, TrackedActionLastAccessed};
pub use request_error::RequestError;
pub use tracking::Tracking;
