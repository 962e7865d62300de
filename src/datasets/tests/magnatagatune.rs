//! MagnaTagATune's layout, its tags and its split.

use std::fs;

use super::{folder_of, paths, refusal, says};
use crate::{Options, Split, check, open_with, tags_of};

/// MagnaTagATune's table over `tags` with these rows: path, and the numbers of the tags that it has.
fn annotations(tags: usize, rows: &[(&str, &[usize])]) -> String {
    let names: Vec<String> = (0..tags).map(|tag| format!("\"tag {tag}\"")).collect();
    let mut table = format!("\"clip_id\"\t{}\t\"mp3_path\"\n", names.join("\t"));
    for (id, (path, tagged)) in rows.iter().enumerate() {
        let cells: Vec<&str> = (0..tags)
            .map(|tag| if tagged.contains(&tag) { "1" } else { "0" })
            .collect();
        table += &format!("{id}\t{}\t{path}\n", cells.join("\t"));
    }
    table
}

#[test]
fn magnatagatune_has_its_fifty_most_frequent_tags_and_is_split_by_its_folders() {
    let folder = folder_of(&[
        "0/a.mp3",
        "b/b.mp3",
        "c/c.mp3",
        "d/d.mp3",
        "f/f.mp3",
        "1/none.mp3",
    ]);
    fs::create_dir(folder.path().join("2")).expect("made");
    fs::write(folder.path().join("2/empty.mp3"), "").expect("written");
    // Tag 0 is the rarest of 51, tag 50 the most frequent.
    let all: Vec<usize> = (0..51).collect();
    let some: Vec<usize> = (1..51).filter(|&tag| tag != 20).collect();
    let rows: [(&str, &[usize]); 7] = [
        ("0/a.mp3", &all),
        ("b/b.mp3", &some),
        ("c/c.mp3", &[50, 7]),
        ("d/d.mp3", &[50]),
        ("f/f.mp3", &[50]),
        ("1/none.mp3", &[]),
        ("2/empty.mp3", &[3, 20]),
    ];
    fs::write(
        folder.path().join("annotations_final.csv"),
        annotations(51, &rows),
    )
    .expect("written");
    fs::write(
        folder.path().join("clip_info_final.csv"),
        "clip_id\ttrack_number\ttitle\tartist\talbum\n2\t1\tAria\tBach\tCantatas\n",
    )
    .expect("written");
    let songs = open_with(folder.path(), &Options::default()).expect("opens");
    assert_eq!(
        paths(&songs),
        ["0/a.mp3", "b/b.mp3", "c/c.mp3", "d/d.mp3", "f/f.mp3"]
    );
    let splits: Vec<Split> = songs.iter().map(|song| song.split).collect();
    let expected = [
        Split::Train,
        Split::Train,
        Split::Valid,
        Split::Test,
        Split::Test,
    ];
    assert_eq!(splits, expected);
    assert_eq!(songs[2].labels, ["tag 50", "tag 7"]);
    assert_eq!(songs[2].track.artist, "Bach");
    assert_eq!(songs[2].track.title, "Aria");
    assert_eq!(songs[3].track.title, "d");
    let tags = tags_of(&songs);
    assert_eq!(tags.len(), 50);
    assert_eq!(tags[0], "tag 50");
    assert!(
        !tags.contains(&"tag 0".to_owned()),
        "the rarest is left out"
    );
    check(folder.path(), &songs).expect("tags need no genre");
}

#[test]
fn annotations_that_are_wrong_are_refused_with_line_and_column() {
    let folder = folder_of(&["0/a.mp3", "1/b.mp3"]);
    let table = folder.path().join("annotations_final.csv");
    let said = |text: &str| {
        fs::write(&table, text).expect("written");
        refusal(folder.path())
    };
    let rows: [(&str, &[usize]); 2] = [("0/a.mp3", &[0]), ("1/b.mp3", &[1])];
    let whole = annotations(3, &rows);
    says(
        &said(&whole.replace("mp3_path", "path")),
        &["annotations_final.csv", "\"mp3_path\""],
    );
    says(
        &said(&whole.replace("1/b.mp3", "1/gone.mp3")),
        &["line 3", "gone.mp3"],
    );
    says(
        &said(&whole.replace("1/b.mp3", "x/b.mp3")),
        &["line 3", "\"x/b.mp3\"", "0 to f"],
    );
    says(
        &said(&whole.replace("1/b.mp3", "0/a.mp3")),
        &["line 3", "line 2", "0/a.mp3"],
    );
    says(
        &said(&whole.replace("0\t1\t0\t1/b", "0\tyes\t0\t1/b")),
        &["line 3", "\"tag 1\"", "yes"],
    );
    says(&said(""), &["annotations_final.csv", "empty"]);
}
