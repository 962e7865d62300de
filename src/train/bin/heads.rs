//! `trainer train --from`: a model of one's own from a finished network, and its card; `trainer evaluate
//! --cross-validate`.

use soundalike_datasets::output::{make_folder, write_whole};
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::path::Path;

use anyhow::{Context, bail};
use burn::tensor::Device;
use serde::Serialize;
use soundalike_core::dsp::FrontEnd;
use soundalike_core::model::{Architecture, Calibration, GENRES, Head, Model, ModelError};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::{self as datasets, Song, Split};
use soundalike_train::metrics::{GenreScore, Reliability, TagReport};
use soundalike_train::{
    CrossValidation, Estimate, Figures, HEAD_DRAWS, LabelledFeatures, MusicReport, SetAccuracy,
    Sounds, Yamnet, fit_heads, save_model,
};

use crate::TrainArguments;

/// Folds of the cross-validation that chooses and measures.
const FOLDS: usize = 5;
/// Folds that can be asked for; with more, a fold holds next to nothing.
const MOST_FOLDS: usize = 100;

/// The card beside a model whose heads were fitted.
#[derive(Serialize)]
struct Card<'a> {
    name: &'static str,
    data: CardData,
    network: CardNetwork,
    accuracy: CardAccuracy,
    per_genre: &'a BTreeMap<String, GenreScore>,
    limits: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    music: Option<&'a MusicReport>,
    by_set: &'a BTreeMap<String, SetAccuracy>,
    /// Rows are the true genre, columns what was called, over all draws.
    confusion: &'a [Vec<usize>],
    reliability: &'a [Reliability],
    #[serde(skip_serializing_if = "Option::is_none")]
    tags_told: Option<&'a TagReport>,
    decay: f64,
    genres: &'a [String],
    tags: &'a [String],
    calibration: Calibration,
    architecture: String,
    parameters: usize,
    model_bytes: usize,
    model_sha256: &'a str,
    front_end: &'a FrontEnd,
}

#[derive(Serialize)]
struct CardData {
    collection: String,
    labelled_clips: usize,
    clips_of_music_without_labels: usize,
    recordings_that_are_not_music: usize,
}

/// What `trainer evaluate --cross-validate 5` prints, in tables.
#[derive(Serialize)]
struct CardAccuracy {
    measured_on: String,
    by_version: BTreeMap<String, CardFigures>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    by_the_split_of_the_set: BTreeMap<String, CardFigures>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    precision: BTreeMap<&'static str, CardPrecision>,
}

/// Figures with the ends of their 95 % intervals.
#[derive(Serialize)]
struct CardFigures {
    accuracy: f64,
    accuracy_from: f64,
    accuracy_to: f64,
    macro_f1: f64,
    macro_f1_from: f64,
    macro_f1_to: f64,
    log_loss: f64,
    calibration_error: f64,
    calibration_error_from: f64,
    calibration_error_to: f64,
}

#[derive(Serialize)]
struct CardPrecision {
    share: f64,
    from: f64,
    to: f64,
}

impl From<&Figures> for CardFigures {
    fn from(figures: &Figures) -> Self {
        let Figures {
            accuracy,
            macro_f1,
            expected_calibration_error: error,
            ..
        } = figures;
        Self {
            accuracy: accuracy.value,
            accuracy_from: accuracy.interval[0],
            accuracy_to: accuracy.interval[1],
            macro_f1: macro_f1.value,
            macro_f1_from: macro_f1.interval[0],
            macro_f1_to: macro_f1.interval[1],
            log_loss: figures.log_loss,
            calibration_error: error.value,
            calibration_error_from: error.interval[0],
            calibration_error_to: error.interval[1],
        }
    }
}

impl CardAccuracy {
    fn of(found: &CrossValidation) -> Self {
        let apart = if found.by_artist {
            ", artists kept apart"
        } else {
            ""
        };
        let table = |views: &BTreeMap<&'static str, Figures>| {
            let rows = views.iter();
            rows.map(|(name, figures)| (name.replace(' ', "_"), figures.into()))
                .collect()
        };
        let precision = found.views.values().flat_map(|figures| {
            let at = [
                ("at_1", figures.precision_at_1),
                ("at_5", figures.precision_at_5),
                ("at_10", figures.precision_at_10),
            ];
            at.into_iter().filter_map(|(name, found)| {
                let Estimate { value, interval } = found?;
                let [from, to] = interval;
                let share = value;
                Some((name, CardPrecision { share, from, to }))
            })
        });
        Self {
            measured_on: format!(
                "clips that the heads were not fitted to: {} draws of {} folds{apart}",
                found.draws, found.folds
            ),
            by_version: table(&found.views),
            by_the_split_of_the_set: table(&found.by_split),
            precision: precision.collect(),
        }
    }
}

/// Where the network's weights come from.
#[derive(Serialize)]
struct CardNetwork {
    began_as: &'static str,
    authors: &'static str,
    licence: &'static str,
    trained_on: &'static str,
}

const MUSICNN: CardNetwork = CardNetwork {
    began_as: "MusiCNN",
    authors: "Jordi Pons, Oriol Nieto, Matthew Prockup, Erik Schmidt, Andreas Ehmann and Xavier Serra",
    licence: "ISC, copyright Music Technology Group, Universitat Pompeu Fabra",
    trained_on: "the Million Song Dataset, with the tags of Last.fm's listeners",
};

/// What such a model is bad at.
fn limits(model: &Model, clips: usize) -> Vec<String> {
    let genres = model.genres.len();
    let knows = match model.calibration.head {
        Head::Softmax => {
            format!("It knows {genres} genres and names one of them whatever the music is.")
        }
        Head::Sigmoid => format!("It knows {genres} tags and no others."),
    };
    vec![
        knows,
        format!("Its genres were learnt from {clips} clips; it does not generalise far beyond music like theirs."),
        "Whether a sound is music it decides by examples; singing alone and unusual instruments may be taken for something else.".to_owned(),
    ]
}

/// The songs whose labels are learnt from: of the sets that were named, else of all; and the genres or tags, the order
/// of the logits. Genres are those of the training split where there is one; songs of other genres are left out and
/// told.
fn labelled_songs(songs: Vec<Song>, sets: &[String]) -> anyhow::Result<(Vec<Song>, Vec<String>)> {
    let known: BTreeSet<&str> = songs.iter().map(|song| song.track.set.as_str()).collect();
    if let Some(unknown) = sets.iter().find(|set| !known.contains(set.as_str())) {
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        bail!("there is no set {unknown}; there is {known}");
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
    let genres_of = |songs: &[&Song]| -> BTreeSet<String> {
        songs.iter().map(|song| song.track.genre.clone()).collect()
    };
    let split_sets: BTreeSet<&str> = songs
        .iter()
        .filter(|song| song.split == Split::Train)
        .map(|song| song.track.set.as_str())
        .collect();
    let of_split_sets: Vec<&Song> = songs
        .iter()
        .filter(|song| split_sets.is_empty() || split_sets.contains(song.track.set.as_str()))
        .collect();
    let mut names: Vec<String> = genres_of(&of_split_sets).into_iter().collect();
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
        _ => {}
    }
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

/// Reads the model whose network is taken.
fn source(path: &Path) -> anyhow::Result<Predictor> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let name = || path.display().to_string();
    let predictor = Predictor::from_bytes(&bytes, Device::flex()).with_context(name)?;
    check_network(&predictor).with_context(name)?;
    Ok(predictor)
}

/// Refuses a model that heads cannot be fitted to, before any work.
fn check_network(predictor: &Predictor) -> anyhow::Result<()> {
    match &predictor.model().architecture {
        Architecture::TwoStream(_) => Ok(()),
        other => bail!(ModelError::NoFeatures(other.to_string())),
    }
}

/// Fits heads to the features of the model `from`, and writes model, card and features.
pub fn train(arguments: &TrainArguments, from: &Path) -> anyhow::Result<bool> {
    let device = Device::flex();
    let predictor = source(from)?;
    if arguments.output.join("model.safetensors").exists() {
        bail!(
            "{} holds a model already; choose another folder",
            arguments.output.display()
        );
    }
    let songs = arguments.set.open(arguments.seed)?;
    let unlabelled: Vec<Song> = songs.clone();
    let (labelled, names) = labelled_songs(songs, &arguments.sets)?;
    let mut not_music = Vec::new();
    for folder in &arguments.not_music {
        not_music.extend(datasets::open(folder, arguments.seed)?);
    }
    let head = match (datasets::tagged(&labelled), arguments.settings.head) {
        (true, Some(Head::Softmax)) => {
            bail!(
                "a softmax tells one genre of several, and these songs have tags, many at once; leave out --head"
            )
        }
        (true, _) => Head::Sigmoid,
        (false, head) => head.unwrap_or_default(),
    };
    make_folder(&arguments.output)?;
    let cache = arguments.output.join("features.safetensors");
    let labelled = LabelledFeatures::gather(&predictor, &labelled, &names, head, Some(&cache))?
        .with_embedding_of(predictor.model())
        .with_own_split(arguments.set.has_own_split());
    for error in &labelled.errors {
        eprintln!("{}: {}", error.path, error.error);
    }
    // Without recordings of other sounds the music head of the source stays, if it has one.
    let unlabelled: Vec<Song> = unlabelled
        .into_iter()
        .filter(|song| {
            song.words().is_empty() || !labelled.sets().contains(song.track.set.as_str())
        })
        .collect();
    let sounds = Sounds {
        music: &unlabelled,
        not_music: &not_music,
    };
    let sounds = (!not_music.is_empty()).then_some(&sounds);
    let (model, report) = fit_heads(predictor.model(), &labelled, sounds, FOLDS, &device)?;
    let path = arguments.output.join("model.safetensors");
    save_model(model, &path, &device)?;
    let bytes = std::fs::read(&path).with_context(|| path.display().to_string())?;
    let fitted = Predictor::from_bytes(&bytes, device)?;
    let model = fitted.model();
    let card = Card {
        name: "Soundalike genre model",
        data: CardData {
            collection: model.training.data.clone(),
            labelled_clips: labelled.len(),
            clips_of_music_without_labels: report
                .music
                .as_ref()
                .map_or(0, |music| music.music - labelled.len()),
            recordings_that_are_not_music: report
                .music
                .as_ref()
                .map_or(0, |music| music.recordings),
        },
        network: MUSICNN,
        accuracy: CardAccuracy::of(&report.cross_validation),
        per_genre: &report.cross_validation.per_genre,
        music: report.music.as_ref(),
        by_set: &report.cross_validation.by_set,
        confusion: &report.cross_validation.confusion,
        reliability: &report.cross_validation.reliability,
        tags_told: report.cross_validation.tags.as_ref(),
        decay: report.cross_validation.decay,
        limits: limits(model, labelled.len()),
        genres: &model.genres,
        tags: &model.tags,
        calibration: model.calibration,
        architecture: model.architecture.to_string(),
        parameters: model.parameters,
        model_bytes: bytes.len(),
        model_sha256: &model.sha256,
        front_end: &model.front_end,
    };
    let card_path = arguments.output.join("card.json");
    let json = serde_json::to_string_pretty(&card)?;
    write_whole(&card_path, format!("{json}\n").as_bytes())?;
    eprintln!("{} and {}", path.display(), card_path.display());
    print(&report.cross_validation)?;
    if let Some(music) = &report.music {
        println!(
            "\nmusic or not     {:.1} % of {} clips of music, {:.1} % of {} recordings and {:.1} % of {} made-up sounds of other things",
            100.0 * music.music_recognised,
            music.music,
            100.0 * music.recordings_recognised,
            music.recordings,
            100.0 * music.noises_recognised,
            music.noises
        );
    }
    Ok(labelled.errors.is_empty())
}

/// Fits heads anew to the features of a model in every fold and prints how well they do.
pub fn cross_validate(
    predictor: &Predictor,
    songs: Vec<Song>,
    sets: &[String],
    teacher: Option<&Path>,
    own_split: bool,
    folds: usize,
    json: bool,
) -> anyhow::Result<bool> {
    if !(2..=MOST_FOLDS).contains(&folds) {
        bail!("--cross-validate takes from 2 to {MOST_FOLDS} folds");
    }
    check_network(predictor)?;
    // The sets that the model learnt its genres from, unless others are named.
    let learnt: Vec<String> = predictor
        .model()
        .training
        .data
        .split(", ")
        .map(str::to_owned)
        .collect();
    let has = |set: &String| songs.iter().any(|song| song.track.set == *set);
    let sets = match sets {
        [] if learnt.iter().all(has) => &learnt,
        sets => sets,
    };
    let all = songs.clone();
    let (songs, names) = labelled_songs(songs, sets)?;
    let head = match datasets::tagged(&songs) {
        true => Head::Sigmoid,
        false if predictor.model().genres == names => predictor.model().calibration.head,
        // The model tells something else, tags for one.
        false => Head::Softmax,
    };
    let teacher = teacher
        .map(|folder| Yamnet::open(folder, &Device::flex()))
        .transpose()?;
    let others: Vec<Song> = all
        .into_iter()
        .filter(|song| !songs.iter().any(|labelled| labelled.file == song.file))
        .collect();
    if teacher.is_some() && others.is_empty() {
        bail!(
            "all music of the set has a label, so there is none to give a pseudo-label; leave out --pseudo-labels"
        );
    }
    let mut labelled =
        LabelledFeatures::gather(predictor, &songs, &names, head, None)?.with_own_split(own_split);
    if let Some(teacher) = &teacher {
        labelled = labelled.with_pseudo_labels(predictor, teacher, &others)?;
    }
    let decay = labelled.choose_decay(FOLDS)?;
    let found = labelled.cross_validate(folds, HEAD_DRAWS, decay)?;
    for error in &found.errors {
        eprintln!("{}: {}", error.path, error.error);
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

/// Prints the figures.
fn print(found: &CrossValidation) -> anyhow::Result<()> {
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
            "{} clips were not asked about: all clips of their genre were left out with them",
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
        let three = |value: Option<f64>| value.map_or("–".to_owned(), |v| format!("{v:.3}"));
        writeln!(
            out,
            "macro AUC {}, mean AP {}, Hamming accuracy {:.3}, macro F1 {:.3}",
            three(tags.auc_macro),
            three(tags.mean_average_precision),
            tags.hamming_accuracy,
            tags.macro_f1
        )?;
        return Ok(());
    }
    writeln!(out, "\nset         clips  right")?;
    for (set, accuracy) in &found.by_set {
        writeln!(
            out,
            "{set:<12}{:<7}{:.1} %",
            accuracy.clips,
            100.0 * accuracy.accuracy
        )?;
    }
    writeln!(
        out,
        "\ngenre       precision  recall  F1     clips  called (all draws)"
    )?;
    for (index, genre) in found.genres.iter().enumerate() {
        let score = &found.per_genre[genre];
        let mut called: Vec<(usize, &String)> = found.confusion[index]
            .iter()
            .copied()
            .zip(&found.genres)
            .filter(|(count, _)| *count > 0)
            .collect();
        called.sort_by_key(|(count, _)| std::cmp::Reverse(*count));
        let called: Vec<String> = called.iter().map(|(n, g)| format!("{g} {n}")).collect();
        writeln!(
            out,
            "{genre:<12}{:<11.3}{:<8.3}{:<7.3}{:<7}{}",
            score.precision,
            score.recall,
            score.f1,
            score.support / found.draws.max(1),
            called.join(", ")
        )?;
    }
    Ok(())
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
