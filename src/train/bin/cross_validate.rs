//! `trainer evaluate --cross-validate`, and what it shares with a head refit.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use anyhow::bail;
use burn::tensor::Device;
use soundalike_core::model::{Architecture, GENRES, Head, ModelError};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::names::visible;
use soundalike_datasets::{self as datasets, Song, Split};
use soundalike_train::{CrossValidation, Estimate, Figures, HEAD_DRAWS, LabelledFeatures, Yamnet};

use crate::print::{GenreTable, three_digits};

/// Folds of the cross-validation that chooses the regularisation.
pub const FOLDS: usize = 5;
/// Folds that can be asked for; with more, a fold holds hardly any clip.
const MOST_FOLDS: usize = 100;

/// The songs whose labels are used: of the sets that were named, else of all; and the genres or tags, in the order of
/// the logits. Genres are those of the training split where there is one; songs of other genres are left out, which is
/// printed.
pub fn labelled_songs(
    songs: Vec<Song>,
    sets: &[String],
) -> anyhow::Result<(Vec<Song>, Vec<String>)> {
    let present: BTreeSet<&str> = songs.iter().map(|song| song.track.set.as_str()).collect();
    if let Some(unknown) = sets.iter().find(|set| !present.contains(set.as_str())) {
        let present = present.into_iter().collect::<Vec<_>>().join(", ");
        bail!("there is no set {unknown}; there is {present}");
    }
    let mut songs: Vec<Song> = songs
        .into_iter()
        .filter(|song| sets.is_empty() || sets.contains(&song.track.set))
        .filter(|song| !song.words().is_empty())
        .collect();
    if datasets::tagged(&songs) {
        let names = datasets::tags_of(&songs);
        return Ok((songs, names));
    }
    let names = genres_of(&songs)?;
    let before = songs.len();
    songs.retain(|song| names.contains(&song.track.genre));
    if songs.len() < before {
        eprintln!(
            "left out: {} clips of genres that the training split does not have",
            before - songs.len()
        );
    }
    Ok((songs, names))
}

/// The genres of songs: those of the sets with a training split, if there is one.
fn genres_of(songs: &[Song]) -> anyhow::Result<Vec<String>> {
    let split_sets: BTreeSet<&str> = songs
        .iter()
        .filter(|song| song.split == Split::Train)
        .map(|song| song.track.set.as_str())
        .collect();
    let genres: BTreeSet<&String> = songs
        .iter()
        .filter(|song| split_sets.is_empty() || split_sets.contains(song.track.set.as_str()))
        .map(|song| &song.track.genre)
        .collect();
    let mut names: Vec<String> = genres.into_iter().cloned().collect();
    if names.iter().all(|name| GENRES.contains(&name.as_str())) && names.len() == GENRES.len() {
        names = GENRES.map(str::to_owned).to_vec();
    }
    let mut lower: BTreeMap<String, &String> = BTreeMap::new();
    for name in &names {
        if let Some(other) = lower.insert(name.to_lowercase(), name) {
            bail!(
                "the genres {other} and {name} differ in upper and lower case only; give them one name"
            );
        }
    }
    match names.as_slice() {
        [] => bail!("no song has a genre; give each one in a column or a folder of its own"),
        [only] => {
            bail!("there is one genre only, {only}; at least two are needed to tell them apart")
        }
        _ => Ok(names),
    }
}

/// Rejects a model that heads cannot be fitted to, before any work.
pub fn check_network(predictor: &Predictor) -> anyhow::Result<()> {
    match &predictor.model().architecture {
        Architecture::TwoStream(_) => Ok(()),
        other => bail!(ModelError::NoFeatures(other.to_string())),
    }
}

/// What is cross-validated.
pub struct CrossValidateArguments<'a> {
    pub predictor: &'a Predictor,
    pub songs: Vec<Song>,
    /// The sets whose labels are used.
    pub sets: &'a [String],
    /// The folder of the teacher.
    pub teacher: Option<&'a Path>,
    /// Whether the set has a split of its own.
    pub own_split: bool,
    pub folds: usize,
    pub json: bool,
}

/// Rejects a number of folds, or a model, that nothing can be cross-validated with, before any work.
pub fn check_folds(predictor: &Predictor, folds: usize) -> anyhow::Result<()> {
    if !(2..=MOST_FOLDS).contains(&folds) {
        bail!("--cross-validate takes from 2 to {MOST_FOLDS} folds");
    }
    check_network(predictor)
}

/// Refits heads to the features of a model in every fold and prints how well they do.
pub fn cross_validate(arguments: &CrossValidateArguments<'_>) -> anyhow::Result<bool> {
    let CrossValidateArguments {
        predictor,
        folds,
        json,
        ..
    } = *arguments;
    check_folds(predictor, folds)?;
    let labelled = labelled_features(arguments)?;
    let decay = labelled.choose_decay(FOLDS)?;
    let found = labelled.cross_validate(folds, HEAD_DRAWS, decay)?;
    for error in &found.errors {
        eprintln!("{}: {}", visible(&error.path), visible(&error.error));
    }
    if json {
        let mut out = std::io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, &found)?;
        writeln!(out)?;
    } else {
        print(&found)?;
    }
    Ok(found.errors.is_empty())
}

/// The features of the labelled clips, with pseudo-labels of the others if there is a teacher.
pub fn labelled_features(
    arguments: &CrossValidateArguments<'_>,
) -> anyhow::Result<LabelledFeatures> {
    let CrossValidateArguments {
        predictor,
        songs: all,
        own_split,
        ..
    } = arguments;
    let model = predictor.model();
    // The sets that the model was trained on, unless others are named.
    let of_training: Vec<String> = model.training.data.split(", ").map(str::to_owned).collect();
    let is_here = |set: &String| all.iter().any(|song| song.track.set == *set);
    let sets = match arguments.sets {
        [] if of_training.iter().all(is_here) => &of_training,
        sets => sets,
    };
    let (songs, names) = labelled_songs(all.clone(), sets)?;
    let head = match datasets::tagged(&songs) {
        true => Head::Sigmoid,
        false if model.genres == names => model.calibration.head,
        // The model predicts something else, tags for one.
        false => Head::Softmax,
    };
    let teacher = arguments
        .teacher
        .map(|folder| Yamnet::open(folder, &Device::flex()))
        .transpose()?;
    let others: Vec<Song> = all
        .iter()
        .filter(|song| !songs.iter().any(|labelled| labelled.file == song.file))
        .cloned()
        .collect();
    if teacher.is_some() && others.is_empty() {
        bail!(
            "all music of the set has a label, so there is none to give a pseudo-label; leave out --pseudo-labels"
        );
    }
    let labelled =
        LabelledFeatures::gather(predictor, &songs, &names, head, None)?.with_own_split(*own_split);
    Ok(match &teacher {
        Some(teacher) => labelled.with_pseudo_labels(predictor, teacher, &others)?,
        None => labelled,
    })
}

/// Prints the figures.
pub fn print(found: &CrossValidation) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    let apart = if found.by_artist {
        "artists kept apart"
    } else {
        "no artist known"
    };
    writeln!(
        out,
        "{} clips, {} folds, {apart}, mean of {} draws; decay {}, temperature {:.3}",
        found.clips, found.folds, found.draws, found.decay, found.temperature
    )?;
    if found.not_asked > 0 {
        writeln!(
            out,
            "{} clips were left out: all clips of their genre were held out with them",
            found.not_asked
        )?;
    }
    for (name, figures) in &found.views {
        print_figures(&mut out, name, figures)?;
    }
    for (name, figures) in &found.by_split {
        print_figures(
            &mut out,
            &format!("{name}, by the split of the set"),
            figures,
        )?;
    }
    if let Some(tags) = &found.tags {
        writeln!(
            out,
            "macro AUC {}, mean AP {}, Hamming accuracy {:.3}, macro F1 {:.3}",
            three_digits(tags.auc_macro),
            three_digits(tags.mean_average_precision),
            tags.hamming_accuracy,
            tags.macro_f1
        )?;
        return Ok(());
    }
    print_genres(&mut out, found)
}

/// Prints the figures by set and by genre.
fn print_genres(out: &mut impl Write, found: &CrossValidation) -> anyhow::Result<()> {
    writeln!(out, "\nset         clips  right")?;
    for (set, accuracy) in &found.by_set {
        let set = visible(set);
        writeln!(
            out,
            "{set:<12}{:<7}{:.1} %",
            accuracy.clips,
            100.0 * accuracy.accuracy
        )?;
    }
    let table = GenreTable {
        genres: &found.genres,
        scores: &found.per_genre,
        confusion: &found.confusion,
        draws: found.draws,
    };
    table.print(out)
}

fn print_figures(out: &mut impl Write, name: &str, figures: &Figures) -> anyhow::Result<()> {
    let percent = |e: Estimate| {
        format!(
            "{:.1} % ({:.1} to {:.1})",
            100.0 * e.value,
            100.0 * e.interval[0],
            100.0 * e.interval[1]
        )
    };
    let plain = |e: Estimate| {
        format!(
            "{:.3} ({:.3} to {:.3})",
            e.value, e.interval[0], e.interval[1]
        )
    };
    writeln!(out, "\n{name}")?;
    writeln!(out, "  accuracy         {}", percent(figures.accuracy))?;
    writeln!(out, "  macro F1         {}", plain(figures.macro_f1))?;
    writeln!(out, "  log loss         {:.3}", figures.log_loss)?;
    writeln!(
        out,
        "  calibration      {} expected error",
        plain(figures.expected_calibration_error)
    )?;
    let near = [
        ("at 1", figures.precision_at_1),
        ("at 5", figures.precision_at_5),
        ("at 10", figures.precision_at_10),
    ];
    let near: Vec<String> = near
        .into_iter()
        .filter_map(|(name, e)| Some(format!("{} {name}", plain(e?))))
        .collect();
    if !near.is_empty() {
        writeln!(out, "  precision        {}", near.join(", "))?;
    }
    Ok(())
}
