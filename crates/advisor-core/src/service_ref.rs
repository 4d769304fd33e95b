//! A service of a report.

use std::sync::Arc;

use service_catalog::ServiceId;

/// A service of the catalog, or the namespace of one that only the activity has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ServiceRef {
    Known(ServiceId),
    Unknown(Arc<str>),
}
