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
    #[error("{from}: the token has fewer than {MIN_LENGTH} characters: choose a longer one")]
    Short {
        /// The environment variable or the file that it is from.
        from: String,
    },
}

impl Token {
    /// A token of 16 characters or more. `from` is what an error calls the place that it is from.
    ///
    /// # Errors
    /// If it is shorter.
    pub fn new(token: &str, from: &str) -> Result<Self, TokenError> {
        let token = token.trim();
        if token.len() < MIN_LENGTH {
            return Err(TokenError::Short {
                from: from.to_owned(),
            });
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
            return Self::new(&token, variable).map(Some);
        }
        let Some(file) = file else {
            return Ok(None);
        };
        let error = |source| TokenError::File {
            file: file.to_owned(),
            variable,
            source,
        };
        let token = match std::fs::read_to_string(file) {
            Ok(token) => {
                private::narrow(file);
                token
            }
            Err(source) if source.kind() == io::ErrorKind::NotFound => {
                create(file).map_err(error)?
            }
            Err(source) => return Err(error(source)),
        };
        Self::new(&token, &file.to_string_lossy()).map(Some)
    }

    /// Whether a text is the token. Takes the same time for every text of a length.
    pub(super) fn is(&self, text: &str) -> bool {
        let found = sha256_hex(text.as_bytes());
        bool::from(found.as_bytes().ct_eq(self.hash.as_bytes()))
    }
}

/// Creates a file with a random token, which it returns. The file is whole from the beginning: a run that is killed
/// leaves no token that is cut off. Temporary files are for their owner only.
fn create(file: &Path) -> io::Result<String> {
    let random: [u8; 24] = rand::rng().random();
    let token = base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, random);
    let folder = match file.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let mut begun = tempfile::Builder::new()
        .prefix(".token-")
        .tempfile_in(folder)?;
    writeln!(begun, "{token}")?;
    begun.as_file().sync_all()?;
    begun.persist_noclobber(file).map_err(|error| error.error)?;
    tracing::info!("the token is in {}", file.display());
    Ok(token)
}

/// The bearer token of a request.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, credentials) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(credentials.trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A variable that nobody sets.
    const VARIABLE: &str = "SOUNDALIKE_TOKEN_THAT_NOBODY_SETS";

    #[test]
    fn a_token_is_made_once_and_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("own.token");
        let find = || Token::find(VARIABLE, Some(&file)).map(|found| found.expect("a token"));
        let made = find().expect("is made");
        let text = std::fs::read_to_string(&file).expect("reads");
        assert!(made.is(text.trim()) && text.ends_with('\n'));
        assert_eq!(find().expect("reads").hash, made.hash);
        // Nothing is left beside it.
        assert_eq!(std::fs::read_dir(folder.path()).expect("reads").count(), 1);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = std::fs::metadata(&file)
                .expect("is there")
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        let none = Token::find(VARIABLE, None).expect("is no error");
        assert!(none.is_none());
    }

    #[test]
    fn a_short_token_is_told_with_its_place_and_one_that_cannot_be_written_too() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("own.token");
        std::fs::write(&file, "").expect("writes");
        let error = Token::find(VARIABLE, Some(&file)).expect_err("is refused");
        assert!(error.to_string().contains("own.token"), "{error}");
        let nowhere = folder.path().join("nowhere/own.token");
        let error = Token::find(VARIABLE, Some(&nowhere)).expect_err("is refused");
        let said = error.to_string();
        assert!(
            said.contains("own.token") && said.contains(VARIABLE),
            "{said}"
        );
        let error = Token::new("short", VARIABLE).expect_err("is refused");
        assert!(error.to_string().starts_with(VARIABLE), "{error}");
    }
}
