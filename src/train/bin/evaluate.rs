//! `trainer evaluate`.

use std::path::PathBuf;

use anyhow::bail;
use clap::ValueEnum;
use soundalike_datasets::names::visible;
use soundalike_datasets::output::make_folder;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{FeatureTable, Song};
use soundalike_train::report::{Contents, EvaluatedClips};
use soundalike_train::{Corruption, Evaluation, Examples, Task};

use crate::cross_validate::{CrossValidateArguments, cross_validate};
use crate::errors::UsageError;
use crate::files::{open_model, write_report};
use crate::print::print_report;
use crate::sets::{SetArguments, SplitName};
use crate::{retrieval, table, tags};

#[derive(clap::Args)]
pub struct EvaluateArguments {
    #[command(flatten)]
    set: SetArguments,
    /// Which clips
    #[arg(long, value_enum, default_value = "test")]
    split: SplitName,
    /// Model file instead of the shipped one
    #[arg(long)]
    model: Option<PathBuf>,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    /// Seed of a split that is drawn
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Refit the heads in this many folds and evaluate on the held-out clips, over all labelled clips
    #[arg(long, value_name = "FOLDS", conflicts_with_all = ["report", "split", "through"])]
    cross_validate: Option<usize>,
    /// Of --cross-validate, the sets whose labels are used, instead of those that the model was trained on
    #[arg(
        long,
        value_name = "SET",
        value_delimiter = ',',
        requires = "cross_validate"
    )]
    sets: Vec<String>,
    /// Of --cross-validate, the folder of a teacher, YAMNet: heads are fitted to pseudo-labels of all other music of the
    /// set, too
    #[arg(long, value_name = "DIR", requires = "cross_validate")]
    pseudo_labels: Option<PathBuf>,
    /// Evaluate what is found to be similar: precision at 1, 5 and 10, mean average precision, hubs, the share of the same artist,
    /// beside random lists and MFCC statistics. With --cross-validate by embeddings that are fitted without the clip
    #[arg(long, conflicts_with_all = ["report", "through", "pseudo_labels"])]
    retrieval: bool,
    /// A corruption of the clips
    #[arg(long, value_enum, default_value = "clean")]
    through: CorruptionName,
    /// Folder for report.html, a page with every figure, and report.json
    #[arg(long, value_name = "DIR")]
    report: Option<PathBuf>,
}

#[derive(Clone, Copy, ValueEnum)]
enum CorruptionName {
    /// None
    Clean,
    /// Nothing below 300 Hz and above 3,400 Hz
    Phone,
    /// At −20 dB
    Quiet,
}

impl From<CorruptionName> for Corruption {
    fn from(name: CorruptionName) -> Self {
        match name {
            CorruptionName::Clean => Self::Clean,
            CorruptionName::Phone => Self::Phone,
            CorruptionName::Quiet => Self::Quiet,
        }
    }
}

/// Evaluates and prints; false if some clips could not be used.
pub fn evaluate(arguments: &EvaluateArguments) -> anyhow::Result<bool> {
    let (set, json, seed) = (&arguments.set, arguments.json, arguments.seed);
    let of_table = FeatureTable::is_at(&set.data);
    if let Some(folds) = arguments.cross_validate {
        if of_table {
            bail!(UsageError::conflict(
                "a table of features has no sound, so nothing can be cross-validated; leave out --cross-validate"
            ));
        }
        let (predictor, _) = open_model(arguments.model.as_deref())?;
        let arguments_of_folds = CrossValidateArguments {
            predictor: &predictor,
            songs: set.open(seed)?,
            sets: &arguments.sets,
            teacher: arguments.pseudo_labels.as_deref(),
            own_split: set.has_own_split(),
            folds,
            json,
        };
        if arguments.retrieval {
            return retrieval::out_of_fold(&arguments_of_folds);
        }
        return cross_validate(&arguments_of_folds);
    }
    if of_table && arguments.retrieval {
        bail!(UsageError::conflict(
            "a table of features has no sound, so no songs can be ranked; leave out --retrieval"
        ));
    }
    if of_table {
        let (predictor, _) = open_model(arguments.model.as_deref())?;
        return table::evaluate(&predictor, &set.data, arguments.split, json, seed);
    }
    on_songs(arguments)
}

/// Evaluates on songs with genres or tags.
fn on_songs(arguments: &EvaluateArguments) -> anyhow::Result<bool> {
    let (predictor, name) = open_model(arguments.model.as_deref())?;
    let set = &arguments.set;
    let songs: Vec<Song> = set
        .open(arguments.seed)?
        .into_iter()
        .filter(|song| arguments.split.includes(song.split) && !song.words().is_empty())
        .collect();
    if songs.is_empty() {
        bail!(
            "{}: has no labelled clips in this split; choose another with --split",
            set.data.display()
        );
    }
    // A folder that cannot be made is better known before the work than after it.
    if let Some(folder) = &arguments.report {
        make_folder(folder)?;
    }
    if arguments.retrieval {
        return retrieval::of_model(&predictor, &songs, arguments.json);
    }
    let progress = Progress::new("evaluating", songs.len());
    let task = Task::of(&songs, predictor.model().calibration.head);
    let corruption = arguments.through.into();
    let found = task.evaluate(&predictor, Examples::Songs(&songs), corruption, &progress)?;
    drop(progress);
    match found {
        Evaluation::Tags(found) => {
            let (found, _) = *found;
            tags::print(&found, arguments.json)?;
            let all_used = found.errors.is_empty();
            if let Some(folder) = &arguments.report {
                let title = format!(
                    "How well {name} predicts the tags of {}",
                    set.data.display()
                );
                tags::write_report(title, found, Vec::new(), folder)?;
            }
            Ok(all_used)
        }
        Evaluation::Genres(found) => {
            let (report, details) = *found;
            for error in &report.errors {
                eprintln!("{}: {}", visible(&error.path), visible(&error.error));
            }
            print_report(&report, arguments.json)?;
            let all_used = report.errors.is_empty();
            if let Some(folder) = &arguments.report {
                let clips = EvaluatedClips {
                    predictor: &predictor,
                    songs: &songs,
                    details: &details,
                };
                let title = format!("How well {name} does on {}", set.data.display());
                write_report(folder, &Contents::of_evaluation(title, report, &clips)?)?;
            }
            Ok(all_used)
        }
    }
}
