//! The rate limit of each address. It stands before everything else that is done with a request, metrics
//! and log included. Addresses are not stored: the limiter uses a hash with a random salt that is drawn
//! when the server starts and is never written anywhere.

use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::Response;
use governor::clock::{Clock, DefaultClock};
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::problem::Problem;
use crate::site;

const FORWARDED: &str = "x-forwarded-for";
/// A visit fetches about a hundred files of the page for each request to the collector, and a class of
/// participants may share one address.
const FILES_PER_REQUEST: NonZeroU32 = NonZeroU32::new(100).expect("not zero");
/// How often the state of addresses that are quiet again is dropped.
const MINUTE: Duration = Duration::from_secs(60);

type Limiter = RateLimiter<u64, DashMapStateStore<u64>, DefaultClock>;

/// What counts as one address: for IPv6, the /64 network of a customer.
pub(super) type Network = [u8; 8];

#[derive(Debug)]
pub(super) struct Limit {
    /// For the page's files and `/healthz`.
    files: Limiter,
    /// For every other path, those that do not exist included.
    others: Limiter,
    clock: DefaultClock,
    salt: RandomState,
    trust_proxy: bool,
    warned_of_proxy: AtomicBool,
    /// Requests refused since the log last told of it.
    refused: AtomicU64,
}

impl Limit {
    pub(super) fn new(per_minute: NonZeroU32, trust_proxy: bool) -> Self {
        let files = per_minute.saturating_mul(FILES_PER_REQUEST);
        Self {
            files: RateLimiter::dashmap(Quota::per_minute(files)),
            others: RateLimiter::dashmap(Quota::per_minute(per_minute)),
            clock: DefaultClock::default(),
            salt: RandomState::new(),
            trust_proxy,
            warned_of_proxy: AtomicBool::new(false),
            refused: AtomicU64::new(0),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// The seconds to wait, if the limit is exceeded.
    fn check(&self, path: &str, peer: SocketAddr, headers: &HeaderMap) -> Result<(), u64> {
        let address = self.address(peer, headers);
        let key = self.salt.hash_one(network(address));
        let limiter = if site::is_of_page(path) {
            &self.files
        } else {
            &self.others
        };
        limiter.check_key(&key).map_err(|until| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            let wait = until.wait_time_from(self.clock.now());
            wait.as_secs() + 1
        })
    }

    /// The client's address; behind a trusted proxy, the one that the proxy added, which is the last.
    fn address(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let forwarded = headers.get_all(FORWARDED).iter().next_back();
        if !self.trust_proxy {
            if forwarded.is_some() && is_private(peer.ip()) {
                self.warn_of_proxy();
            }
            return peer.ip();
        }
        let last = forwarded.and_then(|list| list.to_str().ok()?.rsplit(',').next());
        last.and_then(forwarded_address)
            .unwrap_or_else(|| peer.ip())
    }

    /// Tells once that all clients share one limit.
    fn warn_of_proxy(&self) {
        if !self.warned_of_proxy.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "requests come through a proxy that is not trusted (X-Forwarded-For), so all of its clients \
                 share the limit of one address; docs/collector.md says how to trust it"
            );
        }
    }

    /// Drops the state of addresses that have sent no request for a while, and tells how many requests
    /// were refused, every minute. A log line for each of them would let a client fill the disk.
    pub(super) async fn keep_tidy(self: Arc<Self>) {
        let mut minutes = tokio::time::interval(MINUTE);
        loop {
            minutes.tick().await;
            for limiter in [&self.files, &self.others] {
                limiter.retain_recent();
                limiter.shrink_to_fit();
            }
            let refused = self.refused.swap(0, Ordering::Relaxed);
            if refused > 0 {
                tracing::warn!(
                    refused,
                    "requests over the rate limit within the last minute"
                );
            }
        }
    }
}

/// Applies the rate limit.
pub(super) async fn apply(
    State(limit): State<Arc<Limit>>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    if let Err(seconds) = limit.check(request.uri().path(), peer, request.headers()) {
        // Without labels: whoever sends it decides nothing about what is kept.
        metrics::counter!("soundalike_requests_refused_total").increment(1);
        return Err(Problem::TooOften(seconds));
    }
    Ok(next.run(request).await)
}

/// The address in an entry of X-Forwarded-For, which may have a port and, for IPv6, brackets.
fn forwarded_address(entry: &str) -> Option<IpAddr> {
    let entry = entry.trim();
    let bare = entry
        .strip_prefix('[')
        .and_then(|entry| entry.strip_suffix(']'))
        .unwrap_or(entry);
    let with_port = || entry.parse().map(|address: SocketAddr| address.ip());
    bare.parse().or_else(|_| with_port()).ok()
}

/// Whether an address belongs to this machine or to a private network, as a reverse proxy's does.
fn is_private(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => address.is_loopback() || address.is_private(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local(),
    }
}

/// What counts as one address.
pub(super) fn network(address: IpAddr) -> Network {
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

    const API: &str = "/api/v1/answers";

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
            assert_eq!(limit.check(API, peer(address), &none), Ok(()));
            assert_eq!(limit.check(API, peer(address), &none), Ok(()));
            let wait = limit.check(API, peer(address), &none).unwrap_err();
            assert!((1..=31).contains(&wait), "{wait}");
        }
    }

    #[test]
    fn every_path_counts_and_the_files_of_the_page_apart() {
        let limit = limit(false);
        let none = HeaderMap::new();
        let count = |path: &str| limit.check(path, peer(1), &none);
        assert!(count("/nothing").is_ok() && count("/api/v1/survey").is_ok());
        for path in ["/readyz", "/metrics", "/nothing", "/api/x", "/survey/", API] {
            assert!(count(path).is_err(), "{path}");
        }
        for _ in 0..66 {
            for path in ["/", "/www/app.js", "/healthz"] {
                assert!(count(path).is_ok(), "{path}");
            }
        }
        assert!((0..3).any(|_| count("/www/nothing.js").is_err()));
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
            assert_eq!(trusting.check(API, peer(1), &forwarded(client)), Ok(()));
        }
        let check = |client: &str| other.check(API, peer(1), &forwarded(client));
        assert_eq!(check("198.51.100.1"), Ok(()));
        assert_eq!(check("198.51.100.2"), Ok(()));
        assert!(check("198.51.100.3").is_err());
    }

    #[test]
    fn a_forwarded_address_may_have_a_port_and_brackets() {
        let address = |entry: &str| forwarded_address(entry).map(|found| found.to_string());
        for (entry, expected) in [
            (" 192.0.2.1", "192.0.2.1"),
            ("192.0.2.1:8080", "192.0.2.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]", "2001:db8::1"),
            ("[2001:db8::1]:443", "2001:db8::1"),
        ] {
            assert_eq!(address(entry).as_deref(), Some(expected), "{entry}");
        }
        for entry in ["", "unknown", "_hidden", "192.0.2.1:99999", "[192.0.2.1"] {
            assert_eq!(address(entry), None, "{entry}");
        }
    }

    #[test]
    fn a_proxy_that_is_not_trusted_is_noticed() {
        let noticed = |trust_proxy, peer: [u8; 4], forwarded: bool| {
            let limit = limit(trust_proxy);
            let mut headers = HeaderMap::new();
            if forwarded {
                headers.insert(FORWARDED, "198.51.100.1".parse().unwrap());
            }
            limit.address(SocketAddr::from((peer, 1)), &headers);
            limit.warned_of_proxy.load(Ordering::Relaxed)
        };
        assert!(noticed(false, [127, 0, 0, 1], true));
        assert!(noticed(false, [10, 0, 0, 1], true));
        // Anybody can send the header.
        assert!(!noticed(false, [198, 51, 100, 1], true));
        assert!(!noticed(false, [127, 0, 0, 1], false));
        assert!(!noticed(true, [127, 0, 0, 1], true));
    }

    #[test]
    fn addresses_of_one_ipv6_network_count_as_one() {
        let address = |text: &str| network(text.parse().unwrap());
        assert_eq!(address("2001:db8:1:2::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
    }
}
