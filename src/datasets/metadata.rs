//! Readable metadata: titles and artists as [`soundalike_tags`] makes them, and licences in one vocabulary.

use soundalike_tags::{readable_artist, readable_title};

use super::licence::spdx;
use super::{Song, clip_name};

/// Makes titles and artists readable, and writes licences as [`spdx`] does. An empty licence stays empty:
/// the song's dataset states no licences.
pub fn tidy(songs: &mut [Song]) {
    for song in songs {
        let by_file = song.track.title == clip_name(&song.file);
        let track = &mut song.track;
        track.artist = readable_artist(&track.artist);
        track.title = readable_title(&track.title, &track.artist, by_file);
        if !track.licence.is_empty() {
            track.licence = spdx(&track.licence);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::Split;
    use soundalike_core::catalog::Track;

    #[test]
    fn every_song_is_tidied_and_a_licence_that_nobody_speaks_of_stays_empty() {
        let song = |file: &str, title: &str, licence: &str| {
            let track = Track {
                title: title.to_owned(),
                artist: "The_Band ".to_owned(),
                licence: licence.to_owned(),
                ..Track::default()
            };
            Song::new(PathBuf::from(file), Split::Extra, track)
        };
        let mut songs = [
            song("a/01-my-song.ogg", "01-my-song", ""),
            song("a/b.ogg", "03_Other", "CC BY-SA 4.0"),
            song("a/c.ogg", "Third", "ask the band"),
        ];
        tidy(&mut songs);
        let told = songs.map(|song| [song.track.title, song.track.artist, song.track.licence]);
        let expected = [
            ["My song", "The Band", ""],
            ["Other", "The Band", "CC-BY-SA-4.0"],
            ["Third", "The Band", "unclear"],
        ];
        assert_eq!(told, expected);
    }
}
