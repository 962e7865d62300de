//! What a sound file says of its song: its tags, read without decoding the sound, in the terminal and in the page.
//!
//! # Order of the sources
//! A file may have several tags. Each field is taken from the first of these that has it:
//!
//! 1. the format's own tag: Vorbis comments in FLAC and Ogg, `ilst` in MP4, APEv2 in WavPack, Musepack and
//!    Monkey's Audio;
//! 2. ID3v2.2 to 2.4: at the beginning of a file, and in a chunk `ID3 ` of WAV and AIFF;
//! 3. APEv1 and APEv2 at either end of any other file;
//! 4. RIFF INFO in WAV, the chunks `NAME` and `AUTH` in AIFF, `info` in CAF;
//! 5. ID3v1, which cuts its texts after 30 bytes.
//!
//! Several artists in one tag stay several: values of one frame that are parted by NUL, items of one name,
//! atoms with several values. A stroke is no separator, since ID3v2.3 cannot tell two artists from AC/DC.
//!
//! The tags are parsed by `lofty`. It is given only the bytes of each tag, which are searched for here, so
//! that a file whose sound is damaged, cut short or wrongly measured still has its title. What `lofty`
//! cannot read or panics at is no tag, with a warning.
//!
//! Texts marked as Latin-1 are often in another encoding, which is guessed.

mod blocks;
mod chunks;
mod encoding;
mod fields;
mod readable;
mod write;

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use serde::Serialize;
use soundalike_core::catalog::Track;
use soundalike_core::guard::caught;

use fields::Tagged;
pub use readable::{readable_artist, readable_title};
pub use write::{NewTags, TagWriteError, check_writable, with_tags};

/// What a file's tags say of its song. Every text is one trimmed line of at most 200 characters; control
/// characters other than white space stay in it, and are escaped where it is shown.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SongTags {
    /// The song's title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Its artists, in the tag's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artists: Vec<String>,
    /// The album that it is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub album: Option<String>,
    /// The album's artists; several are joined by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub album_artist: Option<String>,
    /// Its number on the disc, from one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track: Option<u32>,
    /// The year of the recording or release, with four digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub year: Option<u32>,
    /// Its genres as the tag names them, joined by commas.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub genre: Option<String>,
    /// Its moods as the tag names them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub moods: Vec<String>,
    /// MusicBrainz' identifiers.
    #[serde(skip_serializing_if = "MusicBrainzIds::is_empty")]
    pub musicbrainz: MusicBrainzIds,
    /// How loud it is.
    #[serde(skip_serializing_if = "ReplayGain::is_empty")]
    pub replaygain: ReplayGain,
}

/// Identifiers of [MusicBrainz](https://musicbrainz.org/doc/MusicBrainz_Identifier): UUIDs in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MusicBrainzIds {
    /// The recording's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recording: Option<String>,
    /// The release's (the album's).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// The artists'.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub artists: Vec<String>,
}

impl MusicBrainzIds {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// [ReplayGain](https://wiki.hydrogenaud.io/index.php?title=ReplayGain_2.0_specification): the gain that
/// brings the sound to a loudness of −18 LUFS, and its peak. Opus' `R128_TRACK_GAIN`, which is for
/// −23 LUFS, is converted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct ReplayGain {
    /// Gain of the song in dB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_gain: Option<f32>,
    /// Highest sample of the song, of full scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub track_peak: Option<f32>,
    /// Gain of the album in dB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub album_gain: Option<f32>,
    /// Highest sample of the album, of full scale.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub album_peak: Option<f32>,
}

impl ReplayGain {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl SongTags {
    /// Reads the tags of a file in the [order of their sources](self). A file without tags, or one that
    /// cannot be read, has none; a tag that cannot be read is left out with a warning.
    pub fn read(path: &Path) -> Self {
        // Pipes and devices can be read only once, and not from their end.
        if !std::fs::metadata(path).is_ok_and(|found| found.is_file()) {
            return Self::default();
        }
        let Ok(file) = File::open(path) else {
            return Self::default();
        };
        Self::of(&mut BufReader::new(file), &path.to_string_lossy())
    }

    /// The tags of a file that is open, wherever it lies; `name` is what a warning calls it.
    ///
    /// # Examples
    /// ```
    /// use soundalike_tags::SongTags;
    ///
    /// let frame = b"TIT2\0\0\0\x06\0\0\x03Wings";
    /// let tag = [b"ID3\x04\0\0\0\0\0\x10", &frame[..]].concat();
    /// let tags = SongTags::of(&mut std::io::Cursor::new(tag), "song.mp3");
    /// assert_eq!(tags.title.as_deref(), Some("Wings"));
    /// ```
    pub fn of(file: &mut (impl Read + Seek), name: &str) -> Self {
        let found = guarded(name, "tags", || {
            Ok::<_, std::convert::Infallible>(blocks::read(file, name))
        });
        let mut sources = found.unwrap_or_default();
        // Stable: of two tags of one kind the earlier one counts.
        sources.sort_by_key(|(source, _)| *source);
        let mut tags = Self::default();
        for (_, found) in sources {
            tags.fill(found);
        }
        tags
    }

    /// What they say as a track, with a title and an artist that can be read: the title is made of the file's
    /// name without its ending, `stem`, where they have none.
    pub fn into_track(self, stem: &str) -> Track {
        let mut track = Track::from(self);
        let by_file = track.title.is_empty();
        if by_file {
            stem.clone_into(&mut track.title);
        }
        track.artist = readable_artist(&track.artist);
        track.title = readable_title(&track.title, &track.artist, by_file);
        track
    }

    /// The artists in one text, joined by commas; the album's where the song names none.
    pub fn artist(&self) -> Option<String> {
        if self.artists.is_empty() {
            return self.album_artist.clone();
        }
        Some(self.artists.join(", "))
    }

    /// Whether the file says nothing of its song.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes what is missing from another tag.
    fn fill(&mut self, other: Self) {
        fn fill<T>(field: &mut Option<T>, other: Option<T>) {
            *field = field.take().or(other);
        }
        fn fill_list<T>(field: &mut Vec<T>, other: Vec<T>) {
            if field.is_empty() {
                *field = other;
            }
        }
        fill(&mut self.title, other.title);
        fill_list(&mut self.artists, other.artists);
        fill(&mut self.album, other.album);
        fill(&mut self.album_artist, other.album_artist);
        fill(&mut self.track, other.track);
        fill(&mut self.year, other.year);
        fill(&mut self.genre, other.genre);
        fill_list(&mut self.moods, other.moods);
        let (ids, gain) = (other.musicbrainz, other.replaygain);
        fill(&mut self.musicbrainz.recording, ids.recording);
        fill(&mut self.musicbrainz.release, ids.release);
        fill_list(&mut self.musicbrainz.artists, ids.artists);
        fill(&mut self.replaygain.track_gain, gain.track_gain);
        fill(&mut self.replaygain.track_peak, gain.track_peak);
        fill(&mut self.replaygain.album_gain, gain.album_gain);
        fill(&mut self.replaygain.album_peak, gain.album_peak);
    }
}

impl From<SongTags> for Track {
    /// What tags say, as a track.
    fn from(tags: SongTags) -> Self {
        let artist = tags.artist().unwrap_or_default();
        let (ids, gain) = (tags.musicbrainz, tags.replaygain);
        Self {
            title: tags.title.unwrap_or_default(),
            artist,
            album: tags.album.unwrap_or_default(),
            genre: tags.genre.unwrap_or_default(),
            album_artist: tags.album_artist.unwrap_or_default(),
            track_number: tags.track,
            year: tags.year,
            musicbrainz_recording: ids.recording.unwrap_or_default(),
            musicbrainz_release: ids.release.unwrap_or_default(),
            musicbrainz_artists: ids.artists,
            track_gain: gain.track_gain,
            track_peak: gain.track_peak,
            album_gain: gain.album_gain,
            album_peak: gain.album_peak,
            ..Self::default()
        }
    }
}

/// Kinds of tags, the first one first: see the [module](self).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    /// The format's own.
    Own,
    /// ID3v2.
    Id3v2,
    /// APEv1 or APEv2.
    Ape,
    /// RIFF INFO, texts of AIFF and CAF.
    Chunks,
    /// ID3v1.
    Id3v1,
}

/// What parsing a tag gives; nothing, with a warning, if it fails or panics. A panic prints nothing else.
fn guarded<T, E: std::fmt::Display>(
    name: &str,
    what: &str,
    parse: impl FnOnce() -> Result<T, E>,
) -> Option<T> {
    let cause = match caught(parse) {
        Some(Ok(parsed)) => return Some(parsed),
        Some(Err(cause)) => cause.to_string(),
        None => "the reader of tags failed".to_owned(),
    };
    tracing::warn!("{name}: its {what} cannot be read ({cause}), so what it says is left out");
    None
}

/// A tag that was parsed, as fields.
fn push(sources: &mut Vec<(Source, SongTags)>, source: Source, tagged: Option<impl Tagged>) {
    if let Some(tagged) = tagged {
        sources.push((source, tagged.fields()));
    }
}

#[cfg(test)]
mod tests;
