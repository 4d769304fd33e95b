//! The routes: the API at `/`, `/healthz` and `/metrics`, and the pages at `/ui`.

use std::sync::Arc;

use advisor_store::StoreError;
use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};

use super::connections::Connection;
use super::{exchange, ui};
use crate::api::{Api, Work};
use crate::auth::web_pages;
use crate::error::ApiError;
use crate::log_limit::LineKind;

/// The target of log lines.
const LOG: &str = "iam_api::health";

/// The routes: the API at `/`, `/healthz` and `/metrics`, and the pages at `/ui` if the configuration has them.
pub fn router(api: Api) -> Router {
    let mut router = Router::new()
        .route("/", any(exchange::exchange))
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics));
    if api.config().ui && api.config().credentials.is_some() {
        let session = post(ui::session).get(ui::session).delete(ui::session);
        router = router
            .route("/ui", get(ui::page))
            .route("/ui/session", session)
            .route("/ui/api", post(ui::call))
            .route("/ui/about", post(ui::about))
            .route("/ui/jobs", post(ui::jobs))
            .route("/ui/reports", post(ui::reports));
    }
    router.fallback(not_found).with_state(api)
}

/// The connection of a request, except in tests without one.
type OfConnection = Option<Extension<Arc<Connection>>>;

/// Whether the store can be read.
async fn healthz(State(api): State<Api>, connection: OfConnection, headers: HeaderMap) -> Response {
    if api.config().credentials.is_none()
        && let Err(error) = web_pages::reject(&headers)
    {
        return exchange::refuse(&api, error);
    }
    let read = |api: &Api| Ok(api.advisor().store().check());
    let share = connection.map(|connection| connection.share());
    let (error, body) = match api.run(Work::Read, share, read).await {
        Ok(Ok(())) => return "ok\n".into_response(),
        Ok(Err(error)) => {
            let body = match error {
                StoreError::Replaced(_) => "the file of the store was removed or replaced\n",
                StoreError::Damaged { .. } => "the store is damaged\n",
                _ => "the store does not answer\n",
            };
            (ApiError::from(error), body)
        }
        Err(error) => (error, "the store does not answer\n"),
    };
    let kind = LineKind {
        target: LOG,
        operation: "/healthz",
        code: error.code,
    };
    if api.log().allows(kind) {
        let cause = error.cause.map(|cause| cause.to_string());
        let cause = cause.unwrap_or(error.message);
        tracing::error!(target: LOG, cause, "the store does not answer");
    }
    (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}

async fn metrics(State(api): State<Api>, connection: OfConnection, headers: HeaderMap) -> Response {
    // Host names of a server that does not listen on loopback are not known.
    let check = match api.config().credentials {
        None => web_pages::reject(&headers),
        Some(_) if api.config().listen.ip().is_loopback() => {
            web_pages::reject_other_hosts(&headers)
        }
        Some(_) => Ok(()),
    };
    if let Err(error) = check {
        return exchange::refuse(&api, error);
    }
    let read = |api: &Api| {
        let counts = api.job_counts().of(api.advisor().store());
        counts.map_err(Into::into)
    };
    let share = connection.map(|connection| connection.share());
    let jobs = api.run(Work::Read, share, read).await.unwrap_or_default();
    let text = api.metrics().text(api.jobs().state(), &jobs);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

async fn not_found(State(api): State<Api>) -> Response {
    let error = ApiError::new(
        404,
        "UnknownOperationException",
        "The API is at the path /.",
    );
    exchange::refuse(&api, error)
}
