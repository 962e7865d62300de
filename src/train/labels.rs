//! Labels of clips as training takes them: indices among the genres or tags, and groups to sample from.

use super::error::TrainError;
use soundalike_datasets::Song;

/// Indices of a song's tags, or of its one genre, among all genres or tags.
pub(super) fn labels(song: &Song, names: &[String]) -> Result<Vec<usize>, TrainError> {
    let words = song.words();
    let unknown = |word: &str| TrainError::Song {
        file: song.file.clone(),
        cause: format!("its genre {word:?} is none of {}", names.join(", ")),
    };
    if words.is_empty() {
        return Err(unknown(""));
    }
    let index = |word: &&str| names.iter().position(|name| name == word);
    let indices = words
        .iter()
        .map(|word| index(word).ok_or_else(|| unknown(word)));
    indices.collect()
}

/// Members with their labels in groups that are sampled equally often: one per genre that has any, or a
/// single one where some have several labels, since no group of its own could then hold a tag's clips.
pub(super) fn groups<T>(
    members: Vec<(T, &[usize])>,
    names: usize,
) -> Result<Vec<Vec<T>>, TrainError> {
    if members.iter().any(|(_, labels)| labels.len() != 1) {
        return Ok(vec![
            members.into_iter().map(|(member, _)| member).collect(),
        ]);
    }
    let mut groups: Vec<Vec<T>> = (0..names).map(|_| Vec::new()).collect();
    for (member, labels) in members {
        groups[labels[0]].push(member);
    }
    groups.retain(|members| !members.is_empty());
    if groups.len() < 2 {
        return Err(TrainError::TooFewGenres(groups.len()));
    }
    Ok(groups)
}

/// Adds a share to the targets of a clip's labels.
pub(super) fn add(target: &mut [f32], labels: &[usize], share: f32) {
    for &label in labels {
        target[label] += share;
    }
}
