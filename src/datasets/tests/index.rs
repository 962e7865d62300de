//! An index of songs.

use std::fs;

use super::{INDEX, folder_of, refusal, says};
use crate::{Options, check, open_with};

#[test]
fn an_index_that_is_wrong_is_refused_with_the_place() {
    let folder = folder_of(&["a.wav", "b.wav", "c.wav", "d.wav"]);
    let index = folder.path().join("INDEX.csv");
    let said = |text: &str| {
        fs::write(&index, text).expect("written");
        refusal(&index)
    };
    says(&said("path,set,genre,split,artist,title\n"), &["\"album\""]);
    let rows = |rows: &[&str]| said(&format!("{INDEX}{}\n", rows.join("\n")));
    says(
        &rows(&["a.wav,s,blues,trian,x,y,z,1"]),
        &["line 2", "trian"],
    );
    says(
        &rows(&["gone.wav,s,blues,train,x,y,z,1"]),
        &["line 2", "gone.wav"],
    );
    says(
        &rows(&["a.wav,s,blues,train,x,y,z"]),
        &["line 2", "7 cells", "8"],
    );
    let good = "a.wav,s,blues,train,x,y,z,1";
    says(
        &rows(&[good, "./a.wav,s,rock,test,x,y,z,1"]),
        &["line 3", "a.wav", "line 2"],
    );
    says(
        &rows(&[good, "b.wav,s,,train,x,y,z,1"]),
        &["b.wav", "no genre"],
    );
    let two = [
        good,
        "b.wav,s,blues,valid,x,y,z,1",
        "c.wav,s,rock,train,x,y,z,1",
    ];
    says(
        &rows(&[two[0], two[1], two[2]]),
        &["c.wav", "\"rock\"", "only clip"],
    );
    says(
        &rows(&[good, "b.wav,s,blues,train,x,y,z,1"]),
        &["one genre", "blues"],
    );
    says(&said(INDEX), &["holds no music"]);
    says(&said(""), &["INDEX.csv", "empty"]);
    fs::write(&index, b"path,set\n\xff\xfe,x\n").expect("written");
    says(&refusal(&index), &["\"genre\""]);
    fs::write(
        &index,
        [INDEX.as_bytes(), b"\xff\xfe,s,blues,train,x,y,z,1\n"].concat(),
    )
    .expect("written");
    says(&refusal(&index), &["line 2", "UTF-8"]);
}

#[test]
fn a_genre_that_nothing_is_learnt_of_is_refused() {
    let folder = folder_of(&["a.wav", "b.wav", "c.wav", "d.wav", "e.wav", "f.wav"]);
    let index = folder.path().join("INDEX.csv");
    let row =
        |file: &str, genre: &str, split: &str| format!("{file}.wav,s,{genre},{split},x,y,z,1\n");
    let mut text = INDEX.to_owned();
    for (file, genre, split) in [
        ("a", "blues", "train"),
        ("b", "blues", "valid"),
        ("c", "rock", "train"),
        ("d", "rock", "valid"),
    ] {
        text += &row(file, genre, split);
    }
    fs::write(&index, &text).expect("written");
    let songs = open_with(&index, &Options::default()).expect("opens");
    check(&index, &songs).expect("two genres");
    text += &(row("e", "polka", "test") + &row("f", "polka", "test"));
    fs::write(&index, &text).expect("written");
    says(&refusal(&index), &["e.wav", "\"polka\"", "blues, rock"]);
}
