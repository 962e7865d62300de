//! Parsed tags as the fields of [`SongTags`].

use std::borrow::Cow;

use lofty::TextEncoding;
use lofty::ape::ApeTag;
use lofty::id3::v1::{GENRES, Id3v1Tag};
use lofty::id3::v2::{Frame, Id3v2Tag};
use lofty::mp4::Ilst;
use lofty::ogg::tag::VorbisComments;
use lofty::tag::{ItemKey, Tag};

use super::{MusicBrainzIds, ReplayGain, SongTags};
use crate::encoding::OldEncoding;

/// Characters of a text that are kept.
const MAX_CHARS: usize = 200;
/// Artists or other values of one field that are kept.
const MAX_VALUES: usize = 32;
/// Gains beyond this in dB are mistakes.
const MAX_GAIN: f32 = 100.0;
/// Peaks beyond this, of full scale, are mistakes.
const MAX_PEAK: f32 = 100.0;
/// What ReplayGain's loudness is above that of Opus' gains: −18 LUFS and −23 LUFS.
const REPLAYGAIN_ABOVE_R128: f32 = 5.0;

/// A parsed tag.
pub(super) trait Tagged {
    /// What it says.
    fn fields(self) -> SongTags;
}

/// A text as one trimmed line of at most [`MAX_CHARS`] characters; none if nothing is left. White space of
/// any kind is a space; other control characters stay, and are escaped where they are shown.
pub(super) fn line(text: &str) -> Option<String> {
    let is_blank = |c: char| c.is_whitespace() || c == '\0' || c == '\u{feff}';
    let line: String = text
        .trim_matches(is_blank)
        .chars()
        .map(|c| if is_blank(c) { ' ' } else { c })
        .take(MAX_CHARS)
        .collect();
    let line = line.trim_end();
    (!line.is_empty()).then(|| line.to_owned())
}

/// The different texts among some, in their order.
fn lines<'a>(texts: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for text in texts.into_iter().flat_map(|text| text.split('\0')) {
        if let Some(line) = line(text)
            && !found.contains(&line)
        {
            found.push(line);
            if found.len() == MAX_VALUES {
                break;
            }
        }
    }
    found
}

/// Texts joined by commas; none if there are none.
fn joined(texts: &[String]) -> Option<String> {
    (!texts.is_empty()).then(|| texts.join(", "))
}

/// A number at the beginning of a text, such as 3 of `3/12`; nought is none.
pub(super) fn number(text: &str) -> Option<u32> {
    let text = text.trim();
    let end = text.find(|c: char| !c.is_ascii_digit());
    let number = text[..end.unwrap_or(text.len())].parse().ok()?;
    (1..=9999).contains(&number).then_some(number)
}

/// The first four digits in a row that are a year from 1000 on: of `1999-12-31`, `31.12.1999`, `1999`.
pub(super) fn year(text: &str) -> Option<u32> {
    let numbers = text.split(|c: char| !c.is_ascii_digit());
    numbers
        .filter(|digits| digits.len() == 4 || digits.len() == 8)
        .filter_map(|digits| digits[..4].parse().ok())
        .find(|year| *year >= 1000)
}

/// A decibel value such as `-6.54 dB`, in dB.
fn gain(text: &str) -> Option<f32> {
    let text = text.trim();
    let unit = text.get(text.len().saturating_sub(2)..).unwrap_or_default();
    let number = if unit.eq_ignore_ascii_case("db") {
        &text[..text.len() - 2]
    } else {
        text
    };
    let gain: f32 = number.trim().replace(',', ".").parse().ok()?;
    (gain.abs() <= MAX_GAIN).then_some(gain)
}

/// A peak of full scale.
fn peak(text: &str) -> Option<f32> {
    let peak: f32 = text.trim().replace(',', ".").parse().ok()?;
    (0.0..=MAX_PEAK).contains(&peak).then_some(peak)
}

/// The UUIDs in a text, in lower case. Some programs write several into one text.
fn uuids(text: &str) -> impl Iterator<Item = String> {
    let is_uuid = |word: &&str| word.split('-').map(str::len).eq([8, 4, 4, 4, 12]);
    text.split(|c: char| !c.is_ascii_hexdigit() && c != '-')
        .filter(is_uuid)
        .map(str::to_ascii_lowercase)
}

/// A tag in lofty's common vocabulary.
fn common(tag: &Tag) -> SongTags {
    let texts = |key: ItemKey| lines(tag.get_strings(key));
    let first = |keys: &[ItemKey]| {
        let mut found = keys.iter().map(|key| texts(*key));
        found.find(|texts| !texts.is_empty()).unwrap_or_default()
    };
    let id = |key: ItemKey| tag.get_strings(key).flat_map(uuids).next();
    let number_of = |key: ItemKey, parse: fn(&str) -> Option<f32>| {
        let mut found = tag.get_strings(key).filter_map(parse);
        found.next()
    };
    let mut artist_ids: Vec<String> = Vec::new();
    for id in tag
        .get_strings(ItemKey::MusicBrainzArtistId)
        .flat_map(uuids)
        .take(MAX_VALUES)
    {
        if !artist_ids.contains(&id) {
            artist_ids.push(id);
        }
    }
    let years = [
        ItemKey::RecordingDate,
        ItemKey::Year,
        ItemKey::ReleaseDate,
        ItemKey::OriginalReleaseDate,
    ];
    SongTags {
        title: texts(ItemKey::TrackTitle).into_iter().next(),
        artists: first(&[ItemKey::TrackArtist, ItemKey::TrackArtists]),
        album: texts(ItemKey::AlbumTitle).into_iter().next(),
        album_artist: joined(&first(&[ItemKey::AlbumArtist, ItemKey::AlbumArtists])),
        track: tag
            .get_strings(ItemKey::TrackNumber)
            .filter_map(number)
            .next(),
        year: years
            .into_iter()
            .flat_map(|key| tag.get_strings(key))
            .filter_map(year)
            .next(),
        genre: joined(&texts(ItemKey::Genre)),
        moods: texts(ItemKey::Mood),
        musicbrainz: MusicBrainzIds {
            recording: id(ItemKey::MusicBrainzRecordingId),
            release: id(ItemKey::MusicBrainzReleaseId),
            artists: artist_ids,
        },
        replaygain: ReplayGain {
            track_gain: number_of(ItemKey::ReplayGainTrackGain, gain),
            track_peak: number_of(ItemKey::ReplayGainTrackPeak, peak),
            album_gain: number_of(ItemKey::ReplayGainAlbumGain, gain),
            album_peak: number_of(ItemKey::ReplayGainAlbumPeak, peak),
        },
    }
}

impl Tagged for Id3v2Tag {
    fn fields(self) -> SongTags {
        let mut frames: Vec<Frame<'static>> = self.into_iter().collect();
        let marked: Vec<Vec<u8>> = frames
            .iter_mut()
            .filter_map(|frame| latin1_bytes(latin1_text(frame)?))
            .collect();
        let values = marked.iter().flat_map(|text| text.split(|byte| *byte == 0));
        let encoding = OldEncoding::guess(values);
        let mut tag = Self::new();
        for mut frame in frames {
            if let Some(text) = latin1_text(&mut frame)
                && let Some(bytes) = latin1_bytes(text)
            {
                let values = bytes.split(|byte| *byte == 0);
                let values: Vec<String> = values.map(|bytes| encoding.decode(bytes)).collect();
                *text = Cow::Owned(values.join("\0"));
            }
            tag.insert(frame);
        }
        // What ID3v2.4 has a frame for is a text of the user's in the earlier versions.
        let mood = tag.iter().find_map(|frame| match frame {
            Frame::UserText(text) if text.description.eq_ignore_ascii_case("MOOD") => {
                Some(text.content.to_string())
            }
            _ => None,
        });
        let mut fields = common(&tag.into());
        if let Some(mood) = mood
            && fields.moods.is_empty()
        {
            fields.moods = lines([mood.as_str()]);
        }
        fields
    }
}

/// The text of a frame that is marked as Latin-1.
fn latin1_text<'a>(frame: &'a mut Frame<'static>) -> Option<&'a mut Cow<'static, str>> {
    let (encoding, text) = match frame {
        Frame::Text(frame) => (frame.encoding, &mut frame.value),
        Frame::UserText(frame) => (frame.encoding, &mut frame.content),
        Frame::Comment(frame) => (frame.encoding, &mut frame.content),
        _ => return None,
    };
    (encoding == TextEncoding::Latin1).then_some(text)
}

/// The bytes that were decoded as Latin-1.
fn latin1_bytes(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(c).ok()).collect()
}

impl Tagged for Id3v1Tag {
    fn fields(self) -> SongTags {
        let texts = [&self.title, &self.artist, &self.album];
        let bytes = texts.map(|text| text.as_deref().and_then(latin1_bytes));
        let encoding = OldEncoding::guess(bytes.iter().flatten().map(Vec::as_slice));
        let [title, artist, album] =
            bytes.map(|bytes| bytes.and_then(|bytes| line(&encoding.decode(&bytes))));
        let genre = self.genre.and_then(|at| GENRES.get(usize::from(at)));
        SongTags {
            title,
            artists: artist.into_iter().collect(),
            album,
            track: self.track_number.map(u32::from).filter(|track| *track > 0),
            year: self.year.map(u32::from).filter(|year| *year >= 1000),
            genre: genre.map(|genre| (*genre).to_owned()),
            ..SongTags::default()
        }
    }
}

impl Tagged for ApeTag {
    fn fields(self) -> SongTags {
        common(&self.into())
    }
}

impl Tagged for Ilst {
    fn fields(self) -> SongTags {
        common(&self.into())
    }
}

impl Tagged for VorbisComments {
    fn fields(self) -> SongTags {
        // Opus has gains of its own: 1/256 dB, to −23 LUFS (RFC 7845, 5.2.1).
        let r128 = |key: &str| {
            let steps: i16 = self.get(key)?.trim().parse().ok()?;
            Some(f32::from(steps) / 256.0 + REPLAYGAIN_ABOVE_R128)
        };
        let (track, album) = (r128("R128_TRACK_GAIN"), r128("R128_ALBUM_GAIN"));
        let mut fields = common(&self.into());
        let gains = &mut fields.replaygain;
        gains.track_gain = gains.track_gain.or(track);
        gains.album_gain = gains.album_gain.or(album);
        fields
    }
}

/// Texts of chunks of WAV, AIFF and CAF, whose encoding nobody states.
#[derive(Default)]
pub(super) struct ChunkTexts {
    pub title: Option<Vec<u8>>,
    pub artist: Option<Vec<u8>>,
    pub album: Option<Vec<u8>>,
    pub genre: Option<Vec<u8>>,
    pub date: Option<Vec<u8>>,
    pub track: Option<Vec<u8>>,
}

impl Tagged for ChunkTexts {
    fn fields(self) -> SongTags {
        let texts = [
            self.title,
            self.artist,
            self.album,
            self.genre,
            self.date,
            self.track,
        ];
        let encoding = OldEncoding::guess(texts.iter().flatten().map(Vec::as_slice));
        let [title, artist, album, genre, date, track] =
            texts.map(|bytes| bytes.and_then(|bytes| line(&encoding.decode(&bytes))));
        SongTags {
            title,
            artists: artist.into_iter().collect(),
            album,
            genre,
            year: date.as_deref().and_then(year),
            track: track.as_deref().and_then(number),
            ..SongTags::default()
        }
    }
}
