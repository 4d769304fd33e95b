//! A well-behaved client.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime};

use crate::load::connection::Connection;
use crate::load::signer::{AccessKey, CONTENT_TYPE, Signer};

/// The pause between two requests.
const PAUSE: Duration = Duration::from_millis(20);
/// The longest wait for a connection or for an answer.
const PATIENCE: Duration = Duration::from_secs(5);
const FORM: &str = "Action=ListGroups&Version=2010-05-08&MaxItems=10";
/// The key of the clients, and of the attackers.
pub(crate) const ACCESS_KEY: AccessKey = AccessKey {
    id: "AKIAWELLBEHAVED",
    secret: "any",
};

/// What a client has seen.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// Times of right answers in milliseconds, in ascending order.
    times: Vec<f64>,
    /// Requests without a right answer.
    pub(crate) failed: usize,
}

impl Seen {
    pub(crate) fn requests(&self) -> usize {
        self.times.len() + self.failed
    }

    /// The time, in milliseconds, within which this share of the right answers came.
    pub(crate) fn quantile(&self, part: f64) -> f64 {
        let last = self.times.len().saturating_sub(1);
        let index = (last as f64 * part).round() as usize;
        self.times.get(index).copied().unwrap_or(f64::NAN)
    }
}

/// Asks until it is time to stop: every other request on a new connection.
pub(crate) fn ask(address: SocketAddr, stop: &AtomicBool) -> Seen {
    let mut seen = Seen::default();
    let mut signer = Signer::new(ACCESS_KEY, "iam");
    let mut kept = None;
    let mut is_fresh = false;
    while !stop.load(Ordering::Relaxed) {
        std::thread::sleep(PAUSE);
        is_fresh = !is_fresh;
        let started = Instant::now();
        let connection = if is_fresh { None } else { kept.take() };
        let mut answer = request_on(connection, address, &mut signer);
        if answer.is_none() {
            // As SDKs do.
            answer = request_on(None, address, &mut signer);
        }
        match answer {
            Some(connection) => {
                seen.times.push(started.elapsed().as_secs_f64() * 1e3);
                kept = Some(connection);
            }
            None => seen.failed += 1,
        }
    }
    seen.times.sort_by(f64::total_cmp);
    seen
}

/// Sends a request. Returns the connection if the answer is right.
fn request_on(
    connection: Option<Connection>,
    address: SocketAddr,
    signer: &mut Signer,
) -> Option<Connection> {
    let mut connection = match connection {
        Some(connection) => connection,
        None => Connection::open_within(address, PATIENCE).ok()?,
    };
    let answer = connection.post(signer, FORM).ok()?;
    (answer.status == 200).then_some(connection)
}

/// The bytes of a request with this form.
pub(crate) fn request(address: SocketAddr, form: &str) -> Vec<u8> {
    let host = address.to_string();
    let signed =
        Signer::new(ACCESS_KEY, "iam").sign(SystemTime::now().into(), &host, CONTENT_TYPE, form);
    format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: {CONTENT_TYPE}\r\nX-Amz-Date: {}\r\n\
         Authorization: {}\r\nContent-Length: {}\r\n\r\n{form}",
        signed.date,
        signed.authorization,
        form.len()
    )
    .into_bytes()
}
