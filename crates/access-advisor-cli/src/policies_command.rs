//! `access-advisor policies`.

use access_advisor::job::Caller;
use access_advisor::report::PoliciesGrantingServiceAccess;
use serde::Serialize;

use crate::arguments::PoliciesArguments;
use crate::{Failure, input, output, store_commands};

/// What `aws iam list-policies-granting-service-access` prints.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    policies_granting_service_access: Vec<PoliciesGrantingServiceAccess>,
    is_truncated: bool,
}

pub(crate) fn run(arguments: &PoliciesArguments) -> Result<(), Failure> {
    let catalog = input::catalog(arguments.catalog.as_deref())?;
    let (arn, namespaces) = (&arguments.arn, &arguments.namespaces);
    let policies_granting_service_access = match &arguments.store {
        Some(store) => {
            let operations = store_commands::operations(store, catalog, Default::default())?;
            let caller = arguments.caller.clone().unwrap_or_else(Caller::local);
            operations.policies(&caller, arn, namespaces)?
        }
        None => {
            let account = input::account(&arguments.account)?;
            access_advisor::report::policies_granting_service_access(
                &account, &catalog, arn, namespaces,
            )?
        }
    };
    let answer = Answer {
        policies_granting_service_access,
        is_truncated: false,
    };
    output::write_result(None, |writer| output::write_json(writer, &answer))
}
