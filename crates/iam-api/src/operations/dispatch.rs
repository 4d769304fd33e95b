//! Which handler answers which operation.

use super::answer::Answer;
use super::context::Context;
use super::{account_details, groups, last_accessed, policies, roles, users};
use crate::error::ApiError;
use crate::operation::Operation;

/// Answers an operation. May block.
pub(crate) fn answer(operation: Operation, context: &Context<'_>) -> Result<Answer, ApiError> {
    let value = match operation {
        Operation::GenerateServiceLastAccessedDetails => last_accessed::generate(context),
        Operation::GetServiceLastAccessedDetails => last_accessed::services(context),
        Operation::GetServiceLastAccessedDetailsWithEntities => last_accessed::entities(context),
        Operation::ListPoliciesGrantingServiceAccess => last_accessed::policies(context),
        Operation::GetAccountAuthorizationDetails => return account_details::get(context),
        Operation::ListUsers => return users::list(context),
        Operation::ListRoles => return roles::list(context),
        Operation::ListGroups => return groups::list(context),
        Operation::ListPolicies => return policies::list(context),
        Operation::GetUser => users::get(context),
        Operation::GetRole => roles::get(context),
        Operation::GetGroup => groups::get(context),
        Operation::GetPolicy => policies::get(context),
    };
    value.map(Answer::Value)
}
