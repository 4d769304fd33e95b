//! The operations of the IAM API that the server answers.

/// Declares the operations once: the enum, the list of all, and their names come from the same lines.
macro_rules! operations {
    ($($name:ident,)*) => {
        /// An operation of the IAM API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Operation {
            $($name,)*
        }

        impl Operation {
            const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its name, in `Action` and in policies alike.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }
    };
}

operations! {
    GenerateServiceLastAccessedDetails,
    GetServiceLastAccessedDetails,
    GetServiceLastAccessedDetailsWithEntities,
    ListPoliciesGrantingServiceAccess,
    GetAccountAuthorizationDetails,
    ListUsers,
    ListRoles,
    ListGroups,
    ListPolicies,
    GetUser,
    GetRole,
    GetGroup,
    GetPolicy,
}

impl Operation {
    /// Returns the operation of an `Action` parameter.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .iter()
            .copied()
            .find(|operation| operation.name() == name)
    }

    /// Whether it writes to the store.
    pub(crate) fn writes(self) -> bool {
        match self {
            Self::GenerateServiceLastAccessedDetails => true,
            Self::GetServiceLastAccessedDetails
            | Self::GetServiceLastAccessedDetailsWithEntities
            | Self::ListPoliciesGrantingServiceAccess
            | Self::GetAccountAuthorizationDetails
            | Self::ListUsers
            | Self::ListRoles
            | Self::ListGroups
            | Self::ListPolicies
            | Self::GetUser
            | Self::GetRole
            | Self::GetGroup
            | Self::GetPolicy => false,
        }
    }
}
