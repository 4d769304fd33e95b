//! What the requests from one address share, so that they cannot take all that there is.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::Semaphore;

use crate::config::Limits;
use crate::unsent::UnsentBytes;

/// What counts as one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Address {
    /// Everything on this machine.
    Loopback,
    /// An IPv4 address, or the first half of an IPv6 address: providers assign no less.
    Remote(IpAddr),
}

impl Address {
    pub(crate) fn of(address: IpAddr) -> Self {
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

/// The permits of one address.
#[derive(Debug)]
pub(crate) struct AddressShare {
    /// [`Limits::readers_of_address`].
    pub(crate) readers: Arc<Semaphore>,
    /// [`Limits::writers_of_address`].
    pub(crate) writers: Arc<Semaphore>,
    /// [`Limits::unsent_bytes_of_address`].
    pub(crate) unsent: UnsentBytes,
}

impl AddressShare {
    fn new(limits: &Limits) -> Arc<Self> {
        Arc::new(Self {
            readers: Arc::new(Semaphore::new(limits.readers_of_address.max(1))),
            writers: Arc::new(Semaphore::new(limits.writers_of_address.max(1))),
            unsent: UnsentBytes::new(limits.unsent_bytes_of_address),
        })
    }
}

/// The shares that connections and running requests hold. A client that closes its connections gets no new share while its
/// requests are still worked on.
#[derive(Debug, Default)]
pub(crate) struct AddressShares(Mutex<HashMap<Address, Weak<AddressShare>>>);

impl AddressShares {
    pub(crate) fn of(&self, address: Address, limits: &Limits) -> Arc<AddressShare> {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&address).and_then(Weak::upgrade) {
            return share;
        }
        shares.retain(|_, share| share.strong_count() > 0);
        let share = AddressShare::new(limits);
        shares.insert(address, Arc::downgrade(&share));
        share
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
    fn a_share_lasts_while_anything_holds_it() {
        let (shares, limits) = (AddressShares::default(), Limits::default());
        let share = |text: &str| shares.of(Address::of(text.parse().unwrap()), &limits);
        let of_request = share("192.0.2.1");
        assert!(Arc::ptr_eq(&of_request, &share("192.0.2.1")));
        assert!(!Arc::ptr_eq(&of_request, &share("192.0.2.2")));
        drop(of_request);
        let _other = share("192.0.2.3");
        assert_eq!(shares.0.lock().unwrap().len(), 1);
    }
}
