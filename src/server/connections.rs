//! The connections: how many there may be, how long each may be silent, and which one gives way to a new
//! one. Without these bounds, clients that connect and say nothing would take all of the process's files.
//!
//! A connection *waits* while no request of it is being answered. When there are too many connections, of
//! one address or in all, those that have waited longest are closed in favour of the new one: a participant
//! who sends an answer gets through, however many silent connections there are.

use std::collections::HashMap;
use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes, HttpBody};
use axum::extract::ConnectInfo;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::Sleep;
use tower::ServiceExt;

use crate::limit::{Network, network};

/// Files that the process needs besides its connections: the database's, the page's, the log.
const OTHER_FILES: u64 = 128;
/// How long nothing is accepted after an error such as too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Greatest size of a request's line and headers, in bytes.
const HEAD_BYTES: usize = 32 * 1024;
/// When there are too many connections in all, one part in so many is closed at once, because it takes a
/// look at all of them.
const SHARE_CLOSED: usize = 64;

/// Bounds of the connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    /// Connections in all. Fewer where the system lets the process open fewer files.
    pub total: usize,
    /// Connections of one address (of one /64 network for IPv6); `None` for no limit of its own, as
    /// behind a proxy, where all of them are the proxy's.
    pub per_address: Option<usize>,
    /// How long a request's line and headers may take to arrive, and how long a connection may wait for
    /// the next request.
    pub head_timeout: Duration,
    /// How long a connection may pass nothing in either direction.
    pub idle_timeout: Duration,
}

impl Default for ConnectionLimits {
    /// 10,000 connections, 256 of one address; 20 s for a request's head, 40 s without a byte.
    fn default() -> Self {
        Self {
            total: 10_000,
            per_address: Some(256),
            head_timeout: Duration::from_secs(20),
            // Longer than a handler may take, during which the client rightly sends nothing.
            idle_timeout: Duration::from_secs(40),
        }
    }
}

impl ConnectionLimits {
    /// The greatest number of connections for which the system lets the process open files; it is
    /// asked for as many as it gives.
    fn possible(&self) -> usize {
        let wanted = self.total as u64 + OTHER_FILES;
        let Ok(files) = rlimit::increase_nofile_limit(wanted) else {
            return self.total;
        };
        let possible = usize::try_from(files.saturating_sub(OTHER_FILES)).unwrap_or(usize::MAX);
        if possible < self.total {
            tracing::warn!(
                "at most {possible} connections instead of {}: the system lets this process open {files} \
                 files only (ulimit -n)",
                self.total
            );
        }
        possible.clamp(1, self.total.max(1))
    }
}

/// Answers requests until `stop` resolves, then waits for those that are being answered.
pub(super) async fn serve(
    listener: TcpListener,
    router: Router,
    limits: ConnectionLimits,
    stop: impl Future<Output = ()>,
) {
    let limits = ConnectionLimits {
        total: limits.possible(),
        ..limits
    };
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(limits.head_timeout)
        .max_buf_size(HEAD_BYTES);
    let open = Arc::new(Open::new(limits.clone()));
    let graceful = GracefulShutdown::new();
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut stop => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            // The client has gone away again.
            Err(error) if is_of_client(&error) => continue,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                open.make_room();
                tokio::select! {
                    () = tokio::time::sleep(ACCEPT_PAUSE) => continue,
                    () = &mut stop => break,
                }
            }
        };
        let Some(place) = open.enter(peer) else {
            metrics::counter!("soundalike_connections_refused_total").increment(1);
            continue;
        };
        // Answers are small, and each is written at once.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let stream = TokioIo::new(Watched::new(stream, limits.idle_timeout));
        let (router, connection) = (router.clone(), place.connection.clone());
        let service =
            service_fn(move |request| answer(router.clone(), connection.clone(), request));
        let serving = graceful.watch(http.serve_connection(stream, service));
        tokio::spawn(async move {
            let mut serving = pin!(serving);
            // An error is the client's: it went away, was silent for too long or sent no HTTP.
            tokio::select! {
                _ = &mut serving => {}
                () = place.connection.gives_way() => {
                    // Its next request may have come in the same moment.
                    if !place.connection.waits() {
                        let _ = serving.await;
                    }
                }
            }
        });
    }
    drop(listener);
    graceful.shutdown().await;
}

fn is_of_client(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
    )
}

/// Answers a request; the connection is in use until the last byte of the body is handed over.
async fn answer(
    router: Router,
    connection: Arc<Connection>,
    mut request: Request<Incoming>,
) -> Result<Response<InUse>, Infallible> {
    let using = Using::new(connection);
    let peer = using.0.peer;
    request.extensions_mut().insert(ConnectInfo(peer));
    let response = router.oneshot(request.map(Body::new)).await?;
    Ok(response.map(|body| InUse {
        body,
        _using: using,
    }))
}

/// A connection in the list of the open ones.
#[derive(Debug)]
struct Connection {
    peer: SocketAddr,
    network: Network,
    began: Instant,
    /// Requests that are being answered: none or one, HTTP/1.1 answers one after another.
    requests: AtomicUsize,
    /// When the last request was answered, in milliseconds after `began`.
    used: AtomicU64,
    close: Notify,
}

impl Connection {
    fn waits(&self) -> bool {
        self.requests.load(Ordering::Acquire) == 0
    }

    /// Since when it has been waiting.
    fn waits_since(&self) -> Instant {
        self.began + Duration::from_millis(self.used.load(Ordering::Relaxed))
    }

    /// Resolves when it is to be closed for a new connection.
    async fn gives_way(&self) {
        self.close.notified().await;
    }
}

/// Counts a request of a connection while it is answered.
struct Using(Arc<Connection>);

impl Using {
    fn new(connection: Arc<Connection>) -> Self {
        connection.requests.fetch_add(1, Ordering::AcqRel);
        Self(connection)
    }
}

impl Drop for Using {
    fn drop(&mut self) {
        let used = u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.0.used.store(used, Ordering::Relaxed);
        self.0.requests.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A response's body, which keeps its connection in use.
struct InUse {
    body: Body,
    _using: Using,
}

impl HttpBody for InUse {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The open connections, by network and number.
#[derive(Debug)]
struct Open {
    limits: ConnectionLimits,
    list: Mutex<List>,
}

#[derive(Debug, Default)]
struct List {
    next: u64,
    total: usize,
    networks: HashMap<Network, HashMap<u64, Arc<Connection>>>,
}

impl List {
    fn remove(&mut self, network: Network, number: u64) {
        let Some(of_network) = self.networks.get_mut(&network) else {
            return;
        };
        if of_network.remove(&number).is_some() {
            self.total -= 1;
        }
        if of_network.is_empty() {
            self.networks.remove(&network);
        }
    }

    /// Closes up to `most` of the connections of a network, or of all, that have waited longest.
    fn close_waiting(&mut self, network: Option<Network>, most: usize) {
        let chosen: Vec<_> = match network {
            Some(network) => self.networks.get(&network).into_iter().collect(),
            None => self.networks.values().collect(),
        };
        let mut waiting: Vec<_> = chosen
            .into_iter()
            .flatten()
            .filter(|(_, connection)| connection.waits())
            .map(|(&number, connection)| (connection.waits_since(), number, connection.clone()))
            .collect();
        if waiting.len() > most {
            waiting.select_nth_unstable_by_key(most, |&(since, number, _)| (since, number));
            waiting.truncate(most);
        }
        metrics::counter!("soundalike_connections_displaced_total").increment(waiting.len() as u64);
        for (_, number, connection) in waiting {
            self.remove(connection.network, number);
            connection.close.notify_one();
        }
    }
}

impl Open {
    fn new(limits: ConnectionLimits) -> Self {
        Self {
            limits,
            list: Mutex::default(),
        }
    }

    fn list(&self) -> MutexGuard<'_, List> {
        // The list is whole whenever the lock is free, a panic elsewhere does not change that.
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes up a connection; `None` if there are too many and none of them waits.
    fn enter(self: &Arc<Self>, peer: SocketAddr) -> Option<Place> {
        let network = network(peer.ip());
        let mut list = self.list();
        let of_network = |list: &List| list.networks.get(&network).map_or(0, HashMap::len);
        if let Some(most) = self.limits.per_address
            && of_network(&list) >= most
        {
            list.close_waiting(Some(network), 1);
            if of_network(&list) >= most {
                return None;
            }
        }
        if list.total >= self.limits.total {
            list.close_waiting(None, 1 + self.limits.total / SHARE_CLOSED);
            if list.total >= self.limits.total {
                return None;
            }
        }
        let number = list.next;
        let connection = Arc::new(Connection {
            peer,
            network,
            began: Instant::now(),
            requests: AtomicUsize::new(0),
            used: AtomicU64::new(0),
            close: Notify::new(),
        });
        list.next += 1;
        list.total += 1;
        let of_network = list.networks.entry(network).or_default();
        of_network.insert(number, connection.clone());
        Some(Place {
            open: self.clone(),
            number,
            connection,
        })
    }

    /// Closes some waiting connections, because the system gives no more files.
    fn make_room(&self) {
        self.list()
            .close_waiting(None, 1 + self.limits.total / SHARE_CLOSED);
    }
}

/// A connection's place in the list, which is free again when this is dropped.
struct Place {
    open: Arc<Open>,
    number: u64,
    connection: Arc<Connection>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.open
            .list()
            .remove(self.connection.network, self.number);
    }
}

/// A stream that ends with an error when no byte has passed in either direction for a while: a client that
/// stops sending its request or stops reading its answer.
struct Watched {
    stream: TcpStream,
    idle_timeout: Duration,
    timer: Pin<Box<Sleep>>,
}

impl Watched {
    fn new(stream: TcpStream, idle_timeout: Duration) -> Self {
        Self {
            stream,
            idle_timeout,
            timer: Box::pin(tokio::time::sleep(idle_timeout)),
        }
    }

    /// Restarts the timer after progress; without progress, fails once it has run out.
    fn watch<T>(
        &mut self,
        polled: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if polled.is_ready() {
            let deadline = tokio::time::Instant::now() + self.idle_timeout;
            self.timer.as_mut().reset(deadline);
            return polled;
        }
        ready!(self.timer.as_mut().poll(context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        self.watch(polled, context)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.watch(polled, context)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // TCP has nothing to flush: this is no progress.
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.watch(polled, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(total: usize, per_address: Option<usize>) -> Arc<Open> {
        Arc::new(Open::new(ConnectionLimits {
            total,
            per_address,
            ..ConnectionLimits::default()
        }))
    }

    fn peer(last: u8, port: u16) -> SocketAddr {
        SocketAddr::from(([192, 0, 2, last], port))
    }

    /// Whether a connection was asked to give way.
    fn gives_way(place: &Place) -> bool {
        use futures_util::FutureExt;
        place.connection.gives_way().now_or_never().is_some()
    }

    #[test]
    fn the_longest_waiting_connection_of_an_address_gives_way_to_its_next() {
        let open = open(100, Some(2));
        let other = open.enter(peer(1, 1)).expect("room");
        let first = open.enter(peer(2, 1)).expect("room");
        let second = open.enter(peer(2, 2)).expect("room");
        let third = open.enter(peer(2, 3)).expect("the first gives way");
        assert!(gives_way(&first));
        assert!(!gives_way(&second) && !gives_way(&third) && !gives_way(&other));
        // Its place was taken already.
        drop(first);
        assert_eq!(open.list().total, 3);
    }

    #[test]
    fn a_connection_whose_request_is_being_answered_stays() {
        let open = open(2, None);
        let places = [1, 2].map(|last| open.enter(peer(last, 1)).expect("room"));
        let using = places
            .each_ref()
            .map(|place| Using::new(place.connection.clone()));
        assert!(open.enter(peer(3, 1)).is_none(), "nobody waits");
        drop(using);
        assert!(open.enter(peer(3, 1)).is_some());
        assert!(places.iter().filter(|place| gives_way(place)).count() == 1);
    }

    #[test]
    fn a_closed_connection_leaves_nothing_behind() {
        let open = open(10, Some(5));
        drop(open.enter(peer(1, 1)));
        let list = open.list();
        assert!(list.networks.is_empty() && list.total == 0);
    }
}
