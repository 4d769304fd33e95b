//! AWS services, their actions and resource types, and which action a CloudTrail event is.
//!
//! [`Catalog::embedded`] is the catalog this crate was built with; [`Catalog::parse`] reads another one from its
//! text table. [`Catalog::resolve_event`] names the IAM action behind a CloudTrail event. [`tracking_start`] says since
//! when, and where, AWS tracks what was last accessed. With the feature `build`, the module `build` makes a catalog from
//! AWS's own files.
//!
//! ```
//! use service_catalog::Catalog;
//!
//! let catalog = Catalog::embedded();
//! let resolved = catalog.resolve_event("s3.amazonaws.com", "ListBuckets");
//! let action = resolved.action.map(|id| catalog.action(id).name());
//! assert_eq!(action, Some("ListAllMyBuckets"));
//! ```

mod assembly;
#[cfg(feature = "build")]
pub mod build;
mod catalog;
mod event_source;
mod events;
mod name_index;
mod table;
pub mod tracking_start;

pub use assembly::TableFault;
pub use catalog::{
    AccessLevel, Action, ActionId, Catalog, ResourceType, ResourceTypeId, Service, ServiceId,
    Sources,
};
pub use event_source::EventSource;
pub use events::ResolvedEvent;
pub use table::CatalogError;
