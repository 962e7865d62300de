//! Reads one file: its content's hash, its tags, its sound.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};
use soundalike_core::audio::{AudioError, SoundReader};
use soundalike_core::catalog::Track;
use soundalike_core::dsp::TempoAndKey;
use soundalike_core::guard::caught;
use soundalike_core::pipeline::{PredictError, Prediction, Predictor};
use soundalike_datasets::SongTags;

use crate::numbers::can_be_kept;
use crate::paths::stem;
use crate::scan::{Before, Task};
use crate::store::{ByContent, Heard, Stamp};

/// What came of a file.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// It has the content that it had; only its time is another.
    Same(i64, Stamp),
    /// It has the content of other songs.
    Known {
        sha256: Vec<u8>,
        stamp: Stamp,
        track: Box<Track>,
    },
    /// It was heard.
    Heard(Box<Heard>),
    /// It cannot be heard, and will not be until it changes.
    Failed(Stamp, String),
    /// It cannot be heard now, perhaps later.
    NotNow(String),
    /// It is not there any more.
    Gone,
}

/// Hears a sound file for a question, without a library.
///
/// # Errors
/// Those of [`Predictor::predict_reader`].
pub fn listen(predictor: &Predictor, file: &Path) -> Result<Prediction, PredictError> {
    predictor.predict_reader(&mut SoundReader::from_file(file)?)
}

/// Reads a file. `known` are the contents that need not be heard.
pub(crate) fn read(predictor: &Predictor, task: &Task, known: &ByContent) -> Outcome {
    let file = task.file.as_path();
    match read_unless_it_fails(predictor, task, known) {
        Ok(outcome) => outcome,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Outcome::Gone,
        Err(_) if !file.exists() => Outcome::Gone,
        Err(error) => Outcome::NotNow(format!(
            "cannot be read ({}); check its permissions and the disk it lies on",
            error.kind()
        )),
    }
}

fn read_unless_it_fails(
    predictor: &Predictor,
    task: &Task,
    known: &ByContent,
) -> io::Result<Outcome> {
    let file = task.file.as_path();
    let mut opened = File::open(file)?;
    let stamp = Stamp::of(&opened.metadata()?);
    let sha256 = hash(&mut opened)?;
    drop(opened);
    let changed = || io::Result::Ok(Stamp::of(&std::fs::metadata(file)?) != stamp);
    let changing =
        || Outcome::NotNow("changed while it was read; it is heard the next time".to_owned());
    if changed()? {
        return Ok(changing());
    }
    if let Before::Perhaps(id, before) = &task.before
        && *before == sha256
    {
        return Ok(Outcome::Same(*id, stamp));
    }
    if known.contains_key(&sha256) {
        let track = Box::new(track_of(file));
        return Ok(Outcome::Known {
            sha256,
            stamp,
            track,
        });
    }
    let track = track_of(file);
    let answer =
        caught(|| predictor.predict_reader_with_tempo_and_key(&mut SoundReader::from_file(file)?));
    if changed()? {
        return Ok(changing());
    }
    let (answer, found) = match answer {
        None => return Ok(Outcome::Failed(stamp, "cannot be analysed".to_owned())),
        // The system, not the file, may be better the next time.
        Some(Err(PredictError::Audio(error @ AudioError::NotReadable { .. }))) => {
            return Ok(Outcome::NotNow(error.to_string()));
        }
        Some(Err(PredictError::Model(error))) => return Ok(Outcome::NotNow(error.to_string())),
        Some(Err(error)) => return Ok(Outcome::Failed(stamp, error.to_string())),
        Some(Ok(found)) => found,
    };
    Ok(heard(stamp, sha256, track, answer, found))
}

fn heard(
    stamp: Stamp,
    sha256: Vec<u8>,
    track: Track,
    answer: Prediction,
    found: TempoAndKey,
) -> Outcome {
    let lists = [&answer.embedding, &answer.probabilities, &answer.tags];
    if !lists.iter().all(|list| can_be_kept(list)) || !answer.music.is_finite() {
        let reason = "the model answers with values that are not numbers; choose another sound";
        return Outcome::Failed(stamp, reason.to_owned());
    }
    let notes = answer.notes.iter().map(ToString::to_string).collect();
    Outcome::Heard(Box::new(Heard {
        stamp,
        sha256,
        track: Track { notes, ..track },
        seconds: answer.seconds,
        music: answer.music,
        tempo_bpm: found.tempo.map(|tempo| f64::from(tempo.bpm)),
        key: found.key.map(|estimate| estimate.key.to_string()),
        embedding: answer.embedding,
        probabilities: answer.probabilities,
        tags: answer.tags,
    }))
}

/// What a file's tags say, with a title that can be read: that of the file's name where they have none.
pub fn track_of(file: &Path) -> Track {
    SongTags::read(file).into_track(&stem(file))
}

fn hash(file: &mut File) -> io::Result<Vec<u8>> {
    let mut digest = Sha256::new();
    let mut block = vec![0; 1 << 16];
    loop {
        match file.read(&mut block) {
            Ok(0) => return Ok(digest.finalize().to_vec()),
            Ok(read) => digest.update(&block[..read]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    fn task(file: &Path) -> Task {
        Task {
            file: file.to_owned(),
            before: Before::New,
        }
    }

    fn predictor() -> Predictor {
        Predictor::on_processor(soundalike_shipped::MODEL).expect("the shipped model")
    }

    #[test]
    fn a_file_that_changes_while_it_is_read_is_not_taken() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("growing.flac");
        let whole: &[u8] = include_bytes!("../../tests/data/half.flac");
        std::fs::write(&file, whole).expect("writes");
        let predictor = predictor();
        let outcome = read(&predictor, &task(&file), &ByContent::new());
        assert!(matches!(outcome, Outcome::Heard(_)), "{outcome:?}");
        let ended = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !ended.load(Ordering::Relaxed) {
                    let mut file = File::options().append(true).open(&file).expect("opens");
                    file.write_all(&[0; 512]).expect("grows");
                }
            });
            // The other thread may sleep through one reading, not through all.
            let told = (0..200).any(|_| {
                let outcome = read(&predictor, &task(&file), &ByContent::new());
                matches!(outcome, Outcome::NotNow(reason) if reason.contains("changed while"))
            });
            ended.store(true, Ordering::Relaxed);
            assert!(told);
        });
    }

    #[test]
    fn what_is_known_is_not_heard() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("no sound.flac");
        std::fs::write(&file, b"content").expect("writes");
        let predictor = predictor();
        let sha256 = Sha256::digest(b"content").to_vec();
        let mut known = ByContent::new();
        known.insert(sha256.clone(), vec![(1, file.clone())]);
        let outcome = read(&predictor, &task(&file), &known);
        assert!(matches!(outcome, Outcome::Known { .. }), "{outcome:?}");
        let again = Task {
            before: Before::Perhaps(7, sha256),
            ..task(&file)
        };
        let outcome = read(&predictor, &again, &ByContent::new());
        assert!(matches!(outcome, Outcome::Same(7, _)), "{outcome:?}");
        let outcome = read(&predictor, &task(&file), &ByContent::new());
        assert!(matches!(outcome, Outcome::Failed(..)), "{outcome:?}");
        std::fs::remove_file(&file).expect("removes");
        let outcome = read(&predictor, &task(&file), &known);
        assert!(matches!(outcome, Outcome::Gone), "{outcome:?}");
    }
}
