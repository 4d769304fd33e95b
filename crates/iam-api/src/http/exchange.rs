//! A request and its answer: reads the request, finds its caller, answers, counts and logs.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Instant;

use advisor_core::Caller;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, HeaderValue};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use uuid::Uuid;

use super::answer_body::AnswerBody;
use super::connections::Connection;
use super::xml;
use crate::api::Api;
use crate::auth::caller;
use crate::auth::signature::SignedRequest;
use crate::error::ApiError;
use crate::log_limit::LineKind;
use crate::operation::Operation;
use crate::parameters::Parameters;

/// The version of the API.
const VERSION: &str = "2010-05-08";
/// Stands in counters and logs for a missing operation or caller.
const NONE: &str = "-";

/// The target of log lines.
const LOG: &str = "iam_api::request";

/// What is known about a request so far, for the log.
struct Progress {
    started: Instant,
    id: String,
    operation: Option<Operation>,
    /// The requested name, when there is no such operation.
    unknown: Option<String>,
    caller: Option<Caller>,
}

impl Progress {
    fn new() -> Self {
        Self {
            started: Instant::now(),
            id: Uuid::new_v4().to_string(),
            operation: None,
            unknown: None,
            caller: None,
        }
    }
}

/// Answers a request at `/`.
pub(crate) async fn exchange(State(api): State<Api>, request: Request) -> Response {
    let mut progress = Progress::new();
    let result = answer(&api, request, &mut progress).await;
    respond(&api, &progress, result)
}

/// Rejects a request.
pub(crate) fn refuse(api: &Api, error: ApiError) -> Response {
    respond(api, &Progress::new(), Err(error))
}

async fn answer(
    api: &Api,
    request: Request,
    progress: &mut Progress,
) -> Result<AnswerBody, ApiError> {
    let (mut head, body) = request.into_parts();
    if head.method != Method::GET && head.method != Method::POST {
        return Err(ApiError::new(
            405,
            "MethodNotAllowed",
            "A request is a GET or a POST.",
        ));
    }
    let body = receive(api, &head.headers, body).await?;
    let connection = received(&mut head);
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
    let identity = identify(api, &head, operation, &query, &body)?;
    if let Identity::Verified(caller) = &identity {
        progress.caller = Some(caller.clone());
    }
    let id = progress.id.clone();
    let share = connection.map(|connection| connection.share());
    let of_answer = share.clone();
    let run = move |api: &Api| {
        let caller = match identity {
            Identity::Verified(caller) => caller,
            Identity::Named(name) => caller::by_name(&name, &api.advisor().store().accounts()?),
        };
        let answer = api.answer(operation, &parameters, &caller);
        let body = answer
            .and_then(|answer| AnswerBody::xml(api, of_answer.as_deref(), operation, answer, &id));
        Ok((caller, body))
    };
    let (caller, result) = api.run(operation.into(), share, run).await?;
    progress.caller = Some(caller);
    result
}

/// The connection of a request that was received as a whole: it does not wait for its client any more.
pub(crate) fn received(head: &mut Parts) -> Option<Arc<Connection>> {
    let connection = head.extensions.remove::<Arc<Connection>>();
    if let Some(connection) = &connection {
        connection.received();
    }
    connection
}

/// Reads the body, within the limits of size and time.
pub(crate) async fn receive(api: &Api, headers: &HeaderMap, body: Body) -> Result<Bytes, ApiError> {
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
        Ok(Err(error)) if is_of_transfer(&error) => Err(ApiError::new(
            400,
            "MalformedRequest",
            "The body is not complete, or its chunks are malformed.",
        )),
        Ok(Err(_)) => Err(too_long()),
        Err(_) => Err(ApiError::new(
            408,
            "RequestTimeout",
            "The request did not come to its end in time.",
        )),
    }
}

/// Whether the body could not be read, rather than being longer than its limit.
fn is_of_transfer(error: &axum::Error) -> bool {
    let mut source = error.source();
    while let Some(error) = source {
        if error.is::<hyper::Error>() {
            return true;
        }
        source = error.source();
    }
    false
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
    operation: Operation,
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
        None => {
            let named = caller::unverified(&request)?;
            // Forms and images in web pages, also of browsers that do not say which site sends a request,
            // can do neither.
            let is_deliberate =
                head.method == Method::POST && head.headers.contains_key(AUTHORIZATION);
            if operation.writes() && !is_deliberate {
                return Err(ApiError::new(
                    403,
                    "AccessDenied",
                    format!(
                        "Without credentials, {} is a POST with an Authorization header.",
                        operation.name()
                    ),
                ));
            }
            Ok(Identity::Named(named))
        }
    }
}

/// Makes the response, counts it and logs it.
fn respond(api: &Api, progress: &Progress, result: Result<AnswerBody, ApiError>) -> Response {
    let operation = progress.operation.map_or(NONE, Operation::name);
    let (status, code) = match &result {
        Ok(_) => (200, "OK"),
        Err(error) => (error.status, error.code),
    };
    let time = progress.started.elapsed();
    api.metrics().answered(operation, code, time);
    if let Some(name) = &progress.unknown {
        api.metrics().unknown_operation(name);
    }
    log(api, progress, result.as_ref().err(), (status, code));
    let body = match result {
        Ok(body) => body.into(),
        Err(error) => Body::from(xml::failure(&error, &progress.id)),
    };
    let mut response = Response::new(body);
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/xml"));
    if let Ok(id) = HeaderValue::from_str(&progress.id) {
        headers.insert(HeaderName::from_static("x-amzn-requestid"), id);
    }
    response
}

/// Logs a request with its answer, as an error if the server failed.
fn log(
    api: &Api,
    progress: &Progress,
    error: Option<&ApiError>,
    (status, code): (u16, &'static str),
) {
    let operation = progress.operation.map_or(NONE, Operation::name);
    let kind = LineKind {
        target: LOG,
        // Requests of nobody are one kind: otherwise they could name every operation.
        operation: progress.caller.as_ref().map_or(NONE, |_| operation),
        code,
    };
    if !api.log().allows(kind) {
        return;
    }
    macro_rules! line {
        ($level:ident, $cause:expr) => {
            tracing::$level!(
                target: LOG,
                request_id = progress.id,
                operation,
                unknown_operation = progress.unknown,
                code,
                status,
                caller = progress.caller.as_ref().map_or(NONE, Caller::arn),
                milliseconds = progress.started.elapsed().as_secs_f64() * 1e3,
                cause = $cause,
            )
        };
    }
    match error.and_then(|error| error.cause.as_ref()) {
        Some(cause) => line!(error, cause.to_string()),
        None => line!(info, None::<&str>),
    }
}
