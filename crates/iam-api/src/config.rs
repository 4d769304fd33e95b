//! The configuration of a server, and its limits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use advisor_store::{JobRetention, StoredAdvisor};
use chrono::{DateTime, Utc};

use crate::auth::credentials::Credentials;

/// Returns the current time. Signatures are checked against it, and reports are as of it.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// The configuration of a server.
#[derive(Clone)]
#[non_exhaustive]
pub struct Config {
    /// The address to listen on. Without credentials it must be a loopback address.
    pub listen: SocketAddr,
    /// What the server answers from.
    pub advisor: Arc<StoredAdvisor>,
    /// The access keys that may sign requests. Without them, requests are not authenticated: the access
    /// key id names the caller.
    pub credentials: Option<Credentials>,
    /// Whether the caller's own permission policies must allow a request.
    pub enforce_permissions: bool,
    /// Whether there are web pages at `/ui`, where people sign in with an access key. They need credentials.
    pub ui: bool,
    /// Which finished jobs are kept; all of them when `None`. The others are deleted every few seconds.
    pub keep_jobs: Option<JobRetention>,
    /// The limits.
    pub limits: Limits,
    /// The clock: the system's, except in tests.
    pub clock: Clock,
}

impl Config {
    /// Listens on `127.0.0.1:8787`, without credentials, with the default limits.
    #[must_use]
    pub fn new(advisor: Arc<StoredAdvisor>) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8787)),
            advisor,
            credentials: None,
            enforce_permissions: false,
            ui: false,
            keep_jobs: None,
            limits: Limits::default(),
            clock: Arc::new(|| SystemTime::now().into()),
        }
    }

    /// Sets the address to listen on.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Sets the access keys that may sign requests; none for requests that are not authenticated.
    #[must_use]
    pub fn credentials(mut self, credentials: impl Into<Option<Credentials>>) -> Self {
        self.credentials = credentials.into();
        self
    }

    /// Sets whether the caller's own permission policies must allow a request.
    #[must_use]
    pub fn enforce_permissions(mut self, enforce: bool) -> Self {
        self.enforce_permissions = enforce;
        self
    }

    /// Sets whether there are web pages at `/ui`.
    #[must_use]
    pub fn ui(mut self, ui: bool) -> Self {
        self.ui = ui;
        self
    }

    /// Sets which finished jobs are kept; none for all.
    #[must_use]
    pub fn keep_jobs(mut self, keep: impl Into<Option<JobRetention>>) -> Self {
        self.keep_jobs = keep.into();
        self
    }

    /// Sets the limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sets the clock.
    #[must_use]
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }
}

/// The limits of a server. Requests beyond them get a 4xx or 503 answer.
///
/// ```
/// let limits = iam_api::Limits::new().connections(4_096).connections_per_address(4_096);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Limits {
    /// Bytes of a request body. Beyond: 413.
    pub body_bytes: usize,
    /// Bytes that are buffered of a request line and its headers. Beyond: 431 or 414, and the connection
    /// is closed. Headers that arrive in one piece may be twice as long. At least 8192, which HTTP needs.
    pub head_bytes: usize,
    /// Headers of a request. Beyond: 431.
    pub headers: usize,
    /// Parameters of a request. Beyond: 400.
    pub parameters: usize,
    /// Open connections. Beyond: the one that waits longest for its client is closed, and when none has
    /// waited for long, the new one gets a 503.
    pub connections: usize,
    /// Open connections of one client address: an IPv4 address, the /64 prefix of an IPv6 address, or
    /// loopback as a whole. Beyond: as for all connections, but only the address's own are closed. Raise it
    /// behind a proxy, whose clients all have its address.
    pub connections_per_address: usize,
    /// Requests of a connection that were received before the answers to the requests before them were
    /// sent (HTTP pipelining). Beyond: the connection is closed after the answer.
    pub pipelined_requests: usize,
    /// Requests at once that only read the store. Others wait. Each may take ten times the size of its answer in memory.
    pub readers: usize,
    /// The most readers of one address, so that others need not wait for all of its requests. Further ones wait.
    pub readers_of_address: usize,
    /// Requests at once that write to the store (`GenerateServiceLastAccessedDetails`). Others wait. They
    /// are counted separately, so that no read waits while another process writes.
    pub writers: usize,
    /// The most writers of one address. Further ones wait.
    pub writers_of_address: usize,
    /// Callers whose reports are gathered for the pages at `/ui` at once. Others wait.
    pub gatherings: usize,
    /// How long a client may take to send the headers of a request, or to start the next request, and
    /// then to send the body. Beyond: 408.
    pub receive_time: Duration,
    /// How long an answer may take. Beyond: 503.
    pub answer_time: Duration,
    /// How long a client may take nothing of an answer. Beyond: the connection is closed.
    pub write_time: Duration,
    /// Bytes of long answers that wait to be sent, over all connections. Beyond: 503. Lists of entities do
    /// not count, because they are written while they are sent.
    pub unsent_bytes: usize,
    /// How many of them answers to one address have, so that others do not wait for its slow clients. Beyond: 503.
    pub unsent_bytes_of_address: usize,
    /// Jobs that wait for a worker. Beyond: `Throttling` 400, which SDKs retry.
    pub waiting_jobs: usize,
    /// Jobs of one caller that wait for a worker. Beyond: `Throttling` 400. The sessions of a role are one
    /// caller here.
    pub waiting_jobs_of_caller: usize,
    /// Threads that make reports. If there are several, one caller gets all but one of them. By default there are two or three, and
    /// not more than processors, so that heavy jobs of one caller leave one of these to requests.
    pub workers: usize,
    /// How long the report of a job may take. Beyond, the job fails, and says why.
    pub job_time: Duration,
    /// The time until a job whose report could not be stored is retried, and between two searches for
    /// jobs that other servers left in progress. Such jobs are made after the second search.
    pub retry_time: Duration,
    /// How long a stop waits for answers, and for clients to take them. Then connections are closed.
    pub drain_time: Duration,
    /// How long a stop waits for answers and jobs together. Jobs that are not done by then are made by
    /// another server on the store, or when the next one starts.
    pub stop_time: Duration,
    /// Log lines of one kind (an operation and a code) in each `log_interval`. Others are counted, and the
    /// number is logged at its end.
    pub log_lines: u64,
    /// See `log_lines`.
    pub log_interval: Duration,
}

/// As many as there are processors, but two for two callers to take turns, and three at most: each takes memory.
fn default_workers() -> usize {
    std::thread::available_parallelism().map_or(2, |processors| processors.get().clamp(2, 3))
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            body_bytes: 256 * 1024,
            head_bytes: 64 * 1024,
            headers: 100,
            parameters: 1_000,
            connections: 1_024,
            connections_per_address: 256,
            pipelined_requests: 16,
            readers: 8,
            readers_of_address: 6,
            writers: 4,
            writers_of_address: 3,
            gatherings: 2,
            receive_time: Duration::from_secs(30),
            answer_time: Duration::from_secs(60),
            write_time: Duration::from_secs(30),
            unsent_bytes: 256 * 1024 * 1024,
            unsent_bytes_of_address: 192 * 1024 * 1024,
            waiting_jobs: 1_024,
            waiting_jobs_of_caller: 256,
            workers: default_workers(),
            job_time: Duration::from_secs(60),
            retry_time: Duration::from_secs(10),
            drain_time: Duration::from_secs(4),
            stop_time: Duration::from_secs(8),
            log_lines: 100,
            log_interval: Duration::from_secs(10),
        }
    }
}

/// Makes a method for each field that sets it.
macro_rules! setters {
    ($($field:ident: $type:ty,)*) => {
        $(
            #[doc = concat!("Sets [`", stringify!($field), "`](field@Self::", stringify!($field), ").")]
            #[must_use]
            pub fn $field(mut self, $field: $type) -> Self {
                self.$field = $field;
                self
            }
        )*
    };
}

impl Limits {
    /// The defaults.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    setters! {
        body_bytes: usize,
        head_bytes: usize,
        headers: usize,
        parameters: usize,
        connections: usize,
        connections_per_address: usize,
        pipelined_requests: usize,
        readers: usize,
        readers_of_address: usize,
        writers: usize,
        writers_of_address: usize,
        gatherings: usize,
        receive_time: Duration,
        answer_time: Duration,
        write_time: Duration,
        unsent_bytes: usize,
        unsent_bytes_of_address: usize,
        waiting_jobs: usize,
        waiting_jobs_of_caller: usize,
        workers: usize,
        job_time: Duration,
        retry_time: Duration,
        drain_time: Duration,
        stop_time: Duration,
        log_lines: u64,
        log_interval: Duration,
    }
}
