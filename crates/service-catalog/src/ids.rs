//! Numbers of services, actions, resource types and event kinds. They are of one catalog.

/// A service of one catalog. Services are numbered from 0 in the order of their namespaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceId(pub(crate) u32);

/// An action of one catalog. Actions are numbered from 0 over the whole catalog, by namespace and then by name, so that the
/// actions of a service are one contiguous range and a set of actions is a bitset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub(crate) u32);

/// A resource type of one catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResourceTypeId(pub(crate) u32);

impl ServiceId {
    /// The position among [`Catalog::services`](crate::Catalog::services).
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl ActionId {
    /// The position among [`Catalog::actions`](crate::Catalog::actions).
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl ResourceTypeId {
    /// The position among [`Catalog::resource_types`](crate::Catalog::resource_types).
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An event name of a service about which the catalog knows more than its action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventKindId(pub(crate) u32);
