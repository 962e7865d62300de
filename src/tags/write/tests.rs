//! Files whose tags are written, and read again by the reader and by lofty.

use std::fs;
use std::path::PathBuf;

use soundalike_core::audio::SoundReader;

use super::*;

/// Every sound of the tests whose tags can be written.
const WRITABLE: [&str; 10] = [
    "vbr.mp3",
    "cbr-44100.mp3",
    "aac.aac",
    "half.flac",
    "vorbis.ogg",
    "aac-44100.m4a",
    "half-alac.m4a",
    "half-float.wav",
    "half.aiff",
    "half.aifc",
];

fn sound(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/data");
    fs::read(folder.join(name)).expect("a sound of the tests")
}

fn new(genres: &[&str], moods: &[&str]) -> NewTags {
    let owned = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    NewTags {
        genres: owned(genres),
        moods: owned(moods),
    }
}

fn written(bytes: &[u8], new: &NewTags) -> Vec<u8> {
    with_tags(bytes, new, "song").expect("writes")
}

fn read(bytes: &[u8]) -> SongTags {
    SongTags::of(&mut Cursor::new(bytes), "song")
}

/// All samples.
fn samples(bytes: &[u8]) -> Vec<f32> {
    let mut reader = SoundReader::from_bytes(bytes.to_vec(), "song").expect("a sound");
    let mut samples = Vec::new();
    while let Some(piece) = reader.next_piece(60.0).expect("decodes") {
        samples.extend(piece.samples());
    }
    samples
}

/// A frame of ID3v2.3 or .4 that is shorter than 128 bytes.
fn frame(name: &str, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).expect("short");
    [name.as_bytes(), &[0, 0, 0, length, 0, 0], content].concat()
}

/// An ID3v2 tag of a version with these bytes behind its header.
fn id3(version: u8, flags: u8, content: &[u8]) -> Vec<u8> {
    let digits = [21, 14, 7, 0].map(|shift| (content.len() >> shift & 0x7f) as u8);
    [b"ID3", &[version, 0, flags][..], &digits, content].concat()
}

/// An MP3 without tags.
fn untagged() -> Vec<u8> {
    let mut bytes = sound("cbr-44100.mp3");
    let tag = id3_size(&bytes).expect("an ID3v2 tag");
    bytes.split_off(tag as usize)
}

/// An MP3 with a tag before its sound.
fn tagged(tag: &[u8]) -> Vec<u8> {
    [tag, &untagged()].concat()
}

#[test]
fn genre_and_moods_are_written_into_every_format_and_the_sound_stays() {
    for name in WRITABLE {
        let before = sound(name);
        let heard = samples(&before);
        let first = written(&before, &new(&["Hip-Hop", "Jazz"], &["sad", "chill"]));
        let tags = read(&first);
        // ID3v2.3, which one of them has, knows no several values.
        let parted = |text: String| text.replace("; ", ", ");
        let genre = parted(tags.genre.unwrap_or_default());
        assert_eq!(genre, "Hip-Hop, Jazz", "{name}");
        assert_eq!(parted(tags.moods.join(", ")), "sad, chill", "{name}");
        assert!(samples(&first) == heard, "{name}");
        // In place of what was written before; what is not given stays.
        let second = written(&first, &new(&["Blues"], &[]));
        let tags = read(&second);
        assert_eq!(tags.genre.as_deref(), Some("Blues"), "{name}");
        assert_eq!(parted(tags.moods.join(", ")), "sad, chill", "{name}");
        assert!(samples(&second) == heard, "{name}");
        let third = written(&second, &new(&[], &["happy"]));
        let tags = read(&third);
        assert_eq!(tags.genre.as_deref(), Some("Blues"), "{name}");
        assert_eq!(tags.moods, ["happy"], "{name}");
        assert!(samples(&third) == heard, "{name}");
        // Before anything was written, and after it, the file names the same otherwise.
        let without = |bytes: &[u8]| SongTags {
            genre: None,
            moods: Vec::new(),
            ..read(bytes)
        };
        assert_eq!(without(&before), without(&third), "{name}");
    }
}

#[test]
fn other_frames_of_id3_stay_byte_by_byte_in_their_version() {
    for version in [3, 4] {
        let others = [
            frame("TIT2", b"\0A title"),
            // One that the version does not know, one that nobody knows, one that is not text.
            frame("TSOP", b"\0Sorted"),
            frame("XYZ9", b"\x07\xff\0\xff"),
            frame("PRIV", b"owner\0\x01\x02\xff\xfe"),
            frame("TXXX", b"\0OTHER\0text"),
        ]
        .concat();
        let old = [
            frame("TCON", b"\0Old genre"),
            frame("TXXX", b"\0mood\0old mood"),
            frame("TMOO", b"\0older mood"),
        ]
        .concat();
        let before = tagged(&id3(version, 0, &[old, others.clone()].concat()));
        let after = written(&before, &new(&["Blues"], &["sad"]));
        assert_eq!(after[..4], before[..4]);
        assert_eq!(after[10..10 + others.len()], others);
        let tags = read(&after);
        assert_eq!(tags.genre.as_deref(), Some("Blues"));
        assert_eq!(tags.moods, ["sad"]);
        let holds = |text: &[u8]| after.windows(text.len()).any(|window| window == text);
        assert!(!holds(b"Old genre") && !holds(b"old mood") && !holds(b"older mood"));
        assert_eq!(holds(b"TMOO"), version == 4);
    }
    let short = |name: &str, text: &[u8]| {
        let length = u8::try_from(text.len()).expect("short");
        [name.as_bytes(), &[0, 0, length], text].concat()
    };
    let others = [short("TT2", b"\0A title"), short("XYZ", b"\x01\xff")].concat();
    let before = tagged(&id3(
        2,
        0,
        &[short("TCO", b"\0Old"), others.clone()].concat(),
    ));
    let after = written(&before, &new(&["Blues"], &["sad", "chill"]));
    assert_eq!(after[10..10 + others.len()], others);
    assert_eq!(read(&after).genre.as_deref(), Some("Blues"));
    assert_eq!(read(&after).moods, ["sad; chill"]);
}

#[test]
fn what_finds_room_in_the_padding_changes_no_length() {
    let content = [frame("TIT2", b"\0A title"), vec![0; 300]].concat();
    let before = tagged(&id3(3, 0, &content));
    let after = written(&before, &new(&["Blues"], &["sad"]));
    assert_eq!(after.len(), before.len());
    assert_eq!(after[10 + content.len()..], before[10 + content.len()..]);
    let again = written(&after, &new(&["Classical"], &["happy"]));
    assert_eq!(again.len(), before.len());
    // A chunk of WAV, too, which then stays where it is.
    let first = written(&sound("half-float.wav"), &new(&["Blues"], &[]));
    let second = written(&first, &new(&["Classical"], &["sad"]));
    assert_eq!(first.len(), second.len());
}

#[test]
fn a_tag_that_is_unsynchronised_is_written_without_it() {
    let frames = [
        frame("TIT2", b"\0A title"),
        frame("PRIV", b"o\0\xff\xe0\xff"),
    ]
    .concat();
    // A zero after each 255 that could be taken for the beginning of sound.
    let mut hidden = Vec::new();
    for (at, &byte) in frames.iter().enumerate() {
        hidden.push(byte);
        let next = frames.get(at + 1).copied().unwrap_or(0);
        if byte == 0xff && (next >= 0xe0 || next == 0) {
            hidden.push(0);
        }
    }
    let after = written(&tagged(&id3(3, 0x80, &hidden)), &new(&["Blues"], &[]));
    assert_eq!(after[5], 0);
    assert_eq!(after[10..10 + frames.len()], frames);
    assert_eq!(read(&after).genre.as_deref(), Some("Blues"));
    assert_eq!(read(&after).title.as_deref(), Some("A title"));
}

#[test]
fn a_new_tag_names_what_the_others_of_the_file_say() {
    let mut v1 = b"TAGA title".to_vec();
    v1.resize(33, 0);
    v1.extend(b"An artist");
    v1.resize(63, 0);
    v1.extend(b"An album");
    v1.resize(93, 0);
    v1.extend(b"1987");
    v1.resize(125, 0);
    v1.extend([0, 7, 17]);
    let before = [untagged(), v1].concat();
    let after = written(&before, &new(&["Blues"], &["sad"]));
    let file = lofty::mpeg::MpegFile::read_from(&mut Cursor::new(&after), exactly());
    let tag: lofty::tag::Tag = file.expect("reads").remove_id3v2().expect("a tag").into();
    let text = |key| tag.get_string(key).map(str::to_owned);
    assert_eq!(
        text(lofty::tag::ItemKey::TrackTitle).as_deref(),
        Some("A title")
    );
    assert_eq!(
        text(lofty::tag::ItemKey::TrackArtist).as_deref(),
        Some("An artist")
    );
    assert_eq!(
        text(lofty::tag::ItemKey::AlbumTitle).as_deref(),
        Some("An album")
    );
    assert_eq!(text(lofty::tag::ItemKey::Genre).as_deref(), Some("Blues"));
    assert_eq!(text(lofty::tag::ItemKey::Mood).as_deref(), Some("sad"));
    assert!(after.ends_with(&before[before.len() - 128..]));
}

#[test]
fn what_cannot_be_written_without_loss_is_refused() {
    let refused =
        |bytes: &[u8]| with_tags(bytes, &new(&["Blues"], &[]), "song").expect_err("is refused");
    assert_eq!(refused(&sound("half.au")), TagWriteError::Format);
    assert_eq!(refused(b"no sound at all"), TagWriteError::Format);
    assert_eq!(refused(b""), TagWriteError::Format);
    let broken = frame("TIT2", b"\0A title");
    let cut = [&broken[..], b"TALB\0\0\x7f\x7f\0\0\0cut"].concat();
    let extended = [&[0, 0, 0, 6, 0, 0, 0, 0, 0, 0][..], &broken].concat();
    for tag in [
        id3(3, 0, &cut),
        id3(4, 0, &cut),
        id3(3, 0, b"not frames"),
        id3(3, 0x40, &extended),
        id3(2, 0x40, b"compressed"),
    ] {
        let error = refused(&tagged(&tag));
        assert!(matches!(error, TagWriteError::Unclear(_)), "{error}");
    }
    let wav = sound("half-float.wav");
    for bytes in [&wav[..wav.len() - 1], &[&wav[..], b"more"].concat()] {
        let error = refused(bytes);
        assert!(error.to_string().contains("do not end where"), "{error}");
    }
    let flac = sound("half.flac");
    // The length of its first block of metadata.
    let wrong = [&flac[..5], &[0xff, 0xff], &flac[7..]].concat();
    assert!(matches!(refused(&wrong), TagWriteError::Unclear(_)));
}

#[test]
fn comments_of_one_name_keep_their_order() {
    let before = written(&sound("vorbis.ogg"), &new(&["Old", "Older"], &["sad"]));
    let file = VorbisFile::read_from(&mut Cursor::new(&before), exactly());
    let mut comments = file.expect("reads").remove_vorbis_comments();
    let artists = ["One", "Two", "Three"];
    for artist in artists {
        comments.push("ARTISTS".to_owned(), artist.to_owned());
    }
    let mut file = Cursor::new(before);
    lofty::tag::TagExt::save_to(&comments, &mut file, WriteOptions::new()).expect("writes");
    let after = written(&file.into_inner(), &new(&["Blues"], &[]));
    let file = VorbisFile::read_from(&mut Cursor::new(&after), exactly());
    let comments = file.expect("reads").remove_vorbis_comments();
    let found: Vec<&str> = comments.get_all("ARTISTS").collect();
    assert_eq!(found, artists);
    assert_eq!(comments.get_all("GENRE").collect::<Vec<_>>(), ["Blues"]);
}
