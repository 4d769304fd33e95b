//! Why an action is a privilege.

/// Why an action is a privilege.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum PrivilegeClass {
    /// It grants or changes permissions.
    PermissionsManagement,
    /// It passes a role to a service, or makes a service act under the role that is passed.
    PassRole,
    /// It makes something act under the role that it has already.
    ExistingRole,
    /// It returns or sets credentials.
    CredentialExposure,
}

impl PrivilegeClass {
    /// All classes.
    pub(in crate::findings) const ALL: [Self; 4] = [
        Self::PermissionsManagement,
        Self::PassRole,
        Self::ExistingRole,
        Self::CredentialExposure,
    ];

    /// The name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::PermissionsManagement => "PermissionsManagement",
            Self::PassRole => "PassRole",
            Self::ExistingRole => "ExistingRole",
            Self::CredentialExposure => "CredentialExposure",
        }
    }
}
