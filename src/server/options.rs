//! What the server is told on the command line, the same in `soundalike serve` and
//! `soundalike-server`.

use std::io::IsTerminal;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;

use clap::ValueEnum;
use tracing_subscriber::EnvFilter;

use crate::collector::{CollectorConfig, Storage, survey_of};
use crate::{ServerConfig, ServerError};

/// The arguments of a server.
#[derive(clap::Args)]
pub struct Options {
    /// Address to listen on
    #[arg(long, default_value = "127.0.0.1:8080")]
    addr: SocketAddr,
    /// Folder of the page: index.html, www, pkg and models
    #[arg(long, default_value = ".")]
    site: PathBuf,
    /// Folder of the survey's answers (SQLite)
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// PostgreSQL for the survey's answers, instead of a folder: postgres://user:password@host/name
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    database: Option<String>,
    /// The survey, instead of survey/config.json of the page's folder
    #[arg(long, value_name = "FILE")]
    survey: Option<PathBuf>,
    /// Take no answers
    #[arg(long, conflicts_with_all = ["data", "database", "survey"])]
    no_collector: bool,
    /// Requests a minute that one address may send to the collector; 0 for any number
    #[arg(long, value_name = "N", default_value_t = 120)]
    rate_limit: u32,
    /// Behind a proxy: take the address from the last entry of its X-Forwarded-For
    #[arg(long)]
    trust_proxy: bool,
    /// How the log on standard error is written
    #[arg(long, value_enum, default_value = "text")]
    log_format: LogFormat,
}

#[derive(Clone, Copy, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

impl Options {
    /// Starts the log and serves until the program is stopped.
    ///
    /// # Errors
    /// If the server does not start, or breaks.
    pub fn run(self) -> Result<(), ServerError> {
        log(self.log_format);
        let default = survey_of(&self.site);
        let collector = match &self.survey {
            _ if self.no_collector => None,
            None if !default.is_file() => {
                tracing::info!(
                    "{} is not there, so no answers are taken",
                    default.display()
                );
                None
            }
            survey => Some(CollectorConfig {
                survey: survey.clone().unwrap_or(default),
                storage: match self.database {
                    Some(address) => Storage::Postgres(address),
                    None => Storage::Folder(self.data),
                },
                rate_limit: NonZeroU32::new(self.rate_limit),
                trust_proxy: self.trust_proxy,
            }),
        };
        crate::run(ServerConfig {
            addr: self.addr,
            site: self.site,
            collector,
        })
    }
}

/// A log of what happens, `RUST_LOG` says how much.
fn log(format: LogFormat) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
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
