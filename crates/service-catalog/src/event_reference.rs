//! What the service reference says of an action's events.

/// What the service reference says of an action's events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum EventReference {
    /// IAM Access Analyzer's policy generation sees it.
    PolicyGeneration,
    /// An operation or a known event name leads to it.
    Named,
    /// None does, though the service's operations are published.
    Unnamed,
    /// The service publishes no operations.
    #[default]
    Unknown,
}
