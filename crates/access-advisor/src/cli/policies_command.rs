//! `access-advisor policies`.

use std::io::Write;

use access_advisor::PoliciesGrantingServiceAccess;
use serde::Serialize;

use crate::arguments::PoliciesArguments;
use crate::{Failure, input, output};

/// What `aws iam list-policies-granting-service-access` prints.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    policies_granting_service_access: Vec<PoliciesGrantingServiceAccess>,
    is_truncated: bool,
}

pub(crate) fn run(arguments: &PoliciesArguments) -> Result<(), Failure> {
    let catalog = input::catalog(arguments.account.catalog.as_deref())?;
    let account = input::account(&arguments.account)?;
    let policies_granting_service_access = access_advisor::policies_granting_service_access(
        &account,
        &catalog,
        &arguments.arn,
        &arguments.namespaces,
    )?;
    let mut writer = output::open(None)?;
    let answer = Answer {
        policies_granting_service_access,
        is_truncated: false,
    };
    output::write_json(&mut writer, &answer)?;
    writer.flush()?;
    Ok(())
}
