//! The server: connections, and how it stops.

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

use crate::api::{Api, router};
use crate::config::Config;

/// The least that hyper wants for a request's head.
const LEAST_HEAD_BYTES: usize = 8_192;
/// What a connection beyond the limit is told.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\
                      retry-after: 1\r\nconnection: close\r\n\r\n";

/// How many connections are told so at once; those beyond are just closed.
const REFUSALS: usize = 64;
/// How long a client may take to hear it.
const GOODBYE: Duration = Duration::from_secs(1);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Without credentials everybody is who they say: that is for this machine only.
    #[error(
        "{0}: without credentials only a loopback address can be listened on, as anybody could be \
         anybody; give a credentials file, or listen on 127.0.0.1"
    )]
    NeedsCredentials(SocketAddr),
    /// The address cannot be listened on.
    #[error("{address}: {error}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// The operating system's reason.
        error: std::io::Error,
    },
    /// The system has no threads.
    #[error("the threads that make reports cannot be started: {0}")]
    Threads(std::io::Error),
}

/// A server that has an address, but does not answer yet.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    api: Api,
}

impl Server {
    /// Listens. From here on, connections wait; [`Server::run`] answers them.
    ///
    /// # Errors
    /// The address is not this machine's own and there are no credentials; it cannot be listened
    /// on; the system has no threads.
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

    /// Where it listens: the port, when the configured one was 0.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Answers until `stop` is ready; then takes no more connections, and waits for answers and
    /// jobs, no longer than the limit. Returns how many jobs are left: they are made when a server
    /// starts on the store again.
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
                        // Out of file descriptors, say: others may be closed in the meantime.
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
            // Small answers must not wait for more.
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

/// Says that there are too many connections. What the client sends is read for a moment, as the
/// answer would be lost otherwise.
async fn refuse(mut stream: TcpStream, _permit: OwnedSemaphorePermit) {
    let goodbye = async {
        stream.write_all(BUSY).await?;
        stream.shutdown().await?;
        tokio::io::copy(&mut stream, &mut tokio::io::sink()).await
    };
    let _ = tokio::time::timeout(GOODBYE, goodbye).await;
}

/// Listens and answers until `stop` is ready; see [`Server`].
///
/// # Errors
/// As [`Server::bind`].
pub async fn serve(config: Config, stop: impl Future<Output = ()>) -> Result<(), ServeError> {
    let server = Server::bind(config).await?;
    tracing::info!(address = %server.local_addr(), "listening");
    server.run(stop).await;
    Ok(())
}
