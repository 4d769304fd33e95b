//! AWS services, their actions and resource types, and what CloudTrail events say about them.
//!
//! [`Catalog::embedded`] is the catalog built into this crate; [`Catalog::parse`] reads another one from its text table.
//! [`Catalog::resolve_event`] gives the IAM action behind a CloudTrail event, [`Catalog::implied_actions`] the further actions
//! that the call exercises, and [`Catalog::observability`] says whether the use of an action shows in CloudTrail at all.
//! [`tracking_start`] holds the dates since which AWS tracks last accesses. With the feature `build`, the module `build` makes a
//! catalog from AWS's published files.
//!
//! ```
//! use service_catalog::Catalog;
//!
//! let catalog = Catalog::embedded();
//! let resolved = catalog.resolve_event("s3.amazonaws.com", "ListBuckets");
//! let action = resolved.action.map(|id| catalog.action(id).name());
//! assert_eq!(action, Some("ListAllMyBuckets"));
//! ```
#![cfg_attr(docsrs, feature(doc_cfg))]

mod assembly;
#[cfg(feature = "build")]
pub mod build;
mod catalog;
mod condition;
mod denial;
mod event_kind;
mod event_reference;
mod event_source;
mod events;
mod fingerprint;
mod ids;
mod name_index;
mod observability;
mod records;
mod table;
mod table_writing;
pub mod tracking_start;

pub use assembly::TableFault;
pub use catalog::{AccessLevel, Action, Catalog, ResourceType, Service, Sources};
pub use condition::{ConditionFields, ConditionVerdict, FieldsNeeded, RecordCondition};
pub use denial::{DeniedAction, denied_action_in_json};
pub use event_kind::{EventKind, ImpliedAction, ImpliedUse, ImpliedWhen};
pub use event_source::{AWS_DOMAINS, EventSource};
pub use events::ResolvedEvent;
pub use fingerprint::{CatalogFingerprint, ParseFingerprintError};
pub use ids::{ActionId, EventKindId, ResourceTypeId, ServiceId};
pub use observability::Observability;
pub use table::CatalogError;
