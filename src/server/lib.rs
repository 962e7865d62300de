//! The server behind `soundalike serve`: the page's files, the survey's [`collector`], and an [`Api`] of another
//! part of the program, which this crate does not know.
//!
//! It serves the page and nothing else in the folder it is started in: `site.rs`
//! decides which paths exist, `headers.rs` which headers every response carries.
//! Files are read from disk on each request, so a page that is rebuilt while the
//! server runs is served at once; a browser whose service worker has cached the
//! page offers the update.

use std::io;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::middleware;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

mod administration;
mod api;
pub mod collector;
mod connections;
mod database;
mod headers;
mod limit;
mod observe;
mod options;
mod private;
mod problem;
mod public_url;
mod requests;
mod site;
mod stored;
mod token;

pub use administration::{Administration, AdministrationError};
pub use api::{Api, Refusal};
pub use connections::ConnectionLimits;
pub use database::{DatabaseArguments, PasswordFileError};
pub use options::{Options, OptionsError, log_warnings};
pub use public_url::{NotAnOrigin, PublicUrl};
pub use stored::StoredAnswers;
pub use token::{Token, TokenError};

use limit::Limit;

use collector::{Collector, CollectorConfig, CollectorError};

/// How long open requests may take after the server was asked to stop.
const GRACE: Duration = Duration::from_secs(3);

/// What the server needs to know before it starts.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where to listen; port 0 takes any free port.
    pub addr: SocketAddr,
    /// The folder that holds `index.html`, `www/`, `pkg/` and `models/`; `None` to serve no page.
    pub site: Option<PathBuf>,
    /// The survey's collector; `None` to run without it.
    pub collector: Option<CollectorConfig>,
    /// Another API beside the page.
    pub api: Option<Api>,
    /// Requests per minute allowed from one address to other paths than the page's files, of which a
    /// hundred times as many are allowed; `None` for no limit.
    pub rate_limit: Option<NonZeroU32>,
    /// Whether the client's address is the last one of `X-Forwarded-For`.
    pub trust_proxy: bool,
    /// The address under which the public knows the server: requests for other hosts are turned away.
    /// `None` to answer whatever the host is called.
    pub public_url: Option<PublicUrl>,
    /// Bounds of the connections.
    pub connections: ConnectionLimits,
}

/// Why the server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The folder does not hold the page.
    #[error(
        "{} has no index.html: start the server in the project's folder, or run `cargo xtask serve` there",
        .0.display()
    )]
    NoPage(PathBuf),
    /// The page has not been built.
    #[error("{} is missing: the page has not been built, run `cargo xtask serve`", .0.display())]
    NotBuilt(PathBuf),
    /// Another program listens on the address.
    #[error("{0} is already in use")]
    AddressInUse(SocketAddr),
    /// The server cannot listen on the address for another reason.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// The error of the system.
        source: io::Error,
    },
    /// The collector does not start.
    #[error(transparent)]
    Collector(#[from] CollectorError),
    /// The server failed while it ran.
    #[error("the server stopped: {0}")]
    Stopped(#[source] io::Error),
}

/// A server that is bound to its port and does not answer requests yet.
///
/// [`serve`] is the usual entry point; tests use this type to learn the port and
/// to stop the server themselves.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    addr: SocketAddr,
    site: Option<PathBuf>,
    collector: Option<Collector>,
    api: Option<Api>,
    limit: Option<Arc<Limit>>,
    public_url: Option<Arc<PublicUrl>>,
    connections: ConnectionLimits,
}

impl Server {
    /// Checks the folder, opens the collector's database and binds the port.
    pub async fn bind(config: ServerConfig) -> Result<Self, ServerError> {
        let ServerConfig {
            addr,
            site,
            collector,
            api,
            rate_limit,
            trust_proxy,
            public_url,
            connections,
        } = config;
        if let Some(site) = &site {
            check_site(site)?;
        }
        let collector = match &collector {
            Some(config) => Some(Collector::open(config).await?),
            None => None,
        };
        let listen_error = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ServerError::AddressInUse(addr),
            _ => ServerError::Listen { addr, source },
        };
        let listener = TcpListener::bind(addr).await.map_err(listen_error)?;
        let addr = listener.local_addr().map_err(listen_error)?;
        Ok(Self {
            listener,
            addr,
            site,
            collector,
            api,
            limit: rate_limit.map(|per_minute| Arc::new(Limit::new(per_minute, trust_proxy))),
            public_url: public_url.map(Arc::new),
            connections,
        })
    }

    /// The address it listens on, with the actual port if port 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers requests until `stop` resolves, then waits for the open ones to end.
    pub async fn run_until(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServerError> {
        let (stopping, stopped) = tokio::sync::oneshot::channel();
        let stop = async move {
            stop.await;
            // The receiver is gone only if the server has already ended.
            let _ = stopping.send(());
        };
        let mut router = match &self.site {
            Some(site) => site::router(site),
            None => site::without_page(),
        };
        let mut tidying = JoinSet::new();
        if let Some(collector) = &self.collector {
            router = router.merge(collector.router());
            tidying.spawn(collector.clone().keep_tidy());
        }
        if let Some(api) = self.api {
            router = router.merge(api.router());
        }
        router = router.layer(middleware::map_response(problem::everywhere));
        if let Some(public_url) = self.public_url {
            router = router.layer(middleware::from_fn_with_state(
                public_url,
                public_url::check_host,
            ));
        }
        if let Some(limit) = self.limit {
            // Before everything else: what is refused costs neither a metric nor a line of the log.
            let limited = middleware::from_fn_with_state(limit.clone(), limit::apply);
            router = router.layer(limited);
            tidying.spawn(limit.keep_tidy());
        }
        // The headers are on every response, the collector's included.
        let router = router.layer(middleware::map_response(headers::add));
        let serving = connections::serve(self.listener, router, self.connections, stop);
        // A client that never finishes must not keep the server running.
        let grace = async move {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(GRACE).await;
        };
        tokio::select! {
            () = serving => {}
            () = grace => {}
        }
        tidying.shutdown().await;
        if let Some(collector) = self.collector {
            collector.close().await;
        }
        Ok(())
    }
}

/// Serves the page until Ctrl-C or SIGTERM. `ready` is called with the page's address as soon as the
/// server listens there.
///
/// # Errors
/// If the server does not start, or fails while it runs.
pub async fn serve(config: ServerConfig, ready: impl FnOnce(&str)) -> Result<(), ServerError> {
    let server = Server::bind(config).await?;
    ready(&url(server.local_addr()));
    server.run_until(stop_signal()).await
}

/// What a program prints when its server is ready.
pub fn greeting(url: &str) -> String {
    format!("Soundalike is at {url} (Ctrl-C stops it)")
}

/// [`serve`] for programs that are not asynchronous themselves.
///
/// # Errors
/// As [`serve`].
pub fn run(config: ServerConfig, ready: impl FnOnce(&str)) -> Result<(), ServerError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ServerError::Stopped)?
        .block_on(serve(config, ready))
}

/// An address that a browser on this machine can open, which `0.0.0.0` is not.
fn url(addr: SocketAddr) -> String {
    if addr.ip().is_unspecified() {
        format!("http://localhost:{}/", addr.port())
    } else {
        format!("http://{addr}/")
    }
}

/// Whether the page is there and built.
fn check_site(site: &Path) -> Result<(), ServerError> {
    if !site.join("index.html").is_file() {
        return Err(ServerError::NoPage(site.to_path_buf()));
    }
    let module = site.join("pkg/cpu/soundalike.js");
    if !module.is_file() {
        return Err(ServerError::NotBuilt(module));
    }
    Ok(())
}

/// Resolves on Ctrl-C and on SIGTERM.
async fn stop_signal() {
    let interrupt = async {
        // Without a handler Ctrl-C ends the program at once.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminate = async {
        use tokio::signal::unix::{SignalKind, signal};
        match signal(SignalKind::terminate()) {
            Ok(mut terminate) => drop(terminate.recv().await),
            Err(_) => std::future::pending().await,
        }
    };
    #[cfg(not(unix))]
    let terminate = std::future::pending::<()>();
    tokio::select! {
        () = interrupt => {}
        () = terminate => {}
    }
}

#[cfg(test)]
mod tests;
