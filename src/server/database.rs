//! The arguments that say where the answers are stored, for the server and for what is done beside it.

use std::path::{Path, PathBuf};

use crate::collector::{PostgresConfig, Storage};

/// Where the answers are stored.
#[derive(clap::Args)]
pub struct DatabaseArguments {
    /// Folder of the survey's answers (SQLite)
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// PostgreSQL database instead of a folder: postgres://user@host/name?sslmode=verify-full
    #[arg(long, value_name = "URL", conflicts_with = "data")]
    database: Option<String>,
    /// File with the database's password; without it, PGPASSWORD and ~/.pgpass count
    #[arg(long, value_name = "FILE", requires = "database")]
    database_password_file: Option<PathBuf>,
}

impl DatabaseArguments {
    pub(crate) fn storage(&self) -> Result<Storage, PasswordFileError> {
        Ok(match &self.database {
            Some(address) => {
                let password_file = self.database_password_file.as_deref();
                Storage::Postgres(postgres(address.clone(), password_file)?)
            }
            None => Storage::Folder(self.data.clone()),
        })
    }
}

/// Why the file with the database's password cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{}: the database's password cannot be read ({source}); see --database-password-file", .file.display())]
pub struct PasswordFileError {
    /// The file.
    pub file: PathBuf,
    /// The error of the system.
    pub source: std::io::Error,
}

/// The database's address and password.
fn postgres(
    address: String,
    password_file: Option<&Path>,
) -> Result<PostgresConfig, PasswordFileError> {
    let credentials = address
        .split_once("://")
        .and_then(|(_, rest)| rest.split(['/', '?']).next()?.rsplit_once('@'));
    if credentials.is_some_and(|(credentials, _)| credentials.contains(':')) {
        tracing::warn!(
            "the password in --database can be read by everybody on this machine who lists its processes; \
             use --database-password-file, PGPASSWORD or ~/.pgpass"
        );
    }
    let read = |file: &Path| match std::fs::read_to_string(file) {
        Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(source) => Err(PasswordFileError {
            file: file.to_owned(),
            source,
        }),
    };
    let password = password_file.map(read).transpose()?;
    Ok(PostgresConfig { address, password })
}
