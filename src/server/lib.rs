//! The server behind `soundalike serve`: the page's files, and the survey's [`collector`].
//!
//! It shows the page and nothing else of the folder it is started in: which
//! paths exist is decided in `site.rs`, which headers go with them in
//! `headers.rs`. Everything is read from disk on each request, so a page that is
//! rebuilt while the server runs is there at once; a browser whose service
//! worker keeps the page offers it as the newer version.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use axum::middleware;
use tokio::net::TcpListener;

pub mod collector;
mod headers;
mod options;
mod site;

pub use options::Options;

use collector::{Collector, CollectorConfig, CollectorError};

/// How long requests in flight may take after the server was asked to stop.
const GRACE: Duration = Duration::from_secs(3);

/// What the server needs to know before it starts.
#[derive(Debug, Clone)]
pub struct ServerConfig {
    /// Where to listen; port 0 takes any free port, which is printed.
    pub addr: SocketAddr,
    /// The folder that holds `index.html`, `www/`, `pkg/` and `models/`.
    pub site: PathBuf,
    /// The survey's collector, if there is to be one.
    pub collector: Option<CollectorConfig>,
}

/// Why the server did not start, or stopped.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The folder is not the one with the page in it.
    #[error(
        "{} has no index.html: start the server in the project's folder, or run `cargo xtask serve` there",
        .0.display()
    )]
    NoPage(PathBuf),
    /// The page is there, its WebAssembly is not.
    #[error("{} is missing: the page is not built yet, run `cargo xtask serve`", .0.display())]
    NotBuilt(PathBuf),
    /// Another program listens there already.
    #[error("{0} is already in use: stop the other program or choose another address with --addr")]
    AddressInUse(SocketAddr),
    /// The address cannot be listened on for another reason.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address asked for.
        addr: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The collector cannot work.
    #[error(transparent)]
    Collector(#[from] CollectorError),
    /// The server broke while it ran.
    #[error("the server stopped: {0}")]
    Stopped(#[source] io::Error),
}

/// A server that holds its port but answers nobody yet.
///
/// [`serve`] is the usual way in; tests use this to learn the port and to stop
/// the server themselves.
#[derive(Debug)]
pub struct Server {
    predictor: TcpListener,
    addr: SocketAddr,
    site: PathBuf,
    collector: Option<Collector>,
}

impl Server {
    /// Checks the folder, opens the collector's database and takes the port.
    pub async fn bind(config: ServerConfig) -> Result<Self, ServerError> {
        let ServerConfig {
            addr,
            site,
            collector,
        } = config;
        check_site(&site)?;
        let collector = match &collector {
            Some(config) => Some(Collector::open(config).await?),
            None => None,
        };
        let listen_error = |source: io::Error| match source.kind() {
            io::ErrorKind::AddrInUse => ServerError::AddressInUse(addr),
            _ => ServerError::Listen { addr, source },
        };
        let predictor = TcpListener::bind(addr).await.map_err(listen_error)?;
        let addr = predictor.local_addr().map_err(listen_error)?;
        Ok(Self {
            predictor,
            addr,
            site,
            collector,
        })
    }

    /// The address it listens on, with the real port where 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.addr
    }

    /// Answers requests until `stop` resolves, then lets the running ones end.
    pub async fn run_until(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), ServerError> {
        let (stopping, stopped) = tokio::sync::oneshot::channel();
        let stop = async move {
            stop.await;
            // Nobody listens any more only when the server has already ended.
            let _ = stopping.send(());
        };
        let mut router = site::router(&self.site);
        let mut tidying = None;
        if let Some(collector) = &self.collector {
            router = router.merge(collector.router());
            tidying = Some(tokio::spawn(collector.clone().keep_tidy()));
        }
        // The headers go with every answer, the collector's too.
        let router = router
            .layer(middleware::map_response(headers::add))
            .into_make_service_with_connect_info::<SocketAddr>();
        let serving = axum::serve(self.predictor, router).with_graceful_shutdown(stop);
        // A client that never finishes must not keep the server from ending.
        let grace = async move {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(GRACE).await;
        };
        let ended = tokio::select! {
            ended = serving.into_future() => ended.map_err(ServerError::Stopped),
            () = grace => Ok(()),
        };
        if let Some(tidying) = tidying {
            tidying.abort();
        }
        if let Some(collector) = self.collector {
            collector.close().await;
        }
        ended
    }
}

/// Serves the page until Ctrl-C or SIGTERM, and prints where it is.
pub async fn serve(config: ServerConfig) -> Result<(), ServerError> {
    let server = Server::bind(config).await?;
    println!(
        "Soundalike is at {} (Ctrl-C stops it)",
        url(server.local_addr())
    );
    server.run_until(stop_signal()).await
}

/// [`serve`] for programs that are not asynchronous themselves.
pub fn run(config: ServerConfig) -> Result<(), ServerError> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(ServerError::Stopped)?
        .block_on(serve(config))
}

/// An address that a browser on this machine can open: `0.0.0.0` is none.
fn url(addr: SocketAddr) -> String {
    if addr.ip().is_unspecified() {
        format!("http://localhost:{}/", addr.port())
    } else {
        format!("http://{addr}/")
    }
}

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

/// Resolves when the user or the system asks the program to end.
async fn stop_signal() {
    let interrupt = async {
        // Without a handler Ctrl-C still ends the program, only less gently.
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
