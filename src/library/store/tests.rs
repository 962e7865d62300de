use super::*;
use crate::numbers::to_bytes;
use soundalike_core::catalog::{Provenance, Track};

const WIDTHS: [usize; 3] = [3, 2, 1];

fn provenance(sha256: &str) -> Provenance {
    Provenance {
        model_sha256: sha256.to_owned(),
        genres: vec!["blues".to_owned(), "rock".to_owned()],
        tags: vec!["sad".to_owned()],
        ..Provenance::default()
    }
}

fn heard(title: &str, first: f32) -> Heard {
    Heard {
        stamp: Stamp { size: 7, mtime: 5 },
        sha256: vec![first as u8; 32],
        track: Track {
            title: title.to_owned(),
            year: Some(1990),
            notes: vec!["cut short".to_owned()],
            ..Track::default()
        },
        seconds: 3.0,
        music: 0.5,
        tempo_bpm: (first > 1.0).then_some(120.5),
        key: (first > 1.0).then(|| "A minor".to_owned()),
        embedding: vec![first, 1.0, 0.5],
        probabilities: vec![0.25, 0.75],
        tags: vec![0.5],
    }
}

/// A library with two songs, and its folder.
fn two_songs() -> (tempfile::TempDir, Store, i64) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open_or_create(&folder.path().join("own.sqlite")).expect("creates");
    let model = store.model_number(&provenance("abc"), 3).expect("a model");
    for (name, first) in [("/m/a.mp3", 1.0), ("/m/b.mp3", 2.0)] {
        store
            .put(Path::new(name), &heard(name, first), model)
            .expect("writes");
    }
    store.save().expect("saves");
    (folder, store, model)
}

#[test]
fn a_song_is_read_as_it_was_written() {
    let (_folder, store, _) = two_songs();
    let library = store.library().expect("songs");
    assert_eq!(library.catalog.len(), 2);
    let track = &library.catalog.tracks[0];
    assert_eq!((track.title.as_str(), track.year), ("/m/a.mp3", Some(1990)));
    assert_eq!(track.notes, ["cut short"]);
    assert_eq!(library.catalog.embedding(1), [2.0, 1.0, 0.5]);
    assert_eq!(library.by_file(Path::new("/m/b.mp3")), Some(1));
    assert_eq!(library.by_id(library.songs[1].id), Some(1));
    assert_eq!(
        (library.songs[0].tempo_bpm, &library.songs[0].key),
        (None, &None)
    );
    assert_eq!(library.songs[1].tempo_bpm, Some(120.5));
    assert_eq!(library.songs[1].key.as_deref(), Some("A minor"));
}

#[test]
fn numbers_that_are_none_are_left_out_and_heard_again() {
    let (_folder, store, model) = two_songs();
    for wrong in [to_bytes(&[f32::NAN, 1.0, 0.5]), to_bytes(&[1.0, 2.0])] {
        let order = "UPDATE song SET embedding = ?1 WHERE path = ?2";
        let path = bytes_of(Path::new("/m/a.mp3"));
        store
            .connection
            .execute(order, (wrong, path))
            .expect("writes");
        let library = store.library().expect("the other song");
        assert_eq!((library.catalog.len(), library.damaged), (1, 1));
        let known = store
            .known_below(Path::new("/m"), "abc", WIDTHS)
            .expect("reads");
        assert!(!known[Path::new("/m/a.mp3")].comparable);
        assert!(known[Path::new("/m/b.mp3")].comparable);
    }
    store
        .put(Path::new("/m/a.mp3"), &heard("again", 1.0), model)
        .expect("writes");
    assert_eq!(store.library().expect("both").damaged, 0);
}

#[test]
fn songs_of_another_model_are_left_out_and_counted() {
    let (_folder, store, _) = two_songs();
    let other = store.model_number(&provenance("def"), 3).expect("a model");
    store
        .put(Path::new("/m/c.mp3"), &heard("c", 3.0), other)
        .expect("writes");
    let library = store.library().expect("songs");
    assert_eq!((library.catalog.len(), library.of_other_models), (2, 1));
    assert_eq!(
        store.other_model("abc").expect("reads").as_deref(),
        Some("def")
    );
    let known = store
        .known_below(Path::new("/m"), "def", WIDTHS)
        .expect("reads");
    assert!(!known[Path::new("/m/a.mp3")].comparable);
    assert!(known[Path::new("/m/c.mp3")].comparable);
}

#[test]
fn a_full_disk_is_told_and_what_was_saved_stays() {
    let (folder, store, model) = two_songs();
    let pages: i64 = store.number("PRAGMA page_count").expect("a number");
    let limit = format!("PRAGMA max_page_count = {pages}");
    store
        .connection
        .query_row(&limit, [], |_| Ok(()))
        .expect("limits");
    let mut failed = None;
    for number in 0..200 {
        let file = PathBuf::from(format!("/m/{number}.mp3"));
        if let Err(error) = store.put(&file, &heard("one more", 4.0), model) {
            failed = Some(error);
            break;
        }
    }
    assert!(
        matches!(failed, Some(LibraryError::DiskFull(_))),
        "{failed:?}"
    );
    drop(store);
    let again = Store::open(&folder.path().join("own.sqlite")).expect("opens");
    assert_eq!(again.info().expect("whole").songs, 2);
}

#[test]
fn one_run_writes_while_others_read() {
    let (folder, store, _) = two_songs();
    let path = folder.path().join("own.sqlite");
    assert!(matches!(
        Store::open_to_write(&path),
        Err(LibraryError::Locked(_))
    ));
    store.begin().expect("begins");
    store.set_missing(1).expect("writes");
    let reader = Store::open(&path).expect("opens");
    assert_eq!(reader.info().expect("reads").songs, 2);
    store.save().expect("saves");
    assert_eq!(reader.info().expect("reads").songs, 1);
    drop(store);
    assert!(Store::open_to_write(&path).is_ok());
}

#[test]
fn a_folder_takes_the_place_of_those_in_it() {
    let (_folder, store, _) = two_songs();
    for folder in ["/m/rock", "/m/jazz", "/n"] {
        store.watch(Path::new(folder)).expect("watches");
    }
    store.watch(Path::new("/m")).expect("watches");
    store
        .watch(Path::new("/m/rock"))
        .expect("is watched already");
    let folders = store.folders().expect("reads");
    assert_eq!(folders, [PathBuf::from("/m"), PathBuf::from("/n")]);
    let states = store.info().expect("whole").folders;
    assert_eq!((states[0].songs, states[1].songs), (2, 0));
}

#[test]
fn a_moved_song_keeps_its_number_and_takes_the_place_of_what_lay_there() {
    let (_folder, store, model) = two_songs();
    let contents = store.by_content(model).expect("reads");
    let (id, _) = contents[&vec![1_u8; 32]][0].clone();
    let track = Track {
        title: "b".to_owned(),
        ..Track::default()
    };
    let stamp = Stamp { size: 8, mtime: 9 };
    store
        .move_to(id, Path::new("/m/b.mp3"), stamp, &track)
        .expect("moves");
    let library = store.library().expect("songs");
    assert_eq!(library.songs.len(), 1);
    assert_eq!((library.songs[0].id, library.songs[0].size), (id, 8));
    assert_eq!(library.catalog.tracks[0].title, "b");
    store
        .copy_to(id, Path::new("/m/c.mp3"), stamp, &track)
        .expect("copies");
    let library = store.library().expect("songs");
    assert_eq!(library.catalog.embedding(0), library.catalog.embedding(1));
}

#[test]
fn parquet_is_read_as_it_was_written() {
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::Field;

    let (folder, store, _) = two_songs();
    let library = store.library().expect("songs");
    let file = folder.path().join("own.parquet");
    std::fs::write(&file, crate::Table(&library).parquet().expect("a table")).expect("writes");
    let file = File::open(&file).expect("opens");
    let reader = SerializedFileReader::new(file).expect("a Parquet file");
    let metadata = reader.metadata().file_metadata().key_value_metadata();
    let genres = metadata
        .into_iter()
        .flatten()
        .find(|entry| entry.key == "soundalike.genres");
    let genres = genres.and_then(|entry| entry.value.as_deref());
    assert_eq!(genres, Some(r#"["blues","rock"]"#));
    let rows = reader.get_row_iter(None).expect("rows");
    let rows: Vec<Vec<(String, Field)>> = rows
        .map(|row| {
            row.expect("a row")
                .get_column_iter()
                .map(|(n, f)| (n.clone(), f.clone()))
                .collect()
        })
        .collect();
    assert_eq!(rows.len(), 2);
    let cell = |row: usize, name: &str| {
        let found = rows[row].iter().find(|(column, _)| column == name);
        found.expect(name).1.to_string()
    };
    assert_eq!(
        (cell(0, "path"), cell(1, "path")),
        ("\"/m/a.mp3\"".to_owned(), "\"/m/b.mp3\"".to_owned())
    );
    assert_eq!(
        (cell(0, "tempo_bpm"), cell(1, "tempo_bpm")),
        ("null".to_owned(), "120.5".to_owned())
    );
    assert_eq!(
        (cell(0, "key"), cell(1, "key")),
        ("null".to_owned(), "\"A minor\"".to_owned())
    );
    assert_eq!(
        (cell(1, "year"), cell(1, "track_number")),
        ("1990".to_owned(), "null".to_owned())
    );
    assert_eq!(cell(1, "embedding"), "[2.0, 1.0, 0.5]");
    assert_eq!(cell(1, "genre_predicted"), "\"rock\"");
}
