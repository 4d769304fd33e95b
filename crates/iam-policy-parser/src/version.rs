//! Versions of the policy language.

/// The version of the policy language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Version {
    /// The first version. It has no policy variables: `${...}` is text.
    #[default]
    V2008_10_17,
    /// The current version.
    V2012_10_17,
}
