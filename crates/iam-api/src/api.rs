//! What all requests share, and the routes.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use advisor_core::{AccountId, Caller};
use advisor_store::{AccountPicture, StoredAdvisor};
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::config::{Config, Limits};
use crate::directory::Directory;
use crate::error::ApiError;
use crate::job_queue::JobQueue;
use crate::metrics::Metrics;
use crate::operation::Operation;
use crate::parameters::Parameters;
use crate::{directory_operations, exchange, last_accessed, permissions};

/// The operations with all they need: a queue with its threads, counters, caches. Clones share them.
#[derive(Clone)]
pub struct Api(Arc<Shared>);

struct Shared {
    config: Config,
    queue: JobQueue,
    metrics: Metrics,
    /// The latest directories, each with the generation it is of.
    directories: Mutex<HashMap<AccountId, (i64, Arc<Directory>)>>,
    readers: Arc<Semaphore>,
    writers: Arc<Semaphore>,
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("listen", &self.0.config.listen)
            .field("credentials", &self.0.config.credentials)
            .finish_non_exhaustive()
    }
}

impl Api {
    /// Starts the threads that make reports. The jobs that an earlier server left in progress are
    /// made first.
    ///
    /// # Errors
    /// The system has no threads.
    pub fn start(config: Config) -> std::io::Result<Self> {
        let queue = JobQueue::start(
            config.operations.clone(),
            config.clock.clone(),
            &config.limits,
        )?;
        Ok(Self(Arc::new(Shared {
            queue,
            metrics: Metrics::default(),
            directories: Mutex::default(),
            readers: Arc::new(Semaphore::new(config.limits.operations.max(1))),
            writers: Arc::new(Semaphore::new(config.limits.writers.max(1))),
            config,
        })))
    }

    /// Takes no more jobs, and waits until those that are there are made, but no longer than this.
    /// Returns how many are left: they are made when a server starts on the store again. Blocks.
    #[must_use]
    pub fn stop(&self, longest: Duration) -> usize {
        self.0.queue.stop(longest)
    }

    pub(crate) fn config(&self) -> &Config {
        &self.0.config
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.0.config.limits
    }

    pub(crate) fn operations(&self) -> &StoredAdvisor {
        &self.0.config.operations
    }

    pub(crate) fn queue(&self) -> &JobQueue {
        &self.0.queue
    }

    pub(crate) fn metrics(&self) -> &Metrics {
        &self.0.metrics
    }

    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.0.config.clock)()
    }

    /// The directory of a picture.
    pub(crate) fn directory(&self, picture: &AccountPicture) -> Arc<Directory> {
        let directories = || {
            self.0
                .directories
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
        };
        if let Some((generation, known)) = directories().get(&picture.id)
            && *generation == picture.generation
        {
            return known.clone();
        }
        let directory = Arc::new(Directory::of(picture));
        directories().insert(picture.id.clone(), (picture.generation, directory.clone()));
        directory
    }

    /// Answers a request whose sender is known. May block.
    pub(crate) fn answer(
        &self,
        operation: Operation,
        parameters: &Parameters,
        caller: &Caller,
    ) -> Result<Value, ApiError> {
        if self.0.config.enforce_permissions {
            permissions::check(self.operations(), caller, operation, parameters)?;
        }
        match operation {
            Operation::GenerateServiceLastAccessedDetails
            | Operation::GetServiceLastAccessedDetails
            | Operation::GetServiceLastAccessedDetailsWithEntities
            | Operation::ListPoliciesGrantingServiceAccess => {
                last_accessed::answer(self, operation, parameters, caller)
            }
            _ => directory_operations::answer(self, operation, parameters, caller),
        }
    }

    /// Runs an operation off the async threads; no more at once than the limits allow, and no longer
    /// is waited for it.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        operation: Operation,
        run: impl FnOnce(&Self) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let places = if operation.writes() {
            &self.0.writers
        } else {
            &self.0.readers
        };
        self.blocking(Some(places.clone()), run).await
    }

    /// Runs what may block off the async threads, in one of these places.
    async fn blocking<T: Send + 'static>(
        &self,
        places: Option<Arc<Semaphore>>,
        run: impl FnOnce(&Self) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, ApiError> {
        let api = self.clone();
        let running = async {
            let permit: Option<OwnedSemaphorePermit> = match places {
                Some(places) => {
                    let permit = places.acquire_owned().await;
                    Some(permit.map_err(|_| ApiError::unavailable())?)
                }
                None => None,
            };
            tokio::task::spawn_blocking(move || {
                // The work goes on when nobody waits for it any more, and counts as long.
                let _permit = permit;
                run(&api)
            })
            .await
            .map_err(|error| {
                tracing::error!(%error, "an operation did not end");
                ApiError::failure()
            })?
        };
        tokio::time::timeout(self.limits().answer_time, running)
            .await
            .unwrap_or_else(|_| Err(ApiError::unavailable()))
    }
}

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
    let read = |api: &Api| api.operations().store().accounts().map_err(Into::into);
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
    let read = |api: &Api| {
        api.operations()
            .store()
            .jobs_by_status()
            .map_err(Into::into)
    };
    let jobs = api.blocking(None, read).await.unwrap_or_default();
    let text = api.metrics().text(api.queue().state(), &jobs);
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
