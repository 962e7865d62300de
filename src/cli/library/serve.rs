//! Answers questions about a library by HTTP, for players: `serve --library`.
//!
//! The server knows the page and the tokens; which questions there are, and how they are answered, is decided
//! here. An answer is the JSON that `soundalike library` prints.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context;
use axum::Router;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use soundalike_core::catalog::{Ranking, Reason};
use soundalike_core::similar::{MixRules, PathError};
use soundalike_library::{
    AskError, Filter, Found, LibraryError, Live, Rules, Seed, Snapshot, default_file,
};
use soundalike_server::{Api, Refusal, Token};
use tokio::sync::Semaphore;

use super::ask::similar;
use super::hinted;
use super::parameters::{Parameter, Parameters, impossible, malformed, path_of, repeated};
use super::questions::{
    COSINE, DIVERSITY, DRAW, K, MIX, MIX_LENGTH, MOST, MUTUAL_PROXIMITY, PATH, PER_ALBUM,
    PER_ARTIST, Question, SIMILAR, STAY, WAY_LENGTH,
};
use super::songs::{FoundLine, found_lines};

/// The environment variable of the token.
const TOKEN_VARIABLE: &str = "SOUNDALIKE_LIBRARY_TOKEN";
/// What the name of the token's file ends with, behind the library's.
const TOKEN_ENDING: &str = ".token";
/// What `serve` is told of a library.
#[derive(Args)]
pub(crate) struct ServeLibrary {
    /// Answer questions about your own library at /api/v1/library instead of collecting answers to a survey; the
    /// library is FILE, or the one in your data folder
    #[arg(
        long,
        value_name = "FILE",
        num_args = 0..=1,
        conflicts_with_all = ["data", "database", "survey"]
    )]
    library: Option<Option<PathBuf>>,
    /// Answer questions about the library from other machines too, by any name and through proxies
    #[arg(long, requires = "library")]
    allow_others: bool,
}

/// A library that is asked.
#[derive(Clone)]
struct Asked {
    live: Arc<Live>,
    /// Questions that are answered at the same time.
    places: Arc<Semaphore>,
}

impl ServeLibrary {
    /// Whether a library is to be served.
    pub(crate) fn is_wanted(&self) -> bool {
        self.library.is_some()
    }

    /// The API of the library.
    ///
    /// # Errors
    /// If there is no library, or it cannot be read, so that a mistyped name is told at once; one that is in use
    /// or has no song yet may be better later.
    pub(crate) fn api(&self) -> anyhow::Result<Api> {
        let file = match self.library.clone().flatten() {
            Some(file) => file,
            None => default_file().context(
                "this system names no folder for data; name the library with --library FILE",
            )?,
        };
        let mut token = file.clone().into_os_string();
        token.push(TOKEN_ENDING);
        let live = Live::new(file);
        match live.now() {
            Ok(_) => {}
            Err(error @ (LibraryError::Locked(_) | LibraryError::NoSongs(_))) => {
                tracing::warn!("{error}");
            }
            Err(error) => return Err(hinted(error.into())),
        }
        let token = Token::find(TOKEN_VARIABLE, Some(token.as_ref()))?;
        let asked = Asked {
            live: Arc::new(live),
            places: Arc::new(Semaphore::new(places())),
        };
        Ok(Api {
            routes: Router::new()
                .route("/api/v1/library/similar", get(similar_songs))
                .route("/api/v1/library/path", get(way))
                .route("/api/v1/library/mix", get(mix))
                .method_not_allowed_fallback(async || no_such_method())
                .with_state(asked),
            open_routes: Router::new()
                .route("/api/v1/library/openapi.json", get(description))
                .route("/api/{*path}", get(no_such_path).fallback(no_such_path))
                .method_not_allowed_fallback(async || no_such_method()),
            token: token.context("the library has no token")?,
            for_others: self.allow_others,
        })
    }
}

/// One question for each core: they compute, and do not wait.
fn places() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

async fn description() -> Response {
    axum::Json(super::description::description()).into_response()
}

async fn no_such_path() -> Refusal {
    Refusal {
        kind: "no-such-path",
        status: StatusCode::NOT_FOUND,
        detail: "There is nothing at this path; docs/library.md lists the paths.".to_owned(),
    }
}

fn no_such_method() -> Refusal {
    Refusal {
        kind: "method-not-allowed",
        status: StatusCode::METHOD_NOT_ALLOWED,
        detail: "This method is not allowed here; questions are asked by GET.".to_owned(),
    }
}

async fn similar_songs(State(asked): State<Asked>, RawQuery(query): RawQuery) -> Reply {
    asked.answer(query, &SIMILAR, similar_to).await
}

async fn way(State(asked): State<Asked>, RawQuery(query): RawQuery) -> Reply {
    asked.answer(query, &PATH, way_between).await
}

async fn mix(State(asked): State<Asked>, RawQuery(query): RawQuery) -> Reply {
    asked.answer(query, &MIX, mix_from).await
}

/// A response, or why there is none.
type Reply = Result<Response, Refusal>;
/// Songs, and why each is one where that is said.
type Songs = (Vec<Found>, Vec<Reason>);

/// The songs of an answer.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Songs", deny_unknown_fields)]
pub(super) struct Answer<'a> {
    #[schemars(length(max = MOST))]
    songs: Vec<FoundLine<'a>>,
    /// What the answer leaves out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(min = 1))]
    notes: Vec<String>,
}

impl Asked {
    /// Answers a question away from the threads that serve connections.
    async fn answer(
        &self,
        query: Option<String>,
        question: &Question,
        find: fn(&Snapshot, &Parameters) -> Result<Songs, Refusal>,
    ) -> Reply {
        let known: Vec<&Parameter> = question.parameters().collect();
        let parameters = Parameters::read(&query.unwrap_or_default(), &known)?;
        let broken = || Refusal {
            kind: "server",
            status: StatusCode::INTERNAL_SERVER_ERROR,
            detail: "The question could not be answered; the server's log says why.".to_owned(),
        };
        let place = self.places.clone().acquire_owned().await;
        let live = self.live.clone();
        let work = move || {
            let _place = place;
            let snapshot = live.now().map_err(unreadable)?;
            let (found, reasons) = find(&snapshot, &parameters)?;
            let body = Answer {
                songs: found_lines(&snapshot.library, &found, &reasons),
                notes: notes(&snapshot),
            };
            serde_json::to_vec(&body).map_err(|error| {
                tracing::error!("an answer cannot be written: {error}");
                broken()
            })
        };
        let bytes = tokio::task::spawn_blocking(work).await.map_err(|error| {
            tracing::error!("a question could not be answered: {error}");
            broken()
        })??;
        Ok(([(CONTENT_TYPE, "application/json")], bytes).into_response())
    }
}

/// A library that cannot be read; another time it may be.
fn unreadable(error: LibraryError) -> Refusal {
    let kind = match error {
        LibraryError::Missing(_) => "library-missing",
        LibraryError::Locked(_) => "library-locked",
        LibraryError::Newer { .. } => "library-newer",
        LibraryError::NoSongs(_) => "library-empty",
        LibraryError::NotALibrary { .. } | LibraryError::Damaged { .. } => "library-damaged",
        _ => "library-unreadable",
    };
    Refusal {
        kind,
        status: StatusCode::SERVICE_UNAVAILABLE,
        detail: format!("{error}."),
    }
}

/// What is left out of all answers.
fn notes(snapshot: &Snapshot) -> Vec<String> {
    let library = &snapshot.library;
    let left_out = [
        (
            library.of_other_models,
            "songs were heard by another model and are left out; `soundalike library refresh --hear-again` hears them again",
        ),
        (
            library.damaged,
            "songs have damaged numbers and are left out; `soundalike library refresh` hears them again",
        ),
    ];
    let some = left_out.into_iter().filter(|(songs, _)| *songs > 0);
    some.map(|(songs, what)| format!("{songs} {what}"))
        .collect()
}

fn similar_to(snapshot: &Snapshot, asked: &Parameters) -> Result<Songs, Refusal> {
    let (ranking, mutual_proximity) = match (asked.flag(COSINE)?, asked.flag(MUTUAL_PROXIMITY)?) {
        (true, mutual_proximity) => (Ranking::Cosine, mutual_proximity),
        (false, false) => (Ranking::GenreAware, false),
        (false, true) => {
            return Err(impossible(
                "Mutual proximity is only there for the ranking by similarity alone: add cosine=true.",
            ));
        }
    };
    let rules = Rules {
        k: asked.whole(&K)? as usize,
        ranking,
        mutual_proximity,
        per_artist: asked.limit(&PER_ARTIST)?,
        per_album: asked.limit(&PER_ALBUM)?,
        diversity: asked.share(&DIVERSITY)?,
        filter: filter(asked)?,
    };
    let mut seeds = Vec::new();
    for path in asked.all("path") {
        seeds.push((by_path(snapshot, path)?, 1.0));
    }
    for id in asked.parsed("id")? {
        seeds.push((by_id(snapshot, id)?, 1.0));
    }
    if seeds.is_empty() {
        return Err(impossible(
            "No song is asked about: name one by path=/music/song.mp3 or by id=12.",
        ));
    }
    disliked(snapshot, asked, &mut seeds)?;
    similar(&snapshot.library, &seeds, &rules).map_err(unanswered)
}

fn way_between(snapshot: &Snapshot, asked: &Parameters) -> Result<Songs, Refusal> {
    let end = |name: &str| {
        let mut ends = asked.all(name);
        match (ends.next(), ends.next()) {
            (Some(end), None) => song(snapshot, end),
            _ => Err(malformed(format!(
                "{name} must name one song, by its number or path."
            ))),
        }
    };
    let n = asked.whole(&WAY_LENGTH)? as usize;
    let filter = filter(asked)?;
    let ends = (end("from")?, end("to")?);
    let found = snapshot.library.path(ends, n, &filter);
    Ok((found.map_err(unanswered)?, Vec::new()))
}

fn mix_from(snapshot: &Snapshot, asked: &Parameters) -> Result<Songs, Refusal> {
    let n = asked.whole(&MIX_LENGTH)? as usize;
    let rules = MixRules {
        seed: asked.whole(&DRAW)?,
        adherence: asked.share(&STAY)? as f32,
        ..MixRules::default()
    };
    let filter = filter(asked)?;
    let mut seeds = Vec::new();
    for value in asked.all("seed") {
        seeds.push((Seed::Song(song(snapshot, value)?), 1.0));
    }
    if seeds.is_empty() {
        return Err(malformed(
            "No song is asked about: name one by seed=/music/song.mp3 or seed=12.",
        ));
    }
    disliked(snapshot, asked, &mut seeds)?;
    let walk = snapshot.library.mix(&seeds, rules, &filter);
    let found = walk.map_err(unanswered)?.take(n).collect();
    Ok((found, Vec::new()))
}

fn filter(asked: &Parameters) -> Result<Filter, Refusal> {
    Ok(Filter {
        genres: asked.texts("genre")?,
        tags: asked.texts("tag")?,
        without_artists: asked.texts("exclude_artist")?,
        years: asked.one("year")?,
        bpm: asked.one("bpm")?,
        keys: asked.parsed("key")?,
    })
}

/// Adds the songs that the answer is to be unlike.
fn disliked(
    snapshot: &Snapshot,
    asked: &Parameters,
    seeds: &mut Vec<(Seed, f32)>,
) -> Result<(), Refusal> {
    for value in asked.all("dislike") {
        seeds.push((Seed::Song(song(snapshot, value)?), -1.0));
    }
    Ok(())
}

/// The row of a song by its number or, if it is none, by its path.
fn song(snapshot: &Snapshot, value: &[u8]) -> Result<usize, Refusal> {
    let row = if value.iter().all(u8::is_ascii_digit) {
        let number = std::str::from_utf8(value).ok();
        number
            .and_then(|number| number.parse().ok())
            .and_then(|number| snapshot.library.by_id(number))
    } else {
        path_of(value).and_then(|file| snapshot.find(&file))
    };
    row.ok_or_else(|| unknown(&String::from_utf8_lossy(value)))
}

fn by_path(snapshot: &Snapshot, value: &[u8]) -> Result<Seed, Refusal> {
    let row = path_of(value).and_then(|file| snapshot.find(&file));
    let row = row.ok_or_else(|| unknown(&String::from_utf8_lossy(value)))?;
    Ok(Seed::Song(row))
}

fn by_id(snapshot: &Snapshot, id: i64) -> Result<Seed, Refusal> {
    let row = snapshot.library.by_id(id);
    row.map(Seed::Song).ok_or_else(|| unknown(&id.to_string()))
}

fn unknown(song: &str) -> Refusal {
    Refusal {
        kind: "unknown-song",
        status: StatusCode::NOT_FOUND,
        detail: format!(
            "{} is not a song of the library: name one by its number, its whole path or its path below a folder of \
             the library; `soundalike library refresh` hears what is new.",
            repeated(song)
        ),
    }
}

/// Why a question has no answer.
fn unanswered(error: AskError) -> Refusal {
    match error {
        AskError::NoSuchTag { .. } => Refusal {
            kind: "unknown-tag",
            status: StatusCode::NOT_FOUND,
            detail: format!("{error}."),
        },
        AskError::Path(PathError::SameSong) => {
            impossible("A way needs two different songs; these are the same, or versions of one.")
        }
        error => impossible(format!("{error}.")),
    }
}
