//! What a file's tags say of its song.

/// Title, artist and album from a file's own tags: one line each, at most 200 characters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tags {
    /// The song's title.
    pub title: Option<String>,
    /// Its performer, or the album's where it names none.
    pub artist: Option<String>,
    /// The album it is on.
    pub album: Option<String>,
}

impl Tags {
    /// Bytes of a text that are looked at.
    pub(super) const MAX_BYTES: u64 = 1_024;
    const MAX_CHARS: usize = 200;

    /// A tag's text as one trimmed line; none if nothing is left.
    pub(super) fn clean(text: &str) -> Option<String> {
        let spaced = text.replace(char::is_control, " ");
        let line: String = spaced.trim().chars().take(Self::MAX_CHARS).collect();
        (!line.is_empty()).then_some(line)
    }
}
