//! Which handler answers which operation.

use serde_json::Value;

use super::context::Context;
use super::{account_details, groups, last_accessed, policies, roles, users};
use crate::error::ApiError;
use crate::operation::Operation;

/// Answers an operation. May block.
pub(crate) fn answer(operation: Operation, context: &Context<'_>) -> Result<Value, ApiError> {
    match operation {
        Operation::GenerateServiceLastAccessedDetails => last_accessed::generate(context),
        Operation::GetServiceLastAccessedDetails => last_accessed::services(context),
        Operation::GetServiceLastAccessedDetailsWithEntities => last_accessed::entities(context),
        Operation::ListPoliciesGrantingServiceAccess => last_accessed::policies(context),
        Operation::GetAccountAuthorizationDetails => account_details::get(context),
        Operation::ListUsers => users::list(context),
        Operation::ListRoles => roles::list(context),
        Operation::ListGroups => groups::list(context),
        Operation::ListPolicies => policies::list(context),
        Operation::GetUser => users::get(context),
        Operation::GetRole => roles::get(context),
        Operation::GetGroup => groups::get(context),
        Operation::GetPolicy => policies::get(context),
    }
}
