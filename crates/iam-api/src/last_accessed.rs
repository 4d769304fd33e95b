//! The four last-accessed operations.

use advisor_core::PageRequest;
use advisor_core::PagedOperation;
use advisor_core::{Caller, Granularity, JobAnswer, JobId};
use serde_json::{Value, json};

use crate::api::Api;
use crate::constraints::{ARN, Checked};
use crate::error::ApiError;
use crate::operation::Operation;
use crate::parameters::Parameters;

/// Answers one of them.
pub(crate) fn answer(
    api: &Api,
    operation: Operation,
    parameters: &Parameters,
    caller: &Caller,
) -> Result<Value, ApiError> {
    match operation {
        Operation::GenerateServiceLastAccessedDetails => generate(api, parameters, caller),
        Operation::GetServiceLastAccessedDetailsWithEntities => entities(api, parameters, caller),
        Operation::ListPoliciesGrantingServiceAccess => policies(api, parameters, caller),
        _ => services(api, parameters, caller),
    }
}

fn generate(api: &Api, parameters: &Parameters, caller: &Caller) -> Result<Value, ApiError> {
    let mut checked = Checked::new(parameters);
    let arn = checked.required_text("Arn", &ARN);
    let granularity = match parameters.get("Granularity") {
        Some(text) => checked.take(text.parse::<Granularity>()),
        None => None,
    };
    checked.finish()?;
    // A place in the queue first: a job that is told of will be made.
    let place = api.queue().reserve().ok_or_else(ApiError::throttling)?;
    let granularity = granularity.unwrap_or_default();
    let id = api
        .operations()
        .generate(caller, arn, granularity, api.now())?;
    place.take(id.clone());
    Ok(json!({ "JobId": id }))
}

fn services(api: &Api, parameters: &Parameters, caller: &Caller) -> Result<Value, ApiError> {
    let mut checked = Checked::new(parameters);
    let job_id = checked.job_id();
    let max_items = checked.max_items()?;
    let marker = checked.marker();
    checked.finish()?;
    let request = PageRequest { max_items, marker };
    let answer = api.operations().services(caller, job_id, request)?;
    in_json(&answer)
}

fn entities(api: &Api, parameters: &Parameters, caller: &Caller) -> Result<Value, ApiError> {
    let mut checked = Checked::new(parameters);
    let job_id = checked.job_id();
    let namespace = checked.required("ServiceNamespace");
    if parameters.get("ServiceNamespace").is_some() {
        checked.take(advisor_core::check_service_namespace(namespace));
    }
    let max_items = checked.max_items()?;
    let marker = checked.marker();
    checked.finish()?;
    let request = PageRequest { max_items, marker };
    let answer = api
        .operations()
        .entities(caller, job_id, namespace, request)?;
    in_json(&answer)
}

fn policies(api: &Api, parameters: &Parameters, caller: &Caller) -> Result<Value, ApiError> {
    let mut checked = Checked::new(parameters);
    let arn = checked.required_text("Arn", &ARN);
    let namespaces = parameters.list("ServiceNamespaces").unwrap_or_default();
    checked.take(advisor_core::check_service_namespaces(&namespaces));
    let marker = checked.marker();
    checked.finish()?;
    if let Some(marker) = marker {
        // There is only one page: no marker is this operation's.
        let key = api.operations().store().marker_key();
        key.open(marker, PagedOperation::Services, &JobId::from(""))?;
    }
    let rows = api.operations().policies(caller, arn, &namespaces)?;
    Ok(json!({ "PoliciesGrantingServiceAccess": rows, "IsTruncated": false }))
}

fn in_json(answer: &JobAnswer) -> Result<Value, ApiError> {
    serde_json::to_value(answer).map_err(|error| {
        tracing::error!(%error, "an answer cannot be written");
        ApiError::failure()
    })
}
