//! Training and evaluation.
//!
//! [`TrainingRun`] trains the network of a [`TrainingConfig`]. It draws batches from labelled clips, their windows or the
//! rows of a feature table, takes loss, evaluation and score from its [`Task`], and writes the model and a log of the
//! epochs. [`fit_heads`] fits heads to the features of a trained network; a [`ModelCard`] describes a model.

mod adapt;
mod augment;
mod batch;
mod calibrate;
mod card;
mod config;
mod corruption;
mod cross_validate;
mod data;
mod device;
mod ema;
mod error;
mod evaluate;
mod features;
mod figures;
mod head;
mod heads;
mod labelled;
mod labels;
mod lda;
mod log_mel;
pub mod metrics;
mod mixup;
mod music_head;
mod musicnn;
mod neighbours;
mod noises;
pub mod report;
mod retrieval;
mod rows;
mod run;
mod save;
mod tags;
mod task;
pub mod taste;
mod teacher;
mod waveform_augmentation;
mod windows;
mod yamnet;

pub use adapt::{Adaptation, adapt};
pub use augment::Augmentation;
pub use batch::{Batch, BatchSource};
pub use calibrate::calibrate;
pub use card::{
    GenreCard, HeadRefitCard, ModelCard, TableCard, TagCard, TasteCard, artists_in_both,
};
pub use config::{ConfigError, Optimizer, TrainingConfig};
pub use corruption::Corruption;
pub use device::{DeviceName, open_device};
pub use error::TrainError;
pub use evaluate::{ClipError, Details, Precision, Report, evaluate, evaluate_in_detail};
pub use figures::{CrossValidation, Estimate, Figures, SetAccuracy};
pub use heads::{DRAWS as HEAD_DRAWS, HeadReport, fit_heads};
pub use labelled::LabelledFeatures;
pub use music_head::{MusicReport, Sounds};
pub use musicnn::import_musicnn;
pub use neighbours::precision_at;
pub use retrieval::{
    Correction, RankingFigures, RetrievalReport, SimilarityRange, evaluate_retrieval,
    evaluate_retrieval_out_of_fold,
};
pub use rows::evaluate_rows;
pub use run::TrainingRun;
pub use save::save_model;
pub use tags::{TagDetails, TagEvaluation, evaluate_tags};
pub use task::{Evaluation, Examples, Task, ValidationScore, score_name};
pub use teacher::Teacher;
pub use waveform_augmentation::WaveformAugmentation;
pub use yamnet::Yamnet;
