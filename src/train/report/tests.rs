use std::collections::BTreeMap;

use super::page::page;
use super::*;
use crate::evaluate::Report;
use crate::metrics;
use crate::tags::TagEvaluation;
use crate::taste::{HammingRow, MethodScores, PersonalScores, TasteReport};

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

const LABELS: [usize; 6] = [0, 0, 1, 1, 2, 2];
const CALLS: [usize; 6] = [0, 1, 1, 1, 2, 0];

fn genres() -> Vec<String> {
    ["blues", "rock", NASTY].map(str::to_owned).to_vec()
}

/// A report of everything, with a name that would break a page without escaping.
fn everything() -> Contents {
    Contents {
        title: NASTY.to_owned(),
        notes: vec![NASTY.to_owned()],
        warnings: vec![NASTY.to_owned()],
        evaluation: Some(evaluation()),
        tags: None,
        epochs: epochs(),
        sweeps: vec![sweep()],
        places: Some(places()),
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
            test: metrics::mcnemar(&LABELS, &CALLS, &LABELS),
        }],
        taste: Some(tastes()),
    }
}

fn evaluation() -> Report {
    let genres = genres();
    let probabilities: Vec<Vec<f32>> = CALLS
        .iter()
        .enumerate()
        .map(|(at, &call)| {
            let mut p = vec![0.1 + at as f32 / 50.0; 3];
            p[call] = 0.7;
            p
        })
        .collect();
    let confusion = metrics::confusion(&LABELS, &CALLS, 3);
    let per_genre = metrics::per_genre(&confusion, &genres);
    let curves = metrics::curves_per_genre(&LABELS, &probabilities, &genres);
    Report {
        warning: None,
        clips: 6,
        accuracy: 4.0 / 6.0,
        accuracy_interval: [0.3, 0.9],
        macro_f1: metrics::macro_f1(&per_genre),
        macro_f1_interval: Some([0.3, 0.9]),
        macro_average: metrics::macro_average(&per_genre),
        weighted_average: metrics::weighted_average(&per_genre),
        per_genre,
        genres,
        confusion,
        auc_macro: metrics::auc_macro(&LABELS, &probabilities, 3),
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
    }
}

/// A sweep of one training that went well and one whose loss diverged.
fn sweep() -> Sweep {
    let run = Run {
        value: NASTY.to_owned(),
        epochs: epochs(),
    };
    let failed = Run {
        value: "0.1".to_owned(),
        epochs: Vec::new(),
    };
    Sweep {
        setting: NASTY.to_owned(),
        runs: vec![run, failed],
    }
}

fn places() -> Places {
    let spots: Vec<Spot> = genres()
        .iter()
        .enumerate()
        .map(|(at, genre)| Spot {
            genre: genre.clone(),
            point: [at as f32 * 0.3, -0.2, 0.1],
        })
        .collect();
    Places {
        explained: [0.5, 0.2, 0.1],
        songs: spots.clone(),
        signatures: spots,
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
    let html = page(&contents).expect("a page");
    for part in ["Tag by tag", "Hamming accuracy", "mean AP", "roc-1-title"] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("Confusion") && !html.contains("<script>alert"));
    let json = serde_json::to_value(&contents).expect("JSON");
    assert_eq!(json["tags"]["per_tag"]["guitar"]["support"], 2);
}

#[test]
fn names_cannot_become_markup() {
    let html = page(&everything()).expect("a page");
    assert!(!html.contains("<script>alert"));
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;co&quot;"));
    // Two scripts are the page's own: its data and what turns them.
    assert_eq!(html.matches("<script").count(), 2);
    assert_eq!(html.matches("</script").count(), 2);
}

#[test]
fn what_is_not_known_is_left_out() {
    let html = page(&Contents {
        title: "Nothing".to_owned(),
        ..Contents::default()
    })
    .expect("a page");
    assert!(!html.contains("<svg") && !html.contains("<script") && !html.contains("<h2"));
}
