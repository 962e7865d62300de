//! Training and evaluation on a feature table.

use std::path::Path;

use anyhow::bail;
use burn::tensor::Device;
use soundalike_core::model::Input;
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::names::{shown, visible};
use soundalike_datasets::{DatasetError, FeatureTable};
use soundalike_train::report::Contents;
use soundalike_train::{ModelCard, TableCard, TrainingConfig, TrainingRun, evaluate_rows};

use crate::files::{read_model, write_report};
use crate::print::print_report;
use crate::sets::SplitName;

/// Share of the rows to train on, as is usual for this table; the others test.
pub const TRAIN_SHARE: f64 = 0.7;

/// Trains on 70 % of the rows, drawn with the seed, and evaluates on the others.
pub fn train(
    config: TrainingConfig,
    path: &Path,
    device: &Device,
    output: &Path,
    report_folder: Option<&Path>,
) -> anyhow::Result<()> {
    if config.architecture.input() != Input::Descriptors {
        bail!(DatasetError::Table(path.to_owned()));
    }
    if config.variation.copies > 0 {
        bail!(
            "{}: a table of features has no sound to augment; leave out --copies",
            path.display()
        );
    }
    let table = FeatureTable::open(path)?;
    let (rows, others) = table.split(TRAIN_SHARE, config.seed);
    let config = config.for_data(table.genres.clone(), file_name(path));
    eprintln!(
        "training {} on {} rows for {} epochs; {} rows are the test split",
        config.architecture,
        rows.len(),
        config.epochs,
        others.len()
    );
    TrainingRun::on_rows(&config, &table, &rows, device, output)?.train()?;
    let (predictor, _) = read_model(&output.join("model.safetensors"))?;
    let model = predictor.model();
    let (report, _) = evaluate_rows(model, &table, &others)?;
    print_report(&report, false)?;
    let card_path = output.join("card.json");
    let card = TableCard::new(&config, model, rows.len(), &report);
    ModelCard::Table(Box::new(card)).write(&card_path)?;
    eprintln!("{}", shown(&card_path));
    if let Some(folder) = report_folder {
        let contents = Contents {
            title: format!("Training of {} on {}", config.architecture, config.data),
            notes: vec!["Evaluated on the rows that it was not trained on.".to_owned()],
            evaluation: Some(report),
            ..Contents::default()
        };
        write_report(folder, &contents)?;
    }
    Ok(())
}

/// Evaluates a model on the rows of one side of the split that the seed draws.
pub fn evaluate(
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
            "{}: a table is split into rows to train on and rows to test on; choose --split train, test or all",
            path.display()
        ),
    };
    let (report, _) = evaluate_rows(predictor.model(), &table, &rows)?;
    for error in &report.errors {
        eprintln!("{}: {}", visible(&error.path), visible(&error.error));
    }
    print_report(&report, json)?;
    Ok(report.errors.is_empty())
}

/// The last part of a path.
pub fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str());
    name.to_string_lossy().into_owned()
}
