//! Metrics and a line of the log for each request, without anything about the client: the route instead
//! of the path, and no address, participant code or secret.

use std::sync::OnceLock;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use metrics::Gauge;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use crate::problem::ProblemKind;

/// The gauge of the requests that are being answered.
const OPEN: &str = "soundalike_requests_open";

/// Upper bounds of the latency histogram's buckets, in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 20.0];

/// The process's metrics; `None` if another recorder is installed already.
fn recorder() -> Option<&'static PrometheusHandle> {
    static HANDLE: OnceLock<Option<PrometheusHandle>> = OnceLock::new();
    let install = || {
        let seconds = Matcher::Full("soundalike_request_seconds".to_owned());
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(seconds, &BUCKETS)
            .ok()?;
        builder.install_recorder().ok()
    };
    HANDLE.get_or_init(install).as_ref()
}

/// Starts counting, so that what is counted before the first measured request is not lost.
pub(super) fn install() {
    if recorder().is_none() {
        tracing::warn!("there are no metrics, because the process has another recorder");
    }
}

/// All metrics in the format of Prometheus.
pub(super) async fn metrics() -> Response {
    let Some(handle) = recorder() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    handle.run_upkeep();
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, handle.render()).into_response()
}

/// A request that is being answered. It counts in the gauge until it is dropped: when it is answered,
/// when the client goes away, and when the handler panics.
struct OpenRequest(Gauge);

impl OpenRequest {
    fn new() -> Self {
        let gauge = metrics::gauge!(OPEN);
        gauge.increment(1.0);
        Self(gauge)
    }
}

impl Drop for OpenRequest {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

/// The methods that the metrics and the log name. A label is kept for ever, so its values come from a
/// closed set: HTTP lets a client make up methods of any length.
const METHODS: [Method; 7] = [
    Method::GET,
    Method::HEAD,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
    Method::OPTIONS,
];

/// The name of a method in the metrics and the log.
fn name_of(method: &Method) -> &'static str {
    let known = METHODS.iter().find(|&known| known == method);
    known.map_or("other", Method::as_str)
}

/// Measures a request.
pub(super) async fn request(request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = name_of(request.method());
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or("none", MatchedPath::as_str).to_owned();
    let open = OpenRequest::new();
    let response = next.run(request).await;
    drop(open);

    let status = response.status().as_u16();
    let kind = response.extensions().get::<ProblemKind>();
    let outcome = kind.map_or("done", |ProblemKind(kind)| kind);
    let seconds = began.elapsed().as_secs_f64();
    let labels = [
        ("method", method.to_owned()),
        ("route", route.clone()),
        ("status", status.to_string()),
        ("outcome", outcome.to_owned()),
    ];
    metrics::counter!("soundalike_requests_total", &labels).increment(1);
    metrics::histogram!("soundalike_request_seconds", "route" => route.clone()).record(seconds);
    let ms = (seconds * 1e4).round() / 10.0;
    if response.status().is_server_error() {
        tracing::warn!(method, route, status, outcome, ms, "request");
    } else {
        tracing::info!(method, route, status, outcome, ms, "request");
    }
    response
}

#[cfg(test)]
mod tests {
    use std::panic::AssertUnwindSafe;

    use axum::body::Body;
    use axum::routing::get;
    use axum::{Router, middleware};
    use futures_util::FutureExt;
    use tower::ServiceExt;

    use super::*;

    /// The value of the gauge of open requests.
    fn open_requests() -> f64 {
        let text = recorder().expect("no other recorder").render();
        let line = text.lines().find_map(|line| line.strip_prefix(OPEN));
        line.map_or(0.0, |value| value.trim().parse().expect("a number"))
    }

    /// A request to a handler that never answers, or to one that panics.
    async fn ask(path: &str) -> Response {
        let router: Router = Router::new()
            .route("/never", get(std::future::pending::<&str>))
            .route("/panics", get(async || -> &str { panic!("on purpose") }))
            .route("/answers", get(async || "ok"))
            .layer(middleware::from_fn(super::request));
        let request = Request::builder().uri(path).body(Body::empty());
        let answer = router.oneshot(request.expect("a request")).await;
        answer.unwrap_or_else(|never| match never {})
    }

    #[test]
    fn the_gauge_falls_when_a_request_is_answered_cancelled_or_panics() {
        assert_eq!(open_requests(), 0.0);
        let answered = ask("/answers").now_or_never().expect("at once");
        assert_eq!(answered.status(), StatusCode::OK);
        assert_eq!(open_requests(), 0.0);

        let mut waiting = Box::pin(ask("/never"));
        assert!(waiting.as_mut().now_or_never().is_none());
        assert_eq!(open_requests(), 1.0);
        // The client goes away.
        drop(waiting);
        assert_eq!(open_requests(), 0.0);

        let panicking = AssertUnwindSafe(ask("/panics")).catch_unwind();
        let panicked = panicking.now_or_never().expect("at once");
        assert!(panicked.is_err());
        assert_eq!(open_requests(), 0.0);
    }
}
