//! `metrics.csv`: a line per epoch.

use std::fs;
use std::path::PathBuf;

use crate::error::TrainError;
use crate::task::ValidationScore;
use soundalike_datasets::output::write_whole;

/// The figures of an epoch.
pub(super) struct EpochMetrics<'a> {
    /// Counted from one.
    pub(super) epoch: usize,
    /// Learning rate of its first step.
    pub(super) learning_rate: f64,
    /// Mean training loss.
    pub(super) loss: f64,
    /// On the validation split, if there is one.
    pub(super) validation: Option<&'a ValidationScore>,
    pub(super) seconds: f64,
}

/// The file of the figures of all epochs.
pub(super) struct MetricLog(pub(super) PathBuf);

impl MetricLog {
    /// Adds the line of an epoch.
    pub(super) fn write(&self, metrics: &EpochMetrics<'_>) -> Result<(), TrainError> {
        // A run killed between this line and its checkpoint repeats the epoch: its old line goes.
        let earlier: Vec<String> = fs::read_to_string(&self.0)
            .unwrap_or_default()
            .lines()
            .skip(1)
            .take(metrics.epoch - 1)
            .map(str::to_owned)
            .collect();
        let (header, line) = (metrics.header(), metrics.line());
        let lines: Vec<&str> = std::iter::once(header.as_str())
            .chain(earlier.iter().map(String::as_str))
            .chain([line.as_str()])
            .collect();
        let text = format!("{}\n", lines.join("\n"));
        Ok(write_whole(&self.0, text.as_bytes())?)
    }
}

impl EpochMetrics<'_> {
    fn header(&self) -> String {
        let Some(valid) = self.validation else {
            return "epoch,learning_rate,train_loss,seconds".to_owned();
        };
        let precision = valid.average_precision;
        let precision = precision.map_or("", |_| "valid_average_precision,");
        format!(
            "epoch,learning_rate,train_loss,valid_loss,valid_accuracy,valid_macro_f1,{precision}seconds"
        )
    }

    fn line(&self) -> String {
        let Self {
            epoch,
            learning_rate,
            loss,
            seconds,
            ..
        } = self;
        let valid = self.validation.map_or(String::new(), |valid| {
            let precision = valid.average_precision;
            let precision = precision.map_or(String::new(), |value| format!("{value:.4},"));
            let ValidationScore {
                log_loss,
                accuracy,
                macro_f1,
                ..
            } = valid;
            format!("{log_loss:.4},{accuracy:.4},{macro_f1:.4},{precision}")
        });
        format!("{epoch},{learning_rate:.6},{loss:.4},{valid}{seconds:.1}")
    }

    /// The figures for a person to read; empty without a validation split.
    pub(super) fn summary(&self) -> String {
        let Some(valid) = self.validation else {
            return String::new();
        };
        let precision = valid.average_precision;
        format!(
            "epoch {:3}  train loss {:.3}  valid loss {:.3}  {} {:.1} %  macro F1 {:.3}{}  {:.1} s{}",
            self.epoch,
            self.loss,
            valid.log_loss,
            precision.map_or("accuracy", |_| "Hamming accuracy"),
            100.0 * valid.accuracy,
            valid.macro_f1,
            precision.map_or(String::new(), |value| format!("  mean AP {value:.3}")),
            self.seconds,
            valid
                .warning
                .map_or(String::new(), |warning| format!("  ({warning})"))
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_epoch_replaces_its_old_line_and_those_after_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let log = MetricLog(folder.path().join("metrics.csv"));
        let valid = ValidationScore {
            log_loss: 0.5,
            accuracy: 0.75,
            macro_f1: 0.7,
            average_precision: Some(0.9),
            warning: None,
        };
        let write = |epoch: usize, loss: f64| {
            log.write(&EpochMetrics {
                epoch,
                learning_rate: 1e-3,
                loss,
                validation: Some(&valid),
                seconds: 1.0,
            })
            .expect("writes");
        };
        write(1, 3.0);
        write(2, 2.0);
        write(2, 1.0);
        let text = fs::read_to_string(&log.0).expect("reads");
        assert_eq!(
            text,
            "epoch,learning_rate,train_loss,valid_loss,valid_accuracy,valid_macro_f1,valid_average_precision,seconds\n\
             1,0.001000,3.0000,0.5000,0.7500,0.7000,0.9000,1.0\n\
             2,0.001000,1.0000,0.5000,0.7500,0.7000,0.9000,1.0\n"
        );
    }
}
