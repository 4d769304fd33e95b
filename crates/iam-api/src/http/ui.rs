//! What the pages at `/ui` ask for.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use advisor_core::Caller;
use advisor_html::ServedPage;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, SET_COOKIE};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use serde_json::{Value, json};
use subtle::ConstantTimeEq;

use super::answer_body::AnswerBody;
use super::exchange;
use crate::address_share::AddressShare;
use crate::api::{Api, Work};
use crate::auth::same_origin;
use crate::auth::sessions::Session;
use crate::error::ApiError;
use crate::gathered_reports::GatheredReports;
use crate::log_limit::LineKind;
use crate::operation::Operation;
use crate::operations::answer::Answer;
use crate::parameters::Parameters;

/// The target of log lines.
const LOG: &str = "iam_api::ui";
/// What log lines and counters call signing in and out.
const SESSION: &str = "UiSession";
/// What they call what is asked for at first, the list of jobs, and the gathered reports.
const ABOUT: &str = "UiAbout";
const JOBS: &str = "UiJobs";
const REPORTS: &str = "UiReports";

static PAGE: LazyLock<ServedPage> = LazyLock::new(ServedPage::new);

/// The page: the same for everybody. What it shows comes from [`call`].
pub(crate) async fn page() -> Response {
    let mut response = Response::new(Body::from(PAGE.html.as_str()));
    set(&mut response, CONTENT_TYPE, "text/html; charset=utf-8");
    set(
        &mut response,
        HeaderName::from_static("content-security-policy"),
        &PAGE.security_policy,
    );
    guard(&mut response);
    response
}

/// `POST` signs in, `GET` tells who is signed in, `DELETE` signs out.
pub(crate) async fn session(State(api): State<Api>, request: Request) -> Response {
    let started = Instant::now();
    let (mut head, body) = request.into_parts();
    let result = async {
        same_origin::check(&head.headers, is_loopback(&api))?;
        let is_secure = !is_loopback(&api);
        if head.method == Method::POST {
            let body = exchange::receive(&api, &head.headers, body).await?;
            exchange::received(&mut head);
            let (caller, cookie) = sign_in(&api, &body, is_secure)?;
            // The browser keeps one cookie: nobody could end this session any more.
            if let Ok((before, _)) = signed_in(&api, &head.headers) {
                api.sessions().end(&before, is_secure);
            }
            return Ok((Some(caller), Some(cookie)));
        }
        let Ok((session, caller)) = signed_in(&api, &head.headers) else {
            return Ok((None, None));
        };
        if head.method == Method::DELETE {
            let cookie = api.sessions().end(&session, is_secure);
            return Ok((None, Some(cookie)));
        }
        Ok((Some(caller), None))
    };
    let result: Result<(Option<Caller>, Option<String>), ApiError> = result.await;
    let caller = result.as_ref().ok().and_then(|(caller, _)| caller.as_ref());
    log(&api, SESSION, started, caller, result.as_ref().err());
    match result {
        Ok((caller, cookie)) => {
            let arn = caller.as_ref().map(Caller::arn);
            let mut response = answer(200, json!({ "Arn": arn }).to_string());
            if let Some(cookie) = cookie {
                set(&mut response, SET_COOKIE, &cookie);
            }
            response
        }
        Err(error) => refusal(&error),
    }
}

/// Runs an operation of the API for who is signed in: with the same rights, limits and answers.
pub(crate) async fn call(State(api): State<Api>, request: Request) -> Response {
    let started = Instant::now();
    let (mut head, body) = request.into_parts();
    let mut name = SESSION;
    let mut known = None;
    let result = async {
        same_origin::check(&head.headers, is_loopback(&api))?;
        let (_, caller) = signed_in(&api, &head.headers)?;
        known = Some(caller.clone());
        let body = exchange::receive(&api, &head.headers, body).await?;
        let connection = exchange::received(&mut head);
        let members: BTreeMap<String, String> = parse(&body)?;
        let operation = members
            .get("Action")
            .and_then(|name| Operation::named(name));
        let operation = operation
            .ok_or_else(|| ApiError::new(400, "InvalidAction", "There is no such operation."))?;
        name = operation.name();
        let mut parameters = Parameters::default();
        for (name, value) in members {
            parameters.push(name, value, api.limits().parameters)?;
        }
        let share = connection.map(|connection| connection.share());
        let of_answer = share.clone();
        let run = move |api: &Api| {
            let answer = api.answer(operation, &parameters, &caller)?;
            AnswerBody::json(api, of_answer.as_deref(), answer)
        };
        api.run(operation.into(), share, run).await
    }
    .await;
    let result: Result<AnswerBody, ApiError> = result;
    log(&api, name, started, known.as_ref(), result.as_ref().err());
    match result {
        Ok(body) => answer(200, body),
        Err(error) => refusal(&error),
    }
}

/// The server, and what who is signed in may ask it for.
pub(crate) async fn about(State(api): State<Api>, request: Request) -> Response {
    let part = |reports: &GatheredReports<'_>| reports.about();
    read(api, request, ABOUT, part).await
}

/// The jobs of who is signed in.
pub(crate) async fn jobs(State(api): State<Api>, request: Request) -> Response {
    let part = |reports: &GatheredReports<'_>| reports.jobs();
    read(api, request, JOBS, part).await
}

/// Answers with one of the things that the pages show.
async fn read(
    api: Api,
    request: Request,
    name: &'static str,
    part: fn(&GatheredReports<'_>) -> Result<Value, ApiError>,
) -> Response {
    own(api, request, name, move |api, caller, share| async move {
        let of_answer = share.clone();
        let run = move |api: &Api| {
            let value = part(&api.gathered_reports(&caller))?;
            AnswerBody::json(api, of_answer.as_deref(), Answer::Value(value))
        };
        api.run(Work::Read, share, run).await
    })
    .await
}

/// Reports on what who is signed in may see.
pub(crate) async fn reports(State(api): State<Api>, request: Request) -> Response {
    own(api, request, REPORTS, |api, caller, share| async move {
        let gatherer = caller.clone();
        let gather = move |api: &Api, time| {
            let gathered = api.gathered_reports(&gatherer).within(time)?;
            AnswerBody::whole(api, share.as_deref(), gathered)
        };
        api.gather(&caller, gather).await
    })
    .await
}

/// Answers with something of who is signed in. The body of the request says nothing.
async fn own<F>(
    api: Api,
    request: Request,
    name: &'static str,
    make: impl FnOnce(Api, Caller, Option<Arc<AddressShare>>) -> F,
) -> Response
where
    F: Future<Output = Result<AnswerBody, ApiError>> + Send,
{
    let started = Instant::now();
    let (mut head, body) = request.into_parts();
    let mut known = None;
    let result = async {
        same_origin::check(&head.headers, is_loopback(&api))?;
        let (_, caller) = signed_in(&api, &head.headers)?;
        known = Some(caller.clone());
        exchange::receive(&api, &head.headers, body).await?;
        let connection = exchange::received(&mut head);
        let share = connection.map(|connection| connection.share());
        make(api.clone(), caller, share).await
    }
    .await;
    log(&api, name, started, known.as_ref(), result.as_ref().err());
    match result {
        Ok(body) => answer(200, body),
        Err(error) => refusal(&error),
    }
}

fn is_loopback(api: &Api) -> bool {
    api.config().listen.ip().is_loopback()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "PascalCase")]
struct SignIn {
    access_key_id: String,
    secret_access_key: String,
    session_token: Option<String>,
}

fn sign_in(api: &Api, body: &[u8], is_secure: bool) -> Result<(Caller, String), ApiError> {
    let given: SignIn = parse(body)?;
    let wrong = || {
        ApiError::new(
            403,
            "InvalidClientTokenId",
            "The access key is not known, or its secret or session token is wrong.",
        )
    };
    let credentials = api.config().credentials.as_ref();
    let credential = credentials.and_then(|known| known.get(&given.access_key_id));
    let credential = credential.ok_or_else(wrong)?;
    let secret = credential.secret_access_key().as_bytes();
    let is_secret: bool = secret.ct_eq(given.secret_access_key.as_bytes()).into();
    if !is_secret || !credential.has_session_token(given.session_token.as_deref()) {
        return Err(wrong());
    }
    let sessions = api.sessions();
    let cookie = sessions.start(&given.access_key_id, api.now(), is_secure);
    Ok((credential.caller().clone(), cookie))
}

fn signed_in(api: &Api, headers: &HeaderMap) -> Result<(Session, Caller), ApiError> {
    let session = api.sessions().of(headers, api.now());
    let credentials = api.config().credentials.as_ref();
    let found = session.and_then(|session| {
        let credential = credentials?.get(&session.access_key_id)?;
        let caller = credential.caller().clone();
        Some((session, caller))
    });
    found.ok_or_else(|| ApiError::new(401, "NotSignedIn", "Sign in first."))
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ApiError> {
    // The error could quote a secret.
    serde_json::from_slice(body)
        .map_err(|_| ApiError::new(400, "MalformedInput", "The body is not what is expected."))
}

fn answer(status: u16, json: impl Into<Body>) -> Response {
    let mut response = Response::new(json.into());
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    set(&mut response, CONTENT_TYPE, "application/json");
    guard(&mut response);
    response
}

fn refusal(error: &ApiError) -> Response {
    answer(
        error.status,
        json!({ "Code": error.code, "Message": error.message }).to_string(),
    )
}

/// Headers that every answer has: nothing is kept, framed or taken for another type.
fn guard(response: &mut Response) {
    set(response, CACHE_CONTROL, "no-store");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        set(response, HeaderName::from_static(name), value);
    }
}

fn set(response: &mut Response, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

fn log(
    api: &Api,
    operation: &'static str,
    started: Instant,
    caller: Option<&Caller>,
    error: Option<&ApiError>,
) {
    let code = error.map_or("OK", |error| error.code);
    let time = started.elapsed();
    api.metrics().answered(operation, code, time);
    let kind = LineKind {
        target: LOG,
        operation,
        code,
    };
    if !api.log().allows(kind) {
        return;
    }
    let caller = caller.map_or("-", Caller::arn);
    let milliseconds = time.as_secs_f64() * 1e3;
    match error.and_then(|error| error.cause.as_ref()) {
        Some(cause) => {
            let cause = cause.to_string();
            tracing::error!(target: LOG, operation, code, caller, milliseconds, cause);
        }
        None => tracing::info!(target: LOG, operation, code, caller, milliseconds),
    }
}
