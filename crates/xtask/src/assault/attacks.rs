//! The attacks. To add one, write a function that goes on until [`Target::stop`], and add it to [`ATTACKS`].

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::assault::client;
use crate::assault::stores::Account;
use crate::assault::swarm::{self, Act};
use crate::assault::target::Target;

/// An attack.
pub(crate) struct Attack {
    pub(crate) name: &'static str,
    /// What the server serves.
    pub(crate) account: Account,
    /// Whether it ends by itself, instead of after the time that is given.
    pub(crate) has_end: bool,
    pub(crate) run: fn(&Target) -> Result<(), String>,
}

/// All attacks.
pub(crate) const ATTACKS: [Attack; 8] = [
    // For comparison.
    Attack {
        name: "none",
        account: Account::Test,
        has_end: false,
        run: none,
    },
    // Pipelines requests, and reads no answers.
    Attack {
        name: "never-read",
        account: Account::Test,
        has_end: false,
        run: never_read,
    },
    // Reads long answers slowly.
    Attack {
        name: "slow-read",
        account: Account::Large,
        has_end: false,
        run: slow_read,
    },
    // Sends heads of requests byte by byte.
    Attack {
        name: "slow-heads",
        account: Account::Test,
        has_end: false,
        run: slow_heads,
    },
    // Opens connections and sends nothing.
    Attack {
        name: "idle",
        account: Account::Test,
        has_end: false,
        run: idle,
    },
    // Asks for the metrics, which need no signature.
    Attack {
        name: "metrics",
        account: Account::Test,
        has_end: false,
        run: metrics,
    },
    // Asks for operations that the server does not have, each under another name.
    Attack {
        name: "unknown-names",
        account: Account::Test,
        has_end: true,
        run: unknown_names,
    },
    // Everything at once that keeps connections open.
    Attack {
        name: "all",
        account: Account::Large,
        has_end: false,
        run: all,
    },
];

/// The names of the attacks.
pub(crate) fn names() -> Vec<&'static str> {
    ATTACKS.iter().map(|attack| attack.name).collect()
}

fn none(target: &Target) -> Result<(), String> {
    while !target.is_over() {
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn never_read(target: &Target) -> Result<(), String> {
    let request = client::request(target.address, "Action=ListUsers&Version=2010-05-08");
    let requests = request.repeat(64);
    swarm::run(target, target.scale.connections, |member| {
        let from = member.sent % request.len();
        let rest = requests.get(from..).unwrap_or_default();
        member.write(rest)
    });
    Ok(())
}

fn slow_read(target: &Target) -> Result<(), String> {
    let request = client::request(
        target.address,
        "Action=GetAccountAuthorizationDetails&Version=2010-05-08&MaxItems=1000",
    );
    swarm::run(target, target.scale.readers, |member| {
        if let Some(rest) = request.get(member.sent..).filter(|rest| !rest.is_empty()) {
            return member.write(rest);
        }
        if !member.is_due(Duration::from_millis(500)) {
            return Act::Goes;
        }
        member.read(1_024)
    });
    Ok(())
}

fn slow_heads(target: &Target) -> Result<(), String> {
    let head = format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: {}",
        "x".repeat(10_000)
    );
    swarm::run(target, target.scale.connections, |member| {
        if !member.is_due(Duration::from_secs(1)) {
            return Act::Goes;
        }
        let sent = member.sent;
        let next = head.as_bytes().get(sent..=sent).unwrap_or_default();
        member.write(next)
    });
    Ok(())
}

fn idle(target: &Target) -> Result<(), String> {
    swarm::run(target, target.scale.connections, |member| member.read(1));
    Ok(())
}

fn metrics(target: &Target) -> Result<(), String> {
    let request = b"GET /metrics HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
    swarm::run(target, target.scale.connections, |member| {
        let from = member.sent % request.len();
        match member.write(request.get(from..).unwrap_or_default()) {
            Act::Goes => member.read(64 << 10),
            Act::Broke => Act::Broke,
        }
    });
    Ok(())
}

/// How many requests are sent before their answers are read.
const BATCH: u64 = 16;
/// How many connections ask.
const ASKING: u64 = 8;

fn unknown_names(target: &Target) -> Result<(), String> {
    let next = AtomicU64::new(0);
    let ask = || -> std::io::Result<()> {
        let mut stream = TcpStream::connect(target.address)?;
        stream.set_nodelay(true)?;
        let end = b"</ErrorResponse>";
        let (mut answers, mut buffer) = (Vec::new(), vec![0; 64 << 10]);
        while !target.is_over() {
            let first = next.fetch_add(BATCH, Ordering::Relaxed);
            if first >= target.scale.names {
                break;
            }
            let requests: String = (first..first + BATCH)
                .map(|number| {
                    format!(
                        "GET /?Action=Name{number}&Version=2010-05-08 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
                    )
                })
                .collect();
            stream.write_all(requests.as_bytes())?;
            answers.clear();
            let mut number = 0;
            while number < BATCH {
                let read = stream.read(&mut buffer)?;
                if read == 0 {
                    return Err(std::io::ErrorKind::UnexpectedEof.into());
                }
                answers.extend_from_slice(buffer.get(..read).unwrap_or_default());
                number = answers
                    .windows(end.len())
                    .filter(|part| part == end)
                    .count() as u64;
            }
        }
        Ok(())
    };
    let outcomes: Vec<std::io::Result<()>> = std::thread::scope(|scope| {
        let asking: Vec<_> = (0..ASKING).map(|_| scope.spawn(ask)).collect();
        let outcomes = asking.into_iter().map(std::thread::ScopedJoinHandle::join);
        outcomes.map(|outcome| outcome.unwrap_or(Ok(()))).collect()
    });
    for outcome in outcomes {
        outcome.map_err(|error| format!("an unknown operation got no answer: {error}"))?;
    }
    Ok(())
}

fn all(target: &Target) -> Result<(), String> {
    std::thread::scope(|scope| {
        for attack in [never_read, slow_read, slow_heads, idle] {
            scope.spawn(move || attack(target));
        }
    });
    Ok(())
}
