//! Files whose tags are written, and read again by the reader and by lofty.

use std::fs;
use std::path::PathBuf;

use lofty::config::{ParseOptions, ParsingMode};
use lofty::file::AudioFile;
use ogg_pager::Packets;
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
    let exactly = ParseOptions::new().parsing_mode(ParsingMode::Strict);
    let file = lofty::mpeg::MpegFile::read_from(&mut Cursor::new(&after), exactly);
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

/// Comments that lofty would leave out, convert or put elsewhere, and genres.
const ODD_COMMENTS: [&[u8]; 12] = [
    b"METADATA_BLOCK_PICTURE=not a picture",
    b"ARTISTS=One",
    b"GENRE=Old",
    b"ARTISTS=Two",
    b"genre=Older",
    b"no separator",
    b"COVERART=aGVsbG8=",
    b"tracknumber=3/9",
    b"EMPTY=",
    b"LATIN1=\xe4",
    b"ARTISTS=Three",
    b"",
];

/// A block of Vorbis comments.
fn comments_block(comments: &[&[u8]]) -> Vec<u8> {
    let length = |length: usize| u32::try_from(length).expect("short").to_le_bytes();
    let mut block = [&length(6)[..], b"vendor", &length(comments.len())].concat();
    for comment in comments {
        block.extend(length(comment.len()));
        block.extend(*comment);
    }
    block
}

/// What [`ODD_COMMENTS`] are after other genres were written.
fn odd_comments_after(genre: &'static [u8]) -> Vec<&'static [u8]> {
    let is_genre = |text: &&[u8]| text.to_ascii_uppercase().starts_with(b"GENRE=");
    let others = ODD_COMMENTS.into_iter().filter(|text| !is_genre(text));
    others.chain([genre]).collect()
}

#[test]
fn comments_of_flac_stay_byte_by_byte_and_in_their_order() {
    let flac = sound("half.flac");
    let (blocks, audio) = comments::blocks(&flac).expect("blocks");
    let odd = comments_block(&ODD_COMMENTS);
    let mut before = b"fLaC".to_vec();
    let last = blocks.len() - 1;
    for (at, (kind, content)) in blocks.into_iter().enumerate() {
        let content = if kind == 4 { &odd[..] } else { content };
        before.push(if at == last { kind | 0x80 } else { kind });
        let length = u32::try_from(content.len()).expect("short");
        before.extend(&length.to_be_bytes()[1..]);
        before.extend(content);
    }
    before.extend(audio);
    let after = written(&before, &new(&["Blues"], &[]));
    let (after, audio_after) = comments::blocks(&after).expect("blocks");
    let (_, block) = after.into_iter().find(|(kind, _)| *kind == 4).expect("one");
    let (vendor, found, behind) = comments::parts(block).expect("whole");
    assert_eq!((vendor, behind), (&b"vendor"[..], &b""[..]));
    assert_eq!(found, odd_comments_after(b"GENRE=Blues"));
    assert!(audio_after == audio);
}

#[test]
fn comments_of_ogg_stay_byte_by_byte_and_in_their_order() {
    let ogg = sound("vorbis.ogg");
    let headers = |ogg: &[u8]| {
        let mut file = Cursor::new(ogg);
        let (packets, _) = Packets::read_count(&mut file, 3).expect("headers");
        (packets, file.position() as usize)
    };
    let (mut packets, end) = headers(&ogg);
    let odd = comments_block(&ODD_COMMENTS);
    // With the bit of framing, and padding behind it.
    packets.set(1, [&b"\x03vorbis"[..], &odd, &[1, 0, 0]].concat());
    let mut before = Vec::new();
    packets
        .write_to(
            &mut before,
            1,
            0,
            ogg_pager::CONTAINS_FIRST_PAGE_OF_BITSTREAM,
        )
        .expect("writes");
    before.extend(&ogg[end..]);
    let after = written(&before, &new(&["Blues"], &[]));
    let (packets, _) = headers(&after);
    let packet = packets.get(1).expect("comments");
    let block = packet.strip_prefix(b"\x03vorbis").expect("comments");
    let (vendor, found, behind) = comments::parts(block).expect("whole");
    assert_eq!((vendor, behind), (&b"vendor"[..], &[1, 0, 0][..]));
    assert_eq!(found, odd_comments_after(b"GENRE=Blues"));
}

#[test]
fn ogg_that_is_not_pages_to_its_end_is_refused() {
    let ogg = sound("vorbis.ogg");
    let mut id3v1 = b"TAGA title".to_vec();
    id3v1.resize(128, 0);
    for bytes in [
        &ogg[..ogg.len() - 1],
        &[&ogg[..], &id3v1].concat(),
        &[&ogg[..], &[0; 9]].concat(),
    ] {
        let error = with_tags(bytes, &new(&["Blues"], &[]), "song").expect_err("is refused");
        assert!(error.to_string().contains("do not end where"), "{error}");
    }
}

/// An atom of MP4.
fn atom(name: &[u8], content: &[u8]) -> Vec<u8> {
    let size = u32::try_from(content.len() + 8).expect("short");
    [&size.to_be_bytes()[..], name, content].concat()
}

/// An atom of MP4 with a value of a type.
fn value(name: &[u8], kind: u8, bytes: &[u8]) -> Vec<u8> {
    let value = [&[0, 0, 0, kind, 0, 0, 0, 0][..], bytes].concat();
    atom(name, &atom(b"data", &value))
}

/// An MP4 file whose list of tags has these bytes, and padding behind them.
fn m4a(list: &[u8]) -> Vec<u8> {
    let long = "x".repeat(1000);
    let mut bytes =
        mp4::write(&sound("aac-44100.m4a"), &new(&[long.as_str()], &[])).expect("writes");
    let place = mp4::lists(&bytes).pop().expect("a list");
    let padding = atom(b"free", &vec![0; place.len() - list.len() - 8]);
    bytes[place].copy_from_slice(&[list, &padding].concat());
    bytes
}

#[test]
fn atoms_of_mp4_stay_byte_by_byte_and_in_their_order() {
    let named = |text: &[u8]| {
        let name = [
            atom(b"mean", b"\0\0\0\0com.apple.iTunes"),
            atom(b"name", b"\0\0\0\0ARTISTS"),
            atom(b"data", &[&[0, 0, 0, 1, 0, 0, 0, 0][..], text].concat()),
        ];
        atom(b"----", &name.concat())
    };
    let kept = [
        // A number that is no truth value, a short one, an empty value, one name twice, a type that nobody knows.
        value(b"hdvd", 21, &[2]),
        value(b"tmpo", 21, &[0, 120]),
        value(b"\xa9cmt", 1, b""),
        named(b"One"),
        named(b"Two"),
        value(b"covr", 99, b"a picture"),
    ]
    .concat();
    let old = [value(b"gnre", 0, &[0, 9]), value(b"\xa9gen", 1, b"Old")].concat();
    let before = m4a(&[&kept[..], &old].concat());
    let after = written(&before, &new(&["Blues"], &["sad"]));
    let list = mp4::lists(&after).pop().expect("a list");
    let rest = after[list].strip_prefix(&kept[..]).expect("is kept");
    assert!(rest.starts_with(&value(b"\xa9gen", 1, b"Blues")));
    assert!(!rest.windows(4).any(|name| name == b"gnre"));
    assert_eq!(read(&after).moods, ["sad"]);
}

#[test]
fn mp4_with_an_atom_that_is_cut_off_is_refused_for_what_is_behind_it() {
    let cover = value(b"covr", 14, b"a picture");
    for broken in [
        &b"\x7f\xff\xff\xfftmpo"[..],
        b"\0\0\0\x04tmpo",
        b"\0\0\0\0tmpo",
    ] {
        let list = [&value(b"\xa9nam", 1, b"A title")[..], broken, &cover].concat();
        let refused = with_tags(&m4a(&list), &new(&["Blues"], &[]), "song");
        let error = refused.expect_err("is refused");
        assert!(matches!(error, TagWriteError::Unclear(_)), "{error}");
    }
}

#[test]
fn whether_a_format_has_tags_that_can_be_written_is_told_by_its_beginning() {
    let told = |bytes: &[u8]| check_writable(&mut Cursor::new(bytes));
    for name in WRITABLE {
        assert_eq!(told(&sound(name)), Ok(()), "{name}");
    }
    for bytes in [&sound("half.au")[..], b"no sound at all", b""] {
        assert_eq!(told(bytes), Err(TagWriteError::Format));
    }
}
