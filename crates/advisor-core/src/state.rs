//! States: what a report may say of a service or an action that is granted.
//!
//! An action that no attempt shows is `unused` only when the trail would have shown one. Every condition for that can only be lost
//! when a part of the trail is taken away, never gained: so a trail with a day, a Region, an object or a kind of event less never
//! makes an action `unused` that was `uncovered` or `unobservable`. What tells that something is missing is the one exception: a
//! digest, or an object that cannot be read. Without it, the gap is not known.

mod accounts;
mod call_region;
mod claim;
mod data_types;
mod implied;
mod logging;
mod proof;
mod reason;
mod recent_grants;
mod region_days;
mod summary;
mod verdict;

pub(crate) use self::accounts::{States, StatesOfReport};
pub use self::claim::State;
pub(crate) use self::implied::{ImpliedActions, LatestImplied};
pub use self::logging::call_tells;
pub(crate) use self::proof::StateInputs;
pub use self::reason::StateReason;
pub(crate) use self::recent_grants::RecentGrants;
pub(crate) use self::summary::TrailDays;
pub use self::summary::{
    AccountCoverage, CategoryCoverage, DayRange, MissingLogFiles, RegionCoverage, ReportCoverage,
};
