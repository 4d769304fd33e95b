//! The server: accepts connections, and stops in good order.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::router::router;
use crate::api::Api;
use crate::config::Config;

/// The smallest buffer for a request's headers that hyper accepts.
const LEAST_HEAD_BYTES: usize = 8_192;
/// The answer to connections beyond the limit.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\
                      retry-after: 1\r\nconnection: close\r\n\r\n";

/// How many connections get that answer at once. Others are closed.
const REFUSALS: usize = 64;
/// How long a client may take to read it.
const GOODBYE: Duration = Duration::from_secs(1);

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
        let fault = |error| ServeError::Listen { address, error };
        let listener = TcpListener::bind(address).await.map_err(fault)?;
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
    /// jobs, within the limit. Returns how many jobs are left: they are made when a server starts on the
    /// store again.
    pub async fn run(self, stop: impl Future<Output = ()>) -> usize {
        let Self { listener, api, .. } = self;
        let limits = api.limits().clone();
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.receive_time)
            .max_headers(limits.headers)
            .max_buf_size(limits.head_bytes.max(LEAST_HEAD_BYTES));
        let connections = Arc::new(Semaphore::new(limits.connections.max(1)));
        let refusals = Arc::new(Semaphore::new(REFUSALS));
        let graceful = GracefulShutdown::new();
        let routes = router(api.clone());
        tokio::pin!(stop);
        loop {
            let stream = tokio::select! {
                () = &mut stop => break,
                stream = listener.accept() => match stream {
                    Ok((stream, _)) => stream,
                    Err(error) => {
                        // Out of file descriptors, for example: some may be closed meanwhile.
                        tracing::warn!(%error, "a connection cannot be accepted");
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
            };
            let Ok(permit) = connections.clone().try_acquire_owned() else {
                api.metrics().refused_connection();
                if let Ok(permit) = refusals.clone().try_acquire_owned() {
                    tokio::spawn(refuse(stream, permit));
                }
                continue;
            };
            // Small answers must not wait for more data.
            let _ = stream.set_nodelay(true);
            let service = TowerToHyperService::new(routes.clone());
            let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
            let api = api.clone();
            tokio::spawn(async move {
                let _permit = permit;
                api.metrics().connected();
                if let Err(error) = connection.await {
                    tracing::debug!(%error, "a connection broke");
                }
                api.metrics().disconnected();
            });
        }
        drop(listener);
        tracing::info!("stopping");
        let stopping = tokio::time::Instant::now();
        let _ = tokio::time::timeout(limits.stop_time, graceful.shutdown()).await;
        let rest = limits.stop_time.saturating_sub(stopping.elapsed());
        let left = tokio::task::spawn_blocking(move || api.stop(rest))
            .await
            .unwrap_or_default();
        if left > 0 {
            tracing::warn!(left, "jobs are left to the next start");
        }
        left
    }
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
