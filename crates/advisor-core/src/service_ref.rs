//! A service of a report.

use std::sync::Arc;

use service_catalog::ServiceId;

/// A service of the catalog, or the namespace of one that only the activity has.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum ServiceRef {
    Known(ServiceId),
    Unknown(Arc<str>),
}

/// Whether an event source that the catalog does not know may be a part of a service: its name begins with the namespace.
pub(crate) fn may_be_part_of(source: &str, namespace: &str) -> bool {
    let start = source.get(..namespace.len());
    start.is_some_and(|start| start.eq_ignore_ascii_case(namespace))
}
