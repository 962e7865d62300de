//! An API of another part of the program beside the page, such as that of somebody's own library: who may ask.
//!
//! What it answers is decided where its routes are made, so that this crate need not know it.

use std::net::SocketAddr;

use axum::Router;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::header::HOST;
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use url::{Host, Url};

use crate::observe;
use crate::problem::{Problem, respond};
use crate::requests::{no_store, time_out};
use crate::token::{Token, bearer};

/// What proxies add to requests that they pass on; not all do.
const OF_PROXIES: [&str; 4] = ["forwarded", "via", "x-forwarded-for", "x-real-ip"];

/// An API and who may ask it.
#[derive(Clone, Debug)]
pub struct Api {
    /// Its routes, for those who bear the token.
    pub routes: Router,
    /// Its routes for whoever may ask at all, such as its description.
    pub open_routes: Router,
    /// The token.
    pub token: Token,
    /// Whether other machines may ask. Otherwise a request has to come from this machine, by a name of this
    /// machine and not through a proxy that names itself; one that does not is a program of this machine.
    pub for_others: bool,
}

/// Why an API does not serve a request: `application/problem+json` (RFC 9457) when it is the response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Its kind in words joined by strokes, the same for ever: the end of the problem's `type`.
    pub kind: &'static str,
    /// The status.
    pub status: StatusCode,
    /// What is wrong and what to do, in a sentence.
    pub detail: String,
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        respond(self.kind, self.status, &self.detail)
    }
}

impl Api {
    pub(super) fn router(self) -> Router {
        let token = middleware::from_fn_with_state(self.token, check_token);
        let mut router = self.routes.layer(token).merge(self.open_routes);
        if !self.for_others {
            router = router.layer(middleware::from_fn(check_machine));
        }
        router
            .layer(middleware::from_fn(time_out))
            .layer(middleware::from_fn(observe::request))
            .layer(middleware::map_response(no_store))
    }
}

async fn check_token(
    State(token): State<Token>,
    request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let found = bearer(request.headers()).ok_or(Problem::NoApiToken)?;
    if !token.is(found) {
        return Err(Problem::WrongApiToken);
    }
    Ok(next.run(request).await)
}

/// Turns away requests that do not come from this machine, and those of a web page whose name leads here (DNS
/// rebinding).
async fn check_machine(request: Request, next: Next) -> Result<Response, Problem> {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let is_here = peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback());
    let headers = request.headers();
    if !is_here
        || OF_PROXIES
            .into_iter()
            .any(|name| headers.contains_key(name))
    {
        return Err(Problem::OtherMachine);
    }
    let authority = request
        .uri()
        .authority()
        .map(|authority| authority.as_str());
    if !authority
        .or_else(|| host(headers))
        .is_some_and(names_this_machine)
    {
        return Err(Problem::OtherHost);
    }
    Ok(next.run(request).await)
}

fn host(headers: &HeaderMap) -> Option<&str> {
    headers.get(HOST)?.to_str().ok()
}

/// Whether a `Host` header names this machine: `localhost`, or an address of the loopback.
fn names_this_machine(host: &str) -> bool {
    let Ok(url) = Url::parse(&format!("http://{host}/")) else {
        return false;
    };
    // What follows a host in an address is no part of a host.
    if url.path() != "/" || !url.username().is_empty() || url.query().is_some() {
        return false;
    }
    match url.host() {
        Some(Host::Domain(name)) => name.trim_end_matches('.') == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.to_canonical().is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_loopback_and_its_name_are_this_machine() {
        for host in [
            "localhost",
            "LOCALHOST:8080",
            "localhost.:1",
            "127.0.0.1:8080",
            "127.1.2.3",
            "[::1]:8080",
            "[::ffff:127.0.0.1]",
        ] {
            assert!(names_this_machine(host), "{host}");
        }
        for host in [
            "",
            "example.org",
            "localhost.example.org",
            "localhost@example.org",
            "example.org/localhost",
            "example.org?localhost",
            "0.0.0.0",
            "192.168.1.2",
            "[fe80::1]",
        ] {
            assert!(!names_this_machine(host), "{host}");
        }
    }
}
