//! A folder with one sub-folder for each genre.

use std::fs;

#[cfg(unix)]
use super::paths;
use super::warnings;
use super::{folder_of, refusal, says, sound};
use crate::{Options, check, open, open_with};

#[test]
fn a_folder_that_cannot_be_learnt_from_is_refused_with_the_path() {
    let folder = folder_of(&["blues/a.wav", "blues/b.wav"]);
    says(&refusal(folder.path()), &["one genre", "blues"]);
    let folder = folder_of(&["a.wav", "blues/b.wav"]);
    says(&refusal(folder.path()), &["wav"]);
    let folder = tempfile::tempdir().expect("temporary folder");
    says(&refusal(folder.path()), &["holds no music"]);
    says(
        &refusal(&folder.path().join("gone")),
        &["gone", "check the path"],
    );

    let files = ["blues/a.wav", "blues/b.wav", "rock/a.wav", "rock/d.wav"];
    let folder = folder_of(&files);
    let songs = open_with(folder.path(), &Options::default()).expect("opens");
    check(folder.path(), &songs).expect("two songs of one name are two songs");
    let twin = folder.path().join("rock/A.flac");
    sound(&twin, 0.2);
    says(
        &refusal(folder.path()),
        &["rock/A.flac", "rock/a.wav", "one clip"],
    );
    fs::remove_file(twin).expect("removed");
    let copy = |from: &str, to: &str| {
        fs::copy(folder.path().join(from), folder.path().join(to)).expect("copied");
    };
    copy("blues/a.wav", "rock/a.wav");
    says(
        &refusal(folder.path()),
        &["blues/a.wav", "rock/a.wav", "one clip"],
    );
    fs::write(folder.path().join("rock/a.wav"), "").expect("written");
    says(&refusal(folder.path()), &["rock/a.wav", "empty file"]);
    assert_eq!(
        open(folder.path(), 0).expect("a catalogue goes on").len(),
        4
    );
}

#[cfg(unix)]
#[test]
fn a_folder_without_permission_is_refused_for_training_and_told_for_a_catalogue() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder_of(&["blues/a.wav", "rock/b.wav"]);
    let locked = folder.path().join("rock");
    let allow = |mode| fs::set_permissions(&locked, fs::Permissions::from_mode(mode)).expect("set");
    allow(0);
    if fs::read_dir(&locked).is_ok() {
        println!("skipped: this user may read everything");
        return;
    }
    let (said, whole) = (refusal(folder.path()), refusal(&locked));
    let left = open(folder.path(), 0).map(|songs| songs.len());
    allow(0o755);
    says(&said, &["rock", "cannot be read", "permissions"]);
    says(&whole, &["rock", "cannot be read", "permissions"]);
    assert_eq!(left.expect("opens"), 1);
}

#[test]
fn what_the_tags_say_is_kept_and_a_song_without_tags_is_named_by_its_file() {
    let folder = folder_of(&["blues/plain.wav"]);
    let data = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data");
    fs::copy(
        data.join("half.flac"),
        folder.path().join("blues/tagged.flac"),
    )
    .expect("copied");
    let mut tagged = fs::read(folder.path().join("blues/plain.wav")).expect("read");
    let frame = |name: &[u8], text: &[u8]| {
        let length = u8::try_from(text.len() + 1).expect("short");
        [name, &[0, 0, 0, length, 0, 0, 3], text].concat()
    };
    let id = "0f8d1f0c-6d0a-4a44-8f3e-2f7f0d0a9b11";
    let frames = [
        frame(b"TIT2", b"Duet"),
        frame(b"TPE1", b"One\0Two"),
        frame(b"TPE2", b"Various"),
        frame(b"TRCK", b"3/12"),
        frame(b"TDRC", b"1991"),
        frame(b"TXXX", format!("MusicBrainz Album Id\0{id}").as_bytes()),
        frame(b"TXXX", b"REPLAYGAIN_TRACK_GAIN\0-6.54 dB"),
    ]
    .concat();
    let size = u16::try_from(frames.len()).expect("short");
    let size = [0, 0, (size >> 7) as u8, (size & 0x7f) as u8];
    let tag = [&b"ID3\x04\0\0"[..], &size, &frames].concat();
    tagged.extend(b"id3 ");
    tagged.extend(u32::try_from(tag.len()).expect("short").to_le_bytes());
    tagged.extend(tag);
    fs::write(folder.path().join("blues/duet.wav"), tagged).expect("written");
    let songs = open(folder.path(), 0).expect("opens");
    let track = |name: &str| {
        let found = songs.iter().find(|song| song.track.path.ends_with(name));
        found.map(|song| song.track.clone()).expect("found")
    };
    assert_eq!(track("plain.wav").title, "plain");
    assert_eq!(track("tagged.flac").artist, "The Oscillators");
    let duet = track("duet.wav");
    assert_eq!(
        (
            duet.title.as_str(),
            duet.artist.as_str(),
            duet.album_artist.as_str()
        ),
        ("Duet", "One, Two", "Various")
    );
    assert_eq!((duet.track_number, duet.year), (Some(3), Some(1991)));
    assert_eq!(
        (duet.musicbrainz_release.as_str(), duet.track_gain),
        (id, Some(-6.54))
    );
    assert_eq!(duet.genre, "blues");
}

#[test]
fn files_that_systems_leave_beside_others_are_no_music() {
    let files = ["blues/a.wav", "rock/b.wav"];
    let folder = folder_of(&files);
    fs::create_dir(folder.path().join("._blues")).expect("made");
    for name in [
        "blues/._a.wav",
        "._blues/c.wav",
        ".DS_Store",
        "blues/Thumbs.db",
        "rock/desktop.ini",
    ] {
        fs::write(folder.path().join(name), "no sound").expect("written");
    }
    let songs = open_with(folder.path(), &Options::default()).expect("opens");
    assert_eq!(songs.len(), files.len());
}

#[test]
fn files_of_formats_that_cannot_be_decoded_are_counted_in_a_line() {
    let folder = folder_of(&["a.wav"]);
    for name in ["b.wma", "c.WMA", "d.dsf", "cover.jpg"] {
        fs::write(folder.path().join(name), "x").expect("written");
    }
    let (songs, said) = warnings(|| open(folder.path(), 0).expect("opens"));
    assert_eq!(songs.len(), 1);
    let line = said.iter().find(|line| line.contains("cannot be decoded"));
    says(line.expect("a line"), &["3 file(s)", "(dsf, wma)"]);
}

#[cfg(unix)]
#[test]
fn a_link_loop_is_told_in_one_sentence() {
    use std::os::unix::fs::symlink;
    let folder = folder_of(&["blues/a.wav", "rock/deep/b.wav"]);
    let link = folder.path().join("rock/deep/again");
    symlink(folder.path(), &link).expect("linked");
    let above = folder.path().join("blues/above");
    symlink("/", &above).expect("linked");
    let (songs, said) = warnings(|| open(folder.path(), 0).expect("opens"));
    assert_eq!(paths(&songs), ["blues/a.wav", "rock/deep/b.wav"]);
    let loops: Vec<&String> = said
        .iter()
        .filter(|line| line.contains("a folder that it lies in"))
        .collect();
    assert_eq!(loops.len(), 2, "{said:?}");
    says(loops[0], &["blues/above", "is a link to /, "]);
    says(loops[1], &["rock/deep/again", "is not followed"]);

    // Links that lead nowhere or back to themselves are problems; those of other files are not looked at.
    let link = folder.path().join("blues/round");
    symlink(&link, &link).expect("linked");
    let gone = folder.path().join("blues/gone.wav");
    symlink("nowhere", &gone).expect("linked");
    symlink("nowhere", folder.path().join("blues/cover.jpg")).expect("linked");
    let (songs, said) = warnings(|| open(folder.path(), 0).expect("opens"));
    assert_eq!(songs.len(), 2);
    let said = said.join("\n");
    says(
        &said,
        &[
            "blues/round: is a link that leads back to itself",
            "blues/gone.wav: is a link to something that does not exist",
        ],
    );
    assert!(!said.contains("cover.jpg"), "{said}");
}

#[cfg(unix)]
#[test]
fn what_is_reached_twice_by_links_is_read_once_and_where_it_really_is() {
    use std::os::unix::fs::symlink;
    let folder = folder_of(&["rock/a.wav", "rock/b.wav"]);
    let outside = folder_of(&["disc/c.wav"]);
    let link = |target: &std::path::Path, name: &str| {
        symlink(target, folder.path().join(name)).expect("linked");
    };
    link(&folder.path().join("rock"), "a-link");
    link(&folder.path().join("rock/b.wav"), "best.wav");
    link(outside.path(), "elsewhere");
    link(outside.path(), "elsewhere too");
    let (songs, said) = warnings(|| open(folder.path(), 0).expect("opens"));
    assert_eq!(
        paths(&songs),
        ["elsewhere/disc/c.wav", "rock/a.wav", "rock/b.wav"]
    );
    let twice = said.iter().filter(|line| line.contains("taken once"));
    assert_eq!(twice.count(), 3, "{said:?}");
    // Folders that link to each other end, too.
    let [one, two] = ["one", "two"].map(|name| outside.path().join(name));
    for (folder, other) in [(&one, &two), (&two, &one)] {
        fs::create_dir(folder).expect("made");
        symlink(other, folder.join("other")).expect("linked");
    }
    sound(&two.join("d.wav"), 0.1);
    assert_eq!(open(folder.path(), 0).expect("opens").len(), 4);
}

#[cfg(unix)]
#[test]
fn names_that_are_not_utf8_survive_and_are_found_again() {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;

    use crate::names::path_from_bytes;

    let folder = folder_of(&["rock/café.wav"]);
    let names = [&b"rock/caf\xe9.wav"[..], b"rock/caf\xe8.wav"];
    for name in names {
        let file = folder.path().join(OsStr::from_bytes(name));
        if fs::write(&file, "").is_err() {
            println!("skipped: this file system takes only UTF-8");
            return;
        }
        sound(&file, 0.1);
    }
    // Two names that look alike are two songs, for training too.
    let songs = open_with(folder.path(), &Options::default()).expect("opens");
    let told: Vec<(&str, &str)> = songs
        .iter()
        .map(|song| (song.track.path.as_str(), song.track.path_bytes.as_str()))
        .collect();
    assert_eq!(
        told,
        [
            ("rock/café.wav", ""),
            ("rock/caf\u{fffd}.wav", "rock/caf%E8.wav"),
            ("rock/caf\u{fffd}.wav", "rock/caf%E9.wav"),
        ]
    );
    for song in &songs[1..] {
        let way = path_from_bytes(&song.track.path_bytes).expect("a path");
        assert_eq!(folder.path().join(way), song.file);
    }

    // An index and a table of corrections name them by their bytes.
    let index = folder.path().join("index.csv");
    let header = "path,set,genre,split,artist,title,album,path_bytes";
    let rows: Vec<String> = songs
        .iter()
        .map(|song| {
            let track = &song.track;
            format!("{},s,rock,train,,,,{}\n", track.path, track.path_bytes)
        })
        .collect();
    fs::write(&index, format!("{header}\n{}", rows.concat())).expect("written");
    let mut again = open(&index, 0).expect("opens");
    for (song, before) in again.iter().zip(&songs) {
        assert_eq!(song.file, before.file);
        assert_eq!(song.track.path_bytes, before.track.path_bytes);
    }
    let table = folder.path().join("songs.csv");
    let row = "path,title,artist,licence,link,path_bytes\n?,Coffee,,,,rock/caf%E9.wav\n";
    fs::write(&table, row).expect("written");
    crate::correct(&mut again, &table).expect("corrected");
    let titles: Vec<&str> = again.iter().map(|song| song.track.title.as_str()).collect();
    assert_eq!(titles, ["café", "caf\u{fffd}", "Coffee"]);
    fs::write(&index, format!("{header}\nx,s,rock,train,,,,a%00b\n")).expect("written");
    let said = open(&index, 0).expect_err("refused").to_string();
    says(&said, &["line 2", "a%00b"]);
}
