//! The report: one self-contained page with every figure, and every number as JSON.

mod figures;
mod gather;
mod page;

use soundalike_datasets::output::{make_folder, write_whole};
use std::path::Path;

use serde::Serialize;

use super::metrics::McNemar;
use super::taste::TasteReport;
use super::{Report, TagEvaluation, TrainError};

pub use gather::{EvaluatedClips, epochs_of};

/// The contents of a report. What is empty is left out of the page.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Contents {
    /// The title of the page.
    pub title: String,
    /// Notes for the reader, a sentence each.
    pub notes: Vec<String>,
    /// Warnings that concern every figure, a sentence each, such as a split that leaks.
    pub warnings: Vec<String>,
    /// The evaluation of a genre classifier.
    pub evaluation: Option<Report>,
    /// The evaluation of a tagger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tags: Option<TagEvaluation>,
    /// The epochs of the training.
    pub epochs: Vec<Epoch>,
    /// Sweeps of one hyperparameter.
    pub sweeps: Vec<Sweep>,
    /// The clips on the map.
    pub places: Option<Places>,
    /// The correlations of the descriptors.
    pub correlations: Option<Correlations>,
    /// Mel spectrograms of some clips.
    pub pictures: Vec<SpectrogramImage>,
    /// Models side by side.
    pub compared: Vec<Compared>,
    /// Tests of pairs of them on the same clips.
    pub tests: Vec<Pair>,
    /// How well ratings are predicted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub taste: Option<TasteReport>,
}

/// A line of the metrics.csv of a training.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Epoch {
    /// Counted from one.
    pub epoch: usize,
    /// Learning rate.
    pub learning_rate: f64,
    /// Mean cross-entropy of the epoch's batches in nats; of tags, binary.
    pub train_loss: f64,
    /// Mean cross-entropy on the validation split, in nats.
    pub valid_loss: f64,
    /// Accuracy on the validation split; of tags, Hamming accuracy.
    pub valid_accuracy: f64,
    /// Macro F1 on the validation split.
    pub valid_macro_f1: f64,
    /// Of tags, mean average precision on the validation split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub valid_average_precision: Option<f64>,
    /// Its duration in seconds.
    pub seconds: f64,
}

impl Epoch {
    /// The score that selects the best epoch: macro F1, or of tags mean average precision.
    pub fn score(&self) -> f64 {
        self.valid_average_precision.unwrap_or(self.valid_macro_f1)
    }
}

/// Trainings that differ in one hyperparameter.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Sweep {
    /// The hyperparameter, such as "learning rate".
    pub setting: String,
    /// One per value.
    pub runs: Vec<Run>,
}

/// One training of a sweep.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Run {
    /// Its value.
    pub value: String,
    /// Its epochs; empty if the loss diverged in the first one.
    pub epochs: Vec<Epoch>,
}

/// Clips on the map of [`soundalike_core::catalog::Map`].
#[derive(Clone, Debug, Default, Serialize)]
pub struct Places {
    /// Share of the variance along each axis.
    pub explained: [f32; 3],
    /// Each clip.
    pub songs: Vec<Spot>,
    /// The mean of each genre's clips.
    pub signatures: Vec<Spot>,
}

/// A point of a map.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Spot {
    /// Its labelled genre.
    pub genre: String,
    /// `[x, y, z]`.
    pub point: [f32; 3],
}

/// Pearson correlations of the descriptors over clips.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Correlations {
    /// Clips.
    pub clips: usize,
    /// Names of the descriptors, `[d]`.
    pub names: Vec<String>,
    /// `[d][d]`, −1 to 1; zero where one of the two never changes.
    pub values: Vec<Vec<f64>>,
}

/// A clip's mel spectrogram.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SpectrogramImage {
    /// The clip's title.
    pub title: String,
    /// Its genre.
    pub genre: String,
    /// Its length in seconds.
    pub seconds: f64,
    /// Mel bands before they were merged for the picture.
    pub bands: usize,
    /// Quietest and loudest level shown, in dB.
    pub range: [f32; 2],
    /// Levels in dB, `[rows][columns]`, the lowest band first. Not in report.json: it is a picture.
    #[serde(skip)]
    pub decibels: Vec<Vec<f32>>,
}

/// A model in the comparison; unknown figures are left out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Compared {
    /// The model.
    pub name: String,
    /// Accuracy; of tags, Hamming accuracy.
    pub accuracy: Option<f64>,
    /// 95 % interval of it.
    pub accuracy_interval: Option<[f64; 2]>,
    /// Macro F1.
    pub macro_f1: Option<f64>,
    /// Mean area under the ROC curve.
    pub auc_macro: Option<f64>,
    /// Of tags, mean average precision.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_average_precision: Option<f64>,
    /// Artist-filtered precision at ten.
    pub precision_at_10: Option<f64>,
    /// Trainable parameters.
    pub parameters: Option<usize>,
    /// Millions of floating-point operations per example, a multiply-add counted as two.
    pub megaflops: Option<f64>,
    /// Seconds of training.
    pub train_seconds: Option<f64>,
    /// Milliseconds per example, natively.
    pub native_ms: Option<f64>,
    /// Milliseconds per example, in WebAssembly.
    pub wasm_ms: Option<f64>,
}

/// McNemar's test of two models.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    /// The first model.
    pub first: String,
    /// The second.
    pub second: String,
    /// The test.
    pub test: McNemar,
}

/// Writes `report.html` and `report.json` into a folder, which is made if it is not there.
///
/// # Errors
/// If the folder cannot be written or a figure cannot be drawn.
pub fn write(folder: &Path, contents: &Contents) -> Result<(), TrainError> {
    make_folder(folder)?;
    let failed = |cause: serde_json::Error| TrainError::Figure {
        figure: "report.json".to_owned(),
        cause: cause.to_string(),
    };
    let json = serde_json::to_string_pretty(contents).map_err(failed)?;
    let html = page::page(contents)?;
    write_whole(&folder.join("report.html"), html.as_bytes())?;
    write_whole(&folder.join("report.json"), format!("{json}\n").as_bytes())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::metrics;
    use super::*;
    use crate::taste::{HammingRow, MethodScores, PersonalScores};

    const NASTY: &str = "<script>alert(1)</script> & \"co\"";

    fn epochs() -> Vec<Epoch> {
        (1..=4)
            .map(|epoch| Epoch {
                epoch,
                learning_rate: 0.01,
                train_loss: 2.0 / epoch as f64,
                valid_loss: 2.2 / epoch as f64,
                valid_accuracy: 0.2 * epoch as f64,
                valid_macro_f1: 0.18 * epoch as f64,
                valid_average_precision: None,
                seconds: 1.0,
            })
            .collect()
    }

    /// A report of everything, with a name that would break a page without escaping.
    fn everything() -> Contents {
        let genres: Vec<String> = ["blues", "rock", NASTY].map(str::to_owned).to_vec();
        let labels = [0, 0, 1, 1, 2, 2];
        let calls = [0, 1, 1, 1, 2, 0];
        let probabilities: Vec<Vec<f32>> = calls
            .iter()
            .enumerate()
            .map(|(at, &call)| {
                let mut p = vec![0.1 + at as f32 / 50.0; 3];
                p[call] = 0.7;
                p
            })
            .collect();
        let confusion = metrics::confusion(&labels, &calls, 3);
        let per_genre = metrics::per_genre(&confusion, &genres);
        let curves = metrics::curves_per_genre(&labels, &probabilities, &genres);
        let evaluation = Report {
            warning: None,
            clips: 6,
            accuracy: 4.0 / 6.0,
            accuracy_interval: [0.3, 0.9],
            macro_f1: metrics::macro_f1(&per_genre),
            macro_f1_interval: Some([0.3, 0.9]),
            macro_average: metrics::macro_average(&per_genre),
            weighted_average: metrics::weighted_average(&per_genre),
            per_genre,
            genres: genres.clone(),
            confusion,
            auc_macro: metrics::auc_macro(&labels, &probabilities, 3),
            auc_macro_interval: None,
            mean_average_precision: metrics::mean_average_precision(&curves),
            hamming_accuracy: 0.8,
            curves,
            log_loss: 0.7,
            expected_calibration_error: 0.1,
            reliability: metrics::reliability(&[(0.7, true), (0.4, false)]),
            precision_at_1: Some(0.5),
            precision_at_5: None,
            precision_at_10: None,
            precision_of_others: BTreeMap::new(),
            segments: 6,
            segment_accuracy: 0.5,
            errors: Vec::new(),
        };
        let spots: Vec<Spot> = genres
            .iter()
            .enumerate()
            .map(|(at, genre)| Spot {
                genre: genre.clone(),
                point: [at as f32 * 0.3, -0.2, 0.1],
            })
            .collect();
        let run = Run {
            value: NASTY.to_owned(),
            epochs: epochs(),
        };
        let failed = Run {
            value: "0.1".to_owned(),
            epochs: Vec::new(),
        };
        Contents {
            title: NASTY.to_owned(),
            notes: vec![NASTY.to_owned()],
            warnings: vec![NASTY.to_owned()],
            evaluation: Some(evaluation),
            tags: None,
            epochs: epochs(),
            sweeps: vec![Sweep {
                setting: NASTY.to_owned(),
                runs: vec![run, failed],
            }],
            places: Some(Places {
                explained: [0.5, 0.2, 0.1],
                songs: spots.clone(),
                signatures: spots,
            }),
            correlations: Some(Correlations {
                clips: 6,
                names: vec![NASTY.to_owned(), "tempo".to_owned()],
                values: vec![vec![1.0, -0.5], vec![-0.5, 1.0]],
            }),
            pictures: vec![SpectrogramImage {
                title: NASTY.to_owned(),
                genre: "blues".to_owned(),
                seconds: 2.0,
                bands: 4,
                range: [-80.0, 0.0],
                decibels: vec![vec![-80.0, 0.0, 0.0], vec![-40.0, -40.0, -80.0]],
            }],
            compared: vec![Compared {
                name: NASTY.to_owned(),
                accuracy: Some(0.5),
                accuracy_interval: Some([0.4, 0.6]),
                ..Compared::default()
            }],
            tests: vec![Pair {
                first: NASTY.to_owned(),
                second: "crnn".to_owned(),
                test: metrics::mcnemar(&labels, &calls, &labels),
            }],
            taste: Some(tastes()),
        }
    }

    fn tastes() -> TasteReport {
        let method = MethodScores {
            name: NASTY.to_owned(),
            uses_others: true,
            accuracy: [0.6, 0.5, 0.7],
            log_loss: [0.6, 0.55, 0.65],
            auc: None,
            log_loss_difference: [0.0; 3],
            calibration_error: 0.02,
        };
        let personal = |known_ratings| PersonalScores {
            known_ratings,
            participants: 9,
            rows: vec![method.clone()],
        };
        TasteReport {
            answers: "simulated".to_owned(),
            participants: 9,
            songs: 50,
            ratings: 400,
            liked: 0.5,
            held_out: "3 folds by participant".to_owned(),
            favourite: vec![HammingRow {
                input: NASTY.to_owned(),
                participants: 9,
                accuracy: [0.6, 0.5, 0.7],
                majority_per_song: [0.6, 0.5, 0.7],
                majority_overall: [0.5, 0.4, 0.6],
            }],
            networks: Vec::new(),
            personal: vec![personal(5), personal(10)],
            cold_start: vec![method],
        }
    }

    #[test]
    fn the_page_has_every_figure_and_needs_nothing_else() {
        let folder = tempfile::tempdir().expect("a folder");
        let into = folder.path().join("new");
        write(&into, &everything()).expect("written");
        let html = std::fs::read_to_string(into.join("report.html")).expect("a page");
        for figure in [
            "training-loss",
            "training-accuracy",
            "sweep-0",
            "sweep-score-0",
            "confusion",
            "roc-0",
            "pr-0",
            "reliability",
            "signatures",
            "clips",
            "correlations",
            "mel-0",
            "tastes",
        ] {
            for part in ["title", "text"] {
                let id = format!("id=\"{figure}-{part}\"");
                assert_eq!(html.matches(&id).count(), 1, "{id}");
            }
        }
        assert!(html.contains("the loss diverged: 0.1."));
        assert!(html.contains("<canvas") && html.contains("McNemar"));
        // Nothing is fetched, and every placeholder colour became a variable.
        for absent in [
            "://", "src=", "@import", "url(", "\"#01020", "\"#02020", " style=",
        ] {
            assert!(!html.contains(absent), "{absent}");
        }
        let json = std::fs::read_to_string(into.join("report.json")).expect("numbers");
        let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(json["evaluation"]["clips"], 6);
        assert_eq!(json["evaluation"]["curves"]["blues"]["roc"][0][0], 0.0);
        assert_eq!(json["epochs"][3]["epoch"], 4);
        // The keys of models/taste.json.
        let taste = &json["taste"];
        assert_eq!(taste["opinions"], 400);
        assert_eq!(taste["left_out"], "3 folds by participant");
        assert_eq!(taste["personal"][1]["labels"], 10);
        assert_eq!(taste["cold_start"][0]["knows_others"], true);
        assert_eq!(taste["cold_start"][0]["behind"][0], 0.0);
    }

    #[test]
    fn the_page_of_tags_has_their_curves_and_no_confusion() {
        let names = ["guitar", NASTY].map(str::to_owned).to_vec();
        let probabilities = [[0.9, 0.2], [0.3, 0.8], [0.6, 0.1]].map(|p| p.to_vec());
        let targets = [[true, false], [true, true], [false, false]].map(|t| t.to_vec());
        let mut learning = epochs();
        for epoch in &mut learning {
            epoch.valid_average_precision = Some(0.4);
        }
        let contents = Contents {
            title: "Tags".to_owned(),
            tags: Some(TagEvaluation {
                warning: None,
                clips: 3,
                report: metrics::tag_report(&probabilities, &targets, &names),
                tags: names,
                log_loss: 0.4,
                errors: Vec::new(),
            }),
            epochs: learning,
            ..Contents::default()
        };
        let html = page::page(&contents).expect("a page");
        for part in ["Tag by tag", "Hamming accuracy", "mean AP", "roc-1-title"] {
            assert!(html.contains(part), "{part}");
        }
        assert!(!html.contains("Confusion") && !html.contains("<script>alert"));
        let json = serde_json::to_value(&contents).expect("JSON");
        assert_eq!(json["tags"]["per_tag"]["guitar"]["support"], 2);
    }

    #[test]
    fn names_cannot_become_markup() {
        let html = page::page(&everything()).expect("a page");
        assert!(!html.contains("<script>alert"));
        assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;co&quot;"));
        // Two scripts are the page's own: its data and what turns them.
        assert_eq!(html.matches("<script").count(), 2);
        assert_eq!(html.matches("</script").count(), 2);
    }

    #[test]
    fn what_is_not_known_is_left_out() {
        let html = page::page(&Contents {
            title: "Nothing".to_owned(),
            ..Contents::default()
        })
        .expect("a page");
        assert!(!html.contains("<svg") && !html.contains("<script") && !html.contains("<h2"));
    }
}
