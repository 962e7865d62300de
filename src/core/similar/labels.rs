//! Which songs are by one artist, on one album, or versions of one song, by their names.

use std::collections::HashMap;

/// What a song is called. Empty texts are not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SongName<'a> {
    /// Title.
    pub title: &'a str,
    /// Artist.
    pub artist: &'a str,
    /// Album.
    pub album: &'a str,
    /// The album's artist; without it the album is told apart by the song's artist.
    pub album_artist: &'a str,
}

/// Numbers of artists, albums and songs, one of each per row. Equal numbers are the same artist, album or song.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels {
    /// The artist, compared without regard to case; none if not known.
    pub artists: Vec<Option<u32>>,
    /// The album; none if not known.
    pub albums: Vec<Option<u32>>,
    /// The song: equal for its versions (see [`version_key`]), its own for a song without title or artist.
    pub songs: Vec<u32>,
}

impl Labels {
    /// Of the rows' names, in order.
    pub fn of<'a>(names: impl IntoIterator<Item = SongName<'a>>) -> Self {
        let (mut artists, mut albums, mut songs) = (HashMap::new(), HashMap::new(), HashMap::new());
        let mut labels = Self::default();
        for (row, name) in names.into_iter().enumerate() {
            let artist = folded(name.artist);
            let album = folded(name.album);
            let of_album = folded(name.album_artist);
            let of_album = if of_album.is_empty() {
                artist.clone()
            } else {
                of_album
            };
            let key = version_key(name.title, name.artist);
            let key = key.unwrap_or_else(|| (row.to_string(), String::new()));
            let next = songs.len() as u32;
            labels.songs.push(*songs.entry(key).or_insert(next));
            let next = albums.len() as u32;
            let number =
                (!album.is_empty()).then(|| *albums.entry((album, of_album)).or_insert(next));
            labels.albums.push(number);
            let next = artists.len() as u32;
            let number = (!artist.is_empty()).then(|| *artists.entry(artist).or_insert(next));
            labels.artists.push(number);
        }
        labels
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.songs.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.songs.is_empty()
    }
}

/// Words that tell a version from the song. In brackets or after a dash at the end of a title they do not belong to it.
const VERSION_WORDS: [&str; 32] = [
    "acoustic",
    "alternate",
    "alternative",
    "bonus",
    "cover",
    "demo",
    "dub",
    "edit",
    "extended",
    "feat",
    "featuring",
    "ft",
    "instrumental",
    "karaoke",
    "live",
    "mix",
    "mono",
    "original",
    "radio",
    "remaster",
    "remastered",
    "remix",
    "remixed",
    "rerecorded",
    "rework",
    "session",
    "sessions",
    "single",
    "stereo",
    "take",
    "unplugged",
    "version",
];
/// Titles that many songs of an artist can have.
const COMMON_TITLES: [&str; 8] = [
    "bonus track",
    "hidden track",
    "interlude",
    "intro",
    "outro",
    "skit",
    "unknown",
    "untitled",
];

/// What the versions of a song have in common, `(title, artist)`: live, remixed, remastered, with guests. None if the title
/// or the artist is not known, or the title is one that many songs have ("Intro", "Track 3").
pub fn version_key(title: &str, artist: &str) -> Option<(String, String)> {
    let (title, artist) = (title_key(without_version(title)), folded(artist));
    let numbered = title.strip_prefix("track").is_some_and(|rest| {
        !rest.trim().is_empty() && rest.trim().bytes().all(|b| b.is_ascii_digit())
    });
    let common = numbered || COMMON_TITLES.contains(&title.as_str());
    (!title.is_empty() && !artist.is_empty() && !common).then_some((title, artist))
}

/// A title in small letters, its words separated by one space, without signs; a title of signs alone stays as it is.
pub fn title_key(title: &str) -> String {
    let folded = folded(title);
    let words = |text: &str| {
        let words = text.split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’');
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        words.join(" ").replace(['\'', '’'], "")
    };
    let key = words(&folded);
    if key.is_empty() { folded } else { key }
}

/// The title without what tells the version.
fn without_version(title: &str) -> &str {
    let mut title = title.trim();
    loop {
        let opening = match title.chars().last() {
            Some(')') => title.rfind('('),
            Some(']') => title.rfind('['),
            _ => None,
        };
        let at = opening.or_else(|| title.rfind(" - "));
        match at.filter(|at| *at > 0 && names_a_version(&title[*at..])) {
            Some(at) => title = title[..at].trim_end(),
            None => return title,
        }
    }
}

fn names_a_version(text: &str) -> bool {
    let text = text.to_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    words.any(|word| VERSION_WORDS.contains(&word))
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_a_song_have_one_key_and_other_songs_have_others() {
        let key = |title| version_key(title, "The Band");
        for version in [
            "Blue Sky (Live)",
            "blue sky [2011 Remaster]",
            "Blue Sky - Live at the Hall",
            "Blue Sky (feat. Somebody) (Radio Edit)",
            " BLUE  SKY! ",
        ] {
            assert_eq!(key(version), key("Blue Sky"), "{version}");
        }
        for other in [
            "Blue Sky (Part 2)",
            "Blue",
            "Live",
            "Blue Sky - The End",
            "(Live)",
        ] {
            assert_ne!(key(other), key("Blue Sky"), "{other}");
        }
        assert_ne!(key("Don't (Live)"), key("Do"));
        assert_eq!(key("(Live)").map(|key| key.0).as_deref(), Some("live"));
        assert_ne!(version_key("Blue Sky", "Others"), key("Blue Sky"));
        for common in ["", "Intro", "Track 03", "Untitled"] {
            assert_eq!(key(common), None, "{common}");
        }
        assert_eq!(version_key("Blue Sky", " "), None);
        assert!(key("Track").is_some() && key("???").is_some());
    }

    #[test]
    fn artists_albums_and_songs_get_numbers() {
        let name = |title, artist, album, album_artist| SongName {
            title,
            artist,
            album,
            album_artist,
        };
        let labels = Labels::of([
            name("a", "X", "Hits", ""),
            name("A (live)", "x ", "Hits", "Various"),
            name("b", "Y", "Hits", "various"),
            name("", "", "", ""),
            name("", "", "", ""),
        ]);
        assert_eq!(labels.artists, [Some(0), Some(0), Some(1), None, None]);
        assert_eq!(labels.albums, [Some(0), Some(1), Some(1), None, None]);
        assert_eq!(labels.songs, [0, 0, 1, 2, 3]);
    }
}
