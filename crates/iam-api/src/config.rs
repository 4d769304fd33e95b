//! What a server is made of, and its limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use advisor_store::StoredAdvisor;
use chrono::{DateTime, Utc};

use crate::credentials::Credentials;

/// Tells the time. Signatures are judged by it, and reports are as of it.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// What a server is made of.
#[derive(Clone)]
pub struct Config {
    /// Where to listen. Without credentials only a loopback address is allowed.
    pub listen: SocketAddr,
    /// What answers.
    pub operations: Arc<StoredAdvisor>,
    /// Who may ask. `None`: anybody on this machine, called by the access key id alone.
    pub credentials: Option<Credentials>,
    /// Whether the caller's own permission policies must allow the request.
    pub enforce_permissions: bool,
    /// How much is too much.
    pub limits: Limits,
    /// The system's clock, except in tests.
    pub clock: Clock,
}

impl Config {
    /// Listens on `127.0.0.1:8787`, without credentials, with the usual limits.
    #[must_use]
    pub fn new(operations: Arc<StoredAdvisor>) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8787)),
            operations,
            credentials: None,
            enforce_permissions: false,
            limits: Limits::default(),
            clock: Arc::new(|| SystemTime::now().into()),
        }
    }
}

/// How much is too much. What goes beyond is refused with a 4xx or 503 answer; nothing grows.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Bytes of a request's body: 413.
    pub body_bytes: usize,
    /// Bytes that are buffered of a request's line and headers: 431 or 414, and the connection is
    /// closed. A head that comes in one piece may be twice that. At least 8192, which HTTP needs.
    pub head_bytes: usize,
    /// Headers of a request: 431.
    pub headers: usize,
    /// Parameters of a request: 400.
    pub parameters: usize,
    /// Connections at once: 503.
    pub connections: usize,
    /// Requests that only read the store at once; the others wait.
    pub operations: usize,
    /// Requests that write to the store (`GenerateServiceLastAccessedDetails`) at once; the others
    /// wait. They have places of their own, so that no read waits for what another process writes.
    pub writers: usize,
    /// How long a client may take to send a request's headers, or to begin with the next one, and
    /// then its body: 408.
    pub receive_time: Duration,
    /// How long an answer may take: 503.
    pub answer_time: Duration,
    /// Jobs that wait for a worker: beyond that, `Throttling` 400, which SDKs try again later.
    pub waiting_jobs: usize,
    /// Jobs made at once.
    pub workers: usize,
    /// How long until a job that the store could not take is tried again, and between two looks for
    /// jobs that other servers on the store left: they are made after two looks at the latest.
    pub retry_time: Duration,
    /// How long a stop waits for answers and jobs. Jobs that are not done by then are made by another
    /// server on the store, or when the next one starts.
    pub stop_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 256 * 1024,
            head_bytes: 64 * 1024,
            headers: 100,
            parameters: 1_000,
            connections: 1_024,
            operations: 32,
            writers: 4,
            receive_time: Duration::from_secs(30),
            answer_time: Duration::from_secs(60),
            waiting_jobs: 1_024,
            workers: 2,
            retry_time: Duration::from_secs(10),
            stop_time: Duration::from_secs(30),
        }
    }
}
