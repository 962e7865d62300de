//! Training and measuring on a feature table.

use soundalike_datasets::output::write_whole;
use std::path::Path;

use anyhow::bail;
use burn::tensor::Device;
use serde::Serialize;
use soundalike_core::model::Input;
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::{DatasetError, FeatureTable};
use soundalike_train::report::{self, Contents};
use soundalike_train::{Report, TrainingConfig, evaluate_rows, fit_rows, open_device, rows_of};

use crate::{SplitName, TrainArguments, print_report};

/// Share of the rows to learn from, as streett has it; the others test.
pub const TRAIN_SHARE: f64 = 0.7;

/// The card beside a model of a feature table.
#[derive(Serialize)]
struct Card<'a> {
    name: &'static str,
    data: String,
    rows_learnt_from: usize,
    split: String,
    architecture: String,
    parameters: usize,
    model_sha256: &'a str,
    recipe: &'a TrainingConfig,
    /// On the rows that it did not learn from, and that chose nothing.
    test: &'a Report,
}

/// Trains on 70 % of the rows, drawn with the seed, and measures on the others.
pub fn train(mut recipe: TrainingConfig, arguments: &TrainArguments) -> anyhow::Result<()> {
    let path = &arguments.set.data;
    if recipe.architecture.input() != Input::Descriptors {
        bail!(DatasetError::Table(path.clone()));
    }
    if recipe.variation.copies > 0 {
        bail!(
            "{}: a table of features has no sound that could be varied or that a teacher could hear",
            path.display()
        );
    }
    let table = FeatureTable::open(path)?;
    let (rows, others) = table.split(TRAIN_SHARE, arguments.seed);
    recipe.genres.clone_from(&table.genres);
    recipe.architecture = recipe.architecture.with_genres(table.genres.len());
    recipe.data = file_name(path);
    let device = open_device(arguments.device)?;
    eprintln!(
        "training {} on {} rows for {} epochs; {} rows test it and choose nothing",
        recipe.architecture,
        rows.len(),
        recipe.epochs,
        others.len()
    );
    fit_rows(&recipe, rows_of(&table, &rows), &device, &arguments.output)?;
    let bytes = std::fs::read(arguments.output.join("model.safetensors"))?;
    let predictor = Predictor::from_bytes(&bytes, Device::flex())?;
    let model = predictor.model();
    let (report, _) = evaluate_rows(model, &table, &others, &Device::flex())?;
    print_report(&report, false)?;
    let card = Card {
        name: "Soundalike genre model of a feature table",
        data: recipe.data.clone(),
        rows_learnt_from: rows.len(),
        split: format!(
            "70/30 over whole clips, the same shares of every genre, seed {}",
            arguments.seed
        ),
        architecture: recipe.architecture.to_string(),
        parameters: model.parameters,
        model_sha256: &model.sha256,
        recipe: &recipe,
        test: &report,
    };
    let card_path = arguments.output.join("card.json");
    let json = serde_json::to_string_pretty(&card)?;
    write_whole(&card_path, format!("{json}\n").as_bytes())?;
    eprintln!("{}", card_path.display());
    if let Some(folder) = &arguments.report {
        let contents = Contents {
            title: format!("How {} learnt from {}", recipe.architecture, recipe.data),
            notes: vec!["Measured on the rows that it did not learn from.".to_owned()],
            evaluation: Some(report),
            ..Contents::default()
        };
        report::write(folder, &contents)?;
        eprintln!("{}", folder.join("report.html").display());
    }
    Ok(())
}

/// Measures a model on the rows of one side of the split that the seed draws.
pub fn measure(
    predictor: &Predictor,
    path: &Path,
    split: SplitName,
    json: bool,
    seed: u64,
) -> anyhow::Result<bool> {
    let table = FeatureTable::open(path)?;
    let (train, test) = table.split(TRAIN_SHARE, seed);
    let rows = match split {
        SplitName::Train => train,
        SplitName::Test => test,
        SplitName::All => (0..table.rows.len()).collect(),
        SplitName::Valid | SplitName::Extra => bail!(
            "{}: a table is split into rows to learn from and rows to test with; choose --split train, test or all",
            path.display()
        ),
    };
    let (report, _) = evaluate_rows(predictor.model(), &table, &rows, &Device::flex())?;
    for error in &report.errors {
        eprintln!("{}: {}", error.path, error.error);
    }
    print_report(&report, json)?;
    Ok(report.errors.is_empty())
}

/// The last part of a path.
pub fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
