//! The open connections: how many there are of each address, and which of them wait for their clients.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{Notify, Semaphore};

use crate::config::Limits;

/// A connection that waits for its client for less than this is not closed to make room: its client may
/// just be about to send a request.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);

/// The open connections.
#[derive(Debug)]
pub(crate) struct Connections {
    /// [`Limits::connections`].
    most: usize,
    /// [`Limits::connections_per_address`].
    most_per_address: usize,
    /// [`Limits::readers_of_address`].
    readers_of_address: usize,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    next: AtomicUsize,
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    address: Address,
    /// Shared by the connections of its address.
    readers: Arc<Semaphore>,
    state: Mutex<State>,
    /// Tells the task of the connection to close it.
    close: Notify,
}

#[derive(Clone, Copy, Debug)]
struct State {
    /// Since when it waits for a request, or for the rest of one; `None` while one is answered.
    receives_since: Option<Instant>,
    /// Since when the client takes nothing of an answer.
    stalls_since: Option<Instant>,
    /// The requests since bytes were received last.
    pipelined: usize,
}

/// A place among the open connections, given back on drop.
#[derive(Debug)]
pub(crate) struct Place {
    connections: Arc<Connections>,
    id: u64,
    pub(crate) connection: Arc<Connection>,
}

/// Whether a connection may be opened.
#[derive(Debug)]
pub(crate) enum Admission {
    Open(Place),
    /// It has the place of another one, which is closed.
    Displaced(Place),
    /// There are too many, and all are busy.
    Refused,
}

/// What counts as one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Address {
    /// Everything on this machine.
    Loopback,
    /// An IPv4 address, or the first half of an IPv6 address: providers assign no less.
    Remote(IpAddr),
}

impl Address {
    fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            address if address.is_loopback() => Self::Loopback,
            IpAddr::V6(address) => {
                let prefix = address.to_bits() >> 64 << 64;
                Self::Remote(Ipv6Addr::from_bits(prefix).into())
            }
            address @ IpAddr::V4(_) => Self::Remote(address),
        }
    }
}

impl Connections {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            most: limits.connections.max(1),
            most_per_address: limits.connections_per_address.max(1),
            readers_of_address: limits.readers_of_address.max(1),
            open: Mutex::default(),
            next: AtomicUsize::new(0),
        })
    }

    /// Opens a connection. When there are too many, the one that waits longest for its client is closed.
    pub(crate) fn admit(self: &Arc<Self>, address: IpAddr) -> Admission {
        let address = Address::of(address);
        let mut open = self.open();
        let is_own = |connection: &Connection| connection.address == address;
        let number = open
            .values()
            .filter(|connection| is_own(connection))
            .count();
        let readers = open
            .values()
            .find(|connection| is_own(connection))
            .map_or_else(
                || Arc::new(Semaphore::new(self.readers_of_address)),
                |connection| connection.readers.clone(),
            );
        let displaced = if number >= self.most_per_address {
            Some(displace(&mut open, is_own))
        } else if open.len() >= self.most {
            Some(displace(&mut open, |_| true))
        } else {
            None
        };
        if displaced == Some(false) {
            return Admission::Refused;
        }
        let id = self.next.fetch_add(1, Ordering::Relaxed) as u64;
        let connection = Arc::new(Connection {
            address,
            readers,
            state: Mutex::new(State {
                receives_since: Some(Instant::now()),
                stalls_since: None,
                pipelined: 0,
            }),
            close: Notify::new(),
        });
        open.insert(id, connection.clone());
        let place = Place {
            connections: self.clone(),
            id,
            connection,
        };
        match displaced {
            Some(_) => Admission::Displaced(place),
            None => Admission::Open(place),
        }
    }

    /// Closes the connection that waits longest for its client. Returns whether there was one.
    pub(crate) fn displace_one(&self) -> bool {
        displace(&mut self.open(), |_| true)
    }

    /// Closes all connections.
    pub(crate) fn close_all(&self) {
        for connection in self.open().values() {
            connection.close.notify_one();
        }
    }

    fn open(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes the connection, of some, that waits longest for its client. Returns whether there was one.
fn displace(open: &mut HashMap<u64, Arc<Connection>>, is_of: impl Fn(&Connection) -> bool) -> bool {
    let waiting = open.iter().filter(|(_, connection)| is_of(connection));
    let longest = waiting
        .filter_map(|(id, connection)| Some((connection.waits_since()?, *id)))
        .min()
        .filter(|(since, _)| since.elapsed() >= SHORTEST_WAIT);
    let connection = longest.and_then(|(_, id)| open.remove(&id));
    if let Some(connection) = &connection {
        connection.close.notify_one();
    }
    connection.is_some()
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.open().remove(&self.id);
    }
}

impl Connection {
    /// Permits for the reads of its address.
    pub(crate) fn readers(&self) -> Arc<Semaphore> {
        self.readers.clone()
    }

    /// Waits until the connection is to be closed.
    pub(crate) async fn closed(&self) {
        self.close.notified().await;
    }

    /// Some bytes were received.
    pub(crate) fn received_bytes(&self) {
        self.state().pipelined = 0;
    }

    /// The head of a request was received. Returns how many came since bytes were received last.
    pub(crate) fn received_head(&self) -> usize {
        let mut state = self.state();
        state.pipelined += 1;
        state.pipelined
    }

    /// A request was received, and is now answered.
    pub(crate) fn received(&self) {
        self.state().receives_since = None;
    }

    /// A request was answered.
    pub(crate) fn answered(&self) {
        self.state().receives_since = Some(Instant::now());
    }

    /// The client takes nothing of an answer, or takes something again.
    pub(crate) fn stalls(&self, stalls: bool) {
        self.state().stalls_since = stalls.then(Instant::now);
    }

    /// Since when the connection waits for its client.
    fn waits_since(&self) -> Option<Instant> {
        let state = self.state();
        state.stalls_since.or(state.receives_since)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let address = |text: &str| Address::of(text.parse().unwrap());
        assert_eq!(address("127.0.0.1"), address("127.8.8.8"));
        assert_eq!(address("127.0.0.1"), address("::1"));
        assert_eq!(address("127.0.0.1"), address("::ffff:127.0.0.1"));
        assert_eq!(address("192.0.2.1"), address("::ffff:192.0.2.1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
        assert_eq!(address("2001:db8::1"), address("2001:db8::2:0:0:1"));
        assert_ne!(address("2001:db8::1"), address("2001:db8:0:1::1"));
    }

    #[test]
    fn the_connection_that_waits_longest_makes_room() {
        let limits = Limits {
            connections: 3,
            connections_per_address: 2,
            ..Limits::default()
        };
        let connections = Connections::new(&limits);
        let admit = |address: &str| connections.admit(address.parse().unwrap());
        let open = |address: &str| match admit(address) {
            Admission::Open(place) => place,
            other => panic!("{other:?}"),
        };
        let is_open = |place: &Place| connections.open().contains_key(&place.id);
        let (busy, idle) = (open("192.0.2.1"), open("192.0.2.1"));
        busy.connection.received();
        // Both are busy, or have just been opened.
        assert!(matches!(admit("192.0.2.1"), Admission::Refused));
        std::thread::sleep(SHORTEST_WAIT);
        let Admission::Displaced(other) = admit("192.0.2.1") else {
            panic!("refused");
        };
        assert!(is_open(&busy) && is_open(&other) && !is_open(&idle));
        // The connections of an address share its readers.
        assert!(Arc::ptr_eq(
            &busy.connection.readers,
            &other.connection.readers
        ));
        // Another address has places and readers of its own, until all are taken.
        let third = open("192.0.2.2");
        assert!(!Arc::ptr_eq(
            &busy.connection.readers,
            &third.connection.readers
        ));
        third.connection.received();
        other.connection.received();
        assert!(matches!(admit("192.0.2.3"), Admission::Refused));
        other.connection.stalls(true);
        std::thread::sleep(SHORTEST_WAIT);
        let Admission::Displaced(_last) = admit("192.0.2.3") else {
            panic!("refused");
        };
        assert!(is_open(&busy) && is_open(&third) && !is_open(&other));
        drop(idle);
        assert_eq!(connections.open().len(), 3);
    }
}
