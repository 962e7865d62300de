//! What a researcher does with the answers' database from the command line: invitations, backups, a restore.
//! The same for `soundalike survey` and `soundalike-server survey`.

use std::io;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use rand::RngExt;
use soundalike_survey::participant_code;

use crate::PublicUrl;
use crate::collector::{OpenError, Storage, Store};
use crate::database::{DatabaseArguments, PasswordFileError};
use crate::requests::sha256_hex;

/// Most invitations of one call.
const INVITATIONS_MOST: u32 = 100_000;

/// What can be done with the database, while the collector runs or not.
#[derive(Subcommand)]
pub enum Administration {
    /// Make single-use invitations and print them, for a survey with "invited_only": true
    Invite {
        /// How many
        #[arg(short = 'n', long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=i64::from(INVITATIONS_MOST)))]
        number: u32,
        /// The page's public address, to print links instead of codes
        #[arg(long, value_name = "URL")]
        public_url: Option<PublicUrl>,
        /// Where the answers are stored.
        #[command(flatten)]
        place: DatabaseArguments,
    },
    /// Copy the answers of SQLite into a file that only its owner may read
    Backup {
        /// The copy, which must not be there yet
        file: PathBuf,
        /// Folder of the survey's answers
        #[arg(long, value_name = "DIR", default_value = "data")]
        data: PathBuf,
    },
    /// Put a backup into a folder that has no answers yet
    Restore {
        /// The backup
        file: PathBuf,
        /// Folder of the survey's answers
        #[arg(long, value_name = "DIR", default_value = "data")]
        data: PathBuf,
    },
    /// Say that today's date is right, where the collector deletes nothing because it doubts the clock
    TrustClock {
        /// Where the answers are stored.
        #[command(flatten)]
        place: DatabaseArguments,
    },
}

/// Why something could not be done with the database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdministrationError {
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// The password cannot be read.
    #[error(transparent)]
    Password(#[from] PasswordFileError),
    /// The database failed.
    #[error("{0}")]
    Database(String),
    /// There are no answers to copy.
    #[error("{}: there are no answers in this folder", .0.display())]
    NoAnswers(PathBuf),
    /// The backup's file cannot be made or read.
    #[error("{}: {source}", .file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The copy failed.
    #[error("{}: the backup failed ({reason}); the file is deleted again", .file.display())]
    Backup {
        /// The copy.
        file: PathBuf,
        /// What failed.
        reason: String,
    },
    /// The file is no backup, or damaged.
    #[error("{}: this is not a backup of answers ({reason}); nothing was restored", .file.display())]
    NoBackup {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The folder has answers already.
    #[error("{}: there are answers in this folder already; move them away first", .0.display())]
    Occupied(PathBuf),
    /// There is no runtime.
    #[error("cannot start: {0}")]
    Start(#[source] io::Error),
}

impl Administration {
    /// Does it, and gives each line of its output to `print`. Warnings go to the log of the program.
    ///
    /// # Errors
    /// If the database or a file fails, with nothing half done.
    pub fn run(self, print: &mut dyn FnMut(&str)) -> Result<(), AdministrationError> {
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(AdministrationError::Start)?
            .block_on(self.work(print))
    }

    async fn work(self, print: &mut dyn FnMut(&str)) -> Result<(), AdministrationError> {
        match self {
            Self::Invite {
                number,
                public_url,
                place,
            } => {
                let store = Store::open(&place.storage()?).await?;
                let codes: Vec<String> = (0..number)
                    .map(|_| participant_code(&rand::rng().random()))
                    .collect();
                let hashes: Vec<String> = codes.iter().map(|c| sha256_hex(c.as_bytes())).collect();
                let stored = store.invite(&hashes).await;
                store.close().await;
                stored.map_err(|error| AdministrationError::Database(error.to_string()))?;
                for code in codes {
                    match &public_url {
                        Some(url) => print(&url.invitation(&code)),
                        None => print(&code),
                    }
                }
            }
            Self::Backup { file, data } => {
                let answers = backup(&data, &file).await?;
                print(&format!("{}: {answers} answers", file.display()));
            }
            Self::Restore { file, data } => {
                let answers = restore(&file, &data).await?;
                print(&format!("{}: {answers} answers", data.display()));
                print("Answers that were withdrawn after the backup are there again: delete them.");
            }
            Self::TrustClock { place } => {
                let store = Store::open(&place.storage()?).await?;
                let today = crate::collector::today();
                let remembered = store.remember_day(today).await;
                store.close().await;
                remembered.map_err(|error| AdministrationError::Database(error.to_string()))?;
            }
        }
        Ok(())
    }
}

/// Copies the answers of a folder into a new file that only its owner may read; returns their number.
async fn backup(data: &Path, file: &Path) -> Result<i64, AdministrationError> {
    if !Store::is_in(data) {
        return Err(AdministrationError::NoAnswers(data.to_owned()));
    }
    let store = Store::open(&Storage::Folder(data.to_owned())).await?;
    // SQLite fills an empty file, and so its mode is right from the start.
    crate::private::create_file(file).map_err(|source| AdministrationError::File {
        file: file.to_owned(),
        source,
    })?;
    let copied = async {
        let answers = store.copy_into(file).await?;
        let written = std::fs::File::open(file).and_then(|file| file.sync_all());
        written.map_err(sqlx::Error::Io)?;
        Ok::<_, sqlx::Error>(answers)
    };
    let copied = copied.await;
    store.close().await;
    copied.map_err(|error| {
        // Half a backup is none.
        let _ = std::fs::remove_file(file);
        AdministrationError::Backup {
            file: file.to_owned(),
            reason: error.to_string(),
        }
    })
}

/// Puts a backup into a folder without answers; returns their number.
async fn restore(file: &Path, data: &Path) -> Result<i64, AdministrationError> {
    if Store::is_in(data) {
        return Err(AdministrationError::Occupied(data.to_owned()));
    }
    let of_file = |source| AdministrationError::File {
        file: file.to_owned(),
        source,
    };
    std::fs::File::open(file).map_err(of_file)?;
    Store::check_copy(file)
        .await
        .map_err(|reason| AdministrationError::NoBackup {
            file: file.to_owned(),
            reason,
        })?;
    let target = Store::file_in(data);
    let copied = (|| {
        crate::private::create_folder(data)?;
        let mut to = crate::private::create_file(&target)?;
        io::copy(&mut std::fs::File::open(file)?, &mut to)?;
        to.sync_all()
    })();
    copied.map_err(|source| {
        // Half a database is none.
        let _ = std::fs::remove_file(&target);
        AdministrationError::File {
            file: target.clone(),
            source,
        }
    })?;
    let store = Store::open(&Storage::Folder(data.to_owned())).await?;
    let answers = store.count().await;
    store.close().await;
    answers.map_err(|error| AdministrationError::Database(error.to_string()))
}
