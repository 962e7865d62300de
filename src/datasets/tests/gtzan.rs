//! GTZAN's layout.

use std::fs;

use super::{folder_of, paths, refusal, says, sound};
use crate::{Options, open, open_with};

#[test]
fn gtzan_is_known_by_its_names_and_its_broken_clip_is_skipped() {
    let folder = folder_of(&[
        "genres_original/blues/blues.00000.wav",
        "genres_original/blues/blues.00001.au",
        "genres_original/jazz/jazz.00053.wav",
        "genres_original/jazz/jazz.00055.wav",
        "images_original/blues/blues00000.wav",
    ]);
    let root = folder.path().join("genres_original");
    fs::write(root.join("jazz/jazz.00054.wav"), "no sound").expect("written");
    for path in [folder.path(), &root] {
        let songs = open_with(path, &Options::default()).expect("opens");
        let expected = [
            "blues/blues.00000.wav",
            "blues/blues.00001.au",
            "jazz/jazz.00053.wav",
            "jazz/jazz.00055.wav",
        ];
        assert_eq!(paths(&songs), expected);
        for song in &songs {
            assert_eq!(song.track.set, "gtzan");
            assert!(song.track.artist.is_empty() && song.labels.is_empty());
            assert!(song.track.path.starts_with(&song.track.genre));
        }
    }
}

#[test]
fn a_clip_of_gtzan_that_is_there_twice_is_refused_for_training_and_told_for_a_catalogue() {
    for twin in ["blues/blues.00000.au", "rock/blues.00000.wav"] {
        let folder = folder_of(&["genres/blues/blues.00000.wav", "genres/rock/rock.00000.wav"]);
        sound(&folder.path().join("genres").join(twin), 0.2);
        let said = refusal(folder.path());
        says(
            &said,
            &["blues/blues.00000.wav", twin, "one clip", "keep one"],
        );
        assert_eq!(open(folder.path(), 0).expect("opens").len(), 3);
    }
}
