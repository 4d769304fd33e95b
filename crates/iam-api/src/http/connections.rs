//! The open connections: how many there are of each address, and which of them wait for their clients.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::address_share::{Address, AddressShare, AddressShares};
use crate::config::Limits;

/// A connection that waits for its client for less than this is not closed to make room: its client may
/// just be about to send a request.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);

/// The open connections.
#[derive(Debug)]
pub(crate) struct Connections {
    limits: Limits,
    shares: AddressShares,
    open: Mutex<HashMap<u64, Arc<Connection>>>,
    next: AtomicUsize,
}

/// An open connection.
#[derive(Debug)]
pub(crate) struct Connection {
    address: Address,
    share: Arc<AddressShare>,
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
pub(crate) struct ConnectionPlace {
    connections: Arc<Connections>,
    id: u64,
    pub(crate) connection: Arc<Connection>,
}

/// Whether a connection may be opened.
#[derive(Debug)]
pub(crate) enum Admission {
    Open(ConnectionPlace),
    /// It has the place of another one, which is closed.
    Displaced(ConnectionPlace),
    /// There are too many, and all are busy.
    Refused,
}

impl Connections {
    pub(crate) fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            limits: limits.clone(),
            shares: AddressShares::default(),
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
        let displaced = if number >= self.limits.connections_per_address.max(1) {
            Some(displace(&mut open, is_own))
        } else if open.len() >= self.limits.connections.max(1) {
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
            share: self.shares.of(address, &self.limits),
            state: Mutex::new(State {
                receives_since: Some(Instant::now()),
                stalls_since: None,
                pipelined: 0,
            }),
            close: Notify::new(),
        });
        open.insert(id, connection.clone());
        let place = ConnectionPlace {
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

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.connections.open().remove(&self.id);
    }
}

impl Connection {
    /// The permits of its address.
    pub(crate) fn share(&self) -> Arc<AddressShare> {
        self.share.clone()
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
        let is_open = |place: &ConnectionPlace| connections.open().contains_key(&place.id);
        let opened = Instant::now();
        let (busy, idle) = (open("192.0.2.1"), open("192.0.2.1"));
        busy.connection.received();
        let mut admission = admit("192.0.2.1");
        // Both are busy, or have just been opened: if this thread did not pause.
        if opened.elapsed() < SHORTEST_WAIT {
            assert!(matches!(admission, Admission::Refused));
        }
        if matches!(admission, Admission::Refused) {
            std::thread::sleep(SHORTEST_WAIT);
            admission = admit("192.0.2.1");
        }
        let Admission::Displaced(other) = admission else {
            panic!("refused");
        };
        assert!(is_open(&busy) && is_open(&other) && !is_open(&idle));
        // The connections of an address share its permits.
        assert!(Arc::ptr_eq(&busy.connection.share, &other.connection.share));
        // Another address has places and permits of its own, until all are taken.
        let third = open("192.0.2.2");
        assert!(!Arc::ptr_eq(
            &busy.connection.share,
            &third.connection.share
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
