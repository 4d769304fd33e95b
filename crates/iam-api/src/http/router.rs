//! The routes: the API at `/`, and `/healthz` and `/metrics`.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};

use super::exchange;
use crate::api::Api;
use crate::error::ApiError;

/// The routes: the API at `/`, `/healthz` and `/metrics`.
pub fn router(api: Api) -> Router {
    Router::new()
        .route("/", any(exchange::exchange))
        .route("/healthz", get(healthz))
        .route("/metrics", get(metrics))
        .fallback(not_found)
        .with_state(api)
}

/// Whether the store can be read.
async fn healthz(State(api): State<Api>) -> Response {
    let read = |api: &Api| api.advisor().store().accounts().map_err(Into::into);
    match api.blocking(None, read).await {
        Ok(_) => "ok\n".into_response(),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store does not answer\n",
        )
            .into_response(),
    }
}

async fn metrics(State(api): State<Api>) -> Response {
    let read = |api: &Api| api.advisor().store().jobs_by_status().map_err(Into::into);
    let jobs = api.blocking(None, read).await.unwrap_or_default();
    let text = api.metrics().text(api.jobs().state(), &jobs);
    ([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response()
}

async fn not_found(State(api): State<Api>, request: Request) -> Response {
    let error = ApiError::new(
        404,
        "UnknownOperationException",
        "The API is at the path /.",
    );
    exchange::refuse(&api, request, error)
}
