//! The operations of the IAM API that the server answers.

/// An operation of the IAM API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Operation {
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
    const ALL: [Self; 13] = [
        Self::GenerateServiceLastAccessedDetails,
        Self::GetServiceLastAccessedDetails,
        Self::GetServiceLastAccessedDetailsWithEntities,
        Self::ListPoliciesGrantingServiceAccess,
        Self::GetAccountAuthorizationDetails,
        Self::ListUsers,
        Self::ListRoles,
        Self::ListGroups,
        Self::ListPolicies,
        Self::GetUser,
        Self::GetRole,
        Self::GetGroup,
        Self::GetPolicy,
    ];

    /// Returns the operation of an `Action` parameter.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|operation| operation.name() == name)
    }

    /// Whether it writes to the store.
    pub(crate) fn writes(self) -> bool {
        self == Self::GenerateServiceLastAccessedDetails
    }

    /// Its name, in `Action` and in policies alike.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::GenerateServiceLastAccessedDetails => "GenerateServiceLastAccessedDetails",
            Self::GetServiceLastAccessedDetails => "GetServiceLastAccessedDetails",
            Self::GetServiceLastAccessedDetailsWithEntities => {
                "GetServiceLastAccessedDetailsWithEntities"
            }
            Self::ListPoliciesGrantingServiceAccess => "ListPoliciesGrantingServiceAccess",
            Self::GetAccountAuthorizationDetails => "GetAccountAuthorizationDetails",
            Self::ListUsers => "ListUsers",
            Self::ListRoles => "ListRoles",
            Self::ListGroups => "ListGroups",
            Self::ListPolicies => "ListPolicies",
            Self::GetUser => "GetUser",
            Self::GetRole => "GetRole",
            Self::GetGroup => "GetGroup",
            Self::GetPolicy => "GetPolicy",
        }
    }
}
