//! The catalog of AWS services, their actions and resource types, and of the action behind each `CloudTrail` event.
//!
//! [`Catalog::shared`] is the catalog that this crate was built with; [`Catalog::parse`] reads another one. With the feature
//! `catalog-build`, the module `build` makes one from AWS's service reference.

#[doc(inline)]
pub use service_catalog::{
    AccessLevel, Action, ActionId, Catalog, CatalogError, CatalogFingerprint, ConditionFields,
    DeniedAction, EventKind, EventKindId, EventSource, FieldsNeeded, ImpliedAction, ImpliedUse,
    ImpliedWhen, Observability, ParseFingerprintError, RecordCondition, ResolvedEvent,
    ResourceType, ResourceTypeId, Service, ServiceId, Sources, TableFault, Verdict,
};

/// Makes a catalog from AWS's own files.
#[cfg(feature = "catalog-build")]
pub mod build {
    #[doc(inline)]
    pub use service_catalog::build::{
        BuildError, BuildInputs, Built, OperationCoverage, UnresolvedOperation, build,
    };
}
