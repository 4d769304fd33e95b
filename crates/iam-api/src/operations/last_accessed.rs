//! The four last-accessed operations.

use advisor_core::{Granularity, PageRequest};
use serde::Serialize;
use serde_json::{Value, json};

use super::constraints::{ARN, Checked};
use super::context::Context;
use crate::error::ApiError;

/// `GenerateServiceLastAccessedDetails`.
pub(crate) fn generate(context: &Context<'_>) -> Result<Value, ApiError> {
    let mut checked = Checked::new(context.parameters);
    let arn = checked.required_text("Arn", &ARN);
    let granularity = match context.parameters.get("Granularity") {
        Some(text) => checked.take(text.parse::<Granularity>()),
        None => None,
    };
    checked.finish()?;
    // Reserved first: a job whose id was returned must have a place in the queue.
    let place = (context.jobs)
        .reserve(&context.caller.owner_key())
        .ok_or_else(ApiError::throttling)?;
    let granularity = granularity.unwrap_or_default();
    let id = context
        .advisor
        .generate(context.caller, arn, granularity, context.now)?;
    place.take(id.clone());
    Ok(json!({ "JobId": id }))
}

/// `GetServiceLastAccessedDetails`.
pub(crate) fn services(context: &Context<'_>) -> Result<Value, ApiError> {
    let mut checked = Checked::new(context.parameters);
    let job_id = checked.job_id();
    let max_items = checked.max_items()?;
    let marker = checked.marker();
    checked.finish()?;
    let request = PageRequest::new().max_items(max_items).marker(marker);
    let answer = context.advisor.services(context.caller, job_id, request)?;
    to_value(&answer)
}

/// `GetServiceLastAccessedDetailsWithEntities`.
pub(crate) fn entities(context: &Context<'_>) -> Result<Value, ApiError> {
    let mut checked = Checked::new(context.parameters);
    let job_id = checked.job_id();
    let namespace = checked.required("ServiceNamespace");
    if context.parameters.get("ServiceNamespace").is_some() {
        checked.take(advisor_core::check_service_namespace(namespace));
    }
    let max_items = checked.max_items()?;
    let marker = checked.marker();
    checked.finish()?;
    let request = PageRequest::new().max_items(max_items).marker(marker);
    let answer = context
        .advisor
        .entities(context.caller, job_id, namespace, request)?;
    to_value(&answer)
}

/// `ListPoliciesGrantingServiceAccess`.
pub(crate) fn policies(context: &Context<'_>) -> Result<Value, ApiError> {
    let mut checked = Checked::new(context.parameters);
    let arn = checked.required_text("Arn", &ARN);
    let namespaces = context.parameters.list("ServiceNamespaces");
    let namespaces = namespaces.unwrap_or_default();
    checked.take(advisor_core::check_service_namespaces(&namespaces));
    let marker = checked.marker();
    checked.finish()?;
    let answer = context
        .advisor
        .policies(context.caller, arn, &namespaces, marker)?;
    to_value(&answer)
}

fn to_value(answer: &impl Serialize) -> Result<Value, ApiError> {
    Ok(serde_json::to_value(answer)?)
}
