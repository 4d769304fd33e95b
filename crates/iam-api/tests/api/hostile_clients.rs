//! Clients that hold on to connections: they send and do not read, or begin and do not finish.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use iam_api::Limits;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::fixture::{ADA, HOST, Signer};
use crate::sockets::{Running, read, within};

const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\n\r\n";

/// Sends requests and reads no answers, until the server takes no more of them.
async fn never_read(running: &Running) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut stream = socket.connect(running.address).await.unwrap();
    let requests = b"GET /x HTTP/1.1\r\nhost: x\r\n\r\n".repeat(1_000);
    let blocks = Duration::from_millis(150);
    while let Ok(Ok(())) = tokio::time::timeout(blocks, stream.write_all(&requests)).await {}
    stream
}

/// Sends a request, and reads the beginning of the answer.
async fn ask(stream: &mut TcpStream) -> String {
    let _ = stream.write_all(REQUEST).await;
    let mut begin = [0; 12];
    match within(stream.read_exact(&mut begin)).await {
        Ok(_) => String::from_utf8_lossy(&begin).into_owned(),
        Err(error) => error.to_string(),
    }
}

async fn metric(running: &Running, name: &str) -> String {
    let request = b"GET /metrics HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
    let text = running.send(request).await;
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.unwrap_or(&text).trim().to_owned()
}

#[tokio::test]
async fn a_client_that_never_reads_is_disconnected() {
    let running = Running::with(|config| {
        config.limits.pipelined_requests = usize::MAX;
        config.limits.write_time = Duration::from_millis(200);
    })
    .await;
    let mut hostile = never_read(&running).await;
    assert_eq!(ask(&mut running.connect().await).await, "HTTP/1.1 200");
    let stalled = async || metric(&running, "iam_api_connections_stalled_total").await;
    within(async { while stalled().await == "0" {} }).await;
    // The server has reset the connection, so the rest cannot be read to its end.
    let mut answers = Vec::new();
    let end = within(hostile.read_to_end(&mut answers)).await;
    assert!(end.is_err(), "{} bytes", answers.len());
    assert_eq!(stalled().await, "1");
    running.stop().await;
}

#[tokio::test]
async fn pipelined_requests_are_bounded() {
    let running = Running::with(|config| config.limits.pipelined_requests = 4).await;
    let answers = running.send(&REQUEST.repeat(100)).await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 5, "{answers}");
    assert_eq!(answers.matches("connection: close").count(), 1, "{answers}");
    // One after the other they are not.
    let mut stream = running.connect().await;
    for _ in 0..20 {
        assert_eq!(ask(&mut stream).await, "HTTP/1.1 200");
        let mut rest = [0; 256];
        let _ = within(stream.read(&mut rest)).await.unwrap();
    }
    running.stop().await;
}

#[tokio::test]
async fn the_connection_that_waits_longest_makes_room() {
    let running = Running::with(|config| {
        config.limits.connections_per_address = 2;
        config.limits.receive_time = Duration::from_secs(60);
    })
    .await;
    let mut idle = running.connect().await;
    assert_eq!(ask(&mut idle).await, "HTTP/1.1 200");
    let mut unfinished = running.connect().await;
    let _ = unfinished.write_all(b"GET / HTTP/1.1\r\nho").await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    // Bytes that come one by one do not make the connection look busy.
    let _ = unfinished.write_all(b"st").await;
    let mut third = running.connect().await;
    assert_eq!(ask(&mut third).await, "HTTP/1.1 200");
    read(&mut idle).await;
    tokio::time::sleep(Duration::from_millis(150)).await;
    assert_eq!(ask(&mut running.connect().await).await, "HTTP/1.1 200");
    read(&mut unfinished).await;
    let displaced = metric(&running, "iam_api_connections_displaced_total").await;
    assert!(displaced.parse::<u32>().unwrap() >= 2, "{displaced}");
    running.stop().await;
}

#[tokio::test]
async fn requests_of_all_kinds_share_the_readers_of_their_address() {
    let blocks = Arc::new(AtomicBool::new(true));
    let blocked = blocks.clone();
    let running = Running::with(|config| {
        config.credentials = None;
        config.limits.readers_of_address = 1;
        config.limits.answer_time = Duration::from_millis(300);
        // Whatever is answered takes a while.
        config.clock = Arc::new(move || {
            while blocked.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(1));
            }
            crate::fixture::now()
        });
    })
    .await;
    let signed = Signer::new(ADA).presign("ListUsers", &[]);
    let list = format!("GET {signed} HTTP/1.1\r\nhost: {HOST}\r\nconnection: close\r\n\r\n");
    let health = "GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\r\n";
    let status = async |request: &str| {
        let answer = running.send(request.as_bytes()).await;
        answer.chars().take(12).collect::<String>()
    };
    // It is given up, but still worked on: its client cannot start another one by asking again.
    assert_eq!(status(&list).await, "HTTP/1.1 503");
    assert_eq!(status(&list).await, "HTTP/1.1 503");
    assert_eq!(status(health).await, "HTTP/1.1 503");
    let count = "iam_api_jobs{";
    assert!(!metric(&running, count).await.starts_with("status="));
    blocks.store(false, Ordering::SeqCst);
    // As soon as that work has ended.
    for request in [health, &list] {
        within(async { while status(request).await != "HTTP/1.1 200" {} }).await;
    }
    running.stop().await;
}

#[tokio::test]
async fn stopping_does_not_wait_for_clients() {
    let running = Running::with(|config| {
        config.limits.pipelined_requests = usize::MAX;
        config.limits.drain_time = Duration::from_millis(200);
    })
    .await;
    let _never_reads = never_read(&running).await;
    let mut begins = Vec::new();
    for begin in [
        "GET / HTTP/1.1\r\nho",
        "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n",
        "",
    ] {
        let mut stream = running.connect().await;
        let _ = stream.write_all(begin.as_bytes()).await;
        begins.push(stream);
    }
    let started = Instant::now();
    running.stop().await;
    assert!(
        started.elapsed() < Limits::default().drain_time,
        "{:?}",
        started.elapsed()
    );
    for mut stream in begins {
        read(&mut stream).await;
    }
}
