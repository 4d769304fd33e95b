//! The catalog of AWS services, their actions and resource types, and of the action behind each `CloudTrail` event.
//!
//! [`Catalog::shared`] is the catalog that this crate was built with; [`Catalog::parse`] reads another one. With the feature
//! `catalog-build`, the module `build` makes one from AWS's service reference.

use std::io;
use std::path::Path;

#[doc(inline)]
pub use service_catalog::{
    AccessLevel, Action, ActionId, Catalog, CatalogError, CatalogFingerprint, ConditionFields,
    ConditionVerdict, DeniedAction, EventKind, EventKindId, EventSource, FieldsNeeded,
    ImpliedAction, ImpliedUse, ImpliedWhen, Observability, ParseFingerprintError, RecordCondition,
    ResolvedEvent, ResourceType, ResourceTypeId, Service, ServiceId, Sources, TableFault,
};

/// The most bytes of a catalog file. The embedded one has 1.3 million.
const FILE_LIMIT: usize = 64 << 20;

/// Reads the text of a catalog file, for [`Catalog::parse`].
///
/// # Errors
/// The file cannot be read, is not UTF-8, or has more than 64 MiB.
pub fn read_catalog_text(path: &Path) -> io::Result<String> {
    cloudtrail_reader::read_text_within(path, FILE_LIMIT)
}

/// Makes a catalog from AWS's own files.
#[cfg(feature = "catalog-build")]
pub mod build {
    #[doc(inline)]
    pub use service_catalog::build::{
        BuildError, BuildInputs, Built, OperationCoverage, UnresolvedOperation, build,
    };
}
