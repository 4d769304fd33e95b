//! The server: accepts connections, and stops in good order.

use std::future::Future;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::client_stream::ClientStream;
use super::connection_service::ConnectionService;
use super::connections::{Admission, ConnectionPlace, Connections};
use super::router::router;
use crate::api::Api;
use crate::config::Config;
use crate::log_limit::LineKind;

/// The target of log lines.
const LOG: &str = "iam_api::server";
/// The smallest buffer for a request's headers that hyper accepts.
const LEAST_HEAD_BYTES: usize = 8_192;
/// The answer to connections beyond the limit.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\
                      retry-after: 1\r\nconnection: close\r\n\r\n";

/// How many connections get that answer at once. Others are closed.
const REFUSALS: usize = 64;
/// How long a client may take to read it.
const GOODBYE: Duration = Duration::from_secs(1);
/// The bytes that the system may keep of the requests and of the answers of each connection. Without a
/// bound, these are megabytes of a client that sends and takes nothing.
const SOCKET_BUFFER: u32 = 64 * 1024;
/// The pause after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// The shortest time between two looks at suppressed log lines.
const SHORTEST_LOG_INTERVAL: Duration = Duration::from_millis(1);
/// How many connections may wait to be accepted.
const BACKLOG: u32 = 1_024;

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServeError {
    /// Without credentials, requests are not authenticated, so only loopback addresses are allowed.
    #[error(
        "{0}: without credentials, requests are not authenticated, so the server listens on loopback \
         addresses only; give a credentials file, or listen on 127.0.0.1"
    )]
    NeedsCredentials(SocketAddr),
    /// People sign in to the web pages with access keys, so that there must be some.
    #[error("the web pages need credentials: give a credentials file")]
    UiNeedsCredentials,
    /// The store cannot be written, so that no job could be made.
    #[error(
        "the store, or its folder, cannot be written, so that no report could be made; let this user write it"
    )]
    ReadOnlyStore,
    /// The server cannot listen on the address.
    #[error("{address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The error of the operating system.
        #[source]
        error: std::io::Error,
    },
    /// The system cannot start a thread.
    #[error("the threads that make reports cannot be started: {0}")]
    Threads(#[source] std::io::Error),
}

/// A server that listens, but does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    api: Api,
}

impl Server {
    /// Listens on the configured address. Connections wait until [`Server::run`] answers them.
    ///
    /// # Errors
    /// The address is not a loopback address and there are no credentials; the server cannot listen on it;
    /// the system cannot start a thread.
    pub async fn bind(config: Config) -> Result<Self, ServeError> {
        let address = config.listen;
        if config.credentials.is_none() && !address.ip().is_loopback() {
            return Err(ServeError::NeedsCredentials(address));
        }
        if config.ui && config.credentials.is_none() {
            return Err(ServeError::UiNeedsCredentials);
        }
        if config.advisor.store().is_read_only() {
            return Err(ServeError::ReadOnlyStore);
        }
        let fault = |error| ServeError::Listen { address, error };
        let listener = listen(address).map_err(fault)?;
        let address = listener.local_addr().map_err(fault)?;
        let api = Api::start(config).map_err(ServeError::Threads)?;
        Ok(Self {
            listener,
            address,
            api,
        })
    }

    /// The address, with the actual port when the configured one is 0.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers requests until `stop` is ready. Then accepts no more connections, and waits for answers and
    /// jobs, within [`Limits::drain_time`](crate::Limits::drain_time) and
    /// [`Limits::stop_time`](crate::Limits::stop_time), whatever clients do. Returns how many jobs are left:
    /// they are made when a server starts on the store again.
    pub async fn run(self, stop: impl Future<Output = ()>) -> usize {
        let Self { listener, api, .. } = self;
        let limits = api.limits().clone();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.receive_time)
            .max_headers(limits.headers)
            .max_buf_size(limits.head_bytes.max(LEAST_HEAD_BYTES));
        let connections = Connections::new(&limits);
        let refusals = Arc::new(Semaphore::new(REFUSALS));
        let graceful = GracefulShutdown::new();
        let routes = router(api.clone());
        let mut log_intervals =
            tokio::time::interval(limits.log_interval.max(SHORTEST_LOG_INTERVAL));
        tokio::pin!(stop);
        loop {
            let accepted = tokio::select! {
                () = &mut stop => break,
                _ = log_intervals.tick() => {
                    api.log().end_interval();
                    continue;
                }
                accepted = listener.accept() => accepted,
            };
            let (stream, address) = match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    cannot_accept(&api, &connections, &error).await;
                    continue;
                }
            };
            let place = match connections.admit(address.ip()) {
                Admission::Open(place) => place,
                Admission::Displaced(place) => {
                    api.metrics().displaced_connection();
                    place
                }
                Admission::Refused => {
                    api.metrics().refused_connection();
                    if let Ok(permit) = refusals.clone().try_acquire_owned() {
                        tokio::spawn(refuse(stream, permit));
                    }
                    continue;
                }
            };
            // Small answers must not wait for more data.
            let _ = stream.set_nodelay(true);
            let stream = ClientStream::new(stream, place.connection.clone(), limits.write_time);
            let service = ConnectionService::new(
                routes.clone(),
                place.connection.clone(),
                limits.pipelined_requests,
            );
            let connection = http.serve_connection(TokioIo::new(stream), service);
            tokio::spawn(serve_connection(
                api.clone(),
                place,
                graceful.watch(connection),
            ));
        }
        drop(listener);
        tracing::info!("stopping");
        let stopping = tokio::time::Instant::now();
        let drain_time = limits.drain_time.min(limits.stop_time);
        if tokio::time::timeout(drain_time, graceful.shutdown())
            .await
            .is_err()
        {
            tracing::warn!("connections are closed whose answers were not made or taken in time");
            connections.close_all();
        }
        let rest = limits.stop_time.saturating_sub(stopping.elapsed());
        let stopped = api.clone();
        let left = tokio::task::spawn_blocking(move || stopped.stop(rest))
            .await
            .unwrap_or_default();
        if left > 0 {
            tracing::warn!(left, "jobs are left to the next start");
        }
        api.log().end_interval();
        left
    }
}

/// Listens on an address, with bounded buffers for its connections.
fn listen(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // As `TcpListener::bind` does, so that a server can start right after another one.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.set_send_buffer_size(SOCKET_BUFFER)?;
    socket.set_recv_buffer_size(SOCKET_BUFFER)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Makes room if there are too many open files, for example.
async fn cannot_accept(api: &Api, connections: &Connections, error: &std::io::Error) {
    let is_of_connection = matches!(
        error.kind(),
        ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset | ErrorKind::Interrupted
    );
    let kind = LineKind {
        target: LOG,
        operation: "accept",
        code: "-",
    };
    if api.log().allows(kind) {
        tracing::warn!(target: LOG, %error, "a connection cannot be accepted");
    }
    if !is_of_connection {
        if connections.displace_one() {
            api.metrics().displaced_connection();
        }
        tokio::time::sleep(ACCEPT_PAUSE).await;
    }
}

/// Serves a connection to its end, or until it is to be closed.
async fn serve_connection(
    api: Api,
    place: ConnectionPlace,
    connection: impl Future<Output = hyper::Result<()>>,
) {
    api.metrics().connected();
    tokio::select! {
        served = connection => {
            if let Err(error) = served {
                if is_timeout(&error) {
                    api.metrics().stalled_connection();
                }
                tracing::debug!(%error, "a connection broke");
            }
        }
        () = place.connection.closed() => tracing::debug!("a connection was closed"),
    }
    api.metrics().disconnected();
}

/// Whether the client took nothing of an answer for too long.
fn is_timeout(error: &hyper::Error) -> bool {
    let source = std::error::Error::source(error);
    let source = source.and_then(|source| source.downcast_ref::<std::io::Error>());
    source.is_some_and(|source| source.kind() == ErrorKind::TimedOut)
}

/// Answers that there are too many connections. Reads what the client sends for a moment, because the
/// answer could be lost otherwise.
async fn refuse(mut stream: TcpStream, _permit: OwnedSemaphorePermit) {
    let goodbye = async {
        stream.write_all(BUSY).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
}

/// Listens, and answers requests until `stop` is ready; see [`Server`].
///
/// # Errors
/// As [`Server::bind`].
pub async fn serve(config: Config, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
    let server = Server::bind(config).await?;
    tracing::info!(address = %server.local_addr(), "listening");
    server.run(stop).await;
    Ok(())
}
