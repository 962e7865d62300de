//! Which layout a path is recognised as.

use std::fs;
use std::path::Path;

use super::{folder_of, refusal, says};
use crate::layouts::layout_of;

fn name(path: &Path) -> Option<&'static str> {
    layout_of(path).map(|layout| layout.name())
}

#[test]
fn each_layout_is_recognised_and_the_more_specific_one_wins() {
    let folder = folder_of(&["blues/blues.00000.wav", "rock/b.wav"]);
    let path = folder.path();
    assert_eq!(name(path), Some("GTZAN"));
    fs::rename(path.join("blues/blues.00000.wav"), path.join("blues/a.wav")).expect("renamed");
    assert_eq!(name(path), Some("a folder of genres"));
    fs::write(path.join("annotations_final.csv"), "").expect("written");
    assert_eq!(name(path), Some("MagnaTagATune"));
    fs::write(path.join("tracks.csv"), "").expect("written");
    assert_eq!(name(path), Some("FMA"));
    // Whatever a file is called, it is read as an index.
    assert_eq!(name(&path.join("tracks.csv")), Some("an index"));
    assert_eq!(name(&path.join("gone")), None);
}

#[cfg(unix)]
#[test]
fn what_is_neither_a_file_nor_a_folder_is_refused() {
    says(&refusal(Path::new("/dev/null")), &["/dev/null", "neither"]);
}
