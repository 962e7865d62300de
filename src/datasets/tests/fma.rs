//! FMA's layout, its table of tracks and its subsets.

use std::fs;

use super::{folder_of, paths, refusal, says, sound};
use crate::{Options, Split, Subset, open_with};

/// FMA's table of tracks with these rows: id, split, subset, genre, title.
fn fma_table(rows: &[[&str; 5]]) -> String {
    let header = ",album,artist,set,set,track,track,track\n\
                  ,title,name,split,subset,genre_top,license,title\n\
                  track_id,,,,,,,\n";
    let rows = rows.iter().map(|[id, split, subset, genre, title]| {
        format!("{id},An album,\"Who, else\",{split},{subset},{genre},CC BY,{title}\n")
    });
    header.to_owned() + &rows.collect::<String>()
}

const FMA: [[&str; 5]; 5] = [
    ["2", "training", "small", "Hip-Hop", "Food"],
    ["3", "validation", "medium", "Rock", ""],
    ["1005", "test", "large", "Rock", "This World"],
    ["1006", "training", "large", "", "No genre"],
    ["1007", "training", "small", "Rock", "No file"],
];

#[test]
fn fma_is_read_with_its_split_its_subsets_and_without_the_tracks_that_are_not_there() {
    let files = [
        "000/000002.mp3",
        "000/000003.mp3",
        "001/001005.mp3",
        "001/001006.mp3",
    ];
    // The tree beside the table, or in a folder of its subset with the table in another.
    for (tree, table) in [("", "tracks.csv"), ("fma_large", "fma_metadata/tracks.csv")] {
        let folder = tempfile::tempdir().expect("temporary folder");
        for file in files {
            sound(&folder.path().join(tree).join(file), 0.1);
        }
        let table = folder.path().join(table);
        fs::create_dir_all(table.parent().expect("a folder")).expect("made");
        fs::write(table, fma_table(&FMA)).expect("written");
        let of = |subset| {
            let options = Options {
                subset,
                ..Options::default()
            };
            open_with(folder.path(), &options).expect("opens")
        };
        let songs = of(None);
        assert_eq!(paths(&songs), files);
        let splits: Vec<Split> = songs.iter().map(|song| song.split).collect();
        assert_eq!(
            splits,
            [Split::Train, Split::Valid, Split::Test, Split::Extra]
        );
        assert_eq!(songs[0].track.genre, "Hip-Hop");
        assert_eq!(songs[0].track.artist, "Who, else");
        assert_eq!(songs[0].track.title, "Food");
        assert_eq!(songs[0].track.album, "An album");
        assert_eq!(songs[0].track.licence, "CC BY");
        assert_eq!(songs[1].track.title, "3");
        assert_eq!(of(Some(Subset::Small)).len(), 1);
        assert_eq!(of(Some(Subset::Medium)).len(), 2);
        assert_eq!(of(Some(Subset::Full)).len(), 4);
    }
    let folder = folder_of(&["blues/a.wav", "rock/b.wav"]);
    let options = Options {
        subset: Some(Subset::Small),
        ..Options::default()
    };
    let said = open_with(folder.path(), &options)
        .expect_err("refused")
        .to_string();
    says(&said, &["a folder of genres", "only FMA has subsets"]);
}

#[test]
fn tracks_that_are_not_fmas_are_refused_with_what_tells() {
    let folder = folder_of(&["000/000002.mp3"]);
    let table = folder.path().join("tracks.csv");
    let said = |text: &str| {
        fs::write(&table, text).expect("written");
        refusal(folder.path())
    };
    says(&said(""), &["tracks.csv", "not FMA's", "three rows"]);
    says(&said("a,b\n1,2\n3,4\n5,6\n"), &["not FMA's", "track_id"]);
    let whole = fma_table(&FMA);
    says(
        &said(&whole.replace("genre_top", "genre")),
        &["track, genre_top"],
    );
    let row = |row| fma_table(&[FMA[0], row]);
    let twice = said(&row(["2", "test", "small", "Rock", "x"]));
    says(&twice, &["line 5", "track 2", "line 4"]);
    let text = said(&row(["two", "test", "small", "Rock", "x"]));
    says(&text, &["line 5", "\"two\"", "track_id"]);
    let text = said(&row(["5", "trial", "small", "Rock", "x"]));
    says(&text, &["line 5", "\"trial\""]);
    says(
        &said(&(whole + "9,too,short\n")),
        &["line 9", "3 cells", "8"],
    );
}
