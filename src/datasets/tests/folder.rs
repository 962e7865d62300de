//! A folder with one sub-folder for each genre.

use std::fs;

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
