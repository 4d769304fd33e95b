//! Many connections that behave alike.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::assault::target::Target;

/// The threads that drive the connections.
const THREADS: usize = 4;
/// The pause between two rounds over all connections of a thread.
const PAUSE: Duration = Duration::from_millis(2);
/// The pause before a connection that broke is opened again.
const REOPENING: Duration = Duration::from_secs(1);
/// How long a connection may take to open.
const LONGEST_OPENING: Duration = Duration::from_millis(500);

/// A connection of an attacker.
pub(crate) struct Member {
    stream: TcpStream,
    /// The bytes that were sent.
    pub(crate) sent: usize,
    /// When it acted last.
    acted: Option<Instant>,
}

/// What became of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    Goes,
    Broke,
}

impl Member {
    /// Whether the last act is this long ago. If so, this is the next one.
    pub(crate) fn is_due(&mut self, pause: Duration) -> bool {
        let is_due = self.acted.is_none_or(|acted| acted.elapsed() >= pause);
        if is_due {
            self.acted = Some(Instant::now());
        }
        is_due
    }

    /// Sends what the connection takes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Act {
        let written = self.stream.write(bytes);
        self.sent += written.as_ref().copied().unwrap_or_default();
        outcome(&written)
    }

    /// Reads at most this much.
    pub(crate) fn read(&mut self, most: usize) -> Act {
        match self.stream.read(&mut vec![0; most]) {
            Ok(0) => Act::Broke,
            read => outcome(&read),
        }
    }
}

fn outcome(done: &io::Result<usize>) -> Act {
    match done {
        Err(error) if error.kind() != ErrorKind::WouldBlock => Act::Broke,
        _ => Act::Goes,
    }
}

/// A connection, or when to open the next one in its place.
enum Seat {
    Open(Member),
    Opens(Instant),
}

/// Opens connections, and lets each act again and again. One that breaks is opened again after a second, until the attack is
/// over.
pub(crate) fn run(target: &Target, number: usize, act: impl Fn(&mut Member) -> Act + Sync) {
    let act = &act;
    std::thread::scope(|scope| {
        for thread in 0..THREADS {
            let number = number / THREADS + usize::from(thread < number % THREADS);
            scope.spawn(move || {
                let mut seats: Vec<Seat> = Vec::new();
                seats.resize_with(number, || Seat::Opens(Instant::now()));
                while !target.is_over() {
                    for seat in &mut seats {
                        if target.is_over() {
                            return;
                        }
                        let is_open = match seat {
                            Seat::Open(member) => act(member) == Act::Goes,
                            Seat::Opens(time) if *time > Instant::now() => continue,
                            Seat::Opens(_) => match open(target) {
                                Ok(member) => {
                                    *seat = Seat::Open(member);
                                    true
                                }
                                Err(_) => false,
                            },
                        };
                        if !is_open {
                            *seat = Seat::Opens(Instant::now() + REOPENING);
                        }
                    }
                    std::thread::sleep(PAUSE);
                }
            });
        }
    });
}

fn open(target: &Target) -> io::Result<Member> {
    let stream = TcpStream::connect_timeout(&target.address, LONGEST_OPENING)?;
    stream.set_nonblocking(true)?;
    Ok(Member {
        stream,
        sent: 0,
        acted: None,
    })
}
