//! Names of files and texts of tags as other people wrote them: how they are shown in a terminal, and how
//! a path that is not UTF-8 is written where only text can be.
//!
//! A terminal obeys control characters, and characters for the direction of writing make `gpj.exe` out of
//! `exe.jpg`. Both are shown by their number, as Rust writes them: `\u{1b}`, `\u{202e}`. Every line that
//! a program prints and that holds a foreign name goes through [`visible`] or [`shown`]; the events of the
//! libraries go through it in [`print_events`](crate::terminal::print_events). What is stored and what is
//! written as JSON stays as it is.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// Bytes that are encoded: all but letters, digits and what is common in paths.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'/')
    .remove(b'.')
    .remove(b'-')
    .remove(b'_')
    .remove(b'~');

/// Whether a terminal would obey a character instead of showing it: control characters (C0, DEL, C1), line
/// and paragraph separators, and the marks, embeddings, overrides and isolates of the bidirectional
/// algorithm (UAX #9).
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A text as a terminal shows it without obeying it, on one line.
///
/// # Examples
/// ```
/// use soundalike_datasets::names::visible;
///
/// assert_eq!(visible("Björk"), "Björk");
/// assert_eq!(visible("\u{1b}[2J\u{202e}gpj.exe\n"), r"\u{1b}[2J\u{202e}gpj.exe\n");
/// ```
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_obeyed) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if is_obeyed(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    Cow::Owned(shown)
}

/// A path as a terminal shows it: [`visible`], with `�` for what is not UTF-8.
pub fn shown(path: &Path) -> String {
    visible(&path.to_string_lossy()).into_owned()
}

/// The exact bytes of a path that is not UTF-8, percent-encoded as in an address (RFC 3986); `None` for a
/// path that text can hold. [`path_from_bytes`] makes the path of them again. Only systems whose names are
/// bytes have such paths.
///
/// # Examples
/// ```
/// # #[cfg(unix)] {
/// use std::ffi::OsStr;
/// use std::os::unix::ffi::OsStrExt;
/// use std::path::Path;
/// use soundalike_datasets::names::{path_bytes, path_from_bytes};
///
/// let path = Path::new(OsStr::from_bytes(b"rock/caf\xe9 1.mp3"));
/// let bytes = path_bytes(path).expect("is not UTF-8");
/// assert_eq!(bytes, "rock/caf%E9%201.mp3");
/// assert_eq!(path_from_bytes(&bytes).as_deref(), Some(path));
/// assert_eq!(path_bytes(Path::new("rock/café.mp3")), None);
/// # }
/// ```
pub fn path_bytes(path: &Path) -> Option<String> {
    if path.to_str().is_some() {
        return None;
    }
    Some(percent_encode(path.as_os_str().as_encoded_bytes(), ENCODED).to_string())
}

/// The path of [`path_bytes`]; `None` where the bytes are not a name of this system.
pub fn path_from_bytes(encoded: &str) -> Option<PathBuf> {
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    if bytes.contains(&0) {
        return None;
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStringExt;
        Some(std::ffi::OsString::from_vec(bytes).into())
    }
    #[cfg(not(unix))]
    {
        String::from_utf8(bytes).ok().map(PathBuf::from)
    }
}

/// Whether a file or folder is one that a system leaves beside others and that is no music, whatever its
/// ending: `._*` (AppleDouble), `.DS_Store`, `Thumbs.db`, `desktop.ini`.
pub(crate) fn is_left_by_a_system(name: &std::ffi::OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b"._")
        || [&b".DS_Store"[..], b"Thumbs.db", b"desktop.ini"]
            .iter()
            .any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_shown_by_its_number() {
        let obeyed = "\0\t\r\n\u{1b}\u{7f}\u{85}\u{9b}\u{61c}\u{200e}\u{200f}\u{2028}\u{2029}\u{202a}\
                      \u{202b}\u{202c}\u{202d}\u{202e}\u{2066}\u{2067}\u{2068}\u{2069}";
        for c in obeyed.chars() {
            let text = format!("a{c}b");
            let shown = visible(&text);
            assert!(shown.starts_with("a\\") && !shown.contains(c), "{shown}");
        }
        assert_eq!(visible("a\u{1b}]0;x\u{7}"), r"a\u{1b}]0;x\u{7}");
    }

    #[test]
    fn what_people_write_is_shown_as_it_is() {
        for text in [
            "",
            "Sigur Rós – ( )",
            "初音ミク",
            "فيروز",
            "עופרה חזה",
            "👩‍🎤 \\o/ \"x\" 'y'",
            "C:\\Music",
        ] {
            assert!(matches!(visible(text), Cow::Borrowed(same) if same == text));
        }
    }

    #[cfg(unix)]
    #[test]
    fn every_name_of_bytes_survives_a_round_trip() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let all: Vec<u8> = (1..=255).collect();
        for bytes in [&all[..], b"\xff", b"a/\xc3", b"%41\xfe", b"\xed\xa0\x80"] {
            let path = Path::new(OsStr::from_bytes(bytes));
            let encoded = path_bytes(path).expect("is not UTF-8");
            assert!(encoded.is_ascii());
            assert_eq!(path_from_bytes(&encoded).as_deref(), Some(path));
        }
        assert_eq!(path_from_bytes("a%00b"), None);
    }

    #[test]
    fn files_of_systems_are_known_by_their_names() {
        for name in [
            "._a.mp3",
            "._",
            ".DS_Store",
            "Thumbs.db",
            "thumbs.db",
            "Desktop.ini",
        ] {
            assert!(is_left_by_a_system(name.as_ref()), "{name}");
        }
        for name in [
            ".a.mp3",
            "_.mp3",
            "DS_Store.mp3",
            "Thumbs.db.mp3",
            ".hidden",
        ] {
            assert!(!is_left_by_a_system(name.as_ref()), "{name}");
        }
    }
}
