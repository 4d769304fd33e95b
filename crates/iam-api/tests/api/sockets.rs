//! The server on real connections: where it listens, its limits, how it stops.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use iam_api::{Config, ServeError, Server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    server: JoinHandle<usize>,
    _folder: tempfile::TempDir,
}

impl Running {
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        let (folder, mut config) = crate::fixture::config();
        config.listen = SocketAddr::from(([127, 0, 0, 1], 0));
        change(&mut config);
        let server = Server::bind(config).await.unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(server.run(async {
            let _ = stopped.await;
        }));
        Self {
            address,
            stop,
            server,
            _folder: folder,
        }
    }

    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// Sends some bytes, and reads until the server closes the connection.
    pub(crate) async fn send(&self, bytes: &[u8]) -> String {
        let mut stream = self.connect().await;
        // The server may close before it has read everything.
        let _ = stream.write_all(bytes).await;
        read(&mut stream).await
    }

    pub(crate) async fn stop(self) -> usize {
        self.stop.send(()).unwrap();
        within(self.server).await.unwrap()
    }
}

pub(crate) async fn within<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(60), future)
        .await
        .unwrap()
}

pub(crate) async fn read(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let _ = within(stream.read_to_end(&mut text)).await;
    String::from_utf8_lossy(&text).into_owned()
}

#[tokio::test]
async fn without_credentials_the_server_listens_on_loopback_only() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:0"] {
        let (_folder, mut config) = crate::fixture::config();
        config.listen = address.parse().unwrap();
        config.credentials = None;
        let error = Server::bind(config).await.unwrap_err();
        assert!(matches!(error, ServeError::NeedsCredentials(_)), "{error}");
    }
    let running = Running::with(|config| config.credentials = None).await;
    assert_eq!(running.stop().await, 0);
}

#[tokio::test]
async fn an_address_in_use_is_an_error() {
    let running = Running::with(|_| {}).await;
    let (_folder, mut config) = crate::fixture::config();
    config.listen = running.address;
    let error = Server::bind(config).await.unwrap_err();
    assert!(matches!(error, ServeError::Listen { .. }), "{error}");
    running.stop().await;
}

#[tokio::test]
async fn requests_that_are_not_http_get_a_4xx() {
    let running = Running::with(|config| config.limits.headers = 20).await;
    let line = "GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n";
    let long_head = format!("{line}x: {}\r\n\r\n", "y".repeat(300_000));
    let long_line = format!("GET /?{} HTTP/1.1\r\nhost: x\r\n\r\n", "y".repeat(300_000));
    let many = format!("{line}{}\r\n", "x: y\r\n".repeat(30));
    let chunks =
        "POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let trailers = format!("{chunks}0\r\n{}\r\n", "x: y\r\n".repeat(50_000));
    for (bytes, expected) in [
        (format!("{line}\r\n"), "200"),
        (long_head, "431"),
        (long_line, "4"),
        (many, "431"),
        ("nonsense\r\n\r\n".into(), "400"),
        ("GET / HTTP/9.9\r\n\r\n".into(), "400"),
        ("\u{16}\u{3}\u{1}".repeat(20) + "\r\n\r\n", "400"),
        (format!("{chunks}FFFFFFFFFFFFFFFFF\r\nabc"), "400"),
        (format!("{chunks}xyz\r\n"), "400"),
        (format!("{chunks}1;{}\r\na\r\n", "y".repeat(100_000)), "400"),
        (trailers, "400"),
        (
            "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n".into(),
            "400",
        ),
    ] {
        let answer = running.send(bytes.as_bytes()).await;
        let shown: String = bytes.chars().take(60).collect();
        let status = format!("HTTP/1.1 {expected}");
        assert!(answer.starts_with(&status), "{shown}: {answer}");
    }
    running.stop().await;
}

#[tokio::test]
async fn slow_clients_are_disconnected() {
    let running =
        Running::with(|config| config.limits.receive_time = Duration::from_millis(50)).await;
    // Headers that do not end: the connection is closed.
    assert_eq!(running.send(b"GET / HTTP/1.1\r\nhost: x\r\n").await, "");
    assert_eq!(running.send(b"").await, "");
    // A body that does not end.
    let body = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 10\r\n\r\nAct";
    let answer = running.send(body).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    running.stop().await;
}

#[tokio::test]
async fn connections_beyond_the_limit_get_an_answer() {
    let running = Running::with(|config| config.limits.connections = 1).await;
    let request = b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n";
    let last_request = b"GET /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    let asked = Instant::now();
    let mut first = running.connect().await;
    first.write_all(request).await.unwrap();
    let mut begin = [0; 12];
    within(first.read_exact(&mut begin)).await.unwrap();
    assert_eq!(&begin, b"HTTP/1.1 200");
    let answer = running.send(last_request).await;
    if !answer.starts_with("HTTP/1.1 503") {
        // On a busy machine, the first one had been idle for so long that it made room.
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(asked.elapsed() > Duration::from_millis(100));
        read(&mut first).await;
    }
    drop(first);
    running.stop().await;
}

#[tokio::test]
async fn stopping_ends_idle_connections() {
    let running = Running::with(|_| {}).await;
    let mut idle = running.connect().await;
    idle.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n")
        .await
        .unwrap();
    let mut begin = [0; 12];
    within(idle.read_exact(&mut begin)).await.unwrap();
    let address = running.address;
    assert_eq!(running.stop().await, 0);
    read(&mut idle).await;
    assert!(TcpStream::connect(address).await.is_err());
}
