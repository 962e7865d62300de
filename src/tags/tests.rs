//! Files with tags that are made here, byte by byte or by lofty.

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use encoding_rs::{GBK, SHIFT_JIS, WINDOWS_1251};
use lofty::ape::{ApeItem, ApeTag};
use lofty::config::WriteOptions;
use lofty::id3::v2::Id3v2Tag;
use lofty::ogg::tag::VorbisComments;
use lofty::tag::{ItemKey, ItemValue, Tag, TagExt, TagItem, TagType};

use super::fields::Tagged;
use super::*;

const RECORDING: &str = "0f8d1f0c-6d0a-4a44-8f3e-2f7f0d0a9b11";
const RELEASE: &str = "5d3b2a10-1111-4222-8333-444455556666";
const ARTISTS: [&str; 2] = [
    "aaaaaaaa-0000-4000-8000-000000000001",
    "aaaaaaaa-0000-4000-8000-000000000002",
];

/// A sound of `tests/data`.
fn sound(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data");
    fs::read(folder.join(name)).expect("a sound of the tests")
}

/// The tags of a file with these bytes.
#[track_caller]
fn tags_of(bytes: &[u8]) -> SongTags {
    let folder = tempfile::tempdir().expect("temporary folder");
    let file = folder.path().join("song");
    fs::write(&file, bytes).expect("written");
    SongTags::read(&file)
}

/// A frame of ID3v2.3 or .4 that is shorter than 128 bytes.
fn frame(name: &str, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).expect("short");
    [name.as_bytes(), &[0, 0, 0, length, 0, 0], content].concat()
}

/// A frame of text with the byte that marks its encoding.
fn text(name: &str, encoding: u8, content: &[u8]) -> Vec<u8> {
    frame(name, &[&[encoding], content].concat())
}

/// An ID3v2 tag of a version with these frames.
fn id3(version: u8, frames: &[Vec<u8>]) -> Vec<u8> {
    let frames = frames.concat();
    let size = u32::try_from(frames.len()).expect("short");
    let digits = [21, 14, 7, 0].map(|shift| (size >> shift & 0x7f) as u8);
    [b"ID3", &[version, 0, 0][..], &digits, &frames].concat()
}

/// An ID3v1 tag of title, artist and album.
fn id3v1(title: &[u8], artist: &[u8], album: &[u8]) -> Vec<u8> {
    let field = |text: &[u8]| {
        let mut field = text.to_vec();
        field.resize(30, 0);
        field
    };
    let mut tag = [b"TAG", &field(title)[..], &field(artist), &field(album)].concat();
    tag.extend(b"1987");
    tag.resize(125, 0);
    tag.extend([0, 7, 17]);
    tag
}

/// An APE tag of a version with these items; in version 2 with its header.
fn ape(version: u32, items: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (key, value) in items {
        body.extend((value.len() as u32).to_le_bytes());
        body.extend([0; 4]);
        body.extend(key.as_bytes());
        body.push(0);
        body.extend(*value);
    }
    let edge = |flags: u32| {
        let size = body.len() as u32 + 32;
        let numbers = [version, size, items.len() as u32, flags];
        let mut edge = b"APETAGEX".to_vec();
        edge.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
        edge.resize(32, 0);
        edge
    };
    if version == 1000 {
        return [body.clone(), edge(0)].concat();
    }
    [edge(0xa000_0000), body.clone(), edge(0x8000_0000)].concat()
}

/// A chunk of WAV or AIFF, filled up to an even length.
fn chunk(name: &[u8; 4], content: &[u8], big_endian: bool) -> Vec<u8> {
    let length = content.len() as u32;
    let length = if big_endian {
        length.to_be_bytes()
    } else {
        length.to_le_bytes()
    };
    let mut chunk = [&name[..], &length, content].concat();
    if content.len() % 2 == 1 {
        chunk.push(0);
    }
    chunk
}

/// A list `INFO` of these items.
fn info(items: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let items = items
        .iter()
        .map(|(name, text)| chunk(name, &[text, &[0][..]].concat(), false));
    let content = std::iter::once(b"INFO".to_vec()).chain(items);
    chunk(b"LIST", &content.collect::<Vec<_>>().concat(), false)
}

/// A sound in chunks with further chunks behind it.
fn with_chunks(name: &str, chunks: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = sound(name);
    for chunk in chunks {
        bytes.extend(chunk);
    }
    bytes
}

#[track_caller]
fn is(tags: &SongTags, title: &str, artists: &[&str]) {
    assert_eq!(
        (tags.title.as_deref(), &tags.artists[..]),
        (
            Some(title),
            &artists.iter().map(|a| (*a).to_owned()).collect::<Vec<_>>()[..]
        )
    );
}

#[test]
fn every_version_of_id3v2_is_read_with_several_artists_in_a_frame() {
    let short = |name: &str, text: &[u8]| {
        let length = u8::try_from(text.len() + 1).expect("short");
        [name.as_bytes(), &[0, 0, length, 0], text].concat()
    };
    let v2 = [
        short("TT2", b"Duet"),
        short("TP1", b"One\0Two"),
        short("TRK", b"3/12"),
        short("TYE", b"1991"),
    ];
    let utf16 = |text: &str| -> Vec<u8> {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_le_bytes).collect()
    };
    let v3 = [
        text("TIT2", 1, &utf16("Duet")),
        text("TPE1", 1, &utf16("One\0Two")),
        text("TRCK", 0, b"3"),
        text("TYER", 0, b"1991"),
    ];
    let v4 = [
        text("TIT2", 3, b"Duet"),
        text("TPE1", 3, b"One\0Two\0"),
        text("TRCK", 3, b"3/12"),
        text("TDRC", 3, b"1991-05-04"),
    ];
    for (version, frames) in [(2, &v2), (3, &v3), (4, &v4)] {
        let tags = tags_of(&[id3(version, frames), sound("vbr.mp3")].concat());
        is(&tags, "Duet", &["One", "Two"]);
        assert_eq!((tags.track, tags.year), (Some(3), Some(1991)), "{version}");
        assert_eq!(tags.artist().as_deref(), Some("One, Two"));
    }
    // A stroke is part of a name.
    let frames = [text("TPE1", 0, b"AC/DC")];
    assert_eq!(tags_of(&id3(3, &frames)).artists, ["AC/DC"]);
}

#[test]
fn vorbis_comments_and_mp4_atoms_keep_several_artists() {
    for name in ["half.flac", "vorbis.ogg", "aac-44100.m4a"] {
        let folder = tempfile::tempdir().expect("temporary folder");
        let file = folder.path().join(name);
        fs::write(&file, sound(name)).expect("written");
        let kind = if name.ends_with("m4a") {
            TagType::Mp4Ilst
        } else {
            TagType::VorbisComments
        };
        let mut tag = Tag::new(kind);
        let mut add = |key: ItemKey, value: &str| {
            let value = ItemValue::Text(value.to_owned());
            assert!(tag.push(TagItem::new(key, value)), "{key:?}");
        };
        add(ItemKey::TrackTitle, "Duet");
        add(ItemKey::TrackArtist, "One");
        add(ItemKey::TrackArtist, "Two");
        add(ItemKey::AlbumTitle, "Songs");
        add(ItemKey::AlbumArtist, "Various");
        add(ItemKey::TrackNumber, "3");
        add(ItemKey::RecordingDate, "2003-02-01");
        add(ItemKey::Genre, "Blues");
        add(ItemKey::Mood, "sad");
        add(ItemKey::Mood, "mellow");
        add(ItemKey::MusicBrainzRecordingId, RECORDING);
        add(ItemKey::MusicBrainzReleaseId, RELEASE);
        add(ItemKey::MusicBrainzArtistId, ARTISTS[0]);
        add(ItemKey::MusicBrainzArtistId, ARTISTS[1]);
        add(ItemKey::ReplayGainTrackGain, "-6.54 dB");
        add(ItemKey::ReplayGainTrackPeak, "0.987654");
        tag.save_to_path(&file, WriteOptions::default())
            .expect("tagged");
        let expected = SongTags {
            title: Some("Duet".to_owned()),
            artists: vec!["One".to_owned(), "Two".to_owned()],
            album: Some("Songs".to_owned()),
            album_artist: Some("Various".to_owned()),
            track: Some(3),
            year: Some(2003),
            genre: Some("Blues".to_owned()),
            moods: vec!["sad".to_owned(), "mellow".to_owned()],
            musicbrainz: MusicBrainzIds {
                recording: Some(RECORDING.to_owned()),
                release: Some(RELEASE.to_owned()),
                artists: ARTISTS.map(str::to_owned).to_vec(),
            },
            replaygain: ReplayGain {
                track_gain: Some(-6.54),
                track_peak: Some(0.987_654),
                ..ReplayGain::default()
            },
        };
        assert_eq!(SongTags::read(&file), expected, "{name}");
    }
}

#[test]
fn identifiers_and_gains_are_read_from_id3v2_and_ape() {
    let user = |name: &str, value: &str| text("TXXX", 0, format!("{name}\0{value}").as_bytes());
    let owner = format!("http://musicbrainz.org\0{RECORDING}");
    let frames = [
        frame("UFID", owner.as_bytes()),
        user("MusicBrainz Album Id", &RELEASE.to_uppercase()),
        user("MusicBrainz Artist Id", &ARTISTS.join("/")),
        user("replaygain_track_gain", "+1,5 dB"),
        user("REPLAYGAIN_ALBUM_GAIN", "-3.25 dB"),
        user("REPLAYGAIN_ALBUM_PEAK", "1.02"),
        user("REPLAYGAIN_TRACK_PEAK", "loud"),
        text("TPE2", 0, b"Various"),
        text("TCON", 0, b"(17)"),
    ];
    let tags = tags_of(&[id3(3, &frames), sound("vbr.mp3")].concat());
    let id = |text: &str| Some(text.to_owned());
    assert_eq!(tags.musicbrainz.recording, id(RECORDING));
    assert_eq!(tags.musicbrainz.release, id(RELEASE));
    assert_eq!(tags.musicbrainz.artists, ARTISTS);
    let expected = ReplayGain {
        track_gain: Some(1.5),
        track_peak: None,
        album_gain: Some(-3.25),
        album_peak: Some(1.02),
    };
    assert_eq!(tags.replaygain, expected);
    assert_eq!(tags.album_artist, id("Various"));
    assert_eq!(tags.genre, id("Rock"));

    let mut ape = ApeTag::new();
    for (key, value) in [
        ("MUSICBRAINZ_TRACKID", RECORDING),
        ("REPLAYGAIN_TRACK_GAIN", "-1.00 dB"),
    ] {
        let value = ItemValue::Text(value.to_owned());
        ape.insert(ApeItem::new(key.to_owned(), value).expect("an item"));
    }
    let fields = ape.fields();
    assert_eq!(fields.musicbrainz.recording, id(RECORDING));
    assert_eq!(fields.replaygain.track_gain, Some(-1.0));
}

#[test]
fn gains_of_opus_are_converted() {
    let mut comments = VorbisComments::new();
    comments.push("R128_TRACK_GAIN".to_owned(), "-2048".to_owned());
    comments.push("R128_ALBUM_GAIN".to_owned(), "nonsense".to_owned());
    let gains = comments.fields().replaygain;
    assert_eq!((gains.track_gain, gains.album_gain), (Some(-3.0), None));
}

#[test]
fn each_field_comes_from_the_first_source_that_has_it() {
    let v2 = id3(3, &[text("TIT2", 0, b"Title of ID3v2")]);
    let ape = ape(
        2000,
        &[("Title", b"Title of APE"), ("Artist", b"Artist\0of APE")],
    );
    let old = id3v1(b"Title of ID3v1", b"Artist of ID3v1", b"Album of ID3v1");
    let tags = tags_of(&[&v2[..], &sound("vbr.mp3"), &ape, &old].concat());
    is(&tags, "Title of ID3v2", &["Artist", "of APE"]);
    assert_eq!(tags.album.as_deref(), Some("Album of ID3v1"));
    assert_eq!((tags.track, tags.year), (Some(7), Some(1987)));

    // A FLAC's own tag comes before an ID3v2 tag that some program put before it.
    let tags = tags_of(&[&v2[..], &sound("half.flac"), &old].concat());
    is(&tags, "Twelve Bars – äöü", &["The Oscillators"]);

    let wav = with_chunks(
        "half-float.wav",
        &[chunk(
            b"id3 ",
            &id3(4, &[text("TIT2", 3, b"Of ID3")]),
            false,
        )],
    );
    is(&tags_of(&wav), "Of ID3", &["The Oscillators"]);
}

#[test]
fn ape_tags_are_found_at_both_ends_and_behind_lyrics() {
    let items: [(&str, &[u8]); 2] = [("Title", b"Ape"), ("Artist", b"One\0Two")];
    let song = sound("vbr.mp3");
    let lyrics = b"LYRICSBEGININD0000200000021LYRICS200";
    let old = id3v1(b"Old", b"Old", b"Old");
    for bytes in [
        [&ape(2000, &items)[..], &song].concat(),
        [&song[..], &ape(2000, &items)].concat(),
        [&song[..], &ape(1000, &items)].concat(),
        [&song[..], &ape(2000, &items), &old].concat(),
        [&song[..], &old, &ape(2000, &items)].concat(),
        [&song[..], &ape(2000, &items), lyrics, &old].concat(),
    ] {
        is(&tags_of(&bytes), "Ape", &["One", "Two"]);
    }
}

#[test]
fn tags_are_read_twice_and_behind_junk() {
    let first = id3(3, &[text("TIT2", 0, b"First")]);
    let second = id3(4, &[text("TIT2", 3, b"Second"), text("TPE1", 3, b"Artist")]);
    let song = sound("vbr.mp3");
    is(
        &tags_of(&[&first[..], &second, &song].concat()),
        "First",
        &["Artist"],
    );
    is(
        &tags_of(&[b"some junk\0\0\0", &second[..], &song].concat()),
        "Second",
        &["Artist"],
    );
}

#[test]
fn chunks_of_wav_and_aiff_are_read() {
    let tag = id3(
        3,
        &[text("TIT2", 0, b"Chunk"), text("TPE1", 0, b"One\0Two")],
    );
    let aiff = with_chunks("half.aiff", &[chunk(b"ID3 ", &tag, true)]);
    is(&tags_of(&aiff), "Chunk", &["One", "Two"]);
    let aifc = with_chunks(
        "half.aifc",
        &[
            chunk(b"NAME", b"Named", true),
            chunk(b"AUTH", b"Author", true),
        ],
    );
    is(&tags_of(&aifc), "Named", &["Author"]);
    let old = [
        info(&[
            (b"INAM", b"Info"),
            (b"IART", b"Artist"),
            (b"ICRD", b"1999-01-02"),
            (b"ITRK", b"5"),
        ]),
        chunk(b"junk", b"odd", false),
    ];
    let wav = [
        &b"RIFF\0\0\0\0WAVE"[..],
        &old.concat(),
        &chunk(b"id3 ", &id3(3, &[text("TALB", 0, b"Album")]), false),
    ]
    .concat();
    let tags = tags_of(&wav);
    is(&tags, "Info", &["Artist"]);
    assert_eq!(tags.album.as_deref(), Some("Album"));
    assert_eq!((tags.year, tags.track), (Some(1999), Some(5)));
}

#[test]
fn a_caf_is_read_by_its_info_and_a_flac_in_ogg_by_its_comments() {
    let caf = |name: &[u8; 4], content: &[u8]| {
        let length = content.len() as u64;
        [&name[..], &length.to_be_bytes(), content].concat()
    };
    let info = b"\0\0\0\x04title\0Blues\0artist\0Band\0year\x001987\0track number\x003/4\0";
    let bytes = [
        &b"caff\0\x01\0\0"[..],
        &caf(b"free", &[0; 9]),
        &caf(b"info", info),
    ]
    .concat();
    let tags = tags_of(&bytes);
    is(&tags, "Blues", &["Band"]);
    assert_eq!((tags.year, tags.track), (Some(1987), Some(3)));

    let flac = sound("half.flac");
    let block = |place: usize| {
        let [_, a, b, c] = flac[place..place + 4].try_into().expect("a header");
        place + 4 + u32::from_be_bytes([0, a, b, c]) as usize
    };
    // The stream's information, then the comments.
    let information = block(4);
    let mut place = information;
    while flac[place] & 0x7f != 4 {
        place = block(place);
    }
    let comments = &flac[place..block(place)];
    let head = [&b"\x7fFLAC\x01\0\0\x01"[..], &flac[..information]].concat();
    let page = |number: u8, packet: &[u8]| {
        let mut lengths = vec![255; packet.len() / 255];
        lengths.push((packet.len() % 255) as u8);
        let kind = if number == 0 { 2 } else { 0 };
        let mut page = [
            &b"OggS\0"[..],
            &[kind],
            &[0; 12],
            &[number, 0, 0, 0],
            &[0; 4],
        ]
        .concat();
        page.push(lengths.len() as u8);
        [page, lengths, packet.to_vec()].concat()
    };
    let bytes = [page(0, &head), page(1, comments), page(2, b"sound")].concat();
    is(&tags_of(&bytes), "Twelve Bars – äöü", &["The Oscillators"]);
}

#[test]
fn old_encodings_are_guessed_and_western_names_stay() {
    let cyrillic = |text: &str| WINDOWS_1251.encode(text).0.into_owned();
    let frames = [
        text("TIT2", 0, &cyrillic("Группа крови")),
        text("TPE1", 0, &cyrillic("Кино")),
    ];
    is(&tags_of(&id3(3, &frames)), "Группа крови", &["Кино"]);
    let wav = [
        &b"RIFF\0\0\0\0WAVE"[..],
        &info(&[
            (b"INAM", &cyrillic("Звезда по имени Солнце")),
            (b"IART", &cyrillic("Кино")),
        ]),
    ];
    is(&tags_of(&wav.concat()), "Звезда по имени Солнце", &["Кино"]);
    let old = id3v1(
        &GBK.encode("月亮代表我的心").0,
        &GBK.encode("邓丽君").0,
        b"",
    );
    is(
        &tags_of(&[&sound("vbr.mp3")[..], &old].concat()),
        "月亮代表我的心",
        &["邓丽君"],
    );
    let frames = [
        text("TIT2", 0, &SHIFT_JIS.encode("上を向いて歩こう").0),
        text("TPE1", 0, &SHIFT_JIS.encode("坂本九").0),
    ];
    is(&tags_of(&id3(3, &frames)), "上を向いて歩こう", &["坂本九"]);

    for (title, artist) in [
        ("Jóga", "Björk"),
        ("Café", "Beyoncé"),
        ("Don’t cry", "Mötley Crüe"),
    ] {
        let bytes = |text: &str| encoding_rs::WINDOWS_1252.encode(text).0.into_owned();
        let frames = [
            text("TIT2", 0, &bytes(title)),
            text("TPE1", 0, &bytes(artist)),
        ];
        is(&tags_of(&id3(3, &frames)), title, &[artist]);
        let old = id3v1(&bytes(title), &bytes(artist), b"");
        is(&tags_of(&old), title, &[artist]);
        // What is marked as UTF-8 is not guessed at.
        let frames = [
            text("TIT2", 3, title.as_bytes()),
            text("TPE1", 3, artist.as_bytes()),
        ];
        is(&tags_of(&id3(4, &frames)), title, &[artist]);
    }
}

#[test]
fn one_bad_frame_does_not_cost_the_others() {
    let frames = [
        text("TIT2", 0, b"Title"),
        // UTF-16 of an odd length, an encoding that there is not, and UTF-8 that is none.
        text("TALB", 1, b"\xff\xfea"),
        text("TCOM", 9, b"Composer"),
        text("TPE2", 3, b"\xff\xff"),
        text("TPE1", 0, b"One\0Two"),
    ];
    for version in [3, 4] {
        let tags = tags_of(&[id3(version, &frames), sound("vbr.mp3")].concat());
        is(&tags, "Title", &["One", "Two"]);
        assert_eq!((tags.album, tags.album_artist), (None, None));
    }
}

#[test]
fn texts_are_trimmed_lines_of_limited_length_and_keep_what_is_only_shown_otherwise() {
    let long = "x".repeat(120);
    let frames = [
        text("TIT2", 3, b" \t A\r\nB \0 "),
        text("TPE1", 3, "\u{202e}gpj.exe\u{1b}[2J".as_bytes()),
        text("TALB", 3, long.as_bytes()),
        text("TPE2", 3, b" \0\n"),
    ];
    let tags = tags_of(&id3(4, &frames));
    is(&tags, "A  B", &["\u{202e}gpj.exe\u{1b}[2J"]);
    assert_eq!(tags.album, Some(long));
    assert_eq!(tags.album_artist, None);
    let mut comments = VorbisComments::new();
    comments.push("TITLE".to_owned(), "ä".repeat(5000));
    for i in 0..500 {
        comments.push("ARTIST".to_owned(), format!("artist {i}"));
    }
    let fields = comments.fields();
    assert_eq!(fields.title.map(|title| title.chars().count()), Some(200));
    assert!(fields.artists.len() < 100);
}

#[test]
fn years_numbers_and_gains_that_make_no_sense_are_left_out() {
    let mut tag = Tag::new(TagType::VorbisComments);
    for (key, value) in [
        (ItemKey::RecordingDate, "31.12.1999"),
        (ItemKey::TrackNumber, "A1"),
        (ItemKey::ReplayGainTrackGain, "1e30 dB"),
        (ItemKey::ReplayGainAlbumGain, "NaN"),
        (ItemKey::ReplayGainTrackPeak, "-1"),
        (ItemKey::MusicBrainzRecordingId, "not-an-id"),
    ] {
        tag.insert_unchecked(TagItem::new(key, ItemValue::Text(value.to_owned())));
    }
    let tags = VorbisComments::from(tag).fields();
    let expected = SongTags {
        year: Some(1999),
        ..SongTags::default()
    };
    assert_eq!(tags, expected);
    assert_eq!(fields::year("19991231"), Some(1999));
    assert_eq!(fields::year("99"), None);
    assert_eq!(fields::number("03/12"), Some(3));
    assert_eq!(fields::number("0"), None);
}

#[test]
fn a_reader_that_panics_or_fails_gives_no_tag() {
    let name = "a.mp3";
    let panics = guarded(name, "tag", || -> Result<Id3v2Tag, String> {
        panic!("a fault of the reader")
    });
    assert!(panics.is_none());
    let fails = guarded(name, "tag", || Err::<Id3v2Tag, _>("a fault of the file"));
    assert!(fails.is_none());
}

#[test]
fn files_without_tags_folders_and_missing_files_have_none() {
    for bytes in [
        &sound("vbr.mp3")[..],
        &sound("half.au"),
        b"",
        b"ID3",
        b"words",
    ] {
        assert!(tags_of(bytes).is_empty());
    }
    assert!(SongTags::read(Path::new("no/such/file")).is_empty());
    assert!(SongTags::read(&std::env::temp_dir()).is_empty());
}

#[test]
fn tags_that_are_cut_short_or_claim_too_much_never_panic() {
    let name = "song";
    let old = id3v1(b"Old", b"Old", b"Old");
    let items: [(&str, &[u8]); 2] = [("Title", b"Ape"), ("Artist", b"One\0Two")];
    let frames = [text("TIT2", 3, b"Duet"), text("TPE1", 3, b"One\0Two")];
    let wav = [
        &b"RIFF\0\0\0\0WAVE"[..],
        &info(&[(b"INAM", b"Info")]),
        &chunk(b"id3 ", &id3(4, &frames), false),
    ];
    for whole in [
        [&id3(4, &frames)[..], &old].concat(),
        [&id3(2, &[])[..], &ape(2000, &items)].concat(),
        ape(1000, &items),
        wav.concat(),
        sound("half.flac")[..400].to_vec(),
        sound("vorbis.ogg")[..400].to_vec(),
        sound("aac-44100.m4a")[..2500].to_vec(),
    ] {
        for end in 0..whole.len() {
            SongTags::of(&mut Cursor::new(&whole[..end]), name);
        }
        for place in 0..whole.len() {
            let mut bytes = whole.clone();
            bytes[place] ^= 0xff;
            SongTags::of(&mut Cursor::new(bytes), name);
        }
    }
}

/// A file of `../shared/cases`, where that is there.
fn case(name: &str) -> Option<PathBuf> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../../shared/cases")
        .join(name);
    if file.is_file() {
        return Some(file);
    }
    println!("skipped: no {}", file.display());
    None
}

#[test]
fn files_that_people_really_have_are_read() {
    for (name, title, artists) in [
        (
            "28-v24-two-artists.mp3",
            "Duet",
            &["Artist A", "Artist B"][..],
        ),
        ("08-id3-chunk.aiff", "Blue Title", &["Real Artist"]),
        ("06-ape-end.mp3", "Ape title", &["Ape artist"]),
        ("06-id3-size-too-small.mp3", "Cover song", &["Band"]),
    ] {
        if let Some(file) = case(name) {
            is(&SongTags::read(&file), title, artists);
        }
    }
}
