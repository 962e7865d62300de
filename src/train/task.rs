//! The task of a training: its targets, its loss, its evaluation and the score that selects the best epoch.

use burn::tensor::Tensor;
use burn::tensor::activation::{log_sigmoid, log_softmax};

use super::corruption::Corruption;
use super::error::TrainError;
use super::evaluate::{Details, Report, evaluate_in_detail};
use super::rows::evaluate_rows;
use super::tags::{TagDetails, TagEvaluation, evaluate_tags};
use soundalike_core::model::{Head, ModelOutput};
use soundalike_core::pipeline::Predictor;
use soundalike_datasets::progress::Progress;
use soundalike_datasets::{FeatureTable, Song, tagged};

/// What a network is trained to predict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    /// One genre of several for each clip.
    MultiClass(Head),
    /// Any number of tags for each clip.
    MultiLabel,
    /// One genre of several for each row of a feature table, without a validation split.
    Table(Head),
}

/// Labelled examples to evaluate on.
#[derive(Clone, Copy)]
pub enum Examples<'a> {
    /// Sounds.
    Songs(&'a [Song]),
    /// Some rows of a feature table.
    Rows(&'a FeatureTable, &'a [usize]),
}

/// The evaluation of a model on labelled examples, and its prediction of each.
pub enum Evaluation {
    /// Of examples with one genre each.
    Genres(Box<(Report, Details)>),
    /// Of clips with tags.
    Tags(Box<(TagEvaluation, TagDetails)>),
}

/// How well an epoch's model does on the validation split.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidationScore {
    /// Mean cross-entropy in nats, of tags binary.
    pub log_loss: f64,
    /// Accuracy, of tags Hamming accuracy.
    pub accuracy: f64,
    /// Mean F1 over the genres or tags.
    pub macro_f1: f64,
    /// Of tags, the mean average precision.
    pub average_precision: Option<f64>,
    /// A warning about the figures, such as a split that leaks.
    pub warning: Option<&'static str>,
}

impl ValidationScore {
    /// The score that selects the best epoch. F1, because every genre should count, and not the loss, which the
    /// confidence of a network that overfits few clips often drives up while its predictions still get
    /// better. Of tags average precision, since a rare one seldom reaches one half.
    pub fn score(&self) -> f64 {
        self.average_precision.unwrap_or(self.macro_f1)
    }
}

/// The name of the score that selects the best epoch.
pub fn score_name(of_tags: bool) -> &'static str {
    if of_tags {
        "mean average precision"
    } else {
        "macro F1"
    }
}

impl Task {
    /// The task for songs: tags if they have any, else genres with the head of the configuration.
    pub fn of(songs: &[Song], head: Head) -> Self {
        if tagged(songs) {
            Self::MultiLabel
        } else {
            Self::MultiClass(head)
        }
    }

    /// Whether the logits go through a softmax or a sigmoid.
    pub fn head(self) -> Head {
        match self {
            Self::MultiClass(head) | Self::Table(head) => head,
            Self::MultiLabel => Head::Sigmoid,
        }
    }

    /// The name of [`ValidationScore::score`].
    pub fn score_name(self) -> &'static str {
        score_name(self == Self::MultiLabel)
    }

    /// The loss of a batch with `targets` `[size, genres]`: cross-entropy, with a sigmoid binary.
    pub fn loss(self, output: ModelOutput, targets: &Tensor<2>) -> Tensor<1> {
        let size = targets.dims()[0];
        let of_logits = |logits: Tensor<2>| match self.head() {
            Head::Softmax => (log_softmax(logits, 1) * targets.clone())
                .sum()
                .neg()
                .div_scalar(size as f32),
            Head::Sigmoid => binary_cross_entropy(logits, targets.clone()).mean(),
        };
        // Members are trained independently: the gradient of one does not depend on another.
        let members = output.members.len();
        match output
            .members
            .into_iter()
            .map(of_logits)
            .reduce(|a, b| a + b)
        {
            Some(sum) => sum.div_scalar(members as f32),
            None => of_logits(output.logits),
        }
    }

    /// How well a model does on labelled examples.
    ///
    /// # Errors
    /// If none of them can be used, or the model is for other input.
    pub fn evaluate(
        self,
        predictor: &Predictor,
        examples: Examples<'_>,
        corruption: Corruption,
        progress: &Progress,
    ) -> Result<Evaluation, TrainError> {
        Ok(match (examples, self) {
            (Examples::Songs(songs), Self::MultiLabel) => {
                let found = evaluate_tags(predictor, songs, corruption, progress)?;
                Evaluation::Tags(Box::new(found))
            }
            (Examples::Songs(songs), _) => {
                let found = evaluate_in_detail(predictor, songs, corruption, progress)?;
                Evaluation::Genres(Box::new(found))
            }
            (Examples::Rows(table, rows), _) => {
                let found = evaluate_rows(predictor.model(), table, rows)?;
                Evaluation::Genres(Box::new(found))
            }
        })
    }

    /// How well a model does on the validation split.
    ///
    /// # Errors
    /// If no song can be used.
    pub fn validate(
        self,
        predictor: &Predictor,
        songs: &[Song],
    ) -> Result<ValidationScore, TrainError> {
        let progress = Progress::new("validating", songs.len()).quiet();
        let examples = Examples::Songs(songs);
        let found = self.evaluate(predictor, examples, Corruption::Clean, &progress)?;
        Ok(found.validation_score())
    }
}

impl Evaluation {
    /// The figures that epochs are compared by.
    pub fn validation_score(&self) -> ValidationScore {
        match self {
            Self::Genres(found) => ValidationScore {
                log_loss: found.0.log_loss,
                accuracy: found.0.accuracy,
                macro_f1: found.0.macro_f1,
                average_precision: None,
                warning: found.0.warning,
            },
            Self::Tags(found) => ValidationScore {
                log_loss: found.0.log_loss,
                accuracy: found.0.report.hamming_accuracy,
                macro_f1: found.0.report.macro_f1,
                average_precision: Some(found.0.report.mean_average_precision.unwrap_or(0.0)),
                warning: found.0.warning,
            },
        }
    }
}

/// Binary cross-entropy of each row, mean over its columns: `[rows, 1]`.
fn binary_cross_entropy(logits: Tensor<2>, targets: Tensor<2>) -> Tensor<2> {
    (log_sigmoid(logits.clone()) * targets.clone()
        + log_sigmoid(logits.neg()) * (targets.neg() + 1.0))
        .mean_dim(1)
        .neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use burn::tensor::{Device, TensorData};

    #[test]
    fn the_loss_is_the_cross_entropy_of_the_head_and_the_mean_over_members() {
        let device = Device::flex();
        let tensor = |values: [f32; 4]| {
            Tensor::<2>::from_data(TensorData::new(values.to_vec(), [2, 2]), &device)
        };
        let logits = tensor([1.0, -1.0, 0.5, 2.0]);
        let targets = tensor([1.0, 0.0, 0.0, 1.0]);
        let loss = |task: Task, output: ModelOutput| -> f32 {
            task.loss(output, &targets).into_scalar::<f32>()
        };
        let output = || ModelOutput::new(logits.clone(), logits.clone());
        let row = |right: f32, wrong: f32| (1.0 + (wrong - right).exp()).ln();
        let expected = (row(1.0, -1.0) + row(2.0, 0.5)) / 2.0;
        let found = loss(Task::MultiClass(Head::Softmax), output());
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        let bit = |logit: f32| (1.0 + (-logit).exp()).ln();
        let expected = (bit(1.0) + bit(1.0) + bit(-0.5) + bit(2.0)) / 4.0;
        let found = loss(Task::MultiLabel, output());
        assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        let mut members = output();
        members.members = vec![logits.clone(), logits.clone()];
        assert!((loss(Task::MultiLabel, members) - expected).abs() < 1e-6);
    }
}
