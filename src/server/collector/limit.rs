//! The rate limit of each address. Addresses are not stored: the limiter uses a hash with a random salt
//! that is drawn when the collector starts and is never written anywhere.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;

use axum::http::HeaderMap;
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

const FORWARDED: &str = "x-forwarded-for";

#[derive(Debug)]
pub(super) struct Limit {
    limiter: RateLimiter<u64, DashMapStateStore<u64>, DefaultClock>,
    clock: DefaultClock,
    salt: RandomState,
    trust_proxy: bool,
}

impl Limit {
    pub(super) fn new(per_minute: NonZeroU32, trust_proxy: bool) -> Self {
        Self {
            limiter: RateLimiter::dashmap(Quota::per_minute(per_minute)),
            clock: DefaultClock::default(),
            salt: RandomState::new(),
            trust_proxy,
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// The seconds to wait, if the limit is exceeded.
    pub(super) fn check(&self, peer: SocketAddr, headers: &HeaderMap) -> Result<(), u64> {
        let address = self.address(peer, headers);
        let key = self.salt.hash_one(network(address));
        self.limiter.check_key(&key).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now());
            wait.as_secs() + 1
        })
    }

    /// The client's address; behind a trusted proxy, the one that the proxy added, which is the last.
    fn address(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let forwarded = || {
            let last = headers.get_all(FORWARDED).iter().next_back()?;
            last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
        };
        let forwarded = self.trust_proxy.then(forwarded).flatten();
        forwarded.unwrap_or_else(|| peer.ip())
    }

    /// Drops the state of addresses that have sent no request for a while.
    pub(super) fn forget(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

/// What counts as one address: for IPv6, the /64 network of a customer.
fn network(address: IpAddr) -> [u8; 8] {
    let mut network = [0; 8];
    match address.to_canonical() {
        IpAddr::V4(address) => network[..4].copy_from_slice(&address.octets()),
        IpAddr::V6(address) => network.copy_from_slice(&address.octets()[..8]),
    }
    network
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn peer(last: u8) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], 1234))
    }

    fn limit(trust_proxy: bool) -> Limit {
        Limit::new(NonZeroU32::new(2).unwrap(), trust_proxy)
    }

    #[test]
    fn each_address_has_its_own_limit_and_learns_how_long_to_wait() {
        let limit = limit(false);
        let none = HeaderMap::new();
        for address in [1, 2] {
            assert_eq!(limit.check(peer(address), &none), Ok(()));
            assert_eq!(limit.check(peer(address), &none), Ok(()));
            let wait = limit.check(peer(address), &none).unwrap_err();
            assert!((1..=31).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn a_forwarded_address_counts_only_behind_a_trusted_proxy() {
        let forwarded = |address: &str| {
            let mut headers = HeaderMap::new();
            let list = format!("203.0.113.9, {address}");
            headers.insert(FORWARDED, list.parse().unwrap());
            headers
        };
        let (trusting, other) = (limit(true), limit(false));
        for client in ["198.51.100.1", "198.51.100.2", "198.51.100.3"] {
            assert_eq!(trusting.check(peer(1), &forwarded(client)), Ok(()));
        }
        let check = |client: &str| other.check(peer(1), &forwarded(client));
        assert_eq!(check("198.51.100.1"), Ok(()));
        assert_eq!(check("198.51.100.2"), Ok(()));
        assert!(check("198.51.100.3").is_err());
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let address = |text: &str| network(text.parse().unwrap());
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    }
}
