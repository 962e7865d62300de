//! The headers of every response.

use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY};
use axum::http::header::{HeaderName, X_CONTENT_TYPE_OPTIONS};
use axum::http::{HeaderValue, StatusCode};
use axum::response::Response;

/// The page runs its own scripts and its own WebAssembly, connects to this server
/// only, and cannot be framed. `blob:` is for audio and images that the page makes
/// from the visitor's own file.
const CONTENT_POLICY: &str = "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'; \
    style-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; \
    worker-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'none'";

/// Only the microphone and the audio of a shared tab, and only for the page itself. Features that
/// Chromium does not know are not listed, because each would cause a warning on its console.
const PERMISSIONS: &str = "microphone=(self), display-capture=(self), accelerometer=(), camera=(), \
    encrypted-media=(), geolocation=(), gyroscope=(), hid=(), \
    idle-detection=(), magnetometer=(), midi=(), payment=(), picture-in-picture=(), \
    publickey-credentials-get=(), screen-wake-lock=(), serial=(), usb=(), \
    xr-spatial-tracking=()";

const HEADERS: [(HeaderName, &str); 7] = [
    (CONTENT_SECURITY_POLICY, CONTENT_POLICY),
    (HeaderName::from_static("permissions-policy"), PERMISSIONS),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    // Cached by the browser and revalidated each time: an unchanged file costs a
    // 304. (Where the page's service worker runs, a rebuilt page is offered.)
    (CACHE_CONTROL, "no-cache"),
];

/// Adds the headers to a response.
pub(super) async fn add(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        let value = HeaderValue::from_static(value);
        // A handler that has set Cache-Control itself takes precedence.
        let headers = response.headers_mut();
        if name != CACHE_CONTROL || !headers.contains_key(CACHE_CONTROL) {
            headers.insert(name, value);
        }
    }
    if response.status() == StatusCode::NOT_FOUND {
        // A file that is missing now may be there after the next build.
        response
            .headers_mut()
            .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
