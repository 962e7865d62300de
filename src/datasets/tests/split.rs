//! Which split a song is in: the dataset's own split, a drawn one, and pieces of songs.

use std::collections::BTreeSet;
use std::fs;

use super::{INDEX, folder_of, says, sound};
use crate::{Options, Song, Split, SplitBy, open_with, warning};

#[test]
fn songs_split_by_segment_are_pieces_of_three_seconds_and_their_numbers_carry_a_warning() {
    let folder = tempfile::tempdir().expect("temporary folder");
    for (file, seconds) in [
        ("blues/a.wav", 30.0),
        ("rock/b.wav", 31.0),
        ("rock/short.wav", 4.0),
    ] {
        sound(&folder.path().join(file), seconds);
    }
    let by = |split_by| {
        let options = Options {
            split_by: Some(split_by),
            ..Options::default()
        };
        open_with(folder.path(), &options).expect("opens")
    };
    let songs = by(SplitBy::Clip);
    assert_eq!((songs.len(), warning(&songs)), (3, None));
    let pieces = by(SplitBy::Segment);
    assert_eq!(pieces.len(), 21);
    let said = warning(&pieces).expect("a warning");
    says(said, &["split by segment", "both sides", "leaks"]);
    assert_eq!(pieces[1].span, Some((3.0, 6.0)));
    assert_eq!(pieces[1].track.path, "blues/a.wav#t=3,6");
    assert!(!pieces[20].is_piece(), "too short to cut");
    let sides: BTreeSet<String> = pieces[..10]
        .iter()
        .map(|piece| format!("{:?}", piece.split))
        .collect();
    assert_eq!(sides.len(), 3, "one song is on every side");
    let clip = pieces[1].clip().expect("a sound");
    assert_eq!(clip.seconds(), 3.0);
    let whole = songs[0].clip().expect("a sound");
    assert_eq!(clip.samples(), &whole.samples()[3 * 8000..6 * 8000]);
    let beyond = Song {
        span: Some((40.0, 43.0)),
        ..songs[0].clone()
    };
    assert!(beyond.clip().is_err());
}

#[test]
fn a_set_with_a_split_of_its_own_keeps_it_until_another_is_asked_for() {
    let names: Vec<String> = (0..10).map(|i| format!("{i}.wav")).collect();
    let folder = folder_of(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let index = folder.path().join("INDEX.csv");
    let rows: String = names
        .iter()
        .enumerate()
        .map(|(i, name)| {
            let (genre, split) = (
                ["blues", "rock"][i % 2],
                if i < 9 { "train" } else { "extra" },
            );
            format!("{name},s,{genre},{split},,,,1\n")
        })
        .collect();
    fs::write(&index, format!("{INDEX}{rows}")).expect("written");
    let count = |options: &Options, split| {
        let songs = open_with(&index, options).expect("opens");
        songs.iter().filter(|song| song.split == split).count()
    };
    let own = Options::default();
    assert_eq!(
        (count(&own, Split::Train), count(&own, Split::Extra)),
        (9, 1)
    );
    let drawn = Options {
        shares: Some("50/25/25".parse().expect("shares")),
        ..own
    };
    assert!(count(&drawn, Split::Valid) >= 2 && count(&drawn, Split::Test) >= 2);
    assert_eq!(count(&drawn, Split::Extra), 1);
}
