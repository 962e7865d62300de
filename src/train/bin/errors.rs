//! What the terminal adds to errors: which flag to change, and the exit status of wrong usage.

use std::fmt;

use clap::error::ErrorKind;
use soundalike_core::message::Message;
use soundalike_datasets::hints;
use soundalike_train::{ConfigError, TrainError};

/// Arguments that make no sense together or a value that cannot be used.
#[derive(Debug)]
pub struct UsageError {
    /// What clap calls it.
    pub kind: ErrorKind,
    message: String,
}

impl UsageError {
    /// Of arguments that exclude each other.
    pub fn conflict(message: &str) -> Self {
        Self {
            kind: ErrorKind::ArgumentConflict,
            message: message.to_owned(),
        }
    }
}

impl From<ConfigError> for UsageError {
    fn from(error: ConfigError) -> Self {
        let flags = match error {
            ConfigError::Epochs => "--epochs",
            ConfigError::LearningRate => "--lr",
            ConfigError::Patience => "--patience",
            ConfigError::BatchSize => "--batch",
            ConfigError::WaveformAugmentation => "--pitch, --noise, --volume, --stretch",
            ConfigError::Dropout => "--dropout",
        };
        Self {
            kind: ErrorKind::ValueValidation,
            message: format!("{error} ({flags})"),
        }
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for UsageError {}

/// What to do about an error of the library; empty if that is in its message.
pub fn hint(error: &anyhow::Error) -> String {
    match error.downcast_ref::<TrainError>() {
        Some(TrainError::Exists(_)) => {
            "; continue with --resume, or choose another folder".to_owned()
        }
        Some(TrainError::Diverged { .. }) => " (--lr)".to_owned(),
        Some(TrainError::Device(name)) => {
            format!(
                "; build it with `cargo build --release --package soundalike-train --features {name}`"
            )
        }
        Some(TrainError::Model(model)) => message_hint(model.code()),
        Some(TrainError::Catalog(catalog)) => message_hint(catalog.code()),
        _ => hints::hint(error.chain()).map_or_else(String::new, |hint| format!("; {hint}")),
    }
}

fn message_hint(code: &str) -> String {
    hints::by_code(code).map_or_else(String::new, |hint| format!("; {hint}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_is_taken_gets_the_flag_to_continue_with() {
        let error = anyhow::Error::from(TrainError::Exists("run".into()));
        assert!(!error.to_string().contains("--"));
        assert!(hint(&error).contains("--resume"));
    }
}
