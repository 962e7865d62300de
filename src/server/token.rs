//! Tokens that open what is not for everybody: exports, somebody's own library.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::http::header::AUTHORIZATION;
use rand::RngExt;
use subtle::ConstantTimeEq;

use crate::private;
use crate::requests::sha256_hex;

/// Least length of a token.
const MIN_LENGTH: usize = 16;

/// A token that requests have to bear. Only its SHA-256 is kept.
#[derive(Clone, Debug)]
pub struct Token {
    hash: Arc<str>,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// It cannot be stored.
    #[error("{}: the token cannot be read or written ({source}); set {variable} instead", .file.display())]
    File {
        /// Its file.
        file: PathBuf,
        /// The environment variable that is looked at first.
        variable: &'static str,
        /// The error of the system.
        source: io::Error,
    },
    /// It is too short.
    #[error("the token has fewer than {MIN_LENGTH} characters: choose a longer one")]
    Short,
}

impl Token {
    /// A token of 16 characters or more.
    ///
    /// # Errors
    /// If it is shorter.
    pub fn new(token: &str) -> Result<Self, TokenError> {
        let token = token.trim();
        if token.len() < MIN_LENGTH {
            return Err(TokenError::Short);
        }
        Ok(Self {
            hash: sha256_hex(token.as_bytes()).into(),
        })
    }

    /// The token of an environment variable, else that of a file, which only its owner may read and which is
    /// made with a random token if it is missing; `None` without both.
    ///
    /// # Errors
    /// If it is too short, or the file cannot be read or written.
    pub fn find(variable: &'static str, file: Option<&Path>) -> Result<Option<Self>, TokenError> {
        if let Ok(token) = std::env::var(variable) {
            return Self::new(&token).map(Some);
        }
        let Some(file) = file else {
            return Ok(None);
        };
        let error = |source| TokenError::File {
            file: file.to_owned(),
            variable,
            source,
        };
        match std::fs::read_to_string(file) {
            Ok(token) => {
                private::narrow(file);
                return Self::new(&token).map(Some);
            }
            Err(source) if source.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(error(source)),
        }
        let random: [u8; 24] = rand::rng().random();
        let token =
            base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, random);
        let mut written = private::create_file(file).map_err(error)?;
        writeln!(written, "{token}").map_err(error)?;
        tracing::info!("the token is in {}", file.display());
        Self::new(&token).map(Some)
    }

    /// Whether a text is the token. Takes the same time for every text of a length.
    pub(super) fn is(&self, text: &str) -> bool {
        let found = sha256_hex(text.as_bytes());
        bool::from(found.as_bytes().ct_eq(self.hash.as_bytes()))
    }
}

/// The bearer token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(credentials.trim())
}
