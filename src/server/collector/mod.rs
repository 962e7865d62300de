//! The survey's collector: it stores answers, lets each participant read, replace and withdraw their own
//! answer, and exports all answers for the researcher. docs/collector.md describes how it is run and what
//! it stores.
//!
//! The process keeps no state of its own: several collectors can share one PostgreSQL database behind a
//! load balancer.

mod clock;
mod description;
mod export;
mod store;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, Path as UrlPath, Query, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Router, body};
use serde::Deserialize;

pub(super) use clock::today;
pub use store::{OpenError, PostgresConfig, Storage};
pub(super) use store::{Store, StoreError};

use crate::observe;
use crate::problem::Problem;
use crate::requests::{no_store, sha256_hex, time_out};
use crate::token::{Token, TokenError, bearer};
use export::Format;
use soundalike_survey::{AnyAnswer, Config, ConfigError, is_participant_code};
use store::{Found, NewAnswer, Put};

/// Greatest size of an answer in bytes.
const BODY_LIMIT: usize = 256 * 1024;
/// How often the overwriting of deleted answers is tried again.
const MINUTE: Duration = Duration::from_secs(60);
/// How often old answers are deleted.
const HOUR: Duration = Duration::from_secs(3600);
/// Hexadecimal digits of a participant's secret.
const SECRET_DIGITS: usize = 32;
/// The header with the code of an invitation.
const INVITATION: &str = "soundalike-invitation";
/// The environment variable of the export token.
const TOKEN_VARIABLE: &str = "SOUNDALIKE_EXPORT_TOKEN";
/// Its file beside the database.
const TOKEN_FILE: &str = "export-token";

/// How the collector runs.
#[derive(Clone, Debug)]
pub struct CollectorConfig {
    /// The survey's description.
    pub survey: PathBuf,
    /// Where the answers are stored.
    pub storage: Storage,
}

/// Why the collector does not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CollectorError {
    /// The survey cannot be read.
    #[error("{}: the survey cannot be read ({source})", .file.display())]
    Read {
        /// Its file.
        file: PathBuf,
        /// The error of the system.
        source: io::Error,
    },
    /// The survey is not valid.
    #[error("{} {source}", .file.display())]
    Survey {
        /// Its file.
        file: PathBuf,
        /// What is wrong.
        source: ConfigError,
    },
    /// The database cannot be opened.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// There is no token of exports.
    #[error("exports: {0}")]
    Token(#[from] TokenError),
}

/// A collector that is ready to answer requests.
#[derive(Clone, Debug)]
pub(super) struct Collector {
    store: Store,
    survey: Arc<Config>,
    /// The token of exports, which are off without one.
    token: Option<Token>,
}

impl Collector {
    /// Opens the database and reads the survey.
    pub(super) async fn open(config: &CollectorConfig) -> Result<Self, CollectorError> {
        observe::install();
        let file = config.survey.clone();
        let bytes = match std::fs::read(&file) {
            Ok(bytes) => bytes,
            Err(source) => return Err(CollectorError::Read { file, source }),
        };
        let survey =
            Config::from_json(&bytes).map_err(|source| CollectorError::Survey { file, source })?;
        for warning in survey.warnings() {
            tracing::warn!("{}: {warning}", config.survey.display());
        }
        let store = Store::open(&config.storage).await?;
        let token = export_token(&config.storage)?;
        if token.is_none() {
            tracing::warn!("exports are disabled: set {TOKEN_VARIABLE} to enable them");
        }
        Ok(Self {
            store,
            survey: Arc::new(survey),
            token,
        })
    }

    /// All paths of the collector.
    pub(super) fn router(&self) -> Router {
        Router::new()
            .route("/api/v1/survey", get(survey))
            .route("/api/v1/openapi.json", get(openapi))
            .route("/api/v1/answers", post(submit))
            .route("/api/v1/answers/{participant}", get(show).delete(withdraw))
            .route("/api/v1/export", get(export_all))
            .route("/api/{*path}", get(no_such_path).fallback(no_such_path))
            .method_not_allowed_fallback(async || Problem::MethodNotAllowed)
            .layer(DefaultBodyLimit::max(BODY_LIMIT))
            .layer(middleware::from_fn(time_out))
            .layer(middleware::from_fn(observe::request))
            .layer(middleware::map_response(no_store))
            .route("/readyz", get(ready))
            .route("/metrics", get(observe::metrics))
            .with_state(self.clone())
    }

    /// Deletes old answers, now and every hour, and overwrites what is deleted.
    pub(super) async fn keep_tidy(self) {
        let mut hours = tokio::time::interval(HOUR);
        let mut minutes = tokio::time::interval(MINUTE);
        loop {
            tokio::select! {
                _ = hours.tick() => self.delete_old(clock::today()).await,
                _ = minutes.tick() => self.store.overwrite_deleted().await,
            }
        }
    }

    /// Deletes what is too old today, if the clock can be believed.
    async fn delete_old(&self, today: i64) {
        let deleted = async {
            if let Err(wrong) = clock::believe(today, self.store.known_days().await?) {
                tracing::warn!(
                    "no answer is deleted for its age, because {wrong}: set the clock; if it is right, see \
                     docs/collector.md"
                );
                return Ok(0);
            }
            self.store.remember_day(today).await?;
            let oldest = today - i64::from(self.survey.retention_days);
            self.store.delete_before(oldest).await
        };
        match deleted.await {
            Ok(0) => {}
            Ok(deleted) => tracing::info!(deleted, "old answers deleted"),
            Err::<_, StoreError>(error) => {
                tracing::warn!(%error, "old answers could not be deleted");
            }
        }
    }

    /// Closes the connections to the database.
    pub(super) async fn close(&self) {
        self.store.close().await;
    }
}

/// The token of exports: from the environment, else from the file beside SQLite's, which is created if it
/// is missing.
fn export_token(storage: &Storage) -> Result<Option<Token>, TokenError> {
    let file = match storage {
        Storage::Folder(folder) => Some(folder.join(TOKEN_FILE)),
        Storage::Postgres(_) => None,
    };
    Token::find(TOKEN_VARIABLE, file.as_deref())
}

async fn no_such_path() -> Problem {
    Problem::NoSuchPath
}

async fn survey(State(collector): State<Collector>) -> Response {
    axum::Json(collector.survey.as_ref()).into_response()
}

async fn openapi() -> Result<Response, Problem> {
    let description = description::description()
        .map_err(|_| Problem::Other(StatusCode::INTERNAL_SERVER_ERROR))?;
    Ok(axum::Json(description).into_response())
}

async fn ready(State(collector): State<Collector>) -> Result<&'static str, Problem> {
    collector.store.ready().await?;
    Ok("ready\n")
}

/// SHA-256 of the participant's secret; the secret itself is not stored.
fn secret_hash(headers: &HeaderMap) -> Result<String, Problem> {
    let digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    match bearer(headers) {
        Some(secret) if secret.len() == SECRET_DIGITS && secret.bytes().all(digit) => {
            Ok(sha256_hex(secret.as_bytes()))
        }
        _ => Err(Problem::NoSecret),
    }
}

/// The hash that identifies the participant's row.
fn code_hash(participant: &str) -> Result<String, Problem> {
    if !is_participant_code(participant) {
        return Err(Problem::OtherParticipant);
    }
    Ok(sha256_hex(participant.as_bytes()))
}

async fn submit(
    State(collector): State<Collector>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<StatusCode, Problem> {
    let secret_hash = secret_hash(&headers)?;
    let json = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    let json = json.and_then(|kind| kind.split(';').next());
    if !json.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json")) {
        return Err(Problem::NotJson);
    }
    let body = body.map_err(|rejected| match rejected.status() {
        StatusCode::PAYLOAD_TOO_LARGE => Problem::TooLarge,
        _ => Problem::Broken("The request was incomplete: send it again.".to_owned()),
    })?;
    let answer = AnyAnswer::from_json(&body).map_err(Problem::Unreadable)?;
    answer.check(&collector.survey).map_err(Problem::Invalid)?;
    if answer.simulated() {
        return Err(Problem::Simulated);
    }
    let code_hash = code_hash(answer.participant())?;
    // On one line, however the client formatted it.
    let text = serde_json::to_string(&answer)
        .map_err(|error| Problem::Broken(format!("The answer cannot be written: {error}.")))?;
    let invitation = headers
        .get(INVITATION)
        .and_then(|code| code.to_str().ok())
        .filter(|code| is_participant_code(code))
        .map(|code| sha256_hex(code.as_bytes()));
    let new = NewAnswer {
        code_hash: &code_hash,
        secret_hash: &secret_hash,
        day: clock::day_of_arrival(),
        answer: &text,
        most: collector.survey.answers_most,
        invitation: collector
            .survey
            .invited_only
            .then(|| invitation.unwrap_or_default()),
    };
    match collector.store.put(&new).await? {
        Put::Full => Err(Problem::SurveyFull),
        Put::NotInvited => Err(Problem::NotInvited),
        Put::Created => Ok(StatusCode::CREATED),
        Put::Replaced => Ok(StatusCode::OK),
        Put::WrongSecret => Err(Problem::WrongSecret),
        Put::Withdrawn => Err(Problem::Withdrawn),
    }
}

async fn show(
    State(collector): State<Collector>,
    UrlPath(participant): UrlPath<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let secret_hash = secret_hash(&headers)?;
    let code_hash = code_hash(&participant)?;
    let answer = found_answer(collector.store.get(&code_hash, &secret_hash).await?)?;
    let json = [(CONTENT_TYPE, "application/json")];
    Ok((json, body::Body::from(answer)).into_response())
}

async fn withdraw(
    State(collector): State<Collector>,
    UrlPath(participant): UrlPath<String>,
    headers: HeaderMap,
) -> Result<StatusCode, Problem> {
    let secret_hash = secret_hash(&headers)?;
    let code_hash = code_hash(&participant)?;
    let day = clock::day_of_arrival();
    let withdrawn = collector.store.withdraw(&code_hash, &secret_hash, day);
    match withdrawn.await? {
        // Where there was nothing, the answer may still be on its way: it is not taken any more.
        Found::Answer(_) | Found::Nothing => Ok(StatusCode::NO_CONTENT),
        Found::WrongSecret => Err(Problem::WrongSecret),
        Found::Withdrawn => Err(Problem::Withdrawn),
    }
}

/// The answer, if there is one with this secret.
fn found_answer(found: Found) -> Result<String, Problem> {
    match found {
        Found::Answer(answer) => Ok(answer),
        Found::WrongSecret => Err(Problem::WrongSecret),
        Found::Withdrawn => Err(Problem::Withdrawn),
        Found::Nothing => Err(Problem::Unknown),
    }
}

#[derive(Deserialize)]
struct Export {
    #[serde(default)]
    format: Option<String>,
}

async fn export_all(
    State(collector): State<Collector>,
    Query(Export { format }): Query<Export>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Some(expected) = &collector.token else {
        return Err(Problem::ExportsOff);
    };
    let token = bearer(&headers).ok_or(Problem::NoToken)?;
    if !expected.is(token) {
        return Err(Problem::WrongToken);
    }
    let format = match format.as_deref() {
        None | Some("jsonl") => Format::Jsonl,
        Some("csv") => Format::Csv,
        Some(_) => return Err(Problem::UnknownFormat),
    };
    // An unreachable database must be reported before the first byte of the body.
    collector.store.ping().await?;
    Ok(export::export(collector.store, &collector.survey, format))
}

/// The default survey file of a site.
pub fn survey_of(site: &Path) -> PathBuf {
    site.join("survey/config.json")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::clock::{BUILD_DAY, today};
    use super::*;
    use soundalike_survey::examples::survey_of;

    /// A collector with an answer of each of these days, and its folder.
    async fn with_answers(days: &[i64]) -> (Collector, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        let (survey, _) = survey_of(5);
        assert_eq!(survey.retention_days, 30);
        let collector = Collector {
            store: Store::open(&Storage::Folder(folder.path().join("data")))
                .await
                .unwrap(),
            survey: Arc::new(survey),
            token: None,
        };
        for day in days {
            let code = day.to_string();
            let answer = NewAnswer {
                code_hash: &code,
                secret_hash: "secret",
                day: *day,
                answer: "{}",
                most: None,
                invitation: None,
            };
            let put = collector.store.put(&answer).await;
            assert_eq!(put.unwrap(), Put::Created);
        }
        (collector, folder)
    }

    async fn count(collector: &Collector) -> usize {
        collector.store.page("", 100).await.unwrap().len()
    }

    #[tokio::test]
    async fn answers_are_deleted_when_their_time_is_over() {
        let day = BUILD_DAY;
        let (collector, _folder) = with_answers(&[day, day + 10]).await;
        for (today, left) in [(day + 30, 2), (day + 31, 1), (day + 40, 1), (day + 41, 0)] {
            collector.delete_old(today).await;
            assert_eq!(count(&collector).await, left, "{today}");
        }
    }

    #[tokio::test]
    async fn a_wrong_clock_deletes_nothing() {
        let day = BUILD_DAY + 1_000;
        let (collector, _folder) = with_answers(&[day - 100, day]).await;
        for wrong in [0, BUILD_DAY - 1, day - 1, day + 400, day + 36_500] {
            collector.delete_old(wrong).await;
            assert_eq!(count(&collector).await, 2, "{wrong}");
        }
        collector.delete_old(day).await;
        assert_eq!(count(&collector).await, 1);
    }

    #[tokio::test]
    async fn a_collector_that_always_ran_outlives_its_newest_answer() {
        let day = BUILD_DAY;
        let (mut collector, _folder) = with_answers(&[day]).await;
        Arc::make_mut(&mut collector.survey).retention_days = 1_000;
        for today in (day..=day + 1_000).step_by(100) {
            collector.delete_old(today).await;
            assert_eq!(count(&collector).await, 1);
        }
        collector.delete_old(day + 1_001).await;
        assert_eq!(count(&collector).await, 0);
    }

    #[test]
    fn the_clock_of_this_machine_is_not_before_the_build() {
        assert!(today() >= BUILD_DAY);
    }
}
