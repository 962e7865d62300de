//! The address under which the public knows the server, behind its proxy.

use std::str::FromStr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::{HOST, STRICT_TRANSPORT_SECURITY};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::{Host, Url};

use crate::problem::Problem;

/// A browser that has been here by https comes by https for a year.
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// What a load balancer and a monitor ask by the machine's own address.
const FOR_OPERATORS: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

/// The public address: `https://` or `http://`, a host, and a port if it is not the usual one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    /// Without a path, query or credentials.
    origin: Url,
    host: Host,
}

/// Why a text is no public address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an address such as https://survey.example.org, without a path")]
pub struct NotAnOrigin;

impl FromStr for PublicUrl {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let origin = Url::parse(text).map_err(|_| NotAnOrigin)?;
        let host = origin.host().ok_or(NotAnOrigin)?.to_owned();
        let bare = origin.path() == "/"
            && origin.query().is_none()
            && origin.fragment().is_none()
            && origin.username().is_empty()
            && origin.password().is_none();
        if !bare || !matches!(origin.scheme(), "https" | "http") {
            return Err(NotAnOrigin);
        }
        Ok(Self { origin, host })
    }
}

impl PublicUrl {
    /// The link that an invited participant opens. The code is in the fragment, which browsers do not send:
    /// it is in no log of a server or proxy.
    pub(super) fn invitation(&self, code: &str) -> String {
        format!("{}#invitation={code}", self.origin)
    }

    fn is_https(&self) -> bool {
        self.origin.scheme() == "https"
    }

    /// Whether a `Host` header names this address: the port may be left out where it is the usual one.
    fn is_named_by(&self, host: &str) -> bool {
        let named = format!("{}://{host}/", self.origin.scheme());
        let Ok(named) = named.parse::<Self>() else {
            return false;
        };
        named.host == self.host
            && named.origin.port_or_known_default() == self.origin.port_or_known_default()
    }
}

/// Turns away requests for another host: a page of somebody else's whose name leads here (DNS rebinding)
/// would otherwise be of the same origin.
pub(super) async fn check_host(
    State(public): State<Arc<PublicUrl>>,
    request: Request,
    next: Next,
) -> Response {
    let header = request.headers().get(HOST);
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    let named = authority.or_else(|| header.and_then(|host| host.to_str().ok()));
    let known = named.is_some_and(|named| public.is_named_by(named));
    let mut response = if known || FOR_OPERATORS.contains(&request.uri().path()) {
        next.run(request).await
    } else {
        Problem::OtherHost.into_response()
    };
    if public.is_https() {
        response
            .headers_mut()
            .insert(STRICT_TRANSPORT_SECURITY, HSTS);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_host_and_nothing_after_it() {
        for right in [
            "https://survey.example.org",
            "https://survey.example.org/",
            "http://[::1]:8080",
        ] {
            assert!(right.parse::<PublicUrl>().is_ok(), "{right}");
        }
        for wrong in [
            "survey.example.org",
            "https://",
            "ftp://survey.example.org",
            "https://survey.example.org/page",
            "https://me:secret@survey.example.org",
            "https://survey.example.org?a=1",
        ] {
            assert!(wrong.parse::<PublicUrl>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_host_header_may_leave_out_the_usual_port_only() {
        let named = |url: &str, host: &str| {
            let url: PublicUrl = url.parse().expect("an address");
            url.is_named_by(host)
        };
        let usual = "https://survey.example.org";
        for host in ["survey.example.org", "Survey.Example.ORG:443"] {
            assert!(named(usual, host), "{host}");
        }
        for host in [
            "",
            "example.org",
            "survey.example.org:80",
            "survey.example.org.evil.example",
            "survey.example.org@evil.example",
            "evil.example/survey.example.org",
        ] {
            assert!(!named(usual, host), "{host}");
        }
        assert!(named(
            "https://survey.example.org:8443",
            "survey.example.org:8443"
        ));
        assert!(!named(
            "https://survey.example.org:8443",
            "survey.example.org"
        ));
    }
}
