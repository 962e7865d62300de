//! The database of the answers: SQLite in a folder, or PostgreSQL. Each change is a single statement, so
//! that concurrent requests, and several collectors on one PostgreSQL, are safe.

use std::fmt;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, PgPool, SqlitePool};

use super::clock::KnownDays;
use crate::private;

static MIGRATIONS: Migrator = sqlx::migrate!("./migrations");

/// The database's file in its folder.
const FILE: &str = "answers.sqlite";
/// How long a request waits for a connection, and for other writers.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How long the overwriting of deleted answers waits for readers: it is tried again.
const OVERWRITE_TIMEOUT: Duration = Duration::from_millis(250);
/// Free space of the disk, in bytes, below which the collector is not ready: an answer and what SQLite
/// needs to store it.
const ROOM: u64 = 1024 * 1024;
/// After an answer could not be stored, the collector is not ready for so long.
const NOT_READY: Duration = Duration::from_secs(60);
/// Greatest number of connections of a collector.
const CONNECTIONS: u32 = 8;

/// Where answers are stored.
#[derive(Clone, Debug)]
pub enum Storage {
    /// SQLite's file in this folder, which is created if it is missing.
    Folder(PathBuf),
    /// A PostgreSQL database.
    Postgres(PostgresConfig),
}

/// How a PostgreSQL database is reached.
#[derive(Clone)]
pub struct PostgresConfig {
    /// `postgres://user:password@host/name?sslmode=verify-full&sslrootcert=FILE`. What it leaves out comes
    /// from the variables of PostgreSQL's own programs, such as `PGPASSWORD`, or from `~/.pgpass`.
    pub address: String,
    /// The password, if the address has none.
    pub password: Option<String>,
}

/// Without the password, which the address may hold too.
impl fmt::Debug for PostgresConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PostgresConfig(…)")
    }
}

/// Why the database cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The folder cannot be created.
    #[error("{folder}: the folder for the answers cannot be created ({source})")]
    Folder {
        /// The folder.
        folder: String,
        /// The error of the system.
        source: std::io::Error,
    },
    /// The address is not valid.
    #[error(
        "the database's address is not a PostgreSQL address such as postgres://user:password@host/name"
    )]
    Address,
    /// It cannot be opened.
    #[error("{place}: the database cannot be opened ({source})")]
    Open {
        /// File, or host and name.
        place: String,
        /// The error of the database.
        source: sqlx::Error,
    },
    /// Its tables cannot be created.
    #[error(
        "{place}: the tables cannot be created ({source}); the database may belong to another version"
    )]
    Migrate {
        /// File, or host and name.
        place: String,
        /// The error of the database.
        source: MigrateError,
    },
}

/// Why an answer could not be stored or read. Nothing is partly written then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("The collector's disk is full. Nothing was stored: send the answer again later.")]
    Full,
    #[error(
        "The collector's disk cannot be written to. Nothing was stored: send the answer again later."
    )]
    Disk,
    #[error(
        "The collector's database is read-only. Nothing was stored: send the answer again later."
    )]
    ReadOnly,
    #[error("The collector's database cannot be reached. Send the request again later.")]
    Gone(#[source] sqlx::Error),
}

impl StoreError {
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Full => "disk-full",
            Self::Disk => "disk",
            Self::ReadOnly => "read-only",
            Self::Gone(_) => "database-gone",
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let code = match &error {
            sqlx::Error::Database(told) => told.code().unwrap_or_default().into_owned(),
            _ => String::new(),
        };
        // PostgreSQL: https://www.postgresql.org/docs/current/errcodes-appendix.html
        if code == "53100" {
            return Self::Full;
        }
        if code == "25006" {
            return Self::ReadOnly;
        }
        // SQLite's primary code is the lowest byte: https://www.sqlite.org/rescode.html
        match code
            .parse::<u32>()
            .ok()
            .filter(|_| code.len() < 5)
            .map(|code| code & 0xff)
        {
            // SQLITE_FULL, SQLITE_IOERR, SQLITE_READONLY.
            Some(13) => Self::Full,
            Some(10) => Self::Disk,
            Some(8) => Self::ReadOnly,
            _ => Self::Gone(error),
        }
    }
}

/// An answer that was sent.
#[derive(Clone, Debug)]
pub(super) struct NewAnswer<'a> {
    pub code_hash: &'a str,
    pub secret_hash: &'a str,
    /// Today, in days since 1970-01-01.
    pub day: i64,
    pub answer: &'a str,
    /// How many answers there may be.
    pub most: Option<u32>,
    /// The hash of the invitation's code, where one is needed.
    pub invitation: Option<String>,
}

/// What came of an answer of a participant who may be known.
enum Insert {
    Done,
    Known,
    Full,
    NotInvited,
}

/// What happened to an answer that was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Put {
    Created,
    Replaced,
    WrongSecret,
    Withdrawn,
    /// There are as many answers as there may be.
    Full,
    NotInvited,
}

/// The stored state of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    Answer(String),
    WrongSecret,
    Withdrawn,
    Nothing,
}

/// A row of an export.
#[derive(Clone, Debug, sqlx::FromRow)]
pub(crate) struct Row {
    pub code_hash: String,
    pub received_day: i64,
    pub answer: String,
}

#[derive(Clone, Debug)]
enum DatabasePool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Sees to it that only the owner may read the folder and SQLite's files.
fn make_private(folder: &Path, file: &Path) -> std::io::Result<()> {
    let is_ours = file.exists() || !folder.exists() || is_empty(folder)?;
    private::create_folder(folder)?;
    if is_ours {
        private::narrow(folder);
    } else {
        // Somebody's folder of other things: its files are private all the same.
        tracing::warn!("{}: others may enter this folder", folder.display());
    }
    // SQLite gives its other files the rights of this one.
    match private::create_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    for ending in ["", "-wal", "-shm"] {
        private::narrow(&folder.join(format!("{FILE}{ending}")));
    }
    Ok(())
}

fn is_empty(folder: &Path) -> std::io::Result<bool> {
    Ok(std::fs::read_dir(folder)?.next().is_none())
}

/// Whether this connection is encrypted.
const ENCRYPTED: &str = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";

/// Whether a host name is a name of this machine, a folder of sockets included.
fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    let loopback = || bare.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    host.starts_with('/') || host.eq_ignore_ascii_case("localhost") || loopback()
}

/// What somebody on the way to another host could do, if anything.
fn exposure(mode: PgSslMode, encrypted: bool) -> Option<&'static str> {
    match mode {
        _ if !encrypted => Some(
            "answers travel unencrypted to another host, where anybody on the way can read them; use \
             sslmode=verify-full",
        ),
        PgSslMode::VerifyCa | PgSslMode::VerifyFull => None,
        _ => Some(
            "the connection is encrypted, but the server's certificate is not checked; use \
             sslmode=verify-full, and sslrootcert for a certificate authority of your own",
        ),
    }
}

/// Runs the same code on both databases.
macro_rules! on {
    ($pool:expr, $name:ident => $body:expr) => {
        match $pool {
            DatabasePool::Sqlite($name) => $body,
            DatabasePool::Postgres($name) => $body,
        }
    };
}

/// The answers.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    pool: DatabasePool,
    shared: Arc<Shared>,
}

/// What the clones of a store share.
#[derive(Debug, Default)]
struct Shared {
    /// The folder of SQLite's file.
    folder: Option<PathBuf>,
    /// Whether deleted answers have not been overwritten yet.
    deleted: AtomicBool,
    /// Held by whoever overwrites them.
    overwriting: tokio::sync::Mutex<()>,
    /// When an answer could not be stored, if none has been since.
    failed: Mutex<Option<Instant>>,
}

impl Store {
    /// Opens the database and migrates its tables.
    pub(crate) async fn open(storage: &Storage) -> Result<Self, OpenError> {
        match storage {
            Storage::Folder(folder) => Self::open_sqlite(folder).await,
            Storage::Postgres(config) => Self::open_postgres(config).await,
        }
    }

    async fn open_sqlite(folder: &Path) -> Result<Self, OpenError> {
        let file = folder.join(FILE);
        make_private(folder, &file).map_err(|source| OpenError::Folder {
            folder: folder.display().to_string(),
            source,
        })?;
        let place = file.display().to_string();
        let options = SqliteConnectOptions::new()
            .filename(&file)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An answer that was confirmed with a 201 survives a crash: every commit is on the disk.
            .synchronous(SqliteSynchronous::Full)
            // What is deleted is overwritten.
            .pragma("secure_delete", "ON")
            .busy_timeout(TIMEOUT);
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(TIMEOUT)
            .connect_with(options)
            .await;
        let open = |source| OpenError::Open {
            place: place.clone(),
            source,
        };
        let pool = pool.map_err(open)?;
        MIGRATIONS
            .run(&pool)
            .await
            .map_err(|source| OpenError::Migrate { place, source })?;
        let store = Self {
            pool: DatabasePool::Sqlite(pool),
            shared: Arc::new(Shared {
                folder: Some(folder.to_owned()),
                // What was deleted before a crash may still be in the write-ahead log.
                deleted: AtomicBool::new(true),
                ..Shared::default()
            }),
        };
        store.overwrite_deleted().await;
        Ok(store)
    }

    async fn open_postgres(config: &PostgresConfig) -> Result<Self, OpenError> {
        let PostgresConfig { address, password } = config;
        let scheme = ["postgres://", "postgresql://"];
        if !scheme.iter().any(|scheme| address.starts_with(scheme)) {
            return Err(OpenError::Address);
        }
        let mut options = PgConnectOptions::from_str(address).map_err(|_| OpenError::Address)?;
        if let Some(password) = password {
            options = options.password(password);
        }
        let (host, mode) = (options.get_host().to_owned(), options.get_ssl_mode());
        let is_here = options.get_socket().is_some() || is_this_machine(&host);
        // Without the password.
        let place = format!(
            "PostgreSQL at {}:{}/{}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap_or_default()
        );
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(TIMEOUT)
            .connect_with(options)
            .await;
        let open = |source| OpenError::Open {
            place: place.clone(),
            source,
        };
        let pool = pool.map_err(open)?;
        let encrypted = match mode {
            PgSslMode::Disable | PgSslMode::Allow => false,
            PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => true,
            PgSslMode::Prefer => sqlx::query_scalar(ENCRYPTED)
                .fetch_optional(&pool)
                .await
                .map_err(open)?
                .unwrap_or(false),
        };
        if let Some(warning) = exposure(mode, encrypted).filter(|_| !is_here) {
            tracing::warn!("PostgreSQL at {host}: {warning}");
        }
        // sqlx takes a lock, so collectors may start at the same time.
        MIGRATIONS
            .run(&pool)
            .await
            .map_err(|source| OpenError::Migrate { place, source })?;
        Ok(Self {
            pool: DatabasePool::Postgres(pool),
            shared: Arc::default(),
        })
    }

    /// Stores an answer, replacing what the same participant sent before.
    pub(super) async fn put(&self, answer: &NewAnswer<'_>) -> Result<Put, StoreError> {
        let put = self.try_put(answer).await;
        let put = self.noted(put)?;
        if put == Put::Replaced {
            self.shared.deleted.store(true, Ordering::Release);
        }
        if self.shared.deleted.load(Ordering::Acquire) {
            // The participant need not wait for it.
            let store = self.clone();
            tokio::spawn(async move { store.overwrite_deleted().await });
        }
        Ok(put)
    }

    async fn try_put(&self, new: &NewAnswer<'_>) -> Result<Put, StoreError> {
        const UPDATE: &str = "UPDATE answers SET answer = $3 \
            WHERE code_hash = $1 AND secret_hash = $2 AND answer IS NOT NULL";
        let refused = match self.insert(new).await? {
            Insert::Done => return Ok(Put::Created),
            Insert::Full => Put::Full,
            Insert::NotInvited => Put::NotInvited,
            Insert::Known => Put::WrongSecret,
        };
        let updated = on!(&self.pool, pool => sqlx::query(UPDATE)
            .bind(new.code_hash).bind(new.secret_hash).bind(new.answer)
            .execute(pool).await?.rows_affected());
        if updated == 1 {
            return Ok(Put::Replaced);
        }
        Ok(match self.get(new.code_hash, new.secret_hash).await? {
            Found::Withdrawn => Put::Withdrawn,
            Found::WrongSecret => Put::WrongSecret,
            // It was there, and is deleted in this moment.
            Found::Answer(_) | Found::Nothing => refused,
        })
    }

    /// Stores an answer of a participant who is not known, and uses up the invitation, or does neither.
    async fn insert(&self, new: &NewAnswer<'_>) -> Result<Insert, StoreError> {
        // The collectors of one PostgreSQL may take a few more at the same moment.
        const INSERT: &str = "INSERT INTO answers (code_hash, secret_hash, received_day, answer) \
            SELECT CAST($1 AS TEXT), CAST($2 AS TEXT), CAST($3 AS BIGINT), CAST($4 AS TEXT) \
            WHERE CAST($5 AS BIGINT) < 0 \
            OR (SELECT COUNT(*) FROM answers WHERE answer IS NOT NULL) < CAST($5 AS BIGINT) \
            ON CONFLICT (code_hash) DO NOTHING";
        const USE: &str = "DELETE FROM invitations WHERE code_hash = $1";
        const KNOWN: &str = "SELECT 1 FROM answers WHERE code_hash = $1";
        let most = new.most.map_or(-1, i64::from);
        Ok(on!(&self.pool, pool => {
            let mut transaction = pool.begin().await?;
            if let Some(invitation) = &new.invitation {
                let used = sqlx::query(USE).bind(invitation).execute(&mut *transaction).await?;
                if used.rows_affected() == 0 {
                    // A participant who is known needs none.
                    return Ok(Insert::NotInvited);
                }
            }
            let inserted = sqlx::query(INSERT)
                .bind(new.code_hash).bind(new.secret_hash).bind(new.day).bind(new.answer).bind(most)
                .execute(&mut *transaction).await?;
            if inserted.rows_affected() == 1 {
                transaction.commit().await?;
                return Ok(Insert::Done);
            }
            // The invitation is not used up.
            transaction.rollback().await?;
            match sqlx::query(KNOWN).bind(new.code_hash).fetch_optional(pool).await? {
                Some(_) => Insert::Known,
                None => Insert::Full,
            }
        }))
    }

    /// Notes whether answers can be stored, and tells a full disk from other faults of it.
    fn noted<T>(&self, done: Result<T, StoreError>) -> Result<T, StoreError> {
        let failed = match &done {
            Err(StoreError::Full | StoreError::Disk) => Some(Instant::now()),
            _ => None,
        };
        *self
            .shared
            .failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = failed;
        done.map_err(|error| match error {
            StoreError::Disk if self.is_full() => StoreError::Full,
            error => error,
        })
    }

    fn is_full(&self) -> bool {
        let space = self.shared.folder.as_ref().map(fs4::available_space);
        // A disk that does not say how much space it has may have some.
        space.is_some_and(|space| space.is_ok_and(|space| space < ROOM))
    }

    /// The answer of a participant.
    pub(super) async fn get(
        &self,
        code_hash: &str,
        secret_hash: &str,
    ) -> Result<Found, StoreError> {
        const SELECT: &str = "SELECT secret_hash, answer FROM answers WHERE code_hash = $1";
        let found: Option<(String, Option<String>)> = on!(&self.pool, pool =>
            sqlx::query_as(SELECT).bind(code_hash).fetch_optional(pool).await?);
        Ok(match found {
            None => Found::Nothing,
            // Both are hashes of random secrets, so the time of the comparison reveals nothing.
            Some((stored, _)) if stored != secret_hash => Found::WrongSecret,
            Some((_, None)) => Found::Withdrawn,
            Some((_, Some(answer))) => Found::Answer(answer),
        })
    }

    /// Deletes the answer of a participant permanently, and returns what was there. Where nothing was, the
    /// answer may be on its way: it is remembered that it is withdrawn.
    pub(super) async fn withdraw(
        &self,
        code_hash: &str,
        secret_hash: &str,
        day: i64,
    ) -> Result<Found, StoreError> {
        let found = self.try_withdraw(code_hash, secret_hash, day).await;
        let found = self.noted(found)?;
        if matches!(found, Found::Answer(_)) {
            self.shared.deleted.store(true, Ordering::Release);
            self.overwrite_deleted().await;
        }
        Ok(found)
    }

    async fn try_withdraw(
        &self,
        code_hash: &str,
        secret_hash: &str,
        day: i64,
    ) -> Result<Found, StoreError> {
        const INSERT: &str = "INSERT INTO answers (code_hash, secret_hash, received_day, answer) \
            VALUES ($1, $2, $3, NULL) ON CONFLICT (code_hash) DO NOTHING";
        const UPDATE: &str = "UPDATE answers SET answer = NULL \
            WHERE code_hash = $1 AND secret_hash = $2";
        let inserted = on!(&self.pool, pool => sqlx::query(INSERT)
            .bind(code_hash).bind(secret_hash).bind(day)
            .execute(pool).await?.rows_affected());
        if inserted == 1 {
            return Ok(Found::Nothing);
        }
        let found = self.get(code_hash, secret_hash).await?;
        if matches!(found, Found::Answer(_)) {
            on!(&self.pool, pool => sqlx::query(UPDATE)
                .bind(code_hash).bind(secret_hash).execute(pool).await.map(drop)?);
        }
        Ok(found)
    }

    /// Deletes the answers that arrived before a day.
    pub(super) async fn delete_before(&self, day: i64) -> Result<u64, StoreError> {
        const DELETE: &str = "DELETE FROM answers WHERE received_day < $1";
        let deleted = on!(&self.pool, pool =>
            sqlx::query(DELETE).bind(day).execute(pool).await?.rows_affected());
        if deleted > 0 {
            self.shared.deleted.store(true, Ordering::Release);
        }
        self.overwrite_deleted().await;
        Ok(deleted)
    }

    /// The days that tell whether the clock can be believed.
    pub(super) async fn known_days(&self) -> Result<KnownDays, StoreError> {
        const NEWEST: &str = "SELECT MAX(received_day) FROM answers";
        const LAST: &str = "SELECT value FROM collector_state WHERE name = 'last_day'";
        Ok(on!(&self.pool, pool => KnownDays {
            newest: sqlx::query_scalar(NEWEST).fetch_one(pool).await?,
            last: sqlx::query_scalar(LAST).fetch_optional(pool).await?,
        }))
    }

    /// Remembers a day on which the clock was believed.
    pub(crate) async fn remember_day(&self, day: i64) -> Result<(), StoreError> {
        const UPSERT: &str = "INSERT INTO collector_state (name, value) VALUES ('last_day', $1) \
            ON CONFLICT (name) DO UPDATE SET value = excluded.value \
            WHERE excluded.value > collector_state.value";
        on!(&self.pool, pool => sqlx::query(UPSERT).bind(day).execute(pool).await.map(drop)?);
        Ok(())
    }

    /// Overwrites deleted answers in the files now, where that has not been done; the database would do so
    /// later. SQLite cannot while somebody reads the file: it is tried again.
    pub(super) async fn overwrite_deleted(&self) {
        let _alone = self.shared.overwriting.lock().await;
        // Whatever is deleted from here on sets it again.
        if !self.shared.deleted.swap(false, Ordering::AcqRel) {
            return;
        }
        match self.try_overwrite().await {
            Ok(true) => return,
            Ok(false) => tracing::warn!(
                "deleted answers are not overwritten yet, because somebody reads the database; it is tried again"
            ),
            Err(error) => tracing::warn!(
                %error,
                "deleted answers are not overwritten yet; it is tried again"
            ),
        }
        self.shared.deleted.store(true, Ordering::Release);
    }

    /// Whether everything deleted is overwritten.
    async fn try_overwrite(&self) -> Result<bool, sqlx::Error> {
        match &self.pool {
            DatabasePool::Sqlite(pool) => {
                let options = pool.connect_options();
                let patience = options.as_ref().clone().busy_timeout(OVERWRITE_TIMEOUT);
                let mut connection = patience.connect().await?;
                // Busy, frames of the log, frames copied: https://www.sqlite.org/pragma.html#pragma_wal_checkpoint
                let (busy, ..): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
                    .fetch_one(&mut connection)
                    .await?;
                connection.close().await?;
                Ok(busy == 0)
            }
            DatabasePool::Postgres(pool) => {
                sqlx::query("VACUUM answers").execute(pool).await?;
                Ok(true)
            }
        }
    }

    /// Up to `count` answers after the one with this hash, in the order of the hashes.
    pub(crate) async fn page(&self, after: &str, count: i64) -> Result<Vec<Row>, StoreError> {
        const SELECT: &str = "SELECT code_hash, received_day, answer FROM answers \
            WHERE code_hash > $1 AND answer IS NOT NULL ORDER BY code_hash LIMIT $2";
        Ok(on!(&self.pool, pool =>
            sqlx::query_as(SELECT).bind(after).bind(count).fetch_all(pool).await?))
    }

    /// Checks that the database can be reached.
    pub(super) async fn ping(&self) -> Result<(), StoreError> {
        on!(&self.pool, pool => sqlx::query("SELECT 1").execute(pool).await.map(drop)?);
        Ok(())
    }

    /// Whether a folder holds answers.
    pub(crate) fn is_in(folder: &Path) -> bool {
        Self::file_in(folder).exists()
    }

    /// SQLite's file in a folder.
    pub(crate) fn file_in(folder: &Path) -> PathBuf {
        folder.join(FILE)
    }

    /// Adds invitations by the hashes of their codes: all of them or none.
    pub(crate) async fn invite(&self, hashes: &[String]) -> Result<(), StoreError> {
        const INSERT: &str = "INSERT INTO invitations (code_hash) VALUES ($1)";
        on!(&self.pool, pool => {
            let mut transaction = pool.begin().await?;
            for hash in hashes {
                sqlx::query(INSERT).bind(hash).execute(&mut *transaction).await?;
            }
            transaction.commit().await?;
        });
        Ok(())
    }

    /// How many answers there are.
    pub(crate) async fn count(&self) -> Result<i64, StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM answers WHERE answer IS NOT NULL";
        Ok(on!(&self.pool, pool => sqlx::query_scalar(COUNT).fetch_one(pool).await?))
    }

    /// How many answers are withdrawn and still remembered as such.
    pub(crate) async fn count_withdrawn(&self) -> Result<i64, StoreError> {
        const COUNT: &str = "SELECT COUNT(*) FROM answers WHERE answer IS NULL";
        Ok(on!(&self.pool, pool => sqlx::query_scalar(COUNT).fetch_one(pool).await?))
    }

    /// Copies SQLite's answers, as they are at one moment, into an empty file, without what is deleted;
    /// returns their number.
    pub(crate) async fn copy_into(&self, file: &Path) -> Result<i64, sqlx::Error> {
        let DatabasePool::Sqlite(pool) = &self.pool else {
            return Err(sqlx::Error::Configuration(
                "PostgreSQL has programs of its own for this".into(),
            ));
        };
        let path = file.to_string_lossy();
        sqlx::query("VACUUM INTO $1")
            .bind(&*path)
            .execute(pool)
            .await?;
        let options = SqliteConnectOptions::new().filename(file).read_only(true);
        let mut copy = options.connect().await?;
        let answers = sqlx::query_scalar("SELECT COUNT(*) FROM answers WHERE answer IS NOT NULL")
            .fetch_one(&mut copy)
            .await?;
        copy.close().await?;
        Ok(answers)
    }

    /// Checks that a file is a whole database of answers.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) async fn check_copy(file: &Path) -> Result<(), String> {
        let checked = async {
            let options = SqliteConnectOptions::new()
                .filename(file)
                .read_only(true)
                .immutable(true);
            let mut copy = options.connect().await?;
            let check: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
                .fetch_one(&mut copy)
                .await?;
            if check == "ok" {
                sqlx::query(
                    "SELECT code_hash, secret_hash, received_day, answer FROM answers LIMIT 1",
                )
                .fetch_optional(&mut copy)
                .await?;
            }
            copy.close().await?;
            Ok::<_, sqlx::Error>(check)
        };
        match checked.await {
            Ok(check) if check == "ok" => Ok(()),
            Ok(check) => Err(check),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Checks that answers can be stored.
    pub(super) async fn ready(&self) -> Result<(), StoreError> {
        // Needs the right to write, and writes nothing.
        const WRITE: &str = "UPDATE collector_state SET value = value WHERE name = ''";
        if self.is_full() {
            return Err(StoreError::Full);
        }
        on!(&self.pool, pool => sqlx::query(WRITE).execute(pool).await.map(drop)?);
        let failed = *self
            .shared
            .failed
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if failed.is_some_and(|failed| failed.elapsed() < NOT_READY) {
            return Err(StoreError::Disk);
        }
        Ok(())
    }

    /// Closes all connections.
    pub(crate) async fn close(&self) {
        on!(&self.pool, pool => pool.close().await);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exposed_connection_to_another_host_is_told_apart() {
        for host in ["/run/postgresql", "localhost", "127.0.0.1", "::1", "[::1]"] {
            assert!(is_this_machine(host), "{host}");
        }
        for host in ["db.example.org", "192.0.2.1", "localhost.example.org"] {
            assert!(!is_this_machine(host), "{host}");
        }
        let says = |mode, encrypted| exposure(mode, encrypted).unwrap_or_default();
        assert!(says(PgSslMode::Disable, false).contains("unencrypted"));
        assert!(says(PgSslMode::Prefer, false).contains("unencrypted"));
        assert!(says(PgSslMode::Prefer, true).contains("not checked"));
        assert!(says(PgSslMode::Require, true).contains("not checked"));
        assert_eq!(says(PgSslMode::VerifyCa, true), "");
        assert_eq!(says(PgSslMode::VerifyFull, true), "");
    }

    #[test]
    fn a_password_is_not_in_what_is_printed_for_debugging() {
        let config = PostgresConfig {
            address: "postgres://survey:hidden@host/name".to_owned(),
            password: Some("hidden".to_owned()),
        };
        let printed = format!("{:?}", Storage::Postgres(config));
        assert!(!printed.contains("hidden"), "{printed}");
    }
}
