//! The command line of the server, the same for `soundalike serve` and `soundalike-server`.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::collector::{CollectorConfig, CollectorError, OpenError, survey_of};
use crate::database::{DatabaseArguments, PasswordFileError};
use crate::{Api, ConnectionLimits, PublicUrl, ServerConfig, ServerError, check_site};

/// The arguments of the server.
#[derive(clap::Args)]
pub struct Options {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:8080")]
    addr: SocketAddr,
    /// Folder of the page, with index.html, www, pkg and models [default: the current folder]
    #[arg(long)]
    site: Option<PathBuf>,
    /// Where the answers are stored.
    #[command(flatten)]
    place: DatabaseArguments,
    /// Survey file, instead of survey/config.json in the page's folder
    #[arg(long, value_name = "FILE")]
    survey: Option<PathBuf>,
    /// Serve the page without the survey's collector
    #[arg(long, conflicts_with_all = ["data", "database", "survey"])]
    no_collector: bool,
    /// Requests per minute allowed from one address, and a hundred times as many files of the page; 0 for no limit
    #[arg(long, value_name = "N", default_value_t = 120)]
    rate_limit: u32,
    /// Behind a reverse proxy: take the client's address from the last entry of X-Forwarded-For
    #[arg(long)]
    trust_proxy: bool,
    /// The page's public address behind the proxy, https:// and a host name: requests for other hosts are turned away
    #[arg(long, value_name = "URL")]
    public_url: Option<PublicUrl>,
    /// Connections open at the same time
    #[arg(long, value_name = "N", default_value_t = ConnectionLimits::default().total)]
    max_connections: usize,
    /// Connections of one address open at the same time; 0 for no limit, as with --trust-proxy
    #[arg(long, value_name = "N", default_value_t = 256)]
    max_connections_per_address: usize,
    /// Format of the log on standard error
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

impl Options {
    /// Starts the log and serves until the program is stopped. `ready` is called with the page's address
    /// as soon as the server listens there.
    ///
    /// # Errors
    /// If the server does not start, or fails while it runs.
    pub fn run(self, ready: impl FnOnce(&str)) -> Result<(), OptionsError> {
        log(self.log_format, "info");
        let site = self.site.clone().unwrap_or_else(|| PathBuf::from("."));
        let collector = self.collector(&site)?;
        self.serve(Some(site), collector, None, ready)
    }

    /// [`Options::run`] with an API that `open` makes once the log has started, without the collector, and without
    /// the page where it is neither named nor in the current folder.
    ///
    /// # Errors
    /// Those of `open`, and as [`Options::run`].
    pub fn run_with<E: From<OptionsError>>(
        self,
        open: impl FnOnce() -> Result<Api, E>,
        ready: impl FnOnce(&str),
    ) -> Result<(), E> {
        log(self.log_format, "info");
        let here = || Some(PathBuf::from(".")).filter(|site| check_site(site).is_ok());
        let site = self.site.clone().or_else(here);
        if site.is_none() {
            tracing::info!("the page is not in the current folder, so it is not served");
        }
        Ok(self.serve(site, None, Some(open()?), ready)?)
    }

    /// The survey's collector, if there is one.
    fn collector(&self, site: &Path) -> Result<Option<CollectorConfig>, OptionsError> {
        let default = survey_of(site);
        Ok(match &self.survey {
            _ if self.no_collector => None,
            None if !default.is_file() => {
                tracing::info!(
                    "{} does not exist, so no answers are collected",
                    default.display()
                );
                None
            }
            survey => Some(CollectorConfig {
                survey: survey.clone().unwrap_or(default),
                storage: self.place.storage()?,
            }),
        })
    }

    fn serve(
        self,
        site: Option<PathBuf>,
        collector: Option<CollectorConfig>,
        api: Option<Api>,
        ready: impl FnOnce(&str),
    ) -> Result<(), OptionsError> {
        let config = ServerConfig {
            addr: self.addr,
            site,
            collector,
            api,
            rate_limit: NonZeroU32::new(self.rate_limit),
            trust_proxy: self.trust_proxy,
            public_url: self.public_url,
            connections: ConnectionLimits {
                total: self.max_connections,
                // All connections are the proxy's.
                per_address: (!self.trust_proxy && self.max_connections_per_address > 0)
                    .then_some(self.max_connections_per_address),
                ..ConnectionLimits::default()
            },
        };
        Ok(crate::run(config, ready)?)
    }
}

/// Why the server did not start, or stopped, with the argument that helps where there is one.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// The server's error.
    #[error("{error}{hint}", error = .0, hint = hint(.0))]
    Server(#[from] ServerError),
    /// The file with the database's password cannot be read.
    #[error(transparent)]
    Password(#[from] PasswordFileError),
}

/// The arguments that avoid an error.
fn hint(error: &ServerError) -> &'static str {
    match error {
        ServerError::AddressInUse(_) => {
            ": stop the other program or choose another address with --addr"
        }
        ServerError::Collector(CollectorError::Read { .. }) => {
            "; name its file with --survey, or leave the collector out with --no-collector"
        }
        ServerError::Collector(CollectorError::Open(OpenError::Folder { .. })) => {
            "; choose another with --data"
        }
        _ => "",
    }
}

/// Starts the log of a program that does one thing, on standard error: warnings only. A program calls it once, or
/// has a log of its own.
pub fn log_warnings() {
    log(LogFormat::Text, "warn");
}

/// Starts the log; `RUST_LOG` sets another level than the usual one.
fn log(format: LogFormat, usual: &str) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(usual));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_target(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Text => lines.init(),
        LogFormat::Json => lines.json().init(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_adds_the_argument_that_helps_and_the_library_knows_none() {
        let addr = SocketAddr::from(([127, 0, 0, 1], 80));
        let io = || std::io::Error::other("no");
        let read = CollectorError::Read {
            file: "config.json".into(),
            source: io(),
        };
        let folder = OpenError::Folder {
            folder: "data".to_owned(),
            source: io(),
        };
        for (error, argument) in [
            (ServerError::AddressInUse(addr), "--addr"),
            (read.into(), "--survey"),
            (CollectorError::from(folder).into(), "--data"),
        ] {
            assert!(!error.to_string().contains("--"), "{error}");
            let whole = OptionsError::from(error).to_string();
            assert!(whole.contains(argument), "{whole}");
        }
        let stopped = OptionsError::from(ServerError::Stopped(io())).to_string();
        assert_eq!(stopped, "the server stopped: no");
    }
}
