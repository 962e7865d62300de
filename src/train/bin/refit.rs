//! `trainer train --from`: heads for other genres or tags on the features of a trained network.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use burn::tensor::Device;
use soundalike_datasets::names::{shown, visible};
use soundalike_datasets::output::make_folder;
use soundalike_datasets::{self as datasets, Song};
use soundalike_train::{
    HeadRefitCard, LabelledFeatures, ModelCard, MusicReport, Sounds, fit_heads, save_model,
};

use crate::cross_validate::{FOLDS, check_network, labelled_songs, print};
use crate::files::read_model;
use crate::sets::SetArguments;
use crate::settings::Settings;

/// What heads are fitted to.
pub struct Refit<'a> {
    /// The model whose network is kept.
    pub from: &'a Path,
    pub set: &'a SetArguments,
    /// The sets whose labels are used; all if none is named.
    pub sets: &'a [String],
    /// Folders of recordings that are no music.
    pub not_music: &'a [PathBuf],
    pub settings: &'a Settings,
    pub seed: u64,
    pub output: &'a Path,
}

/// Fits heads to the features of a model, and writes model, card and features; false if some clips could not be used.
pub fn refit(arguments: &Refit<'_>) -> anyhow::Result<bool> {
    let device = Device::flex();
    let (predictor, _) = read_model(arguments.from)?;
    check_network(&predictor).with_context(|| arguments.from.display().to_string())?;
    let path = arguments.output.join("model.safetensors");
    if path.exists() {
        bail!(
            "{} holds a model already; choose another folder",
            arguments.output.display()
        );
    }
    let all = arguments.set.open(arguments.seed)?;
    let (songs, names) = labelled_songs(all.clone(), arguments.sets)?;
    let mut not_music = Vec::new();
    for folder in arguments.not_music {
        not_music.extend(datasets::open(folder, arguments.seed)?);
    }
    let head = arguments.settings.head_for(&songs)?;
    make_folder(arguments.output)?;
    let cache = arguments.output.join("features.safetensors");
    let labelled = LabelledFeatures::gather(&predictor, &songs, &names, head, Some(&cache))?
        .with_embedding_of(predictor.model())
        .with_own_split(arguments.set.has_own_split());
    for error in &labelled.errors {
        eprintln!("{}: {}", visible(&error.path), visible(&error.error));
    }
    let is_unlabelled =
        |song: &Song| song.words().is_empty() || !labelled.sets().contains(song.track.set.as_str());
    let unlabelled: Vec<Song> = all.into_iter().filter(is_unlabelled).collect();
    let sounds = Sounds {
        music: &unlabelled,
        not_music: &not_music,
    };
    // Without recordings of other sounds the music head of the source stays, if it has one.
    let sounds = (!not_music.is_empty()).then_some(&sounds);
    let (model, report) = fit_heads(predictor.model(), &labelled, sounds, FOLDS, &device)?;
    save_model(model, &path, &device)?;
    let (fitted, model_bytes) = read_model(&path)?;
    let card = HeadRefitCard::new((fitted.model(), model_bytes), labelled.len(), &report);
    let card_path = arguments.output.join("card.json");
    ModelCard::HeadRefit(Box::new(card)).write(&card_path)?;
    eprintln!("{} and {}", shown(&path), shown(&card_path));
    print(&report.cross_validation)?;
    if let Some(music) = &report.music {
        print_music(music);
    }
    Ok(labelled.errors.is_empty())
}

fn print_music(music: &MusicReport) {
    println!(
        "\nmusic or not     {:.1} % of {} clips of music, {:.1} % of {} recordings and {:.1} % of {} synthetic sounds of other things",
        100.0 * music.music_recognised,
        music.music,
        100.0 * music.recordings_recognised,
        music.recordings,
        100.0 * music.noises_recognised,
        music.noises
    );
}
