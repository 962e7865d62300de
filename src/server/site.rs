//! Which paths exist, and which file is served at each.

use std::ffi::OsStr;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, get_service};
use percent_encoding::percent_decode_str;
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;
use tower_http::services::fs::{Backend, TokioBackend, TokioFile};

use crate::problem::Problem;
use soundalike_survey::is_audio_name;

/// The folders of the site whose files are all served.
const FOLDERS: [&str; 2] = ["www", "pkg"];
/// The files of `models/` that the page fetches. A training run may leave others there.
const MODELS: [&str; 5] = [
    "two-stream.safetensors",
    "catalog.safetensors",
    "taste.safetensors",
    "card.json",
    "NOTICE.txt",
];

/// The paths of single files.
const FILES: [&str; 5] = [
    "/",
    "/index.html",
    "/sw.js",
    "/survey/config.json",
    "/healthz",
];

/// The survey's sound files and the texts of languages that only it has: a researcher may put answers beside
/// them, so nothing else of its folder is served.
fn is_of_survey(path: &str) -> bool {
    let Some(name) = path.strip_prefix("/survey/") else {
        return false;
    };
    if let Some(sound) = name.strip_prefix("audio/") {
        return is_audio_name(sound);
    }
    let code = name.strip_suffix(".json").unwrap_or_default();
    code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_lowercase())
}

/// Whether a path belongs to the page rather than to the collector: its files, there or not, and `/healthz`.
pub(super) fn is_of_page(path: &str) -> bool {
    let first = path.strip_prefix('/').and_then(|rest| rest.split_once('/'));
    let in_folder =
        first.is_some_and(|(folder, _)| folder == "models" || FOLDERS.contains(&folder));
    in_folder || FILES.contains(&path) || is_of_survey(path)
}

/// The site as a service: the page, its service worker, its three folders, the survey and `/healthz`.
pub(super) fn router(site: &Path) -> Router {
    let files = ServeDir::with_backend(site, SiteFiles::new(site))
        .append_index_html_on_directories(false)
        .redirect_to_trailing_slash(false)
        .precompressed_br()
        .precompressed_gzip();
    let instead = |path: &'static str| {
        middleware::from_fn(move |mut request: Request, next: Next| {
            *request.uri_mut() = axum::http::Uri::from_static(path);
            next.run(request)
        })
    };
    let (page, worker) = (instead("/index.html"), instead("/pkg/sw.js"));
    let mut router = Router::new()
        .route("/", get_service(files.clone()).layer(page))
        .route_service("/index.html", files.clone())
        // At the root, because a service worker serves what lies beside and below it.
        .route("/sw.js", get_service(files.clone()).layer(worker))
        .route_service("/survey/config.json", files.clone())
        .route(
            "/survey/{*path}",
            get_service(files.clone()).layer(middleware::from_fn(of_survey)),
        )
        .route("/healthz", get(async || "ok\n"));
    for folder in FOLDERS {
        // The path stays whole, so one service at the site's root serves all of them.
        router = router.route_service(&format!("/{folder}/{{*path}}"), files.clone());
    }
    for model in MODELS {
        router = router.route_service(&format!("/models/{model}"), files.clone());
    }
    router
        .fallback(async || Problem::NoSuchPath)
        .layer(middleware::from_fn(hide_dot_files))
        .layer(CompressionLayer::new())
}

/// No page: `/healthz` alone.
pub(super) fn without_page() -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .fallback(async || Problem::NoSuchPath)
}

/// Hides what else lies in the survey's folder.
async fn of_survey(request: Request, next: Next) -> Response {
    if !is_of_survey(request.uri().path()) {
        return Problem::NoSuchPath.into_response();
    }
    next.run(request).await
}

/// Hides the dot files that editors and tools leave beside the page, however their names are encoded.
async fn hide_dot_files(request: Request, next: Next) -> Response {
    let path: Vec<u8> = percent_decode_str(request.uri().path()).collect();
    let hidden = path
        .split(|byte| matches!(byte, b'/' | b'\\'))
        .any(|part| part.starts_with(b"."));
    if hidden {
        return Problem::NoSuchPath.into_response();
    }
    next.run(request).await
}

/// The disk without three things: what is not a regular file, links that lead out of the site's folders, and
/// compressed copies that are older than their file, because a model trained after the page was built must
/// not be served in its previous version.
#[derive(Debug, Clone)]
struct SiteFiles {
    /// The folder itself, where the site is a link to it.
    root: Arc<Path>,
}

impl Backend for SiteFiles {
    type File = TokioFile;
    type Metadata = std::fs::Metadata;
    type OpenFuture = Pin<Box<dyn Future<Output = io::Result<TokioFile>> + Send>>;
    type MetadataFuture = Pin<Box<dyn Future<Output = io::Result<std::fs::Metadata>> + Send>>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        let files = self.clone();
        Box::pin(async move {
            files.current_file(&path).await?;
            TokioBackend.open(path).await.map_err(|_| nothing())
        })
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        let files = self.clone();
        Box::pin(async move { files.current_file(&path).await })
    }
}

impl SiteFiles {
    fn new(site: &Path) -> Self {
        let root = site.canonicalize().unwrap_or_else(|_| site.to_owned());
        Self { root: root.into() }
    }

    /// The metadata of a plain file of the site that is not an outdated compressed copy. Whatever else a path
    /// leads to, a name that is too long for the system included, is not there.
    async fn current_file(&self, path: &Path) -> io::Result<std::fs::Metadata> {
        let found = async {
            let file = tokio::fs::canonicalize(path).await?;
            let metadata = tokio::fs::metadata(&file).await?;
            if !metadata.is_file() || !self.serves(&file) {
                return Err(nothing());
            }
            if path.extension().is_some_and(|e| e == "br" || e == "gz") {
                let original = tokio::fs::metadata(path.with_extension("")).await?;
                if original.modified()? > metadata.modified()? {
                    return Err(nothing());
                }
            }
            Ok(metadata)
        };
        found.await.map_err(|_: io::Error| nothing())
    }

    /// Whether a file is one of the site's, after all links.
    fn serves(&self, file: &Path) -> bool {
        let Ok(inside) = file.strip_prefix(&self.root) else {
            return false;
        };
        let hidden = |part: &OsStr| part.as_encoded_bytes().starts_with(b".");
        let folder = inside.iter().next().and_then(OsStr::to_str);
        let served = folder.is_some_and(|folder| {
            FOLDERS.contains(&folder) || ["models", "survey", "index.html"].contains(&folder)
        });
        served && !inside.iter().any(hidden)
    }
}

fn nothing() -> io::Error {
    io::ErrorKind::NotFound.into()
}
