//! Which paths exist, and which file is served at each.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, get_service};
use tower_http::compression::CompressionLayer;
use tower_http::services::ServeDir;
use tower_http::services::fs::{Backend, TokioBackend, TokioFile};

/// The folders of the site whose files are all served.
const FOLDERS: [&str; 3] = ["www", "pkg", "models"];

/// The paths of single files.
const FILES: [&str; 5] = [
    "/",
    "/index.html",
    "/sw.js",
    "/survey/config.json",
    "/healthz",
];

/// Whether a path belongs to the page rather than to the collector: its files, there or not, and `/healthz`.
pub(super) fn is_of_page(path: &str) -> bool {
    let first = path.strip_prefix('/').and_then(|rest| rest.split_once('/'));
    let in_folder = first.is_some_and(|(folder, _)| FOLDERS.contains(&folder));
    in_folder || FILES.contains(&path)
}

/// The site as a service: the page, its service worker, its three folders, the survey and `/healthz`.
pub(super) fn router(site: &Path) -> Router {
    let files = ServeDir::with_backend(site, SiteFiles)
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
        // The only file of its folder that is served: a researcher may put answers beside it.
        .route_service("/survey/config.json", files.clone())
        .route("/healthz", get(async || "ok\n"));
    for folder in FOLDERS {
        // The path stays whole, so one service at the site's root serves all three.
        router = router.route_service(&format!("/{folder}/{{*path}}"), files.clone());
    }
    router
        .fallback(async || (StatusCode::NOT_FOUND, "not found\n"))
        .layer(middleware::from_fn(hide_dot_files))
        .layer(CompressionLayer::new())
}

/// Hides the dot files that editors and tools leave beside the page.
async fn hide_dot_files(request: Request, next: Next) -> Response {
    let hidden = request
        .uri()
        .path()
        .split('/')
        .any(|part| part.starts_with('.') || part.get(..3).is_some_and(is_encoded_dot));
    if hidden {
        return (StatusCode::NOT_FOUND, "not found\n").into_response();
    }
    next.run(request).await
}

fn is_encoded_dot(start: &str) -> bool {
    start.eq_ignore_ascii_case("%2e")
}

/// The disk without two things: what is not a regular file, and compressed copies
/// that are older than their file, because a model trained after the page was built
/// must not be served in its previous version.
#[derive(Debug, Clone, Copy)]
struct SiteFiles;

impl Backend for SiteFiles {
    type File = TokioFile;
    type Metadata = std::fs::Metadata;
    type OpenFuture = Pin<Box<dyn Future<Output = io::Result<TokioFile>> + Send>>;
    type MetadataFuture = Pin<Box<dyn Future<Output = io::Result<std::fs::Metadata>> + Send>>;

    fn open(&self, path: PathBuf) -> Self::OpenFuture {
        Box::pin(async move {
            current_file(&path).await?;
            TokioBackend.open(path).await
        })
    }

    fn metadata(&self, path: PathBuf) -> Self::MetadataFuture {
        Box::pin(async move { current_file(&path).await })
    }
}

/// The metadata of a plain file that is not an outdated compressed copy.
async fn current_file(path: &Path) -> io::Result<std::fs::Metadata> {
    let metadata = tokio::fs::metadata(path).await?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    if path.extension().is_some_and(|e| e == "br" || e == "gz") {
        let original = tokio::fs::metadata(path.with_extension("")).await?;
        if original.modified()? > metadata.modified()? {
            return Err(io::ErrorKind::NotFound.into());
        }
    }
    Ok(metadata)
}
