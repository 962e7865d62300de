//! Errors as `application/problem+json` (RFC 9457), the page's, the collector's and those of other APIs.

use axum::http::header::{
    ALLOW, CACHE_CONTROL, CONTENT_RANGE, CONTENT_TYPE, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE,
};
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::collector::StoreError;
use soundalike_survey::Invalid;

/// Seconds after which a client may try again if nothing could be stored.
const RETRY_SECONDS: u64 = 10;

/// Why a request failed. The kinds are the `type` of the response and a label of the metrics, so they
/// must not change.
#[derive(Debug)]
pub(super) enum Problem {
    NoSecret,
    NoToken,
    WrongSecret,
    WrongToken,
    ExportsOff,
    Unknown,
    NoSuchPath,
    MethodNotAllowed,
    TooSlow,
    Withdrawn,
    TooLarge,
    NotJson,
    Unreadable(Invalid),
    Broken(String),
    Invalid(Invalid),
    Simulated,
    SurveyFull,
    NotInvited,
    OtherParticipant,
    UnknownFormat,
    TooOften(u64),
    OtherHost,
    /// The token of an [`Api`](crate::Api) is missing.
    NoApiToken,
    WrongApiToken,
    OtherMachine,
    /// An error that a library answered with.
    Other(StatusCode),
    Store(StoreError),
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: String,
    title: &'a str,
    status: u16,
    detail: &'a str,
}

/// The kind of a problem, attached to the response for the metrics.
#[derive(Clone, Copy)]
pub(super) struct ProblemKind(pub &'static str);

impl Problem {
    /// The kind, the status, and the detail in one sentence.
    fn parts(&self) -> (&'static str, StatusCode, String) {
        let (kind, status, detail) = match self {
            Self::NoSecret => (
                "no-secret",
                StatusCode::UNAUTHORIZED,
                "The secret is missing: send `Authorization: Bearer` and its 32 digits from 0 to 9 and a to f.",
            ),
            Self::NoToken => (
                "no-token",
                StatusCode::UNAUTHORIZED,
                "The export token is missing: send it as `Authorization: Bearer TOKEN`.",
            ),
            Self::WrongSecret => (
                "wrong-secret",
                StatusCode::FORBIDDEN,
                "The secret is not the one that this answer was sent with.",
            ),
            Self::WrongToken => (
                "wrong-token",
                StatusCode::FORBIDDEN,
                "The export token is not the collector's.",
            ),
            Self::ExportsOff => (
                "exports-off",
                StatusCode::FORBIDDEN,
                "Exports are disabled: start the collector with SOUNDALIKE_EXPORT_TOKEN.",
            ),
            Self::Unknown => (
                "unknown",
                StatusCode::NOT_FOUND,
                "There is no answer from this participant.",
            ),
            Self::NoSuchPath => (
                "no-such-path",
                StatusCode::NOT_FOUND,
                "There is nothing at this path; docs/collector.md and docs/library.md list the paths.",
            ),
            Self::MethodNotAllowed => (
                "method-not-allowed",
                StatusCode::METHOD_NOT_ALLOWED,
                "This method is not allowed here; docs/collector.md and docs/library.md list the methods.",
            ),
            Self::TooSlow => (
                "too-slow",
                StatusCode::REQUEST_TIMEOUT,
                "The request took too long and may have had no effect: send it again.",
            ),
            Self::Withdrawn => (
                "withdrawn",
                StatusCode::GONE,
                "This answer was withdrawn and is deleted; it cannot be sent again.",
            ),
            Self::TooLarge => (
                "too-large",
                StatusCode::PAYLOAD_TOO_LARGE,
                "The answer is larger than 256 KiB.",
            ),
            Self::NotJson => (
                "not-json",
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "Send the answer with `Content-Type: application/json`.",
            ),
            Self::Unreadable(invalid) => {
                return ("unreadable", StatusCode::BAD_REQUEST, invalid.to_string());
            }
            Self::Broken(detail) => {
                return ("broken-off", StatusCode::BAD_REQUEST, detail.clone());
            }
            Self::Invalid(invalid) => {
                let status = StatusCode::UNPROCESSABLE_ENTITY;
                return ("invalid", status, invalid.to_string());
            }
            Self::Simulated => (
                "simulated",
                StatusCode::UNPROCESSABLE_ENTITY,
                "The answer says that a program made it up: only people's answers are collected.",
            ),
            Self::SurveyFull => (
                "survey-full",
                StatusCode::FORBIDDEN,
                "The survey has all the answers that it asked for: thank you all the same.",
            ),
            Self::NotInvited => (
                "not-invited",
                StatusCode::FORBIDDEN,
                "This survey is by invitation: open the link that you were sent. Each works for one person.",
            ),
            Self::OtherParticipant => (
                "other-participant",
                StatusCode::NOT_FOUND,
                "This is not a participant's code.",
            ),
            Self::UnknownFormat => (
                "unknown-format",
                StatusCode::BAD_REQUEST,
                "The formats are format=jsonl and format=csv.",
            ),
            Self::TooOften(seconds) => {
                let detail = format!("Too many requests from this address: wait {seconds} s.");
                return ("too-often", StatusCode::TOO_MANY_REQUESTS, detail);
            }
            Self::OtherHost => (
                "other-host",
                StatusCode::MISDIRECTED_REQUEST,
                "This server does not answer for the host that was asked for.",
            ),
            Self::NoApiToken => (
                "no-token",
                StatusCode::UNAUTHORIZED,
                "The token is missing: send it as `Authorization: Bearer TOKEN`.",
            ),
            Self::WrongApiToken => (
                "wrong-token",
                StatusCode::FORBIDDEN,
                "The token is not the one of this server.",
            ),
            Self::OtherMachine => (
                "other-machine",
                StatusCode::FORBIDDEN,
                "Only programs on the server's own machine are answered, and no request that a proxy passed on, \
                 unless it is started for others too.",
            ),
            Self::Other(status) => {
                let (kind, detail) = match *status {
                    StatusCode::RANGE_NOT_SATISFIABLE => {
                        ("no-such-range", "The file does not have this part.")
                    }
                    StatusCode::PRECONDITION_FAILED => ("changed", "The file has changed."),
                    status if status.is_server_error() => {
                        ("server", "The server failed; its log says why.")
                    }
                    _ => ("bad-request", "The request cannot be understood."),
                };
                (kind, *status, detail)
            }
            Self::Store(error) => {
                return (
                    error.kind(),
                    StatusCode::SERVICE_UNAVAILABLE,
                    error.to_string(),
                );
            }
        };
        (kind, status, detail.to_owned())
    }
}

/// A response with a problem. A kind is attached to it for the metrics.
pub(super) fn respond(kind: &'static str, status: StatusCode, detail: &str) -> Response {
    let body = Body {
        r#type: format!("urn:soundalike:problem:{kind}"),
        title: status.canonical_reason().unwrap_or_default(),
        status: status.as_u16(),
        detail,
    };
    // Four plain fields can always be serialised.
    let bytes = serde_json::to_vec(&body).unwrap_or_default();
    let mut response = (status, bytes).into_response();
    let mut header = |name: HeaderName, value: HeaderValue| {
        response.headers_mut().insert(name, value);
    };
    header(
        CONTENT_TYPE,
        HeaderValue::from_static("application/problem+json"),
    );
    header(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    match status {
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT => {
            header(RETRY_AFTER, HeaderValue::from(RETRY_SECONDS));
        }
        StatusCode::UNAUTHORIZED => header(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")),
        _ => {}
    }
    response.extensions_mut().insert(ProblemKind(kind));
    response
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (kind, status, detail) = self.parts();
        let mut response = respond(kind, status, &detail);
        if let Self::TooOften(seconds) = self {
            let value = HeaderValue::from(seconds);
            response.headers_mut().insert(RETRY_AFTER, value);
        }
        response
    }
}

/// Turns what the libraries answer to requests they cannot serve into a problem: an empty body, or plain text
/// about their insides.
pub(super) async fn everywhere(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.extensions().get::<ProblemKind>().is_some() {
        return response;
    }
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::NoSuchPath,
        StatusCode::METHOD_NOT_ALLOWED => Problem::MethodNotAllowed,
        status => Problem::Other(status),
    };
    let mut told = problem.into_response();
    for name in [ALLOW, CONTENT_RANGE] {
        if let Some(value) = response.headers().get(&name) {
            told.headers_mut().insert(name, value.clone());
        }
    }
    told
}
