//! Metrics and a line of the log for each request, without anything of the person who asks: the route
//! instead of the path, no address, no code, no secret.

use std::sync::OnceLock;
use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

use super::problem::ProblemKind;

/// Upper ends of the latencies' histogram, in seconds.
const BUCKETS: [f64; 9] = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 20.0];

/// The process's metrics; none if something else collects them already.
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

/// All metrics as Prometheus reads them.
pub(super) async fn metrics() -> Response {
    let Some(handle) = recorder() else {
        return StatusCode::NOT_FOUND.into_response();
    };
    handle.run_upkeep();
    let kind = [(CONTENT_TYPE, "text/plain; version=0.0.4")];
    (kind, handle.render()).into_response()
}

/// Measures a request.
pub(super) async fn request(request: Request, next: Next) -> Response {
    recorder();
    let began = Instant::now();
    let method = request.method().as_str().to_owned();
    let matched = request.extensions().get::<MatchedPath>();
    let route = matched.map_or("none", MatchedPath::as_str).to_owned();
    metrics::gauge!("soundalike_requests_open").increment(1.0);
    let response = next.run(request).await;
    metrics::gauge!("soundalike_requests_open").decrement(1.0);

    let status = response.status().as_u16();
    let kind = response.extensions().get::<ProblemKind>();
    let outcome = kind.map_or("done", |ProblemKind(kind)| kind);
    let seconds = began.elapsed().as_secs_f64();
    let labels = [
        ("method", method.clone()),
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
