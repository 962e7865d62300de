//! What is done with every request of an API.

use std::time::Duration;

use axum::extract::Request;
use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::middleware::Next;
use axum::response::Response;
use sha2::{Digest, Sha256};

use crate::problem::Problem;

/// How long a request may take to arrive and to be answered.
const TIMEOUT: Duration = Duration::from_secs(20);

/// Cancels a request that takes too long.
pub(super) async fn time_out(request: Request, next: Next) -> Result<Response, Problem> {
    tokio::time::timeout(TIMEOUT, next.run(request))
        .await
        .map_err(|_| Problem::TooSlow)
}

/// Keeps browsers and proxies from caching responses.
pub(super) async fn no_store(mut response: Response) -> Response {
    let value = HeaderValue::from_static("no-store");
    response.headers_mut().insert(CACHE_CONTROL, value);
    response
}

/// SHA-256 in hexadecimal.
pub(super) fn sha256_hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
