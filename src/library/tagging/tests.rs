//! Files with sounds of the tests, and a library that has heard in them what the test says.

use std::fs;

use tempfile::TempDir;

use super::*;
use crate::testing::{heard, provenance};

/// The names of the sounds.
const SOUNDS: [&str; 5] = [
    "cbr-44100.mp3",
    "half.flac",
    "vorbis.ogg",
    "aac-44100.m4a",
    "half-float.wav",
];

struct Home {
    folder: TempDir,
    store: Store,
}

impl Home {
    /// A library of the sounds, each with these probabilities of blues and rock, and of the tags rock, sad and chill.
    fn new(probabilities: [f32; 2], tags: [f32; 3]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open_or_create(&folder.path().join("own.sqlite")).expect("creates");
        let model = store.model_number(&provenance("abc"), 3).expect("a model");
        let home = Self { folder, store };
        for (at, name) in SOUNDS.iter().enumerate() {
            let sounds = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/data");
            let file = home.file(name);
            fs::copy(sounds.join(name), &file).expect("copies");
            let mut song = heard(name, at as f32 + 1.0);
            song.stamp = Stamp::of(&fs::metadata(&file).expect("is there"));
            song.sha256 = Sha256::digest(fs::read(&file).expect("reads")).to_vec();
            song.probabilities = probabilities.to_vec();
            song.tags = tags.to_vec();
            if at < 2 {
                // So that the others have more of each tag than usual.
                song.tags = vec![0.0; 3];
            }
            home.store.put(&file, &song, model).expect("writes");
        }
        home.store.save().expect("saves");
        home
    }

    fn file(&self, name: &str) -> PathBuf {
        let folder = self.folder.path().canonicalize().expect("a folder");
        folder.join(name)
    }

    fn library(&self) -> Library {
        self.store.library().expect("songs")
    }

    fn backup(&self) -> PathBuf {
        self.file("tags.jsonl")
    }

    fn write(&self, wish: Wish) -> Tagged {
        let library = self.library();
        let rows: Vec<usize> = (0..library.songs.len()).collect();
        let proposals = library.propose(&rows, wish);
        write_tags(&self.store, &library, &proposals.songs, &self.backup()).expect("goes on")
    }

    fn bytes(&self) -> Vec<Vec<u8>> {
        let read = |name: &&str| fs::read(self.file(name)).expect("reads");
        SOUNDS.iter().map(read).collect()
    }

    /// Whether the library knows all files as they are.
    fn is_current(&self) -> bool {
        SOUNDS.iter().all(|name| {
            let file = self.file(name);
            let bytes = fs::read(&file).expect("reads");
            let (_, sha256) = self.store.at(&file).expect("reads").expect("is there");
            let known = self.store.known_below(self.folder.path(), "abc", [3, 2, 3]);
            let stamp = known.expect("reads")[&file].stamp;
            sha256 == Sha256::digest(&bytes).to_vec()
                && stamp == Stamp::of(&fs::metadata(&file).expect("is there"))
        })
    }
}

const BOTH: Wish = Wish {
    genre: true,
    mood: true,
    replace: false,
};

#[test]
fn what_is_heard_is_written_and_taken_back_byte_by_byte() {
    let home = Home::new([0.1, 0.9], [0.5, 0.6, 0.6]);
    let before = home.bytes();
    let tagged = home.write(BOTH);
    assert_eq!(tagged.failed, []);
    assert_eq!(tagged.changed.len(), 5);
    assert!(tagged.backup && home.is_current());
    for name in SOUNDS {
        let tags = SongTags::read(&home.file(name));
        assert_eq!(tags.genre.as_deref(), Some("Rock"), "{name}");
        let moods: &[&str] = if SOUNDS[..2].contains(&name) {
            &[]
        } else {
            &["sad", "chill"]
        };
        assert_eq!(tags.moods, moods, "{name}");
    }
    // A library names now what the file names.
    assert!(!home.library().catalog.genre(0).1);
    assert!(home.bytes().iter().zip(&before).all(|(a, b)| a != b));
    // All is named now.
    let library = home.library();
    let with_moods = SOUNDS[2..]
        .iter()
        .filter_map(|name| library.by_file(&home.file(name)));
    let again = library.propose(&with_moods.collect::<Vec<_>>(), BOTH);
    assert_eq!((again.songs.len(), again.named, again.unsure), (0, 3, 0));

    let restored = restore_tags(&home.store, &home.backup()).expect("restores");
    assert_eq!(restored.failed, []);
    assert_eq!(restored.changed.len(), 5);
    assert!(home.bytes() == before && home.is_current());
    assert!(home.library().catalog.genre(0).1);
    let again = restore_tags(&home.store, &home.backup()).expect("restores");
    assert_eq!((again.changed.len(), again.as_before), (0, 5));
}

#[test]
fn only_what_the_model_is_sure_of_is_proposed() {
    // The nearest genre has less than half; the tags are no more than usual.
    let home = Home::new([0.51, 0.49], [0.5, 0.05, 0.0]);
    let library = home.library();
    let rows: Vec<usize> = (0..5).collect();
    let between = library.propose(
        &rows,
        Wish {
            genre: true,
            ..Wish::default()
        },
    );
    assert_eq!(between.songs[0].tags.genres, ["Blues", "Rock"]);
    let mood = Wish {
        mood: true,
        ..Wish::default()
    };
    let none = library.propose(&rows, mood);
    assert_eq!((none.songs.len(), none.unsure), (0, 5));
}

#[test]
fn what_a_file_names_stays_unless_it_is_to_be_replaced() {
    let home = Home::new([0.9, 0.1], [0.0, 0.0, 0.0]);
    assert_eq!(home.write(BOTH).changed.len(), 5);
    let library = home.library();
    let rows: Vec<usize> = (0..5).collect();
    let replace = Wish {
        replace: true,
        genre: true,
        mood: false,
    };
    // The same again is nothing new.
    assert_eq!(library.propose(&rows, replace).named, 5);
    let file = home.file("half.flac");
    let polka = NewTags {
        genres: vec!["Polka".to_owned()],
        moods: Vec::new(),
    };
    let bytes = fs::read(&file).expect("reads");
    let written = soundalike_tags::with_tags(&bytes, &polka, "song").expect("writes");
    fs::write(&file, written).expect("writes");
    let genre = Wish {
        replace: false,
        ..replace
    };
    assert_eq!(library.propose(&rows, genre).songs, []);
    let replaced = library.propose(&rows, replace);
    assert_eq!(replaced.songs.len(), 1);
    assert_eq!(library.songs[replaced.songs[0].row].file, file);
}

#[test]
fn a_file_that_cannot_be_written_is_told_and_the_rest_goes_on() {
    let home = Home::new([0.9, 0.1], [0.0, 0.0, 0.0]);
    let (changed, gone) = (home.file("half.flac"), home.file("vorbis.ogg"));
    let (read_only, odd) = (home.file("aac-44100.m4a"), home.file("half-float.wav"));
    let library = home.library();
    let proposals = library.propose(&[0, 1, 2, 3, 4], BOTH);
    fs::write(&changed, b"other").expect("writes");
    fs::remove_file(&gone).expect("removes");
    let mut permissions = fs::metadata(&read_only).expect("is there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&read_only, permissions).expect("sets");
    // Bytes behind its chunks, where a further chunk would not be found; the library knows them.
    let mut bytes = fs::read(&odd).expect("reads");
    bytes.extend(b"more");
    fs::write(&odd, &bytes).expect("writes");
    let (id, _) = home.store.at(&odd).expect("reads").expect("is there");
    let stamp = Stamp::of(&fs::metadata(&odd).expect("is there"));
    let sha256 = Sha256::digest(&bytes).to_vec();
    home.store.retag(id, stamp, &sha256, "").expect("writes");

    let tagged = write_tags(&home.store, &library, &proposals.songs, &home.backup());
    let tagged = tagged.expect("goes on");
    assert_eq!(tagged.changed, [home.file("cbr-44100.mp3")]);
    let told: Vec<String> = tagged
        .failed
        .iter()
        .map(|told| format!("{}: {}", told.path, told.text))
        .collect();
    for (name, says) in [
        ("half.flac", "has changed since it was heard"),
        ("vorbis.ogg", "is gone"),
        ("aac-44100.m4a", "is read-only"),
        ("half-float.wav", "do not end where the file ends"),
    ] {
        let line = told
            .iter()
            .find(|line| line.contains(name))
            .expect("is told");
        assert!(line.contains(says) && line.lines().count() == 1, "{line}");
    }
    assert_eq!(fs::read(&odd).expect("reads"), bytes);
    // Nothing is left beside the files.
    let hidden = fs::read_dir(home.folder.path()).expect("reads").flatten();
    let hidden = hidden.filter(|entry| {
        entry
            .file_name()
            .to_string_lossy()
            .starts_with(".soundalike")
    });
    assert_eq!(hidden.count(), 0);
}

#[test]
fn a_file_that_changed_after_its_tags_were_written_is_not_restored() {
    let home = Home::new([0.9, 0.1], [0.0, 0.0, 0.0]);
    let before = home.bytes();
    home.write(BOTH);
    let (edited, moved) = (home.file("half.flac"), home.file("moved.ogg"));
    let mut bytes = fs::read(&edited).expect("reads");
    bytes.push(0);
    fs::write(&edited, &bytes).expect("writes");
    // A file that moved is found by its content, once the library knows where it is.
    fs::rename(home.file("vorbis.ogg"), &moved).expect("moves");
    let (id, _) = home
        .store
        .at(&home.file("vorbis.ogg"))
        .expect("reads")
        .expect("is there");
    let stamp = Stamp::of(&fs::metadata(&moved).expect("is there"));
    let track = track_of(&moved);
    home.store
        .move_to(id, &moved, stamp, &track)
        .expect("moves");

    let restored = restore_tags(&home.store, &home.backup()).expect("goes on");
    assert_eq!(restored.changed.len(), 4);
    assert_eq!(restored.failed.len(), 1);
    assert!(
        restored.failed[0]
            .text
            .contains("has changed since its tags were written")
    );
    assert_eq!(fs::read(&edited).expect("reads"), bytes);
    assert_eq!(fs::read(&moved).expect("reads"), before[2]);
}

#[cfg(unix)]
#[test]
fn permissions_and_links_stay() {
    use std::os::unix::fs::PermissionsExt;
    let home = Home::new([0.9, 0.1], [0.0, 0.0, 0.0]);
    let file = home.file("half.flac");
    let real = home.file("real.flac");
    fs::rename(&file, &real).expect("moves");
    fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).expect("sets");
    std::os::unix::fs::symlink(&real, &file).expect("links");
    home.write(BOTH);
    assert!(fs::symlink_metadata(&file).expect("is there").is_symlink());
    let mode = fs::metadata(&real).expect("is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(SongTags::read(&real).genre.as_deref(), Some("Blues"));
}

#[test]
fn where_nothing_is_written_there_is_no_backup() {
    let home = Home::new([0.9, 0.1], [0.0, 0.0, 0.0]);
    let library = home.library();
    let proposals = library.propose(&[0, 1, 2, 3, 4], BOTH);
    for name in SOUNDS {
        fs::write(home.file(name), b"other").expect("writes");
    }
    let tagged = write_tags(&home.store, &library, &proposals.songs, &home.backup());
    let tagged = tagged.expect("goes on");
    assert_eq!((tagged.changed.len(), tagged.failed.len()), (0, 5));
    assert!(!tagged.backup && !home.backup().exists());
}

#[test]
fn files_that_cannot_be_written_are_told_before_anything_is_written() {
    let home = Home::new([0.9, 0.1], [0.0, 0.0, 0.0]);
    fs::write(home.file("half.flac"), "other").expect("writes");
    fs::remove_file(home.file("vorbis.ogg")).expect("removes");
    let read_only = home.file("aac-44100.m4a");
    let mut permissions = fs::metadata(&read_only).expect("is there").permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&read_only, permissions).expect("sets");
    // As if the library had heard a format whose tags cannot be written.
    let other = home.file("half-float.wav");
    fs::write(&other, "no sound with tags").expect("writes");
    let (id, sha256) = home.store.at(&other).expect("reads").expect("is there");
    let stamp = Stamp::of(&fs::metadata(&other).expect("is there"));
    home.store.retag(id, stamp, &sha256, "").expect("writes");

    let library = home.library();
    let proposals = library.propose(&[0, 1, 2, 3, 4], BOTH);
    let files = proposals
        .songs
        .iter()
        .map(|song| &library.songs[song.row].file);
    assert!(files.eq([&home.file("cbr-44100.mp3")]));
    assert_eq!((proposals.named, proposals.unsure), (0, 0));
    let told = proposals.failed.iter();
    let told: Vec<String> = told
        .map(|told| format!("{}: {}", told.path, told.text))
        .collect();
    assert_eq!(told.len(), 4);
    for (name, says) in [
        ("half.flac", "has changed since it was heard"),
        ("vorbis.ogg", "is gone"),
        ("aac-44100.m4a", "is read-only"),
        ("half-float.wav", "whose tags can be written"),
    ] {
        let mut lines = told.iter();
        assert!(
            lines.any(|line| line.contains(name) && line.contains(says)),
            "{told:?}"
        );
    }
}

#[test]
fn where_the_library_fails_what_was_written_by_then_is_told_and_can_be_taken_back() {
    let home = Home::new([0.9, 0.1], [0.0, 0.0, 0.0]);
    let before = home.bytes();
    let other = rusqlite::Connection::open(home.store.path()).expect("opens");
    // The third of the files, in order of their paths.
    let (id, _) = home
        .store
        .at(&home.file("half-float.wav"))
        .expect("reads")
        .expect("is there");
    let refuse = format!(
        "CREATE TRIGGER refuse BEFORE UPDATE OF sha256 ON song WHEN NEW.id = {id} \
         BEGIN SELECT RAISE(ROLLBACK, 'no more'); END"
    );
    other.execute_batch(&refuse).expect("is made");
    let library = home.library();
    let proposals = library.propose(&[0, 1, 2, 3, 4], BOTH);
    let failed = write_tags(&home.store, &library, &proposals.songs, &home.backup());
    let error = failed.expect_err("the library fails");
    assert!(
        matches!(&error, LibraryError::Interrupted { changed: 3, .. }),
        "{error}"
    );
    let said = error.to_string();
    assert!(
        said.contains("no more") && said.contains("tags.jsonl"),
        "{said}"
    );
    let is_changed = home
        .bytes()
        .into_iter()
        .zip(&before)
        .filter(|(a, b)| a != *b);
    assert_eq!(is_changed.count(), 3);

    other.execute_batch("DROP TRIGGER refuse").expect("goes");
    let restored = restore_tags(&home.store, &home.backup()).expect("restores");
    assert_eq!((restored.changed.len(), restored.failed), (3, Vec::new()));
    assert!(home.bytes() == before && home.is_current());
}
