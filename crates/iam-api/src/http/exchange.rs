//! A request and its answer: reads the request, finds its caller, answers, counts and logs.

use std::time::Instant;

use advisor_core::Caller;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde_json::Value;
use uuid::Uuid;

use super::xml;
use crate::api::Api;
use crate::auth::caller;
use crate::auth::signature::SignedRequest;
use crate::error::ApiError;
use crate::operation::Operation;
use crate::parameters::Parameters;

/// The version of the API.
const VERSION: &str = "2010-05-08";
/// Stands in counters and logs for a missing operation or caller.
const NONE: &str = "-";

/// What is known about a request so far, for the log.
#[derive(Default)]
struct Progress {
    operation: Option<Operation>,
    /// The requested name, when there is no such operation.
    unknown: Option<String>,
    caller: Option<Caller>,
}

/// Answers a request at `/`.
pub(crate) async fn exchange(State(api): State<Api>, request: Request) -> Response {
    let started = Instant::now();
    let mut progress = Progress::default();
    let result = answer(&api, request, &mut progress).await;
    respond(&api, started, &progress, result)
}

/// Rejects a request to another path.
pub(crate) fn refuse(api: &Api, _request: Request, error: ApiError) -> Response {
    respond(api, Instant::now(), &Progress::default(), Err(error))
}

async fn answer(api: &Api, request: Request, progress: &mut Progress) -> Result<Value, ApiError> {
    let (head, body) = request.into_parts();
    if head.method != Method::GET && head.method != Method::POST {
        return Err(ApiError::new(
            405,
            "MethodNotAllowed",
            "A request is a GET or a POST.",
        ));
    }
    let body = receive(api, &head.headers, body).await?;
    let most = api.limits().parameters;
    let mut query = Parameters::default();
    query.add(head.uri.query().unwrap_or_default(), most)?;
    let mut parameters = query.clone();
    if is_form(&head) {
        let text = std::str::from_utf8(&body)
            .map_err(|_| ApiError::malformed_query("The body is not UTF-8."))?;
        parameters.add(text, most)?;
    }
    let operation = operation(&parameters).inspect_err(|_| {
        let action = parameters.get("Action").unwrap_or_default();
        if !action.is_empty() && Operation::named(action).is_none() {
            progress.unknown = Some(shown(action));
        }
    })?;
    progress.operation = Some(operation);
    let identity = identify(api, &head, &query, &body)?;
    if let Identity::Verified(caller) = &identity {
        progress.caller = Some(caller.clone());
    }
    let run = move |api: &Api| {
        let caller = match identity {
            Identity::Verified(caller) => caller,
            Identity::Named(name) => caller::by_name(&name, &api.advisor().store().accounts()?),
        };
        let result = api.answer(operation, &parameters, &caller);
        Ok((caller, result))
    };
    let (caller, result) = api.run(operation, run).await?;
    progress.caller = Some(caller);
    result
}

/// Reads the body, within the limits of size and time.
async fn receive(api: &Api, headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
    let limits = api.limits();
    let too_long = || {
        ApiError::new(
            413,
            "RequestEntityTooLarge",
            format!("The body is longer than {} bytes.", limits.body_bytes),
        )
    };
    let said = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if said.is_some_and(|length| length > limits.body_bytes) {
        return Err(too_long());
    }
    let reading = axum::body::to_bytes(body, limits.body_bytes);
    match tokio::time::timeout(limits.receive_time, reading).await {
        Ok(Ok(bytes)) => Ok(bytes),
        // Or the connection broke, and nobody reads this.
        Ok(Err(_)) => Err(too_long()),
        Err(_) => Err(ApiError::new(
            408,
            "RequestTimeout",
            "The request did not come to its end in time.",
        )),
    }
}

/// Whether the body contains parameters. Some clients send no content type.
fn is_form(head: &Parts) -> bool {
    head.headers.get(CONTENT_TYPE).is_none_or(|kind| {
        kind.to_str().is_ok_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default().trim();
            kind.eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
    })
}

/// Returns the requested operation. Errors have AWS's words.
fn operation(parameters: &Parameters) -> Result<Operation, ApiError> {
    let Some(action) = parameters.get("Action").filter(|action| !action.is_empty()) else {
        return Err(ApiError::new(
            400,
            "MissingAction",
            "The request is missing an action or a required parameter.",
        ));
    };
    let version = parameters.get("Version").unwrap_or("NO_VERSION_SPECIFIED");
    Operation::named(action)
        .filter(|_| version == VERSION)
        .ok_or_else(|| {
            ApiError::new(
                400,
                "InvalidAction",
                format!(
                    "Could not find operation {} for version {}",
                    shown(action),
                    shown(version)
                ),
            )
        })
}

/// The start of a text, for messages and logs.
fn shown(text: &str) -> String {
    text.chars().take(128).collect()
}

/// Who the caller is.
enum Identity {
    /// The signature is valid.
    Verified(Caller),
    /// There are no credentials: the access key id.
    Named(String),
}

fn identify(
    api: &Api,
    head: &Parts,
    query: &Parameters,
    body: &[u8],
) -> Result<Identity, ApiError> {
    let request = SignedRequest {
        method: &head.method,
        query,
        headers: &head.headers,
        body,
    };
    match &api.config().credentials {
        Some(credentials) => {
            caller::signed(credentials, &request, api.now()).map(Identity::Verified)
        }
        None => caller::unverified(&request).map(Identity::Named),
    }
}

/// Writes an answer, counts it and logs it.
fn respond(
    api: &Api,
    started: Instant,
    progress: &Progress,
    result: Result<Value, ApiError>,
) -> Response {
    let id = Uuid::new_v4().to_string();
    let operation = progress.operation.map_or(NONE, Operation::name);
    let (status, code, xml) = match result {
        Ok(value) => (200, "OK", xml::success(operation, &value, &id)),
        Err(error) => (error.status, error.code, xml::failure(&error, &id)),
    };
    let time = started.elapsed();
    api.metrics().answered(operation, code, time);
    if let Some(name) = &progress.unknown {
        api.metrics().unknown_operation(name);
    }
    tracing::info!(
        target: "iam_api::request",
        request_id = id,
        operation,
        unknown_operation = progress.unknown,
        code,
        status,
        caller = progress.caller.as_ref().map_or(NONE, Caller::arn),
        milliseconds = time.as_secs_f64() * 1e3,
    );
    let mut response = Response::new(Body::from(xml));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    response
}
